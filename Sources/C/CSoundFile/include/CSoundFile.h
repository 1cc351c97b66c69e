#ifndef SWH_CSOUNDFILE_H
#define SWH_CSOUNDFILE_H

#include <stddef.h>
#include <stdint.h>

/* libsndfile over memory. A handle belongs to one thread at a time. */
typedef struct swh_sound_file swh_sound_file;

/* Opens a file held in memory; the bytes must outlive the handle. NULL with the library's words in `reason`. */
swh_sound_file *_Nullable swh_sound_file_open(const uint8_t *_Nonnull bytes, size_t byte_count,
                                              char *_Nonnull reason, size_t reason_size);
int swh_sound_file_rate(const swh_sound_file *_Nonnull file);
int swh_sound_file_channels(const swh_sound_file *_Nonnull file);
/* Reads up to `frame_count` frames, channels averaged into one. 0 at the end. */
long swh_sound_file_read_mono(swh_sound_file *_Nonnull file, int16_t *_Nonnull samples, long frame_count);
void swh_sound_file_close(swh_sound_file *_Nonnull file);

enum { SWH_SOUND_WAV = 1, SWH_SOUND_MP3 = 2, SWH_SOUND_OGG = 3 };

/* Encodes mono samples into malloc'ed bytes (free them with swh_sound_file_free). 0, or -1 with `reason`. */
int swh_sound_file_encode(int format, int rate, const int16_t *_Nonnull samples, size_t sample_count,
                          uint8_t *_Nullable *_Nonnull bytes, size_t *_Nonnull byte_count, char *_Nonnull reason,
                          size_t reason_size);
void swh_sound_file_free(uint8_t *_Nullable bytes);

#endif
