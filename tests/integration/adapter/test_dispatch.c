/* The dispatcher on a real server: nothing lost, nothing twice, never more than there is room for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "jetstream-adapter/dispatch.h"
#include "tests/integration/adapter/loop_test.h"
#include "tests/integration/adapter/server.h"

enum { PARTS_MAX = 8, SEQ_MAX = 6000 };

typedef struct bench { /* a station with a group, on a server of its own */
    own_server server;
    loop_test t;
    way_link *acks;
    way_dispatch *d;
    way_station *st;
    way_group *g;
    uint16_t seen[PARTS_MAX + 1][SEQ_MAX + 1]; /* deliveries */
    int total;
} bench;

typedef struct taker {
    bench *b;
    way_taker *t;
    uint32_t room;
    bool ack, refill, keep;
    int got, quiets;
    uint64_t last_deliveries;
    int64_t first_us, quiet_us;
    bool failed;
    way_err why;
    way_msg *kept[64];
    way_receipt receipts[64];
} taker;

static void model(bench *b, int32_t partitions, int64_t generation, int64_t max_deliver)
{
    b->st = way_station_new();
    b->st->id = 5;
    b->st->state = WAY_ACTIVE;
    way_station_spec_init(&b->st->spec);
    strcpy(b->st->spec.name, "st");
    strcpy(b->st->spec.internal, "st");
    b->st->spec.partitions = partitions;
    b->st->spec.max_message_bytes = 1024 * 1024;
    b->g = way_group_new();
    b->g->id = 6;
    b->g->generation = generation;
    b->g->state = WAY_ACTIVE;
    way_group_spec_init(&b->g->spec);
    strcpy(b->g->spec.name, "g");
    strcpy(b->g->spec.internal, "g");
    b->g->spec.ack_wait_ms = 30000;
    b->g->spec.max_deliver = max_deliver;
    b->g->spec.max_ack_pending = -1;
    b->st->groups = way_xcalloc(1, sizeof *b->st->groups);
    b->st->groups[0] = way_group_ref(b->g);
    b->st->group_count = 1;
}

static void stream_of(int32_t partition, char out[16])
{
    snprintf(out, 16, "st$%d", partition);
}

static void open_bench(bench *b, int32_t partitions, int64_t max_deliver, int64_t grace_ms)
{
    memset(b, 0, sizeof *b);
    own_server_start(&b->server, "");
    loop_open(&b->t, b->server.url, true);
    b->t.cfg.return_grace_ms = grace_ms;
    cr_assert_eq(way_link_open(&b->t.cfg, b->t.loop, "waystation-acks", &b->acks, &b->t.e), WAY_OK);
    b->d = way_dispatch_new(&b->t.cfg, b->t.loop, b->t.link, b->acks);
    js_connect(&b->t, b->server.url);
    for (int32_t p = 1; p <= partitions; p++) {
        char name[16];

        stream_of(p, name);
        js_stream(&b->t, name, true);
        js_consumer(&b->t, name, "g", max_deliver, -1);
    }
    model(b, partitions, 1, max_deliver);
}

static void close_bench(bench *b)
{
    way_dispatch_free(b->d);
    way_link_close(b->acks);
    loop_close(&b->t);
    way_group_unref(b->g);
    way_station_unref(b->st);
    own_server_end(&b->server);
}

static void fill(bench *b, int32_t partition, int count)
{
    char name[16];

    stream_of(partition, name);
    js_fill(&b->t, name, count, 50);
}

static int64_t ack_pending(bench *b)
{
    int64_t sum = 0;

    for (int32_t p = 1; p <= b->st->spec.partitions; p++) {
        char name[16];
        jsConsumerInfo *ci;

        stream_of(p, name);
        ci = js_info(&b->t, name, "g");
        sum += ci->NumAckPending;
        jsConsumerInfo_Destroy(ci);
    }
    return sum;
}

