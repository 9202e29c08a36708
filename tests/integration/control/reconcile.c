#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "tests/integration/control/control_test.h"

static const char ABC[] = "{'name':'o','partitions':2,'max_message_bytes':1000}";
static const char HELD[] = "{'name':'o','partitions':2,'max_message_bytes':1000,'retention_type':'ack_based'}";

static bool problem(world *x, const char *word)
{
    const way_station *st = in_catalog(x, "o");
    return st->problems && strstr(st->problems, word);
}

Test(reconcile, a_stream_that_disappeared_is_reported_and_not_made_again)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    GOOD(make_group(&x, "o", "{'name':'g'}", NULL));
    cr_expect_eq(reconcile(&x), 0);
    cr_expect_null(in_catalog(&x, "o")->problems);
    fake_stream_find(x.f, "o$2")->used = false;
    fake_consumer_find(x.f, "o$1", "g")->used = false;
    fake_stream_find(x.f, "o$1")->cfg.max_age_ns = 5;
    fake_forget(x.f);
    reconcile(&x);
    GOOD(way_sync_now(&x.w, &x.e));
    cr_expect(problem(&x, "stream_missing") && problem(&x, "\"partition\":2"), "%s", in_catalog(&x, "o")->problems);
    cr_expect(problem(&x, "stream_changed") && problem(&x, "max_age"));
    cr_expect(problem(&x, "consumer_missing") && problem(&x, "'g'"));
    cr_expect_eq(fake_count(x.f, "streams_create") + fake_count(x.f, "consumers_create"), 0);
    int64_t v = sql(&x, "SELECT v FROM changes");
    reconcile(&x);
    cr_expect_eq(sql(&x, "SELECT v FROM changes"), v, "the same problems are no change");
    world_close(&x);
}

Test(reconcile, problems_that_are_over_are_taken_back)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    int64_t age = fake_stream_find(x.f, "o$1")->cfg.max_age_ns;
    fake_stream_find(x.f, "o$1")->cfg.max_age_ns = 5;
    reconcile(&x);
    GOOD(way_sync_now(&x.w, &x.e));
    cr_expect(problem(&x, "stream_changed"));
    fake_stream_find(x.f, "o$1")->cfg.max_age_ns = age;
    reconcile(&x);
    GOOD(way_sync_now(&x.w, &x.e));
    cr_expect_null(in_catalog(&x, "o")->problems);
    world_close(&x);
}

Test(reconcile, a_missing_hold_is_put_back)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, HELD));
    fake_consumer_find(x.f, "o$2", WAY_DURABLE_HOLD)->used = false;
    cr_expect_eq(reconcile(&x), 1);
    cr_expect_not_null(fake_consumer_find(x.f, "o$2", WAY_DURABLE_HOLD));
    cr_expect_eq(reconcile(&x), 0);
    world_close(&x);
}

Test(reconcile, a_small_round_looks_only_at_what_is_unfinished)
{
    world x;
    bool held = false;
    int repaired = 0;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    GOOD(make_station(&x, "{'name':'p','partitions':2,'max_message_bytes':1000}"));
    GOOD(make_group(&x, "p", "{'name':'g'}", NULL));
    fake_forget(x.f);
    GOOD(way_reconcile_round(&x.w, false, &held, &repaired, &x.e));
    cr_expect(held && repaired == 0 && x.f->call_count == 0);
    sql(&x, "UPDATE groups SET state = 'deleting'");
    GOOD(way_reconcile_round(&x.w, false, &held, &repaired, &x.e));
    cr_expect_eq(repaired, 1);
    cr_expect_eq(fake_count(x.f, "streams_info o$"), 0);
    cr_expect_null(fake_consumer_find(x.f, "p$1", "g"));
    world_close(&x);
}

