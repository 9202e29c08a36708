/* Station rows: the name decides races, states move only as they may, a spec changes one at a time. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "store_test.h"

Test(stations, live_from_creating_to_gone)
{
    store s;
    way_station_row row;
    way_station_spec spec;
    int64_t id = 0, other = 0;
    char **created = NULL;
    const char *times[] = {"2026-01-01T00:00:00.1Z", "a \"quoted\\text\""};

    store_open(&s);
    way_station_row_init(&row);
    store_spec(&spec, "my.orders", 2);
    spec.description = strdup("with \"quotes\" and \xc3\xa4");
    OK(way_station_insert(s.pg, &spec, &id, &s.e));
    CODE(way_station_insert(s.pg, &spec, &other, &s.e), WAY_E_EXISTS);
    OK(way_station_get_by_name(s.pg, "my#orders", &row, &s.e));
    cr_expect_eq(row.id, id);
    cr_expect_eq(row.state, WAY_CREATING);
    cr_expect_eq(row.spec_version, 1);
    cr_expect_eq(row.applied_version, 0);
    cr_expect(way_station_spec_equal(&row.spec, &spec));
    cr_expect_str_eq(row.spec.name, "my.orders");

    OK(way_station_activate(s.pg, id, times, 2, &s.e));
    CODE(way_station_activate(s.pg, id, times, 2, &s.e), WAY_E_CONFLICT);
    OK(way_station_get(s.pg, id, &row, &s.e));
    cr_expect_eq(row.state, WAY_ACTIVE);
    cr_expect_eq(row.applied_version, 1);
    int64_t age_ms = way_wall_ms() - row.created_ms;
    cr_expect(age_ms > -1000 && age_ms < 60000, "created %lld ms ago", (long long)age_ms);
    OK(way_station_streams_created(s.pg, id, 3, &created, &s.e));
    cr_expect_str_eq(created[0], times[0]);
    cr_expect_str_eq(created[1], times[1]);
    cr_expect_str_eq(created[2], "");
    for (int i = 0; i < 3; i++)
        free(created[i]);
    free(created);

    CODE(way_station_move(s.pg, id, WAY_CREATING, WAY_DELETING, &s.e), WAY_E_CONFLICT);
    OK(way_station_move(s.pg, id, WAY_ACTIVE, WAY_DELETING, &s.e));
    CODE(way_station_insert(s.pg, &spec, &other, &s.e), WAY_E_EXISTS);
    OK(way_station_move(s.pg, id, WAY_DELETING, WAY_GONE, &s.e));
    CODE(way_station_get_by_name(s.pg, "my#orders", &row, &s.e), WAY_E_NOT_FOUND);
    OK(way_station_insert(s.pg, &spec, &other, &s.e)); /* the name is free again */
    cr_expect_neq(other, id);
    way_station_spec_fini(&spec);
    way_station_row_fini(&row);
    store_close(&s);
}

Test(stations, one_change_of_settings_at_a_time)
{
    store s;
    way_station_row row;
    store_open(&s);
    way_station_row_init(&row);
    int64_t id = store_station(&s, "orders", 1);
    OK(way_station_get(s.pg, id, &row, &s.e));

    row.spec.max_messages = 77;
    OK(way_station_set_spec(s.pg, id, 1, &row.spec, &s.e));
    CODE(way_station_set_spec(s.pg, id, 1, &row.spec, &s.e), WAY_E_CONFLICT);
    CODE(way_station_set_spec(s.pg, id, 2, &row.spec, &s.e), WAY_E_CONFLICT); /* 2 is not applied yet */
    OK(way_station_get(s.pg, id, &row, &s.e));
    cr_expect_eq(row.spec_version, 2);
    cr_expect_eq(row.applied_version, 1);
    cr_assert_not_null(row.previous_spec);
    cr_expect_eq(row.spec.max_messages, 77);

    OK(way_station_restore(s.pg, id, 2, &s.e));
    CODE(way_station_restore(s.pg, id, 2, &s.e), WAY_E_CONFLICT);
    OK(way_station_get(s.pg, id, &row, &s.e));
    cr_expect_eq(row.spec.max_messages, 0);
    cr_expect_eq(row.spec_version, row.applied_version);
    cr_expect_null(row.previous_spec);

    row.spec.max_messages = 88;
    OK(way_station_set_spec(s.pg, id, row.spec_version, &row.spec, &s.e));
    OK(way_station_applied(s.pg, id, row.spec_version + 1, &s.e));
    OK(way_station_get(s.pg, id, &row, &s.e));
    cr_expect_eq(row.spec.max_messages, 88);
    cr_expect_eq(row.spec_version, row.applied_version);
    cr_expect_null(row.previous_spec);
    way_station_row_fini(&row);
    store_close(&s);
}

