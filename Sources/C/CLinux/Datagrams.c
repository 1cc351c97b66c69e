#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct sockaddr_in6) <= sizeof(((swh_address *)0)->bytes), "an address fits");

int swh_address_parse(const char *host, uint16_t port, swh_address *address) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        memcpy(address->bytes, &four, sizeof four);
        address->length = sizeof four;
        return 0;
    }
    if (inet_pton(AF_INET6, host, &six.sin6_addr) == 1) {
        memcpy(address->bytes, &six, sizeof six);
        address->length = sizeof six;
        return 0;
    }
    return -EINVAL;
}

static sa_family_t family(const swh_address *address) {
    sa_family_t value = AF_UNSPEC;
    if (address->length > 0) memcpy(&value, address->bytes, sizeof value);
    return value;
}

int swh_address_host(const swh_address *address, char *text, size_t capacity) {
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    const void *host = NULL;
    if (family(address) == AF_INET) {
        memcpy(&four, address->bytes, sizeof four);
        host = &four.sin_addr;
    } else if (family(address) == AF_INET6) {
        memcpy(&six, address->bytes, sizeof six);
        host = &six.sin6_addr;
    } else {
        return -EINVAL;
    }
    return inet_ntop(family(address), host, text, (socklen_t)capacity) != NULL ? 0 : -errno;
}

/* The port lies at the same place in both kinds. */
uint16_t swh_address_port(const swh_address *address) {
    return (uint16_t)(address->bytes[2] << 8 | address->bytes[3]);
}

void swh_address_set_port(swh_address *address, uint16_t port) {
    address->bytes[2] = (uint8_t)(port >> 8);
    address->bytes[3] = (uint8_t)port;
}

bool swh_address_same_host(const swh_address *a, const swh_address *b) {
    if (family(a) != family(b)) return false;
    if (family(a) == AF_INET) return memcmp(a->bytes + 4, b->bytes + 4, 4) == 0;
    return family(a) == AF_INET6 && memcmp(a->bytes + 8, b->bytes + 8, 16) == 0;
}

bool swh_address_equal(const swh_address *a, const swh_address *b) {
    return swh_address_same_host(a, b) && a->bytes[2] == b->bytes[2] && a->bytes[3] == b->bytes[3];
}

int swh_udp_open(const swh_address *local) {
    int on = 1;
    int expedited = IPTOS_DSCP_EF;
    int fd = socket(family(local), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -errno;
    if (bind(fd, (const struct sockaddr *)local->bytes, local->length) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    /* A network that does not honour the mark loses nothing. */
    if (family(local) == AF_INET)
        (void)setsockopt(fd, IPPROTO_IP, IP_TOS, &expedited, sizeof expedited);
    else
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &expedited, sizeof expedited);
    return fd;
}

int swh_udp_local(int fd, swh_address *local) {
    socklen_t length = sizeof local->bytes;
    memset(local, 0, sizeof *local);
    if (getsockname(fd, (struct sockaddr *)local->bytes, &length) != 0) return -errno;
    local->length = length;
    return 0;
}

typedef struct {
    struct iovec vector;
    swh_datagram datagram;
    _Alignas(struct cmsghdr) uint8_t control[64];
} batch_entry;

struct swh_batch {
    unsigned capacity;
    unsigned bytes;
    struct mmsghdr *headers;
    batch_entry *entries;
    uint8_t *memory;
};

swh_batch *swh_batch_new(unsigned datagrams, unsigned bytes) {
    swh_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) return NULL;
    batch->capacity = datagrams;
    batch->bytes = bytes;
    batch->headers = calloc(datagrams, sizeof *batch->headers);
    batch->entries = calloc(datagrams, sizeof *batch->entries);
    batch->memory = calloc(datagrams, bytes);
    if (batch->headers == NULL || batch->entries == NULL || batch->memory == NULL) {
        swh_batch_free(batch);
        return NULL;
    }
    for (unsigned index = 0; index < datagrams; index++) {
        batch_entry *entry = &batch->entries[index];
        struct msghdr *header = &batch->headers[index].msg_hdr;
        entry->datagram.data = batch->memory + (size_t)index * bytes;
        entry->vector = (struct iovec){.iov_base = entry->datagram.data, .iov_len = bytes};
        header->msg_name = entry->datagram.source.bytes;
        header->msg_iov = &entry->vector;
        header->msg_iovlen = 1;
        header->msg_control = entry->control;
    }
    return batch;
}

void swh_batch_free(swh_batch *batch) {
    if (batch == NULL) return;
    free(batch->headers);
    free(batch->entries);
    free(batch->memory);
    free(batch);
}

int swh_receive(int fd, swh_batch *batch) {
    for (unsigned index = 0; index < batch->capacity; index++) {
        batch->headers[index].msg_hdr.msg_namelen = sizeof batch->entries[index].datagram.source.bytes;
        batch->headers[index].msg_hdr.msg_controllen = sizeof batch->entries[index].control;
        batch->headers[index].msg_hdr.msg_flags = 0;
    }
    int count = recvmmsg(fd, batch->headers, batch->capacity, MSG_DONTWAIT, NULL);
    /* A port-unreachable answer to something we sent is told here; the socket goes on. */
    if (count < 0) return errno == EAGAIN || errno == EINTR || errno == ECONNREFUSED ? 0 : -errno;
    for (int index = 0; index < count; index++) {
        struct msghdr *header = &batch->headers[index].msg_hdr;
        swh_datagram *datagram = &batch->entries[index].datagram;
        datagram->source.length = header->msg_namelen;
        datagram->count = (header->msg_flags & MSG_TRUNC) != 0 ? 0 : batch->headers[index].msg_len;
        datagram->realtime_ns = 0;
        for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL; part = CMSG_NXTHDR(header, part)) {
            if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
                struct timespec time;
                memcpy(&time, CMSG_DATA(part), sizeof time);
                datagram->realtime_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
            }
        }
    }
    return count;
}

const swh_datagram *swh_received(const swh_batch *batch, int index) { return &batch->entries[index].datagram; }

int swh_send(int fd, const void *data, size_t count, const swh_address *target) {
    ssize_t sent = sendto(fd, data, count, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)target->bytes,
                          target->length);
    return sent >= 0 ? 0 : -errno;
}
