#pragma once
#include <spawn.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <sys/types.h>

/// Has `signal` sent to the calling process when the thread that started it ends. (`prctl` itself is variadic, which Swift can't call.)
int duet_set_parent_death_signal(int signal);

/// The calling thread's number. Unlike `pthread_self`, which is declared to be constant and so may be read once for a whole task, though
/// that goes on on another thread after each wait.
uintptr_t duet_current_thread(void);

/// Names the calling thread; the kernel keeps 15 bytes.
int duet_set_thread_name(const char *name);

/// A descriptor that stands for a process and becomes readable when it ends. (glibc of Debian 12 has no header for it.)
int duet_pidfd_open(pid_t process);

/// Sends a signal to the very process that the descriptor stands for, never to a later one with the same number.
int duet_pidfd_send_signal(int descriptor, int signal);

/// Has a spawned program close all descriptors from `first` on. (glibc declares it for GNU sources only, which Swift's import isn't.)
int duet_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
