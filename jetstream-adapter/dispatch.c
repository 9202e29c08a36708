/* dispatch: takers, and the turns in which they get their messages.
 *
 * Nothing is pulled from inside join, leave or room: they mark the group, and one turn later (a timer of zero) all changes of this loop turn
 * are planned for together, so that ten fetches that arrive at once make one pull per partition.
 * Callbacks may call anything here; takers and groups that go meanwhile are freed when the last callback has returned. */
#include "jetstream-adapter/dispatch_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"

enum {
    TICK_MS = 50,
    IDLE_MS = 10000, /* an idle group keeps what it knows of its partitions so long … */
    IDLE_GROUPS_MAX = 256, /* … unless there are more of them */
    DOWN_MS = 2000
};

/* ---- groups ---- */

static way_puller **bucket(way_dispatch *d, const char *station, const char *group)
{
    uint64_t h = way_hash64(station, strlen(station)) * 31 + way_hash64(group, strlen(group));

    return &d->buckets[h % WAY_BUCKETS];
}

static way_puller *find(way_dispatch *d, const char *station, const char *group)
{
    way_puller *g = *bucket(d, station, group);

    while (g && (strcmp(g->group, group) != 0 || strcmp(g->station, station) != 0))
        g = g->bucket_next;
    return g;
}

static way_puller *add(way_dispatch *d, const char *station, const char *group)
{
    way_puller *g = way_xcalloc(1, sizeof *g), **b = bucket(d, station, group);
    uint32_t id = 0;

    while (id < d->group_count && d->groups[id])
        id++;
    if (id == d->group_count) {
        d->groups = way_xrealloc(d->groups, (d->group_count + 1) * sizeof(way_puller *));
        d->group_count++;
    }
    g->d = d;
    g->id = id;
    g->instance = ++d->instances;
    snprintf(g->station, sizeof g->station, "%s", station);
    snprintf(g->group, sizeof g->group, "%s", group);
    g->generation = -1;
    g->kept_tail = &g->kept;
    g->idle_since_ms = way_mono_ms();
    g->bucket_next = *b;
    *b = g;
    d->groups[id] = g;
    return g;
}

static void drop(way_puller *g)
{
    way_dispatch *d = g->d;
    way_puller **at = bucket(d, g->station, g->group);

    while (*at != g)
        at = &(*at)->bucket_next;
    *at = g->bucket_next;
    d->groups[g->id] = NULL;
    way_kept_drop(g);
    way_pull_cut(g);
    free(g->parts);
    free(g);
}

static bool is_idle(const way_puller *g)
{
    return g->taker_count == 0 && g->kept_count == 0 && g->open == 0;
}

static void adopt(way_puller *g, const way_station *st, const way_group *gr)
{
    g->station_id = st->id;
    g->group_id = gr->id;
    g->generation = gr->generation;
    g->live = true;
    g->ack_wait_ms = gr->spec.ack_wait_ms;
    g->max_deliver = gr->spec.max_deliver;
    g->bounded = gr->spec.max_ack_pending > 0 || gr->spec.ordered;
    g->message_max = st->spec.max_message_bytes > 0 ? (size_t)st->spec.max_message_bytes : WAY_MSG_BYTES_DEFAULT;
    g->partitions = st->spec.partitions;
    if (g->partitions > g->part_count) {
        g->parts = way_xrealloc(g->parts, (size_t)g->partitions * sizeof *g->parts);
        memset(g->parts + g->part_count, 0, (size_t)(g->partitions - g->part_count) * sizeof *g->parts);
        g->part_count = g->partitions;
    }
}

static bool is_same(const way_puller *g, const way_station *st, const way_group *gr)
{
    return g->live && g->station_id == st->id && g->group_id == gr->id && g->generation == gr->generation;
}

/* The generation ended: nobody gets anything of it any more. */
static void end_generation(way_puller *g, const char *text)
{
    way_kept_drop(g);
    way_pull_restart(g, way_mono_ms());
    g->live = false;
    way_dispatch_fail(g, false, WAY_E_GONE, text);
}

/* ---- callbacks under way ---- */

static void enter(way_dispatch *d)
{
    d->depth++;
}

static void leave(way_dispatch *d)
{
    if (--d->depth > 0)
        return;
    while (d->graveyard) {
        way_taker *t = d->graveyard;

        d->graveyard = t->next;
        free(t);
    }
}

