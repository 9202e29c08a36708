#include "store_test.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/text.h"

static int64_t run(const char *url, const char *sql)
{
    PGconn *c = PQconnectdb(url);
    cr_assert_eq(PQstatus(c), CONNECTION_OK, "%s", PQerrorMessage(c));
    PQclear(PQexec(c, "SET client_min_messages = warning"));
    PGresult *r = PQexec(c, sql);
    ExecStatusType st = PQresultStatus(r);
    cr_assert(st == PGRES_TUPLES_OK || st == PGRES_COMMAND_OK, "%s: %s", sql, PQerrorMessage(c));
    int64_t v = PQntuples(r) > 0 ? strtoll(PQgetvalue(r, 0, 0), NULL, 10) : 0;
    PQclear(r);
    PQfinish(c);
    return v;
}

static const char *server(void)
{
    const char *url = getenv("DATABASE_URL");
    cr_assert_not_null(url, "set DATABASE_URL to a Postgres for tests");
    return url;
}

/* The server's URL with another database: every option as key=value. */
static void own_url(const char *db, char *out, size_t size)
{
    char *bad = NULL;
    size_t n = 0;
    PQconninfoOption *all = PQconninfoParse(server(), &bad);
    cr_assert_not_null(all, "DATABASE_URL: %s", bad);
    for (PQconninfoOption *o = all; o->keyword; o++)
        if (o->val && *o->val && strcmp(o->keyword, "dbname") != 0)
            n += (size_t)snprintf(out + n, size - n, "%s='%s' ", o->keyword, o->val);
    snprintf(out + n, size - n, "dbname='%s'", db);
    PQconninfoFree(all);
}

void store_open(store *s)
{
    char id[WAY_RANDOM_ID_MAX], sql[128];
    memset(s, 0, sizeof *s);
    way_log_set_level(WAY_LOG_ERROR);
    way_random_id(id);
    snprintf(s->name, sizeof s->name, "way_store_%s", id);
    snprintf(sql, sizeof sql, "CREATE DATABASE %s", s->name);
    run(server(), sql);
    own_url(s->name, s->url, sizeof s->url);
    s->pg = way_pg_new(s->url);
    cr_assert_eq(way_pg_migrate(s->pg, &s->e), WAY_OK, "%s", s->e.text);
}

void store_close(store *s)
{
    char sql[128];
    way_pg_free(s->pg);
    snprintf(sql, sizeof sql, "DROP DATABASE %s WITH (FORCE)", s->name);
    run(server(), sql);
}

int64_t store_sql(store *s, const char *sql)
{
    return run(s->url, sql);
}

void store_spec(way_station_spec *spec, const char *name, int32_t partitions)
{
    way_station_spec_init(spec);
    snprintf(spec->name, sizeof spec->name, "%s", name);
    way_name_internal(name, spec->internal);
    spec->partitions = partitions;
    spec->max_message_bytes = 1000000;
}

int64_t store_station(store *s, const char *name, int32_t partitions)
{
    way_station_spec spec;
    int64_t id = 0;
    const char **created = calloc((size_t)partitions, sizeof *created);
    store_spec(&spec, name, partitions);
    for (int32_t i = 0; i < partitions; i++)
        created[i] = "2026-01-01T00:00:00.000000001Z";
    cr_assert_eq(way_station_insert(s->pg, &spec, &id, &s->e), WAY_OK, "%s", s->e.text);
    cr_assert_eq(way_station_activate(s->pg, id, created, partitions, &s->e), WAY_OK, "%s", s->e.text);
    free(created);
    way_station_spec_fini(&spec);
    return id;
}

int64_t store_group(store *s, int64_t station, const char *name)
{
    way_group_spec g;
    int64_t id = 0;
    way_group_spec_init(&g);
    snprintf(g.name, sizeof g.name, "%s", name);
    way_name_internal(name, g.internal);
    cr_assert_eq(way_group_insert(s->pg, station, &g, &id, &s->e), WAY_OK, "%s", s->e.text);
    cr_assert_eq(way_group_move(s->pg, id, WAY_CREATING, WAY_ACTIVE, &s->e), WAY_OK, "%s", s->e.text);
    way_group_spec_fini(&g);
    return id;
}
