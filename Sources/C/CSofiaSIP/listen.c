/* Addresses we listen on. */
#include "internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

uint16_t swh_sip_port(const swh_sip *stack, swh_sip_transport transport) {
  return transport != SWH_SIP_TLS ? stack->port : stack->tls_folder ? stack->tls_port : 0;
}

/*
 * Whether an address can be bound. Asked before sofia binds: it sets SO_REUSEADDR on UDP too, so that two daemons
 * would share a port in silence.
 */
static int probe(char const *host, uint16_t port, int type) {
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_PASSIVE, .ai_socktype = type}, *found = NULL;
  char service[8];
  int one = 1, error = 0;
  snprintf(service, sizeof service, "%u", port);
  if (getaddrinfo(host, service, &hints, &found) != 0)
    return EINVAL;
  int fd = socket(found->ai_family, type | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    error = errno;
  } else {
    if (type == SOCK_STREAM) /* a connection in TIME_WAIT is no obstacle, a listener still is */
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, found->ai_addr, found->ai_addrlen) < 0 || (type == SOCK_STREAM && listen(fd, 1) < 0))
      error = errno;
    close(fd);
  }
  freeaddrinfo(found);
  return error;
}

static int explain(swh_sip *stack, char const *host, uint16_t port, char const *proto, int error) {
  char const *advice = "";
  switch (error) {
  case EADDRINUSE:
    advice = "; stop the other program or choose another port in the configuration";
    break;
  case EADDRNOTAVAIL:
    advice = "; the machine has no such address";
    break;
  case EACCES:
    advice = "; ports below 1024 need CAP_NET_BIND_SERVICE";
    break;
  case EINVAL:
    advice = "; give a numeric IPv4 or IPv6 address";
    break;
  }
  snprintf(stack->fault, sizeof stack->fault, "cannot listen for SIP on %s:%u (%s): %s%s", host, port, proto,
           strerror(error), advice);
  return -1;
}

/* A port that is free for UDP and TCP alike (tests); no two stacks of the process are given the same. */
static uint16_t pick_port(char const *host) {
  static _Atomic unsigned next;
  for (int attempt = 0; attempt < 1000; attempt++) {
    uint16_t port = (uint16_t)(20000 + ((unsigned)getpid() * 97 + next++) % 12000); /* below the ephemeral range */
    if (!probe(host, port, SOCK_DGRAM) && !probe(host, port, SOCK_STREAM))
      return port;
  }
  return 0;
}

/* `folder` and `verify` matter to TLS only. */
static int open_socket(swh_sip *stack, nta_agent_t *agent, char const *host, uint16_t port, char const *proto,
                       char const *folder, int verify) {
  char url[128];
  int bare_ipv6 = strchr(host, ':') != NULL, is_udp = !strcmp(proto, "udp"), is_tls = !strcmp(proto, "tls");
  int error = probe(host, port, is_udp ? SOCK_DGRAM : SOCK_STREAM);
  if (error)
    return explain(stack, host, port, proto, error);
  /* One transport a URL: Debian's version reads beyond the end of a list of them. */
  snprintf(url, sizeof url, "%s:%s%s%s:%u;transport=%s", is_tls ? "sips" : "sip", bare_ipv6 ? "[" : "", host,
           bare_ipv6 ? "]" : "", port, proto);
  int opened = is_tls ? nta_agent_add_tport(agent, URL_STRING_MAKE(url), TPTAG_CERTIFICATE(folder),
                                            TPTAG_TLS_VERIFY_POLICY(verify ? TPTLS_VERIFY_SUBJECTS_OUT
                                                                           : TPTLS_VERIFY_NONE),
                                            TPTAG_TLS_VERIFY_DEPTH(8), TAG_END())
                      : nta_agent_add_tport(agent, URL_STRING_MAKE(url), TPTAG_UDP_RMEM(4 << 20), TAG_END());
  if (opened >= 0)
    return 0;
  if (!is_tls)
    return explain(stack, host, port, proto, su_errno());
  snprintf(stack->fault, sizeof stack->fault,
           "cannot use the SIP certificate for %s:%u: give a PEM certificate with its unencrypted key", host, port);
  return -1;
}

static int listen_on(swh_sip *stack, char const *host) {
  if (!stack->port)
    stack->port = pick_port(host);
  if (stack->udp && open_socket(stack, stack->agent, host, stack->port, "udp", NULL, 0) < 0)
    return -1;
  if (stack->tcp && open_socket(stack, stack->agent, host, stack->port, "tcp", NULL, 0) < 0)
    return -1;
  if (!stack->tls_folder)
    return 0;
  if (!stack->tls_port)
    stack->tls_port = pick_port(host);
  swh_await_tls_context();
  if (open_socket(stack, stack->agent, host, stack->tls_port, "tls", stack->tls_folder, 1) < 0)
    return -1;
  swh_keep_tls_context(stack);
  return 0;
}

