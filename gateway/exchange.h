/* The inside of an exchange, for the gateway's own files; handlers use http.h.
 *
 * An exchange is taken from the island's pool when a head has been parsed, and given back by its answer or by the end of
 * its connection.  Head, path parts and small bodies lie in one block inside it. */
#ifndef WAY_GATEWAY_EXCHANGE_H
#define WAY_GATEWAY_EXCHANGE_H

#include "gateway/conn.h"

#define WAY_EXCHANGE_TEXT 4096

struct way_exchange {
    way_island *isl;
    way_conn *conn;
    way_exchange *next_free;
    way_token token;
    const way_route *route;
    const char *param[2];
    way_identity who;
    char content_type[96];
    char *body; /* collected; NULL none */
    size_t body_len, body_cap;
    int64_t body_max;
    bool body_inline; /* body lies in text */
    bool paused;
    void *state;
    void (*ended)(void *state);
    way_station_fn then; /* while a station is looked up */
    char *long_text; /* a head that does not fit in text */
    char text[WAY_EXCHANGE_TEXT];
    way_head head; /* last: its field table is not cleared */
};

/* A whole head has come; `more` bytes of what follows are at hand.  Sets c->state and c->remain, or answers. */
void way_exchange_begin(way_conn *c, const char *head, size_t len, size_t more);
void way_exchange_body(way_exchange *x, const char *data, size_t len);
void way_exchange_body_done(way_exchange *x);
/* The client is gone. */
void way_exchange_abandon(way_exchange *x);
/* Ends it: runs `ended`, gives token and memory back. */
void way_exchange_end(way_exchange *x);
void way_exchange_pool_free(way_island *isl);

/* An error with no exchange to carry it (the head could not be read, no room): answered, then closed. */
void way_conn_refuse(way_conn *c, const way_err *e);

#endif
