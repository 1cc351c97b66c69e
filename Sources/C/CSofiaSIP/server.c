/* Calls that come in: the INVITE server transaction, and requests outside any dialog. */
#include "internal.h"

static int on_ack_cancel(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip);

/* The INVITE is no longer unanswered. */
void swh_server_invite_gone(swh_sip_dialog *dialog) {
  if (dialog->invite_in && !dialog->established && !dialog->outbound)
    dialog->stack->pending--;
  dialog->established = 1;
}

static int refuse_request(nta_incoming_t *request, int status, char const *phrase) {
  nta_incoming_treply(request, status, phrase, TAG_END());
  nta_incoming_destroy(request);
  return status;
}

/* What must be right before a dialog is made for an INVITE. Returns nonzero when it has been refused. */
static int refuse_unusable(swh_sip *stack, nta_incoming_t *request, sip_t const *sip) {
  int status;
  switch (sip->sip_request->rq_url->url_type) {
  case url_sip:
  case url_sips:
  case url_tel:
    break;
  default:
    return refuse_request(request, SIP_416_UNSUPPORTED_URI);
  }
  if (nta_check_required(request, sip, stack->supported, TAG_END())) {
    nta_incoming_destroy(request);
    return 420;
  }
  if (!sip->sip_from->a_tag || !sip->sip_contact || !sip->sip_contact->m_url->url_host)
    return refuse_request(request, 400, sip->sip_from->a_tag ? "Bad Contact" : "From Tag Missing");
  if ((status = swh_check_body(sip))) {
    nta_incoming_treply(request, SIP_415_UNSUPPORTED_MEDIA, SIPTAG_ACCEPT_STR(SWH_SDP_TYPE), TAG_END());
    nta_incoming_destroy(request);
    return status;
  }
  if (swh_timer_too_small(stack, sip)) {
    sip_min_se_t minimum[1];
    sip_min_se_init(minimum)->min_delta = stack->min_session_seconds;
    nta_incoming_treply(request, SIP_422_SESSION_TIMER_TOO_SMALL, SIPTAG_MIN_SE(minimum), TAG_END());
    nta_incoming_destroy(request);
    return 422;
  }
  return 0;
}

static void report_invite(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip) {
  swh_sip_header headers[64];
  swh_sip_invite invite = {
      .call_id = swh_text(sip->sip_call_id->i_id),
      .request_user = swh_text(sip->sip_request->rq_url->url_user),
      .request_host = swh_text(sip->sip_request->rq_url->url_host),
      .from_user = swh_text(sip->sip_from->a_url->url_user),
      .from_host = swh_text(sip->sip_from->a_url->url_host),
      .from_display = swh_text(sip->sip_from->a_display),
      .to_user = swh_text(sip->sip_to->a_url->url_user),
      .headers = headers,
  };
  for (sip_unknown_t const *h = sip->sip_unknown; h && invite.header_count < 64; h = h->un_next)
    headers[invite.header_count++] = (swh_sip_header){swh_text(h->un_name), swh_text(h->un_value)};
  swh_sip_event event = {.kind = SWH_SIP_INVITE, .body = swh_body(sip), .invite = &invite};
  msg_t *message = nta_incoming_getrequest(request);
  swh_source_of(dialog->agent, message, &event.source);
  msg_destroy(message);
  dialog->transport = event.source.transport;
  swh_emit(dialog, &event);
}

void swh_server_invite(swh_sip *stack, nta_agent_t *agent, nta_incoming_t *request, sip_t const *sip) {
  stack->invites++;
  if (refuse_unusable(stack, request, sip))
    return;
  swh_sip_dialog *dialog = swh_dialog_create(stack);
  if (dialog) {
    dialog->agent = agent;
    dialog->leg = nta_leg_tcreate(agent, swh_on_dialog_request, dialog, SIPTAG_CALL_ID(sip->sip_call_id),
                                  SIPTAG_FROM(sip->sip_to), SIPTAG_TO(sip->sip_from),
                                  NTATAG_REMOTE_CSEQ(sip->sip_cseq->cs_seq), TAG_END());
  }
  if (!dialog || !dialog->leg || !nta_leg_tag(dialog->leg, nta_incoming_tag(request, NULL)) ||
      nta_leg_server_route(dialog->leg, sip->sip_record_route, sip->sip_contact) < 0) {
    refuse_request(request, SIP_500_INTERNAL_SERVER_ERROR);
    if (dialog)
      swh_dialog_bury(dialog);
    return;
  }
  stack->pending++;
  dialog->invite_in = request;
  dialog->delayed_offer = swh_body(sip).count == 0;
  dialog->reliable_wanted = sip_has_feature(sip->sip_require, "100rel");
  dialog->reliable_possible = dialog->reliable_wanted || sip_has_feature(sip->sip_supported, "100rel");
  dialog->peer_updates = sip->sip_allow && sip_is_allowed(sip->sip_allow, SIP_METHOD_UPDATE);
  nta_incoming_bind(request, on_ack_cancel, dialog);
  nta_incoming_treply(request, SIP_100_TRYING, TAG_END());
  report_invite(dialog, request, sip);
}