Test(reconcile, leaves_alone_what_is_being_made)
{
    world x;
    way_station_spec spec;
    int64_t id = 0;
    way_pg *pg;
    world_open(&x);
    pg = way_pg_new(x.s.url); /* a create on another daemon: it has the lock and a row */
    GOOD(way_pg_begin(pg, &x.e));
    GOOD(way_lock_name(pg, "o", &x.e));
    store_spec(&spec, "o", 2);
    GOOD(way_station_insert(x.w.pg, &spec, &id, &x.e));
    cr_expect_eq(reconcile(&x), 0);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE state = 'creating'"), 1);
    way_pg_free(pg); /* it dies */
    cr_expect_eq(reconcile(&x), 1);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE state = 'gone'"), 1);
    way_station_spec_fini(&spec);
    world_close(&x);
}

Test(reconcile, only_the_holder_of_the_lease_works)
{
    world x, other;
    bool held = false;
    int repaired = 0;
    world_open(&x);
    GOOD(make_station(&x, HELD));
    world_other(&x, &other);
    GOOD(way_reconcile_round(&other.w, true, &held, &repaired, &x.e));
    cr_assert(held);
    fake_consumer_find(x.f, "o$2", WAY_DURABLE_HOLD)->used = false;
    GOOD(way_reconcile_round(&x.w, true, &held, &repaired, &x.e));
    cr_expect(!held && repaired == 0);
    cr_expect_null(fake_consumer_find(x.f, "o$2", WAY_DURABLE_HOLD));
    way_reconcile_release(&other.w);
    GOOD(way_reconcile_round(&x.w, true, &held, &repaired, &x.e));
    cr_expect(held && repaired == 1);
    world_other_close(&other);
    world_close(&x);
}

Test(reconcile, a_holder_that_overslept_writes_nothing)
{
    world x;
    way_op op;
    way_fence f = {.name = WAY_LEASE_RECONCILE};
    bool held = false;
    int64_t left;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    int64_t id = sql(&x, "SELECT id FROM stations");
    GOOD(way_lease_take(x.w.pg, f.name, way_control_holder(x.ctl), 10000, &held, &f.epoch, &left, &x.e));
    f.until_ms = way_mono_ms() + left;
    way_op_init(&op, &x.w, &f);
    GOOD(way_op_keep(&op, &x.e));
    sql(&x, "UPDATE leases SET holder = 'somebody', epoch = epoch + 1");
    FAILS(way_op_move_station(&op, id, WAY_ACTIVE, WAY_DELETING, &x.e), WAY_E_UNAVAILABLE);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE state = 'active'"), 1);
    f.until_ms = way_mono_ms(); /* time is up: it must ask, and is told */
    FAILS(way_op_keep(&op, &x.e), WAY_E_UNAVAILABLE);
    world_close(&x);
}

Test(reconcile, sweeps_rows_that_are_long_gone)
{
    world x;
    int64_t removed = 0;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    GOOD(way_op_station_delete(&x.w, &x.by, "o", &x.e));
    GOOD(way_reconcile_sweep(&x.w, &removed, &x.e));
    cr_expect_eq(removed, 0);
    sql(&x, "UPDATE stations SET state_at = state_at - interval '2 hours'");
    GOOD(way_reconcile_sweep(&x.w, &removed, &x.e));
    cr_expect_eq(removed, 1);
    world_close(&x);
}

/* ---- several at once ---- */

struct racer {
    world w;
    way_code rc;
    pthread_t thread;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    r->rc = make_station(&r->w, ABC);
    return NULL;
}

Test(race, one_of_many_creates_wins)
{
    enum { N = 6 };
    world x;
    static struct racer r[N];
    int won = 0;
    world_open(&x);
    for (int i = 0; i < N; i++) {
        world_other(&x, &r[i].w);
        r[i].w.f = fake_js_new(); /* the fake is of one thread; the database decides */
        r[i].w.w.js = &r[i].w.f->port;
    }
    for (int i = 0; i < N; i++)
        pthread_create(&r[i].thread, NULL, race, &r[i]);
    for (int i = 0; i < N; i++) {
        pthread_join(r[i].thread, NULL);
        won += r[i].rc == WAY_OK;
        cr_expect(r[i].rc == WAY_OK || r[i].rc == WAY_E_EXISTS, "%s", r[i].w.e.text);
        fake_js_free(r[i].w.f);
        world_other_close(&r[i].w);
    }
    cr_expect_eq(won, 1);
    world_close(&x);
}
