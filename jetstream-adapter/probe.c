/* probe: asks whether a consumer exists, when its pulls fail.
 *
 * nats-server 2.9 does not answer a pull for a consumer that is gone, newer ones say "no responders", which a consumer without a leader
 * gives as well: only CONSUMER.INFO tells which.  A consumer that is missing may be on its way back (a seek deletes and makes it
 * again), so that it has to be missing for a while before the takers hear of it. */
#include "jetstream-adapter/dispatch_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/mem.h"

enum {
    ASK_AGAIN_MS = 250,
    ASK_TIMEOUT_MS = 1000,
    MISSING_MS = 1500,
    TROUBLE_MS = 3000,
    INFO_MAX = 256 * 1024,
    /* of JetStream's table of errors */
    CONSUMER_NOT_FOUND = 10014,
    STREAM_NOT_FOUND = 10059
};

/* WAY_OK: there is one.  NOT_FOUND: there is none.  Else: cannot be told. */
static way_code verdict(way_msg *msg)
{
    cJSON *json = NULL;
    const cJSON *error = NULL;
    int64_t err_code = 0;
    size_t len;
    const char *data = way_msg_data(msg, &len);
    way_code rc = way_json_parse(data, len, INFO_MAX, &json, NULL);

    if (rc == WAY_OK)
        rc = way_json_get_object(json, "error", &error, NULL);
    if (rc == WAY_OK && error)
        rc = way_json_get_int(error, "err_code", 0, INT32_MAX, &err_code, NULL);
    if (rc == WAY_OK && error)
        rc = err_code == CONSUMER_NOT_FOUND || err_code == STREAM_NOT_FOUND ? WAY_E_NOT_FOUND : WAY_E_UNAVAILABLE;
    cJSON_Delete(json);
    return rc;
}

static void judge(way_puller *g, int32_t partition, way_code rc, int64_t now)
{
    way_part *p = &g->parts[partition - 1];
    char name[WAY_NAME_MAX + 1], text[240];

    way_name_external(g->group, name);
    if (rc == WAY_OK) {
        p->missing_ms = p->trouble_ms = 0;
        return;
    }
    p->blocked_ms = now + ASK_AGAIN_MS;
    if (rc != WAY_E_NOT_FOUND) {
        p->missing_ms = 0;
        if (p->trouble_ms && now - p->trouble_ms > TROUBLE_MS) {
            snprintf(text, sizeof text, "partition %d of group '%s' cannot be pulled now", partition, name);
            way_dispatch_fail(g, true, WAY_E_UNAVAILABLE, text);
        }
        return;
    }
    if (p->missing_ms == 0) {
        p->missing_ms = now;
    } else if (now - p->missing_ms > MISSING_MS) {
        way_warn("dispatch", "consumer_missing", "station=%s partition=%d group=%s", g->station, partition, g->group);
        snprintf(text, sizeof text, "nats-server has no consumer for group '%s' on partition %d", name, partition);
        way_dispatch_fail(g, false, WAY_E_NOT_FOUND, text);
    }
}

static void on_info(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    way_probe *probe = arg, **at;
    way_dispatch *d = probe->d;
    way_puller *g;

    (void)owner;
    (void)tag;
    if (d) {
        for (at = &d->probes; *at != probe; at = &(*at)->next)
            continue;
        *at = probe->next;
        g = probe->id < d->group_count ? d->groups[probe->id] : NULL;
        if (g && g->instance == probe->instance) {
            g->probing = false;
            if (g->live && probe->partition <= g->partitions)
                judge(g, probe->partition, code == WAY_OK ? verdict(msg) : code, way_mono_ms());
            way_dispatch_soon(g);
        }
    }
    free(probe);
}

void way_probe_start(way_puller *g, int32_t partition, int64_t now)
{
    way_dispatch *d = g->d;
    char stream[WAY_STREAM_MAX + 1], subject[512];
    way_probe *probe;
    way_request rq = {.subject = subject, .timeout_ms = ASK_TIMEOUT_MS, .fn = on_info};

    if (g->probing || g->next_probe_ms > now || !g->live)
        return;
    probe = way_xmalloc(sizeof *probe);
    *probe = (way_probe){.next = d->probes, .d = d, .id = g->id, .instance = g->instance, .partition = partition};
    way_stream_name(g->station, partition, stream);
    snprintf(subject, sizeof subject, "%s.CONSUMER.INFO.%s.%s", way_link_api_prefix(d->acks), stream, g->group);
    rq.arg = probe;
    g->next_probe_ms = now + ASK_AGAIN_MS;
    if (way_link_request(d->acks, &rq, NULL) != WAY_OK) {
        free(probe);
        return;
    }
    d->probes = probe;
    g->probing = true;
}

/* The link outlives the dispatcher and answers what is under way: to nobody. */
void way_probe_forget(way_dispatch *d)
{
    for (way_probe *p = d->probes; p; p = p->next)
        p->d = NULL;
    d->probes = NULL;
}