static void unlink_taker(way_taker *t)
{
    way_puller *g = t->g;

    t->g = NULL;
    g->taker_count--;
    if (t->next == t) {
        g->takers = g->cursor = NULL;
        g->idle_since_ms = way_mono_ms();
    } else {
        t->next->prev = t->prev;
        t->prev->next = t->next;
        if (g->takers == t)
            g->takers = t->next;
        if (g->cursor == t)
            g->cursor = t->next;
    }
    t->next = g->d->graveyard;
    g->d->graveyard = t;
}

void way_dispatch_soon(way_puller *g)
{
    way_dispatch *d = g->d;

    g->dirty = true;
    if (ev_is_active(&d->turn) && d->turn.repeat == 0. && ev_timer_remaining(d->loop, &d->turn) <= 0.)
        return;
    ev_timer_stop(d->loop, &d->turn);
    ev_timer_set(&d->turn, 0., 0.);
    ev_timer_start(d->loop, &d->turn);
}

bool way_dispatch_has_room(const way_puller *g)
{
    const way_taker *t = g->takers;

    for (uint32_t i = 0; i < g->taker_count; i++, t = t->next)
        if (t->room_msgs > 0 && t->room_bytes > 0)
            return true;
    return false;
}

bool way_dispatch_offer(way_puller *g, const way_receipt *r, way_msg *m, size_t bytes)
{
    way_dispatch *d = g->d;
    way_delivery out = {.receipt = *r, .partition = r->partition, .seq = r->seq, .deliveries = r->deliveries,
                        .pending = r->pending, .time_ns = r->time_ns,
                        .last_allowed = g->max_deliver > 0 && r->deliveries >= (uint64_t)g->max_deliver, .msg = m};

    for (uint32_t i = 0; i < g->taker_count; i++) {
        way_taker *t = g->cursor;

        g->cursor = t->next;
        if (t->room_msgs == 0 || t->room_bytes == 0)
            continue;
        t->room_msgs--;
        t->room_bytes -= bytes < t->room_bytes ? bytes : t->room_bytes;
        t->served = true;
        if (t->spell_ms == 0)
            t->spell_ms = way_mono_ms();
        enter(d);
        t->fns.deliver(t->arg, &out);
        leave(d);
        return true;
    }
    return false;
}

void way_dispatch_fail(way_puller *g, bool one_shot_only, way_code code, const char *text)
{
    way_dispatch *d = g->d;
    way_err e;
    uint32_t left = g->taker_count; /* those who join meanwhile are not meant */
    way_taker *t = g->takers;

    (void)way_fail(&e, code, "%s", text);
    enter(d);
    while (left-- > 0 && g->taker_count > 0) {
        way_taker *next = t->next;

        if (!one_shot_only || t->one_shot) {
            unlink_taker(t);
            t->fns.failed(t->arg, &e);
        }
        t = next->g == g ? next : g->takers; /* next may have left in the callback */
    }
    leave(d);
}

/* ---- turns ---- */

static void tell_quiet(way_puller *g, int64_t now)
{
    way_dispatch *d = g->d;
    bool silent_only, quiet = way_pull_is_quiet(g, now, &silent_only), later = false;
    uint32_t left = g->taker_count;
    way_taker *t = g->takers;

    enter(d);
    while (left-- > 0 && g->taker_count > 0) {
        way_taker *next = t->next;

        if (t->spell_ms) {
            if (quiet || (silent_only && now - t->spell_ms > WAY_SPELL_MS)) {
                t->spell_ms = 0;
                t->fns.quiet(t->arg);
            } else {
                later = true;
            }
        }
        t = next->g == g ? next : g->takers;
    }
    leave(d);
    if (later) { /* the messages that end the spell mark the group; this is for those that do not come */
        g->dirty = true;
        if (!ev_is_active(&d->turn)) {
            ev_timer_set(&d->turn, (WAY_SPELL_MS + 1) / 1000., 0.);
            ev_timer_start(d->loop, &d->turn);
        }
    }
}

static void on_turn(struct ev_loop *loop, struct ev_timer *w, int events)
{
    way_dispatch *d = w->data;

    (void)loop;
    (void)events;
    for (uint32_t i = 0; i < d->group_count; i++) {
        way_puller *g = d->groups[i];

        if (!g || !g->dirty)
            continue;
        g->dirty = false;
        way_kept_offer(g);
        if (g->taker_count && g->live)
            way_pull_sweep(g, way_mono_ms());
        if (g->taker_count)
            tell_quiet(g, way_mono_ms());
        if (g->taker_count && g->live)
            way_pull_wait(g, way_mono_ms());
    }
}

