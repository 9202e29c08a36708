#include <stdio.h>
#include <string.h>

#include "core/control/mapping.h"
#include "tests/integration/control/control_test.h"

static const char ABC[] = "{'name':'o','partitions':3,'max_message_bytes':1000}";
static const char HELD[] = "{'name':'o','partitions':3,'max_message_bytes':1000,'retention_type':'ack_based'}";

Test(create, makes_streams_then_a_row_then_a_catalog)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    const way_station *st = in_catalog(&x, "o");
    cr_assert_not_null(st);
    cr_expect_eq(st->state, WAY_ACTIVE);
    cr_expect_eq(fake_count(x.f, "streams_create"), 3);
    cr_expect_eq(fake_count(x.f, "consumers_create"), 0);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM partitions WHERE stream_created <> ''"), 3);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM audit WHERE action = 'station.create' AND actor = 'tester' AND object = 'o'"), 1);
    FAILS(make_station(&x, ABC), WAY_E_EXISTS);
    cr_expect(strstr(x.e.text, "'o'"), "%s", x.e.text);
    world_close(&x);
}

Test(create, an_ack_based_station_is_held_before_it_is_active)
{
    world x;
    world_open(&x);
    fake_fail(x.f, "consumers_create", 2, WAY_E_TIMEOUT);
    FAILS(make_station(&x, HELD), WAY_E_TIMEOUT);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE state <> 'gone'"), 0);
    cr_expect_null(fake_stream_find(x.f, "o$1"));
    GOOD(make_station(&x, HELD));
    for (int p = 1; p <= 3; p++) {
        char name[8];
        snprintf(name, sizeof name, "o$%d", p);
        cr_expect_not_null(fake_consumer_find(x.f, name, WAY_DURABLE_HOLD));
    }
    world_close(&x);
}

Test(create, a_failure_in_the_middle_leaves_nothing)
{
    world x;
    world_open(&x);
    fake_fail(x.f, "streams_create", 3, WAY_E_TIMEOUT);
    FAILS(make_station(&x, ABC), WAY_E_TIMEOUT);
    cr_expect(fake_called(x.f, "streams_delete o$1", 0) >= 0 && fake_called(x.f, "streams_delete o$2", 0) >= 0);
    cr_expect_eq(fake_count(x.f, "streams_delete o$3"), 0, "that one was never made");
    cr_expect_null(fake_stream_find(x.f, "o$1"));
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE state <> 'gone'"), 0);
    GOOD(make_station(&x, ABC));
    world_close(&x);
}

Test(create, somebody_elses_stream_is_named_and_left_alone)
{
    world x;
    way_js_stream theirs = {.name = "o$2", .subject = "o$2.>", .replicas = 1, .description = "invoices"};
    world_open(&x);
    GOOD(x.w.js->streams_create(x.w.js, &theirs, 1, NULL, NULL, &x.e));
    FAILS(make_station(&x, ABC), WAY_E_CONFLICT);
    cr_expect(strstr(x.e.text, "'o$2'") && strstr(x.e.text, "invoices"), "%s", x.e.text);
    cr_expect_null(fake_stream_find(x.f, "o$1"));
    cr_assert_not_null(fake_stream_find(x.f, "o$2"));
    cr_expect_eq(fake_count(x.f, "streams_delete o$2"), 0);
    world_close(&x);
}

Test(create, takes_over_from_one_that_died)
{
    world x;
    way_station_spec spec;
    way_map map;
    way_js_stream cfg;
    int64_t id = 0;
    world_open(&x);
    store_spec(&spec, "o", 3); /* what a killed create leaves: a row, and some of the streams */
    GOOD(way_station_insert(x.w.pg, &spec, &id, &x.e));
    way_map_init(&map, &spec, id, way_control_instance(x.ctl));
    way_map_stream(&map, 2, &cfg);
    GOOD(x.w.js->streams_create(x.w.js, &cfg, 1, NULL, NULL, &x.e));
    GOOD(make_station(&x, ABC));
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE state = 'active'"), 1);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE id = %lld AND state = 'gone'", (long long)id), 1);
    cr_expect_eq(fake_count(x.f, "streams_delete o$2"), 1);
    way_station_spec_fini(&spec);
    world_close(&x);
}

Test(create, what_the_server_cannot_do_is_refused_before_anything_happens)
{
    world x;
    world_open(&x);
    FAILS(make_station(&x, "{'name':'o','replicas':5}"), WAY_E_INVAL);
    cr_expect(strstr(x.e.text, "5") && strstr(x.e.text, "3"), "%s", x.e.text);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations"), 0);
    cr_expect_eq(x.f->call_count, 0);
    world_close(&x);
}

