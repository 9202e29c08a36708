/* Statements: sent without blocking, awaited with a deadline.  A server that does not answer loses the connection
 * rather than the worker; PQcancel is not used, because it blocks on a server that is stopped. */
#include "core/store/pg_exec.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/store/pg_conn.h"

/* The server gives up before we do, so that its answer says what happened. */
#define STATEMENT_LIMIT_MS(pg) ((pg)->timeout_ms * 4 / 5)
#define LOCK_LIMIT_MS(pg) ((pg)->timeout_ms * 3 / 5)
#define IDLE_TX_LIMIT_MS 120000 /* a stopped process must not hold a name for ever */

void way_pg_arg_text(way_pg_args *a, const char *s)
{
    WAY_ASSERT(a->n < WAY_PG_ARGS_MAX);
    a->v[a->n++] = s;
}

void way_pg_arg_i64(way_pg_args *a, int64_t v)
{
    WAY_ASSERT(a->n < WAY_PG_ARGS_MAX);
    snprintf(a->number[a->n], sizeof a->number[a->n], "%lld", (long long)v);
    a->v[a->n] = a->number[a->n];
    a->n++;
}

void way_pg_arg_bool(way_pg_args *a, bool v)
{
    way_pg_arg_text(a, v ? "t" : "f");
}

int64_t way_pg_i64(const PGresult *r, int row, int col)
{
    return PQgetisnull(r, row, col) ? 0 : strtoll(PQgetvalue(r, row, col), NULL, 10);
}

const char *way_pg_text(const PGresult *r, int row, int col)
{
    return PQgetisnull(r, row, col) ? NULL : PQgetvalue(r, row, col);
}

/* A prefix of the SQLSTATE (two characters: the class) and what it means outside; the first match wins. */
static const struct {
    const char *state;
    way_code code;
    const char *text;
} states[] = {
    {"23505", WAY_E_EXISTS, "exists already"},
    {"40001", WAY_E_CONFLICT, "another change came first"},
    {"40P01", WAY_E_CONFLICT, "two changes waited for each other"},
    {"55P03", WAY_E_TIMEOUT, "another change holds a lock for too long"},
    {"57014", WAY_E_TIMEOUT, "Postgres did not finish in time"},
    {"25006", WAY_E_UNAVAILABLE, "Postgres is read-only"},
    {"25P03", WAY_E_UNAVAILABLE, "Postgres ended an idle transaction"},
    {"08", WAY_E_UNAVAILABLE, "the connection to Postgres broke"},
    {"53", WAY_E_UNAVAILABLE, "Postgres has too few resources (connections, memory or disk)"},
    {"57P", WAY_E_UNAVAILABLE, "Postgres is shutting down or starting"},
    {"42501", WAY_E_INTERNAL, "the database user lacks a right"},
};

way_code way_pg_code(const char *sqlstate)
{
    if (!sqlstate || !*sqlstate)
        return WAY_E_UNAVAILABLE;
    for (size_t i = 0; i < WAY_COUNT(states); i++)
        if (strncmp(sqlstate, states[i].state, strlen(states[i].state)) == 0)
            return states[i].code;
    return WAY_E_INTERNAL;
}

static way_code fail_by_state(const PGresult *r, way_err *e)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    way_code code = way_pg_code(state);
    if (!state || !*state)
        return way_fail(e, code, "the connection to Postgres broke");
    for (size_t i = 0; i < WAY_COUNT(states); i++)
        if (strncmp(state, states[i].state, strlen(states[i].state)) == 0)
            return way_fail(e, code, "%s (SQLSTATE %s)", states[i].text, state);
    return way_fail(e, code, "Postgres refused a statement (SQLSTATE %s)", state);
}

/* Closes what cannot be used any more and says why. */
static way_code broken(way_pg *pg, const char *why, way_err *e)
{
    char text[256];
    way_pg_first_line(why && *why ? why : "the connection broke", text, sizeof text);
    way_pg_lost(pg, text);
    return way_fail(e, WAY_E_UNAVAILABLE, "Postgres: %s", text);
}

static way_code late(way_pg *pg, way_err *e)
{
    char text[64];
    snprintf(text, sizeof text, "no answer within %lld ms", (long long)pg->timeout_ms);
    way_pg_saw_silence();
    return broken(pg, text, e);
}

