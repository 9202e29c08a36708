/* Private to core/store: the connection behind a way_pg and how it is made, lost and made again. */
#ifndef WAY_STORE_PG_CONN_H
#define WAY_STORE_PG_CONN_H

#include <libpq-fe.h>

#include "core/store/pg.h"

struct way_pg {
    char *url;
    PGconn *conn;                      /* NULL: none and no attempt under way */
    PostgresPollingStatusType polling; /* of the attempt under way; PGRES_POLLING_OK: connected */
    int64_t started_ms;                /* when the attempt began */
    int64_t retry_ms;                  /* no new attempt before */
    int64_t timeout_ms;                /* of a statement */
    int failures;                      /* since it last worked */
    bool in_tx;
    bool tx_lost;                      /* the transaction's connection broke: nothing may run until rollback */
    char why[256];                     /* why it is away; fit for the caller */
};

/* Connected on WAY_OK. */
WAY_MUST_CHECK way_code way_pg_connect(way_pg *pg, way_err *e);
/* Closes and starts the back-off. */
void way_pg_lost(way_pg *pg, const char *why);
/* What one connection finds out the others profit from: after a server that was silent, and until something answers
 * again, nobody waits long for it.  Any thread. */
void way_pg_saw_silence(void);
void way_pg_saw_answer(void);
bool way_pg_suspect(void);
/* Until the socket is ready for `events` (poll.h); false: the deadline came first. */
bool way_pg_wait(const PGconn *conn, short events, int64_t deadline_ms, short *ready);
/* First line of libpq's words. */
void way_pg_first_line(const char *text, char *out, size_t size);

#endif
