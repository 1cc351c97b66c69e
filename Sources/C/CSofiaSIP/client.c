/* Calls that go out: the INVITE client transaction, forks, PRACK, CANCEL, authentication. */
#include "internal.h"

static int on_invite_response(swh_sip_dialog *dialog, nta_outgoing_t *request, sip_t const *sip);

swh_sip_dialog *swh_sip_call_out(swh_sip *stack, uint64_t id, const swh_sip_call *call) {
  swh_timer_headers timer;
  sip_min_se_t minimum[1];
  url_t *target = url_hdup(stack->home, URL_STRING_MAKE(call->target)->us_url);
  if (!target || (target->url_type != url_sip && target->url_type != url_sips) || !target->url_host ||
      !target->url_host[0]) {
    su_free(stack->home, target);
    return NULL;
  }
  char proto[8] = "";
  swh_sip_dialog *dialog = swh_dialog_create(stack);
  if (dialog) {
    dialog->id = id;
    dialog->account = call->account;
    dialog->outbound = 1;
    if (target->url_params)
      url_param(target->url_params, "transport", proto, sizeof proto);
    if (target->url_type == url_sips || !strcasecmp(proto, "tls"))
      dialog->transport = SWH_SIP_TLS;
    else if (!strcasecmp(proto, "tcp"))
      dialog->transport = SWH_SIP_TCP;
    dialog->agent = swh_agent_for(stack, dialog->transport, call->verify);
    if (dialog->agent)
      dialog->leg = nta_leg_tcreate(dialog->agent, swh_on_dialog_request, dialog, SIPTAG_FROM_STR(call->from),
                                    SIPTAG_TO_STR(call->to), TAG_END());
  }
  if (dialog && dialog->leg && nta_leg_tag(dialog->leg, NULL)) {
    swh_keep_sdp(dialog, call->sdp);
    swh_timer_offer(dialog, &timer);
    sip_min_se_init(minimum)->min_delta = stack->min_session_seconds;
    dialog->invite_out = nta_outgoing_tcreate(
        dialog->leg, on_invite_response, dialog, NULL, SIP_METHOD_INVITE, (url_string_t *)target,
        SIPTAG_CONTACT_STR(swh_contact(dialog)), SIPTAG_ALLOW(stack->allow), SIPTAG_SUPPORTED(stack->supported),
        SIPTAG_USER_AGENT_STR(stack->user_agent), SIPTAG_SESSION_EXPIRES(timer.header),
        TAG_IF(timer.header, SIPTAG_MIN_SE(minimum)), SIPTAG_HEADER_STR(call->headers),
        SIPTAG_CONTENT_TYPE_STR(SWH_SDP_TYPE), SIPTAG_PAYLOAD_STR(call->sdp), TAG_END());
  }
  su_free(stack->home, target);
  if (dialog && !dialog->invite_out) {
    swh_dialog_bury(dialog);
    return NULL;
  }
  return dialog;
}

void swh_drop_forks(swh_sip_dialog *dialog) {
  swh_fork *fork;
  while ((fork = dialog->forks)) {
    dialog->forks = fork->next;
    nta_leg_destroy(fork->leg);
    free(fork);
  }
}

static swh_fork *fork_of(swh_sip_dialog *dialog, sip_t const *sip) {
  char const *tag = sip->sip_to->a_tag;
  int count = 0;
  swh_fork *fork;
  if (!tag)
    return NULL;
  for (fork = dialog->forks; fork; fork = fork->next, count++)
    if (!strcmp(fork->tag, tag))
      return fork;
  if (count >= 8 || !(fork = calloc(1, sizeof *fork + strlen(tag) + 1)))
    return NULL;
  strcpy(fork->tag, tag);
  fork->leg = nta_leg_tcreate(dialog->agent, swh_on_dialog_request, dialog, SIPTAG_CALL_ID(sip->sip_call_id),
                              SIPTAG_FROM(sip->sip_from), SIPTAG_TO(sip->sip_to), SIPTAG_CSEQ(sip->sip_cseq),
                              TAG_END());
  if (!fork->leg) {
    free(fork);
    return NULL;
  }
  nta_leg_client_reroute(fork->leg, sip->sip_record_route, sip->sip_contact, 1);
  fork->next = dialog->forks;
  return dialog->forks = fork;
}

