#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/integration/control/control_test.h"

static void station(world *x, bool held)
{
    world_open(x);
    cr_assert_eq(make_station(x, held ? "{'name':'o','partitions':3,'max_message_bytes':1000,'retention_type':'ack_based'}"
                                      : "{'name':'o','partitions':3,'max_message_bytes':1000}"), WAY_OK, "%s", x->e.text);
    for (int i = 1; i <= 9; i++) {
        char name[8];
        snprintf(name, sizeof name, "o$%d", 1 + i % 3);
        fake_publish(x->f, name, 1000 + i);
    }
    fake_forget(x->f);
}

static uint64_t stored(world *x)
{
    return fake_messages(fake_stream_find(x->f, "o$1")) + fake_messages(fake_stream_find(x->f, "o$2")) +
           fake_messages(fake_stream_find(x->f, "o$3"));
}

static bool held(world *x)
{
    bool all = true;
    for (int p = 1; p <= 3; p++) {
        char name[8];
        snprintf(name, sizeof name, "o$%d", p);
        all = all && fake_consumer_find(x->f, name, WAY_DURABLE_HOLD);
    }
    return all;
}

Test(group, one_durable_per_partition)
{
    world x;
    station(&x, false);
    GOOD(make_group(&x, "o", "{'name':'My.G','ack_wait_ms':5000}", NULL));
    const fake_consumer *c = fake_consumer_find(x.f, "o$3", "my#g");
    cr_assert_not_null(c);
    cr_expect(c->cfg.ack_wait_ms == 5000 && c->cfg.deliver == WAY_JS_ALL);
    cr_expect_str_eq(c->cfg.filter, "o$3.final");
    const way_group *g = way_station_group(in_catalog(&x, "o"), "my#g");
    cr_assert_not_null(g);
    cr_expect(g->generation == 1 && g->state == WAY_ACTIVE);
    FAILS(make_group(&x, "o", "{'name':'my.g'}", NULL), WAY_E_EXISTS);
    FAILS(make_group(&x, "none", "{'name':'g'}", NULL), WAY_E_NOT_FOUND);
    world_close(&x);
}

Test(group, the_first_one_takes_over_from_the_hold)
{
    world x;
    uint64_t dropped = 99;
    station(&x, true);
    cr_assert(held(&x));
    GOOD(make_group(&x, "o", "{'name':'g','start':{'seq':{'1':3}}}", &dropped));
    cr_expect_eq(dropped, 2);
    cr_expect_not(held(&x));
    cr_expect_eq(x.f->bare, 0);
    cr_expect_gt(fake_called(x.f, "consumers_delete o$1 $way_hold", 0), fake_called(x.f, "consumers_create o$3 g", 0));
    int asked = fake_called(x.f, "consumers_info o$3 g", fake_called(x.f, "consumers_create o$3 g", 0));
    cr_expect(asked >= 0 && asked < fake_called(x.f, "consumers_delete", 0), "confirmed before the hold goes");
    GOOD(make_group(&x, "o", "{'name':'h'}", &dropped));
    cr_expect_eq(dropped, 0);
    world_close(&x);
}

Test(group, new_on_a_held_station_is_a_sequence)
{
    world x;
    uint64_t dropped = 0;
    station(&x, true);
    GOOD(make_group(&x, "o", "{'name':'g','start':'new'}", &dropped));
    cr_expect_eq(dropped, 9);
    const fake_consumer *c = fake_consumer_find(x.f, "o$2", "g");
    cr_expect(c->cfg.deliver == WAY_JS_SEQ && c->cfg.start_seq == 4);
    GOOD(make_group(&x, "o", "{'name':'h','start':'new'}", &dropped));
    cr_expect_eq(fake_consumer_find(x.f, "o$2", "h")->cfg.deliver, WAY_JS_NEW);
    world_close(&x);
}

Test(group, a_failure_in_the_middle_leaves_the_hold)
{
    world x;
    station(&x, true);
    fake_fail(x.f, "consumers_create", 2, WAY_E_TIMEOUT);
    FAILS(make_group(&x, "o", "{'name':'g'}", NULL), WAY_E_TIMEOUT);
    cr_expect(held(&x));
    cr_expect_null(fake_consumer_find(x.f, "o$1", "g"));
    cr_expect_eq(x.f->bare, 0);
    cr_expect_eq(stored(&x), 9);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM groups WHERE state <> 'gone'"), 0);
    GOOD(make_group(&x, "o", "{'name':'g'}", NULL));
    world_close(&x);
}

