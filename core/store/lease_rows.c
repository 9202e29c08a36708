/* Leases and locks: who may do what only one may do.  Time is the database's, so that daemons need not agree on it. */
#include <stdio.h>

#include "core/base/clock.h"
#include "core/store/rows_internal.h"

#define NAME_WAIT_MS 5000

way_code way_lease_take(way_pg *pg, const char *name, const char *holder, int64_t ttl_ms, bool *held, int64_t *epoch,
                        int64_t *left_ms, way_err *e)
{
    static const char sql[] =
        "INSERT INTO leases AS l (name, holder, epoch, until)"
        " VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 millisecond')"
        " ON CONFLICT (name) DO UPDATE SET holder = $2, epoch = l.epoch + CASE WHEN l.holder = $2 THEN 0 ELSE 1 END,"
        "  until = clock_timestamp() + $3 * interval '1 millisecond'"
        " WHERE l.holder = $2 OR l.until <= clock_timestamp() RETURNING epoch";
    PGresult *r = NULL;
    way_pg_args a = {0};
    int64_t before_ms = way_mono_ms(); /* ours ends before the database's does */

    way_pg_arg_text(&a, name);
    way_pg_arg_text(&a, holder);
    way_pg_arg_i64(&a, ttl_ms);
    way_code rc = way_pg_exec(pg, WAY_PG_WRITE, sql, &a, &r, e);
    if (rc != WAY_OK)
        return rc;
    *held = PQntuples(r) > 0;
    *epoch = *held ? way_pg_i64(r, 0, 0) : 0;
    int64_t left = before_ms + ttl_ms - way_mono_ms();
    *left_ms = *held && left > 0 ? left : 0;
    PQclear(r);
    return WAY_OK;
}

way_code way_lease_check(way_pg *pg, const char *name, const char *holder, int64_t epoch, way_err *e)
{
    way_pg_args a = {0};
    way_pg_arg_text(&a, name);
    way_pg_arg_text(&a, holder);
    way_pg_arg_i64(&a, epoch);
    return way_pg_one(pg, WAY_PG_WRITE,
                      "SELECT 1 FROM leases WHERE name = $1 AND holder = $2 AND epoch = $3"
                      " AND until > clock_timestamp() FOR SHARE",
                      &a, NULL, WAY_E_CONFLICT, "the lease is another's by now", e);
}

way_code way_lease_drop(way_pg *pg, const char *name, const char *holder, int64_t epoch, way_err *e)
{
    way_pg_args a = {0};
    way_pg_arg_text(&a, name);
    way_pg_arg_text(&a, holder);
    way_pg_arg_i64(&a, epoch);
    return way_pg_exec(pg, WAY_PG_WRITE,
                       "UPDATE leases SET holder = '', until = clock_timestamp()"
                       " WHERE name = $1 AND holder = $2 AND epoch = $3",
                       &a, NULL, e);
}

way_code way_lock_name(way_pg *pg, const char *internal, way_err *e)
{
    return way_lock_name_within(pg, internal, NAME_WAIT_MS, e);
}

way_code way_lock_name_within(way_pg *pg, const char *internal, int64_t wait_ms, way_err *e)
{
    char key[WAY_NAME_MAX + 32];
    snprintf(key, sizeof key, "waystation:station:%s", internal);
    return way_pg_lock(pg, key, wait_ms, "another change of this station is still under way", e);
}
