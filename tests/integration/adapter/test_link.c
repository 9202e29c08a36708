/* The link against a server that is killed, frozen and absent. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "tests/integration/adapter/loop_test.h"
#include "tests/integration/adapter/server.h"

/* ---- one request ---- */

typedef struct one {
    bool done;
    way_code code;
    uint32_t tag;
    way_token owner;
    way_msg *kept;
} one;

static void on_one(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    one *o = arg;

    cr_assert_not(o->done, "answered twice");
    o->done = true;
    o->code = code;
    o->tag = tag;
    o->owner = owner;
    cr_expect_eq(msg != NULL, code == WAY_OK);
    if (msg)
        o->kept = way_msg_keep(msg);
}

static bool one_done(void *arg)
{
    return ((one *)arg)->done;
}

static way_code ask(loop_test *t, one *o, const char *subject, const char *text, int64_t timeout_ms)
{
    way_request rq = {.subject = subject, .data = text, .len = strlen(text), .timeout_ms = timeout_ms, .fn = on_one,
                      .arg = o, .owner = {7, 8}, .tag = 9};

    *o = (one){0};
    return way_link_request(t->link, &rq, &t->e);
}

Test(link, answers_once_with_what_it_was_given)
{
    own_server s;
    loop_test t;
    one o;
    way_puback ack;
    size_t len;
    const char *data;

    own_server_start(&s, "");
    loop_open(&t, s.url, true);
    js_connect(&t, s.url);
    js_stream(&t, "a$1", true);
    cr_assert_eq(ask(&t, &o, "a$1.final", "hello", 5000), WAY_OK);
    cr_expect_not(o.done, "never from inside the call");
    loop_until(&t, one_done, &o, 5000, "an answer");
    cr_assert_eq(o.code, WAY_OK);
    cr_expect_eq(o.tag, 9);
    cr_expect(o.owner.slot == 7 && o.owner.gen == 8);
    data = way_msg_data(o.kept, &len);
    cr_expect_eq(way_puback_parse(data, len, &ack, &t.e), WAY_OK, "%s", t.e.text);
    cr_expect_eq(ack.seq, 1);
    way_msg_free(o.kept);
    cr_expect_eq(way_link_in_flight(t.link), 0);
    cr_expect_gt(way_link_max_payload(t.link), 0);
    cr_expect(way_link_server_at_least(t.link, 2, 9, 0));
    cr_expect_not(way_link_server_at_least(t.link, 9, 0, 0));
    loop_close(&t);
    own_server_end(&s);
}

Test(link, no_responders_at_once_silence_after_the_deadline)
{
    own_server s;
    loop_test t;
    one o;
    natsSubscription *silent = NULL;
    int64_t began;

    own_server_start(&s, "");
    loop_open(&t, s.url, true);
    js_connect(&t, s.url);
    began = way_mono_ms();
    cr_assert_eq(ask(&t, &o, "nobody", "x", 5000), WAY_OK);
    loop_until(&t, one_done, &o, 4000, "no responders");
    cr_expect_eq(o.code, WAY_E_UNAVAILABLE);
    cr_expect_lt(way_mono_ms() - began, 1000);
    cr_assert_eq(natsConnection_SubscribeSync(&silent, t.nc, "silent"), NATS_OK);
    cr_assert_eq(natsConnection_Flush(t.nc), NATS_OK);
    began = way_mono_ms();
    cr_assert_eq(ask(&t, &o, "silent", "x", 300), WAY_OK);
    loop_until(&t, one_done, &o, 4000, "the deadline");
    cr_expect_eq(o.code, WAY_E_TIMEOUT);
    cr_expect_geq(way_mono_ms() - began, 290);
    cr_expect_lt(way_mono_ms() - began, 600);
    natsSubscription_Destroy(silent);
    loop_close(&t);
    own_server_end(&s);
}

static bool see(void *arg, const char *key, const char *value)
{
    strcat(arg, key);
    strcat(arg, "=");
    strcat(arg, value);
    strcat(arg, ";");
    return true;
}

static char heard[300];
static bool was_heard;

static void on_pull(void *arg, way_msg *m)
{
    (void)arg;
    way_msg_headers(m, see, heard);
    cr_expect_eq(way_msg_status(m), 0);
    cr_expect_str_eq(way_msg_header(m, "Way-Key"), "k");
    cr_expect_null(way_msg_header(m, "way-key"));
    was_heard = true;
}

static bool is_heard(void *arg)
{
    (void)arg;
    return was_heard;
}

Test(link, headers_go_and_come)
{
    own_server s;
    loop_test t;
    one o = {0};
    char subject[200];
    const way_header h[] = {{"Way-Key", "k"}, {"B", "1"}, {"A", "x y"}, {"B", "2"}};
    way_request rq = {.headers = h, .header_count = 4, .data = "x", .len = 1, .timeout_ms = 1000, .fn = on_one, .arg = &o};

    own_server_start(&s, "");
    loop_open(&t, s.url, true);
    way_link_on_pull(t.link, on_pull, NULL);
    snprintf(subject, sizeof subject, "%s.t", way_link_pull_inbox(t.link));
    rq.subject = subject;
    cr_assert_eq(way_link_request(t.link, &rq, &t.e), WAY_OK);
    loop_until(&t, is_heard, NULL, 4000, "the message");
    cr_expect_str_eq(heard, "A=x y;B=1;B=2;Way-Key=k;");
    loop_close(&t);
    cr_expect(o.done && o.code == WAY_E_UNAVAILABLE, "closing answers what is left");
    own_server_end(&s);
}

