/* The thread, its sockets and its end. */
#define _GNU_SOURCE /* pthread_setname_np */
#include "internal.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int64_t swh_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void swh_sip_trim_heap(void) { (void)malloc_trim(0); }

static void emit_plain(swh_sip *stack, swh_sip_event_kind kind) {
  swh_sip_event event = {.kind = kind};
  stack->callback(stack->context, &event);
}

static int on_wake(swh_sip *stack, su_wait_t *wait, swh_sip *same) {
  uint64_t count;
  (void)wait, (void)same;
  if (read(stack->wake_fd, &count, sizeof count) > 0)
    emit_plain(stack, SWH_SIP_WOKEN);
  swh_empty_graves(stack);
  return 0;
}

void swh_sip_wake(swh_sip *stack) {
  uint64_t one = 1;
  if (write(stack->wake_fd, &one, sizeof one) < 0)
    return; /* EAGAIN: 2^64 − 1 wake-ups are pending, one more changes nothing */
}

static void on_timer(swh_sip *stack, su_timer_t *timer, swh_sip *same) {
  int64_t now = swh_now_ms();
  (void)same;
  swh_empty_graves(stack);
  for (swh_sip_dialog *dialog = stack->dialogs, *next; dialog; dialog = next) {
    next = dialog->next;
    swh_timer_tick(dialog, now / 1000);
  }
  emit_plain(stack, SWH_SIP_TICK);
  if (stack->stopping && ((!stack->dialogs && !stack->registrations) || now >= stack->stop_deadline_ms))
    su_root_break(stack->root);
  else
    su_timer_set_interval(timer, on_timer, stack, stack->stopping ? 50 : 1000);
}

void swh_sip_stop(swh_sip *stack, unsigned milliseconds) {
  stack->stopping = 1;
  stack->admission_open = 0;
  stack->stop_deadline_ms = swh_now_ms() + milliseconds;
  for (swh_sip_dialog *dialog = stack->dialogs, *next; dialog; dialog = next) {
    next = dialog->next;
    swh_end_dialog(dialog);
  }
  su_timer_set_interval(stack->timer, on_timer, stack, 1);
}

void swh_sip_set_admission(swh_sip *stack, int open, unsigned retry_after_seconds) {
  stack->admission_open = open && !stack->stopping;
  stack->retry_after = retry_after_seconds;
}

swh_sip_counters swh_sip_count(swh_sip *stack) {
  usize_t bad = 0, servers = 0, clients = 0;
  nta_agent_t *agents[] = {stack->agent, stack->tls_out[0], stack->tls_out[1]};
  for (size_t i = 0; i < sizeof agents / sizeof *agents; i++) {
    usize_t refused = 0, in = 0, out = 0;
    if (!agents[i])
      continue;
    nta_agent_get_stats(agents[i], NTATAG_S_BAD_MESSAGE_REF(refused), NTATAG_S_IRQ_HASH_USED_REF(in),
                        NTATAG_S_ORQ_HASH_USED_REF(out), TAG_END());
    bad += refused, servers += in, clients += out;
  }
  return (swh_sip_counters){.dialogs = stack->dialog_count,
                            .pending_invites = stack->pending,
                            .server_transactions = (unsigned)servers,
                            .client_transactions = (unsigned)clients,
                            .invites = stack->invites,
                            .shed_invites = stack->shed,
                            .bad_messages = bad};
}

static void report_start(swh_sip *stack, int started) {
  pthread_mutex_lock(&stack->lock);
  stack->started = started;
  pthread_cond_signal(&stack->started_condition);
  pthread_mutex_unlock(&stack->lock);
}

static void close_agent(swh_sip *stack) {
  while (stack->dialogs)
    swh_dialog_bury(stack->dialogs);
  swh_empty_graves(stack);
  swh_registrations_drop(stack);
  for (int i = 0; i < 2; i++)
    nta_agent_destroy(stack->tls_out[i]), stack->tls_out[i] = NULL;
  nta_agent_destroy(stack->agent), stack->agent = NULL;
  SSL_CTX_free(stack->certificate), stack->certificate = NULL;
}

