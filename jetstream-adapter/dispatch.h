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
 * Room in bytes: batch = min(room, free bytes / largest message seen on that partition), at first the station's maximum size, at least 1:
 * so a group may bring one message per open pull more than there are bytes for, which is kept until there is room.  What is
 * kept, and what open pulls may bring beyond their first message, is bounded by pulled_bytes_max over the island; at the bound
 * nothing is pulled, and what arrives or is given back is nak'ed at once.
 * Pulls cannot be taken back: those that are open when a taker leaves go on to their end (at most 5 s), and what they bring is
 * kept for return_grace_ms.
 * A group's dispatcher goes some seconds after no taker, no kept message and no open pull is left (it remembers message sizes
 * for the next fetch).
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
    /* The server said that nothing more is there now, once per quiet spell after at least one delivery: every partition that
     * delivered has ended, and the others have been asked (20 ms at most are waited for those that say nothing). */
    void (*quiet)(void *arg);
    /* The group cannot be pulled: WAY_E_NOT_FOUND (consumer gone), WAY_E_GONE (generation changed, station or group removed), or,
     * for one-shot takers only, WAY_E_UNAVAILABLE (the server away for more than 2 s, a partition without a leader).
     * The taker is out of the dispatcher already: no way_taker_leave. */
    void (*failed)(void *arg, const way_err *e);
} way_taker_fns;

way_dispatch *way_dispatch_new(const way_config *cfg, struct ev_loop *loop, way_link *pulls, way_link *acks);
void way_dispatch_free(way_dispatch *d); /* gives back what is kept: no nak, the ack wait runs out */

/* one_shot: pulls end as soon as something came and nothing more is there (a fetch), and nothing is waited for once it has got
 * something; else they stay open (a subscription).  wait_ms bounds how long pulls stay open for this taker when one_shot; 0: only
 * what is there now.  WAY_E_GONE: st and g are older than what the dispatcher knows.  WAY_E_UNAVAILABLE. */
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
uint32_t way_dispatch_groups(const way_dispatch *d); /* with takers, kept messages or open pulls */
size_t way_dispatch_kept(const way_dispatch *d); /* messages kept for somebody */

#endif
