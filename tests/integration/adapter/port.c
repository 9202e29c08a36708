/* The port to JetStream on a real server (NATS_URL): each function, its errors, and what an old server drops. */
#include <criterion/criterion.h>
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "jetstream-adapter/admin.h"

static way_config cfg;
static way_js_port *js;
static char tag[WAY_RANDOM_ID_MAX]; /* names of this test: the server is shared */

static void set_up(void)
{
    const char *url = getenv("NATS_URL");

    way_config_init(&cfg);
    cr_assert_eq(way_config_set(&cfg, "nats_url", url ? url : "nats://127.0.0.1:4222", NULL), WAY_OK);
    way_random_id(tag);
    js = way_admin_new(&cfg);
    js->deadline_ms = way_mono_ms() + 20000;
}

static bool remove_ours(void *arg, const char *name)
{
    char (*kept)[WAY_STREAM_MAX + 1] = arg;

    if (strstr(name, tag))
        for (int i = 0; i < 64; i++)
            if (!kept[i][0]) {
                snprintf(kept[i], sizeof kept[i], "%s", name);
                break;
            }
    return true;
}

static void tear_down(void)
{
    char names[64][WAY_STREAM_MAX + 1] = {{0}};
    int32_t n = 0;

    js->deadline_ms = way_mono_ms() + 20000;
    if (js->streams_each(js, remove_ours, names, NULL) == WAY_OK) {
        while (n < 64 && names[n][0])
            n++;
        cr_expect_eq(js->streams_delete(js, (const char (*)[WAY_STREAM_MAX + 1])names, n, NULL), WAY_OK);
    }
    way_admin_free(js);
    way_config_fini(&cfg);
}

TestSuite(port, .init = set_up, .fini = tear_down, .timeout = 60);

static way_js_stream stream(int i)
{
    way_js_stream s = {.storage = WAY_STORAGE_MEMORY, .replicas = 1, .allow_direct = true};

    snprintf(s.name, sizeof s.name, "t#%s$%d", tag, i);
    snprintf(s.subject, sizeof s.subject, "t#%s$%d.>", tag, i);
    s.max_age_ns = 3600ll * 1000000000;
    s.dup_window_ns = 120ll * 1000000000;
    s.max_msg_size = 1000000;
    snprintf(s.republish_src, sizeof s.republish_src, "t#%s$%d.final", tag, i);
    snprintf(s.republish_dest, sizeof s.republish_dest, "way.live.t#%s.%d", tag, i);
    return s;
}

static way_js_consumer consumer(int i)
{
    way_js_consumer c = {.ack_wait_ms = 30000, .max_deliver = 10, .max_ack_pending = -1};
    way_js_stream s = stream(i);

    memcpy(c.stream, s.name, sizeof c.stream);
    snprintf(c.name, sizeof c.name, "g");
    snprintf(c.filter, sizeof c.filter, "%s.final", c.stream);
    return c;
}

#define OK(call)                                                                                   \
    do {                                                                                           \
        way_err err_ = {0};                                                                        \
        way_err *e = &err_;                                                                        \
        way_code rc_ = (call);                                                                     \
        cr_assert_eq(rc_, WAY_OK, "%s: %s", #call, err_.text);                                     \
    } while (0)

#define FAILS(call, want, words)                                                                   \
    do {                                                                                           \
        way_err err_ = {0};                                                                        \
        way_err *e = &err_;                                                                        \
        way_code rc_ = (call);                                                                     \
        cr_assert_eq(rc_, want, "%s: %s, %s", #call, way_code_name(rc_), err_.text);               \
        cr_assert(strstr(err_.text, words), "'%s' lacks '%s'", err_.text, words);                  \
    } while (0)

static way_server_info server(void)
{
    way_server_info s;

    OK(js->server(js, &s, e));
    return s;
}

static void publish(int i, const char *data) /* the port has none: as another client would */
{
    natsConnection *nc = NULL;

    cr_assert_eq(natsConnection_ConnectTo(&nc, cfg.nats_url), NATS_OK);
    cr_assert_eq(natsConnection_PublishString(nc, consumer(i).filter, data), NATS_OK);
    cr_assert_eq(natsConnection_Flush(nc), NATS_OK);
    natsConnection_Destroy(nc);
}

static void wait_for_messages(int i, uint64_t want)
{
    way_js_stream s = stream(i);
    way_js_stream_info info = {0};
    int64_t until = way_mono_ms() + 5000;

    while (way_mono_ms() < until && info.messages != want)
        OK(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])&s.name, 1, &info, e));
    cr_assert_eq(info.messages, want);
}

