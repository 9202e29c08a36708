/* Change numbers and what is newer than one: how every daemon learns of every change. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/store/rows_internal.h"

way_code way_change_next(way_pg *pg, int64_t *v, way_err *e)
{
    PGresult *r = NULL;
    way_code rc = way_pg_one(pg, WAY_PG_WRITE, "UPDATE changes SET v = v + 1 RETURNING v", NULL, &r,
                             WAY_E_INTERNAL, "the row of change numbers is missing", e);
    if (rc != WAY_OK)
        return rc;
    *v = way_pg_i64(r, 0, 0);
    PQclear(r);
    return WAY_OK;
}

way_code way_change_read(way_pg *pg, int64_t *v, int64_t *purged_v, way_err *e)
{
    PGresult *r = NULL;
    way_code rc = way_pg_one(pg, WAY_PG_READ, "SELECT v, purged_v FROM changes", NULL, &r, WAY_E_INTERNAL,
                             "the row of change numbers is missing", e);
    if (rc != WAY_OK)
        return rc;
    *v = way_pg_i64(r, 0, 0);
    *purged_v = way_pg_i64(r, 0, 1);
    PQclear(r);
    return WAY_OK;
}

/* One statement, so one snapshot: the number and every row up to it.  Kinds sort as they are needed: the number,
 * stations, then groups by station, users. */
static const char load_all[] =
    "WITH st AS (SELECT * FROM stations s WHERE s.state <> 'gone')"
    " SELECT 0 AS kind, 0::bigint AS parent, 0::bigint AS id, v, NULL AS state, purged_v AS n1, 0::bigint AS n2,"
    "  NULL AS name, NULL AS internal, NULL AS doc, NULL AS doc2 FROM changes"
    " UNION ALL SELECT 1, id, id, v, state, " MS("created") ", " MS("updated") ", name, internal, spec::text,"
    "  problems::text FROM st"
    " UNION ALL SELECT 2, g.station_id, g.id, g.v, g.state, g.generation, 0, g.name, g.internal, g.spec::text, NULL"
    "  FROM groups g JOIN st ON st.id = g.station_id WHERE g.state <> 'gone' AND st.state <> 'gone'"
    " UNION ALL SELECT 3, 0, id, v, state, epoch, 0, name, role, hash, rules::text FROM users WHERE state <> 'gone'"
    " ORDER BY kind, parent, id";
/* the same rows in the same order; a function of the schema, which keeps its plans */
static const char load_newer[] = "SELECT * FROM catalog_newer($1)";

enum { KIND, PARENT, ID, V, STATE, N1, N2, NAME, INTERNAL, DOC, DOC2 };
enum { KIND_CHANGE, KIND_STATION, KIND_GROUP, KIND_USER };

static way_code read_station(const PGresult *r, int row, way_station **out, way_err *e)
{
    way_station *s = way_station_new();
    s->id = way_pg_i64(r, row, ID);
    s->version = way_pg_i64(r, row, V);
    s->created_ms = way_pg_i64(r, row, N1);
    s->updated_ms = way_pg_i64(r, row, N2);
    s->problems = way_xstrdup(way_pg_text(r, row, DOC2));
    way_code rc = way_rows_state(way_pg_text(r, row, STATE), &s->state, e);
    if (rc == WAY_OK)
        rc = way_rows_station_spec(way_pg_text(r, row, NAME), way_pg_text(r, row, INTERNAL),
                                   way_pg_text(r, row, DOC), &s->spec, e);
    if (rc != WAY_OK) {
        way_station_unref(s);
        return rc;
    }
    *out = s;
    return WAY_OK;
}

static way_code read_group(const PGresult *r, int row, way_group **out, way_err *e)
{
    way_group *g = way_group_new();
    g->id = way_pg_i64(r, row, ID);
    g->version = way_pg_i64(r, row, V);
    g->generation = way_pg_i64(r, row, N1);
    way_code rc = way_rows_state(way_pg_text(r, row, STATE), &g->state, e);
    if (rc == WAY_OK)
        rc = way_rows_group_spec(way_pg_text(r, row, NAME), way_pg_text(r, row, INTERNAL),
                                 way_pg_text(r, row, DOC), &g->spec, e);
    if (rc != WAY_OK) {
        way_group_unref(g);
        return rc;
    }
    *out = g;
    return WAY_OK;
}

static void read_user(const PGresult *r, int row, way_user **out)
{
    way_user *u = way_user_new();
    u->id = way_pg_i64(r, row, ID);
    u->version = way_pg_i64(r, row, V);
    u->epoch = way_pg_i64(r, row, N1);
    snprintf(u->name, sizeof u->name, "%s", way_pg_text(r, row, NAME));
    snprintf(u->role, sizeof u->role, "%s", way_pg_text(r, row, INTERNAL));
    u->password_hash = way_xstrdup(way_pg_text(r, row, DOC));
    u->rules = way_xstrdup(way_pg_text(r, row, DOC2));
    *out = u;
}

static int by_internal(const void *a, const void *b)
{
    return strcmp((*(way_group *const *)a)->spec.internal, (*(way_group *const *)b)->spec.internal);
}

