/* RTP of callload: every stream has a place of its own in the 20 ms cycle. Relayed packets carry the instant they left at;
   in a room one member after another sends a tone, and all others look for its first sample. */
#include <math.h>
#include <opus/opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "callload.h"

enum { LOUD = 11469, BATCH = 64, PACKETS = 1000 }; /* LOUD: 0.35 of full scale */

struct loop {
    uint8_t bytes[PACKETS][400];
    int lengths[PACKETS], count;
};
struct stamp {
    uint64_t magic;
    ns left;
};
static const uint64_t magic = 0x6C6C61632064616Full;
static struct loop loops[2], tone;
static int16_t linear[256];
static int owner[2][65536]; /* call index + 1 by the peer's port */
static ns cycle_start, tone_left[4000], first_slot;
static int64_t cursor;
static int slot_of_tone = -1;
static uint64_t bytes_in[2], packets_in[2];
static int toc = -1;

static uint8_t mu_law(int sample) {
    int sign = sample < 0 ? 0x80 : 0, value = (sample < 0 ? -sample : sample) + 132, exponent = 7;
    if (value > 32767) value = 32767;
    for (int mask = 0x4000; exponent && !(value & mask); mask >>= 1) exponent--;
    return (uint8_t)~(sign | exponent << 4 | ((value >> (exponent + 3)) & 15));
}

static int load(const char *path, int16_t *samples, int capacity) {
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file) fail("this mode needs --speech8 and --speech16");
    int count = (int)fread(samples, 2, (size_t)capacity, file);
    fclose(file);
    return count;
}

void prepare_sound(const char *speech8, const char *speech16) {
    static int16_t samples[PACKETS * 320];
    for (int i = 0; i < 256; i++) {
        int code = ~i & 0xFF, value = ((((code & 15) << 3) + 132) << (code >> 4 & 7)) - 132;
        linear[i] = (int16_t)(code & 0x80 ? -value : value);
    }
    if (mode != TRANSCODE) { /* quiet noise; what is relayed is not listened to */
        uint32_t random = 22222;
        loops[0].count = 50;
        for (int packet = 0; packet < 50; packet++) {
            loops[0].lengths[packet] = 160;
            for (int i = 0; i < 160; i++) {
                random = random * 1664525u + 1013904223u;
                loops[0].bytes[packet][i] = mu_law((int)(random >> 8) % 97 - 48);
            }
        }
        loops[1] = loops[0];
        tone.lengths[0] = 160;
        for (int i = 0; i < 160; i++)
            tone.bytes[0][i] = mu_law(i < 120 ? (int)(28800 * sin(2 * M_PI * 1000 * i / 8000.0)) : 0);
        return;
    }
    loops[0].count = load(speech8, samples, PACKETS * 160) / 160;
    for (int packet = 0; packet < loops[0].count; packet++) {
        loops[0].lengths[packet] = 160;
        for (int i = 0; i < 160; i++) loops[0].bytes[packet][i] = mu_law(samples[packet * 160 + i]);
    }
    loops[1].count = load(speech16, samples, PACKETS * 320) / 320;
    int status;
    OpusEncoder *encoder = opus_encoder_create(16000, 1, OPUS_APPLICATION_VOIP, &status);
    if (!encoder) fail("no Opus encoder");
    opus_encoder_ctl(encoder, OPUS_SET_BITRATE(24000));
    opus_encoder_ctl(encoder, OPUS_SET_COMPLEXITY(5));
    for (int packet = 0; packet < loops[1].count; packet++)
        loops[1].lengths[packet] = opus_encode(encoder, samples + packet * 320, 320, loops[1].bytes[packet], 400);
    opus_encoder_destroy(encoder);
}

void known_port(int side, int port, int index) { owner[side][port & 0xFFFF] = index + 1; }

static void send_packet(int index, int side, ns due) {
    struct stream *stream = &calls[index].side[side];
    const struct loop *loop = &loops[side];
    uint8_t packet[512];
    unsigned place = stream->turn++ % (unsigned)loop->count;
    int length = loop->lengths[place];
    const uint8_t *payload = loop->bytes[place];
    int toned = mode == ROOM && slot_of_tone >= 0 && !tone_left[slot_of_tone] && slot_of_tone % steady == index;
    if (toned) payload = tone.bytes[0], length = tone.lengths[0];
    uint32_t timestamp = htonl(stream->timestamp), ssrc = htonl(stream->ssrc);
    packet[0] = 0x80;
    packet[1] = (uint8_t)(stream->type | (stream->timestamp ? 0 : 0x80));
    packet[2] = (uint8_t)(stream->sequence >> 8);
    packet[3] = (uint8_t)stream->sequence;
    memcpy(packet + 4, &timestamp, 4);
    memcpy(packet + 8, &ssrc, 4);
    memcpy(packet + 12, payload, (size_t)length);
    ns left = now();
    if (mode == RELAY || mode == DIRECT) {
        struct stamp stamp = {magic, left};
        memcpy(packet + 12, &stamp, sizeof stamp);
    }
    if (toned) tone_left[slot_of_tone] = left;
    stream->sequence++;
    stream->timestamp += stream->codec == OPUS ? 960 : 160;
    if (sendto(in[side], packet, (size_t)length + 12, 0, (void *)&stream->to, sizeof stream->to) < 0) return;
    if (!measuring) return;
    stream->sent++;
    add(&lateness, left - due);
}

