// The floor: a length-prefixed echo over one AF_UNIX connection, one thread a side, pipelined, no library.
#include <BenchClock.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WARM_UP = 200, BUFFER = 8 << 20 };

/// Both directions: what follows the header has `size` bytes; `slot` comes back as it went.
struct header {
    uint32_t size, slot, reply, reserved;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int open_socket(const char *path, struct sockaddr_un *address) {
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) fail("socket");
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strncpy(address->sun_path, path, sizeof address->sun_path - 1);
    return descriptor;
}

/// What was read and not yet taken, and what is to be written in one go.
struct stream {
    int descriptor;
    char *in, *out;
    size_t start, end, pending;
};

static struct stream *stream_make(int descriptor) {
    struct stream *stream = calloc(1, sizeof *stream);
    stream->descriptor = descriptor;
    stream->in = malloc(BUFFER);
    stream->out = malloc(BUFFER);
    memset(stream->out, 7, BUFFER);
    return stream;
}

static int stream_fill(struct stream *stream) {
    if (stream->start > 0) {
        memmove(stream->in, stream->in + stream->start, stream->end - stream->start);
        stream->end -= stream->start;
        stream->start = 0;
    }
    ssize_t count = read(stream->descriptor, stream->in + stream->end, BUFFER - stream->end);
    if (count <= 0) return 0;
    stream->end += (size_t)count;
    return 1;
}

static int stream_next(struct stream *stream, struct header *header) {
    size_t rest = stream->end - stream->start;
    if (rest < sizeof *header) return 0;
    memcpy(header, stream->in + stream->start, sizeof *header);
    if (rest < sizeof *header + header->size) return 0;
    stream->start += sizeof *header + header->size;
    return 1;
}

/// Writes all there is to write; reads meanwhile, lest both sides wait for the other to read.
static void stream_flush(struct stream *stream) {
    const char *next = stream->out;
    while (stream->pending > 0) {
        ssize_t written = send(stream->descriptor, next, stream->pending, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (written > 0) {
            next += written;
            stream->pending -= (size_t)written;
            continue;
        }
        if (errno == EPIPE || errno == ECONNRESET) stream->pending = 0;
        else if (errno != EAGAIN && errno != EINTR) fail("send");
        else {
            short reads = stream->end - stream->start < BUFFER / 2 ? POLLIN : 0;
            struct pollfd ready = {.fd = stream->descriptor, .events = (short)(POLLOUT | reads)};
            poll(&ready, 1, -1);
            if (ready.revents & reads & POLLIN) stream_fill(stream);
        }
    }
}

static void stream_put(struct stream *stream, struct header header) {
    if (stream->pending + sizeof header + header.size > BUFFER) stream_flush(stream);
    memcpy(stream->out + stream->pending, &header, sizeof header);
    stream->pending += sizeof header + header.size;
}

static void serve(const char *path) {
    struct sockaddr_un address;
    int listener = open_socket(path, &address);
    unlink(path);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 16) != 0) fail(path);
    int poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[16];
        int count = epoll_wait(poller, events, 16, -1);
        for (int index = 0; index < count; index++) {
            struct stream *stream = events[index].data.ptr;
            if (stream == NULL) {
                event.data.ptr = stream_make(accept(listener, NULL, NULL));
                epoll_ctl(poller, EPOLL_CTL_ADD, ((struct stream *)event.data.ptr)->descriptor, &event);
                continue;
            }
            if (!stream_fill(stream)) {
                close(stream->descriptor);
                free(stream->in);
                free(stream->out);
                free(stream);
                continue;
            }
            // Writing may have read more.
            int took;
            do {
                struct header header;
                for (took = 0; stream_next(stream, &header); took = 1) {
                    header.size = header.reply;
                    stream_put(stream, header);
                }
                stream_flush(stream);
            } while (took);
        }
    }
}

static void call(const char *path, struct bench_task task) {
    struct sockaddr_un address;
    int descriptor = open_socket(path, &address);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) != 0) fail(path);
    struct stream *stream = stream_make(descriptor);
    struct bench_run *run = bench_run_make(task);
    uint64_t *sent = calloc(task.in_flight, sizeof *sent);
    for (uint32_t slot = 0; slot < task.in_flight; slot++) {
        sent[slot] = bench_now();
        stream_put(stream, (struct header){(uint32_t)task.request, slot, (uint32_t)task.reply, 0});
    }
    stream_flush(stream);
    size_t answered = 0, waiting = task.in_flight;
    uint64_t end = UINT64_MAX;
    while (waiting > 0) {
        // Writing may have read more.
        struct header header;
        if (!stream_next(stream, &header)) {
            if (!stream_fill(stream)) fail("read");
            continue;
        }
        do {
            uint64_t now = bench_now();
            bench_run_note(run, now - sent[header.slot]);
            if (++answered == WARM_UP) {
                bench_run_start(run);
                end = now + task.duration;
            }
            if (now >= end) {
                waiting--;
                continue;
            }
            sent[header.slot] = now;
            header.size = (uint32_t)task.request;
            stream_put(stream, header);
        } while (stream_next(stream, &header));
        stream_flush(stream);
    }
    bench_run_finish(run);
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "server") == 0) serve(arguments[2]);
    if (count > 3 && strcmp(arguments[1], "client") == 0) call(arguments[2], bench_task_from(count - 3, arguments + 3));
    return 0;
}
