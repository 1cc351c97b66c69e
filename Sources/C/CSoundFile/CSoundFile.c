#include "CSoundFile.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_FRAMES = 1024 };

/* A file in memory: fixed when read, growing when written. */
struct memory {
    const uint8_t *fixed;
    uint8_t *grown;
    sf_count_t length, capacity, position;
};

struct swh_sound_file {
    struct memory memory;
    SNDFILE *handle;
    SF_INFO info;
    float *block;
};

static sf_count_t memory_length(void *context) { return ((struct memory *)context)->length; }
static sf_count_t memory_tell(void *context) { return ((struct memory *)context)->position; }

static sf_count_t memory_seek(sf_count_t offset, int whence, void *context)
{
    struct memory *m = context;
    sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? m->position : m->length;
    /* Offsets come from the file's own headers. */
    if (offset > 0 && base > INT64_MAX - offset) return -1;
    if (base + offset < 0) return -1;
    m->position = base + offset;
    return m->position;
}

static sf_count_t memory_read(void *target, sf_count_t count, void *context)
{
    struct memory *m = context;
    if (count <= 0 || m->position >= m->length) return 0;
    if (count > m->length - m->position) count = m->length - m->position;
    memcpy(target, (m->fixed ? m->fixed : m->grown) + m->position, (size_t)count);
    m->position += count;
    return count;
}

static sf_count_t memory_write(const void *source, sf_count_t count, void *context)
{
    struct memory *m = context;
    if (m->fixed || count <= 0) return 0;
    sf_count_t end = m->position + count;
    if (end > m->capacity) {
        sf_count_t capacity = m->capacity ? m->capacity : 65536;
        while (capacity < end) capacity *= 2;
        uint8_t *grown = realloc(m->grown, (size_t)capacity);
        if (!grown) return 0;
        m->grown = grown;
        m->capacity = capacity;
    }
    if (m->position > m->length) memset(m->grown + m->length, 0, (size_t)(m->position - m->length));
    memcpy(m->grown + m->position, source, (size_t)count);
    m->position = end;
    if (end > m->length) m->length = end;
    return count;
}

static SF_VIRTUAL_IO memory_io = {memory_length, memory_seek, memory_read, memory_write, memory_tell};

/* The bytes, or the file at the path. */
static swh_sound_file *open_either(const uint8_t *bytes, size_t byte_count, const char *path, char *reason,
                                   size_t reason_size)
{
    swh_sound_file *file = calloc(1, sizeof *file);
    if (!file) {
        snprintf(reason, reason_size, "out of memory");
        return NULL;
    }
    file->memory.fixed = bytes;
    file->memory.length = (sf_count_t)byte_count;
    file->handle = path ? sf_open(path, SFM_READ, &file->info)
                        : sf_open_virtual(&memory_io, SFM_READ, &file->info, &file->memory);
    if (!file->handle) {
        snprintf(reason, reason_size, "%s", sf_strerror(NULL));
        free(file);
        return NULL;
    }
    if (file->info.channels > 0 && file->info.channels <= 64)
        file->block = malloc(BLOCK_FRAMES * (size_t)file->info.channels * sizeof *file->block);
    if (!file->block) {
        snprintf(reason, reason_size, "%d channels", file->info.channels);
        swh_sound_file_close(file);
        return NULL;
    }
    return file;
}

swh_sound_file *swh_sound_file_open(const uint8_t *bytes, size_t byte_count, char *reason, size_t reason_size)
{
    return open_either(bytes, byte_count, NULL, reason, reason_size);
}

swh_sound_file *swh_sound_file_open_path(const char *path, char *reason, size_t reason_size)
{
    return open_either(NULL, 0, path, reason, reason_size);
}

int swh_sound_file_rate(const swh_sound_file *file) { return file->info.samplerate; }
int swh_sound_file_channels(const swh_sound_file *file) { return file->info.channels; }

/* Written so that NaN becomes silence. */
static int16_t sample_of(float value)
{
    return value >= 32767.0f ? 32767 : value >= -32768.0f ? (int16_t)lrintf(value) : value < 0.0f ? -32768 : 0;
}

long swh_sound_file_read(swh_sound_file *file, int16_t *samples, long frame_count)
{
    const int channels = file->info.channels;
    long done = 0;
    while (done < frame_count) {
        long wanted = frame_count - done < BLOCK_FRAMES ? frame_count - done : BLOCK_FRAMES;
        long got = (long)sf_readf_float(file->handle, file->block, wanted);
        if (got <= 0) break;
        for (long i = 0; i < got * channels; i++) samples[done * channels + i] = sample_of(file->block[i] * 32768.0f);
        done += got;
    }
    return done;
}

long swh_sound_file_read_mono(swh_sound_file *file, int16_t *samples, long frame_count)
{
    const int channels = file->info.channels;
    long done = 0;
    while (done < frame_count) {
        long wanted = frame_count - done < BLOCK_FRAMES ? frame_count - done : BLOCK_FRAMES;
        long got = (long)sf_readf_float(file->handle, file->block, wanted);
        if (got <= 0) break;
        for (long i = 0; i < got; i++) {
            float sum = 0;
            for (int c = 0; c < channels; c++) sum += file->block[i * channels + c];
            samples[done + i] = sample_of(sum / (float)channels * 32768.0f);
        }
        done += got;
    }
    return done;
}

void swh_sound_file_close(swh_sound_file *file)
{
    sf_close(file->handle);
    free(file->block);
    free(file);
}

int swh_sound_file_encode(int format, int rate, const int16_t *samples, size_t sample_count, uint8_t **bytes,
                          size_t *byte_count, char *reason, size_t reason_size)
{
    static const int formats[] = {0, SF_FORMAT_WAV | SF_FORMAT_PCM_16, SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III,
                                  SF_FORMAT_OGG | SF_FORMAT_VORBIS};
    struct memory memory = {0};
    SF_INFO info = {.samplerate = rate, .channels = 1};
    *bytes = NULL;
    *byte_count = 0;
    if (format < SWH_SOUND_WAV || format > SWH_SOUND_OGG) {
        snprintf(reason, reason_size, "format %d", format);
        return -1;
    }
    info.format = formats[format];
    SNDFILE *handle = sf_open_virtual(&memory_io, SFM_WRITE, &info, &memory);
    if (!handle) {
        snprintf(reason, reason_size, "%s", sf_strerror(NULL));
        free(memory.grown);
        return -1;
    }
    sf_count_t written = sf_writef_short(handle, samples, (sf_count_t)sample_count);
    if (sf_close(handle) != 0 || written != (sf_count_t)sample_count) {
        snprintf(reason, reason_size, "%lld of %zu frames written", (long long)written, sample_count);
        free(memory.grown);
        return -1;
    }
    *bytes = memory.grown;
    *byte_count = (size_t)memory.length;
    return 0;
}

void swh_sound_file_free(uint8_t *bytes) { free(bytes); }
