/* Preloaded into the daemon: counts what its media threads must not do while they carry sound, by who did it.

   Interposed: the allocator, mutexes, read-write locks, and futex calls (what Swift's Mutex waits with). Counted apart:
   what libsrtp2 does within its calls, and what ALSA plug-ins do within libasound's. MEDIA_WATCH names a file that is
   shared with the test: it sets `armed` and reads the slots. Where the first events came from goes to MEDIA_WATCH.txt. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SLOTS = 32, TRACES = 24, DEPTH = 40 };
enum kind { ALLOCATED, FREED, LOCKED, WAITED, KINDS };
enum place { OWN, SRTP, ALSA, PLACES };

struct slot {
    char name[16];
    _Atomic uint64_t counts[PLACES][KINDS];
    _Atomic uint64_t turns; /* rounds of the thread's loop: proof that it was seen at work */
};

/* Slot 0: all threads that carry no sound. */
struct watch {
    _Atomic uint32_t armed, used, traced, padding;
    struct slot slots[SLOTS];
};

static struct watch *watch;
static int traces = -1;
static __thread struct slot *mine;
static __thread int in_srtp, is_busy, is_sound;

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("MEDIA_WATCH");
    if (!path) return;
    char text[4096];
    int length = snprintf(text, sizeof text, "%s.txt", path), file = open(path, O_RDWR | O_CREAT, 0600);
    if (file < 0 || length >= (int)sizeof text || ftruncate(file, sizeof(struct watch))) abort();
    traces = open(text, O_WRONLY | O_CREAT | O_APPEND, 0600);
    void *address[4];
    backtrace(address, 4); /* loads what it needs */
    void *memory = mmap(NULL, sizeof(struct watch), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) abort();
    struct watch *made = memory;
    strcpy(made->slots[0].name, "others");
    atomic_store(&made->used, 1);
    watch = made;
}

/* The slot of this thread, by its name, which it has long had when the test arms the watch. */
static struct slot *slot(void) {
    if (mine) return mine;
    char name[16] = "";
    prctl(PR_GET_NAME, name);
    is_sound = !strcmp(name, "sound");
    int is_worker = !strncmp(name, "media-", 6) && name[6] >= '0' && name[6] <= '9';
    if (!is_sound && !is_worker) return mine = &watch->slots[0];
    uint32_t index = atomic_fetch_add(&watch->used, 1);
    if (index >= SLOTS) abort();
    memcpy(watch->slots[index].name, name, sizeof name);
    return mine = &watch->slots[index];
}

static int is_in_alsa(void **addresses, int count) {
    for (int i = 0; i < count; i++) {
        Dl_info info;
        if (dladdr(addresses[i], &info) && info.dli_fname && strstr(info.dli_fname, "libasound")) return 1;
    }
    return 0;
}

static void saw(enum kind kind) {
    struct watch *here = watch;
    if (!here || is_busy || !atomic_load_explicit(&here->armed, memory_order_relaxed)) return;
    is_busy = 1;
    int error = errno;
    struct slot *to = slot();
    enum place place = in_srtp ? SRTP : OWN;
    if (to != &here->slots[0] && place == OWN) {
        void *addresses[DEPTH];
        int count = backtrace(addresses, DEPTH);
        if (is_sound && is_in_alsa(addresses, count)) place = ALSA;
        if (place == OWN && atomic_fetch_add(&here->traced, 1) < TRACES) {
            const char *kinds[] = {"allocated\n", "freed\n", "locked\n", "waited\n"};
            if (write(traces, to->name, strlen(to->name)) < 0 || write(traces, " ", 1) < 0 ||
                write(traces, kinds[kind], strlen(kinds[kind])) < 0) abort();
            backtrace_symbols_fd(addresses, count, traces);
        }
    }
    atomic_fetch_add(&to->counts[place][kind], 1);
    errno = error;
    is_busy = 0;
}

static void worked(void) {
    struct watch *here = watch;
    if (here && atomic_load_explicit(&here->armed, memory_order_relaxed)) atomic_fetch_add(&slot()->turns, 1);
}

/* The function that would be called without this file. */
#define NEXT(result, name, ...)                                                                                     \
    static result (*next)(__VA_ARGS__);                                                                             \
    if (!next) next = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

void *malloc(size_t size) { return saw(ALLOCATED), __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return saw(ALLOCATED), __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { return saw(ALLOCATED), __libc_realloc(old, size); }
void *memalign(size_t alignment, size_t size) { return saw(ALLOCATED), __libc_memalign(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return saw(ALLOCATED), __libc_memalign(alignment, size); }
int posix_memalign(void **result, size_t alignment, size_t size) {
    saw(ALLOCATED);
    void *memory = __libc_memalign(alignment, size);
    if (!memory) return ENOMEM;
    *result = memory;
    return 0;
}
void free(void *memory) {
    if (memory) saw(FREED);
    __libc_free(memory);
}

#define LOCKING(name, type)                                                                                         \
    int name(type *lock) {                                                                                          \
        NEXT(int, #name, type *);                                                                                   \
        return saw(LOCKED), next(lock);                                                                             \
    }
LOCKING(pthread_mutex_lock, pthread_mutex_t)
LOCKING(pthread_mutex_trylock, pthread_mutex_t)
LOCKING(pthread_rwlock_rdlock, pthread_rwlock_t)
LOCKING(pthread_rwlock_wrlock, pthread_rwlock_t)

long syscall(long number, ...) {
    NEXT(long, "syscall", long, ...);
    va_list list;
    va_start(list, number);
    long values[6];
    for (int i = 0; i < 6; i++) values[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_futex) saw(WAITED);
    return next(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}

/* libsrtp2: srtp.h, with its types as what they are to a caller. */
#define GUARDED(name, parameters, arguments, ...)                                                                   \
    int name parameters {                                                                                           \
        NEXT(int, #name, __VA_ARGS__);                                                                              \
        in_srtp++;                                                                                                  \
        int status = next arguments;                                                                                \
        in_srtp--;                                                                                                  \
        return status;                                                                                              \
    }
GUARDED(srtp_protect, (void *session, void *packet, int *count), (session, packet, count), void *, void *, int *)
GUARDED(srtp_unprotect, (void *session, void *packet, int *count), (session, packet, count), void *, void *, int *)
GUARDED(srtp_protect_rtcp, (void *session, void *packet, int *count), (session, packet, count), void *, void *, int *)
GUARDED(srtp_unprotect_rtcp, (void *session, void *packet, int *count), (session, packet, count), void *, void *, int *)
GUARDED(srtp_remove_stream, (void *session, unsigned int source), (session, source), void *, unsigned int)

/* What the loops of the threads turn by. */
int recvmmsg(int socket, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout) {
    NEXT(int, "recvmmsg", int, struct mmsghdr *, unsigned int, int, struct timespec *);
    return worked(), next(socket, messages, count, flags, timeout);
}
int ppoll(struct pollfd *polled, nfds_t count, const struct timespec *timeout, const sigset_t *mask) {
    NEXT(int, "ppoll", struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
    return worked(), next(polled, count, timeout, mask);
}
