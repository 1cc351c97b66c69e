/* REGISTER at a trunk. When to send it is decided outside. */
#include "internal.h"

static int no_requests(swh_sip_dialog *none, nta_leg_t *leg, nta_incoming_t *request, sip_t const *sip) {
  (void)none, (void)leg, (void)request, (void)sip;
  return 481;
}

swh_sip_registration *swh_sip_registration_create(swh_sip *stack, uint64_t id, uint32_t account, const char *registrar,
                                                  const char *address_of_record, const char *contact_user,
                                                  int verify) {
  swh_sip_registration *registration = calloc(1, sizeof *registration);
  char const *host_part;
  char proto[8] = "";
  if (!registration)
    return NULL;
  registration->stack = stack;
  registration->id = id;
  registration->account = account;
  registration->registrar = strdup(registrar);
  url_t *url = url_hdup(stack->home, URL_STRING_MAKE(registrar)->us_url);
  if (url && url->url_params)
    url_param(url->url_params, "transport", proto, sizeof proto);
  swh_sip_transport transport = (url && url->url_type == url_sips) || !strcasecmp(proto, "tls") ? SWH_SIP_TLS
                                : !strcasecmp(proto, "tcp")                                     ? SWH_SIP_TCP
                                                                                                : SWH_SIP_UDP;
  registration->agent = swh_agent_for(stack, transport, verify);
  if (url && registration->agent)
    registration->leg = nta_leg_tcreate(registration->agent, no_requests, NULL, SIPTAG_FROM_STR(address_of_record),
                                        SIPTAG_TO_STR(address_of_record), TAG_END());
  su_free(stack->home, url);
  if (!registration->registrar || !registration->leg || !nta_leg_tag(registration->leg, NULL)) {
    nta_leg_destroy(registration->leg);
    free(registration->registrar);
    free(registration);
    return NULL;
  }
  host_part = strchr(stack->contact[transport], ':'); /* "<sip:host…>" */
  snprintf(registration->contact, sizeof registration->contact, "<sip:%s@%s", contact_user, host_part + 1);
  registration->next = stack->registrations;
  if (registration->next)
    registration->next->link = &registration->next;
  registration->link = &stack->registrations;
  stack->registrations = registration;
  return registration;
}

/* Seconds granted to our contact: its own parameter, else Expires, else what we asked for (RFC 3261 §10.2.4). */
static unsigned granted(swh_sip_registration *registration, sip_t const *sip) {
  for (sip_contact_t *contact = sip->sip_contact; contact; contact = contact->m_next) {
    if (!contact->m_url->url_host || !contact->m_url->url_user || !contact->m_expires)
      continue;
    if (strstr(registration->contact, contact->m_url->url_user) &&
        strstr(registration->contact, contact->m_url->url_host))
      return (unsigned)strtoul(contact->m_expires, NULL, 10);
  }
  if (sip->sip_expires)
    return (unsigned)sip->sip_expires->ex_delta;
  return registration->seconds;
}

static int on_response(swh_sip_dialog *magic, nta_outgoing_t *request, sip_t const *sip) {
  swh_sip_registration *registration = (swh_sip_registration *)magic;
  swh_sip *stack = registration->stack;
  int status = sip ? sip->sip_status->st_status : 408;
  swh_sip_event event = {.account = registration->account};
  if (status < 200)
    return 0;
  if (status == 401 || status == 407) {
    event.attempt = registration->challenges++;
    nta_outgoing_t *again =
        swh_retry(stack, registration->agent, registration->leg, request, on_response, magic, sip, &event);
    if (again) {
      registration->request = again;
      return 0;
    }
  }
  registration->request = NULL;
  event = (swh_sip_event){.kind = SWH_SIP_REGISTERED,
                          .id = registration->id,
                          .status = status,
                          .from_peer = sip && !nta_sip_is_internal(sip),
                          .text = swh_text(sip ? sip->sip_status->st_phrase : "Request Timeout")};
  if (status < 300)
    event.seconds = registration->seconds ? granted(registration, sip) : 0;
  else if (status == 423 && sip->sip_min_expires)
    event.seconds = (unsigned)sip->sip_min_expires->me_delta;
  nta_outgoing_destroy(request);
  stack->callback(stack->context, &event);
  return 0;
}

int swh_sip_registration_send(swh_sip_registration *registration, unsigned seconds) {
  swh_sip *stack = registration->stack;
  sip_expires_t expires[1];
  if (registration->request)
    return -1;
  sip_expires_init(expires)->ex_delta = seconds;
  registration->seconds = seconds;
  registration->challenges = 0;
  registration->request = nta_outgoing_tcreate(
      registration->leg, on_response, (swh_sip_dialog *)registration, NULL, SIP_METHOD_REGISTER,
      URL_STRING_MAKE(registration->registrar), SIPTAG_CONTACT_STR(registration->contact), SIPTAG_EXPIRES(expires),
      SIPTAG_USER_AGENT_STR(stack->user_agent), SIPTAG_ALLOW(stack->allow), TAG_END());
  return registration->request ? 0 : -1;
}

void swh_sip_registration_destroy(swh_sip_registration *registration) {
  *registration->link = registration->next;
  if (registration->next)
    registration->next->link = registration->link;
  nta_outgoing_destroy(registration->request);
  nta_leg_destroy(registration->leg);
  free(registration->registrar);
  free(registration);
}

void swh_registrations_drop(swh_sip *stack) {
  while (stack->registrations)
    swh_sip_registration_destroy(stack->registrations);
}
