/* Creates that end together: one statement, one change number, one wait for the disk. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/store/rows_internal.h"

/* The elements of a Postgres array, as text. */
typedef struct array {
    way_buf b;
} array;

static void begin(array *a)
{
    way_buf_init(&a->b, 0);
    way_buf_char(&a->b, '{');
}

static void comma(array *a)
{
    if (a->b.len > 1)
        way_buf_char(&a->b, ',');
}

static void add_i64(array *a, int64_t v)
{
    comma(a);
    way_buf_i64(&a->b, v);
}

static void add_text(array *a, const char *s)
{
    comma(a);
    way_buf_char(&a->b, '"');
    for (const char *p = s ? s : ""; *p; p++) {
        if (*p == '"' || *p == '\\')
            way_buf_char(&a->b, '\\');
        way_buf_char(&a->b, *p);
    }
    way_buf_char(&a->b, '"');
}

enum { IDS, ACTORS, ADDRESSES, OBJECTS, P_IDS, P_NUMBERS, P_CREATED, ARRAYS };

static const char activate_all[] = "SELECT * FROM stations_activate($1, $2, $3, $4, $5, $6, $7)";

static void mark(const PGresult *r, way_station_activation *list)
{
    for (way_station_activation *one = list; one; one = one->next) {
        one->active = false;
        for (int row = 0; row < PQntuples(r); row++)
            one->active |= way_pg_i64(r, row, 0) == one->id;
    }
}

way_code way_stations_activate(way_pg *pg, way_station_activation *list, way_err *e)
{
    array a[ARRAYS];
    way_pg_args args = {0};
    PGresult *r = NULL;
    bool failed = false;

    for (int i = 0; i < ARRAYS; i++)
        begin(&a[i]);
    for (way_station_activation *one = list; one; one = one->next) {
        add_i64(&a[IDS], one->id);
        add_text(&a[ACTORS], one->actor);
        add_text(&a[ADDRESSES], one->address);
        add_text(&a[OBJECTS], one->object);
        for (int32_t p = 0; p < one->n; p++) {
            add_i64(&a[P_IDS], one->id);
            add_i64(&a[P_NUMBERS], p + 1);
            add_text(&a[P_CREATED], one->streams_created[p]);
        }
    }
    for (int i = 0; i < ARRAYS; i++) {
        way_buf_char(&a[i].b, '}');
        failed |= a[i].b.failed;
        way_pg_arg_text(&args, a[i].b.data);
    }
    way_code rc = failed ? way_fail(e, WAY_E_FULL, "no memory for the partitions of a station")
                         : way_pg_exec(pg, WAY_PG_WRITE, activate_all, &args, &r, e);
    if (rc == WAY_OK)
        mark(r, list);
    PQclear(r);
    for (int i = 0; i < ARRAYS; i++)
        way_buf_fini(&a[i].b);
    return rc;
}
