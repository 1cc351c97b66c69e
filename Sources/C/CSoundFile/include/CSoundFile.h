#ifndef SWH_CSOUNDFILE_H
#define SWH_CSOUNDFILE_H

#include <stddef.h>
#include <stdint.h>

/* libsndfile over memory. A handle belongs to one thread at a time. */
typedef struct swh_sound_file swh_sound_file;

/* Opens a file held in memory; the bytes must outlive the handle. NULL with the library's words in `reason`. */
swh_sound_file *_Nullable swh_sound_file_open(const uint8_t *_Nonnull bytes, size_t byte_count,
                                              char *_Nonnull reason, size_t reason_size);
/* Opens a file on disk, likewise. */
swh_sound_file *_Nullable swh_sound_file_open_path(const char *_Nonnull path, char *_Nonnull reason,
                                                   size_t reason_size);
int swh_sound_file_rate(const swh_sound_file *_Nonnull file);
int swh_sound_file_channels(const swh_sound_file *_Nonnull file);
/* Reads up to `frame_count` frames, channels averaged into one. 0 at the end. */
long swh_sound_file_read_mono(swh_sound_file *_Nonnull file, int16_t *_Nonnull samples, long frame_count);
/* Reads up to `frame_count` frames, channels interleaved. 0 at the end. */
long swh_sound_file_read(swh_sound_file *_Nonnull file, int16_t *_Nonnull samples, long frame_count);
void swh_sound_file_close(swh_sound_file *_Nonnull file);

enum { SWH_SOUND_WAV = 1, SWH_SOUND_MP3 = 2, SWH_SOUND_OGG = 3 };

/* Encodes mono samples into malloc'ed bytes (free them with swh_sound_file_free). 0, or -1 with `reason`. */
int swh_sound_file_encode(int format, int rate, const int16_t *_Nonnull samples, size_t sample_count,
                          uint8_t *_Nullable *_Nonnull bytes, size_t *_Nonnull byte_count, char *_Nonnull reason,
                          size_t reason_size);
void swh_sound_file_free(uint8_t *_Nullable bytes);

/* A sound file on disk that grows while it is written: 16-bit samples, 1 to 32 interleaved channels. MP3 holds two
 * channels at most and has 32 kbit/s, constant. A handle belongs to one thread at a time. */
typedef struct swh_sound_writer swh_sound_writer;

/* Makes or empties the file. NULL with the system's or the library's words in `reason`. */
swh_sound_writer *_Nullable swh_sound_writer_open(const char *_Nonnull path, int format, int rate, int channels,
                                                  char *_Nonnull reason, size_t reason_size);
/* Writes `frame_count` frames. 0, or a negative errno; after one the file takes nothing more. */
int swh_sound_writer_write(swh_sound_writer *_Nonnull writer, const int16_t *_Nonnull samples, long frame_count);
/* Bytes the file has now; encoders keep some back until the end. */
int64_t swh_sound_writer_bytes(const swh_sound_writer *_Nonnull writer);
/* Completes the file on disk and frees the writer. 0, or a negative errno of this or an earlier write; `bytes` is the
 * file's length either way. */
int swh_sound_writer_close(swh_sound_writer *_Nonnull writer, int64_t *_Nonnull bytes);
/* The system's words for an errno. */
const char *_Nonnull swh_sound_error_text(int error);

#endif
