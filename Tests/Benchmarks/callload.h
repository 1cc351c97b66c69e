/* Calls with paced RTP, and what comes out at their far ends: shared by callload.c, callload-sip.c, callload-rtp.c. */
#ifndef CALLLOAD_H
#define CALLLOAD_H
#include <netinet/in.h>
#include <stdint.h>

typedef int64_t ns;
enum { MS = 1000000, SECOND = 1000000000, PACKET = 20 * MS, SLOT = 250 * MS };
enum mode { RELAY, TRANSCODE, ROOM, DIRECT };
enum codec { PCMU, OPUS };
enum state { IDLE, INVITED, UP, LEAVING, OVER, FAILED };

/* One direction out of us and one into us, on one leg. */
struct stream {
    struct sockaddr_in to;
    enum codec codec;
    int type; /* RTP payload type */
    int on;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    unsigned turn;
    ns onset; /* when the last tone was heard */
    int heard;
    int64_t highest, first, last; /* extended sequence numbers of what comes in; first and last within the window */
    uint64_t sent, received;
};

/* side[0]: we are the caller; side[1]: we are the callee of the same call. */
struct call {
    struct stream side[2];
    enum state state;
    int provisional, tries, probe;
    ns starts, ends, invited, again;
    char tag[128], contact[256];
};

/* Latencies in steps of 10 us up to 4 s. */
struct histogram {
    uint32_t steps[400000];
    uint64_t count;
};

extern enum mode mode;
extern struct call *calls;
extern int total, steady;         /* calls in all; those that stay (the others are set-up probes) */
extern const char *prefix;        /* number called: prefix and six digits, or the room */
extern int measuring;
extern int in[2], sip[2];         /* sockets: caller's side, callee's side */
extern struct sockaddr_in peer;
extern struct histogram delay, sound, lateness, setup;

ns now(void);
void add(struct histogram *h, ns value);
void fail(const char *what) __attribute__((noreturn));
int open_udp(int port);
struct sockaddr_in loopback(int port);

void invite(int index);
void leave(int index);
void read_sip(int side);
void retry(ns at);

void prepare_sound(const char *speech8, const char *speech16);
ns send_due(void);                /* sends what is due; instant of the next */
void receive(void);
void known_port(int side, int port, int index);
void print_payload(void);
#endif
