// The field on the same recordings: WebRTC's canceller (delay-agnostic, as libwebrtc-audio-processing 0.3 has it) and
// speexdsp's with its residual echo suppressor.
//
//   peers webrtc|speexdsp RATE FAR MIC OUT DELAY_MS      prints {"us_per_10ms": …}
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <speex/speex_echo.h>
#include <speex/speex_preprocess.h>
#include <webrtc/modules/audio_processing/include/audio_processing.h>
#include <webrtc/modules/interface/module_common_types.h>

using Sound = std::vector<int16_t>;

static Sound load(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) { perror(path); exit(2); }
    Sound sound;
    int16_t block[4096];
    for (size_t count; (count = fread(block, 2, 4096, file)) > 0;) sound.insert(sound.end(), block, block + count);
    fclose(file);
    return sound;
}

// Calls `step` for each 10 ms and returns the microseconds of one.
static double walk(const Sound &far, const Sound &mic, Sound &out, size_t hop,
                   const std::function<void(const int16_t *, const int16_t *, int16_t *)> &step) {
    double spent = 0;
    size_t steps = 0;
    for (size_t at = 0; at + hop <= out.size(); at += hop, steps++) {
        auto begin = std::chrono::steady_clock::now();
        step(&far[at], &mic[at], &out[at]);
        spent += std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
    }
    return steps ? spent / steps : 0;
}

static double webrtcs(const Sound &far, const Sound &mic, Sound &out, int rate, int delay) {
    webrtc::Config config;
    config.Set<webrtc::ExtendedFilter>(new webrtc::ExtendedFilter(true));
    config.Set<webrtc::DelayAgnostic>(new webrtc::DelayAgnostic(true));
    std::unique_ptr<webrtc::AudioProcessing> processing(webrtc::AudioProcessing::Create(config));
    processing->high_pass_filter()->Enable(true);
    processing->echo_cancellation()->set_suppression_level(webrtc::EchoCancellation::kModerateSuppression);
    processing->echo_cancellation()->enable_drift_compensation(false);
    processing->echo_cancellation()->Enable(true);
    const size_t hop = rate / 100;
    webrtc::AudioFrame near, reverse;
    for (auto *frame : {&near, &reverse}) {
        frame->sample_rate_hz_ = rate;
        frame->num_channels_ = 1;
        frame->samples_per_channel_ = hop;
    }
    return walk(far, mic, out, hop, [&](const int16_t *played, const int16_t *heard, int16_t *sent) {
        std::copy(played, played + hop, reverse.data_);
        std::copy(heard, heard + hop, near.data_);
        processing->AnalyzeReverseStream(&reverse);
        processing->set_stream_delay_ms(delay);
        processing->ProcessStream(&near);
        std::copy(near.data_, near.data_ + hop, sent);
    });
}

static double speexdsps(const Sound &far, const Sound &mic, Sound &out, int rate) {
    const int hop = rate / 100;
    int given = rate, on = 1, quiet = -40, active = -15;
    SpeexEchoState *echo = speex_echo_state_init(hop, rate * 256 / 1000);
    SpeexPreprocessState *after = speex_preprocess_state_init(hop, rate);
    speex_echo_ctl(echo, SPEEX_ECHO_SET_SAMPLING_RATE, &given);
    speex_preprocess_ctl(after, SPEEX_PREPROCESS_SET_ECHO_STATE, echo);
    speex_preprocess_ctl(after, SPEEX_PREPROCESS_SET_DENOISE, &on);  // without it the suppressor does nothing
    speex_preprocess_ctl(after, SPEEX_PREPROCESS_SET_ECHO_SUPPRESS, &quiet);
    speex_preprocess_ctl(after, SPEEX_PREPROCESS_SET_ECHO_SUPPRESS_ACTIVE, &active);
    double each = walk(far, mic, out, hop, [&](const int16_t *played, const int16_t *heard, int16_t *sent) {
        speex_echo_cancellation(echo, heard, played, sent);
        speex_preprocess_run(after, sent);
    });
    speex_preprocess_state_destroy(after);
    speex_echo_state_destroy(echo);
    return each;
}

int main(int count, char **words) {
    if (count != 7) return fprintf(stderr, "peers webrtc|speexdsp RATE FAR MIC OUT DELAY_MS\n"), 2;
    const int rate = atoi(words[2]);
    Sound far = load(words[3]), mic = load(words[4]), out(std::min(far.size(), mic.size()), 0);
    const double each = std::string(words[1]) == "webrtc" ? webrtcs(far, mic, out, rate, atoi(words[6]))
                                                          : speexdsps(far, mic, out, rate);
    FILE *file = fopen(words[5], "wb");
    if (!file) { perror(words[5]); return 2; }
    fwrite(out.data(), 2, out.size(), file);
    fclose(file);
    printf("{\"us_per_10ms\": %f}\n", each);
}
