/* A bare SCHED_FIFO timer thread: how late the machine itself wakes a real-time thread, as the reference for tick
   lateness. Prints one line of JSON: wake-ups later than the given limit, when they were (s, monotonic; the first 500), and
   the worst.
   usage: fifotimer PERIOD_MS LIMIT_MS SECONDS */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long long now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    long long period = atoll(argv[1]) * 1000000, limit = atoll(argv[2]) * 1000000;
    long long end = now_ns() + atoll(argv[3]) * 1000000000LL;
    struct sched_param priority = {.sched_priority = 60};
    int fifo = sched_setscheduler(0, SCHED_FIFO, &priority) == 0;
    long long due = now_ns(), worst = 0, wakes = 0, late = 0, when[500];
    while (due < end) {
        due += period;
        struct timespec t = {due / 1000000000LL, due % 1000000000LL};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
        long long behind = now_ns() - due;
        wakes++;
        if (behind > limit && late++ < 500) when[late - 1] = due;
        if (behind > worst) worst = behind;
    }
    printf("{\"fifo\": %d, \"wakes\": %lld, \"late\": %lld, \"worst_ms\": %.3f, \"when\": [", fifo, wakes, late, worst / 1e6);
    for (int i = 0; i < late && i < 500; i++) printf("%s%.4f", i ? ", " : "", when[i] / 1e9);
    printf("]}\n");
    return 0;
}
