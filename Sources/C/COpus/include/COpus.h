#ifndef SWH_COPUS_H
#define SWH_COPUS_H

#include <stdint.h>

/* What Swift cannot call of libopus: the variadic ctl calls. The rest is here too, so that each call on a media
   thread carries the promise below. No policy. */

/* Promise to Swift's real-time check: no allocation, no lock. The compiler believes it, so review does the checking:
   libopus allocates only in its create calls (its scratch memory is on the stack). */
#define SWH_RT __attribute__((swift_attr("@_noLocks"), swift_attr("@_noAllocation")))

typedef struct OpusEncoder swh_opus_encoder;
typedef struct OpusDecoder swh_opus_decoder;

/* One channel. `application` is one of OPUS_APPLICATION_*. Null when the rate is not 8000, 12000, 16000, 24000 or 48000,
   a setting is out of range, or there is no memory. */
swh_opus_encoder *_Nullable swh_opus_encoder_new(int32_t rate, int32_t application, int32_t bitrate, int32_t complexity,
                                                 int32_t fec, int32_t dtx, int32_t constant_rate);
void swh_opus_encoder_free(swh_opus_encoder *_Nonnull encoder);
/* Percent, 0 to 100; a negative libopus error otherwise. */
SWH_RT int32_t swh_opus_encoder_set_loss(swh_opus_encoder *_Nonnull encoder, int32_t percent);
SWH_RT int32_t swh_opus_encoder_set_bitrate(swh_opus_encoder *_Nonnull encoder, int32_t bitrate);
/* 0 to 10. */
SWH_RT int32_t swh_opus_encoder_set_complexity(swh_opus_encoder *_Nonnull encoder, int32_t complexity);
/* Samples, at the encoder's rate, that the encoder holds back. */
SWH_RT int32_t swh_opus_encoder_lookahead(swh_opus_encoder *_Nonnull encoder);
SWH_RT int32_t swh_opus_encoder_reset(swh_opus_encoder *_Nonnull encoder);
/* Bytes written, or a negative libopus error. */
SWH_RT int32_t swh_opus_encode(swh_opus_encoder *_Nonnull encoder, const int16_t *_Nonnull samples, int32_t count,
                               uint8_t *_Nonnull packet, int32_t capacity);

/* Decoder, one channel (stereo packets are mixed down by libopus). */
swh_opus_decoder *_Nullable swh_opus_decoder_new(int32_t rate);
void swh_opus_decoder_free(swh_opus_decoder *_Nonnull decoder);
SWH_RT int32_t swh_opus_decoder_reset(swh_opus_decoder *_Nonnull decoder);
/* Samples written, or a negative libopus error. A null packet conceals `capacity` samples; with `fec` the lost frame
   before `packet` is made from it, exactly `capacity` samples. */
SWH_RT int32_t swh_opus_decode(swh_opus_decoder *_Nonnull decoder, const uint8_t *_Nullable packet, int32_t count,
                               int16_t *_Nonnull samples, int32_t capacity, int32_t fec);
/* Samples a packet holds at `rate`, or a negative libopus error. */
SWH_RT int32_t swh_opus_packet_samples(const uint8_t *_Nonnull packet, int32_t count, int32_t rate);

#endif
