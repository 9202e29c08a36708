/* pull: one group's pulls over its partitions.
 *
 * What servers do (seen on 2.9.10 and 2.15.2): a pull with no_wait and without expires is answered 404 at once when the partition
 * is empty, else with what is there and then 408 (2.9) or 404; with no_wait and expires it waits for the first message and then ends the
 * same way; a batch that was filled ends without a word.  At max_ack_pending a no_wait pull without expires is not
 * answered at all and never expires, so groups that have that bound sweep with a short one.
 *
 * Two kinds of pulls follow.  A sweep asks what is there now: it costs one round trip and gives its room back, which goes to the
 * partitions that have messages.  When the sweeps found nothing more, the room left is spread over waiting pulls; with
 * less room than partitions those are short and partitions take turns.  At most one pull is open per partition, and the sum
 * of all batches is never above the room.  In bytes the first message of each pull is not counted (a pull asks for at least one),
 * so a group can bring one message per open pull more than its takers' bytes: it is kept until there is room.
 *
 * A new generation.  A consumer that was deleted and made again (a seek) has the same names, and its messages the same ack
 * subjects: a message that the old one sent must not be taken for one of the new, since acking it would settle a delivery that
 * nobody made.  Messages do not say which pull they answer, but all messages of one pull, and the status that ends it,
 * come over one connection in the order in which the consumer sent them, and a deleted consumer ends its open pulls with 409.  So: when
 * the generation ends, each partition with an open pull is stale until that pull is filled or its ending is seen, or its deadline has
 * passed, or the connection was lost (its inbox had one subscriber: what was on its way is gone); a pull that was given up without an
 * ending counts as open for WAY_PULL_LINGER_MS more.  While a partition is stale nothing is pulled from it, and what arrives is
 * dropped, neither acked nor nak'ed, as that would reach the new consumer.  A partition without an open pull has seen the ending of its
 * last one already.
 *
 * The other way round: until the catalog tells of the new consumer, a pull meant for the old one may reach it.  A consumer counts
 * its deliveries upwards (the consumer sequence), so a number that is not above the highest one of the old generation comes from
 * the new consumer for certain.  Then a stale partition delivers it after all; and before the catalog has told,
 * when its receipt would be worthless a moment later, it goes back at once and the partition waits.  Numbers above cannot be told
 * apart: those are dropped and come again after the ack wait.  The count may also start again when a consumer changes its leader, so
 * whatever hints at that forgets it. */
#include "jetstream-adapter/dispatch_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"

enum {
    BATCH_MAX = 10000,
    SWEEP_EXPIRES_MS = 10, /* where a sweep might hang */
    SWEEP_ANSWER_MS = 1000,
    ANSWER_SLACK_MS = 1000,
    FRESH_MS = 50,   /* so long "nothing more" is believed of a partition without an open pull; + 1 ms for each of the
                        partitions, so that sweeping thousands of them one by one leaves pauses */
    HUNG_MS = 60000, /* a sweep without expiry that was not answered may still be queued at the server */
    TURN_MS = 100,   /* waiting pulls when there is less room than partitions */
    WAIT_MIN_MS = 20,
    BEAT_MS = 1000,
    DELETED_MS = 1000, /* after "Consumer Deleted": the catalog tells within that time what became of it */
    RETRY_MS = 100,
    REFUSED_MS = 1000
};

/* ---- accounting ---- */

static size_t largest(const way_puller *g, const way_part *p)
{
    return p->largest ? p->largest : g->message_max;
}

static void reserve(way_puller *g, way_part *p)
{
    size_t want = p->open != WAY_PULL_NONE && p->left > 1 ? (p->left - 1) * largest(g, p) : 0;

    g->reserved += want - p->reserved;
    g->d->reserved += want - p->reserved;
    p->reserved = want;
}

static void end_pull(way_puller *g, way_part *p)
{
    if (p->open == WAY_PULL_NONE)
        return;
    g->open--;
    g->left -= p->left;
    p->open = WAY_PULL_NONE;
    p->left = 0;
    reserve(g, p);
    way_dispatch_soon(g);
}

static void is_empty_now(way_part *p, int64_t now)
{
    p->pending = 0;
    p->empty_ms = now;
    p->empty_ask = p->asked;
}

