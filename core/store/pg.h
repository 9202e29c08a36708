/* One Postgres connection and its helpers.  The only folder with libpq-fe.h is core/store.
 *
 * Threads: one thread per way_pg; blocks, but never longer than its timeout (5 s unless set), whatever the server
 * does.  Parameters always travel as parameters, never printed into SQL.  Works behind PgBouncer in transaction mode.
 * A broken connection is reset at the next call; only queries outside a transaction are repeated after that.
 * The first attempt to connect may take 2 s; while Postgres stays away, later calls fail within 100 ms (the attempt
 * under way is carried on by the calls that follow, with a back-off of at most 2 s between attempts).  A server that is
 * silent to one connection is known to be so to all of the process, which ask before they send anything.
 * Errors: WAY_E_UNAVAILABLE (connection, no answer in time, shutdown, too many connections, read-only), WAY_E_EXISTS
 * (23505), WAY_E_CONFLICT (serialization, deadlock), WAY_E_TIMEOUT (a lock was not free in time), else
 * WAY_E_INTERNAL.  After WAY_E_UNAVAILABLE from a write the change may or may not have been made.
 * Never the SQL or a parameter's value in the text. */
#ifndef WAY_STORE_PG_H
#define WAY_STORE_PG_H

#include <stdint.h>

#include "core/base/err.h"

typedef struct way_pg way_pg;

/* Does not connect yet: the first call does. */
way_pg *way_pg_new(const char *database_url);
void way_pg_free(way_pg *pg);
void way_pg_set_timeout(way_pg *pg, int64_t ms); /* of each later call */
WAY_MUST_CHECK way_code way_pg_ping(way_pg *pg, way_err *e);

WAY_MUST_CHECK way_code way_pg_begin(way_pg *pg, way_err *e);
WAY_MUST_CHECK way_code way_pg_commit(way_pg *pg, way_err *e);
void way_pg_rollback(way_pg *pg); /* safe when nothing is open */

/* Creates and upgrades the schema: numbered forward-only files of schema/sql, embedded at build time, each in
 * the same transaction as its row in schema_migrations, under a transaction-level advisory lock: several daemons may
 * start at once, PgBouncer may be between.  A database newer than this binary is WAY_E_CONFLICT. */
WAY_MUST_CHECK way_code way_pg_migrate(way_pg *pg, way_err *e);

#endif
