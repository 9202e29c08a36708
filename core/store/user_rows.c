/* Rows of users, and the audit of what they change. */
#include "core/base/mem.h"
#include "core/store/rows_internal.h"

way_code way_user_put_root(way_pg *pg, const char *password_hash, bool force, bool *changed, way_err *e)
{
    static const char sql[] =
        "WITH c AS (UPDATE changes SET v = v + 1 WHERE $2::boolean OR NOT EXISTS"
        "  (SELECT 1 FROM users WHERE name = 'root' AND state <> 'gone') RETURNING v)"
        " INSERT INTO users (name, role, hash, v) SELECT 'root', 'root', $1, v FROM c"
        " ON CONFLICT (name) WHERE state <> 'gone' DO UPDATE"
        "  SET hash = EXCLUDED.hash, epoch = users.epoch + 1, updated = now(), v = EXCLUDED.v WHERE $2::boolean"
        " RETURNING id";
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_text(&a, password_hash);
    way_pg_arg_bool(&a, force);
    way_code rc = way_pg_exec(pg, WAY_PG_WRITE, sql, &a, &r, e);
    if (rc != WAY_OK)
        return rc;
    *changed = PQntuples(r) > 0;
    PQclear(r);
    return WAY_OK;
}

way_code way_user_hash(way_pg *pg, const char *name, char **hash, int64_t *epoch, way_err *e)
{
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_text(&a, name);
    way_code rc = way_pg_one(pg, WAY_PG_READ,
                             "SELECT coalesce(hash, ''), epoch FROM users WHERE name = $1 AND state <> 'gone'", &a, &r,
                             WAY_E_NOT_FOUND, "there is no such user", e);
    if (rc != WAY_OK)
        return rc;
    *hash = way_xstrdup(way_pg_text(r, 0, 0));
    *epoch = way_pg_i64(r, 0, 1);
    PQclear(r);
    return WAY_OK;
}

way_code way_audit_add(way_pg *pg, const way_audit_row *row, way_err *e)
{
    way_pg_args a = {0};
    way_pg_arg_text(&a, row->actor);
    way_pg_arg_text(&a, row->address);
    way_pg_arg_text(&a, row->action);
    way_pg_arg_text(&a, row->object);
    way_pg_arg_text(&a, row->before);
    way_pg_arg_text(&a, row->after);
    return way_pg_exec(pg, WAY_PG_WRITE,
                       "INSERT INTO audit (actor, address, action, object, before, after)"
                       " VALUES ($1, $2, $3, $4, $5, $6)",
                       &a, NULL, e);
}
