/* Rows of consumer groups. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/store/rows_internal.h"

#define GROUP_COLUMNS                                                                                        \
    "id, station_id, generation, state, spec_version, applied_version, " MS("state_at") ", seeking::text,"   \
    " previous_spec::text, name, internal, spec::text"

void way_group_row_init(way_group_row *r)
{
    memset(r, 0, sizeof *r);
    way_group_spec_init(&r->spec);
}

void way_group_row_fini(way_group_row *r)
{
    free(r->seeking);
    free(r->previous_spec);
    r->seeking = r->previous_spec = NULL;
    way_group_spec_fini(&r->spec);
}

way_code way_rows_group_json(const way_group_spec *g, way_buf *b, way_err *e)
{
    way_buf_init(b, 0);
    way_group_save(g, b);
    if (!b->failed)
        return WAY_OK;
    way_buf_fini(b);
    return way_fail(e, WAY_E_FULL, "no memory for the group's settings");
}

way_code way_rows_group_spec(const char *name, const char *internal, const char *json, way_group_spec *out,
                             way_err *e)
{
    way_code rc = way_group_load(json, out, e);
    if (rc != WAY_OK)
        return rc;
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->internal, sizeof out->internal, "%s", internal);
    return WAY_OK;
}

way_code way_group_insert(way_pg *pg, int64_t station_id, const way_group_spec *g, int64_t *id, way_err *e)
{
    way_buf json;
    way_pg_args a = {0};
    PGresult *r = NULL;

    way_code rc = way_rows_group_json(g, &json, e);
    if (rc != WAY_OK)
        return rc;
    way_pg_arg_i64(&a, station_id);
    way_pg_arg_text(&a, g->name);
    way_pg_arg_text(&a, g->internal);
    way_pg_arg_text(&a, json.data);
    /* the lock keeps a station from going to `deleting` between the look and the commit */
    rc = way_pg_one(pg, WAY_PG_WRITE,
                    "INSERT INTO groups (station_id, name, internal, spec)"
                    " SELECT id, $2, $3, $4::json FROM stations WHERE id = $1 AND state = 'active' FOR SHARE RETURNING id",
                    &a, &r, WAY_E_CONFLICT, "the station is being removed", e);
    way_buf_fini(&json);
    if (rc == WAY_E_EXISTS)
        return way_fail(e, rc, "group '%s' exists already", g->name);
    if (rc != WAY_OK)
        return rc;
    *id = way_pg_i64(r, 0, 0);
    PQclear(r);
    return WAY_OK;
}

static way_code read_row(const PGresult *r, int n, way_group_row *out, way_err *e)
{
    way_group_row row;
    way_group_row_init(&row);
    row.id = way_pg_i64(r, n, 0);
    row.station_id = way_pg_i64(r, n, 1);
    row.generation = way_pg_i64(r, n, 2);
    row.spec_version = way_pg_i64(r, n, 4);
    row.applied_version = way_pg_i64(r, n, 5);
    row.state_ms = way_pg_i64(r, n, 6);
    row.seeking = way_xstrdup(way_pg_text(r, n, 7));
    row.previous_spec = way_xstrdup(way_pg_text(r, n, 8));
    way_code rc = way_rows_state(way_pg_text(r, n, 3), &row.state, e);
    if (rc == WAY_OK)
        rc = way_rows_group_spec(way_pg_text(r, n, 9), way_pg_text(r, n, 10), way_pg_text(r, n, 11), &row.spec, e);
    if (rc != WAY_OK) {
        way_group_row_fini(&row);
        return rc;
    }
    way_group_row_fini(out);
    *out = row;
    return WAY_OK;
}

way_code way_group_get(way_pg *pg, int64_t station_id, const char *internal, way_group_row *out, way_err *e)
{
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_i64(&a, station_id);
    way_pg_arg_text(&a, internal);
    way_code rc = way_pg_exec(
        pg, WAY_PG_READ,
        "SELECT " GROUP_COLUMNS " FROM groups WHERE station_id = $1 AND internal = $2 AND state <> 'gone'", &a, &r, e);
    if (rc != WAY_OK)
        return rc;
    if (PQntuples(r) == 0) {
        char name[WAY_NAME_MAX + 1];
        way_name_external(internal, name);
        rc = way_fail(e, WAY_E_NOT_FOUND, "the station has no group '%s'", name);
    } else {
        rc = read_row(r, 0, out, e);
    }
    PQclear(r);
    return rc;
}

way_code way_group_list(way_pg *pg, int64_t station_id, way_group_row **out, size_t *n, way_err *e)
{
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_i64(&a, station_id);
    way_code rc = way_pg_exec(
        pg, WAY_PG_READ,
        "SELECT " GROUP_COLUMNS " FROM groups WHERE station_id = $1 AND state <> 'gone' ORDER BY internal", &a, &r, e);
    if (rc != WAY_OK)
        return rc;
    size_t count = (size_t)PQntuples(r);
    way_group_row *rows = way_xcalloc(count + 1, sizeof *rows);
    for (size_t i = 0; i < count; i++)
        way_group_row_init(&rows[i]);
    for (size_t i = 0; i < count && rc == WAY_OK; i++)
        rc = read_row(r, (int)i, &rows[i], e);
    PQclear(r);
    if (rc != WAY_OK) {
        for (size_t i = 0; i < count; i++)
            way_group_row_fini(&rows[i]);
        free(rows);
        return rc;
    }
    *out = rows;
    *n = count;
    return WAY_OK;
}

