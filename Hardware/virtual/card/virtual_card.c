/* virtual_card: an alsa-lib I/O plug-in that plays the part of a sound card, for tests that judge delay and drift.
 *
 *   pcm_type.virtual_card { lib "DIR/libasound_module_pcm_virtual_card.so" }
 *   pcm.kiosk { type virtual_card loudspeaker "DIR/speaker" microphone "DIR/room" control "DIR/control" rate 48000 }
 *
 * No daemon and no driver: what a loudspeaker plays lies in a file, its medium (see medium.h), and any card whose
 * microphone names that file hears it `delay_us` later. The same file for both is a loop. Each direction has a crystal
 * of its own. Time is CLOCK_MONOTONIC: a frame is played, or heard, at an exactly known instant.
 *
 * Fields: loudspeaker, microphone, control (paths); rate (8000 to 96000), channels (1 to 8), format (16 or 32 bits);
 * playback_ppm, capture_ppm (crystals), delay_us (loudspeaker to microphone), jitter_us (wake-ups are late by up to so
 * much), pointer_step (frames by which the hardware pointer moves), gain, seed.
 *
 * The control file holds lines `word number`, read again whenever it was replaced (write it elsewhere and rename it):
 * unplugged 0|1, suspended 0|1, playback_xruns and capture_xruns (an xrun each time the number grows), playback_ppm,
 * capture_ppm, jitter_us. A path that does not exist means: nothing commanded. */
#define _GNU_SOURCE
#include "medium.h"

#include <alsa/asoundlib.h>
#include <alsa/pcm_external.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

/* Frames against time: frame `frame` is at `instant`. */
struct crystal {
    double instant;
    double rate;
    int64_t frame;
};

