#include "CSRTP.h"

#include <srtp2/srtp.h>
#include <stdlib.h>
#include <string.h>

/* libsrtp keeps a stream for every SSRC that ever authenticated and searches them in a list; a peer that holds the key
   could grow that without end. A leg has one source, a few more when the far side is forked or restarted. */
#define SOURCES 32

struct swh_srtp {
    srtp_t session;
    uint32_t sources[SOURCES]; /* network order */
    int source_count;
};

_Static_assert(SWH_SRTP_AUTHENTICATION == -1 - srtp_err_status_auth_fail, "libsrtp status");
_Static_assert(SWH_SRTP_REPLAYED == -1 - srtp_err_status_replay_fail, "libsrtp status");
_Static_assert(SWH_SRTP_TOO_OLD == -1 - srtp_err_status_replay_old, "libsrtp status");
_Static_assert(SWH_SRTP_MAXIMUM_TRAILER >= SRTP_MAX_TRAILER_LEN + 4, "room that libsrtp asks for");

int32_t swh_srtp_init(void) { return (int32_t)srtp_init(); }

swh_srtp *swh_srtp_new(int32_t suite, int32_t inbound, const uint8_t *key, size_t key_count) {
    srtp_policy_t policy;
    memset(&policy, 0, sizeof policy);
    size_t expected = 30;
    switch (suite) {
    case SWH_SRTP_AEAD_AES_128_GCM:
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
        expected = 28;
        break;
    case SWH_SRTP_AES_CM_128_SHA1_80:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
        break;
    case SWH_SRTP_AES_CM_128_SHA1_32:
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(&policy.rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp); /* RFC 4568 §6.2.2: RTCP keeps the long tag */
        break;
    default:
        return NULL;
    }
    if (key_count != expected) return NULL;
    unsigned char copy[30];
    memcpy(copy, key, key_count);
    policy.key = copy;
    policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
    policy.window_size = 128;

    swh_srtp *wrapper = calloc(1, sizeof *wrapper);
    if (wrapper == NULL) return NULL;
    srtp_err_status_t status = srtp_create(&wrapper->session, &policy);
    memset(copy, 0, sizeof copy);
    if (status != srtp_err_status_ok) {
        free(wrapper);
        return NULL;
    }
    return wrapper;
}

void swh_srtp_free(swh_srtp *session) {
    srtp_dealloc(session->session);
    free(session);
}

int32_t swh_srtp_protect(swh_srtp *session, uint8_t *packet, int32_t count, int32_t capacity) {
    if (count < 12 || count > capacity - SWH_SRTP_MAXIMUM_TRAILER) return SWH_SRTP_BAD_SIZE;
    int length = count;
    srtp_err_status_t status = srtp_protect(session->session, packet, &length);
    return status == srtp_err_status_ok ? length : -1 - (int32_t)status;
}

int32_t swh_srtp_protect_rtcp(swh_srtp *session, uint8_t *packet, int32_t count, int32_t capacity) {
    if (count < 8 || count > capacity - SWH_SRTP_MAXIMUM_TRAILER) return SWH_SRTP_BAD_SIZE;
    int length = count;
    srtp_err_status_t status = srtp_protect_rtcp(session->session, packet, &length);
    return status == srtp_err_status_ok ? length : -1 - (int32_t)status;
}

/* Called after a packet of `source` authenticated: a stream for it exists now. */
static int32_t admit(swh_srtp *session, uint32_t source, int length) {
    for (int index = 0; index < session->source_count; index++)
        if (session->sources[index] == source) return length;
    if (session->source_count == SOURCES) {
        srtp_remove_stream(session->session, source);
        return SWH_SRTP_TOO_MANY_SOURCES;
    }
    session->sources[session->source_count++] = source;
    return length;
}

int32_t swh_srtp_unprotect(swh_srtp *session, uint8_t *packet, int32_t count) {
    uint32_t source;
    if (count < 12) return SWH_SRTP_BAD_SIZE;
    memcpy(&source, packet + 8, sizeof source);
    int length = count;
    srtp_err_status_t status = srtp_unprotect(session->session, packet, &length);
    return status == srtp_err_status_ok ? admit(session, source, length) : -1 - (int32_t)status;
}

int32_t swh_srtp_unprotect_rtcp(swh_srtp *session, uint8_t *packet, int32_t count) {
    uint32_t source;
    if (count < 8) return SWH_SRTP_BAD_SIZE;
    memcpy(&source, packet + 4, sizeof source);
    int length = count;
    srtp_err_status_t status = srtp_unprotect_rtcp(session->session, packet, &length);
    return status == srtp_err_status_ok ? admit(session, source, length) : -1 - (int32_t)status;
}
