/* Session timers (RFC 4028) and the requests we send inside a dialog. */
#include "internal.h"

static int64_t now_seconds(void) { return swh_now_ms() / 1000; }

/* An interval of 0 turns the timer off. The peer that does not refresh ends the session a little early (§10). */
static void arm(swh_sip_dialog *dialog, unsigned seconds, enum swh_refresher refresher) {
  unsigned margin = seconds / 3 < 32 ? seconds / 3 : 32;
  dialog->session_seconds = seconds;
  dialog->refresher = seconds ? refresher : SWH_NO_REFRESHER;
  dialog->lapse_at = seconds ? now_seconds() + (seconds - margin) : 0;
  dialog->refresh_at = seconds && refresher == SWH_WE_REFRESH ? now_seconds() + seconds / 2 : 0;
}

static void make_header(swh_timer_headers *headers, unsigned seconds, char const *refresher) {
  memset(headers, 0, sizeof *headers);
  if (!seconds)
    return;
  sip_session_expires_init(headers->expires)->x_delta = seconds;
  if (refresher) {
    headers->params[0] = refresher;
    headers->expires->x_params = headers->params;
  }
  headers->header = headers->expires;
}

int swh_timer_too_small(swh_sip *stack, sip_t const *request) {
  return request->sip_session_expires && sip_has_feature(request->sip_supported, "timer") &&
         request->sip_session_expires->x_delta < stack->min_session_seconds;
}

/* We answer a request: the refresher as asked, the peer when it leaves the choice and can. */
void swh_timer_negotiate(swh_sip_dialog *dialog, sip_t const *request, swh_timer_headers *headers) {
  sip_session_expires_t const *asked = request->sip_session_expires;
  int peer_can = sip_has_feature(request->sip_supported, "timer");
  make_header(headers, 0, NULL);
  if (!asked || !dialog->stack->session_seconds) {
    arm(dialog, 0, SWH_NO_REFRESHER);
    return;
  }
  unsigned long seconds = asked->x_delta;
  if (seconds < dialog->stack->min_session_seconds)
    seconds = dialog->stack->min_session_seconds;
  if (seconds > 86400)
    seconds = 86400;
  int peer = peer_can && !(asked->x_refresher && !strcasecmp(asked->x_refresher, "uas"));
  make_header(headers, (unsigned)seconds, peer ? "refresher=uac" : "refresher=uas");
  headers->require = peer ? "timer" : NULL;
  arm(dialog, (unsigned)seconds, peer ? SWH_PEER_REFRESHES : SWH_WE_REFRESH);
}

/* We send a request: what to ask for. */
void swh_timer_offer(swh_sip_dialog *dialog, swh_timer_headers *headers) {
  if (!dialog->established)
    make_header(headers, dialog->stack->session_seconds, NULL);
  else
    make_header(headers, dialog->session_seconds,
                dialog->refresher == SWH_PEER_REFRESHES ? "refresher=uas" : "refresher=uac");
}

void swh_timer_from_response(swh_sip_dialog *dialog, sip_t const *response) {
  sip_session_expires_t const *given = response->sip_session_expires;
  unsigned long seconds = given ? given->x_delta : 0;
  if (seconds && seconds < dialog->stack->min_session_seconds)
    seconds = dialog->stack->min_session_seconds; /* a broken peer may not make us flood it */
  if (seconds > 86400)
    seconds = 86400;
  arm(dialog, dialog->stack->session_seconds ? (unsigned)seconds : 0,
      given && given->x_refresher && !strcasecmp(given->x_refresher, "uas") ? SWH_PEER_REFRESHES : SWH_WE_REFRESH);
}

static int on_response(swh_sip_dialog *dialog, nta_outgoing_t *request, sip_t const *sip) {
  int status = sip ? sip->sip_status->st_status : 408;
  int is_invite = nta_outgoing_method(request) == sip_method_invite;
  int refresh = dialog->request_is_refresh;
  swh_sip_event event = {.account = dialog->account};
  if (status < 200)
    return 0;
  if ((status == 401 || status == 407) && sip && !dialog->closed) {
    event.attempt = dialog->challenges++;
    nta_outgoing_t *again =
        swh_retry(dialog->stack, dialog->agent, dialog->leg, request, on_response, dialog, sip, &event);
    if (again) {
      dialog->request = again;
      return 0;
    }
  }
  event = (swh_sip_event){.kind = SWH_SIP_REOFFER_ANSWERED, .status = status};
  dialog->challenges = 0;
  if (status < 300) {
    event.body = swh_body(sip);
    nta_leg_client_reroute(dialog->leg, NULL, sip->sip_contact, 0); /* target refresh */
    if (is_invite)
      swh_send_ack(dialog, request);
    swh_timer_from_response(dialog, sip);
  }
  dialog->request = NULL;
  if (status == 408 || status == 481) { /* RFC 3261 §12.2.1.2: the dialog is gone */
    swh_lose(dialog, SWH_SIP_LOST, status == 408 ? "no answer inside the dialog" : "the peer knows no such dialog",
             status == 408);
  } else if (!refresh) {
    swh_emit(dialog, &event);
  } else if (status >= 300) {
    if (status == 405 || status == 501)
      dialog->peer_updates = 0; /* next time by re-INVITE */
    dialog->refresh_at = now_seconds() + 1 + dialog->session_seconds / 16;
  }
  nta_outgoing_destroy(request);
  return 0;
}

int swh_send_request(swh_sip_dialog *dialog, char const *sdp, int refresh) {
  swh_sip *stack = dialog->stack;
  swh_timer_headers timer;
  swh_timer_offer(dialog, &timer);
  dialog->request_is_refresh = refresh;
  dialog->challenges = 0;
  if (sdp && sdp != dialog->sdp)
    swh_keep_sdp(dialog, sdp);
  dialog->request = nta_outgoing_tcreate(
      dialog->leg, on_response, dialog, NULL, sdp ? sip_method_invite : sip_method_update, sdp ? "INVITE" : "UPDATE",
      NULL, SIPTAG_CONTACT_STR(swh_contact(dialog)), SIPTAG_ALLOW(stack->allow), SIPTAG_SUPPORTED(stack->supported),
      SIPTAG_USER_AGENT_STR(stack->user_agent), SIPTAG_SESSION_EXPIRES(timer.header),
      SIPTAG_CONTENT_TYPE_STR(sdp ? SWH_SDP_TYPE : NULL), SIPTAG_PAYLOAD_STR(sdp), TAG_END());
  return dialog->request ? 0 : -1;
}

int swh_sip_reoffer(swh_sip_dialog *dialog, const char *sdp) {
  if (!dialog->established || dialog->request || dialog->offer_in || dialog->invite_in || dialog->bye)
    return -1;
  return swh_send_request(dialog, sdp, 0);
}

void swh_timer_tick(swh_sip_dialog *dialog, int64_t now) {
  if (!dialog->session_seconds || dialog->bye)
    return;
  if (now >= dialog->lapse_at) {
    swh_lose(dialog, SWH_SIP_SESSION_TIMER, NULL, 1);
    return;
  }
  if (!dialog->refresh_at || now < dialog->refresh_at)
    return;
  if (dialog->request || dialog->offer_in || dialog->invite_in)
    return; /* the next tick tries again */
  dialog->refresh_at = 0;
  (void)swh_send_request(dialog, dialog->peer_updates ? NULL : dialog->sdp, 1);
}
