/* A database of its own for each test: made at its begin, dropped at its end.
 * DATABASE_URL names a server (and a database to connect to) where the user may create databases. */
#ifndef WAY_TEST_STORE_H
#define WAY_TEST_STORE_H

#include <criterion/criterion.h>

#include "core/store/pg.h"
#include "core/store/rows.h"

typedef struct store {
    char url[1024];  /* of the test's own database, as key=value text */
    char name[64];
    way_pg *pg;      /* migrated */
    way_err e;
} store;

void store_open(store *s);
void store_close(store *s);
/* An SQL statement of the test itself; its first value as a number (0: none). */
int64_t store_sql(store *s, const char *sql);
/* A station with default settings, created and active with `partitions` streams; its id. */
int64_t store_station(store *s, const char *name, int32_t partitions);
int64_t store_group(store *s, int64_t station, const char *name);
void store_spec(way_station_spec *spec, const char *name, int32_t partitions);

#define OK(call) cr_assert_eq((call), WAY_OK, "%s: %s", #call, s.e.text)
#define CODE(call, want) cr_expect_eq((call), (want), "%s: %s", #call, s.e.text)

#endif