/*
 * Sends PRACK for a reliable 18x. Returns 0 when the response must be ignored (repeated or out of order, RFC 3262 §4).
 *
 * nta_outgoing_tagged, which nua uses here, binds the INVITE to one fork: a 200 from another fork is then ended at
 * once. Legs of our own do not.
 */
static int acknowledge_reliable(swh_sip_dialog *dialog, sip_t const *sip) {
  uint32_t number = sip->sip_rseq->rs_response;
  swh_fork *fork = fork_of(dialog, sip);
  sip_rack_t rack[1];
  if (!fork || (fork->rseq && number != fork->rseq + 1))
    return 0;
  fork->rseq = number;
  sip_rack_init(rack);
  rack->ra_response = number;
  rack->ra_cseq = sip->sip_cseq->cs_seq;
  rack->ra_method = sip->sip_cseq->cs_method;
  rack->ra_method_name = sip->sip_cseq->cs_method_name;
  nta_outgoing_tcreate(fork->leg, NULL, NULL, NULL, SIP_METHOD_PRACK, NULL, SIPTAG_RACK(rack),
                       SIPTAG_USER_AGENT_STR(dialog->stack->user_agent), TAG_END());
  return 1;
}

void swh_send_ack(swh_sip_dialog *dialog, nta_outgoing_t *invite) {
  msg_t *message = nta_outgoing_getrequest(invite);
  sip_t *request = sip_object(message);
  sip_cseq_t *cseq = sip_cseq_create(msg_home(message), request->sip_cseq->cs_seq, SIP_METHOD_ACK);
  nta_outgoing_t *ack = nta_outgoing_tcreate(
      dialog->leg, NULL, NULL, NULL, SIP_METHOD_ACK, NULL, SIPTAG_CSEQ(cseq),
      NTATAG_ACK_BRANCH(nta_outgoing_branch(invite)), SIPTAG_AUTHORIZATION(request->sip_authorization),
      SIPTAG_PROXY_AUTHORIZATION(request->sip_proxy_authorization), TAG_END());
  nta_outgoing_destroy(ack); /* nta keeps it 64 × T1 to answer repeated 200s */
  msg_destroy(message);
}

/* The fork that sent the 2xx becomes the dialog, its CSeq continuing after its PRACKs. */
static void settle_dialog(swh_sip_dialog *dialog, sip_t const *sip) {
  char const *tag = sip->sip_to->a_tag;
  for (swh_fork **slot = &dialog->forks; *slot; slot = &(*slot)->next) {
    swh_fork *fork = *slot;
    if (!tag || strcmp(fork->tag, tag))
      continue;
    nta_leg_destroy(dialog->leg);
    dialog->leg = fork->leg;
    *slot = fork->next;
    free(fork);
    break;
  }
  swh_drop_forks(dialog);
  nta_leg_rtag(dialog->leg, tag);
  nta_leg_client_reroute(dialog->leg, sip->sip_record_route, sip->sip_contact, 1);
}

static void report_failure(swh_sip_dialog *dialog, int status, char const *phrase, int from_peer) {
  swh_sip_event event = {.kind = SWH_SIP_FAILED, .status = status, .text = swh_text(phrase), .from_peer = from_peer};
  swh_dialog_close(dialog, &event);
}