static void on_tick(struct ev_loop *loop, struct ev_timer *w, int events)
{
    way_dispatch *d = w->data;
    int64_t now = way_mono_ms();
    uint32_t idle = 0;
    bool down = way_link_down_ms(d->pulls) > DOWN_MS;

    (void)events;
    for (uint32_t i = 0; i < d->group_count; i++) {
        way_puller *g = d->groups[i];

        if (!g)
            continue;
        way_pull_tick(g, now);
        way_kept_tick(g, now);
        if (down)
            way_dispatch_fail(g, true, WAY_E_UNAVAILABLE, "nats-server is away");
        if (g->taker_count)
            way_dispatch_soon(g); /* blocked partitions, knowledge that has aged */
        if (is_idle(g) && way_pull_is_over(g, now) && (++idle > IDLE_GROUPS_MAX || now - g->idle_since_ms > IDLE_MS))
            drop(g);
    }
    while (d->group_count && !d->groups[d->group_count - 1])
        d->group_count--;
    if (d->group_count == 0)
        ev_timer_stop(loop, w);
}

/* ---- the links ---- */

static void on_pull(void *arg, way_msg *m)
{
    way_dispatch *d = arg;
    const char *subject = way_msg_subject(m), *inbox = way_link_pull_inbox(d->pulls), *reply = way_msg_reply(m);
    size_t len = strlen(inbox);
    char stream[WAY_STREAM_MAX + 1], consumer[WAY_NAME_MAX + 1], station[WAY_NAME_MAX + 1];
    int32_t partition;
    way_receipt r;
    way_puller *g;

    if (strncmp(subject, inbox, len) == 0 && subject[len] == '.') {
        if (way_msg_status(m))
            way_pull_status(d, subject + len + 1, m);
        return;
    }
    if (!reply || !way_ack_subject_parse(reply, &r, stream, consumer) ||
        !way_stream_parse(stream, strlen(stream), station, &partition))
        return;
    g = find(d, station, consumer);
    if (g) /* else: of a group that nobody wants any more; its lease runs out */
        way_pull_message(g, &r, m);
}

static void on_change(void *arg, bool up)
{
    way_dispatch *d = arg;

    for (uint32_t i = 0; i < d->group_count; i++) {
        way_puller *g = d->groups[i];

        if (!g)
            continue;
        if (!up)
            way_pull_cut(g);
        way_dispatch_soon(g);
    }
}

/* ---- what others call ---- */

way_dispatch *way_dispatch_new(const way_config *cfg, struct ev_loop *loop, way_link *pulls, way_link *acks)
{
    way_dispatch *d = way_xcalloc(1, sizeof *d);

    d->cfg = cfg;
    d->loop = loop;
    d->pulls = pulls;
    d->acks = acks;
    ev_init(&d->turn, on_turn);
    ev_init(&d->tick, on_tick);
    d->turn.data = d->tick.data = d;
    way_link_on_pull(pulls, on_pull, d);
    way_link_on_change(pulls, on_change, d);
    return d;
}

void way_dispatch_free(way_dispatch *d)
{
    if (!d)
        return;
    way_link_on_pull(d->pulls, NULL, NULL);
    way_link_on_change(d->pulls, NULL, NULL);
    way_probe_forget(d);
    for (uint32_t i = 0; i < d->group_count; i++) {
        way_puller *g = d->groups[i];

        if (!g)
            continue;
        while (g->takers)
            way_taker_leave(g->takers);
        drop(g);
    }
    ev_timer_stop(d->loop, &d->turn);
    ev_timer_stop(d->loop, &d->tick);
    free(d->groups);
    free(d);
}

static way_puller *group_for(way_dispatch *d, const way_station *st, const way_group *gr)
{
    way_puller *g = find(d, st->spec.internal, gr->spec.internal);

    if (!g)
        g = add(d, st->spec.internal, gr->spec.internal);
    if (!ev_is_active(&d->tick)) {
        ev_timer_set(&d->tick, TICK_MS / 1000., TICK_MS / 1000.);
        ev_timer_start(d->loop, &d->tick);
    }
    return g;
}

