/* The little SIP that callload needs: one INVITE out and one in for each call, ACK, BYE. Loopback, UDP, no proxies. The
   index of the call is the user part of both our Contacts, so a request in a dialog names its call. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "callload.h"

static int sip_port(int side) { return 6060 + 10 * side; }

static enum codec codec_of(int side) { return mode == TRANSCODE && side == 1 ? OPUS : PCMU; }

static int describe(char *out, size_t size, int side, int type) {
    const char *map = codec_of(side) == OPUS ? "opus/48000/2" : "PCMU/8000";
    return snprintf(out, size,
                    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %d\r\n"
                    "a=rtpmap:%d %s\r\na=ptime:20\r\na=sendrecv\r\n",
                    20000 + 2 * side, type, type, map);
}

/* Takes port and payload type from a description and lets the stream run. */
static int agree(int index, int side, const char *message) {
    struct stream *stream = &calls[index].side[side];
    const char *media = strstr(message, "\r\nm=audio ");
    int port = media ? atoi(media + 10) : 0;
    if (!port) return 0;
    stream->codec = codec_of(side);
    stream->type = 0;
    if (stream->codec == OPUS) {
        stream->type = -1;
        for (const char *map = message; (map = strstr(map, "a=rtpmap:")); map += 9) {
            int type, length = 0;
            if (sscanf(map + 9, "%d opus/48000%n", &type, &length) == 1 && length) stream->type = type;
        }
        if (stream->type < 0) return 0;
    }
    stream->to = loopback(port);
    known_port(side, port, index);
    stream->ssrc = (uint32_t)(index * 2 + side) * 2654435761u + 1;
    stream->turn = (unsigned)(index * 13 + side * 25);
    stream->on = 1;
    return 1;
}

/* The value of a header into out; 0 when there is none. */
static int header(const char *message, const char *name, char *out, size_t size) {
    size_t length = strlen(name);
    for (const char *line = strstr(message, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) || line[2 + length] != ':') continue;
        const char *value = line + 3 + length;
        value += strspn(value, " ");
        size_t count = strcspn(value, "\r");
        snprintf(out, size, "%.*s", (int)count, value);
        return 1;
    }
    *out = 0;
    return 0;
}

static void send_text(int side, const struct sockaddr_in *to, const char *text, int length) {
    if (sendto(sip[side], text, (size_t)length, 0, (const void *)to, sizeof *to) < 0) perror("callload: SIP");
}

