/* The connection: made asynchronously, so that a server that is stopped or behind a dead link costs the
 * first caller two seconds and the ones after it next to nothing.  An attempt that is not through when its caller has
 * waited long enough stays under way; the next call carries it on. */
#include "core/store/pg_conn.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"

enum {
    FIRST_WAIT_MS = 2000,  /* how long a call waits for a connection that was never in doubt */
    LATER_WAIT_MS = 80,    /* and while the server is known to be away */
    ATTEMPT_MS = 5000,     /* then an attempt is given up and a new one begins */
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 2000,
    STATEMENT_MS = 5000,
};

/* Shared by all connections of the process, which go to one database.  A hint: wrong, it costs a connection one question
 * more before a statement. */
static atomic_bool silent;

void way_pg_saw_silence(void)
{
    atomic_store_explicit(&silent, true, memory_order_relaxed);
}

void way_pg_saw_answer(void)
{
    if (way_pg_suspect())
        atomic_store_explicit(&silent, false, memory_order_relaxed);
}

bool way_pg_suspect(void)
{
    return atomic_load_explicit(&silent, memory_order_relaxed);
}

static void no_notice(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

way_pg *way_pg_new(const char *database_url)
{
    way_pg *pg = way_xcalloc(1, sizeof *pg);
    pg->url = way_xstrdup(database_url ? database_url : "");
    pg->timeout_ms = STATEMENT_MS;
    return pg;
}

void way_pg_free(way_pg *pg)
{
    if (!pg)
        return;
    PQfinish(pg->conn);
    free(pg->url);
    free(pg);
}

void way_pg_set_timeout(way_pg *pg, int64_t ms)
{
    pg->timeout_ms = ms < 100 ? 100 : ms;
}

bool way_pg_wait(const PGconn *conn, short events, int64_t deadline_ms, short *ready)
{
    struct pollfd p = {.fd = PQsocket(conn), .events = events};
    if (p.fd < 0) {
        *ready = events; /* libpq will find out that it is closed */
        return true;
    }
    for (;;) {
        int64_t left = deadline_ms - way_mono_ms();
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n > 0) {
            *ready = p.revents;
            return true;
        }
        if (n == 0 && left <= 0)
            return false;
    }
}

void way_pg_first_line(const char *text, char *out, size_t size)
{
    size_t n = strcspn(text ? text : "", "\r\n");
    snprintf(out, size, "%.*s", (int)n, text ? text : "");
}

void way_pg_lost(way_pg *pg, const char *why)
{
    char safe[sizeof pg->why]; /* why may be pg->why, or memory of the connection */
    way_pg_first_line(why, safe, sizeof safe);
    if (pg->failures == 0)
        way_warn("store", "postgres_lost", "reason=\"%s\"", safe);
    memcpy(pg->why, safe, sizeof safe);
    PQfinish(pg->conn);
    pg->conn = NULL;
    pg->tx_lost = pg->in_tx;

    int64_t pause = BACKOFF_MIN_MS << (pg->failures < 5 ? pg->failures : 5);
    pg->retry_ms = way_mono_ms() + (pause < BACKOFF_MAX_MS ? pause : BACKOFF_MAX_MS);
    if (pg->failures < 1000)
        pg->failures++;
}

/* Whether an idle connection still stands.  Whatever the server said meanwhile (a shutdown notice, then the end) is
 * waiting in the socket: seen here, before anything is sent, a write can go out on a new connection. */
static bool still_there(way_pg *pg)
{
    short ready;
    for (int i = 0; i < 8; i++) {
        if (PQstatus(pg->conn) != CONNECTION_OK)
            return false;
        if (!way_pg_wait(pg->conn, POLLIN, 0, &ready))
            return true;
        if (!PQconsumeInput(pg->conn))
            return false;
        (void)PQisBusy(pg->conn); /* parses what came */
    }
    return PQstatus(pg->conn) == CONNECTION_OK;
}

static way_code away(const way_pg *pg, way_err *e)
{
    return way_fail(e, WAY_E_UNAVAILABLE, "Postgres cannot be reached: %s", pg->why);
}

