/* Changes: a daemon that polls sees every change, whole and in order, and knows when it was away too long. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "store_test.h"

static const way_station *find(const way_delta *d, int64_t id)
{
    for (size_t i = 0; i < d->d.station_count; i++)
        if (d->d.stations[i]->id == id)
            return d->d.stations[i];
    return NULL;
}

Test(changes, deltas_hold_what_is_newer)
{
    store s;
    way_delta d;
    store_open(&s);
    int64_t a = store_station(&s, "a", 2), b = store_station(&s, "b", 1);
    store_group(&s, b, "zeta");
    store_group(&s, b, "alpha");

    OK(way_delta_load(s.pg, 0, &d, &s.e));
    cr_expect(d.full);
    cr_assert_eq(d.d.station_count, 2);
    const way_station *st = find(&d, b);
    cr_assert_eq(st->group_count, 2);
    cr_expect_str_eq(st->groups[0]->spec.internal, "alpha");
    cr_expect_str_eq(st->groups[1]->spec.internal, "zeta");
    cr_expect_eq(st->state, WAY_ACTIVE);
    cr_expect_eq(find(&d, a)->spec.partitions, 2);
    int64_t v = d.d.version;
    way_delta_fini(&d);

    OK(way_delta_load(s.pg, v, &d, &s.e));
    cr_expect_not(d.full);
    cr_expect_eq(d.d.station_count, 0);
    cr_expect_eq(d.d.version, v);
    way_delta_fini(&d);

    store_group(&s, a, "new"); /* a group alone changed: its station comes whole */
    OK(way_delta_load(s.pg, v, &d, &s.e));
    cr_assert_eq(d.d.station_count, 1);
    cr_expect_eq(d.d.stations[0]->id, a);
    cr_expect_eq(d.d.stations[0]->group_count, 1);
    cr_expect_gt(d.d.version, v);
    v = d.d.version;
    way_delta_fini(&d);

    OK(way_station_move(s.pg, b, WAY_ACTIVE, WAY_DELETING, &s.e));
    OK(way_station_move(s.pg, b, WAY_DELETING, WAY_GONE, &s.e));
    OK(way_delta_load(s.pg, v, &d, &s.e));
    cr_assert_eq(d.d.station_count, 1);
    cr_expect_eq(d.d.stations[0]->state, WAY_GONE);
    way_delta_fini(&d);
    store_close(&s);
}

Test(changes, a_group_that_is_gone_leaves_its_station)
{
    store s;
    way_delta d;
    int64_t v, purged;
    store_open(&s);
    int64_t a = store_station(&s, "a", 1), g = store_group(&s, a, "g");
    OK(way_change_read(s.pg, &v, &purged, &s.e));
    OK(way_group_move(s.pg, g, WAY_ACTIVE, WAY_DELETING, &s.e));
    OK(way_group_move(s.pg, g, WAY_DELETING, WAY_GONE, &s.e));
    OK(way_delta_load(s.pg, v, &d, &s.e));
    cr_assert_eq(d.d.station_count, 1);
    cr_expect_eq(d.d.stations[0]->group_count, 0);
    way_delta_fini(&d);
    store_close(&s);
}

Test(changes, away_too_long_loads_everything)
{
    store s;
    way_delta d;
    int64_t old_v, v, purged, removed = -1;
    store_open(&s);
    store_station(&s, "stays", 1);
    OK(way_change_read(s.pg, &old_v, &purged, &s.e));
    int64_t a = store_station(&s, "goes", 1);
    OK(way_station_move(s.pg, a, WAY_ACTIVE, WAY_DELETING, &s.e));
    OK(way_station_move(s.pg, a, WAY_DELETING, WAY_GONE, &s.e));
    OK(way_rows_purge_gone(s.pg, 3600000, &removed, &s.e));
    cr_expect_eq(removed, 0);
    OK(way_rows_purge_gone(s.pg, 0, &removed, &s.e));
    cr_expect_eq(removed, 1);
    OK(way_change_read(s.pg, &v, &purged, &s.e));
    cr_expect_eq(purged, v);
    OK(way_delta_load(s.pg, old_v, &d, &s.e));
    cr_expect(d.full);
    cr_expect_eq(d.d.station_count, 1);
    way_delta_fini(&d);
    OK(way_delta_load(s.pg, v, &d, &s.e));
    cr_expect_not(d.full);
    way_delta_fini(&d);
    OK(way_delta_load(s.pg, v + 1000, &d, &s.e)); /* the database was put back to an earlier state */
    cr_expect(d.full);
    way_delta_fini(&d);
    store_close(&s);
}

