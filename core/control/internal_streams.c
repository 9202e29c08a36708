/* Internal streams.  Both are bounded in age and bytes: nats-server counts max_bytes against its disk when the stream is
 * made, so the bounds are modest. */
#include "core/control/internal_streams.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/control/control.h"

#define NS_PER_SEC INT64_C(1000000000)
#define DAY_NS (24 * 60 * 60 * NS_PER_SEC)
#define MIB (INT64_C(1024) * 1024)
#define SMALLEST_SHARE 64 /* of max_bytes, when nats-server has no more room */

/* Never $JS.EVENT.ADVISORY.>: that brings an audit event for every API call. */
static const char *const capture_more[] = {
    "$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.>",
    "$JS.EVENT.METRIC.CONSUMER.ACK." WAY_STREAM_REDRIVE ".>",
    WAY_SUBJECT_TERM ".>",
    "way.capture.>",
    NULL,
};

static const struct internal_stream {
    const char *name, *subject;
    const char *const *more;
    int64_t max_age_ns, max_bytes;
    const char *description;
} streams[] = {
    {WAY_STREAM_CAPTURE, "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.>", capture_more, 7 * DAY_NS, 256 * MIB,
     "Waystation: events that become dead letters"},
    {WAY_STREAM_DEAD, WAY_SUBJECT_DEAD ".>", NULL, 30 * DAY_NS, 1024 * MIB,
     "Waystation: copies of dead messages of ack_based stations"},
};

static void config(const struct internal_stream *s, const way_server_info *srv, way_js_stream *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", s->name);
    snprintf(out->subject, sizeof out->subject, "%s", s->subject);
    out->more_subjects = s->more;
    out->storage = WAY_STORAGE_FILE;
    out->replicas = srv->servers >= 3 ? 3 : 1; /* an advisory is one core publish: with no leader at that instant it is lost */
    out->max_age_ns = s->max_age_ns;
    out->max_bytes = s->max_bytes;
    out->max_msg_size = WAY_MSG_BYTES_MAX_FILE;
    out->dup_window_ns = INT64_C(120) * NS_PER_SEC;
    out->allow_direct = true;
    out->description = s->description;
}

/* Made by another version, or when the cluster or the disk was smaller. */
static way_code bring_up_to_date(way_js_port *js, way_js_stream *cfg, const way_server_info *srv, way_err *e)
{
    char name[1][WAY_STREAM_MAX + 1];
    way_js_stream_info now = {0};
    int32_t done = 0;

    snprintf(name[0], sizeof name[0], "%s", cfg->name);
    way_code rc = js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])name, 1, &now, e);
    if (rc != WAY_OK)
        return rc;
    if (now.exists && srv->servers == 0)
        cfg->replicas = now.config.replicas; /* a server that does not tell the cluster's size changes nothing */
    rc = js->streams_update(js, cfg, 1, &done, e);
    if (rc != WAY_E_FULL || !now.exists)
        return rc;
    cfg->max_bytes = now.config.max_bytes; /* still no room for more */
    return js->streams_update(js, cfg, 1, &done, e);
}

static way_code make(way_js_port *js, const struct internal_stream *s, const way_server_info *srv, way_err *e)
{
    way_js_stream cfg;
    way_code rc = WAY_E_FULL;

    config(s, srv, &cfg);
    for (int64_t share = 1; rc == WAY_E_FULL && share <= SMALLEST_SHARE; share *= 4) {
        cfg.max_bytes = s->max_bytes / share;
        rc = js->streams_create(js, &cfg, 1, NULL, NULL, e);
        if (rc == WAY_OK && share > 1)
            way_warn("control", "internal_stream_small", "stream=%s max_bytes=%lld reason=\"no more room on nats-server\"",
                     cfg.name, (long long)cfg.max_bytes);
    }
    if (rc != WAY_E_EXISTS)
        return rc;
    cfg.max_bytes = s->max_bytes;
    return bring_up_to_date(js, &cfg, srv, e);
}

way_code way_internal_streams_make(way_js_port *js, way_err *e)
{
    way_server_info srv;
    way_err one = {0};
    way_code rc = js->server(js, &srv, e);
    if (rc != WAY_OK)
        return rc;
    for (size_t i = 0; i < WAY_COUNT(streams); i++) { /* each for itself: one that fails must not keep the other away */
        way_code some = make(js, &streams[i], &srv, &one);
        if (some != WAY_OK)
            rc = way_fail(e, some, "%s", one.text);
    }
    return rc;
}