/* Two pictures of the same name: ids and generations only grow. */
static bool is_older(const way_puller *g, const way_station *st, const way_group *gr)
{
    if (st->id != g->station_id)
        return st->id < g->station_id;
    if (gr->id != g->group_id)
        return gr->id < g->group_id;
    return gr->generation < g->generation;
}

way_code way_dispatch_join(way_dispatch *d, const way_station *st, const way_group *gr, bool one_shot, int64_t wait_ms,
                           uint32_t room_msgs, size_t room_bytes, const way_taker_fns *fns, void *arg, way_taker **out,
                           way_err *e)
{
    way_puller *g;
    way_taker *t;

    if (way_link_down_ms(d->pulls) > DOWN_MS)
        return way_fail(e, WAY_E_UNAVAILABLE, "nats-server has been away for %lld ms",
                        (long long)way_link_down_ms(d->pulls));
    g = group_for(d, st, gr);
    if (!is_same(g, st, gr)) {
        if (is_older(g, st, gr))
            return way_fail(e, WAY_E_GONE, "group '%s' was changed meanwhile", gr->spec.name);
        if (g->live)
            end_generation(g, "the group was reset");
        adopt(g, st, gr);
    } else {
        adopt(g, st, gr); /* limits may have been edited */
    }
    t = way_xcalloc(1, sizeof *t);
    *t = (way_taker){.g = g, .fns = *fns, .arg = arg, .one_shot = one_shot, .until_ms = way_mono_ms() + wait_ms,
                     .room_msgs = room_msgs, .room_bytes = room_bytes};
    if (g->takers) {
        t->next = g->takers;
        t->prev = g->takers->prev;
        t->prev->next = t;
        t->next->prev = t;
    } else {
        t->next = t->prev = t;
        g->takers = g->cursor = t;
    }
    g->taker_count++;
    g->ask++;
    way_dispatch_soon(g);
    *out = t;
    return WAY_OK;
}

void way_taker_room(way_taker *t, uint32_t room_msgs, size_t room_bytes)
{
    way_puller *g = t->g;

    t->room_msgs = room_msgs;
    t->room_bytes = room_bytes;
    if (!g)
        return;
    if (g->d->depth == 0) { /* from inside a delivery: the turn does it, or a long queue would be a deep stack */
        enter(g->d);
        way_kept_offer(g);
        leave(g->d);
    }
    way_dispatch_soon(g);
}

void way_taker_leave(way_taker *t)
{
    way_dispatch *d;

    if (!t || !t->g)
        return;
    d = t->g->d;
    enter(d);
    way_dispatch_soon(t->g); /* its room is gone, which may end the others' spell */
    unlink_taker(t);
    leave(d);
}

void way_dispatch_return(way_dispatch *d, const way_station *st, const way_group *gr, const way_receipt *r, way_msg **m)
{
    way_puller *g = group_for(d, st, gr);

    if (g->generation < 0) /* a new one: the group had been idle */
        adopt(g, st, gr);
    if (!g->live || g->station_id != r->station_id || g->group_id != r->group_id || g->generation != r->generation)
        way_msg_free(*m); /* of a generation that ended */
    else
        way_kept_add(g, r, *m, way_msg_bytes(*m), true);
    *m = NULL;
}

void way_dispatch_catalog(way_dispatch *d, const way_catalog *cat)
{
    for (uint32_t i = 0; i < d->group_count; i++) {
        way_puller *g = d->groups[i];
        const way_station *st;
        const way_group *gr;

        if (!g || !g->live)
            continue;
        st = way_catalog_station(cat, g->station);
        gr = st ? way_station_group(st, g->group) : NULL;
        if (!st || st->id != g->station_id || st->state != WAY_ACTIVE)
            end_generation(g, "the station was removed");
        else if (!gr || gr->id != g->group_id || gr->state != WAY_ACTIVE)
            end_generation(g, "the group was removed");
        else if (gr->generation != g->generation)
            end_generation(g, "the group was reset");
        else
            adopt(g, st, gr);
    }
}

uint32_t way_dispatch_groups(const way_dispatch *d)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->group_count; i++)
        if (d->groups[i] && !is_idle(d->groups[i]))
            n++;
    return n;
}

size_t way_dispatch_kept(const way_dispatch *d)
{
    return d->kept_count;
}
