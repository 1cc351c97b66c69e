/* The certificate of the TLS listeners, exchanged while they are open: sofia itself reads it once, when it opens them. */
#include "internal.h"

#include <openssl/err.h>
#include <stdio.h>

/* OpenSSL tells of each context it makes; that is the only way to the one inside a listener of sofia's. */
static _Thread_local SSL_CTX *newest_context;

static void on_context(void *parent, void *value, CRYPTO_EX_DATA *data, int index, long number, void *pointer) {
  (void)value, (void)data, (void)index, (void)number, (void)pointer;
  newest_context = parent;
}

static void watch_contexts(void) { CRYPTO_get_ex_new_index(CRYPTO_EX_INDEX_SSL_CTX, 0, NULL, on_context, NULL, NULL); }

void swh_await_tls_context(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, watch_contexts);
  newest_context = NULL;
}

/* Before each handshake: the certificate of the last change, key and chain. On the stack's own thread. */
static int show_certificate(SSL *connection, void *argument) {
  swh_sip const *stack = argument;
  STACK_OF(X509) *chain = NULL;
  if (!stack->certificate)
    return 1;
  SSL_certs_clear(connection);
  SSL_CTX_get0_chain_certs(stack->certificate, &chain);
  return SSL_use_cert_and_key(connection, SSL_CTX_get0_certificate(stack->certificate),
                              SSL_CTX_get0_privatekey(stack->certificate), chain, 1);
}

void swh_keep_tls_context(swh_sip *stack) {
  stack->certificate_changes = newest_context != NULL;
  if (newest_context)
    SSL_CTX_set_cert_cb(newest_context, show_certificate, stack);
}

char const *swh_sip_change_certificate(swh_sip *stack, char const *folder) {
  char path[512];
  if (!stack->certificate_changes)
    return "the TLS listener cannot change its certificate while it runs; restart Switchhook";
  SSL_CTX *next = SSL_CTX_new(TLS_method());
  snprintf(path, sizeof path, "%s/agent.pem", folder);
  if (next && SSL_CTX_use_certificate_chain_file(next, path) == 1 &&
      SSL_CTX_use_PrivateKey_file(next, path, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(next) == 1) {
    SSL_CTX_free(stack->certificate);
    stack->certificate = next;
    return NULL;
  }
  snprintf(stack->fault, sizeof stack->fault, "%s", ERR_reason_error_string(ERR_peek_last_error()));
  ERR_clear_error();
  SSL_CTX_free(next);
  return stack->fault;
}