/* Everything that was queued goes out and the next result is there. */
static way_code await(way_pg *pg, int64_t deadline_ms, way_err *e)
{
    short ready;
    int unsent;
    while ((unsent = PQflush(pg->conn)) != 0 || PQisBusy(pg->conn)) {
        if (unsent < 0)
            return broken(pg, PQerrorMessage(pg->conn), e);
        if (!way_pg_wait(pg->conn, (short)(POLLIN | (unsent > 0 ? POLLOUT : 0)), deadline_ms, &ready))
            return late(pg, e);
        if ((ready & ~POLLOUT) && !PQconsumeInput(pg->conn))
            return broken(pg, PQerrorMessage(pg->conn), e);
    }
    return WAY_OK;
}

/* The last result of what was sent; of a pipeline, up to its sync.  An error wins over everything after it. */
static way_code collect(way_pg *pg, bool pipeline, PGresult **out, way_err *e)
{
    int64_t deadline_ms = way_mono_ms() + pg->timeout_ms;
    PGresult *last = NULL;
    bool failed = false;
    way_code rc = WAY_OK;
    int empty = 0; /* a pipeline's statements are separated by NULL; two in a row mean that nothing more comes */

    for (;;) {
        rc = await(pg, deadline_ms, e);
        if (rc != WAY_OK)
            goto out;
        PGresult *r = PQgetResult(pg->conn);
        if (!r) {
            if (!pipeline)
                break;
            if (++empty > 1) {
                rc = broken(pg, PQerrorMessage(pg->conn), e);
                goto out;
            }
            continue;
        }
        empty = 0;
        ExecStatusType st = PQresultStatus(r);
        if (st == PGRES_PIPELINE_SYNC) {
            PQclear(r);
            break;
        }
        if (failed) {
            PQclear(r);
            continue;
        }
        PQclear(last);
        last = r;
        failed = st != PGRES_TUPLES_OK && st != PGRES_COMMAND_OK && st != PGRES_EMPTY_QUERY;
    }
    if (PQstatus(pg->conn) != CONNECTION_OK) {
        rc = failed ? fail_by_state(last, e) : WAY_E_UNAVAILABLE;
        way_pg_lost(pg, "the server closed the connection");
        if (!failed)
            rc = way_fail(e, rc, "Postgres closed the connection");
    } else if (pipeline && !PQexitPipelineMode(pg->conn)) {
        rc = broken(pg, "the connection is out of step", e);
    } else if (!last) {
        rc = broken(pg, "no result", e);
    } else if (failed) {
        rc = fail_by_state(last, e);
    }
out:
    if (rc == WAY_OK && out)
        *out = last;
    else
        PQclear(last);
    return rc;
}

static bool send_limited(way_pg *pg, const char *sql, const way_pg_args *a)
{
    way_pg_args limit = {0};
    way_pg_arg_i64(&limit, STATEMENT_LIMIT_MS(pg));
    way_pg_arg_i64(&limit, LOCK_LIMIT_MS(pg));
    return PQenterPipelineMode(pg->conn) &&
           PQsendQueryParams(pg->conn, "SELECT set_config('statement_timeout', $1, true),"
                                       " set_config('lock_timeout', $2, true)",
                             limit.n, NULL, limit.v, NULL, NULL, 0) &&
           PQsendQueryParams(pg->conn, sql, a->n, NULL, a->v, NULL, NULL, 0) && PQpipelineSync(pg->conn);
}

way_code way_pg_exec(way_pg *pg, way_pg_kind kind, const char *sql, const way_pg_args *args, PGresult **out,
                     way_err *e)
{
    static const way_pg_args none = {0};
    const way_pg_args *a = args ? args : &none;
    way_code rc = WAY_OK;

    for (int attempt = 0; attempt < 2; attempt++) {
        rc = way_pg_connect(pg, e);
        if (rc != WAY_OK)
            return rc;
        bool limited = kind == WAY_PG_WRITE && !pg->in_tx;
        bool sent = limited ? send_limited(pg, sql, a)
                            : PQsendQueryParams(pg->conn, sql, a->n, NULL, a->v, NULL, NULL, 0) == 1;
        rc = sent ? collect(pg, limited, out, e) : broken(pg, PQerrorMessage(pg->conn), e);
        /* repeated only after a connection that had worked broke under a query */
        if (rc != WAY_E_UNAVAILABLE || kind != WAY_PG_READ || pg->in_tx || pg->conn || pg->failures > 1)
            break;
        pg->retry_ms = 0;
    }
    return rc;
}

