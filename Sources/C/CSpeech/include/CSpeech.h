#ifndef SWH_CSPEECH_H
#define SWH_CSPEECH_H

#include <stddef.h>
#include <stdint.h>

/* libespeak-ng, which is one global engine: every function is called on one and the same thread. */

enum {
    SWH_SPEECH_NO_VOICE = -1,
    SWH_SPEECH_TOO_LONG = -2,
    SWH_SPEECH_NO_MEMORY = -3,
    SWH_SPEECH_ENGINE = -4,
};

/* Starts the engine. Its sample rate in Hz, or SWH_SPEECH_ENGINE when its voice data cannot be read. */
int swh_speech_start(void);

/* The voice that speaks a language (`en-us`, any case) best, NULL when there is none. Lives as long as the engine. */
const char *_Nullable swh_speech_voice(const char *_Nonnull language);

/* Speaks UTF-8 text with a voice of swh_speech_voice, perhaps with a variant behind it (`+f2`). 0 with malloc'ed mono samples (free them with swh_speech_free),
 * or one of the codes above. Stops with SWH_SPEECH_TOO_LONG beyond `frame_limit` frames. */
int swh_speech_synthesize(const char *_Nonnull voice, const char *_Nonnull text, int is_ssml, size_t frame_limit,
                          int16_t *_Nullable *_Nonnull samples, size_t *_Nonnull frame_count);

void swh_speech_free(int16_t *_Nullable samples);

#endif
