/* Hold, starts and figures, on the fake alone. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/control/hold.h"
#include "core/control/internal_streams.h"
#include "core/control/start.h"
#include "tests/unit/control/fake_js.h"

typedef struct world {
    fake_js *f;
    way_work w;
    way_op op;
    way_config cfg;
    way_station_spec spec;
    way_parts parts;
} world;

/* A station "o" with its streams, and parts that say that all are ours. */
static void begin(world *x, int32_t partitions, bool ack_based)
{
    way_map map;
    way_js_stream cfg;
    memset(x, 0, sizeof *x);
    x->f = fake_js_new();
    x->cfg.lease_ms = 10000;
    x->w.cfg = &x->cfg;
    x->w.js = &x->f->port;
    x->w.deadline_ms = x->f->port.deadline_ms = way_mono_ms() + 60000;
    way_op_init(&x->op, &x->w, NULL);
    way_station_spec_init(&x->spec);
    snprintf(x->spec.name, sizeof x->spec.name, "o");
    snprintf(x->spec.internal, sizeof x->spec.internal, "o");
    x->spec.partitions = partitions;
    x->spec.replicas = 1;
    x->spec.ack_based = ack_based;
    way_map_init(&map, &x->spec, 1, "x");
    x->parts = (way_parts){.spec = &x->spec, .station_id = 1, .n = partitions, .ours = partitions};
    x->parts.state = way_xcalloc((size_t)partitions, sizeof *x->parts.state);
    x->parts.info = way_xcalloc((size_t)partitions, sizeof *x->parts.info);
    for (int32_t p = 1; p <= partitions; p++) {
        way_map_stream(&map, p, &cfg);
        cr_assert_eq(x->w.js->streams_create(x->w.js, &cfg, 1, &x->parts.info[p - 1], NULL, NULL), WAY_OK);
    }
    fake_forget(x->f);
}

static void look(world *x)
{
    char name[1][WAY_STREAM_MAX + 1];
    for (int32_t p = 1; p <= x->spec.partitions; p++) {
        way_stream_name("o", p, name[0]);
        cr_assert_eq(x->w.js->streams_info(x->w.js, (const char (*)[WAY_STREAM_MAX + 1])name, 1, &x->parts.info[p - 1], NULL), WAY_OK);
    }
    fake_forget(x->f);
}

static void end(world *x)
{
    way_parts_fini(&x->parts);
    way_station_spec_fini(&x->spec);
    fake_js_free(x->f);
}

static void group(world *x, const char *name, int32_t partition)
{
    way_group_spec g;
    way_js_consumer c;
    way_group_spec_init(&g);
    snprintf(g.internal, sizeof g.internal, "%s", name);
    way_map_group("o", partition, &g, 0, &c);
    cr_assert_eq(x->w.js->consumers_create(x->w.js, &c, 1, NULL, NULL), WAY_OK);
}

Test(hold, goes_only_when_the_group_is_on_every_partition)
{
    world x;
    bool removed = true;
    begin(&x, 3, true);
    cr_assert_eq(way_hold_put(&x.op, &x.parts, NULL), WAY_OK);
    group(&x, "g", 1);
    group(&x, "g", 2);
    cr_assert_eq(way_hold_remove(&x.op, &x.parts, "g", &removed, NULL), WAY_OK);
    cr_expect_not(removed);
    cr_expect_eq(fake_count(x.f, "consumers_delete"), 0);
    group(&x, "g", 3);
    cr_assert_eq(way_hold_remove(&x.op, &x.parts, "g", &removed, NULL), WAY_OK);
    cr_expect(removed);
    for (int32_t p = 1; p <= 3; p++) {
        char name[16];
        snprintf(name, sizeof name, "o$%d", p);
        cr_expect_null(fake_consumer_find(x.f, name, WAY_DURABLE_HOLD));
        cr_expect_not_null(fake_consumer_find(x.f, name, "g"));
    }
    cr_expect_eq(x.f->bare, 0);
    end(&x);
}

Test(hold, stays_when_nobody_can_say_whether_the_group_is_there)
{
    world x;
    bool removed = true;
    begin(&x, 2, true);
    cr_assert_eq(way_hold_put(&x.op, &x.parts, NULL), WAY_OK);
    group(&x, "g", 1);
    group(&x, "g", 2);
    fake_fail(x.f, "consumers_info", 2, WAY_E_TIMEOUT);
    cr_expect_eq(way_hold_remove(&x.op, &x.parts, "g", &removed, NULL), WAY_E_TIMEOUT);
    cr_expect_eq(fake_count(x.f, "consumers_delete"), 0);
    end(&x);
}

