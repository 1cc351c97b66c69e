#include "recogniser.h"

#include <math.h>
#include <sphinxbase/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const phones[] = {"AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY",
                                     "F",  "G",  "HH", "IH", "IY", "JH", "K", "L",  "M", "N",  "NG", "OW", "OY",
                                     "P",  "R",  "S",  "SH", "T",  "TH", "UH", "UW", "V", "W", "Y",  "Z",  "ZH"};
enum { PHONE_COUNT = sizeof phones / sizeof *phones };

static int add_phone_loop(ps_decoder_t *decoder)
{
    char grammar[1024];
    size_t used = (size_t)snprintf(grammar, sizeof grammar, "#JSGF V1.0; grammar anything; public <a> = ( ");
    for (int index = 0; index < PHONE_COUNT; index++) {
        char word[8];
        snprintf(word, sizeof word, "_%s", phones[index]);
        /* The searches learn of new words with the last one. */
        if (ps_add_word(decoder, word, phones[index], index == PHONE_COUNT - 1) < 0) return -1;
        used += (size_t)snprintf(grammar + used, sizeof grammar - used, "%s%s", index ? " | " : "", word);
    }
    snprintf(grammar + used, sizeof grammar - used, " )+ ;");
    return ps_set_jsgf_string(decoder, ANYTHING, grammar);
}

swh_recogniser *swh_recogniser_create(const char *acoustic_model, const char *dictionary, const char *language_model)
{
    /* The library writes pages of its own to stderr. */
    err_set_logfp(NULL);
    swh_recogniser *recogniser = calloc(1, sizeof *recogniser);
    if (!recogniser) return NULL;
    recogniser->language_model = strdup(language_model);
    /* The caller cuts speech out itself: the library's own detector would drop soft beginnings. */
    recogniser->settings = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", acoustic_model, "-dict", dictionary, "-bestpath",
                                       "yes", "-remove_silence", "no", NULL);
    if (recogniser->settings) recogniser->decoder = ps_init(recogniser->settings);
    if (!recogniser->language_model || !recogniser->decoder || add_phone_loop(recogniser->decoder) < 0) {
        swh_recogniser_destroy(recogniser);
        return NULL;
    }
    return recogniser;
}

void swh_recogniser_destroy(swh_recogniser *recogniser)
{
    if (!recogniser) return;
    if (recogniser->decoder) ps_free(recogniser->decoder);
    if (recogniser->settings) cmd_ln_free_r(recogniser->settings);
    free(recogniser->language_model);
    free(recogniser->samples);
    free(recogniser);
}

int swh_recogniser_knows(swh_recogniser *recogniser, const char *word)
{
    char *pronunciation = ps_lookup_word(recogniser->decoder, word);
    if (!pronunciation) return 0;
    free(pronunciation); /* made by ckd_salloc, which is malloc */
    return 1;
}

int swh_recogniser_begin(swh_recogniser *recogniser, const char *grammar)
{
    ps_decoder_t *decoder = recogniser->decoder;
    recogniser->has_grammar = grammar != NULL;
    recogniser->count = 0;
    recogniser->word_count = 0;
    recogniser->dice = 1;
    if (grammar && ps_set_jsgf_string(decoder, GRAMMAR, grammar) < 0) return SWH_RECOGNITION_GRAMMAR;
    if (!grammar && !recogniser->has_language_model) {
        if (ps_set_lm_file(decoder, FREE_SPEECH, recogniser->language_model) < 0) return SWH_RECOGNITION_ENGINE;
        recogniser->has_language_model = 1;
    }
    if (ps_set_search(decoder, grammar ? GRAMMAR : FREE_SPEECH) < 0)
        return grammar ? SWH_RECOGNITION_GRAMMAR : SWH_RECOGNITION_ENGINE;
    return ps_start_utt(decoder) < 0 ? SWH_RECOGNITION_ENGINE : 0;
}

