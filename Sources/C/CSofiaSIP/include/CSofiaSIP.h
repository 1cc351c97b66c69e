#ifndef SWH_CSOFIASIP_H
#define SWH_CSOFIASIP_H

#include <stddef.h>
#include <stdint.h>

/*
 * SIP dialogs and transactions over sofia-sip's transaction layer (nta). No sofia type is named here, so that the
 * library can be replaced behind this file.
 *
 * Threading: swh_sip_start, swh_sip_wake and swh_sip_join may be called from any thread; everything else only on the
 * stack's own thread, that is, from inside the callback. The callback runs on that thread; what an event points to
 * lives until the callback returns.
 *
 * Life of a dialog pointer: valid until SWH_SIP_CANCELLED, SWH_SIP_FAILED or SWH_SIP_ENDED names it, or until a verb
 * that says so was called. What is still needed to end it on the wire lives on inside.
 *
 * Fails with: functions returning int give 0, or -1 when the dialog is in no state for the call (nothing was sent).
 */

#pragma clang assume_nonnull begin

typedef struct swh_sip swh_sip;
typedef struct swh_sip_dialog swh_sip_dialog;
typedef struct swh_sip_registration swh_sip_registration;

/* Bytes of a message; not terminated by zero, may hold anything. */
typedef struct {
  const char *_Nullable bytes;
  size_t count;
} swh_sip_text;

typedef struct {
  swh_sip_text name;
  swh_sip_text value;
} swh_sip_header;

typedef enum { SWH_SIP_UDP = 0, SWH_SIP_TCP = 1, SWH_SIP_TLS = 2 } swh_sip_transport;

typedef enum {
  SWH_SIP_WOKEN,            /* swh_sip_wake was called */
  SWH_SIP_TICK,             /* once a second (20 times a second while stopping) */
  SWH_SIP_INVITE,           /* new call: `invite`, body (offer or empty); give it an id with swh_sip_set_id */
  SWH_SIP_CANCELLED,        /* last event of an inbound call that was not answered */
  SWH_SIP_ACKNOWLEDGED,     /* ACK of our 200, body when our 200 carried the offer */
  SWH_SIP_PROGRESS,         /* 18x: status, body */
  SWH_SIP_ANSWERED,         /* 2xx, ACK sent: body */
  SWH_SIP_FAILED,           /* last event of an outbound call that was not answered: status, text, from_peer */
  SWH_SIP_ENDED,            /* last event of an answered call: cause, text */
  SWH_SIP_REOFFER,          /* re-INVITE or UPDATE: body (empty: the peer wants our offer) */
  SWH_SIP_REOFFER_ANSWERED, /* status, body */
  SWH_SIP_INFO,             /* text is the content type, body */
  SWH_SIP_CHALLENGE,        /* 401 or 407: body holds the challenges, one header a line; answer inside the callback */
  SWH_SIP_REGISTERED,       /* answer to REGISTER: status, text, seconds, from_peer */
  SWH_SIP_STOPPED           /* the thread is about to end: last event of all */
} swh_sip_event_kind;

typedef enum {
  SWH_SIP_BYE,           /* text is the Reason header, if any */
  SWH_SIP_SESSION_TIMER, /* RFC 4028 */
  SWH_SIP_LOST           /* text says why */
} swh_sip_end;

typedef struct {
  char host[64];
  uint16_t port;
  swh_sip_transport transport;
} swh_sip_source;

typedef struct {
  swh_sip_text call_id;
  swh_sip_text request_user, request_host;
  swh_sip_text from_user, from_host, from_display;
  swh_sip_text to_user;
  /* Headers sofia has no class for (X-*, User-to-User, P-Asserted-Identity …), at most 64. */
  const swh_sip_header *headers;
  size_t header_count;
} swh_sip_invite;

typedef struct {
  swh_sip_event_kind kind;
  uint64_t id;
  swh_sip_dialog *_Nullable dialog;
  int status;
  int from_peer;
  /* CHALLENGE: how many challenges of this request came before. */
  int attempt;
  uint32_t account; /* whose credentials apply, as given with the call or registration */
  swh_sip_end cause;
  unsigned seconds;
  swh_sip_text text;
  swh_sip_text body;
  /* CHALLENGE: method and request URI the answer is computed over. */
  swh_sip_text method, uri;
  swh_sip_source source;
  const swh_sip_invite *_Nullable invite;
} swh_sip_event;

typedef void (*swh_sip_callback)(void *context, const swh_sip_event *event);

typedef struct {
  const char *const _Nonnull *_Nonnull hosts; /* numeric addresses to listen on */
  size_t host_count;
  uint16_t port;     /* UDP and TCP; 0 picks a free one */
  int udp, tcp;      /* which of the two */
  uint16_t tls_port; /* 0 picks a free one */
  const char *_Nullable tls_folder; /* holds agent.pem and cafile.pem; NULL: no TLS listener */
  const char *_Nullable advertised_host; /* host of Contact; NULL: the first of `hosts`, or the
                                          address of the default route when that is a wildcard */
  const char *user_agent;
  unsigned t1_ms;               /* RFC 3261 T1; 64 × T1 is timer B */
  unsigned session_seconds;     /* Session-Expires we ask for; 0: no session timer */
  unsigned min_session_seconds; /* Min-SE */
  unsigned max_pending;         /* unanswered inbound calls above which new ones get 503 */
} swh_sip_config;

