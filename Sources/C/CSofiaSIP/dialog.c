/* Life of a dialog: birth, requests inside it, BYE, burial. */
#include "internal.h"

swh_sip_dialog *swh_dialog_create(swh_sip *stack) {
  swh_sip_dialog *dialog = calloc(1, sizeof *dialog);
  if (!dialog)
    return NULL;
  dialog->stack = stack;
  dialog->next = stack->dialogs;
  if (dialog->next)
    dialog->next->link = &dialog->next;
  dialog->link = &stack->dialogs;
  stack->dialogs = dialog;
  stack->dialog_count++;
  return dialog;
}

static void unlink_dialog(swh_sip_dialog *dialog) {
  *dialog->link = dialog->next;
  if (dialog->next)
    dialog->next->link = dialog->link;
}

/*
 * Takes a dialog out of service. Its transactions are let go at once (nta keeps what it must retransmit), leg and
 * memory later, from the timer or a wake-up: burial happens inside their own callbacks.
 */
void swh_dialog_bury(swh_sip_dialog *dialog) {
  swh_sip *stack = dialog->stack;
  if (dialog->buried)
    return;
  dialog->buried = dialog->closed = 1;
  swh_server_invite_gone(dialog);
  nta_outgoing_destroy(dialog->invite_out), dialog->invite_out = NULL;
  nta_outgoing_destroy(dialog->request), dialog->request = NULL;
  nta_outgoing_destroy(dialog->bye), dialog->bye = NULL;
  nta_incoming_destroy(dialog->invite_in), dialog->invite_in = NULL;
  nta_incoming_destroy(dialog->offer_in), dialog->offer_in = NULL;
  unlink_dialog(dialog);
  stack->dialog_count--;
  dialog->next = stack->graves;
  stack->graves = dialog;
}

void swh_empty_graves(swh_sip *stack) {
  swh_sip_dialog *dialog;
  while ((dialog = stack->graves)) {
    stack->graves = dialog->next;
    swh_drop_forks(dialog);
    nta_leg_destroy(dialog->leg);
    free(dialog->sdp);
    free(dialog->held_answer);
    free(dialog);
  }
}

void swh_emit(swh_sip_dialog *dialog, swh_sip_event *event) {
  if (dialog->closed)
    return;
  event->id = dialog->id;
  event->dialog = dialog;
  dialog->stack->callback(dialog->stack->context, event);
}

void swh_dialog_close(swh_sip_dialog *dialog, swh_sip_event *event) {
  swh_emit(dialog, event);
  dialog->closed = 1;
}

void swh_keep_sdp(swh_sip_dialog *dialog, char const *sdp) {
  free(dialog->sdp);
  dialog->sdp = strdup(sdp);
}

static int on_bye_response(swh_sip_dialog *dialog, nta_outgoing_t *request, sip_t const *sip) {
  int status = sip ? sip->sip_status->st_status : 408;
  swh_sip_event event = {.account = dialog->account};
  if (status < 200)
    return 0;
  if (status == 401 || status == 407) {
    event.attempt = dialog->challenges++;
    nta_outgoing_t *again =
        swh_retry(dialog->stack, dialog->agent, dialog->leg, request, on_bye_response, dialog, sip, &event);
    if (again) {
      dialog->bye = again;
      return 0;
    }
  }
  swh_dialog_bury(dialog);
  return 0;
}

void swh_send_bye(swh_sip_dialog *dialog, char const *reason) {
  swh_sip *stack = dialog->stack;
  if (dialog->bye || dialog->buried)
    return;
  swh_refuse_offer(dialog, 487);
  nta_outgoing_destroy(dialog->request), dialog->request = NULL;
  dialog->session_seconds = 0;
  dialog->challenges = 0;
  dialog->bye = nta_outgoing_tcreate(dialog->leg, on_bye_response, dialog, NULL, SIP_METHOD_BYE, NULL,
                                     SIPTAG_REASON_STR(reason), SIPTAG_USER_AGENT_STR(stack->user_agent), TAG_END());
  if (!dialog->bye)
    swh_dialog_bury(dialog);
}

void swh_lose(swh_sip_dialog *dialog, swh_sip_end cause, char const *why, int with_bye) {
  swh_sip_event event = {.kind = SWH_SIP_ENDED, .cause = cause, .text = swh_text(why)};
  swh_dialog_close(dialog, &event);
  if (with_bye)
    swh_send_bye(dialog, cause == SWH_SIP_SESSION_TIMER ? "SIP;cause=408;text=\"Session timeout\"" : NULL);
  else
    swh_dialog_bury(dialog);
}

