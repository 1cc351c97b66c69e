#ifndef SWH_CRESAMPLER_H
#define SWH_CRESAMPLER_H

#include <stdint.h>

/* Mono sample-rate conversion by libspeexdsp. */

#define SWH_RESAMPLER_RT __attribute__((swift_attr("@_noLocks"), swift_attr("@_noAllocation")))

typedef struct swh_resampler swh_resampler;

/* Quality 0 (fast) to 10 (best); 3 is the library's telephony choice. NULL when out of memory or a rate is 0. */
swh_resampler *_Nullable swh_resampler_new(uint32_t input_rate, uint32_t output_rate, int quality);
void swh_resampler_free(swh_resampler *_Nullable resampler);
/* Forgets the history. */
SWH_RESAMPLER_RT void swh_resampler_reset(swh_resampler *_Nonnull resampler);
/* Group delay, output samples. */
SWH_RESAMPLER_RT uint32_t swh_resampler_delay(swh_resampler *_Nonnull resampler);
/* Converts up to *input_count samples into at most *output_count; both are set to what was used and made.
 * 0, or the library's error code. */
SWH_RESAMPLER_RT int swh_resampler_run(swh_resampler *_Nonnull resampler, const int16_t *_Nonnull input,
                                       uint32_t *_Nonnull input_count, int16_t *_Nonnull output,
                                       uint32_t *_Nonnull output_count);
/* The same for sums, which may be wider than 16 bits. */
SWH_RESAMPLER_RT int swh_resampler_run_float(swh_resampler *_Nonnull resampler, const float *_Nonnull input,
                                             uint32_t *_Nonnull input_count, float *_Nonnull output,
                                             uint32_t *_Nonnull output_count);

#endif