/* Rows first..end-1 are the groups of s. */
static way_code add_groups(const PGresult *r, int first, int end, way_station *s, way_err *e)
{
    if (end == first)
        return WAY_OK;
    s->groups = way_xcalloc((size_t)(end - first), sizeof *s->groups);
    for (int row = first; row < end; row++) {
        way_code rc = read_group(r, row, &s->groups[s->group_count], e);
        if (rc != WAY_OK)
            return rc; /* the groups read so far go with the station */
        s->group_count++;
    }
    qsort(s->groups, s->group_count, sizeof *s->groups, by_internal);
    return WAY_OK;
}

static bool is_kind(const PGresult *r, int row, int kind)
{
    return row < PQntuples(r) && way_pg_i64(r, row, KIND) == kind;
}

static way_code read_all(const PGresult *r, way_delta *out, way_err *e)
{
    int n = PQntuples(r), row = 1, users = n;
    size_t room = (size_t)n;
    way_catalog_delta *d = &out->d;
    way_code rc = WAY_OK;

    d->stations = way_xcalloc(room, sizeof *d->stations);
    d->users = way_xcalloc(room, sizeof *d->users);
    int64_t *gone = way_xcalloc(room, sizeof *gone);
    d->gone_user_ids = gone;
    for (; is_kind(r, row, KIND_STATION); row++) {
        rc = read_station(r, row, &d->stations[d->station_count], e);
        if (rc != WAY_OK)
            return rc;
        d->station_count++;
    }
    size_t at = 0; /* both are sorted by station */
    while (is_kind(r, row, KIND_GROUP)) {
        int64_t parent = way_pg_i64(r, row, PARENT);
        int first = row;
        while (is_kind(r, row, KIND_GROUP) && way_pg_i64(r, row, PARENT) == parent)
            row++;
        while (at < d->station_count && d->stations[at]->id < parent)
            at++;
        WAY_ASSERT(at < d->station_count && d->stations[at]->id == parent);
        rc = add_groups(r, first, row, d->stations[at], e);
        if (rc != WAY_OK)
            return rc;
    }
    for (; row < users; row++) {
        if (strcmp(way_pg_text(r, row, STATE), "gone") == 0)
            gone[d->gone_user_count++] = way_pg_i64(r, row, ID);
        else
            read_user(r, row, &d->users[d->user_count++]);
    }
    return WAY_OK;
}

way_code way_delta_load(way_pg *pg, int64_t since, way_delta *out, way_err *e)
{
    PGresult *r = NULL;
    way_delta d = {0};
    way_pg_args a = {0};
    way_code rc = WAY_OK;

    way_pg_arg_i64(&a, since);
    d.full = since <= 0;
    if (!d.full) {
        rc = way_pg_one(pg, WAY_PG_READ, load_newer, &a, &r, WAY_E_INTERNAL,
                        "the row of change numbers is missing", e);
        if (rc != WAY_OK)
            return rc;
        if (since < way_pg_i64(r, 0, N1) || since > way_pg_i64(r, 0, V)) {
            d.full = true; /* away too long, or another database than before */
            PQclear(r);
        }
    }
    if (d.full) {
        rc = way_pg_one(pg, WAY_PG_READ, load_all, NULL, &r, WAY_E_INTERNAL,
                        "the row of change numbers is missing", e);
        if (rc != WAY_OK)
            return rc;
    }
    d.d.version = way_pg_i64(r, 0, V);
    rc = read_all(r, &d, e);
    PQclear(r);
    if (rc != WAY_OK) {
        way_delta_fini(&d);
        return rc;
    }
    *out = d;
    return WAY_OK;
}

void way_delta_fini(way_delta *d)
{
    for (size_t i = 0; i < d->d.station_count; i++)
        way_station_unref(d->d.stations[i]);
    for (size_t i = 0; i < d->d.user_count; i++)
        way_user_unref(d->d.users[i]);
    free(d->d.stations);
    free(d->d.users);
    free((void *)(uintptr_t)d->d.gone_user_ids);
    memset(d, 0, sizeof *d);
}

way_code way_rows_purge_gone(way_pg *pg, int64_t keep_ms, int64_t *removed, way_err *e)
{
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_pg_arg_i64(&a, keep_ms);
#define OLD "state = 'gone' AND state_at < now() - $1 * interval '1 millisecond' RETURNING v"
    way_code rc = way_pg_exec(pg, WAY_PG_WRITE,
                              "WITH s AS (DELETE FROM stations WHERE " OLD "), g AS (DELETE FROM groups WHERE " OLD "),"
                              " u AS (DELETE FROM users WHERE " OLD "), t AS (DELETE FROM tokens WHERE " OLD "),"
                              " m AS (SELECT count(*) AS n, max(v) AS v FROM (SELECT v FROM s UNION ALL SELECT v FROM g"
                              "  UNION ALL SELECT v FROM u UNION ALL SELECT v FROM t) AS x)"
                              " UPDATE changes SET purged_v = greatest(purged_v, m.v) FROM m WHERE m.n > 0"
                              " RETURNING m.n",
                              &a, &r, e);
#undef OLD
    if (rc != WAY_OK)
        return rc;
    *removed = PQntuples(r) ? way_pg_i64(r, 0, 0) : 0;
    PQclear(r);
    return WAY_OK;
}
