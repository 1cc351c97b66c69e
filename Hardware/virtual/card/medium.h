/* The air between loudspeakers and microphones of virtual cards: a file, mapped by whoever plays into it or hears it.
 *
 * One writer (a loudspeaker, or a test) and any number of readers. Frame `index` lies in the ring at
 * `index % MEDIUM_FRAMES` and is in the air at
 *
 *     instant + (index - anchor) / rate        seconds of CLOCK_MONOTONIC
 *
 * as long as `begin <= index < end`. Little-endian; the header has a page of its own. Writers make `sequence` odd while
 * they change instant, rate, anchor and begin. */
#ifndef VIRTUAL_CARD_MEDIUM_H
#define VIRTUAL_CARD_MEDIUM_H

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MEDIUM_FRAMES = 1 << 20, MEDIUM_CHANNELS = 8 };

struct medium {
    uint64_t sequence;
    double instant;
    double rate;
    int64_t anchor;
    int64_t begin;
    int64_t end;
    int64_t channels;
    char rest_of_page[4096 - 56];
    int16_t frames[MEDIUM_FRAMES][MEDIUM_CHANNELS];
};

_Static_assert(sizeof(double) == 8 && offsetof(struct medium, frames) == 4096, "readers in other languages count bytes");

/* The header as it was at one moment. */
struct medium_view {
    struct medium *medium;
    double instant, rate;
    int64_t anchor, begin, end, channels;
};

static inline int medium_open(const char *path, struct medium **medium)
{
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) return -errno;
    if (ftruncate(file, sizeof(struct medium)) < 0) {
        int status = -errno;
        close(file);
        return status;
    }
    *medium = mmap(NULL, sizeof(struct medium), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    return *medium == MAP_FAILED ? -errno : 0;
}

static inline int16_t *medium_place(struct medium *medium, int64_t index)
{
    return medium->frames[(uint64_t)index % MEDIUM_FRAMES];
}

static inline struct medium_view medium_look(struct medium *medium)
{
    struct medium_view view = {.medium = medium};
    for (int tries = 0; tries < 1000; tries++) {
        uint64_t before = __atomic_load_n(&medium->sequence, __ATOMIC_ACQUIRE);
        view.instant = medium->instant;
        view.rate = medium->rate;
        view.anchor = medium->anchor;
        view.begin = medium->begin;
        view.channels = medium->channels;
        view.end = __atomic_load_n(&medium->end, __ATOMIC_ACQUIRE);
        if (!(before & 1) && before == __atomic_load_n(&medium->sequence, __ATOMIC_ACQUIRE)) break;
    }
    return view;
}

/* What is in the air at an instant: four-point interpolation between frames, silence outside. */
static inline double medium_at(const struct medium_view *view, double instant, unsigned channel)
{
    if (view->rate <= 0 || view->channels <= 0) return 0;
    double place = (double)view->anchor + (instant - view->instant) * view->rate;
    int64_t index = (int64_t)floor(place);
    if (index - 1 < view->begin || index + 2 >= view->end || index < view->end - MEDIUM_FRAMES + 4096) return 0;
    double part = place - (double)index;
    unsigned heard = channel % (unsigned)view->channels;
    double before = medium_place(view->medium, index - 1)[heard], here = medium_place(view->medium, index)[heard];
    double after = medium_place(view->medium, index + 1)[heard], beyond = medium_place(view->medium, index + 2)[heard];
    return here + 0.5 * part * (after - before + part * (2 * before - 5 * here + 4 * after - beyond +
                                                         part * (3 * (here - after) + beyond - before)));
}

#endif