ns send_due(void) {
    int streams = total * 2;
    ns at = now();
    if (!cycle_start) cycle_start = first_slot = at;
    if (mode == ROOM) {
        int slot = (int)((at - first_slot) / SLOT);
        slot_of_tone = slot < (int)(sizeof tone_left / sizeof *tone_left) ? slot : -1;
    }
    for (;; cursor++) {
        /* Even places are callers, odd ones callees of calls half a cycle away. */
        ns due = cycle_start + cursor * PACKET / streams;
        if (due > at) return due;
        int place = (int)(cursor % streams), side = place & 1, index = (place / 2 + (side ? total / 2 : 0)) % total;
        if (calls[index].side[side].on) send_packet(index, side, due);
    }
}

static void heard_tone(struct stream *stream, int index, const uint8_t *payload, int length, ns at) {
    for (int i = 0; i < length; i++) {
        if (abs(linear[payload[i]]) < LOUD) continue;
        ns onset = at + i * 125000LL;
        if (onset - stream->onset < 100LL * MS) return;
        stream->onset = onset;
        int slot = slot_of_tone;
        while (slot >= 0 && slot > slot_of_tone - 3 && !(tone_left[slot] && tone_left[slot] < onset)) slot--;
        if (measuring && slot >= 0 && slot % steady != index) add(&sound, onset - tone_left[slot]);
        return;
    }
}

static void arrived(int side, const uint8_t *packet, int length, int port, ns at) {
    int index = owner[side][port] - 1;
    if (index < 0 || length < 12 || packet[0] >> 6 != 2) return;
    struct stream *stream = &calls[index].side[side];
    int offset = 12 + 4 * (packet[0] & 15);
    if ((packet[1] & 0x7F) != stream->type || length <= offset) return;
    uint16_t sequence = (uint16_t)(packet[2] << 8 | packet[3]);
    if (!stream->heard) stream->heard = 1, stream->highest = sequence + 65536;
    int64_t extended = stream->highest + (int16_t)(sequence - (uint16_t)stream->highest);
    if (extended > stream->highest) stream->highest = extended;
    if (mode == ROOM) heard_tone(stream, index, packet + offset, length - offset, at);
    if (!measuring) return;
    if (!stream->received++) stream->first = extended;
    stream->last = stream->highest;
    packets_in[side]++;
    bytes_in[side] += (uint64_t)(length - offset);
    if (stream->codec == OPUS) toc = packet[offset];
    struct stamp stamp;
    if (length < offset + (int)sizeof stamp) return;
    memcpy(&stamp, packet + offset, sizeof stamp);
    if (stamp.magic == magic) add(&delay, at - stamp.left);
}

void receive(void) {
    static uint8_t packets[BATCH][2048], control[BATCH][128];
    struct mmsghdr headers[BATCH];
    struct iovec vectors[BATCH];
    struct sockaddr_in from[BATCH];
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    ns offset = (ns)wall.tv_sec * SECOND + wall.tv_nsec - now(); /* the kernel stamps with wall time */
    for (int side = 0; side < 2; side++)
        for (int round = 0, count = BATCH; round < 8 && count == BATCH; round++) {
            for (int i = 0; i < BATCH; i++) {
                vectors[i] = (struct iovec){packets[i], sizeof packets[i]};
                headers[i].msg_hdr = (struct msghdr){&from[i], sizeof from[i], &vectors[i], 1, control[i], sizeof control[i], 0};
            }
            count = recvmmsg(in[side], headers, BATCH, MSG_DONTWAIT, NULL);
            for (int i = 0; i < count; i++) {
                ns at = 0;
                for (struct cmsghdr *c = CMSG_FIRSTHDR(&headers[i].msg_hdr); c; c = CMSG_NXTHDR(&headers[i].msg_hdr, c))
                    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
                        struct timespec stamp;
                        memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
                        at = (ns)stamp.tv_sec * SECOND + stamp.tv_nsec - offset;
                    }
                arrived(side, packets[i], (int)headers[i].msg_len, ntohs(from[i].sin_port), at ? at : now());
            }
        }
}

void print_payload(void) {
    double seconds[2];
    for (int side = 0; side < 2; side++) seconds[side] = packets_in[side] ? bytes_in[side] / (double)packets_in[side] : 0;
    printf(", \"bytes_a\": %.1f, \"bytes_b\": %.1f, \"toc\": %d", seconds[0], seconds[1], toc);
}
