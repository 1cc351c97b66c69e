#ifndef SWH_RECOGNISER_H
#define SWH_RECOGNISER_H

#include "CRecognition.h"

#include <pocketsphinx.h>

struct swh_recogniser {
    ps_decoder_t *decoder;
    cmd_ln_t *settings;
    char *language_model;
    int has_language_model;
    /* An utterance that is held against a grammar, kept for the second pass. */
    int has_grammar;
    uint32_t dice;
    int16_t *samples;
    size_t count, capacity;
    /* Words of free speech; those of an utterance of a minute fit. */
    swh_word words[512];
    int word_count;
};

/* Names of the searches. ANYTHING is a loop of all phones: what a grammar must beat to be believed. */
#define FREE_SPEECH "free"
#define GRAMMAR "grammar"
#define ANYTHING "anything"

/* Samples of one frame of 10 ms. */
enum { FRAME = 160 };

/* Adds samples to those that are kept. 0, or -1 without memory. */
int swh_keep(swh_recogniser *recogniser, const int16_t *samples, size_t count);
/* A sample with noise on it that the model needs. */
int16_t swh_with_noise(swh_recogniser *recogniser, int16_t sample);

#endif
