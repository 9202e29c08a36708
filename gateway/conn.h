/* Connection: one client's socket, as bytes.  lws (role raw-skt) reads, writes and keeps what the kernel did not take;
 * here the bytes become heads and bodies, one request at a time.  Private to the gateway's island.
 *
 * Bounds    input kept: one head (16 KiB) plus one read (64 KiB); reading stops while a request is being answered and
 *           more has come.  Output: one answer; the next request is looked at when it is written.
 * Slow      idle_timeout_ms without a request, for a whole head, per 16 KiB of a body, per write: 408 or closed.
 * Closing   an answer that ends the connection is written, then the sending side is shut and input dropped for at most
 *           2 s: a socket closed over unread input would reset, and the client could lose the answer.
 * Half-open lws takes the end of a client's input for the end of the connection: a client that shuts its sending side
 *           before it has read the answer does not get it.
 * Owner     the island's loop thread. */
#ifndef WAY_GATEWAY_CONN_H
#define WAY_GATEWAY_CONN_H

#include <libwebsockets.h>

#include "gateway/http.h"

typedef enum way_conn_state {
    WAY_CONN_HEAD,  /* waits for a request */
    WAY_CONN_BODY,  /* its body is coming */
    WAY_CONN_BUSY,  /* it is being answered */
    WAY_CONN_SKIP,  /* answered before its body had come: the rest is dropped */
    WAY_CONN_LINGER /* answered for the last time: input is dropped until the client closes */
} way_conn_state;

typedef struct way_conn {
    struct lws *wsi; /* NULL until adopted */
    way_island *isl;
    struct way_conn *prev, *next; /* the island's list */
    way_exchange *x;              /* the request under way, NULL none */
    way_conn_state state;
    bool in_callback; /* lws is calling: closing is said by the return value */
    bool processing;  /* process() is on the stack */
    bool dead;        /* to be closed at once */
    bool close_after; /* the answer under way is the last */
    bool out_busy;    /* an answer is not written yet */
    bool rx_off;
    bool continue_due; /* the client waits for 100 Continue before it sends the body */
    char *in;
    size_t in_len, in_cap;
    size_t in_seen; /* bytes in which no end of a head was found */
    int64_t remain; /* of the body */
    int64_t progress;    /* body bytes since the deadline was moved */
    int64_t deadline_ms; /* monotonic; 0 none */
    char *out; /* an answer too large to be copied */
    size_t out_len, out_off;
    char from[64];
} way_conn;

int way_conn_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len);

/* Will this connection close after the answer that is about to be written? */
bool way_conn_is_last(const way_conn *c);
/* Writes (copies what the socket does not take). */
void way_conn_send(way_conn *c, const void *data, size_t len);
/* Writes from a malloc'ed block, which it takes. */
void way_conn_send_owned(way_conn *c, char *data, size_t len);
/* The answer is on its way and c->x is gone: goes on with what has come.  c may be freed. */
void way_conn_answered(way_conn *c);
/* Goes on after a pause.  c may be freed. */
void way_conn_resume(way_conn *c);
void way_conn_kill(way_conn *c);

/* All of an island. */
void way_conn_tick(way_island *isl, int64_t now_ms);
void way_conn_stop_idle(way_island *isl); /* closes those without a request; the others close after theirs */
void way_conn_kill_all(way_island *isl);

#endif
