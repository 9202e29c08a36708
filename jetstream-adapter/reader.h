/* Reader: messages by sequence, never through a consumer (on an interest stream a look through a consumer deletes).
 *
 * A direct get is answered by any replica, one that lags included: it proves what is there, not what is absent.
 * WAY_READ_CONFIRMED asks the leader (STREAM.MSG.GET) before it says so.
 * Owner: the link's loop thread. */
#ifndef WAY_ADAPTER_READER_H
#define WAY_ADAPTER_READER_H

#include "jetstream-adapter/link.h"

typedef enum way_read_mode {
    WAY_READ_DIRECT,    /* absence may be a replica's lag */
    WAY_READ_LEADER,    /* the leader's answer */
    WAY_READ_CONFIRMED  /* direct, and the leader when there was nothing */
} way_read_mode;

/* What was read; borrowed for the callback. */
typedef struct way_read way_read;
bool way_read_found(const way_read *r); /* false: no such message; then nothing else holds */
uint64_t way_read_seq(const way_read *r);
int64_t way_read_time_ns(const way_read *r);
const char *way_read_data(const way_read *r, size_t *len);
const char *way_read_header(const way_read *r, const char *key); /* NULL: none */
/* The message's own headers: what the get itself adds is left out. */
void way_read_headers(const way_read *r, bool (*fn)(void *arg, const char *key, const char *value), void *arg);
way_read *way_read_keep(way_read *r); /* now the caller's: way_read_free; only inside the callback */
void way_read_free(way_read *r);

/* code: WAY_OK (r set, perhaps with nothing found), WAY_E_TIMEOUT, WAY_E_UNAVAILABLE, or the server's error. */
typedef void (*way_read_fn)(void *arg, way_token owner, uint32_t tag, way_code code, way_read *r);

typedef struct way_read_request {
    const char *stream;
    uint64_t seq;
    const char *subject; /* the first message at or after seq on this subject; NULL: exactly seq */
    way_read_mode mode;
    int64_t timeout_ms; /* of each request */
    way_read_fn fn;     /* once, on the loop, never from inside way_reader_get */
    void *arg;          /* lives as long as the link */
    way_token owner;
    uint32_t tag;
} way_read_request;

/* Errors as way_link_request. */
WAY_MUST_CHECK way_code way_reader_get(way_link *l, const way_read_request *rq, way_err *e);

#endif