Test(port, says_what_the_server_is)
{
    way_server_info s = server();

    cr_expect_eq(s.major, 2);
    cr_expect_geq(s.minor, 9);
    cr_expect_gt(s.max_payload, 1024);
    cr_expect_eq(s.servers, getenv("NATS_SERVERS") ? atoi(getenv("NATS_SERVERS")) : 1);
    cr_expect_eq(s.api_level > 0, way_server_at_least(&s, 2, 11, 0), "level %d on %s", (int)s.api_level, s.version);
}

Test(port, creates_many_streams_and_tells_which_it_made)
{
    way_js_stream cfgs[40];
    way_js_stream_info info[40];
    bool made[40];

    for (int i = 0; i < 40; i++)
        cfgs[i] = stream(i + 1);
    OK(js->streams_create(js, cfgs, 20, info, made, e));
    for (int i = 0; i < 20; i++) {
        cr_expect(made[i]);
        cr_expect(info[i].exists);
        cr_expect_str_eq(info[i].config.name, cfgs[i].name);
        cr_expect_eq(info[i].config.max_age_ns, cfgs[i].max_age_ns);
        cr_expect_str_eq(info[i].config.republish_dest, cfgs[i].republish_dest);
        cr_expect(info[i].created[0]);
    }
    OK(js->streams_create(js, cfgs, 40, info, made, e)); /* again: identical ones are success */
    for (int i = 0; i < 40; i++)
        cr_expect_eq(made[i], i >= 20, "stream %d", i);
}

Test(port, refuses_another_config_of_the_same_name)
{
    way_js_stream s = stream(1);
    bool made[1];

    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    s.max_msgs = 5;
    FAILS(js->streams_create(js, &s, 1, NULL, made, e), WAY_E_EXISTS, "max_msgs");
    cr_expect_not(made[0]);
}

Test(port, names_the_stream_that_has_the_subject)
{
    way_js_stream s = stream(1), t = stream(2);

    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    memcpy(t.subject, s.subject, sizeof t.subject);
    t.republish_src[0] = t.republish_dest[0] = '\0';
    FAILS(js->streams_create(js, &t, 1, NULL, NULL, e), WAY_E_CONFLICT, s.name);
}

Test(port, refuses_replicas_that_the_cluster_does_not_have)
{
    way_js_stream s = stream(1);
    way_server_info srv = server();

    if (srv.servers != 1)
        return;
    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    s.replicas = 3;
    FAILS(js->streams_update(js, &s, 1, NULL, e), WAY_E_INVAL, "3 replicas");
    s = stream(2);
    s.replicas = 3;
    FAILS(js->streams_create(js, &s, 1, NULL, NULL, e), WAY_E_INVAL, "3 replicas");
}

Test(port, passes_the_servers_words_on)
{
    way_js_stream s = stream(1);

    s.dup_window_ns = 2 * s.max_age_ns;
    FAILS(js->streams_create(js, &s, 1, NULL, NULL, e), WAY_E_INVAL, "duplicate");
}

Test(port, stops_at_the_first_failure)
{
    way_js_stream cfgs[30];
    bool made[30];
    int count = 0;

    for (int i = 0; i < 30; i++)
        cfgs[i] = stream(i + 1);
    cfgs[3].dup_window_ns = 2 * cfgs[3].max_age_ns;
    FAILS(js->streams_create(js, cfgs, 30, NULL, made, e), WAY_E_INVAL, cfgs[3].name);
    for (int i = 0; i < 30; i++)
        count += made[i];
    cr_expect(made[0] && !made[3]);
    cr_expect_lt(count, 20, "%d were still made", count);
}

Test(port, updates_only_what_it_names)
{
    static const char *const meta[] = {"way", "1", NULL};
    way_js_stream s = stream(1);
    way_js_stream_info info;
    way_server_info srv = server();
    int32_t done = -1;

    s.description = "first";
    s.metadata = meta;
    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    s.description = NULL;
    s.metadata = NULL;
    s.max_msgs = 77;
    s.max_age_ns = 7200ll * 1000000000;
    OK(js->streams_update(js, &s, 1, &done, e));
    cr_expect_eq(done, 1);
    OK(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])&s.name, 1, &info, e));
    cr_expect_eq(info.config.max_msgs, 77);
    cr_expect_eq(info.config.max_age_ns, s.max_age_ns);
    cr_expect_str_eq(info.config.republish_dest, s.republish_dest);
    s.description = "first"; /* still there, or an identical create would be refused */
    s.metadata = way_server_at_least(&srv, 2, 10, 0) ? meta : NULL;
    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
}

