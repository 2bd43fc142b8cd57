// Tells the thread sanitizer what Swift's Mutex does on its slow path.
//
// The fast path of Synchronization.Mutex is inlined and instrumented; under contention it calls into the standard library, which is not,
// so that the sanitizer misses who handed the lock to whom and reports every contended lock as a race. Preloaded before the library,
// these functions call the originals and say so. (Swift 6.3: Synchronization/Mutex/LinuxImpl.swift.)
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

SWIFT void lock_slow(uint32_t owner, SELF void *self) __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
SWIFT void unlock_slow(SELF void *self) __asm__("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");

typedef SWIFT void (*lock_function)(uint32_t owner, SELF void *self);
typedef SWIFT void (*unlock_function)(SELF void *self);

static void *original(const char *name) { return dlsym(RTLD_NEXT, name); }

SWIFT void lock_slow(uint32_t owner, SELF void *self) {
    static lock_function next;
    if (!next) next = (lock_function)original("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");
    next(owner, self);
    if (__tsan_acquire) __tsan_acquire(self);
}

SWIFT void unlock_slow(SELF void *self) {
    static unlock_function next;
    if (!next) next = (unlock_function)original("$s15Synchronization12_MutexHandleV11_unlockSlowyyF");
    if (__tsan_release) __tsan_release(self);
    next(self);
}