Test(hold, passes_over_partitions_that_are_not_ours)
{
    world x;
    begin(&x, 3, true);
    x.parts.state[1] = WAY_PART_FOREIGN;
    cr_assert_eq(way_hold_put(&x.op, &x.parts, NULL), WAY_OK);
    cr_expect_not_null(fake_consumer_find(x.f, "o$1", WAY_DURABLE_HOLD));
    cr_expect_null(fake_consumer_find(x.f, "o$2", WAY_DURABLE_HOLD));
    cr_expect_not_null(fake_consumer_find(x.f, "o$3", WAY_DURABLE_HOLD));
    end(&x);
}

Test(parts, no_request_after_the_deadline)
{
    world x;
    way_err e = {0};
    begin(&x, 2, true);
    x.w.deadline_ms = way_mono_ms() - 1;
    cr_expect_eq(way_hold_put(&x.op, &x.parts, &e), WAY_E_TIMEOUT);
    cr_expect_eq(way_parts_delete_streams(&x.op, &x.parts, &e), WAY_E_TIMEOUT);
    cr_expect_eq(x.f->call_count, 0);
    end(&x);
}

Test(parts, a_missing_stream_is_named)
{
    world x;
    way_err e = {0};
    begin(&x, 3, false);
    cr_expect_eq(way_parts_whole(&x.parts, &e), WAY_OK);
    x.parts.state[2] = WAY_PART_MISSING;
    cr_expect_eq(way_parts_whole(&x.parts, &e), WAY_E_CONFLICT);
    cr_expect(strstr(e.text, "'o$3'") && strstr(e.text, "partition 3"), "%s", e.text);
    end(&x);
}

/* ---- where a group starts ---- */

static void resolve(world *x, way_start *s, uint64_t *out)
{
    way_err e = {0};
    look(x);
    cr_assert_eq(way_start_resolve(&x->op, s, &x->parts, out, &e), WAY_OK, "%s", e.text);
}

Test(start, all_new_and_sequences)
{
    world x;
    uint64_t out[2], seqs[2] = {0, 7};
    begin(&x, 2, false);
    for (int i = 1; i <= 5; i++)
        fake_publish(x.f, "o$1", i);
    way_start s = {.kind = WAY_START_ALL};
    resolve(&x, &s, out);
    cr_expect(out[0] == 0 && out[1] == 0);
    s.kind = WAY_START_NEW;
    resolve(&x, &s, out);
    cr_expect(out[0] == 6 && out[1] == 1);
    s = (way_start){.kind = WAY_START_SEQ, .seq = 4};
    resolve(&x, &s, out);
    cr_expect(out[0] == 4 && out[1] == 4);
    s = (way_start){.kind = WAY_START_SEQ, .seqs = seqs, .nseqs = 2};
    resolve(&x, &s, out);
    cr_expect(out[0] == 0 && out[1] == 7);
    end(&x);
}

/* The same answer as looking at every message. */
Test(start, a_time_is_found_by_halving)
{
    world x;
    uint64_t out[3];
    char name[16];
    begin(&x, 3, false);
    srandom(7);
    for (int i = 1; i <= 900; i++) {
        snprintf(name, sizeof name, "o$%d", 1 + i % 2); /* partition 3 stays empty */
        fake_publish(x.f, name, 1000 + i / 3 * 3);
        if (random() % 4 == 0)
            fake_remove(x.f, name, fake_stream_find(x.f, name)->last_seq);
    }
    for (int64_t t = 900; t < 2000; t += 37) {
        way_start s = {.kind = WAY_START_TIME, .time_ns = t};
        x.f->finds = 0;
        resolve(&x, &s, out);
        cr_expect_lt(x.f->finds, 40, "%d questions", x.f->finds);
        for (int32_t p = 1; p <= 3; p++) {
            snprintf(name, sizeof name, "o$%d", p);
            const fake_stream *st = fake_stream_find(x.f, name);
            for (uint64_t q = 1; q <= st->last_seq; q++) {
                if (st->times[q - 1] == 0)
                    continue;
                cr_expect_eq(q >= out[p - 1], st->times[q - 1] >= t, "time %d partition %d seq %d", (int)t, (int)p, (int)q);
            }
        }
    }
    end(&x);
}

