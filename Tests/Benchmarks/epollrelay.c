/* The reference for relaying: two sockets a call, epoll, one receive and one send for each packet, nothing else.
   Prints {"ready": 1} and runs until it is ended.
   usage: epollrelay CALLS FIRST_PORT CALLER_PORT CALLEE_PORT (call i listens on FIRST_PORT + 4i and + 4i + 2) */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

static struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    int count = atoi(argv[1]) * 2, poll = epoll_create1(0), *sockets = calloc((size_t)count, sizeof *sockets);
    struct sockaddr_in far[2] = {loopback(atoi(argv[3])), loopback(atoi(argv[4]))};
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){65536, 65536});
    for (int i = 0; i < count; i++) {
        struct sockaddr_in address = loopback(atoi(argv[2]) + 2 * i);
        sockets[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (bind(sockets[i], (void *)&address, sizeof address)) return perror("epollrelay"), 1;
        epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i], &(struct epoll_event){.events = EPOLLIN, .data.u32 = (uint32_t)i});
    }
    printf("{\"ready\": 1}\n");
    fflush(stdout);
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            uint32_t from = events[i].data.u32, to = from ^ 1;
            unsigned char packet[2048];
            ssize_t length = recv(sockets[from], packet, sizeof packet, 0);
            /* An even socket hears the caller: its packets leave from the odd one, towards the callee. */
            if (length > 0) sendto(sockets[to], packet, (size_t)length, 0, (void *)&far[to & 1], sizeof far[0]);
        }
    }
}