struct card {
    snd_pcm_ioplug_t io;
    struct medium *medium;
    struct crystal crystal;
    char control[4096];
    struct timespec control_time;
    ino_t control_inode;
    double nominal, ppm, delay, jitter, gain;
    long pointer_step;
    unsigned seed;
    int wide, running, unplugged, suspended;
    long xruns, xruns_seen;
    /* Medium index of frame 0 of this run. */
    int64_t base;
    uint64_t pointer;
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int plays(const snd_pcm_ioplug_t *io) { return io->stream == SND_PCM_STREAM_PLAYBACK; }

static double frames_at(const struct crystal *crystal, double instant)
{
    return (double)crystal->frame + (instant - crystal->instant) * crystal->rate;
}

static double instant_of(const struct crystal *crystal, int64_t frame)
{
    return crystal->instant + (double)(frame - crystal->frame) / crystal->rate;
}

/* Tells the medium what its frames' instants are. */
static void publish(struct card *card)
{
    struct medium *medium = card->medium;
    __atomic_add_fetch(&medium->sequence, 1, __ATOMIC_ACQ_REL);
    medium->instant = card->crystal.instant;
    medium->rate = card->crystal.rate;
    medium->anchor = card->base + card->crystal.frame;
    medium->begin = card->base;
    medium->channels = card->io.channels;
    __atomic_add_fetch(&medium->sequence, 1, __ATOMIC_ACQ_REL);
}

static void turn_crystal(struct card *card, double ppm)
{
    double rate = card->nominal * (1 + 1e-6 * ppm);
    card->ppm = ppm;
    if (card->running) {
        int64_t frame = (int64_t)floor(frames_at(&card->crystal, now()));
        card->crystal.instant = instant_of(&card->crystal, frame);
        card->crystal.frame = frame;
    }
    card->crystal.rate = rate;
    if (card->running && plays(&card->io)) publish(card);
}

static void obey(struct card *card)
{
    struct stat status;
    if (!card->control[0] || stat(card->control, &status) < 0) return;
    if (status.st_ino == card->control_inode && status.st_mtim.tv_sec == card->control_time.tv_sec &&
        status.st_mtim.tv_nsec == card->control_time.tv_nsec)
        return;
    FILE *file = fopen(card->control, "re");
    if (!file) return;
    int first = card->control_inode == 0;
    char word[32];
    double value;
    while (fscanf(file, "%31s %lf", word, &value) == 2) {
        if (!strcmp(word, "unplugged")) card->unplugged = value != 0;
        else if (!strcmp(word, "suspended")) card->suspended = value != 0;
        else if (!strcmp(word, "jitter_us")) card->jitter = value * 1e-6;
        else if (!strcmp(word, plays(&card->io) ? "playback_xruns" : "capture_xruns")) card->xruns = (long)value;
        else if (!strcmp(word, plays(&card->io) ? "playback_ppm" : "capture_ppm")) {
            if (value != card->ppm) turn_crystal(card, value);
        }
    }
    fclose(file);
    if (first) card->xruns_seen = card->xruns;
    card->control_inode = status.st_ino;
    card->control_time = status.st_mtim;
}

static void arm(struct card *card, double instant)
{
    struct itimerspec timer = {0};
    if (instant > 0) {
        /* Just past the edge, or the caller would find one frame too few and sleep for another period. */
        instant += 5e-5;
        if (card->jitter > 0) instant += card->jitter * (rand_r(&card->seed) / (double)RAND_MAX);
        timer.it_value.tv_sec = (time_t)instant;
        timer.it_value.tv_nsec = (long)((instant - (double)timer.it_value.tv_sec) * 1e9);
        if (!timer.it_value.tv_sec && !timer.it_value.tv_nsec) timer.it_value.tv_nsec = 1;
    }
    timerfd_settime(card->io.poll_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

/* Frames that the hardware has played or captured in this run. */
static uint64_t elapsed(struct card *card)
{
    double frames = frames_at(&card->crystal, now());
    if (frames <= 0) return 0;
    return (uint64_t)frames / (uint64_t)card->pointer_step * (uint64_t)card->pointer_step;
}

static int card_start(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    card->crystal.instant = now();
    card->crystal.frame = 0;
    card->running = 1;
    if (plays(io)) {
        publish(card);
        __atomic_store_n(&card->medium->end, card->base + (int64_t)io->appl_ptr, __ATOMIC_RELEASE);
    }
    arm(card, instant_of(&card->crystal, (int64_t)io->period_size));
    return 0;
}

static int card_stop(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    if (card->running && plays(io)) {
        /* What was queued is never heard. */
        int64_t played = card->base + (int64_t)frames_at(&card->crystal, now());
        if (played < card->medium->end) __atomic_store_n(&card->medium->end, played, __ATOMIC_RELEASE);
    }
    card->running = 0;
    arm(card, 0);
    return 0;
}

static int card_prepare(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    obey(card);
    if (card->unplugged) return -ENODEV;
    if (card->running) card_stop(io);
    card->pointer = 0;
    card->crystal.frame = 0;
    if (plays(io)) card->base = card->medium->end;
    /* A playback stream may be written to before it runs. */
    arm(card, plays(io) ? 1e-9 : 0);
    return 0;
}

static int card_resume(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    obey(card);
    if (card->unplugged || card->suspended) return -EAGAIN;
    /* The hardware goes on where it slept. */
    card->crystal.instant = now();
    card->crystal.frame = (int64_t)card->pointer;
    card->running = 1;
    if (plays(io)) publish(card);
    snd_pcm_ioplug_set_state(io, SND_PCM_STATE_RUNNING);
    arm(card, instant_of(&card->crystal, (int64_t)(card->pointer + io->period_size)));
    return 0;
}

/* A state that the hardware is in whatever the application does. */
static void show_state(struct card *card)
{
    if (card->unplugged) {
        snd_pcm_ioplug_set_state(&card->io, SND_PCM_STATE_DISCONNECTED);
    } else if (card->suspended && card->running) {
        card->pointer = elapsed(card);
        card->running = 0;
        snd_pcm_ioplug_set_state(&card->io, SND_PCM_STATE_SUSPENDED);
    }
}

static snd_pcm_sframes_t card_pointer(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    obey(card);
    show_state(card);
    if (card->unplugged || !card->running) return (snd_pcm_sframes_t)(card->pointer % io->buffer_size);
    if (card->xruns > card->xruns_seen) {
        card->xruns_seen = card->xruns;
        return -EPIPE;
    }
    uint64_t position = elapsed(card);
    if (plays(io)) {
        if (position > io->appl_ptr) {
            if (io->state != SND_PCM_STATE_DRAINING) return -EPIPE;
            position = io->appl_ptr;
        }
    } else if (position > io->appl_ptr + io->buffer_size) {
        return -EPIPE;
    }
    card->pointer = position;
    return (snd_pcm_sframes_t)(position % io->buffer_size);
}

/* alsa-lib may hand the same frames over more than once (mmap emulation, which `plug` uses), so positions come from its
 * application pointer and not from a counter here. */
static uint64_t position_of(const snd_pcm_ioplug_t *io, snd_pcm_uframes_t offset)
{
    if (io->access == SND_PCM_ACCESS_RW_INTERLEAVED) return io->appl_ptr;
    return io->appl_ptr + (offset + io->buffer_size - io->appl_ptr % io->buffer_size) % io->buffer_size;
}

static void put(struct card *card, void *frame, unsigned channel, double value)
{
    value = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
    if (card->wide) ((int32_t *)frame)[channel] = (int32_t)lrint(value * 65536);
    else ((int16_t *)frame)[channel] = (int16_t)lrint(value);
}

static void hear(struct card *card, char *frames, uint64_t position, snd_pcm_uframes_t count)
{
    unsigned channels = card->io.channels, bytes = channels * (card->wide ? 4 : 2);
    struct medium_view view = medium_look(card->medium);
    for (snd_pcm_uframes_t index = 0; index < count; index++) {
        double instant = instant_of(&card->crystal, (int64_t)(position + index)) - card->delay;
        for (unsigned channel = 0; channel < channels; channel++)
            put(card, frames + index * bytes, channel, card->gain * medium_at(&view, instant, channel));
    }
}

static void play(struct card *card, const char *frames, uint64_t position, snd_pcm_uframes_t count)
{
    unsigned channels = card->io.channels;
    int64_t first = card->base + (int64_t)position;
    for (snd_pcm_uframes_t index = 0; index < count; index++) {
        int16_t *place = medium_place(card->medium, first + (int64_t)index);
        for (unsigned channel = 0; channel < MEDIUM_CHANNELS; channel++) {
            size_t sample = index * channels + channel;
            place[channel] = channel >= channels ? 0
                             : card->wide        ? (int16_t)(((const int32_t *)frames)[sample] >> 16)
                                                 : ((const int16_t *)frames)[sample];
        }
    }
    if (card->running) __atomic_store_n(&card->medium->end, first + (int64_t)count, __ATOMIC_RELEASE);
}

static snd_pcm_sframes_t card_transfer(snd_pcm_ioplug_t *io, const snd_pcm_channel_area_t *areas,
                                       snd_pcm_uframes_t offset, snd_pcm_uframes_t count)
{
    struct card *card = io->private_data;
    if (card->unplugged) return -ENODEV;
    char *frames = (char *)areas->addr + areas->first / 8 + offset * areas->step / 8;
    if (plays(io)) play(card, frames, position_of(io, offset), count);
    else hear(card, frames, position_of(io, offset), count);
    return (snd_pcm_sframes_t)count;
}

static int card_revents(snd_pcm_ioplug_t *io, struct pollfd *descriptor, unsigned count, unsigned short *events)
{
    struct card *card = io->private_data;
    (void)count;
    *events = 0;
    if (!card->running) {
        *events = plays(io) ? POLLOUT : 0;
        return 0;
    }
    if (!(descriptor->revents & POLLIN)) return 0;
    uint64_t wakeups;
    if (read(io->poll_fd, &wakeups, sizeof wakeups) < 0 && errno != EAGAIN) return -errno;
    int64_t periods = (int64_t)(frames_at(&card->crystal, now()) / (double)io->period_size);
    arm(card, instant_of(&card->crystal, (periods + 1) * (int64_t)io->period_size));
    *events = plays(io) ? POLLOUT : POLLIN;
    return 0;
}

static int card_delay(snd_pcm_ioplug_t *io, snd_pcm_sframes_t *delay)
{
    struct card *card = io->private_data;
    int64_t position = card->running ? (int64_t)elapsed(card) : (int64_t)card->pointer;
    *delay = plays(io) ? (int64_t)io->appl_ptr - position : position - (int64_t)io->appl_ptr;
    return 0;
}

static int card_close(snd_pcm_ioplug_t *io)
{
    struct card *card = io->private_data;
    munmap(card->medium, sizeof *card->medium);
    close(io->poll_fd);
    free(card);
    return 0;
}

static const snd_pcm_ioplug_callback_t callbacks = {
    .start = card_start,
    .stop = card_stop,
    .pointer = card_pointer,
    .transfer = card_transfer,
    .close = card_close,
    .prepare = card_prepare,
    .resume = card_resume,
    .poll_revents = card_revents,
    .delay = card_delay,
};

static int offer(struct card *card, unsigned channels)
{
    static const unsigned access[] = {SND_PCM_ACCESS_RW_INTERLEAVED, SND_PCM_ACCESS_MMAP_INTERLEAVED};
    const unsigned format[] = {card->wide ? SND_PCM_FORMAT_S32 : SND_PCM_FORMAT_S16};
    unsigned rate = (unsigned)card->nominal, frame = channels * (card->wide ? 4 : 2);
    snd_pcm_ioplug_t *io = &card->io;
    int status;
    if ((status = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_ACCESS, 2, access)) < 0) return status;
    if ((status = snd_pcm_ioplug_set_param_list(io, SND_PCM_IOPLUG_HW_FORMAT, 1, format)) < 0) return status;
    if ((status = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_CHANNELS, channels, channels)) < 0)
        return status;
    if ((status = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_RATE, rate, rate)) < 0) return status;
    if ((status = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIOD_BYTES, 16 * frame, 8192 * frame)) < 0)
        return status;
    if ((status = snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_PERIODS, 2, 64)) < 0) return status;
    return snd_pcm_ioplug_set_param_minmax(io, SND_PCM_IOPLUG_HW_BUFFER_BYTES, 32 * frame, 32768 * frame);
}