Test(group, somebody_elses_durable_is_named_and_left_alone)
{
    world x;
    way_js_consumer theirs = {.stream = "o$2", .name = "g", .filter = "o$2.final", .max_deliver = 3};
    station(&x, false);
    GOOD(x.w.js->consumers_create(x.w.js, &theirs, 1, NULL, &x.e));
    FAILS(make_group(&x, "o", "{'name':'g'}", NULL), WAY_E_CONFLICT);
    cr_expect(strstr(x.e.text, "partition 2") && strstr(x.e.text, "'g'"), "%s", x.e.text);
    cr_expect_not_null(fake_consumer_find(x.f, "o$2", "g"));
    world_close(&x);
}

Test(group, the_last_one_leaves_a_hold_behind)
{
    world x;
    station(&x, true);
    GOOD(make_group(&x, "o", "{'name':'g'}", NULL));
    GOOD(make_group(&x, "o", "{'name':'h'}", NULL));
    GOOD(way_op_group_delete(&x.w, &x.by, "o", "g", &x.e));
    cr_expect_not(held(&x), "h holds");
    fake_forget(x.f);
    GOOD(way_op_group_delete(&x.w, &x.by, "o", "h", &x.e));
    cr_expect(held(&x));
    cr_expect_gt(fake_called(x.f, "consumers_delete", 0), fake_called(x.f, "consumers_create o$3 $way_hold", 0));
    cr_expect_eq(x.f->bare, 0);
    cr_expect_eq(stored(&x), 9);
    FAILS(way_op_group_delete(&x.w, &x.by, "o", "h", &x.e), WAY_E_NOT_FOUND);
    world_close(&x);
}

Test(group, a_delete_that_was_cut_short_is_finished)
{
    world x;
    station(&x, true);
    GOOD(make_group(&x, "o", "{'name':'g'}", NULL));
    fake_fail(x.f, "consumers_create", 1, WAY_E_UNAVAILABLE); /* the hold cannot be put: nothing is removed */
    GOOD(way_op_group_delete(&x.w, &x.by, "o", "g", &x.e));
    cr_expect_not_null(fake_consumer_find(x.f, "o$1", "g"));
    cr_expect_eq(reconcile(&x), 1);
    cr_expect_null(fake_consumer_find(x.f, "o$1", "g"));
    cr_expect(held(&x));
    cr_expect_eq(x.f->bare, 0);
    world_close(&x);
}

Test(group, an_edit_changes_live_settings_only)
{
    world x;
    station(&x, false);
    GOOD(make_group(&x, "o", "{'name':'g','start':{'seq':2}}", NULL));
    GOOD(edit_group(&x, "o", "g", "{'ack_wait_ms':7000,'max_deliver':20}", false));
    const fake_consumer *c = fake_consumer_find(x.f, "o$3", "g");
    cr_expect(c->cfg.ack_wait_ms == 7000 && c->cfg.max_deliver == 20 && c->cfg.start_seq == 2);
    fake_fail(x.f, "consumers_update", 2, WAY_E_INVAL);
    FAILS(edit_group(&x, "o", "g", "{'ack_wait_ms':9000}", false), WAY_E_INVAL);
    cr_expect_eq(fake_consumer_find(x.f, "o$1", "g")->cfg.ack_wait_ms, 7000);
    cr_expect_eq(way_station_group(in_catalog(&x, "o"), "g")->spec.ack_wait_ms, 7000);
    FAILS(edit_group(&x, "o", "g", "{'start':'new'}", false), WAY_E_CONFLICT);
    cr_expect(strstr(x.e.text, "seek"), "%s", x.e.text);
    fake_consumer_find(x.f, "o$2", "g")->info.redelivered = 4;
    FAILS(edit_group(&x, "o", "g", "{'max_deliver':5}", false), WAY_E_CONFLICT);
    cr_expect(strstr(x.e.text, "4 messages"), "%s", x.e.text);
    GOOD(edit_group(&x, "o", "g", "{'max_deliver':30}", false));
    GOOD(edit_group(&x, "o", "g", "{'max_deliver':5}", true));
    cr_expect(strstr(x.e.text, "4 messages"), "the note: %s", x.e.text);
    cr_expect_eq(fake_consumer_find(x.f, "o$2", "g")->cfg.max_deliver, 5);
    world_close(&x);
}

/* ---- seek ---- */

static way_code seek(world *x, const char *start, bool dry, way_seek *out)
{
    cJSON *v = json(start);
    world_deadline(x);
    memset(out, 0, sizeof *out);
    way_code rc = way_op_group_seek(&x->w, &x->by, "o", "g", v, dry, out, &x->e);
    cJSON_Delete(v);
    return rc;
}