/* ---- opening ---- */

typedef struct demand {
    int64_t msgs, bytes, island_bytes;
    int64_t wait_ms; /* longest wait of a one-shot taker */
    bool has_streaming;
} demand;

/* for_waiting: a one-shot taker that has something is answered as soon as nothing more is there, and waits for nothing. */
static demand room(const way_puller *g, bool for_waiting, int64_t now)
{
    demand r = {0};
    const way_taker *t = g->takers;

    for (uint32_t i = 0; i < g->taker_count; i++, t = t->next) {
        if (t->room_bytes == 0 || (for_waiting && t->one_shot && t->served))
            continue;
        r.msgs += t->room_msgs;
        r.bytes += (int64_t)t->room_bytes;
        if (!t->one_shot)
            r.has_streaming = true;
        else if (t->until_ms - now > r.wait_ms)
            r.wait_ms = t->until_ms - now;
    }
    r.msgs -= (int64_t)g->left + g->kept_count;
    r.bytes -= (int64_t)g->reserved;
    r.island_bytes = g->d->cfg->pulled_bytes_max - (int64_t)(g->d->reserved + g->d->kept_bytes);
    return r;
}

static bool may_pull(const way_puller *g, const demand *r)
{
    return r->msgs > 0 && (r->bytes > 0 || g->open == 0) && way_link_up(g->d->pulls) &&
           g->d->kept_bytes < (size_t)g->d->cfg->pulled_bytes_max;
}

static bool may_wait(const demand *r)
{
    return r->has_streaming || r->wait_ms >= WAIT_MIN_MS;
}

static bool may_open(const way_part *p, int64_t now)
{
    return p->open == WAY_PULL_NONE && p->blocked_ms <= now && p->stale_ms <= now;
}

/* Swept since the newest taker came, a moment ago, and found empty. */
static bool is_cold(const way_puller *g, const way_part *p, int64_t now)
{
    return p->pending == 0 && p->empty_ms > 0 && p->empty_ask == g->ask && now - p->empty_ms < FRESH_MS + g->partitions;
}

static uint32_t batch_for(const way_puller *g, const way_part *p, const demand *r, int64_t share_msgs,
                          int64_t share_bytes)
{
    int64_t size = (int64_t)largest(g, p), n = share_msgs < r->msgs ? share_msgs : r->msgs;
    int64_t bytes = share_bytes < r->island_bytes ? share_bytes : r->island_bytes;

    if (size > 0 && n > bytes / size)
        n = bytes / size;
    if (n > BATCH_MAX)
        n = BATCH_MAX;
    return n < 1 ? 1 : (uint32_t)n;
}

/* false: it could not be sent now */
static bool open_pull(way_puller *g, int32_t index, way_pull_kind kind, uint32_t batch, bool no_wait, int64_t expires_ms,
                      int64_t now)
{
    way_dispatch *d = g->d;
    way_part *p = &g->parts[index];
    int64_t beat_ms = expires_ms >= 2 * BEAT_MS ? BEAT_MS : 0;
    char stream[WAY_STREAM_MAX + 1], subject[512], reply[256], body[160];
    int n;

    p->serial = ++d->serial;
    way_stream_name(g->station, index + 1, stream);
    snprintf(subject, sizeof subject, "%s.CONSUMER.MSG.NEXT.%s.%s", way_link_api_prefix(d->pulls), stream, g->group);
    snprintf(reply, sizeof reply, "%s.%" PRIx32 "-%" PRId32 "-%" PRIx32, way_link_pull_inbox(d->pulls), g->id, index,
             p->serial);
    n = snprintf(body, sizeof body, "{\"batch\":%" PRIu32 "%s", batch, no_wait ? ",\"no_wait\":true" : "");
    if (expires_ms)
        n += snprintf(body + n, sizeof body - (size_t)n, ",\"expires\":%" PRId64, expires_ms * 1000000);
    if (beat_ms)
        n += snprintf(body + n, sizeof body - (size_t)n, ",\"idle_heartbeat\":%" PRId64, beat_ms * 1000000);
    n += snprintf(body + n, sizeof body - (size_t)n, "}");
    if (way_link_publish(d->pulls, subject, reply, body, (size_t)n, NULL) != WAY_OK) {
        p->blocked_ms = now + RETRY_MS;
        return false;
    }
    if (p->blocked_ms) { /* something was wrong before: a new leader, a new consumer */
        p->blocked_ms = 0;
        p->cseq = 0;
    }
    p->open = kind;
    p->no_wait = no_wait;
    p->left = batch;
    p->got = 0;
    p->asked = g->ask;
    p->deadline_ms = now + (kind == WAY_PULL_SWEEP ? SWEEP_ANSWER_MS : expires_ms + ANSWER_SLACK_MS);
    p->alive_ms = beat_ms ? now + 2 * beat_ms + beat_ms / 2 : p->deadline_ms;
    g->open++;
    g->left += batch;
    reserve(g, p);
    return true;
}