Test(changes, users_come_and_go)
{
    store s;
    way_delta d;
    bool changed = false;
    store_open(&s);
    OK(way_user_put_root(s.pg, "hash-1", false, &changed, &s.e));
    cr_expect(changed);
    OK(way_delta_load(s.pg, 0, &d, &s.e));
    cr_assert_eq(d.d.user_count, 1);
    cr_expect_str_eq(d.d.users[0]->name, "root");
    cr_expect_str_eq(d.d.users[0]->role, "root");
    cr_expect_str_eq(d.d.users[0]->password_hash, "hash-1");
    int64_t v = d.d.version, id = d.d.users[0]->id;
    way_delta_fini(&d);

    store_sql(&s, "WITH c AS (UPDATE changes SET v = v + 1 RETURNING v)"
                  " UPDATE users SET state = 'gone', v = c.v FROM c");
    OK(way_delta_load(s.pg, v, &d, &s.e));
    cr_expect_eq(d.d.user_count, 0);
    cr_assert_eq(d.d.gone_user_count, 1);
    cr_expect_eq(d.d.gone_user_ids[0], id);
    way_delta_fini(&d);
    store_close(&s);
}

/* Writers on many connections against a poller: it must have seen every station in its last state, whatever came when. */
enum { WRITERS = 4, EACH = 25 };

static atomic_int writing;

static void *writer(void *arg)
{
    store own = *(store *)arg;
    own.pg = way_pg_new(own.url);
    static atomic_int number;
    for (int i = 0; i < EACH; i++) {
        char name[32];
        snprintf(name, sizeof name, "w-%d", atomic_fetch_add(&number, 1));
        int64_t id = store_station(&own, name, 1);
        if (i % 3 == 0) {
            cr_assert_eq(way_station_move(own.pg, id, WAY_ACTIVE, WAY_DELETING, &own.e), WAY_OK, "%s", own.e.text);
            cr_assert_eq(way_station_move(own.pg, id, WAY_DELETING, WAY_GONE, &own.e), WAY_OK, "%s", own.e.text);
        } else {
            store_group(&own, id, "g");
        }
    }
    way_pg_free(own.pg);
    atomic_fetch_sub(&writing, 1);
    return NULL;
}

Test(changes, a_poller_misses_nothing)
{
    store s;
    pthread_t t[WRITERS];
    const way_catalog *c = way_catalog_empty_new();
    int64_t since = 1; /* above 0: deltas from the start */
    bool last;

    store_open(&s);
    int64_t v;
    OK(way_pg_begin(s.pg, &s.e));
    OK(way_change_next(s.pg, &v, &s.e));
    OK(way_pg_commit(s.pg, &s.e));
    cr_assert_eq(v, since);
    atomic_store(&writing, WRITERS);
    for (int i = 0; i < WRITERS; i++)
        cr_assert_eq(pthread_create(&t[i], NULL, writer, &s), 0);
    do {
        way_delta d;
        last = atomic_load(&writing) == 0;
        OK(way_delta_load(s.pg, since, &d, &s.e));
        cr_assert_not(d.full);
        const way_catalog *next = way_catalog_with(c, &d.d);
        way_catalog_unref(c);
        c = next;
        since = d.d.version;
        way_delta_fini(&d);
    } while (!last);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(t[i], NULL);
    int64_t want = store_sql(&s, "SELECT count(*) FROM stations WHERE state = 'active'");
    cr_expect_eq((int64_t)c->station_count, want);
    for (size_t i = 0; i < c->station_count; i++)
        cr_expect_eq(way_catalog_station_at(c, i)->group_count, 1);
    way_catalog_unref(c);
    store_close(&s);
}
