#define _GNU_SOURCE
#include <pthread.h>
#include "CLinux.h"

#include <sys/syscall.h>
#include <unistd.h>

int duet_set_parent_death_signal(int signal) {
    return prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0UL, 0UL, 0UL);
}

int duet_set_thread_name(const char *name) {
    return prctl(PR_SET_NAME, name, 0UL, 0UL, 0UL);
}

int duet_pidfd_open(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0U);
}

int duet_pidfd_send_signal(int descriptor, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, signal, NULL, 0U);
}

int duet_spawn_close_from(posix_spawn_file_actions_t *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

uintptr_t duet_current_thread(void) { return (uintptr_t)pthread_self(); }
