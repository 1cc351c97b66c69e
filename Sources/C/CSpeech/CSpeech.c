#include "CSpeech.h"

#include <espeak-ng/speak_lib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct collector {
    int16_t *samples;
    size_t count, capacity, limit;
    int error;
};

/* The engine has one callback and runs on one thread, so one collector at a time is enough. */
static struct collector *current;

static int collect(short *wave, int count, espeak_EVENT *events)
{
    (void)events;
    struct collector *c = current;
    if (!c || c->error) return 1;
    if (!wave || count <= 0) return 0;
    if (c->count + (size_t)count > c->limit) {
        c->error = SWH_SPEECH_TOO_LONG;
        return 1;
    }
    if (c->count + (size_t)count > c->capacity) {
        size_t capacity = c->capacity ? c->capacity * 2 : 65536;
        while (capacity < c->count + (size_t)count) capacity *= 2;
        int16_t *grown = realloc(c->samples, capacity * sizeof *grown);
        if (!grown) {
            c->error = SWH_SPEECH_NO_MEMORY;
            return 1;
        }
        c->samples = grown;
        c->capacity = capacity;
    }
    memcpy(c->samples + c->count, wave, (size_t)count * sizeof *wave);
    c->count += (size_t)count;
    return 0;
}

int swh_speech_start(void)
{
    /* Without DONT_EXIT the library ends the whole process when its data are missing. */
    int rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL, espeakINITIALIZE_DONT_EXIT);
    if (rate <= 0) return SWH_SPEECH_ENGINE;
    espeak_SetSynthCallback(collect);
    return rate;
}

const char *swh_speech_voice(const char *language)
{
    /* A voice is named by its file: the engine finds by language code only the first language of each voice. */
    const espeak_VOICE **voices = espeak_ListVoices(NULL);
    const char *best = NULL;
    char best_priority = 127;
    for (; voices && *voices; voices++) {
        const char *file = (*voices)->identifier;
        if (!file || strncmp(file, "mb/", 3) == 0) continue; /* needs MBROLA */
        /* A list of (priority byte, language, zero byte), ended by a zero priority; lower is better. */
        for (const char *entry = (*voices)->languages; entry && *entry; entry += strlen(entry) + 1)
            if (strcasecmp(entry + 1, language) == 0 && *entry < best_priority) {
                best = file;
                best_priority = *entry;
            }
    }
    return best;
}

int swh_speech_synthesize(const char *voice, const char *text, int is_ssml, size_t frame_limit, int16_t **samples,
                          size_t *frame_count)
{
    struct collector collector = {.limit = frame_limit};
    *samples = NULL;
    *frame_count = 0;
    if (espeak_SetVoiceByName(voice) != EE_OK) return SWH_SPEECH_NO_VOICE;
    current = &collector;
    espeak_ERROR status = espeak_Synth(text, strlen(text) + 1, 0, POS_CHARACTER, 0,
                                       espeakCHARS_UTF8 | (is_ssml ? espeakSSML : 0), NULL, NULL);
    current = NULL;
    if (!collector.error && status != EE_OK) collector.error = SWH_SPEECH_ENGINE;
    if (collector.error) {
        free(collector.samples);
        return collector.error;
    }
    *samples = collector.samples;
    *frame_count = collector.count;
    return 0;
}

void swh_speech_free(int16_t *samples) { free(samples); }