Test(stations, problems_are_a_change_only_when_they_differ)
{
    store s;
    int64_t v[4], purged;
    store_open(&s);
    int64_t id = store_station(&s, "orders", 1);
    OK(way_change_read(s.pg, &v[0], &purged, &s.e));
    OK(way_station_set_problems(s.pg, id, "[\"stream of partition 1 is missing\"]", &s.e));
    OK(way_change_read(s.pg, &v[1], &purged, &s.e));
    OK(way_station_set_problems(s.pg, id, "[\"stream of partition 1 is missing\"]", &s.e));
    OK(way_change_read(s.pg, &v[2], &purged, &s.e));
    OK(way_station_set_problems(s.pg, id, NULL, &s.e));
    OK(way_change_read(s.pg, &v[3], &purged, &s.e));
    cr_expect_eq(v[1], v[0] + 1);
    cr_expect_eq(v[2], v[1]);
    cr_expect_eq(v[3], v[2] + 1);
    store_close(&s);
}

Test(stations, are_listed_by_id)
{
    store s;
    int64_t ids[2];
    int n = 0;
    store_open(&s);
    int64_t a = store_station(&s, "a", 1), b = store_station(&s, "b", 1), c = store_station(&s, "c", 1);
    OK(way_station_move(s.pg, b, WAY_ACTIVE, WAY_DELETING, &s.e));
    OK(way_station_ids(s.pg, 0, 2, ids, &n, &s.e));
    cr_expect(n == 2 && ids[0] == a && ids[1] == b);
    OK(way_station_ids(s.pg, b, 2, ids, &n, &s.e));
    cr_expect(n == 1 && ids[0] == c);
    store_close(&s);
}

enum { RACERS = 8, NAMES = 20 };
typedef struct racer {
    store *s;
    atomic_int *won; /* per name */
    atomic_int *lost;
} racer;

static void *race(void *arg)
{
    racer *r = arg;
    way_pg *pg = way_pg_new(r->s->url);
    for (int i = 0; i < NAMES; i++) {
        char name[32];
        way_station_spec spec;
        int64_t id;
        way_err e;
        const char *created[] = {"x"};
        snprintf(name, sizeof name, "contested-%d", i);
        store_spec(&spec, name, 1);
        way_code rc = way_station_insert(pg, &spec, &id, &e);
        if (rc == WAY_OK && way_station_activate(pg, id, created, 1, &e) == WAY_OK)
            atomic_fetch_add(&r->won[i], 1);
        else if (rc == WAY_E_EXISTS)
            atomic_fetch_add(r->lost, 1);
        way_station_spec_fini(&spec);
    }
    way_pg_free(pg);
    return NULL;
}

Test(stations, one_racer_wins_each_name)
{
    store s;
    atomic_int won[NAMES] = {0}, lost = 0;
    pthread_t t[RACERS];
    store_open(&s);
    racer r = {&s, won, &lost};
    for (int i = 0; i < RACERS; i++)
        cr_assert_eq(pthread_create(&t[i], NULL, race, &r), 0);
    for (int i = 0; i < RACERS; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < NAMES; i++)
        cr_expect_eq(won[i], 1, "name %d was won %d times", i, won[i]);
    cr_expect_eq(lost, NAMES * (RACERS - 1));
    cr_expect_eq(store_sql(&s, "SELECT v FROM changes"), NAMES);
    store_close(&s);
}