Test(seek, a_dry_run_does_nothing)
{
    world x;
    way_seek s;
    station(&x, true);
    GOOD(make_group(&x, "o", "{'name':'g'}", NULL));
    fake_consumer *c = fake_consumer_find(x.f, "o$1", "g");
    c->info.delivered_seq = 3;
    c->info.ack_floor_seq = 1;
    c->info.ack_pending = 2;
    fake_forget(x.f);
    GOOD(seek(&x, "{'seq':{'1':3,'2':2,'3':1}}", true, &s));
    cr_assert_eq(s.n, 3);
    cr_expect_eq(s.generation, 2);
    /* partition 1: 2 was delivered and not acked: it would not come again; 3 comes again anyway */
    cr_expect(s.parts[0].from == 4 && s.parts[0].to == 3 && s.parts[0].skips == 1 && s.parts[0].repeats == 0);
    cr_expect(s.parts[1].from == 1 && s.parts[1].to == 2 && s.parts[1].skips == 1);
    cr_expect(s.skips == 2 && s.repeats == 0);
    cr_expect(fake_count(x.f, "consumers_create") == 0 && fake_count(x.f, "consumers_delete") == 0);
    cr_expect_eq(way_station_group(in_catalog(&x, "o"), "g")->generation, 1);
    free(s.parts);
    FAILS(seek(&x, "'sideways'", true, &s), WAY_E_INVAL);
    world_close(&x);
}

Test(seek, new_generation_then_hold_then_the_durables)
{
    world x;
    way_seek s;
    station(&x, true);
    GOOD(make_group(&x, "o", "{'name':'g'}", NULL));
    fake_forget(x.f);
    GOOD(seek(&x, "{'last':4}", false, &s));
    cr_expect_eq(s.generation, 2);
    free(s.parts);
    const way_group *g = way_station_group(in_catalog(&x, "o"), "g");
    cr_expect(g->generation == 2 && g->spec.start.kind == WAY_START_LAST && g->spec.start.last == 4);
    int gone = fake_called(x.f, "consumers_delete o$1 g", 0);
    cr_expect(fake_called(x.f, "consumers_create o$3 $way_hold", 0) < gone);
    cr_expect_gt(fake_called(x.f, "consumers_create o$1 g", 0), gone);
    cr_expect_gt(fake_called(x.f, "consumers_delete o$1 $way_hold", 0), fake_called(x.f, "consumers_create o$3 g", 0));
    cr_expect_eq(x.f->bare, 0);
    cr_expect_eq(stored(&x), 9);
    /* messages 6…9 of 9 are in partitions 1, 2, 3, 1 */
    cr_expect_eq(fake_consumer_find(x.f, "o$1", "g")->cfg.start_seq, 2);
    cr_expect_eq(fake_consumer_find(x.f, "o$2", "g")->cfg.start_seq, 3);
    cr_expect_eq(fake_consumer_find(x.f, "o$3", "g")->cfg.start_seq, 3);
    cr_expect_not(held(&x));
    cr_expect_eq(sql(&x, "SELECT count(*) FROM groups WHERE seeking IS NULL AND spec_version = applied_version"), 1);
    world_close(&x);
}

Test(seek, one_that_was_cut_short_ends_at_the_same_place)
{
    world x;
    way_seek s;
    station(&x, true);
    GOOD(make_group(&x, "o", "{'name':'g'}", NULL));
    fake_fail(x.f, "consumers_create", 5, WAY_E_UNAVAILABLE); /* three holds, then the second durable */
    x.f->fail_for_good = true;
    FAILS(seek(&x, "'new'", false, &s), WAY_E_UNAVAILABLE);
    cr_expect(held(&x), "nothing is lost meanwhile");
    cr_expect_eq(sql(&x, "SELECT count(*) FROM groups WHERE seeking IS NOT NULL AND generation = 2"), 1);
    x.f->fail_verb = NULL;
    fake_publish(x.f, "o$2", 5000); /* comes after the seek was asked for */
    cr_expect_eq(reconcile(&x), 1);
    cr_expect_eq(fake_consumer_find(x.f, "o$2", "g")->cfg.start_seq, 4);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM groups WHERE seeking IS NULL AND generation = 2"), 1);
    cr_expect_not(held(&x));
    cr_expect_eq(x.f->bare, 0);
    cr_expect_eq(stored(&x), 10);
    world_close(&x);
}

Test(seek, the_next_operation_finishes_it_too)
{
    world x;
    way_seek s;
    station(&x, false);
    GOOD(make_group(&x, "o", "{'name':'g'}", NULL));
    fake_fail(x.f, "consumers_create", 2, WAY_E_UNAVAILABLE);
    FAILS(seek(&x, "'new'", false, &s), WAY_E_UNAVAILABLE);
    GOOD(seek(&x, "'all'", false, &s));
    free(s.parts);
    cr_expect_eq(s.generation, 3);
    cr_expect_eq(fake_consumer_find(x.f, "o$3", "g")->cfg.deliver, WAY_JS_ALL);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM groups WHERE seeking IS NULL"), 1);
    world_close(&x);
}
