#include "tests/integration/adapter/loop_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"

#define JS(call)                                                                                   \
    do {                                                                                           \
        natsStatus s_ = (call);                                                                    \
        cr_assert_eq(s_, NATS_OK, "%s: %s %s", #call, natsStatus_GetText(s_), nats_GetLastError(NULL)); \
    } while (0)

bool loop_is_up(void *test)
{
    return way_link_up(((loop_test *)test)->link);
}

void loop_open(loop_test *t, const char *url, bool wait_until_up)
{
    memset(t, 0, sizeof *t);
    way_config_init(&t->cfg);
    free(t->cfg.nats_url);
    t->cfg.nats_url = way_xstrdup(url);
    t->loop = ev_loop_new(EVBACKEND_EPOLL);
    cr_assert_eq(way_link_open(&t->cfg, t->loop, "waystation-test", &t->link, &t->e), WAY_OK, "%s", t->e.text);
    if (wait_until_up)
        loop_until(t, loop_is_up, t, 5000, "the link");
}

void loop_close(loop_test *t)
{
    way_link_close(t->link);
    jsCtx_Destroy(t->js);
    natsConnection_Destroy(t->nc);
    ev_loop_destroy(t->loop);
    way_config_fini(&t->cfg);
}

static void nothing(struct ev_loop *loop, struct ev_timer *w, int events)
{
    (void)loop;
    (void)w;
    (void)events;
}

static bool turn(loop_test *t, bool (*done)(void *), void *arg, int64_t timeout_ms)
{
    int64_t until = way_mono_ms() + timeout_ms;
    struct ev_timer wake; /* so that a loop with nothing to do still looks at the clock */
    bool ok;

    ev_timer_init(&wake, nothing, 0.01, 0.01);
    ev_timer_start(t->loop, &wake);
    while (!(ok = done && done(arg)) && way_mono_ms() < until)
        ev_run(t->loop, EVRUN_ONCE);
    ev_timer_stop(t->loop, &wake);
    return ok;
}

void loop_until(loop_test *t, bool (*done)(void *arg), void *arg, int64_t timeout_ms, const char *what)
{
    cr_assert(turn(t, done, arg, timeout_ms), "not within %lld ms: %s", (long long)timeout_ms, what);
}

void loop_for(loop_test *t, int64_t ms)
{
    turn(t, NULL, NULL, ms);
}

void js_connect(loop_test *t, const char *url)
{
    jsCtx_Destroy(t->js);
    natsConnection_Destroy(t->nc);
    JS(natsConnection_ConnectTo(&t->nc, url));
    JS(natsConnection_JetStream(&t->js, t->nc, NULL));
}

void js_stream(loop_test *t, const char *name, bool memory)
{
    char subject[200];
    const char *subjects[] = {subject};
    jsStreamConfig c;
    jsStreamInfo *si = NULL;

    snprintf(subject, sizeof subject, "%s.>", name);
    jsStreamConfig_Init(&c);
    c.Name = name;
    c.Subjects = subjects;
    c.SubjectsLen = 1;
    c.Storage = memory ? js_MemoryStorage : js_FileStorage;
    JS(js_AddStream(&si, t->js, &c, NULL, NULL));
    jsStreamInfo_Destroy(si);
}

void js_consumer(loop_test *t, const char *stream, const char *name, int64_t max_deliver, int64_t max_ack_pending)
{
    char subject[200];
    jsConsumerConfig c;
    jsConsumerInfo *ci = NULL;

    snprintf(subject, sizeof subject, "%s.final", stream);
    jsConsumerConfig_Init(&c);
    c.Durable = name;
    c.FilterSubject = subject;
    c.AckPolicy = js_AckExplicit;
    c.AckWait = 30000000000;
    c.MaxDeliver = max_deliver;
    c.MaxAckPending = max_ack_pending;
    JS(js_AddConsumer(&ci, t->js, stream, &c, NULL, NULL));
    jsConsumerInfo_Destroy(ci);
}

void js_fill(loop_test *t, const char *stream, int count, size_t bytes)
{
    char subject[200], *data = way_xcalloc(1, bytes + 200);

    snprintf(subject, sizeof subject, "%s.final", stream);
    for (int i = 0; i < count; i++) {
        int n = snprintf(data, 200, "%s-%d", stream, i);

        JS(js_PublishAsync(t->js, subject, data, n > (int)bytes ? n : (int)bytes, NULL));
    }
    JS(js_PublishAsyncComplete(t->js, NULL));
    free(data);
}

uint64_t js_messages(loop_test *t, const char *stream)
{
    jsStreamInfo *si = NULL;
    uint64_t n;

    JS(js_GetStreamInfo(&si, t->js, stream, NULL, NULL));
    n = si->State.Msgs;
    jsStreamInfo_Destroy(si);
    return n;
}

jsConsumerInfo *js_info(loop_test *t, const char *stream, const char *name)
{
    jsConsumerInfo *ci = NULL;

    JS(js_GetConsumerInfo(&ci, t->js, stream, name, NULL, NULL));
    return ci;
}
