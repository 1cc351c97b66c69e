/* Holds N calls through a SIP peer (or a bare relay) on loopback as their caller and their callee, with 50 RTP packets a
   second each way, and measures over a window: the peer's CPU and memory, delay, loss, set-up times.
   Lines of JSON: {"window": "open"}, {"window": "closed"}, then the result.
   usage: callload relay|transcode|room|direct --calls N --port P [--pid PID] [--seconds S] [--warm S] [--ramp CALLS/S]
          [--probes CALLS/S] [--speech8 RAW --speech16 RAW]
   port: of the SIP peer, or (direct) the first of the relay's ports, four a call.
   probes: beside the steady calls so many short ones begin each second of the window; set-up times are then theirs. */
#include "callload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum mode mode;
struct call *calls;
int total, steady, measuring;
const char *prefix;
int in[2], sip[2];
struct sockaddr_in peer;
struct histogram delay, sound, lateness, setup;

ns now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (ns)t.tv_sec * SECOND + t.tv_nsec;
}

void fail(const char *what) {
    fprintf(stderr, "callload: %s\n", what);
    exit(2);
}

void add(struct histogram *h, ns value) {
    const int steps = sizeof h->steps / sizeof *h->steps;
    ns step = value < 0 ? 0 : value / 10000;
    h->steps[step < steps ? step : steps - 1]++;
    h->count++;
}

static double quantile(const struct histogram *h, double share) {
    uint64_t want = (uint64_t)ceil(share * h->count), seen = 0;
    for (int i = 0; i < (int)(sizeof h->steps / sizeof *h->steps); i++)
        if ((seen += h->steps[i]) >= want && seen) return (i + 0.5) / 100;
    return -1;
}

static void print_histogram(const char *name, const struct histogram *h) {
    printf(", \"%s\": {\"count\": %lu, \"p50\": %.2f, \"p99\": %.2f, \"p999\": %.2f, \"max\": %.2f, \"steps\": [", name,
           (unsigned long)h->count, quantile(h, 0.5), quantile(h, 0.99), quantile(h, 0.999), quantile(h, 1));
    /* [10 us steps, how many] …: runs can be put together. */
    const char *gap = "";
    for (int i = 0; i < (int)(sizeof h->steps / sizeof *h->steps); i++)
        if (h->steps[i]) printf("%s[%d, %u]", gap, i, h->steps[i]), gap = ", ";
    printf("]}");
}

struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int open_udp(int port) {
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0), big = 8 << 20;
    struct sockaddr_in address = loopback(port);
    if (bind(fd, (void *)&address, sizeof address)) {
        fprintf(stderr, "callload: port %d: %s\n", port, strerror(errno));
        exit(2);
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big))
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &big, sizeof big);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int));
    return fd;
}

static double cpu_of(int pid) {
    struct timespec t;
    if (!pid || clock_gettime(((~(clockid_t)pid) << 3) | 2, &t)) return 0; /* the process's CPU clock */
    return t.tv_sec + t.tv_nsec / 1e9;
}

static long private_dirty(int pid) {
    char path[64], line[256];
    long kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (fgets(line, sizeof line, file)) sscanf(line, "Private_Dirty: %ld", &kilobytes);
    fclose(file);
    return kilobytes;
}

static int count(enum state state, int first) {
    int sum = 0;
    for (int i = 0; i < first; i++) sum += calls[i].state == state;
    return sum;
}

/* Sends, receives and signals until the instant, or until none of the first calls is in one of two states any more. */
static void run(ns until, int first, const enum state *unless) {
    while (now() < until && !(unless && !count(unless[0], first) && !count(unless[1], first))) {
        static ns looked;
        ns next = send_due(), at = now();
        receive();
        if (at - looked > MS) {
            for (int i = 0; i < total; i++) {
                if (calls[i].state == IDLE && calls[i].starts && at >= calls[i].starts) invite(i);
                if (calls[i].state == UP && calls[i].ends && at >= calls[i].ends) leave(i);
            }
            retry(at);
            looked = at;
        }
        if (next > until) next = until;
        ns rest = next - now();
        struct pollfd polled[] = {{.fd = sip[0], .events = POLLIN}, {.fd = sip[1], .events = POLLIN}};
        struct timespec wait = {0, rest > 0 ? (rest < 5 * MS ? rest : 5 * MS) : 0};
        if (ppoll(polled, 2, &wait, NULL) > 0)
            for (int side = 0; side < 2; side++)
                if (polled[side].revents & POLLIN) read_sip(side);
    }
}

static double number(int argc, char **argv, const char *name, double fallback) {
    for (int i = 2; i + 1 < argc; i++)
        if (!strcmp(argv[i], name)) return atof(argv[i + 1]);
    return fallback;
}

