/* Small readings of messages, and sofia's log. */
#include "internal.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>

static int is_sdp(sip_t const *sip) {
  sip_content_type_t const *type = sip->sip_content_type;
  return !type || !type->c_type || !strcasecmp(type->c_type, SWH_SDP_TYPE);
}

swh_sip_text swh_body(sip_t const *sip) {
  sip_payload_t const *body = sip ? sip->sip_payload : NULL;
  if (!body || !body->pl_data || !is_sdp(sip))
    return (swh_sip_text){NULL, 0};
  return (swh_sip_text){body->pl_data, body->pl_len};
}

int swh_check_body(sip_t const *sip) {
  return sip->sip_payload && sip->sip_payload->pl_len && !is_sdp(sip) ? 415 : 0;
}

void swh_source_of(nta_agent_t *agent, msg_t *message, swh_sip_source *source) {
  memset(source, 0, sizeof *source);
  if (!message)
    return;
  su_sockaddr_t const *address = msg_addr(message);
  if (address->su_family == AF_INET || address->su_family == AF_INET6)
    inet_ntop(address->su_family, SU_ADDR(address), source->host, sizeof source->host);
  source->port = ntohs(address->su_port);
  tport_t *tport = tport_delivered_by(nta_agent_tports(agent), message);
  char const *proto = tport ? tport_name(tport)->tpn_proto : "udp";
  source->transport = !strcasecmp(proto, "tls") ? SWH_SIP_TLS : !strcasecmp(proto, "tcp") ? SWH_SIP_TCP : SWH_SIP_UDP;
}

char const *swh_contact(swh_sip_dialog const *dialog) { return dialog->stack->contact[dialog->transport]; }

void swh_sip_set_id(swh_sip_dialog *dialog, uint64_t id) { dialog->id = id; }

extern su_log_t nta_log[], tport_log[];

/* The levels at which sofia tells of itself, and of each message. */
enum { COMPLAINTS = 1, MESSAGES = 5 };

static void (*_Atomic current_logger)(int level, const char *line);
static _Atomic int64_t log_second;
static _Atomic unsigned log_lines;
static _Atomic int log_paused;

void swh_log_pause(int paused) { atomic_store(&log_paused, paused); }

/* Of what sofia says of single messages, what failed and which header of which method is malformed. Told by the format,
   so that nothing else is even written out. */
static int tells_of_fault(char const *format) {
  return strstr(format, " has bad ") || strstr(format, "bad version") || strstr(format, "syntax errors") ||
         strstr(format, "failed");
}

/* Hostile packets make sofia complain: at most 10 lines a second get through. */
static void forward_log(void *level, char const *format, va_list arguments) {
  void (*logger)(int, const char *) = atomic_load(&current_logger);
  int64_t second = swh_now_ms() / 1000;
  char line[512];
  if (!logger || atomic_load(&log_paused) || ((intptr_t)level == MESSAGES && !tells_of_fault(format)))
    return;
  if (atomic_exchange(&log_second, second) != second)
    atomic_store(&log_lines, 0);
  if (atomic_fetch_add(&log_lines, 1) >= 10)
    return;
  vsnprintf(line, sizeof line, format, arguments);
  line[strcspn(line, "\r\n")] = 0;
  logger((int)(intptr_t)level, line);
}

void swh_sip_set_logger(void (*logger)(int level, const char *line)) {
  atomic_store(&current_logger, logger);
  su_log_init(nta_log);
  su_log_init(tport_log);
  su_log_redirect(NULL, forward_log, (void *)COMPLAINTS);
  su_log_redirect(nta_log, forward_log, (void *)MESSAGES);
  su_log_redirect(tport_log, forward_log, (void *)COMPLAINTS);
  su_log_set_level(NULL, COMPLAINTS);
  su_log_set_level(nta_log, MESSAGES);
  su_log_set_level(tport_log, COMPLAINTS);
}