/* Exactly the newest n of all partitions, whatever was removed in between. */
static void check_last(int32_t partitions, int messages, int hole_percent, int64_t n)
{
    world x;
    char name[16];
    int64_t *times = calloc((size_t)messages, sizeof *times);
    int kept = 0;
    uint64_t *out = calloc((size_t)partitions, sizeof *out);
    begin(&x, partitions, false);
    for (int i = 1; i <= messages; i++) {
        snprintf(name, sizeof name, "o$%d", (int)(1 + random() % partitions));
        fake_publish(x.f, name, 1000 + i);
        if (random() % 100 < hole_percent)
            fake_remove(x.f, name, fake_stream_find(x.f, name)->last_seq);
        else
            times[kept++] = 1000 + i;
    }
    way_start s = {.kind = WAY_START_LAST, .last = n};
    resolve(&x, &s, out);
    int64_t oldest = kept == 0 ? 0 : times[kept > n ? kept - n : 0];
    int64_t got = 0;
    for (int32_t p = 1; p <= partitions; p++) {
        snprintf(name, sizeof name, "o$%d", p);
        const fake_stream *st = fake_stream_find(x.f, name);
        for (uint64_t q = out[p - 1]; q >= 1 && q <= st->last_seq; q++) {
            if (st->times[q - 1] == 0)
                continue;
            got++;
            cr_expect_geq(st->times[q - 1], oldest);
        }
    }
    cr_expect_eq(got, kept < n ? kept : n, "%d partitions, %d messages, %d %% holes: %d of %d", (int)partitions, messages,
                 hole_percent, (int)got, (int)n);
    free(out);
    free(times);
    end(&x);
}

Test(start, the_newest_n_of_the_station)
{
    srandom(11);
    static const int64_t ns[] = {1, 2, 7, 64, 700, 10000};
    for (size_t i = 0; i < sizeof ns / sizeof *ns; i++) {
        check_last(1, 0, 0, ns[i]);
        check_last(1, 1000, 0, ns[i]);
        check_last(1, 1000, 99, ns[i]);
        check_last(3, 1000, 30, ns[i]);
        check_last(7, 5, 0, ns[i]);
        check_last(32, 3000, 60, ns[i]);
    }
}

Test(start, a_long_hole_costs_few_questions)
{
    world x;
    uint64_t out[1];
    begin(&x, 1, false);
    for (int i = 1; i <= 4000; i++) {
        fake_publish(x.f, "o$1", i);
        if (i > 2 && i < 3999)
            fake_remove(x.f, "o$1", (uint64_t)i);
    }
    way_start s = {.kind = WAY_START_LAST, .last = 4};
    x.f->finds = 0;
    resolve(&x, &s, out);
    cr_expect_eq(out[0], 1);
    cr_expect_lt(x.f->finds, 150, "%d questions", x.f->finds);
    end(&x);
}

/* ---- live figures ---- */

Test(live, a_station_and_its_hold)
{
    world x;
    way_station st = {0};
    way_station_live live;
    begin(&x, 2, true);
    cr_assert_eq(way_hold_put(&x.op, &x.parts, NULL), WAY_OK);
    for (int i = 0; i < 3; i++)
        fake_publish(x.f, "o$2", 5);
    st.spec = x.spec;
    cr_assert_eq(way_op_station_live(&x.w, &st, &live, NULL), WAY_OK);
    cr_expect(live.n == 2 && live.messages == 3 && live.fullest == 2 && live.held && live.held_messages == 3);
    free(live.parts);
    fake_stream_find(x.f, "o$1")->used = false;
    cr_assert_eq(way_op_station_live(&x.w, &st, &live, NULL), WAY_OK);
    cr_expect_not(live.parts[0].exists);
    cr_expect(live.held, "the hold is wherever it can be");
    free(live.parts);
    end(&x);
}

