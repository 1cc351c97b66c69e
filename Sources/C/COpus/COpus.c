#include "COpus.h"

#include <opus/opus.h>
#include <stddef.h>

swh_opus_encoder *swh_opus_encoder_new(int32_t rate, int32_t application, int32_t bitrate, int32_t complexity,
                                       int32_t fec, int32_t dtx, int32_t constant_rate) {
    int status = OPUS_OK;
    OpusEncoder *encoder = opus_encoder_create(rate, 1, application, &status);
    if (encoder == NULL || status != OPUS_OK) return NULL;
    if (opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bitrate)) != OPUS_OK ||
        opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(complexity)) != OPUS_OK ||
        opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(fec)) != OPUS_OK ||
        opus_encoder_ctl(encoder, OPUS_SET_DTX(dtx)) != OPUS_OK ||
        opus_encoder_ctl(encoder, OPUS_SET_VBR(!constant_rate)) != OPUS_OK ||
        (application == OPUS_APPLICATION_VOIP &&
         opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)) != OPUS_OK)) {
        opus_encoder_destroy(encoder);
        return NULL;
    }
    return encoder;
}

void swh_opus_encoder_free(swh_opus_encoder *encoder) { opus_encoder_destroy(encoder); }

int32_t swh_opus_encoder_set_loss(swh_opus_encoder *encoder, int32_t percent) {
    return opus_encoder_ctl(encoder, OPUS_SET_PACKET_LOSS_PERC(percent));
}

int32_t swh_opus_encoder_set_bitrate(swh_opus_encoder *encoder, int32_t bitrate) {
    return opus_encoder_ctl(encoder, OPUS_SET_BITRATE(bitrate));
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
    int status = OPUS_OK;
    OpusDecoder *decoder = opus_decoder_create(rate, 1, &status);
    return status == OPUS_OK ? decoder : NULL;
}

void swh_opus_decoder_free(swh_opus_decoder *decoder) { opus_decoder_destroy(decoder); }

int32_t swh_opus_decoder_reset(swh_opus_decoder *decoder) { return opus_decoder_ctl(decoder, OPUS_RESET_STATE); }

int32_t swh_opus_decode(swh_opus_decoder *decoder, const uint8_t *packet, int32_t count, int16_t *samples,
                        int32_t capacity, int32_t fec) {
    return opus_decode(decoder, packet, count, samples, capacity, fec);
}

int32_t swh_opus_packet_samples(const uint8_t *packet, int32_t count, int32_t rate) {
    return opus_packet_get_nb_samples(packet, count, rate);
}
