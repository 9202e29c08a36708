/* Rows of stations and of their partitions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/store/rows_internal.h"

#define STATION_COLUMNS                                                                                      \
    "id, state, spec_version, applied_version, " MS("created") ", " MS("updated") ", " MS("state_at") ","    \
    " problems::text, previous_spec::text, name, internal, spec::text"

void way_station_row_init(way_station_row *r)
{
    memset(r, 0, sizeof *r);
    way_station_spec_init(&r->spec);
}

void way_station_row_fini(way_station_row *r)
{
    free(r->problems);
    free(r->previous_spec);
    r->problems = r->previous_spec = NULL;
    way_station_spec_fini(&r->spec);
}

way_code way_rows_state(const char *text, way_state *out, way_err *e)
{
    if (!text || !way_state_parse(text, out))
        return way_fail(e, WAY_E_INTERNAL, "a row has a state that this version does not know");
    return WAY_OK;
}

way_code way_rows_station_json(const way_station_spec *s, way_buf *b, way_err *e)
{
    way_buf_init(b, 0);
    way_station_save(s, b);
    if (!b->failed)
        return WAY_OK;
    way_buf_fini(b);
    return way_fail(e, WAY_E_FULL, "no memory for the station's settings");
}

way_code way_rows_station_spec(const char *name, const char *internal, const char *json, way_station_spec *out,
                               way_err *e)
{
    way_code rc = way_station_load(json, out, e);
    if (rc != WAY_OK)
        return rc;
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->internal, sizeof out->internal, "%s", internal);
    return WAY_OK;
}

way_code way_station_insert(way_pg *pg, const way_station_spec *s, int64_t *id, way_err *e)
{
    way_buf json;
    way_pg_args a = {0};
    PGresult *r = NULL;

    way_code rc = way_rows_station_json(s, &json, e);
    if (rc != WAY_OK)
        return rc;
    way_pg_arg_text(&a, s->name);
    way_pg_arg_text(&a, s->internal);
    way_pg_arg_text(&a, json.data);
    rc = way_pg_exec(pg, WAY_PG_WRITE,
                     "INSERT INTO stations (name, internal, spec) VALUES ($1, $2, $3) RETURNING id", &a, &r, e);
    way_buf_fini(&json);
    if (rc == WAY_E_EXISTS)
        return way_fail(e, rc, "station '%s' exists already", s->name);
    if (rc != WAY_OK)
        return rc;
    *id = way_pg_i64(r, 0, 0);
    PQclear(r);
    return WAY_OK;
}

static way_code read_row(const PGresult *r, way_station_row *out, way_err *e)
{
    way_station_row row;
    way_station_row_init(&row);
    row.id = way_pg_i64(r, 0, 0);
    row.spec_version = way_pg_i64(r, 0, 2);
    row.applied_version = way_pg_i64(r, 0, 3);
    row.created_ms = way_pg_i64(r, 0, 4);
    row.updated_ms = way_pg_i64(r, 0, 5);
    row.state_ms = way_pg_i64(r, 0, 6);
    row.problems = way_xstrdup(way_pg_text(r, 0, 7));
    row.previous_spec = way_xstrdup(way_pg_text(r, 0, 8));
    way_code rc = way_rows_state(way_pg_text(r, 0, 1), &row.state, e);
    if (rc == WAY_OK)
        rc = way_rows_station_spec(way_pg_text(r, 0, 9), way_pg_text(r, 0, 10), way_pg_text(r, 0, 11), &row.spec, e);
    if (rc != WAY_OK) {
        way_station_row_fini(&row);
        return rc;
    }
    way_station_row_fini(out);
    *out = row;
    return WAY_OK;
}

way_code way_station_get(way_pg *pg, int64_t id, way_station_row *out, way_err *e)
{
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_i64(&a, id);
    way_code rc = way_pg_one(pg, WAY_PG_READ, "SELECT " STATION_COLUMNS " FROM stations WHERE id = $1", &a, &r,
                             WAY_E_NOT_FOUND, "there is no such station any more", e);
    if (rc != WAY_OK)
        return rc;
    rc = read_row(r, out, e);
    PQclear(r);
    return rc;
}

way_code way_station_get_by_name(way_pg *pg, const char *internal, way_station_row *out, way_err *e)
{
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_text(&a, internal);
    way_code rc = way_pg_exec(pg, WAY_PG_READ,
                              "SELECT " STATION_COLUMNS " FROM stations WHERE internal = $1 AND state <> 'gone'",
                              &a, &r, e);
    if (rc != WAY_OK)
        return rc;
    if (PQntuples(r) == 0) {
        char name[WAY_NAME_MAX + 1];
        way_name_external(internal, name);
        rc = way_fail(e, WAY_E_NOT_FOUND, "there is no station '%s'", name);
    } else {
        rc = read_row(r, out, e);
    }
    PQclear(r);
    return rc;
}

way_code way_station_move(way_pg *pg, int64_t id, way_state from, way_state to, way_err *e)
{
    /* a station that is gone takes its groups along */
    static const char sql[] =
        "WITH " NEXT_CHANGE ", s AS (UPDATE stations SET state = $3, state_at = now(), updated = now(), v = c.v,"
        "  applied_version = CASE WHEN $2 = 'creating' AND $3 = 'active' THEN spec_version ELSE applied_version END"
        "  FROM c WHERE id = $1 AND state = $2 RETURNING id, c.v),"
        " g AS (UPDATE groups SET state = 'gone', state_at = now(), v = s.v FROM s"
        "  WHERE station_id = s.id AND $3 = 'gone' AND state <> 'gone')"
        " SELECT id FROM s";
    way_pg_args a = {0};
    WAY_ASSERT(way_state_may_move(from, to));
    way_pg_arg_i64(&a, id);
    way_pg_arg_text(&a, way_state_name(from));
    way_pg_arg_text(&a, way_state_name(to));
    return way_pg_one(pg, WAY_PG_WRITE, sql, &a, NULL, WAY_E_CONFLICT,
                      "the station was changed by somebody else meanwhile", e);
}

