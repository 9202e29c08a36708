/* Island: one thread, one libev loop, and on it an lws context, two links to nats-server, a dispatcher, the exchanges in
 * flight and the mailbox through which workers answer.  A message goes from socket to nats-server and back without
 * leaving the thread.
 *
 * Threads   new, start, stop, free: main.  answer: any.  Everything else: the island's loop.
 * Stop      before the control plane's; free after it, since a queued job may still hold the island to answer to.
 * Full      no free exchange: 503 overloaded with Retry-After; too many sockets: the same, then closed. */
#ifndef WAY_GATEWAY_ISLAND_H
#define WAY_GATEWAY_ISLAND_H

#include <ev.h>

#include "core/auth/auth.h"
#include "core/base/slots.h"
#include "core/control/control.h"
#include "jetstream-adapter/dispatch.h"

typedef enum way_door { WAY_DOOR_REST = 1, WAY_DOOR_API = 2, WAY_DOOR_METRICS = 4 } way_door;

typedef struct way_island way_island;

typedef struct way_island_parts { /* what a route needs; borrowed, the island's */
    const way_config *cfg;
    struct ev_loop *loop;
    way_link *pub;    /* publishes, acks, reads; REST door only, else NULL */
    way_link *pull;   /* pulls; REST door only, else NULL */
    way_dispatch *dispatch; /* the same */
    way_control *ctl;
    way_hub *hub;
    way_door door;
} way_island_parts;

/* What is posted to an island; the item is the first member.  `arrive` runs on its loop and owns it. */
typedef struct way_posted {
    way_item item;
    void (*arrive)(way_island *isl, struct way_posted *p);
} way_posted;

/* ctl may be NULL (tests): then only routes that are open and always answer work. */
way_island *way_island_new(const way_config *cfg, way_control *ctl, way_hub *hub, way_door door, int port);
/* Binds the port (WAY_E_CONFLICT names it when in use) and starts the thread.  Port 0 takes a free one. */
WAY_MUST_CHECK way_code way_island_start(way_island *isl, way_err *e);
int way_island_port(const way_island *isl); /* as bound; any thread, after start */
/* Stops accepting, lets exchanges finish (stop_timeout_ms), closes, joins. */
void way_island_stop(way_island *isl);
void way_island_free(way_island *isl);
/* An answer for one of its exchanges (first member of a way_posted); never fails but when the island has stopped (then
 * the item is dropped here). */
void way_island_answer(way_island *isl, way_item **item);

const way_island_parts *way_island_get(way_island *isl);
const way_catalog *way_island_catalog(way_island *isl); /* the current one, held until the next call in another turn */

/* All islands of this process together; any thread. */
typedef struct way_island_totals {
    int64_t connections, connections_max;
    int64_t exchanges, exchanges_max;
    int64_t served, refused; /* answers given, requests turned away for want of room, since the start */
} way_island_totals;
void way_island_totals_get(way_island_totals *out);
int64_t way_island_since_ms(void); /* monotonic: when the first island was made */

#endif
