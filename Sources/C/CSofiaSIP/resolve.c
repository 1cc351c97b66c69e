/* Whether names can be resolved at all. */
#include "internal.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <resolv.h>
#include <sofia-sip/hostdomain.h>
#include <unistd.h>

/* A connected datagram socket tells whether there is a way; nothing is sent. */
static int has_route(struct sockaddr const *address, socklen_t length) {
  int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int reached = fd >= 0 && connect(fd, address, length) == 0;
  if (fd >= 0)
    close(fd);
  return reached;
}

int swh_sip_can_resolve(const char *host) {
  struct __res_state state = {0};
  int reached = 0;
  if (host_is_ip_address(host))
    return 1;
  if (res_ninit(&state) < 0)
    return 0;
  for (int i = 0; i < state.nscount && !reached; i++) {
    struct sockaddr_in6 const *six = state._u._ext.nsaddrs[i];
    if (state.nsaddr_list[i].sin_family == AF_INET)
      reached = has_route((struct sockaddr const *)&state.nsaddr_list[i], sizeof state.nsaddr_list[i]);
    else if (six)
      reached = has_route((struct sockaddr const *)six, sizeof *six);
  }
  res_nclose(&state);
  return reached;
}