/* The address the default route leaves from: a connected datagram socket tells, nothing is sent. */
static int route_address(int family, char *text, size_t size) {
  char const *anywhere = family == AF_INET6 ? "2001:db8::1" : "192.0.2.1"; /* documentation addresses */
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_family = family, .ai_socktype = SOCK_DGRAM}, *found = NULL;
  struct sockaddr_storage own;
  socklen_t length = sizeof own;
  int result = -1, fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && getaddrinfo(anywhere, "9", &hints, &found) == 0 &&
      connect(fd, found->ai_addr, found->ai_addrlen) == 0 && getsockname(fd, (struct sockaddr *)&own, &length) == 0 &&
      getnameinfo((struct sockaddr *)&own, length, text, (socklen_t)size, NULL, 0, NI_NUMERICHOST) == 0)
    result = 0;
  if (found)
    freeaddrinfo(found);
  if (fd >= 0)
    close(fd);
  return result;
}

void swh_choose_host(swh_sip *stack, char const *host) {
  char address[64];
  if (!strcmp(host, "0.0.0.0"))
    host = route_address(AF_INET, address, sizeof address) == 0 ? address : "127.0.0.1";
  else if (!strcmp(host, "::"))
    host = route_address(AF_INET6, address, sizeof address) == 0 ? address : "::1";
  stack->contact_host = su_sprintf(stack->home, strchr(host, ':') && *host != '[' ? "[%s]" : "%s", host);
}

const char *swh_sip_host(const swh_sip *stack) { return stack->contact_host; }

static void make_contacts(swh_sip *stack) {
  snprintf(stack->contact[SWH_SIP_UDP], sizeof stack->contact[0], "<sip:%s:%u>", stack->contact_host,
           swh_sip_port(stack, SWH_SIP_UDP));
  snprintf(stack->contact[SWH_SIP_TCP], sizeof stack->contact[0], "<sip:%s:%u;transport=tcp>", stack->contact_host,
           swh_sip_port(stack, SWH_SIP_TCP));
  snprintf(stack->contact[SWH_SIP_TLS], sizeof stack->contact[0], "<sip:%s:%u;transport=tls>", stack->contact_host,
           swh_sip_port(stack, SWH_SIP_TLS));
}

static nta_agent_t *create_agent(swh_sip *stack) {
  /* Timer C would cancel a ringing call behind the back of the ring timers outside. */
  nta_agent_t *agent =
      nta_agent_create(stack->root, (url_string_t *)-1, swh_on_message, stack, NTATAG_UA(1), NTATAG_MERGE_482(1),
                       NTATAG_CLIENT_RPORT(1), NTATAG_SERVER_RPORT(1), NTATAG_TIMER_C(0), NTATAG_UDP_MTU(1300),
                       NTATAG_MAXSIZE(65536), NTATAG_SIP_T1(stack->t1_ms), NTATAG_SIP_T1X64(64 * stack->t1_ms),
                       TAG_END());
  if (!agent)
    snprintf(stack->fault, sizeof stack->fault, "cannot create the SIP stack: %s", su_strerror(su_errno()));
  return agent;
}

nta_agent_t *swh_agent_for(swh_sip *stack, swh_sip_transport transport, int verify) {
  if (transport != SWH_SIP_TLS || (verify && stack->tls_folder))
    return stack->agent;
  return stack->tls_out[!!verify];
}

char const *swh_sip_open_tls_out(swh_sip *stack, char const *folder, int verify) {
  nta_agent_t **slot = &stack->tls_out[!!verify], *agent;
  if (swh_agent_for(stack, SWH_SIP_TLS, verify))
    return NULL;
  if (!(agent = create_agent(stack)))
    return stack->fault;
  /* sofia calls out from listening sockets only. These have no certificate: a handshake towards them always fails. */
  uint16_t port = 0;
  swh_log_pause(1);
  for (size_t i = 0; i < stack->host_count; i++) {
    port = pick_port(stack->hosts[i]);
    if (open_socket(stack, agent, stack->hosts[i], port, "tls", folder, verify) < 0) {
      swh_log_pause(0);
      nta_agent_destroy(agent);
      return stack->fault;
    }
  }
  swh_log_pause(0);
  if (!stack->tls_folder)
    snprintf(stack->contact[SWH_SIP_TLS], sizeof stack->contact[0], "<sip:%s:%u;transport=tls>", stack->contact_host,
             port);
  *slot = agent;
  return NULL;
}

int swh_open_agent(swh_sip *stack) {
  if (!(stack->agent = create_agent(stack)))
    return -1;
  for (size_t i = 0; i < stack->host_count; i++)
    if (listen_on(stack, stack->hosts[i]) < 0)
      return -1;
  make_contacts(stack);
  return 0;
}
