/* Groups: reading, checking, writing.  One table lists the fields and their bounds for create, edit and load. */
#include "core/model/group.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/base/text.h"

#define ACK_WAIT_MIN_MS 100
#define DAY_MS (24LL * 60 * 60 * 1000)
#define MAX_DELIVER_MAX 1000
#define MAX_ACK_PENDING_MAX 1000000

static const char *const editable[] = {"name",       "ack_wait_ms",     "max_deliver", "backoff_ms",
                                       "max_ack_pending", "ordered", "start",       NULL};
static const char *const read_only[] = {"lag",     "unacked",    "oldest_pending_ms", "partitions", "state",
                                        "station", "generation", "problems",          "created_at", NULL};

void way_group_spec_init(way_group_spec *g)
{
    memset(g, 0, sizeof *g);
    g->ack_wait_ms = WAY_ACK_WAIT_DEFAULT_MS;
    g->max_deliver = WAY_MAX_DELIVER_DEFAULT;
    g->max_ack_pending = -1;
}

void way_start_fini(way_start *s)
{
    free(s->seqs);
    memset(s, 0, sizeof *s);
}

void way_group_spec_fini(way_group_spec *g)
{
    way_start_fini(&g->start);
}

void way_group_spec_copy(way_group_spec *to, const way_group_spec *from)
{
    if (to == from)
        return;
    uint64_t *seqs = NULL;
    if (from->start.seqs != NULL) {
        seqs = way_xcalloc((size_t)from->start.nseqs, sizeof *seqs);
        memcpy(seqs, from->start.seqs, (size_t)from->start.nseqs * sizeof *seqs);
    }
    way_start_fini(&to->start);
    *to = *from;
    to->start.seqs = seqs;
}

/* ---- start ---- */

static way_code start_refused(way_err *e)
{
    return way_fail(e, WAY_E_INVAL, "start must be \"all\", \"new\", {\"last\":n}, {\"seq\":n}, "
                                    "{\"seq\":{\"<partition>\":n}} or {\"time\":\"2026-01-31T12:00:00Z\"}");
}

static way_code parse_seqs(const cJSON *obj, int32_t partitions, way_start *out, way_err *e)
{
    way_code rc = WAY_OK;
    uint64_t p;
    int64_t seq;

    out->seqs = way_xcalloc((size_t)partitions, sizeof *out->seqs);
    out->nseqs = partitions;
    for (const cJSON *c = obj->child; c != NULL && rc == WAY_OK; c = c->next) {
        size_t len = strlen(c->string);
        if (!way_u64_parse(c->string, len, &p) || p < 1 || p > (uint64_t)partitions) {
            char quoted[WAY_QUOTE_MAX];
            rc = way_fail(e, WAY_E_INVAL, "start.seq names partition \"%s\"; the station has 1 to %d",
                          way_text_quote(c->string, len, quoted), partitions);
        } else if (!way_json_integer(c, &seq) || seq < 0) {
            rc = way_fail(e, WAY_E_INVAL, "start.seq of partition %s must be a whole number from 0 to %lld", c->string,
                          WAY_JSON_INT_MAX);
        } else {
            out->seqs[p - 1] = (uint64_t)seq;
        }
    }
    return rc;
}

static way_code parse_start_object(const cJSON *v, int32_t partitions, way_start *out, way_err *e)
{
    const cJSON *c = v->child;
    int64_t n;

    if (c == NULL || c->next != NULL)
        return start_refused(e);
    if (strcmp(c->string, "last") == 0) {
        out->kind = WAY_START_LAST;
        if (!way_json_integer(c, &n) || n < 1 || n > WAY_LAST_MAX)
            return way_fail(e, WAY_E_INVAL, "start.last must be a whole number from 1 to %d", WAY_LAST_MAX);
        out->last = n;
        return WAY_OK;
    }
    if (strcmp(c->string, "seq") == 0) {
        out->kind = WAY_START_SEQ;
        if (cJSON_IsObject(c))
            return parse_seqs(c, partitions, out, e);
        if (!way_json_integer(c, &n) || n < 1)
            return way_fail(e, WAY_E_INVAL, "start.seq must be a whole number from 1 to %lld, or an object of them",
                            WAY_JSON_INT_MAX);
        out->seq = (uint64_t)n;
        return WAY_OK;
    }
    if (strcmp(c->string, "time") == 0) {
        out->kind = WAY_START_TIME;
        if (!cJSON_IsString(c) || !way_rfc3339_to_ns(c->valuestring, strlen(c->valuestring), &out->time_ns))
            return way_fail(e, WAY_E_INVAL, "start.time must be an RFC 3339 time such as 2026-01-31T12:00:00Z");
        return WAY_OK;
    }
    return start_refused(e);
}

