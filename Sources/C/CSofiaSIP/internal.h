#ifndef SWH_SIP_INTERNAL_H
#define SWH_SIP_INTERNAL_H

#include "CSofiaSIP.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

#define SU_ROOT_MAGIC_T struct swh_sip
#define SU_WAKEUP_ARG_T struct swh_sip
#define SU_TIMER_ARG_T struct swh_sip
#define NTA_AGENT_MAGIC_T struct swh_sip
#define NTA_LEG_MAGIC_T struct swh_sip_dialog
#define NTA_OUTGOING_MAGIC_T struct swh_sip_dialog
#define NTA_INCOMING_MAGIC_T struct swh_sip_dialog
#define NTA_RELIABLE_MAGIC_T struct swh_sip_dialog

#include <sofia-sip/su.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/su_uniqueid.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/nta_tport.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/sip_util.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>

/* An early dialog of an INVITE that was forked, made when it must be sent a PRACK (RFC 3262) of its own. */
typedef struct swh_fork {
  struct swh_fork *next;
  nta_leg_t *leg;
  uint32_t rseq;
  char tag[];
} swh_fork;

enum swh_refresher { SWH_NO_REFRESHER, SWH_WE_REFRESH, SWH_PEER_REFRESHES };

struct swh_sip_dialog {
  swh_sip *stack;
  swh_sip_dialog *next, **link; /* in stack->dialogs, then in stack->graves */
  uint64_t id;
  uint32_t account;
  nta_agent_t *agent;
  nta_leg_t *leg;
  nta_incoming_t *invite_in;  /* initial INVITE of the peer, until ACK */
  nta_incoming_t *offer_in;   /* re-INVITE until ACK, or UPDATE until answered */
  nta_outgoing_t *invite_out; /* initial INVITE of ours, until the final response */
  nta_outgoing_t *request;    /* re-INVITE or UPDATE of ours */
  nta_outgoing_t *bye;
  swh_fork *forks;
  char *sdp;         /* what we sent last: body of a refresh by re-INVITE */
  char *held_answer; /* SDP of the 200 that waits for PRACK */
  swh_sip_transport transport;
  int challenges;
  unsigned reliable_pending;

  unsigned outbound : 1;
  unsigned established : 1;
  unsigned closed : 1; /* the other side of the interface has dropped the pointer: no more events */
  unsigned buried : 1;
  unsigned delayed_offer : 1;    /* INVITE without SDP: our 200 carries the offer */
  unsigned cancelling : 1;
  unsigned bye_after_ack : 1;
  unsigned offer_is_update : 1;
  unsigned offer_answered : 1;   /* 200 sent to offer_in, ACK outstanding */
  unsigned offer_wants_ours : 1; /* re-INVITE without SDP */
  unsigned request_is_refresh : 1;
  unsigned peer_updates : 1; /* the peer allows UPDATE */
  unsigned reliable_wanted : 1, reliable_possible : 1;
  unsigned session_raised : 1; /* sent again with a longer Session-Expires after a 422 */

  /* RFC 4028; seconds of CLOCK_MONOTONIC, 0 is never. */
  unsigned session_seconds;
  enum swh_refresher refresher;
  int64_t refresh_at, lapse_at;
};

struct swh_sip_registration {
  swh_sip *stack;
  nta_agent_t *agent;
  swh_sip_registration *next, **link;
  uint64_t id;
  uint32_t account;
  nta_leg_t *leg;
  nta_outgoing_t *request;
  char *registrar;
  char contact[512];
  unsigned seconds;
  int challenges;
};

struct swh_sip {
  su_home_t *home;
  su_root_t *root;
  nta_agent_t *agent;
  nta_agent_t *tls_out[2]; /* for calls out over TLS: [0] checks no certificates, [1] does; NULL until needed */
  int certificate_changes; /* whether every TLS listener asks for its certificate before a handshake */
  SSL_CTX *certificate; /* holds what the listeners show since the last change; NULL: what they were opened with */
  su_timer_t *timer;
  int wake_fd, wake_index;
  pthread_t thread;

  swh_sip_callback callback;
  void *context;

  char **hosts;
  size_t host_count;
  uint16_t port, tls_port;
  int udp, tcp;
  char *tls_folder, *user_agent;
  unsigned t1_ms, session_seconds, min_session_seconds, max_pending;
  char *contact_host; /* in brackets when IPv6 */
  char contact[3][160];

  sip_allow_t *allow;
  sip_supported_t *supported;