static void deliver(void *arg, const way_delivery *d)
{
    taker *k = arg;
    bench *b = k->b;
    size_t len;
    char want[32];
    const char *data = way_msg_data(d->msg, &len);

    cr_assert_gt(k->room, 0, "more than there was room for");
    k->room--;
    if (k->got == 0)
        k->first_us = way_mono_us();
    cr_assert_eq(d->receipt.generation, b->g->generation);
    cr_assert(d->receipt.station_id == 5 && d->receipt.group_id == 6 && d->receipt.partition == d->partition);
    snprintf(want, sizeof want, "st$%d-", d->partition);
    cr_assert_eq(strncmp(data, want, strlen(want)), 0);
    cr_assert_leq(d->seq, SEQ_MAX);
    b->seen[d->partition][d->seq]++;
    b->total++;
    k->last_deliveries = d->deliveries;
    if (k->keep) {
        k->receipts[k->got] = d->receipt;
        k->kept[k->got] = way_msg_keep(d->msg);
    }
    k->got++;
    if (k->ack)
        cr_assert_eq(way_link_publish(b->acks, way_msg_reply(d->msg), NULL, "+ACK", 4, NULL), WAY_OK);
    if (k->refill)
        way_taker_room(k->t, k->room = 64, 1 << 20);
}

static void quiet(void *arg)
{
    taker *k = arg;

    cr_assert_gt(k->got, 0, "quiet comes after a delivery only");
    k->quiets++;
    k->quiet_us = way_mono_us();
}

static void failed(void *arg, const way_err *e)
{
    taker *k = arg;

    cr_assert_not(k->failed);
    k->failed = true;
    k->why = *e;
    k->t = NULL;
}

static void join(bench *b, taker *k, bool one_shot, int64_t wait_ms, uint32_t room)
{
    static const way_taker_fns fns = {deliver, quiet, failed};

    k->b = b;
    k->room = room;
    cr_assert_eq(way_dispatch_join(b->d, b->st, b->g, one_shot, wait_ms, room, 1 << 20, &fns, k, &k->t, &b->t.e), WAY_OK,
                 "%s", b->t.e.text);
    cr_expect_eq(k->got, 0, "never from join");
}

static bool is_quiet(void *arg)
{
    return ((taker *)arg)->quiets > 0;
}

static bool is_failed(void *arg)
{
    return ((taker *)arg)->failed;
}

static bool has_some(void *arg)
{
    return ((taker *)arg)->got > 0;
}

Test(dispatch, fetch_takes_what_is_there_and_hears_that_it_was_all, .timeout = 30)
{
    static bench b;
    taker k = {.ack = true};
    int64_t began;

    open_bench(&b, 4, 10, 5000);
    fill(&b, 2, 10);
    fill(&b, 3, 3);
    began = way_mono_us();
    join(&b, &k, true, 5000, 100);
    loop_until(&b.t, is_quiet, &k, 2000, "quiet");
    cr_expect_eq(k.got, 13);
    cr_expect_lt(k.quiet_us - began, 100000, "after %lld us", (long long)(k.quiet_us - began));
    way_taker_leave(k.t);
    close_bench(&b);
}

Test(dispatch, one_busy_partition_gets_the_whole_room, .timeout = 30)
{
    static bench b;
    taker k = {.ack = true};

    open_bench(&b, 8, 10, 5000);
    fill(&b, 6, 1000);
    join(&b, &k, true, 5000, 1000);
    loop_until(&b.t, is_quiet, &k, 3000, "quiet");
    cr_expect_eq(k.got, 1000);
    way_taker_leave(k.t);
    close_bench(&b);
}