way_code way_start_parse(const cJSON *v, int32_t partitions, way_start *out, way_err *e)
{
    way_start s;
    way_code rc = WAY_OK;

    memset(&s, 0, sizeof s);
    if (cJSON_IsObject(v))
        rc = parse_start_object(v, partitions, &s, e);
    else if (cJSON_IsString(v) && strcmp(v->valuestring, "all") == 0)
        s.kind = WAY_START_ALL;
    else if (cJSON_IsString(v) && strcmp(v->valuestring, "new") == 0)
        s.kind = WAY_START_NEW;
    else
        rc = start_refused(e);
    if (rc != WAY_OK) {
        way_start_fini(&s);
        return rc;
    }
    way_start_fini(out);
    *out = s;
    return WAY_OK;
}

static void write_seqs(const way_start *s, way_buf *out)
{
    char key[16];

    way_json_open(out, '{');
    for (int32_t i = 0; i < s->nseqs; i++) {
        snprintf(key, sizeof key, "%d", i + 1);
        way_json_kv_uint(out, key, s->seqs[i]);
    }
    way_json_close(out, '}');
}

void way_start_write(const way_start *s, way_buf *out)
{
    char when[WAY_RFC3339_MAX];

    if (s->kind == WAY_START_ALL || s->kind == WAY_START_NEW) {
        way_json_str(out, s->kind == WAY_START_ALL ? "all" : "new");
        return;
    }
    way_json_open(out, '{');
    switch (s->kind) {
    case WAY_START_LAST:
        way_json_kv_int(out, "last", s->last);
        break;
    case WAY_START_TIME:
        way_rfc3339_from_ns(s->time_ns, when);
        way_json_kv_str(out, "time", when);
        break;
    default:
        way_json_key(out, "seq");
        if (s->seqs != NULL)
            write_seqs(s, out);
        else
            way_json_uint(out, s->seq);
    }
    way_json_close(out, '}');
}

/* ---- the whole group ---- */

static way_code check_fields(const cJSON *body, way_err *e)
{
    if (cJSON_IsObject(body))
        for (const char *const *key = read_only; *key != NULL; key++)
            if (cJSON_GetObjectItemCaseSensitive(body, *key) != NULL)
                return way_fail(e, WAY_E_INVAL, "%s is read-only: leave it out", *key);
    return way_json_only(body, editable, e);
}

static way_code read_backoff(const cJSON *body, way_group_spec *g, way_err *e)
{
    const cJSON *list = NULL;
    int64_t ms;
    int32_t n = 0;

    way_code rc = way_json_get_array(body, "backoff_ms", &list, e);
    if (rc != WAY_OK || list == NULL)
        return rc;
    memset(g->backoff_ms, 0, sizeof g->backoff_ms);
    for (const cJSON *c = list->child; c != NULL; c = c->next, n++) {
        if (n == WAY_BACKOFF_MAX)
            return way_fail(e, WAY_E_INVAL, "backoff_ms has more than %d steps", WAY_BACKOFF_MAX);
        if (!way_json_integer(c, &ms) || ms < ACK_WAIT_MIN_MS || ms > DAY_MS)
            return way_fail(e, WAY_E_INVAL, "backoff_ms step %d must be a whole number from %d to %lld", n + 1,
                            ACK_WAIT_MIN_MS, DAY_MS);
        g->backoff_ms[n] = ms;
    }
    g->backoff_count = n;
    return WAY_OK;
}

/* Settings that an edit may change as well. */
static way_code read_settings(const cJSON *body, way_group_spec *g, way_err *e)
{
    int64_t pending = g->max_ack_pending;
    bool ordered = g->ordered;
    bool names_pending = cJSON_IsNumber(cJSON_GetObjectItemCaseSensitive(body, "max_ack_pending"));
    way_code rc;

    if ((rc = way_json_get_int(body, "ack_wait_ms", ACK_WAIT_MIN_MS, DAY_MS, &g->ack_wait_ms, e)) != WAY_OK ||
        (rc = way_json_get_int(body, "max_deliver", 1, MAX_DELIVER_MAX, &g->max_deliver, e)) != WAY_OK ||
        (rc = way_json_get_int(body, "max_ack_pending", -1, MAX_ACK_PENDING_MAX, &pending, e)) != WAY_OK ||
        (rc = way_json_get_bool(body, "ordered", &ordered, e)) != WAY_OK ||
        (rc = read_backoff(body, g, e)) != WAY_OK)
        return rc;
    if (pending == 0)
        return way_fail(e, WAY_E_INVAL, "max_ack_pending is 0; it must be -1 (none) or between 1 and %d",
                        MAX_ACK_PENDING_MAX);
    if (ordered && names_pending && pending != 1)
        return way_fail(e, WAY_E_INVAL, "max_ack_pending is %lld; with ordered it is always 1: leave it out",
                        (long long)pending);
    if (g->ordered && !ordered && !names_pending)
        pending = -1; /* 1 was only the consequence of ordered */
    g->ordered = ordered;
    g->max_ack_pending = ordered ? 1 : pending;
    if (g->backoff_count >= g->max_deliver)
        return way_fail(e, WAY_E_INVAL, "backoff_ms has %d steps; it must have fewer than max_deliver (%lld)",
                        g->backoff_count, (long long)g->max_deliver);
    return WAY_OK;
}