static void *run(void *argument) {
  swh_sip *stack = argument;
  su_wait_t wait[1];
  pthread_setname_np(pthread_self(), "sip");
  stack->root = su_root_create(stack);
  if (!stack->root) {
    report_start(stack, -1);
    return NULL;
  }
  su_root_threading(stack->root, 0);
  su_wait_create(wait, stack->wake_fd, SU_WAIT_IN);
  stack->wake_index = su_root_register(stack->root, wait, on_wake, stack, 0);
  int opened = swh_open_agent(stack) == 0;
  if (opened) {
    stack->timer = su_timer_create(su_root_task(stack->root), 1000);
    su_timer_set_interval(stack->timer, on_timer, stack, 1000);
    report_start(stack, 1);
    su_root_run(stack->root);
    su_timer_destroy(stack->timer);
  }
  close_agent(stack);
  su_root_deregister(stack->root, stack->wake_index);
  su_root_destroy(stack->root);
  if (opened)
    emit_plain(stack, SWH_SIP_STOPPED);
  else
    report_start(stack, -1);
  return NULL;
}

static void free_stack(swh_sip *stack) {
  if (stack->wake_fd >= 0)
    close(stack->wake_fd);
  pthread_mutex_destroy(&stack->lock);
  pthread_cond_destroy(&stack->started_condition);
  free(stack->credentials);
  su_home_unref(stack->home);
  free(stack);
  su_deinit();
}

swh_sip *swh_sip_start(const swh_sip_config *config, swh_sip_callback callback, void *context, char *fault,
                       size_t fault_size) {
  swh_sip *stack = calloc(1, sizeof *stack);
  su_init();
  stack->home = su_home_new(sizeof *stack->home);
  stack->callback = callback;
  stack->context = context;
  stack->host_count = config->host_count;
  stack->hosts = su_zalloc(stack->home, (isize_t)((config->host_count + 1) * sizeof *stack->hosts));
  for (size_t i = 0; i < config->host_count; i++)
    stack->hosts[i] = su_strdup(stack->home, config->hosts[i]);
  stack->port = config->port;
  stack->udp = config->udp;
  stack->tcp = config->tcp;
  stack->tls_port = config->tls_port;
  stack->tls_folder = su_strdup(stack->home, config->tls_folder);
  stack->user_agent = su_strdup(stack->home, config->user_agent);
  stack->t1_ms = config->t1_ms;
  stack->session_seconds = config->session_seconds;
  stack->min_session_seconds = config->min_session_seconds;
  stack->max_pending = config->max_pending;
  swh_choose_host(stack, config->advertised_host ? config->advertised_host : config->hosts[0]);
  stack->allow = sip_allow_make(stack->home, "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO");
  stack->supported = sip_supported_make(stack->home, config->session_seconds ? "timer, 100rel" : "100rel");
  stack->admission_open = 1;
  stack->retry_after = 5;
  pthread_mutex_init(&stack->lock, NULL);
  pthread_cond_init(&stack->started_condition, NULL);
  stack->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  int error = stack->wake_fd < 0 ? errno : pthread_create(&stack->thread, NULL, run, stack);
  if (error) {
    snprintf(fault, fault_size, "cannot start the SIP thread: %s", strerror(error));
    free_stack(stack);
    return NULL;
  }
  pthread_mutex_lock(&stack->lock);
  while (!stack->started)
    pthread_cond_wait(&stack->started_condition, &stack->lock);
  pthread_mutex_unlock(&stack->lock);
  if (stack->started > 0)
    return stack;
  pthread_join(stack->thread, NULL);
  snprintf(fault, fault_size, "%s", stack->fault[0] ? stack->fault : "cannot create the SIP event loop");
  free_stack(stack);
  return NULL;
}

void swh_sip_join(swh_sip *stack) {
  pthread_join(stack->thread, NULL);
  free_stack(stack);
}
