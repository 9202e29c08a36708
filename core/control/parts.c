/* Partitions in chunks: between two chunks the deadline and the lease are looked at again, so that a process that was paused
 * stops within one of them. */
#include "core/control/parts.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"

enum { CHUNK = 256 };

typedef char stream_name[WAY_STREAM_MAX + 1];

static void free_texts(char **texts, int32_t n)
{
    for (int32_t i = 0; texts && i < n; i++)
        free(texts[i]);
    free(texts);
}

static way_part_state judge(const way_js_stream_info *i, const char *created, const char *mark)
{
    if (!i->exists)
        return WAY_PART_MISSING;
    if (created[0])
        return strcmp(i->created, created) == 0 ? WAY_PART_OURS : WAY_PART_FOREIGN;
    return strcmp(i->description, mark) == 0 ? WAY_PART_OURS : WAY_PART_FOREIGN;
}

way_code way_parts_look(way_op *op, const way_station_spec *spec, int64_t station_id, way_parts *out, way_err *e)
{
    way_js_port *js = op->w->js;
    int32_t n = spec->partitions;
    way_parts p = {.spec = spec, .station_id = station_id, .n = n};
    char **created = NULL;
    way_map map;

    way_code rc = way_station_streams_created(op->w->pg, station_id, n, &created, e);
    if (rc != WAY_OK)
        return rc;
    way_map_init(&map, spec, station_id, way_control_instance(op->w->ctl));
    p.state = way_xcalloc((size_t)n, sizeof *p.state);
    p.info = way_xcalloc((size_t)n, sizeof *p.info);
    stream_name *names = way_xcalloc((size_t)n, sizeof *names);
    for (int32_t i = 0; i < n; i++)
        way_stream_name(spec->internal, i + 1, names[i]);

    rc = js->streams_info(js, (const stream_name *)names, n, p.info, e);
    for (int32_t i = 0; rc == WAY_OK && i < n; i++) {
        p.state[i] = judge(&p.info[i], created[i], map.mark);
        p.ours += p.state[i] == WAY_PART_OURS;
    }
    free(names);
    free_texts(created, n);
    if (rc != WAY_OK)
        way_parts_fini(&p);
    else
        *out = p;
    return rc;
}

void way_parts_fini(way_parts *p)
{
    free(p->state);
    free(p->info);
    memset(p, 0, sizeof *p);
}

way_code way_parts_whole(const way_parts *p, way_err *e)
{
    for (int32_t i = 0; i < p->n; i++) {
        stream_name name;
        if (p->state[i] == WAY_PART_OURS)
            continue;
        way_stream_name(p->spec->internal, i + 1, name);
        return way_fail(e, WAY_E_CONFLICT, "the stream '%s' of partition %d %s", name, (int)i + 1,
                        p->state[i] == WAY_PART_MISSING
                            ? "is missing: somebody removed it in nats-server"
                            : "is not the one that this station made: somebody replaced it in nats-server");
    }
    return WAY_OK;
}

/* The next partitions that are ours, at most CHUNK; *at is where to go on. */
static int32_t next_chunk(const way_parts *p, int32_t *at, int32_t out[CHUNK])
{
    int32_t n = 0;
    for (; *at < p->n && n < CHUNK; (*at)++)
        if (p->state[*at] == WAY_PART_OURS)
            out[n++] = *at + 1;
    return n;
}

way_code way_parts_update_streams(way_op *op, const way_parts *p, const way_map *m, way_err *e)
{
    way_js_port *js = op->w->js;
    way_js_stream *cfg = way_xcalloc(CHUNK, sizeof *cfg);
    int32_t part[CHUNK], n, at = 0, done;
    way_code rc = WAY_OK;

    while (rc == WAY_OK && (n = next_chunk(p, &at, part)) > 0) {
        for (int32_t i = 0; i < n; i++)
            way_map_stream_over(m, part[i], &p->info[part[i] - 1].config, &cfg[i]);
        rc = way_op_keep(op, e);
        if (rc == WAY_OK)
            rc = js->streams_update(js, cfg, n, &done, e);
    }
    free(cfg);
    return rc;
}

static int32_t next_names(const way_parts *p, int32_t *at, stream_name out[CHUNK])
{
    int32_t part[CHUNK], n = next_chunk(p, at, part);
    for (int32_t i = 0; i < n; i++)
        way_stream_name(p->spec->internal, part[i], out[i]);
    return n;
}

