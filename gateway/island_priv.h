/* The inside of an island, for the files that make it up: island, listen, conn, exchange, job, bearer. */
#ifndef WAY_GATEWAY_ISLAND_PRIV_H
#define WAY_GATEWAY_ISLAND_PRIV_H

#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/base/mailbox.h"
#include "gateway/bearer.h"
#include "gateway/conn.h"
#include "gateway/exchange.h"
#include "gateway/listen.h"
#include "gateway/missing.h"

#define WAY_ISLAND_BODY_BYTES_MAX (512LL << 20) /* collected bodies of one island */
#define WAY_CONN_SPARE 64 /* sockets above connections_max that are only told so */

struct way_island { /* the island's loop thread, but what is marked */
    way_island_parts parts;
    int port;          /* set before start; as bound after it */
    pthread_t thread;  /* main */
    bool started;      /* main */
    struct lws_context *lws;
    struct lws_vhost *vhost;
    way_listen listen;
    ev_async bell;    /* rung by any thread */
    ev_check turn_watch;
    ev_timer tick;
    way_mailbox *mailbox; /* any thread */
    atomic_bool stop_asked;
    bool stopping;
    int64_t stop_by_ms;

    const way_catalog *catalog; /* held */
    uint64_t turn, catalog_turn;
    bool control_started;

    way_conn *conns;
    int64_t conn_count;
    bool walking; /* the list is being walked: connections are marked, not taken off */
    bool adopt_refused;    /* the socket being adopted is above the bound */
    char adopt_from[64];   /* its address */

    way_slots *slots;
    way_exchange *free_exchanges;
    int64_t body_bytes;
    way_buf scratch; /* the answer being rendered */
    char date[64];   /* "Date: …\r\n" */
    size_t date_len;
    way_bearer_cache bearers;
    way_missing_cache missing;

    /* read by any thread */
    atomic_llong connections, exchanges, served, refused;
    struct way_island *next_started;
};

#endif