static void on_success(swh_sip_dialog *dialog, nta_outgoing_t *request, sip_t const *sip, swh_sip_event *event) {
  settle_dialog(dialog, sip);
  dialog->peer_updates = sip->sip_allow && sip_is_allowed(sip->sip_allow, SIP_METHOD_UPDATE);
  swh_send_ack(dialog, request);
  dialog->invite_out = NULL;
  nta_outgoing_destroy(request);
  dialog->established = 1;
  dialog->challenges = 0;
  if (dialog->cancelling) { /* the 200 crossed our CANCEL */
    report_failure(dialog, 487, "Request Cancelled", 0);
    swh_send_bye(dialog, NULL);
    return;
  }
  swh_timer_from_response(dialog, sip);
  event->kind = SWH_SIP_ANSWERED;
  swh_emit(dialog, event);
}

/* A request sent again in its own dialog with the next CSeq; `change` alters the copy. */
static nta_outgoing_t *send_again(swh_sip *stack, nta_agent_t *agent, nta_leg_t *leg, nta_outgoing_t *old,
                                  nta_response_f *callback, swh_sip_dialog *magic, int (*change)(swh_sip *, msg_t *, sip_t *, sip_t const *),
                                  sip_t const *response) {
  msg_t *original = nta_outgoing_getrequest(old);
  msg_t *again = original ? msg_copy(original) : NULL;
  sip_t *copy = again ? sip_object(again) : NULL;
  nta_outgoing_t *request = NULL;
  if (copy) {
    while (copy->sip_via)
      sip_header_remove(again, copy, (sip_header_t *)copy->sip_via);
    sip_request_t const *line = copy->sip_request;
    if (change(stack, again, copy, response) >= 0 &&
        nta_msg_request_complete(again, leg, line->rq_method, line->rq_method_name, NULL) >= 0)
      request = nta_outgoing_mcreate(agent, callback, magic, NULL, again, TAG_END());
    if (!request)
      msg_destroy(again);
    else
      nta_outgoing_destroy(old);
  }
  msg_destroy(original);
  return request;
}

static int add_credentials(swh_sip *stack, msg_t *message, sip_t *sip, sip_t const *response) {
  while (sip->sip_authorization)
    sip_header_remove(message, sip, (sip_header_t *)sip->sip_authorization);
  while (sip->sip_proxy_authorization)
    sip_header_remove(message, sip, (sip_header_t *)sip->sip_proxy_authorization);
  /* Not SIPTAG_HEADER_STR: in a copied message that lands behind the body. */
  return response->sip_status->st_status == 407
             ? sip_add_tl(message, sip, SIPTAG_PROXY_AUTHORIZATION_STR(stack->credentials), TAG_END())
             : sip_add_tl(message, sip, SIPTAG_AUTHORIZATION_STR(stack->credentials), TAG_END());
}

nta_outgoing_t *swh_retry(swh_sip *stack, nta_agent_t *agent, nta_leg_t *leg, nta_outgoing_t *old,
                          nta_response_f *callback, swh_sip_dialog *magic, sip_t const *sip, swh_sip_event *event) {
  msg_t *original = nta_outgoing_getrequest(old);
  if (!original || !sip)
    return NULL;
  su_home_t home[1] = {SU_HOME_INIT(home)};
  sip_request_t const *line = sip_object(original)->sip_request;
  char const *lines = "";
  for (sip_www_authenticate_t *h = sip->sip_www_authenticate; h; h = h->au_next)
    lines = su_sprintf(home, "%s%s\n", lines, sip_header_as_string(home, (sip_header_t *)h));
  for (sip_proxy_authenticate_t *h = sip->sip_proxy_authenticate; h; h = h->au_next)
    lines = su_sprintf(home, "%s%s\n", lines, sip_header_as_string(home, (sip_header_t *)h));
  event->kind = SWH_SIP_CHALLENGE;
  event->status = sip->sip_status->st_status;
  event->body = swh_text(lines);
  event->method = swh_text(line->rq_method_name);
  event->uri = swh_text(url_as_string(home, line->rq_url));
  stack->callback(stack->context, event);
  su_home_deinit(home);
  msg_destroy(original);
  if (!stack->credentials)
    return NULL;
  nta_outgoing_t *request = send_again(stack, agent, leg, old, callback, magic, add_credentials, sip);
  free(stack->credentials), stack->credentials = NULL;
  return request;
}