Test(link, what_does_not_fit_is_refused)
{
    own_server s;
    loop_test t;
    one a, b;
    char big[2048];

    memset(big, 'x', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    own_server_start(&s, "max_payload: 1024");
    loop_open(&t, s.url, true);
    way_link_close(t.link);
    t.cfg.publishes_max = 1;
    cr_assert_eq(way_link_open(&t.cfg, t.loop, "waystation-test", &t.link, &t.e), WAY_OK);
    cr_expect_eq(ask(&t, &a, "x", "x", 1000), WAY_OK, "waits for the connection");
    cr_expect_eq(ask(&t, &b, "x", "x", 1000), WAY_E_FULL, "%s", t.e.text);
    loop_until(&t, one_done, &a, 3000, "an answer");
    cr_expect_eq(ask(&t, &b, "x", big, 1000), WAY_E_TOO_LARGE, "%s", t.e.text);
    cr_expect_eq(way_link_in_flight(t.link), 0);
    loop_close(&t);
    own_server_end(&s);
}

Test(link, opens_without_a_server_and_finds_it_later)
{
    own_server s;
    loop_test t;
    one o, late;
    int64_t began;

    own_server_start(&s, "");
    own_server_kill(&s);
    began = way_mono_ms();
    loop_open(&t, s.url, false);
    cr_expect_lt(way_mono_ms() - began, 500, "open does not wait");
    cr_assert_eq(ask(&t, &o, "nobody", "x", 20000), WAY_OK, "kept for a while");
    loop_for(&t, 2300);
    cr_expect_not(o.done);
    cr_expect_eq(ask(&t, &late, "nobody", "x", 5000), WAY_E_UNAVAILABLE, "down for more than 2 s");
    own_server_again(&s);
    loop_until(&t, one_done, &o, 5000, "the answer after the server came");
    cr_expect_eq(o.code, WAY_E_UNAVAILABLE, "no responders, that is: it was sent");
    loop_close(&t);
    own_server_end(&s);
}

Test(link, buffer_is_bounded_while_the_server_is_away)
{
    own_server s;
    loop_test t;
    one a, b;
    static char big[70000];

    memset(big, 'x', sizeof big - 1);
    own_server_start(&s, "");
    loop_open(&t, s.url, true);
    t.cfg.publish_buffer_bytes = 100000;
    own_server_kill(&s);
    loop_for(&t, 200);
    cr_expect_not(way_link_up(t.link));
    cr_expect_eq(ask(&t, &a, "x", big, 1000), WAY_OK, "%s", t.e.text);
    cr_expect_eq(ask(&t, &b, "x", big, 1000), WAY_E_FULL, "%s", t.e.text);
    loop_until(&t, one_done, &a, 3000, "the deadline");
    cr_expect_eq(a.code, WAY_E_TIMEOUT);
    cr_expect_eq(way_link_buffered(t.link), 0, "and nothing of it is sent later");
    loop_close(&t);
    own_server_end(&s);
}

/* ---- many, with retries ---- */

enum { MANY = 100000, WINDOW = 2000 };

typedef struct many {
    loop_test *t;
    uint8_t answered[MANY]; /* of this round */
    bool acked[MANY];
    int next, acked_count, in_flight, lost, retry[MANY], retry_count;
} many;

static void feed(many *m);

static void on_many(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    many *m = arg;
    way_puback ack;
    size_t len = 0;
    const char *data = msg ? way_msg_data(msg, &len) : NULL;

    (void)owner;
    cr_assert_eq(m->answered[tag], 0, "answered twice");
    m->answered[tag] = 1;
    m->in_flight--;
    if (code == WAY_OK && way_puback_parse(data, len, &ack, NULL) == WAY_OK) {
        cr_assert_not(m->acked[tag]);
        m->acked[tag] = true;
        m->acked_count++;
    } else {
        m->lost++;
        m->retry[m->retry_count++] = (int)tag;
    }
}

static bool send_one(many *m, int i)
{
    char id[24], body[24];
    way_header h = {"Nats-Msg-Id", id};
    way_request rq = {.subject = "m$1.final", .headers = &h, .header_count = 1, .data = body, .timeout_ms = 5000,
                      .fn = on_many, .arg = m, .tag = (uint32_t)i};

    snprintf(id, sizeof id, "id-%d", i);
    rq.len = (size_t)snprintf(body, sizeof body, "%d", i);
    m->answered[i] = 0;
    if (way_link_request(m->t->link, &rq, &m->t->e) != WAY_OK)
        return false;
    m->in_flight++;
    return true;
}

static void feed(many *m)
{
    while (m->in_flight < WINDOW) {
        int i;

        if (m->retry_count)
            i = m->retry[m->retry_count - 1];
        else if (m->next < MANY)
            i = m->next;
        else
            return;
        if (!send_one(m, i))
            return; /* down, or full: the next turn tries again */
        if (m->retry_count)
            m->retry_count--;
        else
            m->next++;
    }
}

static bool half(void *arg)
{
    many *m = arg;

    feed(m);
    return m->acked_count >= MANY / 2;
}

static bool all(void *arg)
{
    many *m = arg;

    feed(m);
    return m->acked_count == MANY;
}

Test(link, killed_server_loses_and_doubles_nothing, .timeout = 60)
{
    static many m;
    own_server s;
    loop_test t;

    own_server_start(&s, "");
    loop_open(&t, s.url, true);
    js_connect(&t, s.url);
    js_stream(&t, "m$1", false);
    m.t = &t;
    loop_until(&t, half, &m, 20000, "half of them");
    own_server_kill(&s);
    loop_for(&t, 500);
    own_server_again(&s);
    loop_until(&t, all, &m, 30000, "all of them");
    js_connect(&t, s.url);
    cr_expect_eq(js_messages(&t, "m$1"), MANY);
    cr_expect_gt(m.lost, 0, "the test has killed it in the middle");
    cr_expect_eq(way_link_in_flight(t.link), 0);
    loop_close(&t);
    own_server_end(&s);
}

/* ---- a frozen server ---- */

typedef struct late {
    struct ev_timer timer;
    int64_t last_us, worst_us;
} late;

static void on_late(struct ev_loop *loop, struct ev_timer *w, int events)
{
    late *l = (late *)w;
    int64_t now = way_mono_us();

    (void)loop;
    (void)events;
    if (l->last_us && now - l->last_us - 10000 > l->worst_us)
        l->worst_us = now - l->last_us - 10000;
    l->last_us = now;
}

/* A thread that only sleeps: how late it wakes is the machine's doing, and not held against the loop. */
typedef struct control {
    pthread_t thread;
    atomic_bool stop;
    int64_t worst_us;
} control;

static void *sleep_only(void *arg)
{
    control *c = arg;
    struct timespec nap = {.tv_nsec = 10000000};

    while (!atomic_load(&c->stop)) {
        int64_t began = way_mono_us(), late_us;

        nanosleep(&nap, NULL);
        late_us = way_mono_us() - began - 10000;
        if (late_us > c->worst_us)
            c->worst_us = late_us;
    }
    return NULL;
}

typedef struct writers {
    loop_test *t;
    int in_flight, ok, failed;
    char body[65536];
} writers;

static void on_written(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    writers *w = arg;

    (void)owner;
    (void)tag;
    (void)msg;
    w->in_flight--;
    if (code == WAY_OK)
        w->ok++;
    else
        w->failed++;
}

static bool write_on(void *arg)
{
    writers *w = arg;

    while (w->in_flight < 512) {
        way_request rq = {.subject = "w$1.final", .data = w->body, .len = sizeof w->body, .timeout_ms = 10000,
                          .fn = on_written, .arg = w};

        if (way_link_request(w->t->link, &rq, NULL) != WAY_OK)
            return false;
        w->in_flight++;
    }
    return false;
}

static bool written_off(void *arg)
{
    return ((writers *)arg)->in_flight == 0;
}

Test(link, frozen_server_does_not_freeze_the_loop, .timeout = 60)
{
    static writers w;
    own_server s;
    loop_test t;
    late l = {0};
    control c = {0};
    int64_t until;

    own_server_start(&s, "");
    loop_open(&t, s.url, true);
    js_connect(&t, s.url);
    js_stream(&t, "w$1", true);
    w.t = &t;
    ev_timer_init(&l.timer, on_late, 0.01, 0.01);
    ev_timer_start(t.loop, &l.timer);
    cr_assert_eq(pthread_create(&c.thread, NULL, sleep_only, &c), 0);
    own_server_freeze(&s);
    for (until = way_mono_ms() + 2500; way_mono_ms() < until; ev_run(t.loop, EVRUN_ONCE))
        write_on(&w);
    cr_expect_geq(way_link_buffered(t.link), 8u * 1024 * 1024, "more than the connection is given");
    cr_expect_leq(way_link_buffered(t.link), 512u * 70000);
    own_server_thaw(&s);
    loop_until(&t, written_off, &w, 20000, "all answers");
    cr_expect_eq(w.failed, 0);
    cr_expect_eq(js_messages(&t, "w$1"), (uint64_t)w.ok);
    atomic_store(&c.stop, true);
    pthread_join(c.thread, NULL);
    cr_expect_lt(l.worst_us, 50000 + 3 * c.worst_us, "the loop was %lld us late, a sleeping thread %lld us",
                 (long long)l.worst_us, (long long)c.worst_us);
    ev_timer_stop(t.loop, &l.timer);
    loop_close(&t);
    own_server_end(&s);
}