typedef enum which { WITH_PENDING, UNKNOWN, COLD } which;

static which kind_of(const way_puller *g, const way_part *p, int64_t now)
{
    return p->pending > 0 ? WITH_PENDING : is_cold(g, p, now) ? COLD : UNKNOWN;
}

/* Opens pulls on closed partitions of one kind, in turns, while there is room. */
static void open_kind(way_puller *g, demand *r, which kind, int64_t count, way_pull_kind pull, bool no_wait,
                      int64_t expires_ms, int64_t now)
{
    int64_t share_msgs = r->msgs / count > 0 ? r->msgs / count : 1;
    int64_t share_bytes = r->bytes > 0 ? r->bytes / count : 0;
    int32_t first = g->next_part < g->partitions ? g->next_part : 0;

    for (int32_t k = 0; k < g->partitions && r->msgs > 0; k++) {
        int32_t i = (first + k) % g->partitions;
        way_part *p = &g->parts[i];
        uint32_t batch;
        size_t before = g->reserved;

        if (!may_open(p, now) || kind_of(g, p, now) != kind)
            continue;
        batch = batch_for(g, p, r, share_msgs, share_bytes);
        if (!open_pull(g, i, pull, batch, no_wait, expires_ms, now))
            continue;
        g->next_part = i + 1;
        r->msgs -= batch;
        r->bytes -= (int64_t)(g->reserved - before);
        r->island_bytes -= (int64_t)(g->reserved - before);
    }
}

/* Closed partitions of each kind; true: sweeps are under way. */
static bool census(const way_puller *g, int64_t count[3], int64_t now)
{
    bool sweeping = false;

    count[WITH_PENDING] = count[UNKNOWN] = count[COLD] = 0;
    for (int32_t i = 0; i < g->partitions; i++) {
        sweeping = sweeping || g->parts[i].open == WAY_PULL_SWEEP;
        if (may_open(&g->parts[i], now))
            count[kind_of(g, &g->parts[i], now)]++;
    }
    return sweeping;
}

void way_pull_sweep(way_puller *g, int64_t now)
{
    demand r = room(g, false, now);
    int64_t count[3], expires_ms = g->bounded || g->sweeps_hang ? SWEEP_EXPIRES_MS : 0;

    if (!may_pull(g, &r))
        return;
    (void)census(g, count, now);
    if (g->partitions == 1) { /* nobody else could use its room: a waiting pull asks the same */
        demand w = room(g, true, now);

        if (w.msgs > 0 && may_wait(&w))
            count[UNKNOWN] = 0;
    }
    if (count[WITH_PENDING])
        open_kind(g, &r, WITH_PENDING, count[WITH_PENDING] + count[UNKNOWN], WAY_PULL_SWEEP, true, expires_ms, now);
    if (count[UNKNOWN] && r.msgs > 0)
        open_kind(g, &r, UNKNOWN, count[UNKNOWN], WAY_PULL_SWEEP, true, expires_ms, now);
}

