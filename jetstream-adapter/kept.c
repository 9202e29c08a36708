/* kept: messages that arrived when nobody had room, or that a taker gave back.
 *
 * A nak burns one of the allowed deliveries, so the message first waits here for return_grace_ms, with +WPI holding its
 * lease, and is offered before anything new is pulled.  Bound: pulled_bytes_max over the island; what does not fit goes back at once. */
#include "jetstream-adapter/dispatch_priv.h"

#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/mem.h"

static void say(way_puller *g, const way_msg *m, const char *what, size_t len)
{
    const char *reply = way_msg_reply(m);

    /* not sent (down, full): the lease runs out and the message comes again, which is what a nak asks for */
    if (reply && way_link_publish(g->d->acks, reply, NULL, what, len, NULL) != WAY_OK)
        return;
}

static bool is_last(const way_puller *g, const way_receipt *r)
{
    return g->max_deliver > 0 && r->deliveries >= (uint64_t)g->max_deliver;
}

/* The last delivery is left to the ack wait: after a nak nothing would come, and the dead letter only sooner. */
void way_kept_back(way_puller *g, const way_receipt *r, const way_msg *m)
{
    if (!is_last(g, r))
        say(g, m, "-NAK", 4);
}

static void give_back(way_puller *g, const way_receipt *r, way_msg *m)
{
    way_kept_back(g, r, m);
    way_msg_free(m);
}

static void lease(way_puller *g, way_kept *k, int64_t now)
{
    say(g, k->msg, "+WPI", 4);
    k->lease_ms = now + g->ack_wait_ms / 3;
}

void way_kept_add(way_puller *g, const way_receipt *r, way_msg *m, size_t bytes, bool returned)
{
    way_dispatch *d = g->d;
    int64_t now = way_mono_ms();
    way_kept *k;

    if (d->kept_bytes + bytes > (size_t)d->cfg->pulled_bytes_max && d->kept_bytes > 0) {
        give_back(g, r, m);
        return;
    }
    k = way_xmalloc(sizeof *k);
    *k = (way_kept){.msg = m, .receipt = *r, .bytes = bytes, .until_ms = now + d->cfg->return_grace_ms,
                    .lease_ms = now + g->ack_wait_ms / 3};
    if (returned) /* nobody knows how long its taker had it */
        lease(g, k, now);
    *g->kept_tail = k;
    g->kept_tail = &k->next;
    g->kept_count++;
    d->kept_count++;
    d->kept_bytes += bytes;
    way_dispatch_soon(g);
}

static way_kept *take(way_puller *g, way_kept **at)
{
    way_kept *k = *at;

    *at = k->next;
    if (!k->next)
        g->kept_tail = at;
    g->kept_count--;
    g->d->kept_count--;
    g->d->kept_bytes -= k->bytes;
    return k;
}

void way_kept_offer(way_puller *g)
{
    while (g->kept && way_dispatch_has_room(g)) {
        way_kept *k = take(g, &g->kept);

        lease(g, k, 0); /* the taker gets a whole ack wait */
        way_dispatch_offer(g, &k->receipt, k->msg, k->bytes);
        way_msg_free(k->msg);
        free(k);
    }
}

void way_kept_tick(way_puller *g, int64_t now)
{
    way_kept **at = &g->kept;

    while (*at) {
        way_kept *k = *at;

        if (k->until_ms <= now) {
            k = take(g, at);
            give_back(g, &k->receipt, k->msg);
            free(k);
            continue;
        }
        if (k->lease_ms <= now)
            lease(g, k, now);
        at = &k->next;
    }
}

void way_kept_drop(way_puller *g)
{
    while (g->kept) {
        way_kept *k = take(g, &g->kept);

        way_msg_free(k->msg);
        free(k);
    }
}
