#ifndef SWH_CLINUX_H
#define SWH_CLINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Linux calls that the Glibc module does not show, or that need macros: threads, clocks, epoll, eventfd, datagrams.
 * Every function returns 0 or a count, or errno negated. No policy in here. */

/* Promise to Swift's real-time check: no allocation, no lock of user space. The compiler believes it, so review does
 * the checking. Usable from other shims too. */
#define SWH_RT __attribute__((swift_attr("@_noLocks"), swift_attr("@_noAllocation")))

/* -- Clocks ------------------------------------------------------------------------------------------------------ */

/* CLOCK_MONOTONIC, nanoseconds. */
SWH_RT uint64_t swh_monotonic_ns(void);
/* CLOCK_REALTIME, nanoseconds since 1970. */
SWH_RT int64_t swh_realtime_ns(void);
/* CLOCK_THREAD_CPUTIME_ID, nanoseconds of CPU that the calling thread has used. */
SWH_RT uint64_t swh_thread_cpu_ns(void);
/* Sleeps until an instant of CLOCK_MONOTONIC. */
SWH_RT void swh_sleep_until(uint64_t monotonic_ns);

/* -- Threads ----------------------------------------------------------------------------------------------------- */

typedef void *_Nullable (*swh_thread_main)(void *_Nullable context);

/* Starts a thread with its own stack size and name (at most 15 bytes). Priority 1 to 99 asks for SCHED_FIFO, 0 for the
 * normal scheduler. 0: as asked; 1: started, but real-time scheduling was refused; negative: not started. */
int swh_thread_start(const char *_Nonnull name, size_t stack_bytes, int priority, swh_thread_main _Nonnull main,
                     void *_Nullable context, uint64_t *_Nonnull thread);
int swh_thread_join(uint64_t thread);
/* Cores of the affinity mask, at least 1. */
int swh_usable_cores(void);
/* mlockall of present and future pages as they are touched (MCL_ONFAULT). */
int swh_lock_memory(void);

/* -- Events ------------------------------------------------------------------------------------------------------ */

typedef struct {
    uint64_t data;
    uint32_t events;
} swh_event;

int swh_epoll_create(void);
SWH_RT int swh_epoll_add(int epoll, int fd, uint64_t data);
SWH_RT int swh_epoll_remove(int epoll, int fd);
/* Readable descriptors; waits at most `timeout_ns` (0: looks, negative: for ever). -EINTR is told as 0. */
SWH_RT int swh_epoll_wait(int epoll, swh_event *_Nonnull events, int capacity, int64_t timeout_ns);
/* Non-blocking eventfd. */
int swh_eventfd_create(void);
SWH_RT void swh_eventfd_signal(int fd);
SWH_RT void swh_eventfd_clear(int fd);
/* Waits until a descriptor is readable; 1 readable, 0 timed out. */
int swh_wait_readable(int fd, int timeout_ms);
SWH_RT int swh_close(int fd);

/* -- Datagrams --------------------------------------------------------------------------------------------------- */

/* An IPv4 or IPv6 socket address: sockaddr_in or sockaddr_in6, `length` bytes of it; 0 is none. */
typedef struct {
    uint8_t bytes[28];
    uint32_t length;
} swh_address;

/* Reads a numeric host. 0, or -EINVAL when it is no address. */
int swh_address_parse(const char *_Nonnull host, uint16_t port, swh_address *_Nonnull address);
/* Writes the numeric host, 46 bytes at most with its null. */
int swh_address_host(const swh_address *_Nonnull address, char *_Nonnull text, size_t capacity);
SWH_RT uint16_t swh_address_port(const swh_address *_Nonnull address);
SWH_RT void swh_address_set_port(swh_address *_Nonnull address, uint16_t port);
/* Host and port are the same. */
SWH_RT bool swh_address_equal(const swh_address *_Nonnull a, const swh_address *_Nonnull b);
/* The hosts are the same. */
SWH_RT bool swh_address_same_host(const swh_address *_Nonnull a, const swh_address *_Nonnull b);

/* A bound non-blocking UDP socket with kernel receive time stamps and DSCP EF; negative errno. */
int swh_udp_open(const swh_address *_Nonnull local);
int swh_udp_local(int fd, swh_address *_Nonnull local);

typedef struct {
    /* Points into the batch; valid until the next receive. */
    uint8_t *_Nonnull data;
    uint32_t count;
    swh_address source;
    /* Kernel receive time, CLOCK_REALTIME; 0 when the kernel gave none. */
    int64_t realtime_ns;
} swh_datagram;

/* Room for several datagrams at once; made and freed by control. */
typedef struct swh_batch swh_batch;
swh_batch *_Nullable swh_batch_new(unsigned datagrams, unsigned bytes);
void swh_batch_free(swh_batch *_Nullable batch);
/* Receives what waits, at most a batch; 0 when nothing does. A datagram that was cut off counts as empty. */
SWH_RT int swh_receive(int fd, swh_batch *_Nonnull batch);
SWH_RT const swh_datagram *_Nonnull swh_received(const swh_batch *_Nonnull batch, int index);
SWH_RT int swh_send(int fd, const void *_Nonnull data, size_t count, const swh_address *_Nonnull target);

/* -- Memory ------------------------------------------------------------------------------------------------------ */

SWH_RT void swh_copy(void *_Nonnull target, const void *_Nonnull source, size_t count);
SWH_RT void swh_move(void *_Nonnull target, const void *_Nonnull source, size_t count);
SWH_RT void swh_zero(void *_Nonnull target, size_t count);

#endif