void way_pull_wait(way_puller *g, int64_t now)
{
    demand r = room(g, true, now);
    int64_t count[3], expires_ms = WAY_PULL_EXPIRES_MS;

    if (!may_pull(g, &r) || !may_wait(&r) || census(g, count, now))
        return; /* while a sweep is open: what it finds needs the room */
    if (count[WITH_PENDING] + (g->partitions > 1 ? count[UNKNOWN] : 0) > 0)
        return; /* could not be sent */
    if (!r.has_streaming && r.wait_ms < expires_ms)
        expires_ms = r.wait_ms;
    if (count[UNKNOWN] + count[COLD] > r.msgs && expires_ms > TURN_MS)
        expires_ms = TURN_MS;
    if (count[UNKNOWN])
        open_kind(g, &r, UNKNOWN, count[UNKNOWN], WAY_PULL_WAIT, !r.has_streaming, expires_ms, now);
    if (count[COLD])
        open_kind(g, &r, COLD, count[COLD], WAY_PULL_WAIT, !r.has_streaming, expires_ms, now);
}

/* ---- what comes ---- */

/* See "A new generation". */
static bool is_current(way_puller *g, way_part *p, const way_receipt *r, const way_msg *m, int64_t now)
{
    if (p->stale_ms > now) {
        if (p->stale_left > 0 && --p->stale_left == 0)
            p->stale_ms = 0;
        return g->live && r->partition <= g->partitions && r->consumer_seq <= p->old_cseq;
    }
    if (!g->live || r->partition > g->partitions)
        return false;
    if (r->consumer_seq > p->cseq) {
        p->cseq = r->consumer_seq;
        return true;
    }
    p->blocked_ms = now + DELETED_MS;
    if (p->open != WAY_PULL_NONE && p->left > 0) {
        p->left--;
        g->left--;
        if (p->left == 0)
            end_pull(g, p);
    }
    way_kept_back(g, r, m);
    return false;
}

void way_pull_message(way_puller *g, way_receipt *r, way_msg *m)
{
    int64_t now = way_mono_ms();
    way_part *p;
    size_t bytes = way_msg_bytes(m);

    if (r->partition < 1 || r->partition > g->part_count)
        return;
    p = &g->parts[r->partition - 1];
    if (!is_current(g, p, r, m, now))
        return;
    p->last_ms = now;
    p->pending = r->pending;
    if (p->pending == 0)
        is_empty_now(p, now);
    p->trouble_ms = p->missing_ms = 0;
    if (bytes > p->largest)
        p->largest = bytes;
    if (p->open != WAY_PULL_NONE) {
        p->got++;
        p->alive_ms = p->deadline_ms;
        if (p->left > 0) {
            p->left--;
            g->left--;
        }
        if (p->left == 0)
            end_pull(g, p);
        else
            reserve(g, p);
    }
    r->station_id = g->station_id;
    r->group_id = g->group_id;
    r->generation = g->generation;
    if (!way_dispatch_offer(g, r, m, bytes))
        way_kept_add(g, r, way_msg_keep(m), bytes, false);
    way_dispatch_soon(g);
}

static void on_refused(way_puller *g, int32_t index, int status, const way_msg *m, int64_t now)
{
    way_part *p = &g->parts[index];
    const char *why = way_msg_header(m, "Description");

    if (!why)
        why = "";
    if (p->trouble_ms == 0)
        p->trouble_ms = now;
    if (status == 503 || strcmp(why, "Consumer Deleted") == 0) {
        p->blocked_ms = now + (status == 503 ? RETRY_MS : DELETED_MS);
        way_probe_start(g, index + 1, now);
    } else if (status == 409 && (strstr(why, "Leadership") || strstr(why, "Shutdown"))) {
        p->blocked_ms = now + RETRY_MS;
    } else { /* too many waiting pulls, a bound on pulls that somebody has set, … */
        p->blocked_ms = now + REFUSED_MS;
        way_warn("dispatch", "pull_refused", "station=%s partition=%d group=%s status=%d detail=\"%s\"", g->station,
                 index + 1, g->group, status, why);
    }
}

static void on_status(way_puller *g, int32_t index, uint32_t serial, int status, const way_msg *m)
{
    way_part *p = &g->parts[index];
    int64_t now = way_mono_ms();

    if (serial == p->stale_serial && status != 100) {
        p->stale_ms = 0;
        p->stale_serial = 0;
        way_dispatch_soon(g);
    }
    if (serial != p->serial)
        return;
    if (status != 100)
        p->maybe_ms = 0;
    if (p->open == WAY_PULL_NONE)
        return;
    if (status == 100) {
        p->trouble_ms = 0;
        p->alive_ms = now + 2 * BEAT_MS + BEAT_MS / 2;
        return;
    }
    end_pull(g, p);
    if (status == 404 || status == 408) {
        p->trouble_ms = p->missing_ms = 0;
        is_empty_now(p, now);
    } else {
        on_refused(g, index, status, m, now);
    }
}