static void request(int index, const char *method, int sequence, const char *target, const char *body) {
    struct call *call = &calls[index];
    char out[3000], number[64];
    if (mode == ROOM && !call->probe)
        snprintf(number, sizeof number, "%s", prefix);
    else
        snprintf(number, sizeof number, "%s%06d", prefix, index);
    int length = snprintf(
        out, sizeof out,
        "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;branch=z9hG4bK%d.%d.%s\r\nMax-Forwards: 70\r\n"
        "From: <sip:load%d@127.0.0.1:%d>;tag=a%d\r\nTo: <sip:%s@127.0.0.1:%d>%s%s\r\nCall-ID: %d.%d@callload\r\n"
        "CSeq: %d %s\r\nContact: <sip:%06d@127.0.0.1:%d>\r\n%sContent-Length: %zu\r\n\r\n%s",
        method, target, sip_port(0), getpid(), index, method, index, sip_port(0), index, number, ntohs(peer.sin_port),
        *call->tag ? ";tag=" : "", call->tag, getpid(), index, sequence, method, index, sip_port(0),
        *body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
    send_text(0, &peer, out, length);
}

static void send_invite(int index) {
    char body[512], target[96];
    describe(body, sizeof body, 0, 0);
    if (mode == ROOM)
        snprintf(target, sizeof target, "sip:%s@127.0.0.1:%d", prefix, ntohs(peer.sin_port));
    else
        snprintf(target, sizeof target, "sip:%s%06d@127.0.0.1:%d", prefix, index, ntohs(peer.sin_port));
    request(index, "INVITE", 1, target, body);
}

void invite(int index) {
    struct call *call = &calls[index];
    call->state = INVITED;
    call->invited = now();
    call->again = call->invited + 500LL * MS;
    send_invite(index);
}

void leave(int index) {
    struct call *call = &calls[index];
    call->state = LEAVING;
    call->side[0].on = 0;
    call->again = now() + 500LL * MS;
    call->tries = 0;
    request(index, "BYE", 2, call->contact, "");
}

void retry(ns at) {
    for (int i = 0; i < total; i++) {
        struct call *call = &calls[i];
        if ((call->state != INVITED && call->state != LEAVING) || at < call->again) continue;
        if (++call->tries > 20) {
            call->state = call->state == LEAVING ? OVER : FAILED;
            continue;
        }
        call->again = at + 500LL * MS;
        if (call->state == LEAVING)
            request(i, "BYE", 2, call->contact, "");
        else if (!call->provisional)
            send_invite(i);
    }
}

static void response(const char *message) {
    char id[256], sequence[64], to[512];
    header(message, "Call-ID", id, sizeof id);
    header(message, "CSeq", sequence, sizeof sequence);
    header(message, "To", to, sizeof to);
    int process, index, status = atoi(message + 8);
    if (sscanf(id, "%d.%d@", &process, &index) != 2 || process != getpid() || index < 0 || index >= total) return;
    struct call *call = &calls[index];
    if (strstr(sequence, "BYE")) {
        if (call->state == LEAVING) call->state = OVER;
        return;
    }
    call->provisional = 1;
    if (status < 200) return;
    const char *tag = strstr(to, ";tag=");
    if (tag) snprintf(call->tag, sizeof call->tag, "%.*s", (int)strcspn(tag + 5, ";> "), tag + 5);
    if (status >= 300) {
        static int refusals;
        if (call->state == INVITED && ++refusals <= 3)
            fprintf(stderr, "callload: call %d: %.*s\n", index, (int)strcspn(message, "\r"), message);
        char target[96];
        snprintf(target, sizeof target, "sip:%s%06d@127.0.0.1:%d", prefix, index, ntohs(peer.sin_port));
        request(index, "ACK", 1, target, "");
        call->state = FAILED;
        return;
    }
    char contact[300];
    if (header(message, "Contact", contact, sizeof contact)) {
        char *open = strchr(contact, '<');
        if (open) snprintf(call->contact, sizeof call->contact, "%.*s", (int)strcspn(open + 1, ">"), open + 1);
    }
    request(index, "ACK", 1, call->contact, "");
    if (call->state != INVITED) return;
    ns at = now();
    if (!agree(index, 0, message)) {
        fprintf(stderr, "callload: call %d: no usable answer\n", index);
        call->state = FAILED;
        return;
    }
    call->state = UP;
    if (call->probe) call->ends = at + 250LL * MS;
    if (call->probe || total == steady) add(&setup, at - call->invited);
}

static void reply(int side, const struct sockaddr_in *to, const char *message, const char *status, int index, const char *body) {
    char out[6000], value[512];
    int length = snprintf(out, sizeof out, "SIP/2.0 %s\r\n", status);
    for (const char *line = strstr(message, "\r\n"); line && line[2] != '\r'; line = strstr(line + 2, "\r\n"))
        if (!strncasecmp(line + 2, "Via:", 4) && length < 4000)
            length += snprintf(out + length, sizeof out - (size_t)length, "%.*s\r\n", (int)strcspn(line + 2, "\r"), line + 2);
    const char *names[] = {"From", "Call-ID", "CSeq", "To"};
    for (int i = 0; i < 4; i++) {
        header(message, names[i], value, sizeof value);
        length += snprintf(out + length, sizeof out - (size_t)length, "%s: %s%s", names[i], value, i == 3 ? "" : "\r\n");
    }
    if (!strstr(value, ";tag=")) length += snprintf(out + length, sizeof out - (size_t)length, ";tag=b%d", index);
    length += snprintf(out + length, sizeof out - (size_t)length,
                       "\r\nContact: <sip:%06d@127.0.0.1:%d>\r\n%sContent-Length: %zu\r\n\r\n%s", index, sip_port(side),
                       *body ? "Content-Type: application/sdp\r\n" : "", strlen(body), body);
    send_text(side, to, out, length);
}

static void incoming(int side, const char *message, const struct sockaddr_in *from) {
    char body[512] = "", to[512];
    const char *user = strchr(message, ':'), *end = user ? strchr(user, '@') : NULL;
    if (!strncmp(message, "ACK ", 4)) return;
    int index = end && end - user > 6 ? atoi(end - 6) : -1;
    if (index < 0 || index >= total) return reply(side, from, message, "404 Not Found", 0, "");
    struct call *call = &calls[index];
    if (!strncmp(message, "INVITE ", 7) || strstr(message, "\r\nm=audio ")) {
        header(message, "To", to, sizeof to);
        if (!strstr(to, ";tag=") && !agree(index, side, message))
            return reply(side, from, message, "488 Not Acceptable Here", index, "");
        describe(body, sizeof body, side, call->side[side].type);
    } else if (!strncmp(message, "BYE ", 4)) {
        call->side[side].on = 0;
        if (side == 0 && call->state == UP) {
            fprintf(stderr, "callload: call %d was ended by the peer\n", index);
            call->state = FAILED;
        }
    }
    reply(side, from, message, "200 OK", index, body);
}

void read_sip(int side) {
    char message[9000];
    for (int i = 0; i < 64; i++) {
        struct sockaddr_in from;
        socklen_t size = sizeof from;
        ssize_t length = recvfrom(sip[side], message, sizeof message - 1, 0, (void *)&from, &size);
        if (length <= 0) return;
        message[length] = 0;
        if (strncmp(message, "SIP/2.0 ", 8))
            incoming(side, message, &from);
        else if (side == 0)
            response(message);
    }
}