Test(dispatch, less_room_than_partitions, .timeout = 30)
{
    static bench b;
    taker k = {.ack = true}, w = {.ack = true};
    int64_t began;

    open_bench(&b, 8, 10, 5000);
    fill(&b, 5, 1);
    began = way_mono_us();
    join(&b, &k, true, 5000, 1);
    loop_until(&b.t, has_some, &k, 2000, "the message");
    cr_expect_lt(k.first_us - began, 200000, "after %lld us", (long long)(k.first_us - began));
    way_taker_leave(k.t);
    join(&b, &w, true, 8000, 1); /* and one that comes later */
    loop_for(&b.t, 300);
    fill(&b, 8, 1);
    began = way_mono_us();
    loop_until(&b.t, has_some, &w, 2000, "the later message");
    cr_expect_lt(w.first_us - began, 500000, "after %lld us", (long long)(w.first_us - began));
    way_taker_leave(w.t);
    close_bench(&b);
}

Test(dispatch, waiting_fetch_gets_a_message_when_it_comes, .timeout = 30)
{
    static bench b;
    taker k = {.ack = true};
    int64_t began;

    open_bench(&b, 8, 10, 5000);
    join(&b, &k, true, 8000, 100);
    loop_for(&b.t, 400);
    began = way_mono_us();
    fill(&b, 3, 1);
    loop_until(&b.t, is_quiet, &k, 2000, "quiet");
    cr_expect_lt(k.quiet_us - began, 100000, "after %lld us", (long long)(k.quiet_us - began));
    cr_expect_eq(k.got, 1);
    way_taker_leave(k.t);
    close_bench(&b);
}

static bool have_all(void *arg)
{
    return ((bench *)arg)->total >= 4 * 5000;
}

Test(dispatch, takers_compete_without_loss_or_doubles, .timeout = 60)
{
    static bench b;
    taker k[2] = {{.ack = true, .refill = true}, {.ack = true, .refill = true}};

    open_bench(&b, 4, 10, 5000);
    for (int32_t p = 1; p <= 4; p++)
        fill(&b, p, 5000);
    join(&b, &k[0], false, 0, 64);
    join(&b, &k[1], false, 0, 64);
    loop_until(&b.t, have_all, &b, 30000, "all messages");
    loop_for(&b.t, 200);
    for (int32_t p = 1; p <= 4; p++)
        for (int i = 1; i <= 5000; i++)
            cr_assert_eq(b.seen[p][i], 1, "partition %d seq %d: %d", p, i, b.seen[p][i]);
    cr_expect_gt(k[0].got, 5000);
    cr_expect_gt(k[1].got, 5000);
    cr_expect_eq(ack_pending(&b), 0);
    way_taker_leave(k[0].t);
    way_taker_leave(k[1].t);
    close_bench(&b);
}

static bool got_five(void *arg)
{
    return ((taker *)arg)->got >= 5;
}

Test(dispatch, no_more_is_pulled_than_there_is_room, .timeout = 30)
{
    static bench b;
    taker k = {.keep = true};

    open_bench(&b, 4, 10, 5000);
    for (int32_t p = 1; p <= 4; p++)
        fill(&b, p, 100);
    join(&b, &k, false, 0, 5);
    loop_until(&b.t, got_five, &k, 3000, "five");
    loop_for(&b.t, 300);
    cr_expect_eq(k.got, 5);
    cr_expect_eq(ack_pending(&b), 5, "the server gave out no more either");
    for (int i = 0; i < 5; i++)
        way_msg_free(k.kept[i]);
    way_taker_leave(k.t);
    close_bench(&b);
}

Test(dispatch, what_is_given_back_goes_to_the_next_taker, .timeout = 30)
{
    static bench b;
    taker k = {.keep = true}, next = {.ack = true};

    open_bench(&b, 2, 10, 5000);
    fill(&b, 1, 5);
    join(&b, &k, true, 2000, 100);
    loop_until(&b.t, is_quiet, &k, 3000, "quiet");
    way_taker_leave(k.t);
    for (int i = 0; i < 5; i++)
        way_dispatch_return(b.d, b.st, b.g, &k.receipts[i], &k.kept[i]);
    cr_expect_null(k.kept[0]);
    cr_expect_eq(way_dispatch_kept(b.d), 5);
    cr_expect_eq(way_dispatch_groups(b.d), 1);
    loop_for(&b.t, 100);
    cr_expect_eq(way_dispatch_kept(b.d), 5);
    join(&b, &next, true, 2000, 100);
    loop_until(&b.t, is_quiet, &next, 3000, "quiet");
    cr_expect_eq(next.got, 5);
    cr_expect_eq(next.last_deliveries, 1, "not through the server");
    cr_expect_eq(way_dispatch_kept(b.d), 0);
    way_taker_leave(next.t);
    close_bench(&b);
}

