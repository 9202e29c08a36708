/* Migrations: the embedded files in order, each with its row in one transaction.  Several daemons may start at once:
 * each transaction takes the lock and looks again how far the schema is. */
#include <stdio.h>

#include "core/base/log.h"
#include "core/store/migrations.h"
#include "core/store/pg_conn.h"
#include "core/store/pg_exec.h"

#define MIGRATION_TIMEOUT_MS 60000

/* One transaction: *done when nothing was left to do. */
static way_code one_step(way_pg *pg, bool *done, way_err *e)
{
    PGresult *r = NULL;
    const way_migration *next = NULL;
    int newest = 0;

    way_code rc = way_pg_begin(pg, e);
    if (rc != WAY_OK)
        return rc;
    rc = way_pg_lock(pg, "waystation:migrations", MIGRATION_TIMEOUT_MS,
                     "another daemon is still upgrading the schema", e);
    if (rc != WAY_OK)
        goto out;
    rc = way_pg_script(pg,
                       "CREATE TABLE IF NOT EXISTS schema_migrations ("
                       " number integer PRIMARY KEY, name text NOT NULL, at timestamptz NOT NULL DEFAULT now())",
                       e);
    if (rc != WAY_OK)
        goto out;
    rc = way_pg_exec(pg, WAY_PG_READ, "SELECT coalesce(max(number), 0) FROM schema_migrations", NULL, &r, e);
    if (rc != WAY_OK)
        goto out;
    int64_t have = way_pg_i64(r, 0, 0);
    PQclear(r);

    for (size_t i = 0; i < way_migration_count; i++) {
        const way_migration *m = &way_migrations[i];
        newest = m->number > newest ? m->number : newest;
        if (m->number > have && (!next || m->number < next->number))
            next = m;
    }
    if (have > newest) {
        rc = way_fail(e, WAY_E_CONFLICT,
                      "the database has schema %lld, this binary knows up to %d: start a newer waystation",
                      (long long)have, newest);
        goto out;
    }
    *done = next == NULL;
    if (next) {
        way_pg_args a = {0};
        rc = way_pg_script(pg, next->sql, e);
        if (rc != WAY_OK)
            goto out;
        way_pg_arg_i64(&a, next->number);
        way_pg_arg_text(&a, next->name);
        rc = way_pg_exec(pg, WAY_PG_WRITE, "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)", &a,
                         NULL, e);
        if (rc != WAY_OK)
            goto out;
    }
    rc = way_pg_commit(pg, e);
    if (rc == WAY_OK && next)
        way_info("store", "migrated", "number=%d name=%s", next->number, next->name);
    return rc;

out:
    way_pg_rollback(pg);
    return rc;
}

way_code way_pg_migrate(way_pg *pg, way_err *e)
{
    way_code rc = WAY_OK;
    int64_t timeout_ms = pg->timeout_ms;
    way_pg_set_timeout(pg, MIGRATION_TIMEOUT_MS);
    for (bool done = false; rc == WAY_OK && !done;)
        rc = one_step(pg, &done, e);
    way_pg_set_timeout(pg, timeout_ms);
    return rc;
}