/* A Postgres array of texts: every element quoted. */
static void array_of_texts(const char *const *texts, int32_t n, way_buf *b)
{
    way_buf_char(b, '{');
    for (int32_t i = 0; i < n; i++) {
        way_buf_str(b, i ? ",\"" : "\"");
        for (const char *p = texts[i] ? texts[i] : ""; *p; p++) {
            if (*p == '"' || *p == '\\')
                way_buf_char(b, '\\');
            way_buf_char(b, *p);
        }
        way_buf_char(b, '"');
    }
    way_buf_char(b, '}');
}

way_code way_station_activate(way_pg *pg, int64_t id, const char *const *streams_created, int32_t n, way_err *e)
{
    /* the partitions come first: the change number, which everybody waits for, is taken last */
    static const char sql[] =
        "WITH p AS (INSERT INTO partitions (station_id, partition, stream_created)"
        "  SELECT s.id, t.p, t.created FROM stations s, unnest($2::text[]) WITH ORDINALITY AS t (created, p)"
        "  WHERE s.id = $1 AND s.state = 'creating'"
        "  ON CONFLICT (station_id, partition) DO UPDATE SET stream_created = EXCLUDED.stream_created RETURNING 1),"
        " n AS (SELECT count(*) AS n FROM p),"
        " c AS (UPDATE changes SET v = v + 1 FROM n WHERE n.n >= 0 RETURNING v)"
        " UPDATE stations SET state = 'active', state_at = now(), updated = now(), applied_version = spec_version, v = c.v"
        "  FROM c WHERE id = $1 AND state = 'creating' RETURNING id";
    way_buf array;
    way_pg_args a = {0};

    way_buf_init(&array, 0);
    array_of_texts(streams_created, n, &array);
    if (array.failed) {
        way_buf_fini(&array);
        return way_fail(e, WAY_E_FULL, "no memory for %d partitions", (int)n);
    }
    way_pg_arg_i64(&a, id);
    way_pg_arg_text(&a, array.data);
    way_code rc = way_pg_one(pg, WAY_PG_WRITE, sql, &a, NULL, WAY_E_CONFLICT,
                             "the station is not being created any more", e);
    way_buf_fini(&array);
    return rc;
}

way_code way_station_set_spec(way_pg *pg, int64_t id, int64_t from_version, const way_station_spec *s, way_err *e)
{
    way_buf json;
    way_pg_args a = {0};

    way_code rc = way_rows_station_json(s, &json, e);
    if (rc != WAY_OK)
        return rc;
    way_pg_arg_i64(&a, id);
    way_pg_arg_i64(&a, from_version);
    way_pg_arg_text(&a, json.data);
    rc = way_pg_one(pg, WAY_PG_WRITE,
                    "WITH " NEXT_CHANGE
                    " UPDATE stations SET previous_spec = spec, spec = $3, spec_version = spec_version + 1,"
                    "  updated = now(), v = c.v FROM c"
                    " WHERE id = $1 AND state = 'active' AND spec_version = $2 AND applied_version = $2 RETURNING id",
                    &a, NULL, WAY_E_CONFLICT, "the station is being changed by somebody else", e);
    way_buf_fini(&json);
    return rc;
}

