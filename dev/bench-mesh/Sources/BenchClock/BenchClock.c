#include "BenchClock.h"

#include <dirent.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CAPACITY = 1 << 22 };

struct bench_run {
    struct bench_task task;
    uint64_t begin, client_cpu, server_cpu, client_waits, server_waits;
    atomic_size_t count;
    uint32_t *latencies;
};

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) return 0;
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t bench_now(void) { return nanoseconds(CLOCK_MONOTONIC); }

uint64_t bench_cpu(pid_t process) {
    clockid_t clock;
    if (clock_getcpuclockid(process, &clock) != 0) return 0;
    return nanoseconds(clock);
}

uint64_t bench_waits(pid_t process) {
    char path[64], line[128];
    snprintf(path, sizeof path, process == 0 ? "/proc/self/task" : "/proc/%d/task", (int)process);
    DIR *tasks = opendir(path);
    if (tasks == NULL) return 0;
    uint64_t sum = 0;
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char name[sizeof path + sizeof task->d_name + 8];
        snprintf(name, sizeof name, "%s/%s/status", path, task->d_name);
        FILE *status = task->d_name[0] == '.' ? NULL : fopen(name, "r");
        if (status == NULL) continue;
        unsigned long long waits;
        while (fgets(line, sizeof line, status) != NULL)
            if (sscanf(line, "voluntary_ctxt_switches: %llu", &waits) == 1) sum += waits;
        fclose(status);
    }
    closedir(tasks);
    return sum;
}

struct bench_task bench_task_from(int count, char **arguments) {
    if (count < 5) {
        fputs("usage: client ADDRESS SERVER-PID REQUEST-BYTES REPLY-BYTES IN-FLIGHT MILLISECONDS\n", stderr);
        exit(2);
    }
    return (struct bench_task){
        .server = (pid_t)strtol(arguments[0], NULL, 10),
        .request = strtoul(arguments[1], NULL, 10),
        .reply = strtoul(arguments[2], NULL, 10),
        .in_flight = strtoul(arguments[3], NULL, 10),
        .duration = strtoull(arguments[4], NULL, 10) * 1000000u,
    };
}

struct bench_run *bench_run_make(struct bench_task task) {
    struct bench_run *run = calloc(1, sizeof *run);
    run->task = task;
    run->latencies = malloc(CAPACITY * sizeof *run->latencies);
    return run;
}

void bench_run_start(struct bench_run *run) {
    atomic_store(&run->count, 0);
    run->client_cpu = bench_cpu(0);
    run->server_cpu = bench_cpu(run->task.server);
    run->client_waits = bench_waits(0);
    run->server_waits = bench_waits(run->task.server);
    run->begin = bench_now();
}

void bench_run_note(struct bench_run *run, uint64_t nanoseconds) {
    size_t index = atomic_fetch_add_explicit(&run->count, 1, memory_order_relaxed);
    if (index < CAPACITY) run->latencies[index] = nanoseconds > UINT32_MAX ? UINT32_MAX : (uint32_t)nanoseconds;
}

static int compare(const void *left, const void *right) {
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

void bench_run_finish(struct bench_run *run) {
    uint64_t elapsed = bench_now() - run->begin;
    uint64_t client = bench_cpu(0) - run->client_cpu;
    uint64_t server = bench_cpu(run->task.server) - run->server_cpu;
    uint64_t client_waits = bench_waits(0) - run->client_waits;
    uint64_t server_waits = bench_waits(run->task.server) - run->server_waits;
    size_t all = atomic_load(&run->count);
    size_t count = all < CAPACITY ? all : CAPACITY;
    if (count == 0) {
        fputs("no call was answered\n", stderr);
        exit(1);
    }
    qsort(run->latencies, count, sizeof *run->latencies, compare);
    printf(
        "{\"calls\":%zu,\"calls_per_second\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
        "\"client_cpu_s_per_100k\":%.4f,\"server_cpu_s_per_100k\":%.4f,\"client_waits_per_call\":%.2f,\"server_waits_per_call\":%.2f}\n",
        all, (double)all * 1e9 / (double)elapsed, run->latencies[count / 2] / 1e3, run->latencies[count * 99 / 100] / 1e3,
        (double)client / 1e4 / (double)all, (double)server / 1e4 / (double)all,
        (double)client_waits / (double)all, (double)server_waits / (double)all);
    fflush(stdout);
}
