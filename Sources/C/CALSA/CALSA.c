#define _GNU_SOURCE
#include "CALSA.h"

#include <alsa/asoundlib.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { RATE = 48000, LOWEST_RATE = 8000, HIGHEST_RATE = 96000, POLL_LIMIT = 16 };

struct swh_pcm {
    snd_pcm_t *handle;
};

/* The library prints what went wrong on standard error; the words are kept for the reason instead. */
static __thread char last_words[160];

static void keep_words(const char *file, int line, const char *function, int code, const char *format, ...)
{
    (void)file, (void)line, (void)function, (void)code;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(last_words, sizeof last_words, format, arguments);
    va_end(arguments);
}

static void install_handler(void) { snd_lib_error_set_handler(keep_words); }

static void silence_library(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_handler);
}

static int shape_hardware(snd_pcm_t *handle, const swh_pcm_wish *wish, swh_pcm_shape *shape, const char **step)
{
    snd_pcm_hw_params_t *params;
    snd_pcm_hw_params_alloca(&params);
    unsigned channels = wish->channels, rate = RATE;
    int status;
    *step = "parameters";
    if ((status = snd_pcm_hw_params_any(handle, params)) < 0) return status;
    *step = "interleaved access";
    if ((status = snd_pcm_hw_params_set_access(handle, params, SND_PCM_ACCESS_RW_INTERLEAVED)) < 0) return status;
    *step = "16 or 32 bit samples";
    shape->bytes_per_sample = 2;
    if (snd_pcm_hw_params_set_format(handle, params, SND_PCM_FORMAT_S16) < 0) {
        shape->bytes_per_sample = 4;
        if ((status = snd_pcm_hw_params_set_format(handle, params, SND_PCM_FORMAT_S32)) < 0) return status;
    }
    *step = "channels";
    if ((status = snd_pcm_hw_params_set_channels_near(handle, params, &channels)) < 0) return status;
    *step = "8000 to 96000 Hz";
    if ((status = snd_pcm_hw_params_set_rate_near(handle, params, &rate, NULL)) < 0) return status;
    if (rate < LOWEST_RATE || rate > HIGHEST_RATE) return -EINVAL;
    snd_pcm_uframes_t period_frames = (snd_pcm_uframes_t)((uint64_t)rate * wish->period_us / 1000000);
    snd_pcm_uframes_t buffer_frames = period_frames * wish->periods;
    *step = "period";
    if ((status = snd_pcm_hw_params_set_period_size_near(handle, params, &period_frames, NULL)) < 0) return status;
    *step = "buffer";
    if ((status = snd_pcm_hw_params_set_buffer_size_near(handle, params, &buffer_frames)) < 0) return status;
    *step = "settings";
    if ((status = snd_pcm_hw_params(handle, params)) < 0) return status;
    if ((status = snd_pcm_hw_params_get_period_size(params, &period_frames, NULL)) < 0) return status;
    if ((status = snd_pcm_hw_params_get_buffer_size(params, &buffer_frames)) < 0) return status;
    shape->channels = channels;
    shape->rate = rate;
    shape->period_frames = (uint32_t)period_frames;
    shape->buffer_frames = (uint32_t)buffer_frames;
    return 0;
}

swh_pcm *swh_pcm_open(const char *name, int direction, const swh_pcm_wish *wish, swh_pcm_shape *shape, char *reason,
                      size_t reason_size)
{
    silence_library();
    last_words[0] = 0;
    const char *step = "open";
    swh_pcm *pcm = calloc(1, sizeof *pcm);
    int status = pcm ? snd_pcm_open(&pcm->handle, name,
                                    direction == SWH_PCM_CAPTURE ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK,
                                    SND_PCM_NONBLOCK)
                     : -ENOMEM;
    if (status >= 0) {
        status = shape_hardware(pcm->handle, wish, shape, &step);
        if (status < 0) snd_pcm_close(pcm->handle);
    }
    if (status < 0) {
        snprintf(reason, reason_size, "%s: %s%s%s%s", step, snd_strerror(status), last_words[0] ? " (" : "",
                 last_words, last_words[0] ? ")" : "");
        free(pcm);
        return NULL;
    }
    return pcm;
}

int swh_pcm_set_thresholds(swh_pcm *pcm, uint32_t wake_frames, uint32_t start_frames)
{
    snd_pcm_sw_params_t *params;
    snd_pcm_sw_params_alloca(&params);
    int status;
    if ((status = snd_pcm_sw_params_current(pcm->handle, params)) < 0) return status;
    if ((status = snd_pcm_sw_params_set_avail_min(pcm->handle, params, wake_frames)) < 0) return status;
    if ((status = snd_pcm_sw_params_set_start_threshold(pcm->handle, params, start_frames)) < 0) return status;
    /* Plug-ins without timestamps refuse these; the time of asking stands in then. */
    if (snd_pcm_sw_params_set_tstamp_mode(pcm->handle, params, SND_PCM_TSTAMP_ENABLE) >= 0)
        snd_pcm_sw_params_set_tstamp_type(pcm->handle, params, SND_PCM_TSTAMP_TYPE_MONOTONIC);
    return snd_pcm_sw_params(pcm->handle, params);
}