static const char *text(int argc, char **argv, const char *name) {
    for (int i = 2; i + 1 < argc; i++)
        if (!strcmp(argv[i], name)) return argv[i + 1];
    return NULL;
}

int main(int argc, char **argv) {
    const char *modes[] = {"relay", "transcode", "room", "direct"}, *prefixes[] = {"6", "7", "9000", ""};
    if (argc < 2) fail("usage: see the first lines of callload.c");
    for (mode = RELAY; strcmp(argv[1], modes[mode]); mode++)
        if (mode == DIRECT) fail("no such mode");
    prefix = prefixes[mode];
    steady = (int)number(argc, argv, "--calls", 1);
    int pid = (int)number(argc, argv, "--pid", 0), port = (int)number(argc, argv, "--port", 5060);
    double seconds = number(argc, argv, "--seconds", 8), warm = number(argc, argv, "--warm", 2);
    double ramp = number(argc, argv, "--ramp", 40), probes = number(argc, argv, "--probes", 0);
    int probing = (int)(probes * fmax(seconds - 1, 0));
    total = steady + probing;
    if (steady < 1 || total > 8000 || seconds <= 0 || seconds > 300) fail("calls 1 to 8000, seconds up to 300");
    if (!(calls = calloc((size_t)total, sizeof *calls))) fail("no memory");
    peer = loopback(port);
    for (int side = 0; side < 2; side++) in[side] = open_udp(20000 + 2 * side), sip[side] = open_udp(6060 + 10 * side);
    prepare_sound(text(argc, argv, "--speech8"), text(argc, argv, "--speech16"));
    mlockall(MCL_CURRENT | MCL_FUTURE);
    int fifo = !sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 20});

    long before = private_dirty(pid);
    ns start = now();
    for (int i = 0; i < steady; i++) {
        calls[i].starts = start + 1 + (ns)(i / ramp * SECOND);
        if (mode != DIRECT) continue;
        calls[i].state = UP;
        for (int side = 0; side < 2; side++) {
            struct stream *stream = &calls[i].side[side];
            stream->to = loopback(port + 4 * i + 2 * side);
            stream->on = 1;
            known_port(side, port + 4 * i + 2 * side, i);
        }
    }
    enum state coming[] = {IDLE, INVITED}, going[] = {UP, LEAVING};
    run(start + (ns)((steady / ramp + 15) * SECOND), steady, coming);
    int up = count(UP, steady);
    run(now() + (ns)(warm * SECOND), 0, NULL);

    printf("{\"window\": \"open\"}\n");
    fflush(stdout);
    long loaded = private_dirty(pid);
    double used = cpu_of(pid);
    ns opened = now();
    for (int i = steady; i < total; i++) {
        calls[i].probe = 1;
        calls[i].starts = opened + (ns)((i - steady) / probes * SECOND);
    }
    measuring = 1;
    run(opened + (ns)(seconds * SECOND), 0, NULL);
    measuring = 0;
    used = cpu_of(pid) - used;
    double length = (now() - opened) / 1e9;
    printf("{\"window\": \"closed\"}\n");
    fflush(stdout);

    int stayed = count(UP, steady), answered = 0;
    for (int i = steady; i < total; i++) answered += calls[i].state > INVITED && calls[i].state != FAILED;
    if (mode != DIRECT) {
        for (int i = 0; i < total; i++) calls[i].ends = now() + i * 3 * MS;
        run(now() + 5LL * SECOND + total * 3LL * MS, total, going);
    }
    uint64_t sent = 0, received = 0, lost = 0;
    int silent = 0;
    for (int i = 0; i < steady; i++)
        for (int side = 0; side < (mode == ROOM ? 1 : 2); side++) {
            struct stream *stream = &calls[i].side[side];
            sent += stream->sent;
            received += stream->received;
            silent += !stream->received;
            int64_t gaps = stream->received ? stream->last - stream->first + 1 - (int64_t)stream->received : 0;
            if (gaps > 0) lost += (uint64_t)gaps;
        }
    printf("{\"calls\": %d, \"up\": %d, \"stayed\": %d, \"probes\": %d, \"probes_answered\": %d, \"fifo\": %d, ", steady, up,
           stayed, probing, answered, fifo);
    printf("\"seconds\": %.3f, \"sent\": %lu, \"received\": %lu, \"lost\": %lu, \"silent\": %d, ", length,
           (unsigned long)sent, (unsigned long)received, (unsigned long)lost, silent);
    printf("\"core\": %.4f, \"ms_per_call_second\": %.4f, \"kb_per_call\": %.2f", used / length,
           used * 1000 / length / steady, (loaded - before) / (double)steady);
    print_payload();
    print_histogram("delay_ms", &delay);
    print_histogram("sound_ms", &sound);
    print_histogram("setup_ms", &setup);
    print_histogram("own_lateness_ms", &lateness);
    printf("}\n");
    return 0;
}