way_code way_parts_delete_streams(way_op *op, const way_parts *p, way_err *e)
{
    way_js_port *js = op->w->js;
    stream_name names[CHUNK];
    int32_t n, at = 0;
    way_code rc = WAY_OK;

    while (rc == WAY_OK && (n = next_names(p, &at, names)) > 0) {
        rc = way_op_keep(op, e);
        if (rc == WAY_OK)
            rc = js->streams_delete(js, (const stream_name *)names, n, e);
    }
    return rc;
}

way_code way_parts_purge_streams(way_op *op, const way_parts *p, uint64_t *removed, way_err *e)
{
    way_js_port *js = op->w->js;
    stream_name names[CHUNK];
    int32_t n, at = 0;
    uint64_t sum = 0;
    way_code rc = WAY_OK;

    while (rc == WAY_OK && (n = next_names(p, &at, names)) > 0) {
        uint64_t some = 0;
        rc = way_op_keep(op, e);
        if (rc == WAY_OK)
            rc = js->streams_purge(js, (const stream_name *)names, n, &some, e);
        sum += some;
    }
    if (rc == WAY_OK)
        *removed = sum;
    return rc;
}

static way_code send(way_js_port *js, way_consumer_verb verb, const way_js_consumer *cfg, int32_t n, way_err *e)
{
    int32_t done = 0;
    switch (verb) {
    case WAY_CONSUMERS_CREATE:
        return js->consumers_create(js, cfg, n, NULL, e);
    case WAY_CONSUMERS_UPDATE:
        return js->consumers_update(js, cfg, n, &done, e);
    case WAY_CONSUMERS_DELETE:
        return js->consumers_delete(js, cfg, n, e);
    }
    return way_fail(e, WAY_E_INTERNAL, "no such request");
}

way_code way_parts_consumers(way_op *op, const way_parts *p, way_consumer_verb verb, way_fill fill, void *arg,
                             way_err *e)
{
    way_js_consumer *cfg = way_xcalloc(CHUNK, sizeof *cfg);
    int32_t part[CHUNK], n, at = 0;
    way_code rc = WAY_OK;

    while (rc == WAY_OK && (n = next_chunk(p, &at, part)) > 0) {
        for (int32_t i = 0; i < n; i++)
            fill(arg, p, part[i], &cfg[i]);
        rc = way_op_keep(op, e);
        if (rc == WAY_OK)
            rc = send(op->w->js, verb, cfg, n, e);
    }
    free(cfg);
    return rc;
}

way_code way_parts_consumers_info(way_op *op, const way_parts *p, const char *consumer, way_js_consumer_info *out,
                                  way_err *e)
{
    way_js_port *js = op->w->js;
    way_js_consumer *cfg = way_xcalloc(CHUNK, sizeof *cfg);
    way_js_consumer_info *some = way_xcalloc(CHUNK, sizeof *some);
    int32_t part[CHUNK], n, at = 0;
    way_code rc = WAY_OK;

    memset(out, 0, (size_t)p->n * sizeof *out);
    while (rc == WAY_OK && (n = next_chunk(p, &at, part)) > 0) {
        for (int32_t i = 0; i < n; i++) {
            memset(&cfg[i], 0, sizeof cfg[i]);
            way_stream_name(p->spec->internal, part[i], cfg[i].stream);
            memcpy(cfg[i].name, consumer, strlen(consumer) + 1);
        }
        rc = js->consumers_info(js, cfg, n, some, e);
        for (int32_t i = 0; rc == WAY_OK && i < n; i++)
            out[part[i] - 1] = some[i];
    }
    free(some);
    free(cfg);
    return rc;
}

way_code way_parts_consumer_missing(way_op *op, const way_parts *p, const char *consumer, int32_t *first, way_err *e)
{
    way_js_consumer_info *info = way_xcalloc((size_t)p->n, sizeof *info);
    way_code rc = way_parts_consumers_info(op, p, consumer, info, e);
    *first = 0;
    for (int32_t i = 0; rc == WAY_OK && i < p->n && *first == 0; i++)
        if (p->state[i] == WAY_PART_OURS && !info[i].exists)
            *first = i + 1;
    free(info);
    return rc;
}
