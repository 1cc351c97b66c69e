#ifndef SWH_CRECOGNITION_H
#define SWH_CRECOGNITION_H

#include <stddef.h>
#include <stdint.h>

/* libpocketsphinx (5prealpha). A recogniser is used by one thread at a time; different ones run side by side. */

typedef struct swh_recogniser swh_recogniser;

enum {
    SWH_RECOGNITION_GRAMMAR = -1, /* the grammar is wrong, or holds a word that the dictionary has not */
    SWH_RECOGNITION_ENGINE = -2,
    SWH_RECOGNITION_NO_MEMORY = -3,
};

/* Reads acoustic model and dictionary; takes a third of a second. NULL when one of them cannot be read. The language
 * model is read with the first free utterance. */
swh_recogniser *_Nullable swh_recogniser_create(const char *_Nonnull acoustic_model, const char *_Nonnull dictionary,
                                                const char *_Nonnull language_model);
void swh_recogniser_destroy(swh_recogniser *_Nullable recogniser);

/* Whether the dictionary has a word (lower case). */
int swh_recogniser_knows(swh_recogniser *_Nonnull recogniser, const char *_Nonnull word);

/* Begins an utterance. grammar: JSGF text whose public rule is tried alone; NULL: free speech. 0 or a code. */
int swh_recogniser_begin(swh_recogniser *_Nonnull recogniser, const char *_Nullable grammar);

/* Takes 16 kHz mono samples. 0 or a code. */
int swh_recogniser_feed(swh_recogniser *_Nonnull recogniser, const int16_t *_Nonnull samples, size_t count);

/* Ends the utterance. Writes up to `limit` different readings, the likeliest first, each ended by a zero byte, into
 * `text`, and how sure each is (0 to 1) into `confidence`. Returns how many there are, or a code. */
int swh_recogniser_end(swh_recogniser *_Nonnull recogniser, char *_Nonnull text, size_t room,
                       double *_Nonnull confidence, int limit);

/* The words of the likeliest reading of the free utterance that ended last; none of one with a grammar. */
int swh_recogniser_word_count(const swh_recogniser *_Nonnull recogniser);
typedef struct swh_word {
    char text[48];
    int start, end; /* milliseconds since the utterance began */
    double confidence;
} swh_word;
const swh_word *_Nonnull swh_recogniser_word(const swh_recogniser *_Nonnull recogniser, int index);

/* Lays the words of a grammar over 16 kHz samples, between utterances. How many words there are then, each as sure as it
 * fits the sound it was laid over; 0 when none of the grammar's readings reaches over the whole sound; or a code. */
int swh_recogniser_align(swh_recogniser *_Nonnull recogniser, const char *_Nonnull grammar,
                         const int16_t *_Nonnull samples, size_t count);

#endif