Test(dispatch, after_the_grace_it_goes_back_to_the_server, .timeout = 30)
{
    static bench b;
    taker k = {.keep = true}, next = {.ack = true};

    open_bench(&b, 1, 10, 200);
    fill(&b, 1, 1);
    join(&b, &k, true, 2000, 100);
    loop_until(&b.t, is_quiet, &k, 3000, "quiet");
    way_taker_leave(k.t);
    way_dispatch_return(b.d, b.st, b.g, &k.receipts[0], &k.kept[0]);
    loop_for(&b.t, 500);
    cr_expect_eq(way_dispatch_kept(b.d), 0);
    join(&b, &next, true, 2000, 100);
    loop_until(&b.t, is_quiet, &next, 3000, "quiet");
    cr_expect_eq(next.last_deliveries, 2, "nak'ed long before its ack wait, deliveries %d", (int)next.last_deliveries);
    way_taker_leave(next.t);
    close_bench(&b);
}

Test(dispatch, the_last_delivery_is_left_to_its_ack_wait, .timeout = 30)
{
    static bench b;
    taker k = {.keep = true};

    open_bench(&b, 1, 1, 100);
    fill(&b, 1, 1);
    join(&b, &k, true, 2000, 100);
    loop_until(&b.t, is_quiet, &k, 3000, "quiet");
    way_taker_leave(k.t);
    way_dispatch_return(b.d, b.st, b.g, &k.receipts[0], &k.kept[0]);
    loop_for(&b.t, 400);
    cr_expect_eq(way_dispatch_kept(b.d), 0);
    cr_expect_eq(ack_pending(&b), 1, "still leased: it was not nak'ed");
    close_bench(&b);
}

static void recreate(bench *b, int32_t partition)
{
    char name[16];

    stream_of(partition, name);
    cr_assert_eq(js_DeleteConsumer(b->t.js, name, "g", NULL, NULL), NATS_OK);
    js_consumer(&b->t, name, "g", 10, -1);
}

static const way_catalog *catalog_of(way_station *st)
{
    const way_catalog *empty = way_catalog_empty_new(), *c;
    way_catalog_delta d = {.stations = &st, .station_count = 1, .version = 1};

    c = way_catalog_with(empty, &d);
    way_catalog_unref(empty);
    return c;
}

Test(dispatch, consumer_that_is_gone_is_reported, .timeout = 30)
{
    static bench b;
    taker k = {0};

    open_bench(&b, 2, 10, 5000);
    join(&b, &k, true, 20000, 100);
    loop_for(&b.t, 200);
    cr_assert_eq(js_DeleteConsumer(b.t.js, "st$2", "g", NULL, NULL), NATS_OK);
    loop_until(&b.t, is_failed, &k, 10000, "the failure");
    cr_expect_eq(k.why.code, WAY_E_NOT_FOUND, "%s", k.why.text);
    close_bench(&b);
}

Test(dispatch, consumer_that_never_was_is_reported, .timeout = 30)
{
    static bench b;
    taker k = {0};

    open_bench(&b, 2, 10, 5000);
    cr_assert_eq(js_DeleteConsumer(b.t.js, "st$1", "g", NULL, NULL), NATS_OK);
    cr_assert_eq(js_DeleteConsumer(b.t.js, "st$2", "g", NULL, NULL), NATS_OK);
    join(&b, &k, true, 20000, 100);
    loop_until(&b.t, is_failed, &k, 10000, "the failure");
    cr_expect_eq(k.why.code, WAY_E_NOT_FOUND, "%s", k.why.text);
    close_bench(&b);
}

