#ifndef SWH_CALSA_H
#define SWH_CALSA_H

#include <stddef.h>
#include <stdint.h>

/* libasound for interleaved streams. Functions return 0, a count, or errno negated. */

/* Promise to Swift's real-time check: no allocation, no lock. True of `hw:`; plug-ins (plug, dmix, pulse) may do both,
 * which is why a device has a thread of its own. */
#define SWH_ALSA_RT __attribute__((swift_attr("@_noLocks"), swift_attr("@_noAllocation")))

typedef struct swh_pcm swh_pcm;

enum { SWH_PCM_PLAYBACK = 0, SWH_PCM_CAPTURE = 1 };

/* What is asked of a PCM; it may agree to something near. */
typedef struct {
    uint32_t channels;
    uint32_t period_us;
    uint32_t periods;
} swh_pcm_wish;

/* What a PCM agreed to. */
typedef struct {
    uint32_t rate;
    uint32_t channels;
    uint32_t bytes_per_sample; /* 2 or 4, signed, of the machine's byte order */
    uint32_t period_frames;
    uint32_t buffer_frames;
} swh_pcm_shape;

/* Opens a PCM non-blocking at the rate of 8 to 96 kHz that is nearest to 48 kHz, with channels, period and number of
 * periods near those wished for. NULL with the reason in words. May block on a sound server; not for a real-time
 * thread. */
swh_pcm *_Nullable swh_pcm_open(const char *_Nonnull name, int direction, const swh_pcm_wish *_Nonnull wish,
                                swh_pcm_shape *_Nonnull shape, char *_Nonnull reason, size_t reason_size);
/* Sets when the PCM wakes its poller and after how many queued frames playback starts by itself; asks for the driver's
 * timestamps. */
int swh_pcm_set_thresholds(swh_pcm *_Nonnull pcm, uint32_t wake_frames, uint32_t start_frames);
/* Stops at once and closes. */
void swh_pcm_close(swh_pcm *_Nonnull pcm);
const char *_Nonnull swh_pcm_error_text(int code);

SWH_ALSA_RT int swh_pcm_prepare(swh_pcm *_Nonnull pcm);
SWH_ALSA_RT int swh_pcm_start(swh_pcm *_Nonnull pcm);
/* -EAGAIN while the hardware is still asleep. */
SWH_ALSA_RT int swh_pcm_resume(swh_pcm *_Nonnull pcm);
/* Frames ready to move: -EPIPE xrun, -ENODEV unplugged, -ESTRPIPE suspended. */
SWH_ALSA_RT long swh_pcm_avail(swh_pcm *_Nonnull pcm);
/* The same, and the instant at which the hardware was there: the driver's own, or that of asking. */
SWH_ALSA_RT long swh_pcm_avail_at(swh_pcm *_Nonnull pcm, uint64_t *_Nonnull monotonic_ns);
/* Frames between the application and the converter; a negative errno is told as INT64_MIN, for an xrun makes it < 0. */
SWH_ALSA_RT int64_t swh_pcm_delay(swh_pcm *_Nonnull pcm);
SWH_ALSA_RT long swh_pcm_read(swh_pcm *_Nonnull pcm, void *_Nonnull frames, size_t frame_count);
SWH_ALSA_RT long swh_pcm_write(swh_pcm *_Nonnull pcm, const void *_Nonnull frames, size_t frame_count);
/* Waits until either PCM may be served or has failed or the eventfd was signalled, at most `timeout_ns`; 1 when it was
 * the eventfd, which is then cleared. */
SWH_ALSA_RT int swh_pcm_wait(swh_pcm *_Nullable capture, swh_pcm *_Nullable playback, int event, int64_t timeout_ns);

/* -- Mixers ------------------------------------------------------------------------------------------------------ */

/* Number of the card that a PCM plays on; -1 for a plug-in that has none of its own. */
int swh_pcm_card(swh_pcm *_Nonnull pcm);

typedef struct swh_mixer swh_mixer;

/* The simple controls of a control device (`hw:0`, `default`). NULL with the reason in words. */
swh_mixer *_Nullable swh_mixer_open(const char *_Nonnull name, char *_Nonnull reason, size_t reason_size);
void swh_mixer_close(swh_mixer *_Nonnull mixer);
/* Name of a control, by number from 0, with ",INDEX" where several have one name; 0 beyond the last. */
int swh_mixer_name(swh_mixer *_Nonnull mixer, unsigned number, char *_Nonnull name, size_t name_size);
/* A volume was asked of a control that has none, or off of one without a switch. */
enum { SWH_NO_SUCH_PART = 95 };
/* Sets both directions of a control: `percent` of the range of its volume (negative: leaves it), and its switch.
 * -SWH_NO_SUCH_PART, or a negative errno. */
int swh_mixer_set(swh_mixer *_Nonnull mixer, unsigned number, int percent, int is_on);

/* -- What there is ----------------------------------------------------------------------------------------------- */

typedef struct {
    char id[64];
    char name[128];
    int has_playback;
    int has_capture;
} swh_sound_card;

/* The card after `card` (start with -1); -1 at the end. */
int swh_sound_card_after(int card);
int swh_sound_card_describe(int card, swh_sound_card *_Nonnull description);

/* Names of configured PCMs, ended by a NULL; free with swh_sound_hints_free. */
void *_Nullable *_Nullable swh_sound_hints(void);
/* `NAME`, `DESC` or `IOID` of a hint: malloc'ed, NULL when absent. */
char *_Nullable swh_sound_hint_text(const void *_Nonnull hint, const char *_Nonnull field);
void swh_sound_hints_free(void *_Nullable *_Nonnull hints);

#endif