way_code way_station_applied(way_pg *pg, int64_t id, int64_t spec_version, way_err *e)
{
    way_pg_args a = {0};
    way_pg_arg_i64(&a, id);
    way_pg_arg_i64(&a, spec_version);
    return way_pg_one(pg, WAY_PG_WRITE,
                      "UPDATE stations SET applied_version = spec_version, previous_spec = NULL"
                      " WHERE id = $1 AND spec_version = $2 RETURNING id",
                      &a, NULL, WAY_E_CONFLICT, "the station was changed by somebody else meanwhile", e);
}

way_code way_station_restore(way_pg *pg, int64_t id, int64_t spec_version, way_err *e)
{
    /* the version goes up, not back: a version never means two specs */
    way_pg_args a = {0};
    way_pg_arg_i64(&a, id);
    way_pg_arg_i64(&a, spec_version);
    return way_pg_one(pg, WAY_PG_WRITE,
                      "WITH " NEXT_CHANGE
                      " UPDATE stations SET spec = previous_spec, previous_spec = NULL, spec_version = spec_version + 1,"
                      "  applied_version = spec_version + 1, updated = now(), v = c.v FROM c"
                      " WHERE id = $1 AND spec_version = $2 AND previous_spec IS NOT NULL RETURNING id",
                      &a, NULL, WAY_E_CONFLICT, "there is no earlier setting to go back to", e);
}

way_code way_station_set_problems(way_pg *pg, int64_t id, const char *problems_json, way_err *e)
{
    way_pg_args a = {0};
    way_pg_arg_i64(&a, id);
    way_pg_arg_text(&a, problems_json);
    return way_pg_exec(pg, WAY_PG_WRITE,
                       "WITH s AS (SELECT id FROM stations WHERE id = $1 AND problems::text IS DISTINCT FROM $2::text),"
                       " c AS (UPDATE changes SET v = v + 1 FROM s RETURNING v)"
                       " UPDATE stations SET problems = $2::json, v = c.v FROM c WHERE id = $1",
                       &a, NULL, e);
}

way_code way_station_streams_created(way_pg *pg, int64_t id, int32_t n, char ***out, way_err *e)
{
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_i64(&a, id);
    way_code rc = way_pg_exec(pg, WAY_PG_READ,
                              "SELECT partition, stream_created FROM partitions WHERE station_id = $1", &a, &r, e);
    if (rc != WAY_OK)
        return rc;
    char **created = way_xcalloc((size_t)n + 1, sizeof *created);
    for (int row = 0; row < PQntuples(r); row++) {
        int64_t p = way_pg_i64(r, row, 0);
        if (p >= 1 && p <= n)
            created[p - 1] = way_xstrdup(way_pg_text(r, row, 1));
    }
    for (int32_t p = 0; p < n; p++)
        if (!created[p])
            created[p] = way_xstrdup("");
    PQclear(r);
    *out = created;
    return WAY_OK;
}

static way_code read_ids(way_pg *pg, const char *query, int64_t after_id, int limit, int64_t *ids, int *n, way_err *e)
{
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_i64(&a, after_id);
    way_pg_arg_i64(&a, limit);
    way_code rc = way_pg_exec(pg, WAY_PG_READ, query, &a, &r, e);
    if (rc != WAY_OK)
        return rc;
    *n = PQntuples(r);
    for (int row = 0; row < *n; row++)
        ids[row] = way_pg_i64(r, row, 0);
    PQclear(r);
    return WAY_OK;
}

way_code way_station_ids(way_pg *pg, int64_t after_id, int limit, int64_t *ids, int *n, way_err *e)
{
    return read_ids(pg, "SELECT id FROM stations WHERE id > $1 AND state <> 'gone' ORDER BY id LIMIT $2", after_id,
                    limit, ids, n, e);
}

way_code way_station_unsettled_ids(way_pg *pg, int64_t after_id, int limit, int64_t *ids, int *n, way_err *e)
{
    return read_ids(pg,
                    "SELECT id FROM stations s WHERE id > $1 AND state <> 'gone' AND (state <> 'active'"
                    " OR spec_version <> applied_version OR EXISTS (SELECT 1 FROM groups g WHERE g.station_id = s.id"
                    "  AND (g.state IN ('creating', 'deleting') OR (g.state = 'active'"
                    "   AND (g.seeking IS NOT NULL OR g.spec_version <> g.applied_version)))))"
                    " ORDER BY id LIMIT $2",
                    after_id, limit, ids, n, e);
}