static way_code read_name(const cJSON *body, way_group_spec *g, way_err *e)
{
    const char *name = NULL;
    way_code rc = way_json_get_str(body, "name", SIZE_MAX, &name, e);
    if (rc != WAY_OK)
        return rc;
    if (name == NULL)
        return way_fail(e, WAY_E_INVAL, "name is missing");
    rc = way_name_parse("group", name, strlen(name), g->name, e);
    if (rc == WAY_OK)
        way_name_internal(g->name, g->internal);
    return rc;
}

static way_code read_start(const cJSON *body, int32_t partitions, way_group_spec *g, way_err *e)
{
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(body, "start");
    if (start == NULL || cJSON_IsNull(start))
        return WAY_OK;
    return way_start_parse(start, partitions, &g->start, e);
}

/* Hands the finished spec over, or drops it. */
static way_code finish(way_code rc, way_group_spec *g, way_group_spec *out)
{
    if (rc == WAY_OK)
        way_group_spec_copy(out, g);
    way_group_spec_fini(g);
    return rc;
}

way_code way_group_parse(const cJSON *body, int32_t partitions, way_group_spec *out, way_err *e)
{
    way_group_spec g;
    way_code rc = check_fields(body, e);

    way_group_spec_init(&g);
    if (rc == WAY_OK)
        rc = read_name(body, &g, e);
    if (rc == WAY_OK)
        rc = read_settings(body, &g, e);
    if (rc == WAY_OK)
        rc = read_start(body, partitions, &g, e);
    return finish(rc, &g, out);
}

way_code way_group_patch(const way_group_spec *now, const cJSON *body, way_group_spec *out, way_err *e)
{
    way_group_spec g;
    char name[WAY_NAME_MAX + 1];
    way_code rc = check_fields(body, e);

    if (rc != WAY_OK)
        return rc;
    const cJSON *named = cJSON_GetObjectItemCaseSensitive(body, "name");
    if (cJSON_IsString(named) &&
        (way_name_parse("group", named->valuestring, strlen(named->valuestring), name, NULL) != WAY_OK ||
         strcmp(name, now->name) != 0))
        return way_fail(e, WAY_E_CONFLICT, "name cannot be changed: add a new group and delete this one");
    if (cJSON_GetObjectItemCaseSensitive(body, "start") != NULL)
        return way_fail(e, WAY_E_CONFLICT, "start cannot be edited: move the group with :seek");
    way_group_spec_init(&g);
    way_group_spec_copy(&g, now);
    return finish(read_settings(body, &g, e), &g, out);
}

void way_group_write(const way_group_spec *g, way_buf *out)
{
    way_json_kv_str(out, "name", g->name);
    way_json_kv_int(out, "ack_wait_ms", g->ack_wait_ms);
    way_json_kv_int(out, "max_deliver", g->max_deliver);
    way_json_key(out, "backoff_ms");
    way_json_open(out, '[');
    for (int32_t i = 0; i < g->backoff_count; i++)
        way_json_int(out, g->backoff_ms[i]);
    way_json_close(out, ']');
    way_json_kv_int(out, "max_ack_pending", g->max_ack_pending);
    way_json_kv_bool(out, "ordered", g->ordered);
    way_json_key(out, "start");
    way_start_write(&g->start, out);
}

void way_group_save(const way_group_spec *g, way_buf *out)
{
    way_json_open(out, '{');
    way_group_write(g, out);
    /* what "last n" was resolved to: a create that a crash cut short must end with the same numbers */
    if (g->start.kind == WAY_START_LAST && g->start.seqs != NULL) {
        way_json_key(out, "start_seqs");
        write_seqs(&g->start, out);
    }
    way_json_close(out, '}');
}

static int32_t highest_partition(const cJSON *obj)
{
    uint64_t p, highest = 1;
    for (const cJSON *c = obj != NULL ? obj->child : NULL; c != NULL; c = c->next)
        if (c->string != NULL && way_u64_parse(c->string, strlen(c->string), &p) && p > highest &&
            p <= WAY_PARTITIONS_MAX)
            highest = p;
    return (int32_t)highest;
}

way_code way_group_load(const char *json, way_group_spec *out, way_err *e)
{
    way_group_spec g;
    cJSON *body = NULL;
    size_t len = strlen(json);

    way_code rc = way_json_parse(json, len, len, &body, e);
    if (rc != WAY_OK)
        return rc;
    way_group_spec_init(&g);
    /* no check for unknown fields: a newer version may have written the row */
    rc = read_name(body, &g, e);
    if (rc == WAY_OK)
        rc = read_settings(body, &g, e);
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(body, "start");
    const cJSON *seqs = cJSON_GetObjectItemCaseSensitive(start, "seq");
    if (rc == WAY_OK)
        rc = read_start(body, highest_partition(seqs), &g, e);
    seqs = cJSON_GetObjectItemCaseSensitive(body, "start_seqs");
    if (rc == WAY_OK && cJSON_IsObject(seqs) && g.start.seqs == NULL)
        rc = parse_seqs(seqs, highest_partition(seqs), &g.start, e);
    cJSON_Delete(body);
    return finish(rc, &g, out);
}