/* Starts the thread and returns when it listens. NULL on failure, with one line in `fault`. */
swh_sip *_Nullable swh_sip_start(const swh_sip_config *config, swh_sip_callback callback, void *context, char *fault,
                                 size_t fault_size);
/* Makes the thread call back with SWH_SIP_WOKEN soon. Legal until swh_sip_join. */
void swh_sip_wake(swh_sip *stack);
/* Waits for the thread's end after SWH_SIP_STOPPED and frees the stack. */
void swh_sip_join(swh_sip *stack);

/* Ends every call, then the thread: at once when nothing is left, else after at most `milliseconds`. */
void swh_sip_stop(swh_sip *stack, unsigned milliseconds);
/* Host of Contact: the advertised one, or an address of ours. */
const char *swh_sip_host(const swh_sip *stack);
uint16_t swh_sip_port(const swh_sip *stack, swh_sip_transport transport); /* 0: not listening */
/*
 * Makes calls and registrations over TLS possible with the authorities of `folder`/cafile.pem: with `verify` when there
 * is no TLS listener, without `verify` always. NULL, or one line that says what failed. Once open it stays open.
 */
const char *_Nullable swh_sip_open_tls_out(swh_sip *stack, const char *folder, int verify);
/* The TLS listeners show `folder`/agent.pem from now on; running connections go on. NULL, or one line; then nothing has
   changed. */
const char *_Nullable swh_sip_change_certificate(swh_sip *stack, const char *folder);
/*
 * 1 for a numeric host, or when a name server can be sent to. Otherwise no request may go to `host`: sofia asks its name
 * servers in turn until one can be sent to, and never returns. Any thread.
 */
int swh_sip_can_resolve(const char *host);
/* When closed, new calls get 503 with Retry-After before anything is allocated for them. */
void swh_sip_set_admission(swh_sip *stack, int open, unsigned retry_after_seconds);

typedef struct {
  unsigned dialogs, pending_invites, server_transactions, client_transactions;
  uint64_t invites, shed_invites, bad_messages;
} swh_sip_counters;
swh_sip_counters swh_sip_count(swh_sip *stack);

void swh_sip_set_id(swh_sip_dialog *dialog, uint64_t id);
/* 101…199; reliable when the peer requires 100rel, or supports it and `sdp` is given. */
int swh_sip_ring(swh_sip_dialog *dialog, int status, const char *_Nullable sdp);
int swh_sip_answer(swh_sip_dialog *dialog, const char *sdp);
/* The dialog pointer is dead afterwards. */
void swh_sip_refuse(swh_sip_dialog *dialog, int status, const char *_Nullable phrase, int retry_after_seconds);

typedef struct {
  const char *target;              /* Request-URI */
  const char *from, *to;           /* name-addr without tag */
  const char *_Nullable headers;   /* further header lines, "Name: value\r\n" each */
  const char *sdp;
  uint32_t account; /* comes back with challenges */
  int verify;       /* over TLS: check the server's certificate and name (RFC 5922) */
} swh_sip_call;
/* NULL when the target cannot be used. */
swh_sip_dialog *_Nullable swh_sip_call_out(swh_sip *stack, uint64_t id, const swh_sip_call *call);
/* SWH_SIP_FAILED follows, perhaps before it returns. */
void swh_sip_cancel(swh_sip_dialog *dialog);
/* Ends an answered call. Returns 1 when the pointer is dead afterwards, 0 when SWH_SIP_FAILED will follow. */
int swh_sip_hang_up(swh_sip_dialog *dialog);
int swh_sip_reoffer(swh_sip_dialog *dialog, const char *sdp);
int swh_sip_answer_reoffer(swh_sip_dialog *dialog, const char *sdp);
int swh_sip_refuse_reoffer(swh_sip_dialog *dialog, int status);
/* Inside SWH_SIP_CHALLENGE: the value of (Proxy-)Authorization to send the request again with. */
void swh_sip_set_credentials(swh_sip *stack, const char *value);

swh_sip_registration *_Nullable swh_sip_registration_create(swh_sip *stack, uint64_t id, uint32_t account,
                                                            const char *registrar,
                                                            const char *address_of_record, const char *contact_user,
                                                            int verify);
/* 0 seconds unregisters. SWH_SIP_REGISTERED follows. -1: a request is under way. */
int swh_sip_registration_send(swh_sip_registration *registration, unsigned seconds);
void swh_sip_registration_destroy(swh_sip_registration *registration);

/* Where sofia's own complaints go (all stacks of the process, any of their threads); levels 0 (grave) to 9. */
void swh_sip_set_logger(void (*_Nullable logger)(int level, const char *line));

/* Gives freed heap back to the system (malloc_trim). */
void swh_sip_trim_heap(void);

#pragma clang assume_nonnull end

#endif
