#include "CResampler.h"

#include <stddef.h>

#include <speex/speex_resampler.h>

swh_resampler *swh_resampler_new(uint32_t input_rate, uint32_t output_rate, int quality) {
    int error = 0;
    if (input_rate == 0 || output_rate == 0) return NULL;
    return (swh_resampler *)speex_resampler_init(1, input_rate, output_rate, quality, &error);
}

void swh_resampler_free(swh_resampler *resampler) {
    if (resampler != NULL) speex_resampler_destroy((SpeexResamplerState *)resampler);
}

void swh_resampler_reset(swh_resampler *resampler) { speex_resampler_reset_mem((SpeexResamplerState *)resampler); }

uint32_t swh_resampler_delay(swh_resampler *resampler) {
    return (uint32_t)speex_resampler_get_output_latency((SpeexResamplerState *)resampler);
}

int swh_resampler_run_float(swh_resampler *resampler, const float *input, uint32_t *input_count, float *output,
                            uint32_t *output_count) {
    return speex_resampler_process_float((SpeexResamplerState *)resampler, 0, input, input_count, output, output_count);
}

int swh_resampler_run(swh_resampler *resampler, const int16_t *input, uint32_t *input_count, int16_t *output,
                      uint32_t *output_count) {
    return speex_resampler_process_int((SpeexResamplerState *)resampler, 0, input, input_count, output, output_count);
}