int swh_keep(swh_recogniser *recogniser, const int16_t *samples, size_t count)
{
    if (recogniser->count + count > recogniser->capacity) {
        size_t capacity = recogniser->capacity ? recogniser->capacity : 65536;
        while (capacity < recogniser->count + count) capacity *= 2;
        int16_t *grown = realloc(recogniser->samples, capacity * sizeof *grown);
        if (!grown) return -1;
        recogniser->samples = grown;
        recogniser->capacity = capacity;
    }
    memcpy(recogniser->samples + recogniser->count, samples, count * sizeof *samples);
    recogniser->count += count;
    return 0;
}

/* Digital silence, and the empty band above a telephone's 4 kHz, are nothing the model has ever heard: its logarithms run
 * away. White noise of -55 dBFS, which no line is free of, made 72 of 72 phrases right where 62 were. */
enum { NOISE = 100, CHUNK = 320 };
int16_t swh_with_noise(swh_recogniser *recogniser, int16_t sample)
{
    recogniser->dice = recogniser->dice * 1664525u + 1013904223u;
    int value = sample + (int)((recogniser->dice >> 16) % (2 * NOISE + 1)) - NOISE;
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

int swh_recogniser_feed(swh_recogniser *recogniser, const int16_t *samples, size_t count)
{
    int16_t chunk[CHUNK];
    while (count > 0) {
        size_t some = count < CHUNK ? count : CHUNK;
        for (size_t index = 0; index < some; index++) chunk[index] = swh_with_noise(recogniser, samples[index]);
        if (recogniser->has_grammar && swh_keep(recogniser, chunk, some) < 0) return SWH_RECOGNITION_NO_MEMORY;
        if (ps_process_raw(recogniser->decoder, chunk, some, FALSE, FALSE) < 0) return SWH_RECOGNITION_ENGINE;
        samples += some;
        count -= some;
    }
    return 0;
}

/* Sum of the squares of one frame. */
static double energy(const int16_t *samples)
{
    double sum = 0;
    for (int index = 0; index < FRAME; index++) sum += (double)samples[index] * samples[index];
    return sum;
}

/* Share of the loud frames that lie in words: the silence model swallows a whole sentence around a "no". */
static double coverage(swh_recogniser *recogniser)
{
    size_t frames = recogniser->count / FRAME;
    double peak = 0;
    for (size_t frame = 0; frame < frames; frame++) peak = fmax(peak, energy(recogniser->samples + frame * FRAME));
    /* 25 dB below the loudest frame. */
    double loud = peak * 0.00316;
    size_t all = 0, inside = 0;
    for (size_t frame = 0; frame < frames; frame++) all += energy(recogniser->samples + frame * FRAME) > loud;
    int first = 0, is_first = 1;
    for (ps_seg_t *segment = ps_seg_iter(recogniser->decoder); segment; segment = ps_seg_next(segment)) {
        int start, end;
        ps_seg_frames(segment, &start, &end);
        /* Frames are counted from the decoder's beginning, not the utterance's. */
        if (is_first) first = start;
        is_first = 0;
        const char *word = ps_seg_word(segment);
        if (!word || *word == '<' || *word == '[' || *word == '+') continue;
        for (int frame = start - first; frame <= end - first; frame++)
            if (frame >= 0 && (size_t)frame < frames)
                inside += energy(recogniser->samples + (size_t)frame * FRAME) > loud;
    }
    return all ? (double)inside / (double)all : 0;
}

/* A grammar always finds something of its own in whatever is said. It is believed by how much better it fits the sound
 * than free phones do. Measured with synthetic voices over a telephone: phrases of the grammar lie 15 to 0 below them
 * (score a frame) and cover 0.89 of the sound or more; others lie 8 below to 17 above and cover half. */
static double belief(swh_recogniser *recogniser, int32 score)
{
    ps_decoder_t *decoder = recogniser->decoder;
    double covered = fmin(1, fmax(0, (coverage(recogniser) - 0.55) * 4));
    int32 reference = 0;
    if (covered == 0 || ps_set_search(decoder, ANYTHING) < 0 || ps_start_utt(decoder) < 0) return 0;
    int failed = ps_process_raw(decoder, recogniser->samples, recogniser->count, FALSE, FALSE) < 0;
    if (ps_end_utt(decoder) < 0 || failed || !ps_get_hyp(decoder, &reference)) return 0;
    double distance = (double)(reference - score) / fmax(1, ps_get_n_frames(decoder));
    return covered / (1 + exp(1.2 * (distance - 2)));
}

/* Keeps the words of free speech.
 * Returns how sure they are, one with another. */
static double keep_words(swh_recogniser *recogniser)
{
    ps_decoder_t *decoder = recogniser->decoder;
    double sum = 0;
    int words = 0, first = 0, is_first = 1;
    for (ps_seg_t *segment = ps_seg_iter(decoder); segment; segment = ps_seg_next(segment)) {
        int start, end;
        ps_seg_frames(segment, &start, &end);
        if (is_first) first = start;
        is_first = 0;
        const char *word = ps_seg_word(segment);
        if (!word || *word == '<' || *word == '[' || *word == '+') continue;
        int32 acoustic, language, back;
        double sure = logmath_exp(ps_get_logmath(decoder), ps_seg_prob(segment, &acoustic, &language, &back));
        sum += sure;
        words++;
        if (recogniser->word_count == sizeof recogniser->words / sizeof *recogniser->words) continue;
        swh_word *kept = &recogniser->words[recogniser->word_count++];
        /* Another pronunciation of a word is written "word(2)". */
        snprintf(kept->text, sizeof kept->text, "%.*s", (int)strcspn(word, "("), word);
        kept->start = (start - first) * 10;
        kept->end = (end - first + 1) * 10;
        kept->confidence = fmin(1, fmax(0, sure));
    }
    return words ? fmin(1, fmax(0, sum / words)) : 0;
}

int swh_recogniser_word_count(const swh_recogniser *recogniser) { return recogniser->word_count; }

const swh_word *swh_recogniser_word(const swh_recogniser *recogniser, int index) { return &recogniser->words[index]; }

static int is_told(const char *text, size_t used, const char *candidate)
{
    for (size_t at = 0; at < used; at += strlen(text + at) + 1)
        if (strcmp(text + at, candidate) == 0) return 1;
    return 0;
}

int swh_recogniser_end(swh_recogniser *recogniser, char *text, size_t room, double *confidence, int limit)
{
    ps_decoder_t *decoder = recogniser->decoder;
    if (ps_end_utt(decoder) < 0) return SWH_RECOGNITION_ENGINE;
    int32 best = 0;
    const char *reading = ps_get_hyp(decoder, &best);
    size_t used = reading ? strlen(reading) + 1 : 0;
    if (used <= 1 || used > room || limit < 1) return 0;
    memcpy(text, reading, used);
    if (recogniser->has_grammar) {
        confidence[0] = belief(recogniser, best);
        return 1;
    }
    confidence[0] = keep_words(recogniser);
    int count = 1, tried = 0;
    for (ps_nbest_t *next = ps_nbest(decoder); next; next = ps_nbest_next(next)) {
        int32 score = 0;
        const char *other = ps_nbest_hyp(next, &score);
        size_t length = other ? strlen(other) + 1 : 0;
        if (count < limit && length > 1 && used + length <= room && !is_told(text, used, other)) {
            memcpy(text + used, other, length);
            used += length;
            confidence[count] = confidence[count - 1] * exp(-fabs((double)best - score) / 2000);
            count++;
        }
        if (count >= limit || ++tried >= 20) {
            ps_nbest_free(next);
            break;
        }
    }
    return count;
}