Test(port, update_says_how_far_it_came)
{
    way_js_stream cfgs[20];
    int32_t done = -1;

    for (int i = 0; i < 20; i++)
        cfgs[i] = stream(i + 1);
    OK(js->streams_create(js, cfgs, 12, NULL, NULL, e));
    for (int i = 0; i < 20; i++)
        cfgs[i].max_msgs = 9;
    FAILS(js->streams_update(js, cfgs, 20, &done, e), WAY_E_NOT_FOUND, cfgs[12].name);
    cr_expect_leq(done, 12);
    cr_expect_geq(done, 4);
}

Test(port, changes_retention_where_the_server_can)
{
    way_js_stream s = stream(1);
    way_server_info srv = server();

    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    s.interest = true;
    if (way_server_at_least(&srv, 2, 10, 0))
        OK(js->streams_update(js, &s, 1, NULL, e));
    else
        FAILS(js->streams_update(js, &s, 1, NULL, e), WAY_E_INVAL, "retention");
}

Test(port, missing_streams_are_no_error_to_look_at_or_delete)
{
    char names[2][WAY_STREAM_MAX + 1];
    way_js_stream s = stream(1);
    way_js_stream_info info[2];
    uint64_t removed = 0;

    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    memcpy(names[0], s.name, sizeof names[0]);
    snprintf(names[1], sizeof names[1], "t#%s$none", tag);
    OK(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])names, 2, info, e));
    cr_expect(info[0].exists);
    cr_expect_not(info[1].exists);
    FAILS(js->streams_purge(js, (const char (*)[WAY_STREAM_MAX + 1])names, 2, &removed, e), WAY_E_NOT_FOUND, names[1]);
    OK(js->streams_delete(js, (const char (*)[WAY_STREAM_MAX + 1])names, 2, e));
    OK(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])names, 2, info, e));
    cr_expect_not(info[0].exists);
}

static bool count_ours(void *arg, const char *name)
{
    *(int *)arg += strstr(name, tag) != NULL;
    return true;
}

static bool stop_at_once(void *arg, const char *name)
{
    (void)name;
    ++*(int *)arg;
    return false;
}

Test(port, walks_all_streams_and_stops_when_told)
{
    way_js_stream cfgs[9];
    int ours = 0, calls = 0;

    for (int i = 0; i < 9; i++)
        cfgs[i] = stream(i + 1);
    OK(js->streams_create(js, cfgs, 9, NULL, NULL, e));
    OK(js->streams_each(js, count_ours, &ours, e));
    OK(js->streams_each(js, stop_at_once, &calls, e));
    cr_expect_eq(ours, 9);
    cr_expect_eq(calls, 1);
}

Test(port, consumers_are_made_once_and_told_apart)
{
    way_js_stream s = stream(1);
    way_js_consumer c = consumer(1), d;
    way_js_consumer_info info;
    bool made[1];

    FAILS(js->consumers_create(js, &c, 1, made, e), WAY_E_NOT_FOUND, c.stream);
    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    OK(js->consumers_create(js, &c, 1, made, e));
    cr_expect(made[0]);
    OK(js->consumers_create(js, &c, 1, made, e));
    cr_expect_not(made[0]);
    d = c;
    d.max_deliver = 11;
    FAILS(js->consumers_create(js, &d, 1, made, e), WAY_E_EXISTS, "max_deliver");
    OK(js->consumers_info(js, &c, 1, &info, e));
    cr_expect_eq(info.config.max_deliver, 10, "the refused create changed the live consumer");
    cr_expect_eq(info.config.ack_wait_ms, 30000);
    cr_expect_str_eq(info.config.filter, c.filter);
    cr_expect_eq(info.config.deliver, WAY_JS_ALL);
}