void swh_pcm_close(swh_pcm *pcm)
{
    snd_pcm_drop(pcm->handle);
    snd_pcm_close(pcm->handle);
    free(pcm);
}

const char *swh_pcm_error_text(int code) { return snd_strerror(code); }

int swh_pcm_prepare(swh_pcm *pcm) { return snd_pcm_prepare(pcm->handle); }
int swh_pcm_start(swh_pcm *pcm) { return snd_pcm_start(pcm->handle); }
int swh_pcm_resume(swh_pcm *pcm) { return snd_pcm_resume(pcm->handle); }

long swh_pcm_avail(swh_pcm *pcm)
{
    /* Asks the hardware: between two interrupts the last known pointer is up to a period old. */
    long available = snd_pcm_avail(pcm->handle);
    if (available < 0) return available;
    /* Plug-ins tell of these two by their state alone. */
    snd_pcm_state_t state = snd_pcm_state(pcm->handle);
    return state == SND_PCM_STATE_DISCONNECTED ? -ENODEV : state == SND_PCM_STATE_SUSPENDED ? -ESTRPIPE : available;
}

long swh_pcm_avail_at(swh_pcm *pcm, uint64_t *monotonic_ns)
{
    long available = swh_pcm_avail(pcm);
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    uint64_t asked = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    *monotonic_ns = asked;
    if (available < 0) return available;
    snd_pcm_uframes_t stamped;
    snd_htimestamp_t stamp;
    if (snd_pcm_htimestamp(pcm->handle, &stamped, &stamp) < 0) return available;
    uint64_t instant = (uint64_t)stamp.tv_sec * 1000000000u + (uint64_t)stamp.tv_nsec;
    /* Zero before the first interrupt; another clock on some plug-ins. */
    if (instant > asked || asked - instant > 100000000u) return available;
    *monotonic_ns = instant;
    return (long)stamped;
}

int64_t swh_pcm_delay(swh_pcm *pcm)
{
    snd_pcm_sframes_t frames = 0;
    return snd_pcm_delay(pcm->handle, &frames) < 0 ? INT64_MIN : frames;
}

long swh_pcm_read(swh_pcm *pcm, void *frames, size_t frame_count)
{
    return snd_pcm_readi(pcm->handle, frames, frame_count);
}

long swh_pcm_write(swh_pcm *pcm, const void *frames, size_t frame_count)
{
    return snd_pcm_writei(pcm->handle, frames, frame_count);
}

static int add_descriptors(swh_pcm *pcm, struct pollfd *descriptors, int used)
{
    if (!pcm) return 0;
    int count = snd_pcm_poll_descriptors_count(pcm->handle);
    if (count <= 0 || used + count > POLL_LIMIT) return 0;
    return snd_pcm_poll_descriptors(pcm->handle, descriptors + used, (unsigned)count);
}

int swh_pcm_wait(swh_pcm *capture, swh_pcm *playback, int event, int64_t timeout_ns)
{
    struct pollfd descriptors[POLL_LIMIT + 1];
    int captures = add_descriptors(capture, descriptors, 0);
    if (captures < 0) captures = 0;
    int playbacks = add_descriptors(playback, descriptors, captures);
    if (playbacks < 0) playbacks = 0;
    if (timeout_ns < 0) timeout_ns = 0;
    struct timespec timeout = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    struct pollfd *last = descriptors + captures + playbacks;
    *last = (struct pollfd){.fd = event, .events = POLLIN};
    if (ppoll(descriptors, (nfds_t)(captures + playbacks + 1), &timeout, NULL) <= 0) return 0;
    /* A plug-in takes its wake-up out of the descriptor here. Its verdict is not needed: the caller asks how many
     * frames there are, which also tells of an error. */
    unsigned short ready = 0;
    if (captures) snd_pcm_poll_descriptors_revents(capture->handle, descriptors, (unsigned)captures, &ready);
    if (playbacks)
        snd_pcm_poll_descriptors_revents(playback->handle, descriptors + captures, (unsigned)playbacks, &ready);
    if (!(last->revents & POLLIN)) return 0;
    uint64_t count;
    return read(event, &count, sizeof count) == sizeof count;
}

int swh_pcm_card(swh_pcm *pcm)
{
    snd_pcm_info_t *info;
    snd_pcm_info_alloca(&info);
    return snd_pcm_info(pcm->handle, info) < 0 ? -1 : snd_pcm_info_get_card(info);
}

struct swh_mixer {
    snd_mixer_t *handle;
};

