/* One Postgres connection and its helpers.  The only folder with libpq-fe.h is core/store.
 *
 * Threads: one thread per way_pg; blocks.  Parameters always travel as parameters, never printed into
 * SQL.  A broken connection is reset at the next call with a back-off (connect_timeout 2 s); a statement
 * is repeated after that only when the caller says it is idempotent (queries outside a transaction).
 * Errors: WAY_E_UNAVAILABLE (connection, shutdown, too many connections, read-only), WAY_E_EXISTS (23505),
 * WAY_E_CONFLICT (serialization, deadlock), else WAY_E_INTERNAL.  Never the SQL or a parameter's value in the text. */
#ifndef WAY_STORE_PG_H
#define WAY_STORE_PG_H

#include <stdint.h>

#include "core/base/err.h"

typedef struct way_pg way_pg;

/* Does not connect yet: the first call does. */
way_pg *way_pg_new(const char *database_url);
void way_pg_free(way_pg *pg);
WAY_MUST_CHECK way_code way_pg_ping(way_pg *pg, way_err *e);

WAY_MUST_CHECK way_code way_pg_begin(way_pg *pg, way_err *e);
WAY_MUST_CHECK way_code way_pg_commit(way_pg *pg, way_err *e);
void way_pg_rollback(way_pg *pg); /* safe when nothing is open */

/* Creates and upgrades the schema: numbered forward-only files of schema/sql, embedded at build time, each in
 * the same transaction as its row in schema_migrations, under a transaction-level advisory lock: several daemons may
 * start at once, PgBouncer may be between.  A database newer than this binary is WAY_E_CONFLICT. */
WAY_MUST_CHECK way_code way_pg_migrate(way_pg *pg, way_err *e);

#endif
