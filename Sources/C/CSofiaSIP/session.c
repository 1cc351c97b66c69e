/* Offers inside a dialog: re-INVITE and UPDATE of the peer, answers of ours. */
#include "internal.h"

static int on_offer_ack(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip);

void swh_refuse_offer(swh_sip_dialog *dialog, int status) {
  nta_incoming_t *request = dialog->offer_in;
  if (!request)
    return;
  dialog->offer_in = NULL;
  if (!dialog->offer_answered)
    nta_incoming_treply(request, status, NULL, TAG_END());
  nta_incoming_destroy(request);
}

/* RFC 3261 §14.2, RFC 3311 §5.2: what crosses another offer is refused. Returns 0 when the way is clear. */
static int overlap(swh_sip_dialog *dialog, nta_incoming_t *request) {
  sip_retry_after_t retry[1];
  if (dialog->request && nta_outgoing_method(dialog->request) == sip_method_invite) {
    nta_incoming_treply(request, 491, "Request Pending", TAG_END());
  } else if (dialog->offer_in || dialog->invite_in) {
    sip_retry_after_init(retry)->af_delta = su_randint(0, 10);
    nta_incoming_treply(request, 500, "Overlapping Requests", SIPTAG_RETRY_AFTER(retry), TAG_END());
  } else {
    return 0;
  }
  nta_incoming_destroy(request);
  return 1;
}

/* Checks common to re-INVITE and UPDATE. Returns nonzero when it has been refused. */
static int refuse_refresh(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip) {
  sip_min_se_t minimum[1];
  if (nta_check_required(request, sip, dialog->stack->supported, TAG_END())) {
    nta_incoming_destroy(request);
    return 1;
  }
  if (swh_check_body(sip)) {
    nta_incoming_treply(request, SIP_415_UNSUPPORTED_MEDIA, SIPTAG_ACCEPT_STR(SWH_SDP_TYPE), TAG_END());
    nta_incoming_destroy(request);
    return 1;
  }
  if (swh_timer_too_small(dialog->stack, sip)) {
    sip_min_se_init(minimum)->min_delta = dialog->stack->min_session_seconds;
    nta_incoming_treply(request, SIP_422_SESSION_TIMER_TOO_SMALL, SIPTAG_MIN_SE(minimum), TAG_END());
    nta_incoming_destroy(request);
    return 1;
  }
  return 0;
}

static int report_offer(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip, int is_update) {
  swh_sip_event event = {.kind = SWH_SIP_REOFFER, .body = swh_body(sip)};
  dialog->offer_in = request;
  dialog->offer_is_update = is_update;
  dialog->offer_answered = 0;
  dialog->offer_wants_ours = event.body.count == 0;
  if (dialog->established)
    nta_leg_server_route(dialog->leg, NULL, sip->sip_contact); /* target refresh */
  swh_emit(dialog, &event);
  if (dialog->closed)
    swh_refuse_offer(dialog, 481);
  return 0;
}

int swh_on_offer_invite(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip) {
  if (!dialog->established)
    return 491;
  if (overlap(dialog, request) || refuse_refresh(dialog, request, sip))
    return 0;
  nta_incoming_bind(request, on_offer_ack, dialog);
  nta_incoming_treply(request, SIP_100_TRYING, TAG_END());
  return report_offer(dialog, request, sip, 0);
}

int swh_on_update(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip) {
  swh_timer_headers timer;
  int offer = swh_body(sip).count != 0;
  /* In an early dialog an offer is legal once the first one has been answered (RFC 3311 §5.1). */
  if (offer && !dialog->established && (dialog->offer_in || (!dialog->outbound && !dialog->sdp)))
    return 491;
  if (offer && dialog->established && overlap(dialog, request))
    return 0;
  if (refuse_refresh(dialog, request, sip))
    return 0;
  if (offer)
    return report_offer(dialog, request, sip, 1);
  if (dialog->established)
    nta_leg_server_route(dialog->leg, NULL, sip->sip_contact);
  swh_timer_negotiate(dialog, sip, &timer);
  nta_incoming_treply(request, SIP_200_OK, SIPTAG_CONTACT_STR(swh_contact(dialog)), SIPTAG_ALLOW(dialog->stack->allow),
                      SIPTAG_SUPPORTED(dialog->stack->supported), SIPTAG_SESSION_EXPIRES(timer.header),
                      SIPTAG_REQUIRE_STR(timer.require), TAG_END());
  nta_incoming_destroy(request);
  return 0;
}

int swh_sip_answer_reoffer(swh_sip_dialog *dialog, const char *sdp) {
  swh_timer_headers timer;
  nta_incoming_t *request = dialog->offer_in;
  if (!request || dialog->offer_answered)
    return -1;
  msg_t *message = nta_incoming_getrequest(request);
  swh_timer_negotiate(dialog, sip_object(message), &timer);
  msg_destroy(message);
  swh_keep_sdp(dialog, sdp);
  int result = nta_incoming_treply(request, SIP_200_OK, SIPTAG_CONTACT_STR(swh_contact(dialog)),
                                   SIPTAG_ALLOW(dialog->stack->allow), SIPTAG_SUPPORTED(dialog->stack->supported),
                                   SIPTAG_SESSION_EXPIRES(timer.header), SIPTAG_REQUIRE_STR(timer.require),
                                   SIPTAG_CONTENT_TYPE_STR(SWH_SDP_TYPE), SIPTAG_PAYLOAD_STR(sdp), TAG_END());
  if (dialog->offer_is_update) {
    dialog->offer_in = NULL;
    nta_incoming_destroy(request);
  } else {
    dialog->offer_answered = 1;
  }
  return result;
}

int swh_sip_refuse_reoffer(swh_sip_dialog *dialog, int status) {
  if (!dialog->offer_in || dialog->offer_answered)
    return -1;
  swh_refuse_offer(dialog, status);
  return 0;
}

static int on_offer_ack(swh_sip_dialog *dialog, nta_incoming_t *request, sip_t const *sip) {
  if (request != dialog->offer_in)
    return 0;
  if (!dialog->offer_answered) { /* CANCEL */
    swh_refuse_offer(dialog, 487);
    return 0;
  }
  dialog->offer_in = NULL;
  nta_incoming_destroy(request);
  if (!sip) {
    swh_lose(dialog, SWH_SIP_LOST, "the 200 to a re-INVITE was never acknowledged", 1);
  } else if (dialog->offer_wants_ours) {
    swh_sip_event event = {.kind = SWH_SIP_ACKNOWLEDGED, .body = swh_body(sip)};
    swh_emit(dialog, &event);
  }
  return 0;
}
