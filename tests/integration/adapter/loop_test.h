/* A loop for one test, a link on it, and what JetStream really holds (asked over a connection of the test's own). */
#ifndef WAY_TEST_LOOP_H
#define WAY_TEST_LOOP_H

#include <criterion/criterion.h>
#include <ev.h>
#include <nats/nats.h>

#include "jetstream-adapter/link.h"

typedef struct loop_test {
    struct ev_loop *loop;
    way_config cfg;
    way_link *link;
    way_err e;
    natsConnection *nc; /* the test's own, blocking */
    jsCtx *js;
} loop_test;

void loop_open(loop_test *t, const char *url, bool wait_until_up);
void loop_close(loop_test *t);
/* Turns the loop until done(arg); fails the test after timeout_ms. */
void loop_until(loop_test *t, bool (*done)(void *arg), void *arg, int64_t timeout_ms, const char *what);
void loop_for(loop_test *t, int64_t ms); /* lets time pass on the loop: for what must not happen */
bool loop_is_up(void *test);

/* The test's own connection, made when first needed; again after a restart of the server. */
void js_connect(loop_test *t, const char *url);
void js_stream(loop_test *t, const char *name, bool memory);
void js_consumer(loop_test *t, const char *stream, const char *name, int64_t max_deliver, int64_t max_ack_pending);
void js_fill(loop_test *t, const char *stream, int count, size_t bytes); /* payloads are "<stream>-<n>", padded */
uint64_t js_messages(loop_test *t, const char *stream);
jsConsumerInfo *js_info(loop_test *t, const char *stream, const char *name);

#endif
