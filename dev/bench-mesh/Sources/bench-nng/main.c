// nng's request/reply as its authors mean it to be used from C: a context and an aio for each call at a time.
#include <BenchClock.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// As many contexts as the mesh's server has.
enum { WARM_UP = 200, CONTEXTS = 128 };

static void check(int status, const char *what) {
    if (status == 0) return;
    fprintf(stderr, "%s: %s\n", what, nng_strerror(status));
    exit(1);
}

struct server_slot {
    nng_ctx context;
    nng_aio *aio;
    int replying;
};

static void served(void *argument) {
    struct server_slot *slot = argument;
    if (nng_aio_result(slot->aio) != 0 || slot->replying) {
        slot->replying = 0;
        nng_ctx_recv(slot->context, slot->aio);
        return;
    }
    nng_msg *request = nng_aio_get_msg(slot->aio), *reply;
    uint32_t size;
    memcpy(&size, nng_msg_body(request), sizeof size);
    check(nng_msg_alloc(&reply, size), "reply");
    memset(nng_msg_body(reply), 7, size);
    nng_msg_free(request);
    slot->replying = 1;
    nng_aio_set_msg(slot->aio, reply);
    nng_ctx_send(slot->context, slot->aio);
}

static void serve(const char *address) {
    nng_socket socket;
    check(nng_rep0_open(&socket), "socket");
    struct server_slot *slots = calloc(CONTEXTS, sizeof *slots);
    for (int index = 0; index < CONTEXTS; index++) {
        check(nng_ctx_open(&slots[index].context, socket), "context");
        check(nng_aio_alloc(&slots[index].aio, served, &slots[index]), "aio");
    }
    check(nng_listen(socket, address, NULL, 0), address);
    for (int index = 0; index < CONTEXTS; index++) nng_ctx_recv(slots[index].context, slots[index].aio);
    puts("ready");
    fflush(stdout);
    for (;;) pause();
}

struct client {
    struct bench_task task;
    struct bench_run *run;
    atomic_size_t answered, waiting;
    _Atomic uint64_t end;
    pthread_mutex_t mutex;
    pthread_cond_t over;
};

struct client_slot {
    struct client *client;
    nng_ctx context;
    nng_aio *aio;
    uint64_t sent;
    int receiving;
};

static void start(struct client_slot *slot) {
    nng_msg *request;
    check(nng_msg_alloc(&request, slot->client->task.request), "request");
    memset(nng_msg_body(request), 7, slot->client->task.request);
    uint32_t reply = (uint32_t)slot->client->task.reply;
    memcpy(nng_msg_body(request), &reply, sizeof reply);
    slot->receiving = 0;
    slot->sent = bench_now();
    nng_aio_set_msg(slot->aio, request);
    nng_ctx_send(slot->context, slot->aio);
}

static void answered(void *argument) {
    struct client_slot *slot = argument;
    struct client *client = slot->client;
    check(nng_aio_result(slot->aio), "call");
    if (!slot->receiving) {
        slot->receiving = 1;
        nng_ctx_recv(slot->context, slot->aio);
        return;
    }
    nng_msg_free(nng_aio_get_msg(slot->aio));
    nng_aio_set_msg(slot->aio, NULL);
    uint64_t now = bench_now();
    bench_run_note(client->run, now - slot->sent);
    if (atomic_fetch_add(&client->answered, 1) + 1 == WARM_UP) {
        bench_run_start(client->run);
        atomic_store(&client->end, now + client->task.duration);
    }
    if (now < atomic_load_explicit(&client->end, memory_order_relaxed)) {
        start(slot);
        return;
    }
    if (atomic_fetch_sub(&client->waiting, 1) == 1) {
        pthread_mutex_lock(&client->mutex);
        pthread_cond_signal(&client->over);
        pthread_mutex_unlock(&client->mutex);
    }
}

static void call(const char *address, struct bench_task task) {
    struct client client = {.task = task, .run = bench_run_make(task), .end = UINT64_MAX};
    client.waiting = task.in_flight;
    pthread_mutex_init(&client.mutex, NULL);
    pthread_cond_init(&client.over, NULL);
    nng_socket socket;
    check(nng_req0_open(&socket), "socket");
    check(nng_socket_set_ms(socket, NNG_OPT_REQ_RESENDTIME, -1), "resend time");
    check(nng_dial(socket, address, NULL, 0), address);
    struct client_slot *slots = calloc(task.in_flight, sizeof *slots);
    pthread_mutex_lock(&client.mutex);
    for (size_t index = 0; index < task.in_flight; index++) {
        slots[index].client = &client;
        check(nng_ctx_open(&slots[index].context, socket), "context");
        check(nng_aio_alloc(&slots[index].aio, answered, &slots[index]), "aio");
        start(&slots[index]);
    }
    while (atomic_load(&client.waiting) > 0) pthread_cond_wait(&client.over, &client.mutex);
    pthread_mutex_unlock(&client.mutex);
    bench_run_finish(client.run);
}

int main(int count, char **arguments) {
    char address[256];
    if (count > 2) snprintf(address, sizeof address, "ipc://%s", arguments[2]);
    if (count == 3 && strcmp(arguments[1], "server") == 0) serve(address);
    if (count > 3 && strcmp(arguments[1], "client") == 0) call(address, bench_task_from(count - 3, arguments + 3));
    return 0;
}
