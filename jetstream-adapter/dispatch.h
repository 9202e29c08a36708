/* Dispatch: one puller per consumer group and island, and the takers that share what it pulls.
 *
 * A taker (a REST fetch, later a websocket subscription) says how much room it has, in messages and bytes.  The
 * dispatcher keeps at most one open pull per partition (expires <= 5 s, idle heartbeat, a local deadline, since a pull
 * dies silently with its leader); the sum of the batches is never above the free room of all takers and of the
 * island; partitions take turns when there is less room than partitions.  Arriving messages go to takers in turn.
 * A message that arrives when nobody has room, or that a taker gives back, is kept for return_grace_ms (+WPI holds
 * the lease) and offered first to any taker; then it is nak'ed, except on its last allowed delivery, which is left
 * to the ack wait.
 *
 * Room in bytes: batch = min(room, free bytes / largest message seen on that partition), at first the station's maximum size, at least 1.
 * A group's dispatcher goes when no taker, no kept message and no open pull is left.
 * Owner: the island's loop thread. */
#ifndef WAY_ADAPTER_DISPATCH_H
#define WAY_ADAPTER_DISPATCH_H

#include "core/model/catalog.h"
#include "core/model/receipt.h"
#include "jetstream-adapter/link.h"

typedef struct way_dispatch way_dispatch;
typedef struct way_taker way_taker;

typedef struct way_delivery { /* borrowed for the call */
    way_receipt receipt; /* station, group and generation filled in */
    int32_t partition;
    uint64_t seq, deliveries, pending;
    int64_t time_ns;
    bool last_allowed; /* deliveries == max_deliver */
    way_msg *msg;      /* way_msg_keep to have it longer */
} way_delivery;

typedef struct way_taker_fns {
    /* Takes one message.  Called on the loop, from a message's arrival or from way_taker_room, never from join. */
    void (*deliver)(void *arg, const way_delivery *d);
    /* The server said that nothing more is there now (every open pull of this round is answered), once per quiet spell after at least one delivery. */
    void (*quiet)(void *arg);
    /* The group cannot be pulled: WAY_E_NOT_FOUND (consumer gone), WAY_E_GONE (generation changed, station removed), WAY_E_UNAVAILABLE.
     * The taker is out of the dispatcher when this returns. */
    void (*failed)(void *arg, const way_err *e);
} way_taker_fns;

way_dispatch *way_dispatch_new(const way_config *cfg, struct ev_loop *loop, way_link *pulls, way_link *acks);
void way_dispatch_free(way_dispatch *d); /* gives back what is kept: no nak, the ack wait runs out */

/* one_shot: pulls end as soon as something came and nothing more is there (a fetch); else they stay open (a subscription).
 * wait_ms bounds how long pulls stay open for this taker when one_shot. */
WAY_MUST_CHECK way_code way_dispatch_join(way_dispatch *d, const way_station *st, const way_group *g, bool one_shot,
                                          int64_t wait_ms, uint32_t room_msgs, size_t room_bytes,
                                          const way_taker_fns *fns, void *arg, way_taker **out, way_err *e);
/* Sets (not adds) the free room; may deliver kept messages before it returns. */
void way_taker_room(way_taker *t, uint32_t room_msgs, size_t room_bytes);
void way_taker_leave(way_taker *t); /* t is gone; messages it was given stay its caller's business */
/* Gives a delivered, unsettled message back: takes *m. */
void way_dispatch_return(way_dispatch *d, const way_station *st, const way_group *g, const way_receipt *r,
                         way_msg **m);
/* The catalog changed: dispatchers whose generation or station is another tell their takers.  Call when way_hub_read gave a new one. */
void way_dispatch_catalog(way_dispatch *d, const way_catalog *cat);
uint32_t way_dispatch_groups(const way_dispatch *d);
size_t way_dispatch_kept(const way_dispatch *d); /* messages kept for somebody */

#endif
