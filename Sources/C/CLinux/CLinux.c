#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(pthread_t) == sizeof(uint64_t), "a thread fits into its handle");

static uint64_t read_clock(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t swh_monotonic_ns(void) { return read_clock(CLOCK_MONOTONIC); }
int64_t swh_realtime_ns(void) { return (int64_t)read_clock(CLOCK_REALTIME); }
uint64_t swh_thread_cpu_ns(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

void swh_sleep_until(uint64_t monotonic_ns) {
    struct timespec until = {.tv_sec = (time_t)(monotonic_ns / 1000000000u),
                             .tv_nsec = (long)(monotonic_ns % 1000000000u)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

int swh_thread_start(const char *name, size_t stack_bytes, int priority, swh_thread_main main, void *context,
                     uint64_t *thread) {
    pthread_attr_t attributes;
    pthread_t handle;
    int refused = 0;
    int error = pthread_attr_init(&attributes);
    if (error != 0) return -error;
    error = pthread_attr_setstacksize(&attributes, stack_bytes);
    if (error == 0 && priority > 0) {
        struct sched_param parameter = {.sched_priority = priority};
        pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
        pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
        pthread_attr_setschedparam(&attributes, &parameter);
    }
    if (error == 0) error = pthread_create(&handle, &attributes, main, context);
    if (error == EPERM && priority > 0) {
        refused = 1;
        pthread_attr_setinheritsched(&attributes, PTHREAD_INHERIT_SCHED);
        error = pthread_create(&handle, &attributes, main, context);
    }
    pthread_attr_destroy(&attributes);
    if (error != 0) return -error;
    char cut[16] = {0};
    strncpy(cut, name, sizeof cut - 1);
    pthread_setname_np(handle, cut);
    *thread = (uint64_t)handle;
    return refused;
}

int swh_thread_join(uint64_t thread) { return -pthread_join((pthread_t)thread, NULL); }

int swh_usable_cores(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

int swh_lock_memory(void) {
#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif
    return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0 ? 0 : -errno;
}

int swh_epoll_create(void) {
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd >= 0 ? fd : -errno;
}

int swh_epoll_add(int epoll, int fd, uint64_t data) {
    struct epoll_event event = {.events = EPOLLIN, .data = {.u64 = data}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

int swh_epoll_remove(int epoll, int fd) {
    struct epoll_event event = {0};
    return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event) == 0 ? 0 : -errno;
}

int swh_epoll_wait(int epoll, swh_event *events, int capacity, int64_t timeout_ns) {
    struct epoll_event ready[64];
    if (capacity > 64) capacity = 64;
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000), .tv_nsec = (long)(timeout_ns % 1000000000)};
    int count = epoll_pwait2(epoll, ready, capacity, timeout_ns < 0 ? NULL : &timeout, NULL);
    /* Kernels before 5.11 and strict seccomp filters: whole milliseconds, rounded up. */
    if (count < 0 && (errno == ENOSYS || errno == EPERM))
        count = epoll_wait(epoll, ready, capacity, timeout_ns < 0 ? -1 : (int)((timeout_ns + 999999) / 1000000));
    if (count < 0) return errno == EINTR ? 0 : -errno;
    for (int index = 0; index < count; index++) {
        events[index].data = ready[index].data.u64;
        events[index].events = ready[index].events;
    }
    return count;
}

int swh_eventfd_create(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd >= 0 ? fd : -errno;
}

void swh_eventfd_signal(int fd) {
    uint64_t one = 1;
    /* The only failure is a full counter, which wakes the reader just as well. */
    ssize_t written = write(fd, &one, sizeof one);
    (void)written;
}

void swh_eventfd_clear(int fd) {
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got;
}

int swh_wait_readable(int fd, int timeout_ms) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int count = poll(&entry, 1, timeout_ms);
    if (count < 0) return errno == EINTR ? 0 : -errno;
    return count;
}

int swh_close(int fd) { return close(fd) == 0 ? 0 : -errno; }

void swh_copy(void *target, const void *source, size_t count) { memcpy(target, source, count); }
void swh_move(void *target, const void *source, size_t count) { memmove(target, source, count); }
void swh_zero(void *target, size_t count) { memset(target, 0, count); }