void way_pull_status(way_dispatch *d, const char *token, way_msg *m)
{
    char *end;
    unsigned long id = strtoul(token, &end, 16), index, serial;
    way_puller *g;

    if (*end != '-')
        return;
    index = strtoul(end + 1, &end, 10);
    if (*end != '-')
        return;
    serial = strtoul(end + 1, &end, 16);
    g = *end == '\0' && id < d->group_count ? d->groups[id] : NULL;
    if (g && index < (unsigned long)g->part_count && serial <= UINT32_MAX && serial > 0)
        on_status(g, (int32_t)index, (uint32_t)serial, way_msg_status(m), m);
}

/* ---- what does not come ---- */

void way_pull_tick(way_puller *g, int64_t now)
{
    for (int32_t i = 0; i < g->part_count; i++) {
        way_part *p = &g->parts[i];

        if (p->open == WAY_PULL_NONE || (now < p->deadline_ms && now < p->alive_ms))
            continue;
        p->maybe_ms = now + WAY_PULL_LINGER_MS;
        if (p->open == WAY_PULL_SWEEP && !g->bounded && !g->sweeps_hang) {
            g->sweeps_hang = true;
            p->maybe_ms = now + HUNG_MS;
        }
        p->blocked_ms = now + RETRY_MS;
        if (p->trouble_ms == 0)
            p->trouble_ms = now;
        end_pull(g, p);
        way_debug("dispatch", "pull_silent", "station=%s partition=%d group=%s", g->station, i + 1, g->group);
        way_probe_start(g, i + 1, now);
    }
}

void way_pull_cut(way_puller *g)
{
    for (int32_t i = 0; i < g->part_count; i++) {
        way_part *p = &g->parts[i];

        end_pull(g, p);
        p->maybe_ms = p->stale_ms = p->blocked_ms = 0;
        p->stale_serial = 0;
        p->cseq = 0;
    }
}

void way_pull_restart(way_puller *g, int64_t now)
{
    for (int32_t i = 0; i < g->part_count; i++) {
        way_part *p = &g->parts[i];

        if (p->open != WAY_PULL_NONE) {
            int64_t until = p->deadline_ms + WAY_PULL_LINGER_MS;

            p->stale_ms = until > p->stale_ms ? until : p->stale_ms;
            p->stale_serial = p->serial;
            p->stale_left = p->left;
            end_pull(g, p);
        } else if (p->maybe_ms > now) {
            p->stale_ms = p->maybe_ms > p->stale_ms ? p->maybe_ms : p->stale_ms;
            p->stale_serial = p->serial;
            p->stale_left = 0; /* not known: only time or a status ends it */
        }
        p->old_cseq = p->cseq;
        p->cseq = 0;
        p->pending = 0;
        p->empty_ms = p->blocked_ms = p->trouble_ms = p->missing_ms = 0;
    }
}

/* ---- asked by turns ---- */

bool way_pull_is_quiet(const way_puller *g, int64_t now, bool *silent_only)
{
    bool silent = false;

    for (int32_t i = 0; i < g->partitions; i++) {
        const way_part *p = &g->parts[i];

        if (p->open == WAY_PULL_NONE)
            continue;
        if (p->pending > 0 && now - p->last_ms <= WAY_MORE_MS)
            return *silent_only = false;
        /* a no_wait pull ends with a status right behind its last message */
        if (p->got > 0 && p->no_wait && now - p->last_ms <= WAY_SPELL_MS)
            return *silent_only = false;
        silent = silent || (p->open == WAY_PULL_SWEEP && p->got == 0);
    }
    *silent_only = silent;
    return !silent;
}

bool way_pull_is_over(const way_puller *g, int64_t now)
{
    if (g->open)
        return false;
    for (int32_t i = 0; i < g->part_count; i++)
        if (g->parts[i].stale_ms > now || g->parts[i].maybe_ms > now)
            return false;
    return true;
}