swh_mixer *swh_mixer_open(const char *name, char *reason, size_t reason_size)
{
    silence_library();
    last_words[0] = 0;
    swh_mixer *mixer = calloc(1, sizeof *mixer);
    int status = mixer ? snd_mixer_open(&mixer->handle, 0) : -ENOMEM;
    if (status >= 0) {
        if ((status = snd_mixer_attach(mixer->handle, name)) >= 0 &&
            (status = snd_mixer_selem_register(mixer->handle, NULL, NULL)) >= 0)
            status = snd_mixer_load(mixer->handle);
        if (status < 0) snd_mixer_close(mixer->handle);
    }
    if (status < 0) {
        snprintf(reason, reason_size, "%s%s%s%s", snd_strerror(status), last_words[0] ? " (" : "", last_words,
                 last_words[0] ? ")" : "");
        free(mixer);
        return NULL;
    }
    return mixer;
}

void swh_mixer_close(swh_mixer *mixer)
{
    snd_mixer_close(mixer->handle);
    free(mixer);
}

static snd_mixer_elem_t *control_number(swh_mixer *mixer, unsigned number)
{
    snd_mixer_elem_t *element = snd_mixer_first_elem(mixer->handle);
    while (element && number--) element = snd_mixer_elem_next(element);
    return element;
}

int swh_mixer_name(swh_mixer *mixer, unsigned number, char *name, size_t name_size)
{
    snd_mixer_elem_t *element = control_number(mixer, number);
    if (!element) return 0;
    unsigned index = snd_mixer_selem_get_index(element);
    if (index)
        snprintf(name, name_size, "%s,%u", snd_mixer_selem_get_name(element), index);
    else
        snprintf(name, name_size, "%s", snd_mixer_selem_get_name(element));
    return 1;
}

static long share(long least, long highest, int percent) { return least + ((highest - least) * percent + 50) / 100; }

int swh_mixer_set(swh_mixer *mixer, unsigned number, int percent, int is_on)
{
    snd_mixer_elem_t *element = control_number(mixer, number);
    if (!element) return -ENOENT;
    int plays = snd_mixer_selem_has_playback_volume(element), captures = snd_mixer_selem_has_capture_volume(element);
    int plays_on = snd_mixer_selem_has_playback_switch(element), hears_on = snd_mixer_selem_has_capture_switch(element);
    if (percent >= 0 && !plays && !captures) return -SWH_NO_SUCH_PART;
    if (!is_on && !plays_on && !hears_on) return -SWH_NO_SUCH_PART;
    long least, highest;
    int status = 0;
    if (percent >= 0 && plays) {
        snd_mixer_selem_get_playback_volume_range(element, &least, &highest);
        status = snd_mixer_selem_set_playback_volume_all(element, share(least, highest, percent));
    }
    /* Of a volume that both directions share there is one. */
    if (status >= 0 && percent >= 0 && captures && !(plays && snd_mixer_selem_has_common_volume(element))) {
        snd_mixer_selem_get_capture_volume_range(element, &least, &highest);
        status = snd_mixer_selem_set_capture_volume_all(element, share(least, highest, percent));
    }
    if (status >= 0 && plays_on) status = snd_mixer_selem_set_playback_switch_all(element, is_on);
    if (status >= 0 && hears_on && !(plays_on && snd_mixer_selem_has_common_switch(element)))
        status = snd_mixer_selem_set_capture_switch_all(element, is_on);
    return status < 0 ? status : 0;
}

int swh_sound_card_after(int card)
{
    silence_library();
    return snd_card_next(&card) < 0 ? -1 : card;
}

static int has_device(snd_ctl_t *control, snd_pcm_stream_t direction)
{
    snd_pcm_info_t *info;
    snd_pcm_info_alloca(&info);
    int device = -1;
    while (snd_ctl_pcm_next_device(control, &device) >= 0 && device >= 0) {
        snd_pcm_info_set_device(info, (unsigned)device);
        snd_pcm_info_set_subdevice(info, 0);
        snd_pcm_info_set_stream(info, direction);
        if (snd_ctl_pcm_info(control, info) >= 0) return 1;
    }
    return 0;
}

int swh_sound_card_describe(int card, swh_sound_card *description)
{
    silence_library();
    snd_ctl_t *control;
    snd_ctl_card_info_t *info;
    snd_ctl_card_info_alloca(&info);
    char name[32];
    snprintf(name, sizeof name, "hw:%d", card);
    int status = snd_ctl_open(&control, name, SND_CTL_NONBLOCK);
    if (status < 0) return status;
    if ((status = snd_ctl_card_info(control, info)) >= 0) {
        snprintf(description->id, sizeof description->id, "%s", snd_ctl_card_info_get_id(info));
        snprintf(description->name, sizeof description->name, "%s", snd_ctl_card_info_get_longname(info));
        description->has_playback = has_device(control, SND_PCM_STREAM_PLAYBACK);
        description->has_capture = has_device(control, SND_PCM_STREAM_CAPTURE);
    }
    snd_ctl_close(control);
    return status < 0 ? status : 0;
}

void **swh_sound_hints(void)
{
    silence_library();
    void **hints = NULL;
    return snd_device_name_hint(-1, "pcm", &hints) < 0 ? NULL : hints;
}

char *swh_sound_hint_text(const void *hint, const char *field) { return snd_device_name_get_hint(hint, field); }
void swh_sound_hints_free(void **hints) { snd_device_name_free_hint(hints); }