/* Requests that belong to no dialog, and responses that belong to no transaction. */
int swh_on_message(swh_sip *stack, nta_agent_t *agent, msg_t *message, sip_t *sip) {
  nta_incoming_t *request;
  if (!sip->sip_request) {
    /* For 64 × T1 after the first final response nta itself repeats the ACK to a repeated 200, and ends the dialog of
     * a 200 from another fork. Later ones are not answered: a forged one would choose whom we send to. */
    nta_msg_discard(agent, message);
    return 0;
  }
  sip_method_t method = sip->sip_request->rq_method;
  if (method == sip_method_ack) {
    nta_msg_discard(agent, message);
    return 0;
  }
  if (sip->sip_to->a_tag || method == sip_method_cancel || method == sip_method_bye || method == sip_method_prack ||
      method == sip_method_update) {
    nta_msg_treply(agent, message, 481, "Call Does Not Exist", TAG_END());
    return 0;
  }
  if (method == sip_method_invite && (!stack->admission_open || stack->pending >= stack->max_pending)) {
    sip_retry_after_t retry[1];
    sip_retry_after_init(retry)->af_delta = stack->retry_after;
    stack->shed++;
    nta_msg_treply(agent, message, SIP_503_SERVICE_UNAVAILABLE, SIPTAG_RETRY_AFTER(retry), TAG_END());
    return 0;
  }
  if (!(request = nta_incoming_create(agent, NULL, message, sip, TAG_END())))
    return 0;
  switch (method) {
  case sip_method_invite:
    swh_server_invite(stack, agent, request, sip);
    break;
  case sip_method_options:
    nta_incoming_treply(request, SIP_200_OK, SIPTAG_ALLOW(stack->allow), SIPTAG_SUPPORTED(stack->supported),
                        SIPTAG_ACCEPT_STR(SWH_SDP_TYPE), SIPTAG_SERVER_STR(stack->user_agent), TAG_END());
    nta_incoming_destroy(request);
    break;
  case sip_method_refer:
    refuse_request(request, 603, "Decline");
    break;
  default:
    if (nta_check_method(request, sip, stack->allow, TAG_END()) == 0)
      refuse_request(request, 481, "Call Does Not Exist");
    else
      nta_incoming_destroy(request);
  }
  return 0;
}

static int on_prack(swh_sip_dialog *dialog, nta_reliable_t *reliable, nta_incoming_t *prack, sip_t const *sip) {
  char *answer = dialog->held_answer;
  nta_reliable_destroy(reliable);
  if (dialog->reliable_pending)
    dialog->reliable_pending--;
  if (!prack) /* flushed by a final response, or timed out: on_ack_cancel hears of that too */
    return 0;
  if (swh_body(sip).count) /* an offer in PRACK: nothing we sent asked for one */
    nta_incoming_treply(prack, SIP_488_NOT_ACCEPTABLE, TAG_END());
  else
    nta_incoming_treply(prack, SIP_200_OK, TAG_END());
  nta_incoming_destroy(prack);
  if (answer && !dialog->reliable_pending && dialog->invite_in) {
    dialog->held_answer = NULL;
    swh_sip_answer(dialog, answer);
    free(answer);
  }
  return 0;
}