struct settings {
    const char *loudspeaker, *microphone, *control;
    double rate, channels, format, playback_ppm, capture_ppm, delay_us, jitter_us, pointer_step, gain, seed;
};

static int read_settings(snd_config_t *conf, struct settings *settings)
{
    const struct {
        const char *name;
        const char **text;
        double *number;
    } fields[] = {
        {"loudspeaker", &settings->loudspeaker, NULL}, {"microphone", &settings->microphone, NULL},
        {"control", &settings->control, NULL}, {"rate", NULL, &settings->rate},
        {"channels", NULL, &settings->channels}, {"format", NULL, &settings->format},
        {"playback_ppm", NULL, &settings->playback_ppm}, {"capture_ppm", NULL, &settings->capture_ppm},
        {"delay_us", NULL, &settings->delay_us}, {"jitter_us", NULL, &settings->jitter_us},
        {"pointer_step", NULL, &settings->pointer_step}, {"gain", NULL, &settings->gain},
        {"seed", NULL, &settings->seed},
    };
    snd_config_iterator_t at, next;
    snd_config_for_each(at, next, conf)
    {
        snd_config_t *node = snd_config_iterator_entry(at);
        const char *name;
        if (snd_config_get_id(node, &name) < 0) continue;
        if (!strcmp(name, "comment") || !strcmp(name, "type") || !strcmp(name, "hint")) continue;
        size_t field = 0, count = sizeof fields / sizeof *fields;
        while (field < count && strcmp(fields[field].name, name)) field++;
        if (field == count) {
            SNDERR("virtual_card: unknown field %s", name);
            return -EINVAL;
        }
        int status = fields[field].text ? snd_config_get_string(node, fields[field].text)
                                        : snd_config_get_ireal(node, fields[field].number);
        if (status < 0) {
            SNDERR("virtual_card: %s must be a %s", name, fields[field].text ? "text" : "number");
            return -EINVAL;
        }
    }
    if (settings->rate < 8000 || settings->rate > 96000 || settings->channels < 1 ||
        settings->channels > MEDIUM_CHANNELS || (settings->format != 16 && settings->format != 32) ||
        settings->pointer_step < 1) {
        SNDERR("virtual_card: rate 8000 to 96000, channels 1 to 8, format 16 or 32, pointer_step from 1");
        return -EINVAL;
    }
    return 0;
}