Test(live, the_age_of_a_group_is_read_by_sequence)
{
    world x;
    way_station st = {0};
    way_group g = {0};
    way_group_live live;
    begin(&x, 2, false);
    snprintf(g.spec.internal, sizeof g.spec.internal, "g");
    group(&x, "g", 1);
    group(&x, "g", 2);
    int64_t now = way_wall_ms();
    for (int i = 0; i < 5; i++)
        fake_publish(x.f, "o$1", (now - 9000 + i * 1000) * 1000000);
    fake_remove(x.f, "o$1", 3);
    fake_consumer *c = fake_consumer_find(x.f, "o$1", "g");
    c->info.ack_floor_seq = 2;
    c->info.delivered_seq = 4;
    c->info.pending = 1;
    c->info.ack_pending = 1;
    fake_forget(x.f);
    st.spec = x.spec;
    cr_assert_eq(way_op_group_live(&x.w, &st, &g, &live, NULL), WAY_OK);
    cr_expect(live.lag == 1 && live.unacked == 1);
    cr_expect(live.oldest_pending_ms >= 6000 && live.oldest_pending_ms < 7000, "%lld", (long long)live.oldest_pending_ms);
    cr_expect_eq(live.parts[1].oldest_pending_ms, -1);
    cr_expect_eq(fake_count(x.f, "consumers_create"), 0, "a look makes no consumer");
    free(live.parts);
    end(&x);
}

Test(live, sums_of_many_stations)
{
    world x;
    way_station a = {0}, b = {0};
    const way_station *list[] = {&a, &b};
    uint64_t messages[2], bytes[2];
    begin(&x, 3, false);
    a.spec = b.spec = x.spec;
    snprintf(b.spec.internal, sizeof b.spec.internal, "none");
    fake_publish(x.f, "o$1", 5);
    fake_publish(x.f, "o$3", 5);
    cr_assert_eq(way_op_stations_sums(&x.w, list, 2, messages, bytes, NULL), WAY_OK);
    cr_expect(messages[0] == 2 && messages[1] == 0);
    end(&x);
}

/* ---- internal streams ---- */

Test(internal_streams, are_made_once_and_brought_up_to_date)
{
    fake_js *f = fake_js_new();
    f->srv.servers = 1;
    cr_assert_eq(way_internal_streams_make(&f->port, NULL), WAY_OK);
    fake_stream *s = fake_stream_find(f, WAY_STREAM_CAPTURE);
    cr_assert_not_null(s);
    cr_expect_not_null(fake_stream_find(f, WAY_STREAM_DEAD));
    cr_expect(s->cfg.max_bytes > 0 && s->cfg.max_age_ns > 0 && s->cfg.replicas == 1);
    cr_assert_eq(way_internal_streams_make(&f->port, NULL), WAY_OK);
    cr_expect_eq(fake_count(f, "streams_update"), 0);
    f->srv.servers = 3; /* the cluster grew */
    cr_assert_eq(way_internal_streams_make(&f->port, NULL), WAY_OK);
    cr_expect_eq(s->cfg.replicas, 3);
    f->srv.servers = 0; /* it does not say */
    cr_assert_eq(way_internal_streams_make(&f->port, NULL), WAY_OK);
    cr_expect_eq(s->cfg.replicas, 3, "what is not known changes nothing");
    fake_js_free(f);
}

Test(internal_streams, are_smaller_where_there_is_little_room)
{
    fake_js *f = fake_js_new();
    fake_fail(f, "streams_create", 1, WAY_E_FULL);
    cr_assert_eq(way_internal_streams_make(&f->port, NULL), WAY_OK);
    int64_t small = fake_stream_find(f, WAY_STREAM_CAPTURE)->cfg.max_bytes;
    cr_expect_lt(small, fake_stream_find(f, WAY_STREAM_DEAD)->cfg.max_bytes);
    fake_fail(f, "streams_update", 1, WAY_E_FULL); /* still no room: what is there stays */
    cr_assert_eq(way_internal_streams_make(&f->port, NULL), WAY_OK);
    cr_expect_eq(fake_stream_find(f, WAY_STREAM_CAPTURE)->cfg.max_bytes, small);
    cr_assert_eq(way_internal_streams_make(&f->port, NULL), WAY_OK); /* more room now */
    cr_expect_gt(fake_stream_find(f, WAY_STREAM_CAPTURE)->cfg.max_bytes, small);
    fake_js_free(f);
}

Test(internal_streams, one_that_fails_does_not_keep_the_other_away)
{
    fake_js *f = fake_js_new();
    fake_fail(f, "streams_create", 1, WAY_E_CONFLICT);
    cr_expect_eq(way_internal_streams_make(&f->port, NULL), WAY_E_CONFLICT);
    cr_expect_not_null(fake_stream_find(f, WAY_STREAM_DEAD));
    fake_js_free(f);
}
