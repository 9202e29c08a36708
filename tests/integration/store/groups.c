/* Group rows: generations, seeks, one change at a time. */
#include <stdlib.h>
#include <string.h>

#include "store_test.h"

Test(groups, live_with_their_station)
{
    store s;
    way_group_row row, *rows = NULL;
    way_group_spec g;
    size_t n = 0;
    int64_t other = 0;

    store_open(&s);
    way_group_row_init(&row);
    int64_t st = store_station(&s, "orders", 1);
    int64_t id = store_group(&s, st, "billing");
    OK(way_group_get(s.pg, st, "billing", &row, &s.e));
    cr_expect_eq(row.id, id);
    cr_expect_eq(row.station_id, st);
    cr_expect_eq(row.generation, 1);
    cr_expect_eq(row.state, WAY_ACTIVE);
    cr_expect_eq(row.applied_version, row.spec_version);
    CODE(way_group_insert(s.pg, st, &row.spec, &other, &s.e), WAY_E_EXISTS);
    CODE(way_group_get(s.pg, st, "none", &row, &s.e), WAY_E_NOT_FOUND);

    store_group(&s, st, "audit");
    OK(way_group_list(s.pg, st, &rows, &n, &s.e));
    cr_assert_eq(n, 2);
    cr_expect_str_eq(rows[0].spec.name, "audit");
    cr_expect_str_eq(rows[1].spec.name, "billing");
    for (size_t i = 0; i < n; i++)
        way_group_row_fini(&rows[i]);
    free(rows);

    OK(way_group_move(s.pg, id, WAY_ACTIVE, WAY_DELETING, &s.e));
    OK(way_group_move(s.pg, id, WAY_DELETING, WAY_GONE, &s.e));
    CODE(way_group_get(s.pg, st, "billing", &row, &s.e), WAY_E_NOT_FOUND);

    OK(way_station_move(s.pg, st, WAY_ACTIVE, WAY_DELETING, &s.e));
    way_group_spec_init(&g);
    strcpy(g.name, "late");
    strcpy(g.internal, "late");
    CODE(way_group_insert(s.pg, st, &g, &other, &s.e), WAY_E_CONFLICT);
    OK(way_station_move(s.pg, st, WAY_DELETING, WAY_GONE, &s.e));
    cr_expect_eq(store_sql(&s, "SELECT count(*) FROM groups WHERE state <> 'gone'"), 0);
    way_group_spec_fini(&g);
    way_group_row_fini(&row);
    store_close(&s);
}

Test(groups, a_seek_raises_the_generation_and_excludes_others)
{
    store s;
    way_group_row row;
    int64_t generation = 0;

    store_open(&s);
    way_group_row_init(&row);
    int64_t st = store_station(&s, "orders", 1);
    int64_t id = store_group(&s, st, "billing");
    OK(way_group_get(s.pg, st, "billing", &row, &s.e));
    int64_t version = row.spec_version;

    OK(way_group_seek_begin(s.pg, id, "{\"start\":\"all\"}", &generation, &s.e));
    cr_expect_eq(generation, 2);
    CODE(way_group_seek_begin(s.pg, id, "{}", &generation, &s.e), WAY_E_CONFLICT);
    CODE(way_group_set_spec(s.pg, id, version, &row.spec, &s.e), WAY_E_CONFLICT);
    OK(way_group_get(s.pg, st, "billing", &row, &s.e));
    cr_assert_not_null(row.seeking);
    cr_expect_str_eq(row.seeking, "{\"start\":\"all\"}");

    row.spec.start.kind = WAY_START_SEQ;
    row.spec.start.seq = 42;
    OK(way_group_seek_end(s.pg, id, &row.spec, &s.e));
    CODE(way_group_seek_end(s.pg, id, &row.spec, &s.e), WAY_E_CONFLICT);
    CODE(way_group_set_spec(s.pg, id, version, &row.spec, &s.e), WAY_E_CONFLICT); /* read before the seek */
    OK(way_group_get(s.pg, st, "billing", &row, &s.e));
    cr_expect_null(row.seeking);
    cr_expect_eq(row.generation, 2);
    cr_expect_eq(row.spec.start.kind, WAY_START_SEQ);
    cr_expect_eq(row.spec.start.seq, 42);

    row.spec.ack_wait_ms = 5000;
    OK(way_group_set_spec(s.pg, id, row.spec_version, &row.spec, &s.e));
    CODE(way_group_seek_begin(s.pg, id, "{}", &generation, &s.e), WAY_E_CONFLICT); /* an edit is being applied */
    OK(way_group_restore(s.pg, id, row.spec_version + 1, &s.e));
    OK(way_group_get(s.pg, st, "billing", &row, &s.e));
    cr_expect_eq(row.spec.ack_wait_ms, WAY_ACK_WAIT_DEFAULT_MS);
    cr_expect_eq(row.spec_version, row.applied_version);
    way_group_row_fini(&row);
    store_close(&s);
}
