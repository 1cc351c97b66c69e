#define _GNU_SOURCE
#include "CSoundFile.h"

#include <errno.h>
#include <fcntl.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK_FRAMES = 960, MOST_CHANNELS = 32, MP3_KBITS = 32 };

struct swh_sound_writer {
    int fd, channels;
    /* First errno of the disk. Kept here because the MP3 encoder of libsndfile 1.2 does not say that a write failed. */
    int fault;
    sf_count_t length, position;
    SNDFILE *handle;
    float block[BLOCK_FRAMES * MOST_CHANNELS];
};

static sf_count_t disk_length(void *context) { return ((swh_sound_writer *)context)->length; }
static sf_count_t disk_tell(void *context) { return ((swh_sound_writer *)context)->position; }

static sf_count_t disk_seek(sf_count_t offset, int whence, void *context)
{
    swh_sound_writer *w = context;
    sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? w->position : w->length;
    if (base + offset < 0) return -1;
    w->position = base + offset;
    return w->position;
}

static sf_count_t disk_read(void *target, sf_count_t count, void *context)
{
    swh_sound_writer *w = context;
    ssize_t got = pread(w->fd, target, (size_t)count, w->position);
    if (got <= 0) return 0;
    w->position += got;
    return got;
}

static sf_count_t disk_write(const void *source, sf_count_t count, void *context)
{
    swh_sound_writer *w = context;
    sf_count_t done = 0;
    while (done < count && !w->fault) {
        ssize_t put = pwrite(w->fd, (const char *)source + done, (size_t)(count - done), w->position);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) {
            w->fault = put < 0 ? errno : ENOSPC;
            break;
        }
        done += put;
        w->position += put;
        if (w->position > w->length) w->length = w->position;
    }
    return done;
}

static SF_VIRTUAL_IO disk_io = {disk_length, disk_seek, disk_read, disk_write, disk_tell};

swh_sound_writer *swh_sound_writer_open(const char *path, int format, int rate, int channels, char *reason,
                                        size_t reason_size)
{
    static const int formats[] = {0, SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
                                  SF_FORMAT_OGG | SF_FORMAT_VORBIS};
    if (format < SWH_SOUND_WAV || format > SWH_SOUND_OGG || channels < 1 || channels > MOST_CHANNELS) {
        snprintf(reason, reason_size, "format %d with %d channels", format, channels);
        return NULL;
    }
    swh_sound_writer *w = calloc(1, sizeof *w);
    if (!w) {
        snprintf(reason, reason_size, "out of memory");
        return NULL;
    }
    w->channels = channels;
    w->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    if (w->fd < 0) {
        snprintf(reason, reason_size, "%s", swh_sound_error_text(errno));
        free(w);
        return NULL;
    }
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = formats[format]};
    w->handle = sf_open_virtual(&disk_io, SFM_WRITE, &info, w);
    if (!w->handle) {
        snprintf(reason, reason_size, "%s", w->fault ? swh_sound_error_text(w->fault) : sf_strerror(NULL));
        close(w->fd);
        free(w);
        return NULL;
    }
    /* Beyond full scale a sample is clipped, not wrapped. */
    sf_command(w->handle, SFC_SET_CLIPPING, NULL, SF_TRUE);
    if (format == SWH_SOUND_MP3) {
        /* The library's scale for a constant bit rate: 0 is the highest, 1 the lowest of the MPEG version. */
        int constant = SF_BITRATE_MODE_CONSTANT;
        double highest = rate >= 32000 ? 320 : rate >= 16000 ? 160 : 64, lowest = rate >= 32000 ? 32 : 8;
        double compression = (highest - MP3_KBITS) / (highest - lowest);
        sf_command(w->handle, SFC_SET_BITRATE_MODE, &constant, sizeof constant);
        sf_command(w->handle, SFC_SET_COMPRESSION_LEVEL, &compression, sizeof compression);
    }
    return w;
}

int swh_sound_writer_write(swh_sound_writer *w, const int16_t *samples, long frame_count)
{
    /* As floats: 16-bit stereo reaches the MP3 encoder of libsndfile 1.2 at half its level. */
    while (frame_count > 0 && !w->fault) {
        long frames = frame_count < BLOCK_FRAMES ? frame_count : BLOCK_FRAMES;
        long count = frames * w->channels;
        for (long i = 0; i < count; i++) w->block[i] = (float)samples[i] / 32768.0f;
        if (sf_writef_float(w->handle, w->block, frames) != frames && !w->fault) w->fault = EIO;
        samples += count;
        frame_count -= frames;
    }
    return -w->fault;
}

int64_t swh_sound_writer_bytes(const swh_sound_writer *w) { return w->length; }

int swh_sound_writer_close(swh_sound_writer *w, int64_t *bytes)
{
    if (sf_close(w->handle) != 0 && !w->fault) w->fault = EIO;
    /* The event that names the file is on disk before anybody hears of it; so is the file. */
    if (fdatasync(w->fd) != 0 && errno != EINVAL && !w->fault) w->fault = errno;
    if (close(w->fd) != 0 && !w->fault) w->fault = errno;
    int fault = w->fault;
    *bytes = w->length;
    free(w);
    return -fault;
}

const char *swh_sound_error_text(int error)
{
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}