Test(find, another_daemons_station_is_found_at_once)
{
    world x, other;
    const way_catalog *held = NULL;
    const way_station *st = NULL;
    world_open(&x);
    world_other(&x, &other);
    FAILS(way_op_station_find(&other.w, "o", &held, &st, &x.e), WAY_E_NOT_FOUND);
    GOOD(make_station(&x, ABC));
    GOOD(way_op_station_find(&other.w, "O", &held, &st, &x.e));
    cr_expect_str_eq(st->spec.name, "o");
    FAILS(way_op_station_find(&other.w, "no such", &held, &st, &x.e), WAY_E_INVAL);
    way_catalog_unref(held);
    world_other_close(&other);
    world_close(&x);
}

/* ---- edit ---- */

static int64_t max_msgs(world *x, const char *stream)
{
    return fake_stream_find(x->f, stream)->cfg.max_msgs;
}

Test(edit, reaches_every_partition)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    GOOD(edit_station(&x, "o", "{'retention':{'max_messages':30}}"));
    cr_expect(max_msgs(&x, "o$1") == 10 && max_msgs(&x, "o$3") == 10);
    cr_expect_eq(in_catalog(&x, "o")->spec.max_messages, 30);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE spec_version = 2 AND applied_version = 2 AND previous_spec IS NULL"), 1);
    fake_forget(x.f);
    GOOD(edit_station(&x, "o", "{'retention':{'max_messages':30}}"));
    cr_expect_eq(x.f->call_count, 0, "nothing to do");
    FAILS(edit_station(&x, "none", "{'replicas':1}"), WAY_E_NOT_FOUND);
    FAILS(edit_station(&x, "o", "{'partitions':4}"), WAY_E_CONFLICT);
    world_close(&x);
}

Test(edit, a_refusal_puts_everything_back)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    GOOD(edit_station(&x, "o", "{'retention':{'max_messages':30}}"));
    fake_fail(x.f, "streams_update", 3, WAY_E_INVAL);
    FAILS(edit_station(&x, "o", "{'retention':{'max_messages':60}}"), WAY_E_INVAL);
    cr_expect(max_msgs(&x, "o$1") == 10 && max_msgs(&x, "o$2") == 10 && max_msgs(&x, "o$3") == 10);
    cr_expect_eq(in_catalog(&x, "o")->spec.max_messages, 30);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE spec_version = applied_version"), 1);
    GOOD(edit_station(&x, "o", "{'retention':{'max_messages':90}}"));
    cr_expect_eq(max_msgs(&x, "o$2"), 30);
    world_close(&x);
}

Test(edit, what_cannot_be_put_back_goes_forward_later)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    fake_fail(x.f, "streams_update", 2, WAY_E_UNAVAILABLE);
    x.f->fail_for_good = true;
    FAILS(edit_station(&x, "o", "{'retention':{'max_messages':60}}"), WAY_E_UNAVAILABLE);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE spec_version > applied_version"), 1);
    x.f->fail_verb = NULL;
    cr_expect_eq(reconcile(&x), 1);
    cr_expect(max_msgs(&x, "o$1") == 20 && max_msgs(&x, "o$3") == 20);
    cr_expect_eq(sql(&x, "SELECT count(*) FROM stations WHERE spec_version = applied_version"), 1);
    cr_expect_eq(reconcile(&x), 0);
    world_close(&x);
}

Test(edit, what_is_refused_later_goes_back)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    fake_fail(x.f, "streams_update", 2, WAY_E_UNAVAILABLE);
    x.f->fail_for_good = true;
    FAILS(edit_station(&x, "o", "{'retention':{'max_messages':60}}"), WAY_E_UNAVAILABLE);
    fake_fail(x.f, "streams_update", 3, WAY_E_INVAL); /* the daemon died meanwhile, and now the server says no */
    cr_expect_eq(reconcile(&x), 1);
    cr_expect(max_msgs(&x, "o$1") == 0 && max_msgs(&x, "o$2") == 0 && max_msgs(&x, "o$3") == 0);
    cr_expect_eq(in_catalog(&x, "o")->spec.max_messages, 0);
    world_close(&x);
}

Test(edit, becoming_ack_based_is_held_first)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    fake_publish(x.f, "o$1", 5);
    fake_forget(x.f);
    GOOD(edit_station(&x, "o", "{'retention_type':'ack_based'}"));
    int first = fake_called(x.f, "streams_update", 0);
    cr_expect_gt(first, fake_called(x.f, "consumers_create o$3 $way_hold", 0));
    cr_expect_eq(fake_count(x.f, "consumers_create"), 3);
    cr_expect_eq(x.f->bare, 0);
    cr_expect_eq(fake_messages(fake_stream_find(x.f, "o$1")), 1);
    fake_forget(x.f);
    GOOD(edit_station(&x, "o", "{'retention_type':'message_age_sec','retention_value':3600}"));
    cr_expect_gt(fake_called(x.f, "consumers_delete", 0), fake_called(x.f, "streams_update o$3", 0));
    cr_expect_eq(x.f->bare, 0);
    cr_expect_null(fake_consumer_find(x.f, "o$1", WAY_DURABLE_HOLD));
    world_close(&x);
}