/* RFC 4028 §7.4: the peer's Min-SE is longer than what we asked for. */
static int raise_session(swh_sip *stack, msg_t *message, sip_t *sip, sip_t const *response) {
  sip_session_expires_t expires[1];
  (void)stack;
  sip_session_expires_init(expires)->x_delta = response->sip_min_se->min_delta;
  while (sip->sip_session_expires)
    sip_header_remove(message, sip, (sip_header_t *)sip->sip_session_expires);
  while (sip->sip_min_se)
    sip_header_remove(message, sip, (sip_header_t *)sip->sip_min_se);
  return sip_add_tl(message, sip, SIPTAG_SESSION_EXPIRES(expires), SIPTAG_MIN_SE(response->sip_min_se), TAG_END());
}

void swh_sip_set_credentials(swh_sip *stack, const char *value) {
  free(stack->credentials);
  stack->credentials = strdup(value);
}

static int on_invite_response(swh_sip_dialog *dialog, nta_outgoing_t *request, sip_t const *sip) {
  int status = sip ? sip->sip_status->st_status : 408;
  int from_peer = sip && !nta_sip_is_internal(sip);
  swh_sip_event event = {.kind = SWH_SIP_PROGRESS, .status = status, .from_peer = from_peer};
  if (from_peer) {
    msg_t *message = nta_outgoing_getresponse(request);
    event.body = swh_body(sip);
    swh_source_of(dialog->agent, message, &event.source);
    msg_destroy(message);
  }
  if (status < 200) {
    if (status == 100 || (sip->sip_rseq && !acknowledge_reliable(dialog, sip)) || dialog->cancelling)
      return 0;
    swh_emit(dialog, &event);
    return 0;
  }
  if (status < 300) {
    on_success(dialog, request, sip, &event);
    return 0;
  }
  if ((status == 401 || status == 407) && from_peer && !dialog->cancelling) {
    swh_sip_event challenge = {.account = dialog->account, .attempt = dialog->challenges++};
    nta_outgoing_t *again =
        swh_retry(dialog->stack, dialog->agent, dialog->leg, request, on_invite_response, dialog, sip, &challenge);
    if (again) {
      swh_drop_forks(dialog);
      dialog->invite_out = again;
      return 0;
    }
  }
  if (status == 422 && from_peer && sip->sip_min_se && !dialog->session_raised && !dialog->cancelling) {
    nta_outgoing_t *again =
        send_again(dialog->stack, dialog->agent, dialog->leg, request, on_invite_response, dialog, raise_session, sip);
    dialog->session_raised = 1;
    if (again) {
      dialog->invite_out = again;
      return 0;
    }
  }
  report_failure(dialog, dialog->cancelling ? 487 : status, sip ? sip->sip_status->st_phrase : "Request Timeout",
                 from_peer);
  swh_dialog_bury(dialog);
  return 0;
}

void swh_sip_cancel(swh_sip_dialog *dialog) {
  if (!dialog->invite_out) {
    if (!dialog->outbound || !dialog->established)
      return;
    report_failure(dialog, 487, "Request Cancelled", 0); /* the 200 was on its way to the caller of this */
    swh_send_bye(dialog, NULL);
    return;
  }
  if (dialog->cancelling)
    return;
  dialog->cancelling = 1;
  /* Before any response nothing may be sent (RFC 3261 §9.1): nta waits for one, the caller need not. */
  if (nta_outgoing_status(dialog->invite_out) < 100)
    report_failure(dialog, 487, "Request Cancelled", 0);
  nta_outgoing_tcancel(dialog->invite_out, NULL, NULL, TAG_END());
}