int swh_sip_hang_up(swh_sip_dialog *dialog) {
  if (dialog->invite_out) {
    swh_sip_cancel(dialog);
    return 0;
  }
  if (dialog->invite_in && !dialog->established) {
    swh_sip_refuse(dialog, 480, NULL, 0);
    return 1;
  }
  dialog->closed = 1;
  if (dialog->invite_in)
    dialog->bye_after_ack = 1; /* RFC 3261 §15: no BYE before the ACK of our 200, or its timeout */
  else
    swh_send_bye(dialog, NULL);
  return 1;
}

void swh_end_dialog(swh_sip_dialog *dialog) {
  if (dialog->invite_in && !dialog->established)
    swh_sip_refuse(dialog, 503, NULL, 0);
  else if (dialog->invite_out)
    swh_sip_cancel(dialog);
  else
    swh_sip_hang_up(dialog);
}

static int on_bye(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip) {
  swh_sip_event event = {.kind = SWH_SIP_ENDED, .cause = SWH_SIP_BYE};
  char reason[128] = "";
  if (dialog->invite_out) /* a callee may not end an early dialog with BYE (RFC 3261 §15) */
    return 481;
  nta_incoming_treply(request, SIP_200_OK, TAG_END());
  nta_incoming_destroy(request);
  if (sip->sip_reason && sip->sip_reason->re_text) {
    char const *text = sip->sip_reason->re_text;
    for (size_t i = 0; i + 1 < sizeof reason && text[i]; i++)
      reason[i] = text[i], reason[i + 1] = 0;
  }
  if (!dialog->established) {
    event.kind = SWH_SIP_CANCELLED;
    if (dialog->invite_in)
      nta_incoming_treply(dialog->invite_in, SIP_487_REQUEST_TERMINATED, TAG_END());
  }
  event.text = swh_text(reason[0] ? reason : NULL);
  swh_refuse_offer(dialog, 487);
  swh_dialog_close(dialog, &event);
  swh_dialog_bury(dialog);
  return 0;
}

static int on_info(swh_sip_dialog *dialog, sip_t const *sip) {
  sip_content_type_t const *type = sip->sip_content_type;
  sip_payload_t const *body = sip->sip_payload;
  if (!body || body->pl_len == 0)
    return 200;
  if (!type || !type->c_type ||
      (strcasecmp(type->c_type, "application/dtmf-relay") && strcasecmp(type->c_type, "application/dtmf")))
    return 415;
  swh_sip_event event = {.kind = SWH_SIP_INFO, .text = swh_text(type->c_type), .body = {body->pl_data, body->pl_len}};
  swh_emit(dialog, &event);
  return 200;
}

/* nta replies with the status returned and its standard phrase; 0: the reply has been or will be sent by us. */
int swh_on_dialog_request(swh_sip_dialog *dialog, nta_leg_t *leg, nta_incoming_t *request, sip_t const *sip) {
  swh_sip *stack = dialog->stack;
  (void)leg;
  if (sip->sip_request->rq_method == sip_method_ack)
    return 481; /* never sent: it only frees the transaction */
  if (dialog->buried || dialog->bye)
    return sip->sip_request->rq_method == sip_method_bye ? 200 : 481;
  switch (sip->sip_request->rq_method) {
  case sip_method_bye:
    return on_bye(dialog, request, sip);
  case sip_method_invite:
    return swh_on_offer_invite(dialog, request, sip);
  case sip_method_update:
    return swh_on_update(dialog, request, sip);
  case sip_method_info:
    return on_info(dialog, sip);
  case sip_method_options:
    nta_incoming_treply(request, SIP_200_OK, SIPTAG_ALLOW(stack->allow), SIPTAG_SUPPORTED(stack->supported),
                        SIPTAG_ACCEPT_STR(SWH_SDP_TYPE), TAG_END());
    nta_incoming_destroy(request);
    return 0;
  case sip_method_refer:
    return 603;
  case sip_method_cancel:
    return 481;
  default:
    if (nta_check_method(request, sip, stack->allow, TAG_END()) == 0)
      return 405;
    nta_incoming_destroy(request);
    return 0;
  }
}