Test(edit, with_groups_the_hold_goes_again)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    GOOD(make_group(&x, "o", "{'name':'g'}", NULL));
    GOOD(edit_station(&x, "o", "{'retention_type':'ack_based'}"));
    cr_expect_null(fake_consumer_find(x.f, "o$2", WAY_DURABLE_HOLD));
    cr_expect_eq(x.f->bare, 0);
    fake_fail(x.f, "streams_update", 2, WAY_E_INVAL);
    FAILS(edit_station(&x, "o", "{'retention_type':'message_age_sec','retention_value':3600}"), WAY_E_INVAL);
    cr_expect(fake_stream_find(x.f, "o$1")->cfg.interest);
    cr_expect_null(fake_consumer_find(x.f, "o$1", WAY_DURABLE_HOLD));
    cr_expect_eq(x.f->bare, 0);
    world_close(&x);
}

Test(edit, old_servers_are_told_which_version_can)
{
    world x;
    world_open(&x);
    x.f->srv = (way_server_info){.version = "2.9.10", .major = 2, .minor = 9, .patch = 10, .max_payload = 1 << 20, .servers = 1};
    GOOD(make_station(&x, ABC));
    FAILS(edit_station(&x, "o", "{'retention_type':'ack_based'}"), WAY_E_NEWER_SERVER);
    cr_expect(strstr(x.e.text, "2.10"), "%s", x.e.text);
    world_close(&x);
}

Test(edit, a_station_with_a_missing_stream_is_not_half_edited)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    fake_stream_find(x.f, "o$2")->used = false;
    FAILS(edit_station(&x, "o", "{'retention':{'max_messages':60}}"), WAY_E_CONFLICT);
    cr_expect(strstr(x.e.text, "partition 2"), "%s", x.e.text);
    cr_expect_eq(fake_count(x.f, "streams_update"), 0);
    world_close(&x);
}

/* ---- delete, purge ---- */

Test(remove, streams_that_are_not_the_ones_we_made_stay)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    strcpy(fake_stream_find(x.f, "o$2")->created, "2030-01-01T00:00:00Z"); /* replaced behind our back */
    GOOD(way_op_station_delete(&x.w, &x.by, "o", &x.e));
    cr_expect_null(fake_stream_find(x.f, "o$1"));
    cr_expect_not_null(fake_stream_find(x.f, "o$2"));
    cr_expect_null(in_catalog(&x, "o"));
    FAILS(way_op_station_delete(&x.w, &x.by, "o", &x.e), WAY_E_NOT_FOUND);
    world_close(&x);
}

Test(remove, what_cannot_be_deleted_now_is_deleted_later)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    fake_fail(x.f, "streams_delete", 2, WAY_E_UNAVAILABLE);
    GOOD(way_op_station_delete(&x.w, &x.by, "o", &x.e));
    const way_station *st = in_catalog(&x, "o");
    cr_expect(st && st->state == WAY_DELETING);
    cr_expect_eq(reconcile(&x), 1);
    cr_expect_null(fake_stream_find(x.f, "o$3"));
    cr_expect_null(in_catalog(&x, "o"));
    world_close(&x);
}

Test(remove, a_create_of_the_same_name_finishes_the_delete)
{
    world x;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    fake_publish(x.f, "o$1", 5);
    fake_fail(x.f, "streams_delete", 2, WAY_E_UNAVAILABLE);
    GOOD(way_op_station_delete(&x.w, &x.by, "o", &x.e));
    GOOD(make_station(&x, ABC));
    cr_expect_eq(fake_messages(fake_stream_find(x.f, "o$1")), 0);
    cr_expect_eq(in_catalog(&x, "o")->state, WAY_ACTIVE);
    world_close(&x);
}

Test(purge, empties_all_partitions)
{
    world x;
    uint64_t removed = 0;
    world_open(&x);
    GOOD(make_station(&x, ABC));
    for (int i = 0; i < 5; i++)
        fake_publish(x.f, i % 2 ? "o$1" : "o$3", 5);
    GOOD(way_op_station_purge(&x.w, &x.by, "o", &removed, &x.e));
    cr_expect_eq(removed, 5);
    world_close(&x);
}