way_code way_group_move(way_pg *pg, int64_t id, way_state from, way_state to, way_err *e)
{
    static const char sql[] =
        "WITH " NEXT_CHANGE " UPDATE groups SET state = $3, state_at = now(), updated = now(), v = c.v,"
        "  applied_version = CASE WHEN $2 = 'creating' AND $3 = 'active' THEN spec_version ELSE applied_version END"
        " FROM c WHERE id = $1 AND state = $2 RETURNING id";
    way_pg_args a = {0};
    WAY_ASSERT(way_state_may_move(from, to));
    way_pg_arg_i64(&a, id);
    way_pg_arg_text(&a, way_state_name(from));
    way_pg_arg_text(&a, way_state_name(to));
    return way_pg_one(pg, WAY_PG_WRITE, sql, &a, NULL, WAY_E_CONFLICT,
                      "the group was changed by somebody else meanwhile", e);
}

way_code way_group_set_spec(way_pg *pg, int64_t id, int64_t from_version, const way_group_spec *g, way_err *e)
{
    way_buf json;
    way_pg_args a = {0};

    way_code rc = way_rows_group_json(g, &json, e);
    if (rc != WAY_OK)
        return rc;
    way_pg_arg_i64(&a, id);
    way_pg_arg_i64(&a, from_version);
    way_pg_arg_text(&a, json.data);
    rc = way_pg_one(pg, WAY_PG_WRITE,
                    "WITH " NEXT_CHANGE
                    " UPDATE groups SET previous_spec = spec, spec = $3, spec_version = spec_version + 1,"
                    "  updated = now(), v = c.v FROM c"
                    " WHERE id = $1 AND state = 'active' AND seeking IS NULL AND spec_version = $2"
                    "  AND applied_version = $2 RETURNING id",
                    &a, NULL, WAY_E_CONFLICT, "the group is being changed by somebody else", e);
    way_buf_fini(&json);
    return rc;
}

way_code way_group_applied(way_pg *pg, int64_t id, int64_t spec_version, way_err *e)
{
    way_pg_args a = {0};
    way_pg_arg_i64(&a, id);
    way_pg_arg_i64(&a, spec_version);
    return way_pg_one(pg, WAY_PG_WRITE,
                      "UPDATE groups SET applied_version = spec_version, previous_spec = NULL"
                      " WHERE id = $1 AND spec_version = $2 RETURNING id",
                      &a, NULL, WAY_E_CONFLICT, "the group was changed by somebody else meanwhile", e);
}

way_code way_group_restore(way_pg *pg, int64_t id, int64_t spec_version, way_err *e)
{
    way_pg_args a = {0};
    way_pg_arg_i64(&a, id);
    way_pg_arg_i64(&a, spec_version);
    return way_pg_one(pg, WAY_PG_WRITE,
                      "WITH " NEXT_CHANGE
                      " UPDATE groups SET spec = previous_spec, previous_spec = NULL, spec_version = spec_version + 1,"
                      "  applied_version = spec_version + 1, updated = now(), v = c.v FROM c"
                      " WHERE id = $1 AND spec_version = $2 AND previous_spec IS NOT NULL RETURNING id",
                      &a, NULL, WAY_E_CONFLICT, "there is no earlier setting to go back to", e);
}

way_code way_group_seek_begin(way_pg *pg, int64_t id, const char *seeking_json, int64_t *generation, way_err *e)
{
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_i64(&a, id);
    way_pg_arg_text(&a, seeking_json);
    way_code rc = way_pg_one(pg, WAY_PG_WRITE,
                             "WITH " NEXT_CHANGE
                             " UPDATE groups SET generation = generation + 1, seeking = $2, updated = now(), v = c.v"
                             " FROM c WHERE id = $1 AND state = 'active' AND seeking IS NULL"
                             "  AND applied_version = spec_version RETURNING generation",
                             &a, &r, WAY_E_CONFLICT, "another seek or change of this group is under way", e);
    if (rc != WAY_OK)
        return rc;
    *generation = way_pg_i64(r, 0, 0);
    PQclear(r);
    return WAY_OK;
}

way_code way_group_seek_end(way_pg *pg, int64_t id, const way_group_spec *g, way_err *e)
{
    /* the start is part of the spec: an edit that was read before must not bring the old one back */
    way_buf json;
    way_pg_args a = {0};

    way_code rc = way_rows_group_json(g, &json, e);
    if (rc != WAY_OK)
        return rc;
    way_pg_arg_i64(&a, id);
    way_pg_arg_text(&a, json.data);
    rc = way_pg_one(pg, WAY_PG_WRITE,
                    "WITH " NEXT_CHANGE
                    " UPDATE groups SET seeking = NULL, spec = $2, spec_version = spec_version + 1,"
                    "  applied_version = spec_version + 1, updated = now(), v = c.v"
                    " FROM c WHERE id = $1 AND seeking IS NOT NULL RETURNING id",
                    &a, NULL, WAY_E_CONFLICT, "no seek of this group is under way", e);
    way_buf_fini(&json);
    return rc;
}
