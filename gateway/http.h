/* HTTP exchange: one request and its answer on an island.  lws stays behind this header.
 *
 * Life: head parsed -> route found -> token checked -> (body) -> handler -> exactly one answer -> the exchange ends and its
 * token with it.  A client that goes away ends it too: `ended` runs, later answers find no exchange.
 * An answer ends the exchange before the call returns: a handler touches nothing of it afterwards.
 * Owner: the island's loop thread. */
#ifndef WAY_GATEWAY_HTTP_H
#define WAY_GATEWAY_HTTP_H

#include "core/model/names.h"
#include "gateway/head.h"
#include "gateway/island.h"
#include "gateway/query.h"

typedef struct way_exchange way_exchange;
typedef struct way_route way_route;

enum { /* way_route.flags */
    WAY_ROUTE_OPEN = 1,   /* no token needed */
    WAY_ROUTE_STREAM = 2, /* body comes in chunks; else it is collected up to max_body */
    WAY_ROUTE_JOB = 4,    /* `job` runs on a worker instead of `run` on the loop */
    WAY_ROUTE_ALWAYS = 8, /* answers before the control plane has started, too */
    WAY_ROUTE_NO_BODY = 16 /* a body is refused */
};

/* A management request on a worker: plain sequential code.  Borrowed for the call. */
typedef struct way_api_request {
    const char *params[2]; /* the {…} parts of the path, as typed, percent-decoded */
    const char *query;     /* raw query string, "" none; way_query_get */
    const char *body;      /* NUL-terminated beyond body_len */
    size_t body_len;
    way_identity who;
    char from[64];
} way_api_request;
/* Writes the JSON answer into out and *status (preset to 200).  An error becomes problem+json. */
typedef way_code (*way_api_fn)(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);

struct way_route {
    way_method method;
    const char *pattern; /* "/v1/stations/{s}/messages"; {x} takes one path segment, or what stands before the ":verb" */
    unsigned doors;      /* way_door bits */
    unsigned flags;
    size_t (*max_body)(way_exchange *x, way_err *e); /* NULL: json_body_bytes_max; 0 with e set: refuse */
    void (*run)(way_exchange *x);                    /* body complete (or, for STREAM, head complete) */
    void (*chunk)(way_exchange *x, const char *data, size_t len); /* STREAM */
    void (*end)(way_exchange *x); /* STREAM: body complete; comes after the last chunk even while paused */
    way_api_fn job;
    const char *summary; /* one line for the description of the interface */
};

/* ---- the request ---- */
way_island *way_x_island(way_exchange *x);
way_token way_x_token(const way_exchange *x);
way_exchange *way_x_find(way_island *isl, way_token t); /* NULL: ended */
const way_identity *way_x_who(const way_exchange *x);
const char *way_x_from(const way_exchange *x);         /* the client's address */
const char *way_x_param(const way_exchange *x, int i); /* percent-decoded path part */
/* Value of a query parameter, percent-decoded into out; false: absent (*e is WAY_OK).  Too long or bad escapes: *e set
 * and false. */
bool way_x_query(const way_exchange *x, const char *name, char *out, size_t cap, way_err *e);
const char *way_x_query_text(const way_exchange *x); /* raw */
/* The collected body, NUL-terminated beyond *len; borrowed until the answer. */
const char *way_x_body(const way_exchange *x, size_t *len);
/* Gives the body away: malloc'ed, *len bytes and a NUL; NULL: none collected.  For work that outlives the exchange. */
char *way_x_body_take(way_exchange *x, size_t *len);
int64_t way_x_content_length(const way_exchange *x);        /* -1: none */
const char *way_x_content_type(const way_exchange *x);      /* lower-case, without parameters; "" none */
/* Headers "Way-Header-<Name>" of the request, as (Name, value), Name as the client wrote it; fn returns false to stop. */
void way_x_message_headers(way_exchange *x, bool (*fn)(void *arg, const char *name, const char *value), void *arg);

/* ---- state of a handler that answers later ---- */
/* ended runs once, whatever ends x, and after the answer was rendered.  Setting it again replaces it (not run). */
void way_x_set_state(way_exchange *x, void *state, void (*ended)(void *state));
void *way_x_state(const way_exchange *x);
/* STREAM: flow control.  Unpausing may call `chunk` again before it returns, unless called from inside `chunk`. */
void way_x_pause_body(way_exchange *x, bool paused);
/* The station a data route names, active in the catalog.  Unknown here: the control plane is asked once (a name it
 * does not know is remembered for a second).  `then` gets it before or after this returns: st is borrowed for the call
 * (way_station_ref keeps it); when there is none, x has been failed already and `then` does not run, nor when x ends. */
typedef void (*way_station_fn)(way_exchange *x, const way_station *st);
void way_x_station(way_exchange *x, const char *name, way_station_fn then);

/* ---- the answer: exactly one of these, once ---- */
void way_x_reply(way_exchange *x, int status, const char *content_type, way_buf *body); /* takes what is in body */
void way_x_json(way_exchange *x, int status, way_buf *body);
/* The same from borrowed bytes, copied: for small answers on the data path. */
void way_x_reply_bytes(way_exchange *x, int status, const char *content_type, const void *body, size_t len);
void way_x_fail(way_exchange *x, const way_err *e); /* problem+json; Retry-After when retryable */
/* The problem+json of an error, appended. */
void way_problem_write(const way_err *e, way_buf *out);

/* All routes of this process; gateway/routes.c. */
extern const way_route way_routes[];
extern const size_t way_route_count;
/* The route of a path on a door.  WAY_E_NOT_FOUND, or WAY_E_METHOD with the allowed ones in the text.  part: where the {x} are. */
WAY_MUST_CHECK way_code way_route_find(way_door door, way_method m, const char *path, size_t len,
                                       const way_route **out, const char *part[2], size_t part_len[2], way_err *e);
/* "GET, POST": what a path takes on a door; "" when it is unknown. */
#define WAY_ALLOW_MAX 48
void way_route_allow(way_door door, const char *path, size_t len, char out[WAY_ALLOW_MAX]);
bool way_route_matches(const char *pattern, const char *path, size_t len, const char *part[2], size_t part_len[2]);

#endif
