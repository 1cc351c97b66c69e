/* What the codecs of one call cost by themselves, in microseconds of CPU for 20 ms: Opus with the daemon's settings
   (voice, 24 kbit/s, complexity 5, in-band FEC) from 8 kHz speech, Opus of 16 kHz speech decoded to 8 kHz, G.711 both
   ways; and one member's part of mixing MEMBERS G.711 members. Best of five rounds. One line of JSON.
   usage: codecwork MEMBERS SPEECH8 SPEECH16 (16-bit samples) */
#include <opus/opus.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 5, FRAMES = 350 };
static int16_t linear[256], speech8[FRAMES * 160], speech16[FRAMES * 320], out[960];
static uint8_t code[65536], packets[2][FRAMES][400];
static int lengths[2][FRAMES];
static volatile unsigned sink;

static double cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static void keep(double *best, double value) {
    if (*best == 0 || value < *best) *best = value;
}

static void load(const char *path, int16_t *samples, size_t count) {
    FILE *file = fopen(path, "rb");
    if (!file || fread(samples, 2, count, file) != count) {
        fprintf(stderr, "codecwork: %s has no %zu samples\n", path, count);
        exit(2);
    }
    fclose(file);
}

static double encode(int rate, const int16_t *samples, int fec, uint8_t (*to)[400], int *sizes) {
    OpusEncoder *encoder = opus_encoder_create(rate, 1, OPUS_APPLICATION_VOIP, NULL);
    opus_encoder_ctl(encoder, OPUS_SET_BITRATE(24000));
    opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(5));
    opus_encoder_ctl(encoder, OPUS_SET_INBAND_FEC(fec));
    if (fec) opus_encoder_ctl(encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    double start = cpu();
    for (int i = 0; i < FRAMES; i++) sizes[i] = opus_encode(encoder, samples + i * rate / 50, rate / 50, to[i], 400);
    start = (cpu() - start) / FRAMES;
    opus_encoder_destroy(encoder);
    return start;
}

static double decode(void) {
    OpusDecoder *decoder = opus_decoder_create(8000, 1, NULL);
    double start = cpu();
    for (int i = 0; i < FRAMES; i++) sink += (unsigned)opus_decode(decoder, packets[1][i], lengths[1][i], out, 960, 0);
    start = (cpu() - start) / FRAMES;
    opus_decoder_destroy(decoder);
    return start;
}

static double telephone(void) {
    static uint8_t bytes[FRAMES * 160];
    double start = cpu();
    for (int i = 0; i < FRAMES * 160; i++) bytes[i] = code[(uint16_t)speech8[i]];
    sink += bytes[sink % 160];
    for (int i = 0; i < FRAMES * 160; i++) speech16[i] = linear[bytes[i]];
    return (cpu() - start) / FRAMES;
}

static double mix(int members) {
    uint8_t *in = malloc((size_t)members * 160), *result = malloc((size_t)members * 160);
    int16_t *heard = malloc((size_t)members * 320);
    for (int i = 0; i < members * 160; i++) in[i] = (uint8_t)rand();
    double start = cpu();
    for (int frame = 0; frame < 100; frame++) {
        int32_t sum[160] = {0};
        for (int i = 0; i < members * 160; i++) sum[i % 160] += heard[i] = linear[in[i]];
        for (int i = 0; i < members * 160; i++) {
            int value = sum[i % 160] - heard[i];
            value = value > 32767 ? 32767 : value < -32768 ? -32768 : value;
            result[i] = code[(uint16_t)value];
        }
        sink += result[frame];
        in[frame]++;
    }
    start = (cpu() - start) / 100 / members;
    free(in), free(result), free(heard);
    return start;
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    load(argv[2], speech8, FRAMES * 160);
    load(argv[3], speech16, FRAMES * 320);
    for (int i = 0; i < 256; i++) {
        int turned = ~i & 0xFF, value = ((((turned & 15) << 3) + 132) << (turned >> 4 & 7)) - 132;
        linear[i] = (int16_t)(turned & 0x80 ? -value : value);
    }
    for (int i = 0; i < 65536; i++) {
        int sample = (int16_t)i, value = (sample < 0 ? -sample : sample) + 132, exponent = 7;
        if (value > 32767) value = 32767;
        for (int mask = 0x4000; exponent && !(value & mask); mask >>= 1) exponent--;
        code[i] = (uint8_t)~((sample < 0 ? 0x80 : 0) | exponent << 4 | ((value >> (exponent + 3)) & 15));
    }
    double encoding = 0, decoding = 0, table = 0, mixing = 0, bytes = 0;
    encode(16000, speech16, 0, packets[1], lengths[1]);
    for (int round = 0; round < ROUNDS; round++) {
        keep(&encoding, encode(8000, speech8, 1, packets[0], lengths[0]));
        keep(&decoding, decode());
        keep(&table, telephone());
        keep(&mixing, mix(atoi(argv[1])));
    }
    for (int i = 0; i < FRAMES; i++) bytes += lengths[0][i] / (double)FRAMES;
    printf("{\"encode_us\": %.3f, \"decode_us\": %.3f, \"g711_us\": %.3f, \"mix_us\": %.3f, \"bytes\": %.1f, \"toc\": %d}\n",
           encoding, decoding, table, mixing, bytes, packets[0][FRAMES - 1][0]);
    return 0;
}