int swh_sip_ring(swh_sip_dialog *dialog, int status, const char *sdp) {
  if (!dialog->invite_in || dialog->established || dialog->held_answer || status <= 100 || status >= 200)
    return -1;
  if (dialog->delayed_offer)
    sdp = SWH_NO_SDP; /* it would be an offer; ours goes into the 200 */
  if (sdp)
    swh_keep_sdp(dialog, sdp);
  if (dialog->reliable_wanted || (dialog->reliable_possible && sdp)) {
    if (!nta_reliable_treply(dialog->invite_in, on_prack, dialog, status, NULL,
                             SIPTAG_CONTACT_STR(swh_contact(dialog)), SIPTAG_ALLOW(dialog->stack->allow),
                             SIPTAG_CONTENT_TYPE_STR(sdp ? SWH_SDP_TYPE : NULL), SIPTAG_PAYLOAD_STR(sdp), TAG_END()))
      return -1;
    dialog->reliable_pending++;
    return 0;
  }
  return nta_incoming_treply(dialog->invite_in, status, NULL, SIPTAG_CONTACT_STR(swh_contact(dialog)),
                             SIPTAG_ALLOW(dialog->stack->allow), SIPTAG_CONTENT_TYPE_STR(sdp ? SWH_SDP_TYPE : NULL),
                             SIPTAG_PAYLOAD_STR(sdp), TAG_END());
}

int swh_sip_answer(swh_sip_dialog *dialog, const char *sdp) {
  swh_sip *stack = dialog->stack;
  swh_timer_headers timer;
  if (!dialog->invite_in || dialog->established || dialog->held_answer)
    return -1;
  if (dialog->reliable_pending) { /* RFC 3262 §3: no 200 while a reliable response with SDP waits for its PRACK */
    dialog->held_answer = strdup(sdp);
    return 0;
  }
  msg_t *message = nta_incoming_getrequest(dialog->invite_in);
  swh_timer_negotiate(dialog, sip_object(message), &timer);
  msg_destroy(message);
  swh_keep_sdp(dialog, sdp);
  swh_server_invite_gone(dialog);
  return nta_incoming_treply(dialog->invite_in, SIP_200_OK, SIPTAG_CONTACT_STR(swh_contact(dialog)),
                             SIPTAG_ALLOW(stack->allow), SIPTAG_SUPPORTED(stack->supported),
                             SIPTAG_SERVER_STR(stack->user_agent), SIPTAG_SESSION_EXPIRES(timer.header),
                             SIPTAG_REQUIRE_STR(timer.require), SIPTAG_CONTENT_TYPE_STR(SWH_SDP_TYPE),
                             SIPTAG_PAYLOAD_STR(sdp), TAG_END());
}

void swh_sip_refuse(swh_sip_dialog *dialog, int status, const char *phrase, int retry_after_seconds) {
  sip_retry_after_t retry[1];
  if (!dialog->invite_in || dialog->established) {
    (void)swh_sip_hang_up(dialog);
    return;
  }
  sip_retry_after_init(retry)->af_delta = retry_after_seconds;
  dialog->closed = 1;
  nta_incoming_treply(dialog->invite_in, status, phrase, TAG_IF(retry_after_seconds > 0, SIPTAG_RETRY_AFTER(retry)),
                      SIPTAG_SERVER_STR(dialog->stack->user_agent), TAG_END());
  swh_dialog_bury(dialog);
}

/* ACK of a 2xx, CANCEL, or (sip NULL) a reliable 18x without PRACK or a 200 without ACK for 64 × T1. */
static int on_ack_cancel(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip) {
  swh_sip_event event = {.kind = SWH_SIP_CANCELLED};
  if (request != dialog->invite_in)
    return 0;
  if (!dialog->established) {
    if (sip)
      nta_incoming_treply(request, SIP_487_REQUEST_TERMINATED, TAG_END());
    else
      nta_incoming_treply(request, 504, "PRACK Timeout", TAG_END());
    swh_dialog_close(dialog, &event);
    swh_dialog_bury(dialog);
    return 0;
  }
  dialog->invite_in = NULL;
  nta_incoming_destroy(request);
  if (dialog->bye_after_ack) {
    swh_send_bye(dialog, NULL);
  } else if (sip) {
    event.kind = SWH_SIP_ACKNOWLEDGED;
    if (dialog->delayed_offer)
      event.body = swh_body(sip);
    swh_emit(dialog, &event);
  } else {
    swh_lose(dialog, SWH_SIP_LOST, "the 200 was never acknowledged", 1);
  }
  return 0;
}