static way_code start(way_pg *pg, way_err *e)
{
    /* what comes first may be overridden by the URL */
    static const char *const keys[] = {"fallback_application_name", "client_encoding", "keepalives",
                                       "keepalives_idle", "keepalives_interval", "keepalives_count",
                                       "tcp_user_timeout", "dbname", NULL};
    const char *values[] = {"waystation", "UTF8", "1", "10", "3", "3", "15000", pg->url, NULL};

    if (pg->url[0] == '\0')
        return way_fail(e, WAY_E_UNAVAILABLE, "no Postgres is configured: set DATABASE_URL");
    char *bad = NULL;
    PQconninfoOption *options = PQconninfoParse(pg->url, &bad);
    PQfreemem(bad); /* its words repeat the URL, password and all */
    if (!options)
        return way_fail(e, WAY_E_UNAVAILABLE,
                        "DATABASE_URL is neither a postgresql:// URL nor a list of key=value");
    PQconninfoFree(options);

    pg->conn = PQconnectStartParams(keys, values, 1);
    if (!pg->conn)
        return way_fail(e, WAY_E_FULL, "no memory for a connection to Postgres");
    PQsetNoticeReceiver(pg->conn, no_notice, NULL);
    pg->polling = PQstatus(pg->conn) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    pg->started_ms = way_mono_ms();
    return WAY_OK;
}

static way_code carry_on(way_pg *pg, way_err *e)
{
    bool known_away = pg->failures > 0 || way_pg_suspect();
    int64_t give_up = pg->started_ms + (known_away ? ATTEMPT_MS : FIRST_WAIT_MS);
    int64_t until = way_mono_ms() + (known_away ? LATER_WAIT_MS : FIRST_WAIT_MS);
    short ready;

    while (pg->polling == PGRES_POLLING_READING || pg->polling == PGRES_POLLING_WRITING) {
        short events = pg->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!way_pg_wait(pg->conn, events, until, &ready)) {
            way_pg_saw_silence();
            if (way_mono_ms() >= give_up)
                way_pg_lost(pg, "no answer in time");
            else if (!pg->why[0])
                snprintf(pg->why, sizeof pg->why, "no answer in time");
            return away(pg, e);
        }
        pg->polling = PQconnectPoll(pg->conn);
    }
    if (pg->polling != PGRES_POLLING_OK) {
        char why[sizeof pg->why];
        way_pg_first_line(PQerrorMessage(pg->conn), why, sizeof why);
        way_pg_lost(pg, why);
        return away(pg, e);
    }
    if (PQsetnonblocking(pg->conn, 1) != 0) {
        way_pg_lost(pg, "the socket cannot be made non-blocking");
        return away(pg, e);
    }
    if (pg->failures > 0)
        way_info("store", "postgres_back", "after_failures=%d", pg->failures);
    pg->failures = 0;
    pg->why[0] = '\0';
    way_pg_saw_answer();
    return WAY_OK;
}

/* Whether a server that was silent to somebody answers here: asked before a statement is sent, since a statement that
 * was sent and got no answer may or may not have been done. */
static bool answers(way_pg *pg)
{
    int64_t until = way_mono_ms() + LATER_WAIT_MS;
    short ready;
    bool ok = PQsendQuery(pg->conn, "") == 1;
    for (;;) {
        int unsent = ok ? PQflush(pg->conn) : -1;
        if (unsent < 0)
            return false;
        if (unsent == 0 && !PQisBusy(pg->conn)) {
            PGresult *r = PQgetResult(pg->conn);
            if (!r)
                break;
            PQclear(r);
            continue;
        }
        ok = way_pg_wait(pg->conn, (short)(POLLIN | (unsent > 0 ? POLLOUT : 0)), until, &ready) &&
             (!(ready & ~POLLOUT) || PQconsumeInput(pg->conn));
    }
    way_pg_saw_answer();
    return PQstatus(pg->conn) == CONNECTION_OK;
}

way_code way_pg_connect(way_pg *pg, way_err *e)
{
    if (pg->tx_lost)
        return way_fail(e, WAY_E_UNAVAILABLE, "the connection to Postgres broke inside a transaction: %s", pg->why);
    if (pg->conn && pg->polling == PGRES_POLLING_OK) {
        bool there = still_there(pg);
        if (there && (!way_pg_suspect() || answers(pg)))
            return WAY_OK;
        if (there) {
            way_pg_lost(pg, "no answer in time");
            return away(pg, e);
        }
        if (pg->in_tx) {
            way_pg_lost(pg, "the server closed the connection");
            return way_fail(e, WAY_E_UNAVAILABLE, "the connection to Postgres broke inside a transaction");
        }
        PQfinish(pg->conn); /* a restart, or a pooler that closes idle clients: try at once, nothing was lost */
        pg->conn = NULL;
    }
    if (!pg->conn) {
        if (way_mono_ms() < pg->retry_ms)
            return away(pg, e);
        way_code rc = start(pg, e);
        if (rc != WAY_OK)
            return rc;
    }
    return carry_on(pg, e);
}