way_code way_pg_one(way_pg *pg, way_pg_kind kind, const char *sql, const way_pg_args *args, PGresult **out,
                    way_code none, const char *text, way_err *e)
{
    PGresult *r = NULL;
    way_code rc = way_pg_exec(pg, kind, sql, args, &r, e);
    if (rc == WAY_OK && PQntuples(r) == 0)
        rc = way_fail(e, none, "%s", text);
    if (rc == WAY_OK && out)
        *out = r;
    else
        PQclear(r);
    return rc;
}

way_code way_pg_script(way_pg *pg, const char *sql, way_err *e)
{
    way_code rc = way_pg_connect(pg, e);
    if (rc != WAY_OK)
        return rc;
    if (!PQsendQuery(pg->conn, sql))
        return broken(pg, PQerrorMessage(pg->conn), e);
    return collect(pg, false, NULL, e);
}

way_code way_pg_ping(way_pg *pg, way_err *e)
{
    return way_pg_exec(pg, WAY_PG_READ, "SELECT 1", NULL, NULL, e);
}

way_code way_pg_begin(way_pg *pg, way_err *e)
{
    char sql[256];
    WAY_ASSERT(!pg->in_tx);
    snprintf(sql, sizeof sql,
             "BEGIN; SET LOCAL statement_timeout = %lld; SET LOCAL lock_timeout = %lld;"
             " SET LOCAL idle_in_transaction_session_timeout = %d",
             (long long)STATEMENT_LIMIT_MS(pg), (long long)LOCK_LIMIT_MS(pg), IDLE_TX_LIMIT_MS);
    way_code rc = way_pg_script(pg, sql, e);
    if (rc == WAY_OK)
        pg->in_tx = true;
    return rc;
}

way_code way_pg_commit(way_pg *pg, way_err *e)
{
    PGresult *r = NULL;
    WAY_ASSERT(pg->in_tx);
    way_code rc = way_pg_exec(pg, WAY_PG_WRITE, "COMMIT", NULL, &r, e);
    pg->in_tx = false;
    pg->tx_lost = false;
    if (rc == WAY_OK && strcmp(PQcmdStatus(r), "COMMIT") != 0) /* a failed transaction answers ROLLBACK */
        rc = way_fail(e, WAY_E_CONFLICT, "nothing was changed: a statement of the transaction had failed");
    PQclear(r);
    return rc;
}

void way_pg_rollback(way_pg *pg)
{
    if (!pg->in_tx)
        return;
    if (pg->conn && !pg->tx_lost) {
        way_code rc = way_pg_exec(pg, WAY_PG_WRITE, "ROLLBACK", NULL, NULL, NULL);
        if (rc != WAY_OK && pg->conn)
            way_pg_lost(pg, "a rollback failed"); /* the server rolls back when the connection ends */
    }
    pg->in_tx = false;
    pg->tx_lost = false;
}

way_code way_pg_lock(way_pg *pg, const char *key, int64_t wait_ms, const char *what, way_err *e)
{
    int64_t deadline_ms = way_mono_ms() + wait_ms;
    long pause_ms = 5;
    way_pg_args a = {0};

    WAY_ASSERT(pg->in_tx);
    way_pg_arg_text(&a, key);
    for (;;) {
        PGresult *r = NULL;
        way_code rc = way_pg_exec(pg, WAY_PG_WRITE,
                                  "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 7281))", &a, &r, e);
        if (rc != WAY_OK)
            return rc;
        bool got = strcmp(PQgetvalue(r, 0, 0), "t") == 0;
        PQclear(r);
        if (got)
            return WAY_OK;
        if (way_mono_ms() >= deadline_ms)
            return way_fail(e, WAY_E_TIMEOUT, "%s", what);
        struct timespec t = {.tv_nsec = pause_ms * 1000000};
        nanosleep(&t, NULL);
        pause_ms = pause_ms < 40 ? pause_ms * 2 : 40;
    }
}