SND_PCM_PLUGIN_DEFINE_FUNC(virtual_card)
{
    (void)root;
    struct settings settings = {.rate = 48000, .channels = 1, .format = 16, .pointer_step = 1, .gain = 1, .seed = 1};
    int status = read_settings(conf, &settings);
    if (status < 0) return status;
    int is_playback = stream == SND_PCM_STREAM_PLAYBACK;
    const char *path = is_playback ? settings.loudspeaker : settings.microphone;
    if (!path) return -ENODEV;
    struct card *card = calloc(1, sizeof *card);
    if (!card) return -ENOMEM;
    if (settings.control) snprintf(card->control, sizeof card->control, "%s", settings.control);
    card->nominal = settings.rate;
    card->wide = settings.format == 32;
    card->delay = settings.delay_us * 1e-6;
    card->jitter = settings.jitter_us * 1e-6;
    card->pointer_step = (long)settings.pointer_step;
    card->gain = settings.gain;
    card->seed = (unsigned)settings.seed;
    card->io.stream = stream;
    turn_crystal(card, is_playback ? settings.playback_ppm : settings.capture_ppm);
    obey(card);
    if (card->unplugged) {
        free(card);
        return -ENODEV;
    }
    if ((status = medium_open(path, &card->medium)) < 0) {
        SNDERR("virtual_card: %s: %s", path, strerror(-status));
        free(card);
        return status;
    }
    card->io.version = SND_PCM_IOPLUG_VERSION;
    card->io.name = "Virtual card";
    card->io.callback = &callbacks;
    card->io.private_data = card;
    card->io.poll_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    card->io.poll_events = POLLIN;
    card->io.flags = SND_PCM_IOPLUG_FLAG_MONOTONIC;
    status = card->io.poll_fd < 0 ? -errno : snd_pcm_ioplug_create(&card->io, name, stream, mode);
    if (status < 0) {
        munmap(card->medium, sizeof *card->medium);
        if (card->io.poll_fd >= 0) close(card->io.poll_fd);
        free(card);
        return status;
    }
    if ((status = offer(card, (unsigned)settings.channels)) < 0) {
        snd_pcm_ioplug_delete(&card->io);
        return status;
    }
    *pcmp = card->io.pcm;
    return 0;
}
SND_PCM_PLUGIN_SYMBOL(virtual_card);
