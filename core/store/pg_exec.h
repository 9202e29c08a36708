/* Private to core/store: statements on a connection, their parameters and results.
 *
 * A statement is one round trip.  Writes outside a transaction carry their own server-side limits in the same round
 * trip (a pipeline of two: set_config local to the implicit transaction, then the statement), so that one this side gave
 * up waiting for does not go on waiting for a lock there.  No session state: PgBouncer in transaction mode may be between.
 * Threads: the connection's one. */
#ifndef WAY_STORE_PG_EXEC_H
#define WAY_STORE_PG_EXEC_H

#include <libpq-fe.h>

#include "core/base/buf.h"
#include "core/store/pg.h"

#define WAY_PG_ARGS_MAX 10

typedef struct way_pg_args { /* zero it: {0} */
    const char *v[WAY_PG_ARGS_MAX];
    char number[WAY_PG_ARGS_MAX][24];
    int n;
} way_pg_args;
void way_pg_arg_text(way_pg_args *a, const char *s); /* borrowed; NULL: SQL NULL */
void way_pg_arg_i64(way_pg_args *a, int64_t v);
void way_pg_arg_bool(way_pg_args *a, bool v);

typedef enum way_pg_kind {
    WAY_PG_READ,  /* changes nothing: repeated once on a new connection when this one broke (outside a transaction) */
    WAY_PG_WRITE  /* never repeated after it was sent */
} way_pg_kind;

/* Rows or a command's result; *out (may be NULL) is the caller's: PQclear. */
WAY_MUST_CHECK way_code way_pg_exec(way_pg *pg, way_pg_kind kind, const char *sql, const way_pg_args *args,
                                    PGresult **out, way_err *e);
/* The same for a write of one object: no row in the answer becomes `none` with that text. */
WAY_MUST_CHECK way_code way_pg_one(way_pg *pg, way_pg_kind kind, const char *sql, const way_pg_args *args,
                                   PGresult **out, way_code none, const char *text, way_err *e);
/* Several statements without parameters (a migration). */
WAY_MUST_CHECK way_code way_pg_script(way_pg *pg, const char *sql, way_err *e);
/* {tx} Transaction-level advisory lock: asks again and again until wait_ms is over (WAY_E_TIMEOUT), since a
 * blocked request would go on waiting in the server when this side is gone. */
WAY_MUST_CHECK way_code way_pg_lock(way_pg *pg, const char *key, int64_t wait_ms, const char *what, way_err *e);

int64_t way_pg_i64(const PGresult *r, int row, int col);      /* 0 for NULL */
const char *way_pg_text(const PGresult *r, int row, int col); /* NULL for NULL; borrowed from r */

/* SQLSTATE (NULL or "": the connection) to a code. */
way_code way_pg_code(const char *sqlstate);

#endif
