#include "COpus.h"

#include <opus/opus.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The state moves into pages of its own, those that are all zero untouched: of 60 kB a telephone call (SILK, 8 kHz)
   leaves half unused. libopus allows it: a state is position independent (opus.h). */
static void *in_pages(const void *state, size_t size) {
    static const unsigned char zero[4096];
    unsigned char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return NULL;
    for (size_t at = 0; at < size; at += sizeof zero) {
        size_t length = size - at < sizeof zero ? size - at : sizeof zero;
        const unsigned char *part = (const unsigned char *)state + at;
        if (memcmp(part, zero, length) != 0) memcpy(pages + at, part, length);
    }
    return pages;
}

swh_opus_encoder *swh_opus_encoder_new(int32_t rate, int32_t application, int32_t bitrate, int32_t complexity,
                                       int32_t fec, int32_t dtx, int32_t constant_rate) {
    size_t size = (size_t)opus_encoder_get_size(1);
    OpusEncoder *encoder = malloc(size), *made = NULL;
    if (encoder == NULL) return NULL;
    if (opus_encoder_init(encoder, rate, 1, application) == OPUS_OK &&
        opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bitrate)) == OPUS_OK &&
        opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity)) == OPUS_OK &&
        opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(fec)) == OPUS_OK &&
        opus_encoder_ctl(encoder, OPUS_SET_DTX(dtx)) == OPUS_OK &&
        opus_encoder_ctl(encoder, OPUS_SET_VBR(!constant_rate)) == OPUS_OK &&
        (application != OPUS_APPLICATION_VOIP ||
         opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)) == OPUS_OK))
        made = in_pages(encoder, size);
    free(encoder);
    return made;
}

void swh_opus_encoder_free(swh_opus_encoder *encoder) { munmap(encoder, (size_t)opus_encoder_get_size(1)); }

int32_t swh_opus_encoder_set_loss(swh_opus_encoder *encoder, int32_t percent) {
    return opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(percent));
}

int32_t swh_opus_encoder_set_bitrate(swh_opus_encoder *encoder, int32_t bitrate) {
    return opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bitrate));
}

int32_t swh_opus_encoder_set_complexity(swh_opus_encoder *encoder, int32_t complexity) {
    return opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity));
}

int32_t swh_opus_encoder_lookahead(swh_opus_encoder *encoder) {
    opus_int32 samples = 0;
    int status = opus_encoder_ctl(encoder, OPUS_GET_LOOKAHEAD(&samples));
    return status == OPUS_OK ? samples : status;
}

int32_t swh_opus_encoder_reset(swh_opus_encoder *encoder) { return opus_encoder_ctl(encoder, OPUS_RESET_STATE); }

int32_t swh_opus_encode(swh_opus_encoder *encoder, const int16_t *samples, int32_t count, uint8_t *packet,
                        int32_t capacity) {
    return opus_encode(encoder, samples, count, packet, capacity);
}

swh_opus_decoder *swh_opus_decoder_new(int32_t rate) {
    size_t size = (size_t)opus_decoder_get_size(1);
    OpusDecoder *decoder = malloc(size), *made = NULL;
    if (decoder == NULL) return NULL;
    if (opus_decoder_init(decoder, rate, 1) == OPUS_OK) made = in_pages(decoder, size);
    free(decoder);
    return made;
}

void swh_opus_decoder_free(swh_opus_decoder *decoder) { munmap(decoder, (size_t)opus_decoder_get_size(1)); }

int32_t swh_opus_decoder_reset(swh_opus_decoder *decoder) {
    opus_int32 last = -1;
    /* One that has decoded nothing yet is as new, and clearing it would touch all its pages. */
    if (opus_decoder_ctl(decoder, OPUS_GET_LAST_PACKET_DURATION(&last)) == OPUS_OK && last == 0) return OPUS_OK;
    return opus_decoder_ctl(decoder, OPUS_RESET_STATE);
}

int32_t swh_opus_decode(swh_opus_decoder *decoder, const uint8_t *packet, int32_t count, int16_t *samples,
                        int32_t capacity, int32_t fec) {
    return opus_decode(decoder, packet, count, samples, capacity, fec);
}

int32_t swh_opus_packet_samples(const uint8_t *packet, int32_t count, int32_t rate) {
    return opus_packet_get_nb_samples(packet, count, rate);
}
