#include "recogniser.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Score a frame of the free phones, over what is kept. NULL without memory or reading. */
static double *free_scores(swh_recogniser *recogniser, size_t frames)
{
    ps_decoder_t *decoder = recogniser->decoder;
    double *scores = calloc(frames, sizeof *scores);
    if (!scores) return NULL;
    int failed = ps_set_search(decoder, ANYTHING) < 0 || ps_start_utt(decoder) < 0;
    if (!failed) {
        failed = ps_process_raw(decoder, recogniser->samples, recogniser->count, FALSE, FALSE) < 0;
        failed |= ps_end_utt(decoder) < 0;
    }
    int32 best = 0;
    if (failed || !ps_get_hyp(decoder, &best)) {
        free(scores);
        return NULL;
    }
    int first = 0, is_first = 1;
    for (ps_seg_t *segment = ps_seg_iter(decoder); segment; segment = ps_seg_next(segment)) {
        int start, end;
        int32 acoustic, language, back;
        ps_seg_frames(segment, &start, &end);
        if (is_first) first = start;
        is_first = 0;
        ps_seg_prob(segment, &acoustic, &language, &back);
        for (int frame = start - first; frame <= end - first; frame++)
            if (frame >= 0 && (size_t)frame < frames) scores[frame] = (double)acoustic / (end - start + 1);
    }
    return scores;
}

/* Each word is believed by how much better than free phones it fits the sound it was laid over. Measured with synthetic
 * voices over a telephone, six prompts against each other's texts: words that were said lie 20 below to 2 above the phones
 * (score a frame; one in eight up to 15), others mostly 8 to 60 above. So 80 to 100 % of the right text's words are
 * believed, and 0 to 50 % of another's. */
int swh_recogniser_align(swh_recogniser *recogniser, const char *grammar, const int16_t *samples, size_t count)
{
    ps_decoder_t *decoder = recogniser->decoder;
    recogniser->count = 0;
    recogniser->word_count = 0;
    recogniser->dice = 1;
    for (size_t index = 0; index < count; index++) {
        int16_t sample = swh_with_noise(recogniser, samples[index]);
        if (swh_keep(recogniser, &sample, 1) < 0) return SWH_RECOGNITION_NO_MEMORY;
    }
    if (ps_set_jsgf_string(decoder, GRAMMAR, grammar) < 0) return SWH_RECOGNITION_GRAMMAR;
    size_t frames = count / FRAME + 1;
    double *scores = free_scores(recogniser, frames);
    if (!scores) return 0;
    int failed = ps_set_search(decoder, GRAMMAR) < 0 || ps_start_utt(decoder) < 0;
    if (!failed) {
        failed = ps_process_raw(decoder, recogniser->samples, recogniser->count, FALSE, FALSE) < 0;
        failed |= ps_end_utt(decoder) < 0;
    }
    int32 best = 0;
    const char *reading = failed ? NULL : ps_get_hyp(decoder, &best);
    int first = 0, is_first = 1;
    for (ps_seg_t *segment = reading ? ps_seg_iter(decoder) : NULL; segment; segment = ps_seg_next(segment)) {
        int start, end;
        int32 acoustic, language, back;
        ps_seg_frames(segment, &start, &end);
        if (is_first) first = start;
        is_first = 0;
        const char *word = ps_seg_word(segment);
        if (!word || *word == '<' || *word == '[' || *word == '+' || *word == '(') continue;
        if (recogniser->word_count == sizeof recogniser->words / sizeof *recogniser->words) continue;
        ps_seg_prob(segment, &acoustic, &language, &back);
        double reference = 0;
        for (int frame = start - first; frame <= end - first; frame++)
            if (frame >= 0 && (size_t)frame < frames) reference += scores[frame];
        double distance = (reference - acoustic) / (end - start + 1);
        swh_word *kept = &recogniser->words[recogniser->word_count++];
        snprintf(kept->text, sizeof kept->text, "%.*s", (int)strcspn(word, "("), word);
        kept->start = (start - first) * 10;
        kept->end = (end - first + 1) * 10;
        kept->confidence = 1 / (1 + exp((distance - 6) / 2));
    }
    free(scores);
    return failed ? SWH_RECOGNITION_ENGINE : recogniser->word_count;
}