static bool have_40(void *arg)
{
    return ((bench *)arg)->total >= 40;
}

/* sent: the old generation's waiting pulls have reached the old consumers; else they reach the new ones. */
static void seek(bool sent)
{
    static bench b;
    taker old = {.keep = true}, k = {.ack = true};
    const way_catalog *cat;
    way_station *st;
    way_group *g;

    open_bench(&b, 4, 10, 5000);
    for (int32_t p = 1; p <= 4; p++)
        fill(&b, p, 10);
    join(&b, &old, false, 0, 50); /* takes all 40 and goes on waiting, with pulls open */
    loop_until(&b.t, is_quiet, &old, 5000, "quiet");
    if (sent)
        loop_for(&b.t, 200);
    way_dispatch_return(b.d, b.st, b.g, &old.receipts[0], &old.kept[0]);
    for (int32_t p = 1; p <= 4; p++)
        recreate(&b, p);
    st = b.st;
    g = b.g;
    model(&b, 4, 2, 10);
    cat = catalog_of(b.st);
    way_dispatch_catalog(b.d, cat);
    cr_assert(old.failed);
    cr_expect_eq(old.why.code, WAY_E_GONE);
    cr_expect_eq(way_dispatch_kept(b.d), 0, "an old receipt is worth nothing any more");
    way_dispatch_return(b.d, st, g, &old.receipts[1], &old.kept[1]);
    cr_expect_eq(way_dispatch_kept(b.d), 0);
    memset(b.seen, 0, sizeof b.seen);
    b.total = 0;
    join(&b, &k, false, 0, 100);
    loop_until(&b.t, have_40, &b, 3000, "all of the new generation");
    loop_for(&b.t, 100);
    cr_expect_eq(k.got, 40);
    cr_expect_eq(ack_pending(&b), 0);
    for (int i = 2; i < 40; i++)
        way_msg_free(old.kept[i]);
    way_taker_leave(k.t);
    way_group_unref(g);
    way_station_unref(st);
    close_bench(&b);
    way_catalog_unref(cat);
}

Test(dispatch, new_generation_gets_nothing_of_the_old_one, .timeout = 60)
{
    seek(true);
}

Test(dispatch, pull_of_the_old_generation_that_meets_the_new_consumer, .timeout = 60)
{
    seek(false);
}

static bool have_100(void *arg)
{
    return ((bench *)arg)->total >= 100;
}

static bool have_300(void *arg)
{
    return ((bench *)arg)->total >= 300;
}

Test(dispatch, subscription_goes_on_after_the_server_was_away, .timeout = 60)
{
    static bench b;
    taker k = {.ack = true, .refill = true};

    open_bench(&b, 2, 10, 5000);
    for (int32_t p = 1; p <= 2; p++) { /* streams that survive */
        char name[16];

        stream_of(p, name);
        cr_assert_eq(js_DeleteStream(b.t.js, name, NULL, NULL), NATS_OK);
        js_stream(&b.t, name, false);
        js_consumer(&b.t, name, "g", 10, -1);
    }
    fill(&b, 1, 100);
    join(&b, &k, false, 0, 64);
    loop_until(&b.t, has_some, &k, 3000, "messages");
    loop_for(&b.t, 200);
    own_server_kill(&b.server);
    loop_for(&b.t, 300);
    own_server_again(&b.server);
    js_connect(&b.t, b.server.url);
    fill(&b, 1, 100);
    fill(&b, 2, 100);
    loop_until(&b.t, have_300, &b, 15000, "the rest");
    cr_expect_not(k.failed);
    way_taker_leave(k.t);
    close_bench(&b);
}

static bool got_three(void *arg)
{
    return ((taker *)arg)->got == 3;
}

