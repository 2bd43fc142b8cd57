// What every contestant measures with, so that all of them measure the same.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Nanoseconds of the monotonic clock.
uint64_t bench_now(void);

/// CPU nanoseconds that a process has used, with all its threads; 0 for this one.
uint64_t bench_cpu(pid_t process);

/// How often threads of a process went to sleep, which is how often one had to be woken; 0 for the caller's own. Of threads that live.
uint64_t bench_waits(pid_t process);

/// What a client is asked to do: the arguments after `client ADDRESS`.
struct bench_task {
    pid_t server;
    size_t request;
    size_t reply;
    /// Calls at a time.
    size_t in_flight;
    /// How long to measure, in nanoseconds.
    uint64_t duration;
};

/// Reads `SERVER-PID REQUEST-BYTES REPLY-BYTES IN-FLIGHT MILLISECONDS`; ends the process when there is less.
struct bench_task bench_task_from(int count, char **arguments);

/// Latencies of one client, in nanoseconds.
struct bench_run;

struct bench_run *bench_run_make(struct bench_task task);

/// Starts the clocks: what came before was warming up.
void bench_run_start(struct bench_run *run);

/// Notes a call that took so long. From one thread at a time, or from many when the run was made for them: it locks.
void bench_run_note(struct bench_run *run, uint64_t nanoseconds);

/// Stops the clocks and prints the result as one line of JSON.
void bench_run_finish(struct bench_run *run);

#ifdef __cplusplus
}
#endif