Test(port, consumers_change_live_and_keep_their_start)
{
    way_js_stream s = stream(1);
    way_js_consumer c = consumer(1);
    way_js_consumer_info info;
    int32_t done = 0;

    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    c.deliver = WAY_JS_SEQ;
    c.start_seq = 42;
    c.backoff_count = 2;
    c.backoff_ms[0] = 1000;
    c.backoff_ms[1] = 5000;
    OK(js->consumers_create(js, &c, 1, NULL, e));
    c.deliver = WAY_JS_ALL; /* not what an update changes */
    c.max_deliver = 20;
    c.max_ack_pending = 100;
    c.backoff_count = 0;
    c.ack_wait_ms = 12000;
    OK(js->consumers_update(js, &c, 1, &done, e));
    cr_expect_eq(done, 1);
    OK(js->consumers_info(js, &c, 1, &info, e));
    cr_expect_eq(info.config.deliver, WAY_JS_SEQ);
    cr_expect_eq(info.config.start_seq, 42);
    cr_expect_eq(info.config.max_deliver, 20);
    cr_expect_eq(info.config.max_ack_pending, 100);
    cr_expect_eq(info.config.backoff_count, 0);
    cr_expect_eq(info.config.ack_wait_ms, 12000);
    snprintf(c.name, sizeof c.name, "none");
    FAILS(js->consumers_update(js, &c, 1, &done, e), WAY_E_NOT_FOUND, "none");
    OK(js->consumers_info(js, &c, 1, &info, e));
    cr_expect_not(info.exists, "an update made a consumer");
    OK(js->consumers_delete(js, &c, 1, e));
    c = consumer(1);
    OK(js->consumers_delete(js, &c, 1, e));
    OK(js->consumers_info(js, &c, 1, &info, e));
    cr_expect_not(info.exists);
}

Test(port, a_consumer_starts_at_a_time)
{
    way_js_stream s = stream(1);
    way_js_consumer c = consumer(1);
    way_js_consumer_info info;

    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    c.deliver = WAY_JS_TIME;
    c.start_ns = 1700000000123456000;
    c.sample_pct = 100;
    OK(js->consumers_create(js, &c, 1, NULL, e));
    OK(js->consumers_create(js, &c, 1, NULL, e));
    OK(js->consumers_info(js, &c, 1, &info, e));
    cr_expect_eq(info.config.start_ns, c.start_ns);
    cr_expect_eq(info.config.sample_pct, 100);
}

Test(port, finds_messages_by_sequence)
{
    way_js_stream s = stream(1);
    char names[3][WAY_STREAM_MAX + 1];
    uint64_t seqs[3] = {0, 2, 3};
    way_js_msg found[3];
    way_js_stream_info info;
    uint64_t removed = 0;

    OK(js->streams_create(js, &s, 1, NULL, NULL, e));
    publish(1, "one");
    publish(1, "two");
    wait_for_messages(1, 2);
    for (int i = 0; i < 3; i++)
        memcpy(names[i], s.name, sizeof names[i]);
    OK(js->messages_find(js, (const char (*)[WAY_STREAM_MAX + 1])names, seqs, 3, found, e));
    cr_expect(found[0].exists && found[0].seq == 1);
    cr_expect(found[1].exists && found[1].seq == 2);
    cr_expect_not(found[2].exists);
    OK(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])names, 1, &info, e));
    cr_expect_eq(info.last_seq, 2);
    cr_expect_eq(found[0].time_ns, info.first_ns);
    OK(js->streams_purge(js, (const char (*)[WAY_STREAM_MAX + 1])names, 1, &removed, e));
    cr_expect_eq(removed, 2);
}

Test(port, ends_by_its_deadline)
{
    way_js_stream s = stream(1);

    js->deadline_ms = way_mono_ms() - 1;
    FAILS(js->streams_create(js, &s, 1, NULL, NULL, e), WAY_E_TIMEOUT, "time");
}

Test(port, names_cannot_reach_beyond_their_token)
{
    static const char bad[][WAY_STREAM_MAX + 1] = {"a.b", "a b", "*", ">", "", "a\r\nPUB x 0\r\n"};
    way_js_stream_info info;

    for (size_t i = 0; i < WAY_COUNT(bad); i++)
        FAILS(js->streams_info(js, &bad[i], 1, &info, e), WAY_E_INVAL, "name");
}

Test(port, a_server_that_is_away_is_unavailable)
{
    way_server_info s;
    way_config other;
    way_js_port *p;

    way_config_init(&other);
    cr_assert_eq(way_config_set(&other, "nats_url", "nats://u:secret@127.0.0.1:1", NULL), WAY_OK);
    p = way_admin_new(&other);
    p->deadline_ms = way_mono_ms() + 3000;
    {
        way_err e;

        cr_expect_eq(p->server(p, &s, &e), WAY_E_UNAVAILABLE);
        cr_expect_null(strstr(e.text, "secret"));
    }
    way_admin_free(p);
    way_config_fini(&other);
}