Test(dispatch, paused_server_ends_fetches_in_time, .timeout = 60)
{
    static bench b;
    taker k = {.ack = true};

    open_bench(&b, 2, 10, 5000);
    own_server_freeze(&b.server);
    join(&b, &k, true, 20000, 10);
    loop_until(&b.t, is_failed, &k, 15000, "the failure");
    cr_expect_eq(k.why.code, WAY_E_UNAVAILABLE, "%s", k.why.text);
    own_server_thaw(&b.server);
    memset(&k, 0, sizeof k);
    k.ack = true;
    fill(&b, 1, 3);
    join(&b, &k, true, 8000, 10);
    loop_until(&b.t, got_three, &k, 8000, "messages after it"); /* maybe in pieces: pulls had piled up at the server */
    way_taker_leave(k.t);
    close_bench(&b);
}

Test(dispatch, silent_server_costs_a_subscription_nothing_but_time, .timeout = 60)
{
    static bench b;
    taker k = {.ack = true, .refill = true};

    open_bench(&b, 2, 10, 5000);
    join(&b, &k, false, 0, 64);
    loop_for(&b.t, 200);
    own_server_freeze(&b.server); /* no heartbeats */
    loop_for(&b.t, 4000);
    own_server_thaw(&b.server);
    cr_expect_not(k.failed);
    fill(&b, 1, 50);
    fill(&b, 2, 50);
    loop_until(&b.t, have_100, &b, 8000, "messages after it");
    loop_for(&b.t, 200);
    for (int32_t p = 1; p <= 2; p++)
        for (int i = 1; i <= 50; i++)
            cr_expect_eq(b.seen[p][i], 1);
    way_taker_leave(k.t);
    close_bench(&b);
}

Test(dispatch, fetch_that_does_not_wait_finds_what_was_just_produced, .timeout = 30)
{
    static bench b;
    taker none = {.ack = true}, k = {.ack = true};

    open_bench(&b, 4, 10, 5000);
    join(&b, &none, true, 0, 10);
    loop_for(&b.t, 30);
    cr_expect_eq(none.got, 0);
    way_taker_leave(none.t);
    fill(&b, 3, 2); /* its partition has just been seen empty */
    join(&b, &k, true, 0, 10);
    loop_until(&b.t, is_quiet, &k, 1000, "quiet");
    cr_expect_eq(k.got, 2);
    way_taker_leave(k.t);
    loop_for(&b.t, 100);
    cr_expect_eq(way_dispatch_groups(b.d), 0, "no pull was left open");
    close_bench(&b);
}

static bool got_two(void *arg)
{
    return ((taker *)arg)->got >= 2;
}

Test(dispatch, strict_order_waits_for_the_ack, .timeout = 30)
{
    static bench b;
    taker k = {.keep = true};
    way_msg *first;

    open_bench(&b, 2, 10, 5000);
    b.g->spec.max_ack_pending = 1;
    b.g->spec.ordered = true;
    cr_assert_eq(js_DeleteConsumer(b.t.js, "st$1", "g", NULL, NULL), NATS_OK);
    js_consumer(&b.t, "st$1", "g", 10, 1);
    fill(&b, 1, 3);
    join(&b, &k, false, 0, 10);
    loop_until(&b.t, has_some, &k, 3000, "the first");
    loop_for(&b.t, 1500); /* longer than a sweep may take */
    cr_expect_eq(k.got, 1);
    cr_expect_not(k.failed);
    first = k.kept[0];
    cr_assert_eq(way_link_publish(b.acks, way_msg_reply(first), NULL, "+ACK", 4, NULL), WAY_OK);
    loop_until(&b.t, got_two, &k, 2000, "the second");
    cr_expect_eq(b.seen[1][2], 1);
    way_msg_free(first);
    way_msg_free(k.kept[1]);
    way_taker_leave(k.t);
    close_bench(&b);
}
