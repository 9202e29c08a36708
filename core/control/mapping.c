/* Mapping: one station setting, one stream setting; limits of the station become each partition's share. */
#include "core/control/mapping.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_SEC INT64_C(1000000000)
#define HOLD_ACK_WAIT_MS 30000 /* never used: nobody pulls from a hold */

void way_map_init(way_map *m, const way_station_spec *spec, int64_t station_id, const char *instance)
{
    size_t n = 0;
    m->spec = spec;
    snprintf(m->mark, sizeof m->mark, "Waystation %s, station %" PRId64, instance, station_id);
    snprintf(m->id, sizeof m->id, "%" PRId64, station_id);

    const struct {
        const char *key, *value;
    } pair[] = {{"way.station", spec->name}, {"way.id", m->id}, {"way.description", spec->description},
                {"way.tags", spec->tags}};
    for (size_t i = 0; i < WAY_COUNT(pair); i++) {
        if (!pair[i].value)
            continue;
        m->metadata[n++] = pair[i].key;
        m->metadata[n++] = pair[i].value;
    }
    m->metadata[n] = NULL;
}

void way_map_stream(const way_map *m, int32_t partition, way_js_stream *out)
{
    const way_station_spec *s = m->spec;

    memset(out, 0, sizeof *out);
    way_stream_name(s->internal, partition, out->name);
    snprintf(out->subject, sizeof out->subject, "%s.>", out->name);
    out->storage = s->storage;
    out->replicas = s->replicas;
    out->interest = s->ack_based;
    out->max_age_ns = s->max_age_sec * NS_PER_SEC;
    out->max_msgs = way_station_share(s->max_messages, s->partitions);
    out->max_bytes = way_station_share(s->max_bytes, s->partitions);
    out->max_msg_size = s->max_message_bytes;
    out->dup_window_ns = s->dup_window_ms * NS_PER_MS;
    out->allow_direct = true;
    way_data_subject(s->internal, partition, out->republish_src);
    snprintf(out->republish_dest, sizeof out->republish_dest, WAY_SUBJECT_LIVE ".%s.%" PRId32, s->internal, partition);
    out->description = m->mark;
    out->metadata = m->metadata;
}

static void drop_feed(way_js_stream *out)
{
    out->republish_src[0] = out->republish_dest[0] = '\0';
}

void way_map_stream_new(const way_map *m, int32_t partition, const way_server_info *srv, way_js_stream *out)
{
    way_map_stream(m, partition, out);
    if (out->storage == WAY_STORAGE_MEMORY || way_server_at_least(srv, 2, 10, 0))
        drop_feed(out);
}

void way_map_stream_over(const way_map *m, int32_t partition, const way_js_stream *have, way_js_stream *out)
{
    way_map_stream(m, partition, out);
    if (have->republish_dest[0] == '\0')
        drop_feed(out);
}

bool way_map_stream_differs(const way_js_stream *want, const way_js_stream *have, char *text, size_t size)
{
    const struct {
        const char *what;
        int64_t want, have;
    } number[] = {
        {"storage", want->storage, have->storage},
        {"replicas", want->replicas, have->replicas},
        {"interest retention", want->interest, have->interest},
        {"work-queue retention", want->work_queue, have->work_queue},
        {"max_age (ns)", want->max_age_ns, have->max_age_ns},
        {"max_msgs", want->max_msgs, have->max_msgs},
        {"max_bytes", want->max_bytes, have->max_bytes},
        {"max_msg_size", want->max_msg_size, have->max_msg_size},
        {"duplicate_window (ns)", want->dup_window_ns, have->dup_window_ns},
        {"allow_direct", want->allow_direct, have->allow_direct},
    };
    const struct {
        const char *what, *want, *have;
    } word[] = {
        {"subject", want->subject, have->subject},
        {"republish source", want->republish_src, have->republish_src},
        {"republish destination", want->republish_dest, have->republish_dest},
    };
    for (size_t i = 0; i < WAY_COUNT(number); i++) {
        if (number[i].want == number[i].have)
            continue;
        snprintf(text, size, "%s is %" PRId64 " instead of %" PRId64, number[i].what, number[i].have, number[i].want);
        return true;
    }
    for (size_t i = 0; i < WAY_COUNT(word); i++) {
        if (strcmp(word[i].want, word[i].have) == 0)
            continue;
        snprintf(text, size, "%s is '%s' instead of '%s'", word[i].what, word[i].have, word[i].want);
        return true;
    }
    return false;
}

static void address(const char *internal, int32_t partition, const char *name, way_js_consumer *out)
{
    memset(out, 0, sizeof *out);
    way_stream_name(internal, partition, out->stream);
    way_data_subject(internal, partition, out->filter);
    snprintf(out->name, sizeof out->name, "%s", name);
}

void way_map_group(const char *station_internal, int32_t partition, const way_group_spec *g, uint64_t start_seq,
                   way_js_consumer *out)
{
    address(station_internal, partition, g->internal, out);
    /* a start time would make every later update fail before nats-server 2.10.12: times become sequences (start.h) */
    out->deliver = start_seq > 0 ? WAY_JS_SEQ : WAY_JS_ALL;
    out->start_seq = start_seq;
    way_map_group_live(g, out);
}

void way_map_group_live(const way_group_spec *g, way_js_consumer *inout)
{
    inout->ack_wait_ms = g->backoff_count > 0 ? g->backoff_ms[0] : g->ack_wait_ms; /* what nats-server makes of it */
    inout->max_deliver = g->max_deliver;
    inout->backoff_count = g->backoff_count;
    memcpy(inout->backoff_ms, g->backoff_ms, sizeof inout->backoff_ms);
    inout->max_ack_pending = g->max_ack_pending;
}

bool way_map_group_differs(const way_group_spec *want, const way_js_consumer *have, char *text, size_t size)
{
    way_js_consumer w = {0};
    way_map_group_live(want, &w);
    /* "no limit" comes back as 0 or -1 */
    int64_t w_pending = w.max_ack_pending > 0 ? w.max_ack_pending : 0;
    int64_t h_pending = have->max_ack_pending > 0 ? have->max_ack_pending : 0;
    const struct {
        const char *what;
        int64_t want, have;
    } number[] = {
        {"ack_wait (ms)", w.ack_wait_ms, have->ack_wait_ms},
        {"max_deliver", w.max_deliver, have->max_deliver},
        {"max_ack_pending", w_pending, h_pending},
        {"number of back-off steps", w.backoff_count, have->backoff_count},
    };
    for (size_t i = 0; i < WAY_COUNT(number); i++) {
        if (number[i].want == number[i].have)
            continue;
        snprintf(text, size, "%s is %" PRId64 " instead of %" PRId64, number[i].what, number[i].have, number[i].want);
        return true;
    }
    for (int32_t i = 0; i < w.backoff_count; i++) {
        if (w.backoff_ms[i] == have->backoff_ms[i])
            continue;
        snprintf(text, size, "back-off step %" PRId32 " is %" PRId64 " ms instead of %" PRId64, i + 1,
                 have->backoff_ms[i], w.backoff_ms[i]);
        return true;
    }
    return false;
}

void way_map_hold(const char *station_internal, int32_t partition, way_js_consumer *out)
{
    address(station_internal, partition, WAY_DURABLE_HOLD, out);
    out->deliver = WAY_JS_ALL;
    out->ack_wait_ms = HOLD_ACK_WAIT_MS;
    out->max_deliver = -1;
    out->max_ack_pending = -1;
}