  swh_sip_dialog *dialogs, *graves;
  swh_sip_registration *registrations;
  unsigned dialog_count, pending;
  int admission_open;
  unsigned retry_after;
  char *credentials;
  uint64_t invites, shed;

  int stopping;
  int64_t stop_deadline_ms;

  /* start handshake */
  pthread_mutex_t lock;
  pthread_cond_t started_condition;
  int started; /* 1 listening, -1 failed */
  char fault[256];
};

#define SWH_NO_SDP NULL
#define SWH_SDP_TYPE "application/sdp"

static inline swh_sip_text swh_text(char const *string) {
  return (swh_sip_text){string, string ? strlen(string) : 0};
}

int64_t swh_now_ms(void);
swh_sip_text swh_body(sip_t const *sip); /* SDP body, or empty */
/* 415 for a body that is not SDP (multipart included: sofia's parser of it is not trusted), 0 when fine. */
int swh_check_body(sip_t const *sip);
void swh_source_of(nta_agent_t *agent, msg_t *message, swh_sip_source *source);
void swh_log_pause(int paused); /* drops what sofia says meanwhile */
char const *swh_contact(swh_sip_dialog const *dialog);

/* listen.c */
int swh_open_agent(swh_sip *stack); /* 0, or -1 with stack->fault */
void swh_choose_host(swh_sip *stack, char const *host);
/* Who sends a call's or a registration's requests; NULL: swh_sip_open_tls_out was not called. */
nta_agent_t *swh_agent_for(swh_sip *stack, swh_sip_transport transport, int verify);

/* tls.c */
void swh_await_tls_context(void); /* before sofia opens a TLS listener */
void swh_keep_tls_context(swh_sip *stack);

/* dialog.c */
swh_sip_dialog *swh_dialog_create(swh_sip *stack);
void swh_dialog_bury(swh_sip_dialog *dialog);
void swh_empty_graves(swh_sip *stack);
void swh_emit(swh_sip_dialog *dialog, swh_sip_event *event);
/* Emits a last event and drops the pointer. */
void swh_dialog_close(swh_sip_dialog *dialog, swh_sip_event *event);
void swh_send_bye(swh_sip_dialog *dialog, char const *reason);
void swh_lose(swh_sip_dialog *dialog, swh_sip_end cause, char const *why, int with_bye);
void swh_end_dialog(swh_sip_dialog *dialog); /* for swh_sip_stop: whatever its state */
int swh_on_dialog_request(swh_sip_dialog *dialog, nta_leg_t *leg, nta_incoming_t *request, sip_t const *sip);
void swh_keep_sdp(swh_sip_dialog *dialog, char const *sdp);

/* server.c */
void swh_server_invite(swh_sip *stack, nta_agent_t *agent, nta_incoming_t *request, sip_t const *sip);
int swh_on_message(swh_sip *stack, nta_agent_t *agent, msg_t *message, sip_t *sip);
void swh_server_invite_gone(swh_sip_dialog *dialog);

/* client.c */
void swh_send_ack(swh_sip_dialog *dialog, nta_outgoing_t *invite);
void swh_drop_forks(swh_sip_dialog *dialog);
/* Asks for credentials and sends the request again; NULL when there are none. The old transaction is destroyed. */
nta_outgoing_t *swh_retry(swh_sip *stack, nta_agent_t *agent, nta_leg_t *leg, nta_outgoing_t *old,
                          nta_response_f *callback, swh_sip_dialog *magic, sip_t const *sip, swh_sip_event *event);

/* session.c */
void swh_refuse_offer(swh_sip_dialog *dialog, int status);
int swh_on_offer_invite(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip);
int swh_on_update(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip);

/* timer.c */
typedef struct {
  sip_session_expires_t expires[1];
  sip_param_t params[2];
  sip_session_expires_t *header; /* NULL: none to send */
  char const *require;           /* "timer" or NULL */
} swh_timer_headers;
void swh_timer_negotiate(swh_sip_dialog *dialog, sip_t const *request, swh_timer_headers *headers);
void swh_timer_offer(swh_sip_dialog *dialog, swh_timer_headers *headers);
void swh_timer_from_response(swh_sip_dialog *dialog, sip_t const *response);
int swh_timer_too_small(swh_sip *stack, sip_t const *request);
void swh_timer_tick(swh_sip_dialog *dialog, int64_t now_seconds);
/* Sends a re-INVITE (sdp given) or an UPDATE (NULL). */
int swh_send_request(swh_sip_dialog *dialog, char const *sdp, int refresh);

/* register.c */
void swh_registrations_drop(swh_sip *stack);

#endif
