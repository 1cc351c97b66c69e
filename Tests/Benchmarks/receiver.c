// A lean webhook receiver: prints its port, answers every request with 200 {}, and on SIGTERM prints the count of what
// it got as JSON. Requests of one Conversation wait for each other's response: what this spends on one counts in the
// figures, so it looks for the length of the body and nothing else.
// usage: receiver
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 4096, BYTES = 1 << 16 };

static char *pending[CONNECTIONS];
static size_t held[CONNECTIONS];
static unsigned long count;
static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}";

static void end(int connection) {
    close(connection);
    free(pending[connection]);
    pending[connection] = NULL;
    held[connection] = 0;
}

// Answers every whole request in the connection's buffer; 0 when the connection is of no more use.
static int answer(int connection) {
    char *text = pending[connection];
    for (;;) {
        text[held[connection]] = 0;
        char *body = strstr(text, "\r\n\r\n");
        if (!body) return held[connection] < BYTES;
        char *length = strcasestr(text, "content-length:");
        size_t size = (size_t)(body + 4 - text) + (length && length < body ? strtoul(length + 15, NULL, 10) : 0);
        if (size > BYTES) return 0;
        if (held[connection] < size) return 1;
        memmove(text, text + size, held[connection] -= size);
        count++;
        if (write(connection, reply, sizeof reply - 1) != sizeof reply - 1) return 0;
    }
}

int main(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0), stop = signalfd(-1, &signals, 0), poll = epoll_create1(0);
    if (bind(listener, (void *)&address, size) || listen(listener, 512)) return perror("receiver"), 1;
    getsockname(listener, (void *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN, .data.fd = listener});
    epoll_ctl(poll, EPOLL_CTL_ADD, stop, &(struct epoll_event){.events = EPOLLIN, .data.fd = stop});
    for (;;) {
        struct epoll_event events[64];
        int ready = epoll_wait(poll, events, 64, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == stop) return printf("{\"count\": %lu}\n", count), 0;
            if (fd == listener) {
                int connection = accept(listener, NULL, NULL);
                if (connection < 0 || connection >= CONNECTIONS) {
                    close(connection);
                    continue;
                }
                setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
                pending[connection] = malloc(BYTES + 1);
                epoll_ctl(poll, EPOLL_CTL_ADD, connection, &(struct epoll_event){.events = EPOLLIN, .data.fd = connection});
                continue;
            }
            ssize_t got = read(fd, pending[fd] + held[fd], BYTES - held[fd]);
            if (got > 0) held[fd] += (size_t)got;
            if (got <= 0 || !answer(fd)) end(fd);
        }
    }
}
