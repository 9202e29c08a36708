/* Consumer groups over HTTP: requests to operations, rows and live figures to JSON. */
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "gateway/manage.h"

static void write_age(way_buf *b, int64_t ms)
{
    way_json_key(b, "oldest_pending_ms");
    if (ms < 0)
        way_json_null(b);
    else
        way_json_int(b, ms);
}

/* Members of the open object. */
static void write_group(way_buf *b, const way_group *g, const way_group_live *live)
{
    way_group_write(&g->spec, b);
    way_json_kv_str(b, "state", way_state_name(g->state));
    way_json_kv_int(b, "generation", g->generation);
    way_json_kv_uint(b, "lag", live->lag);
    way_json_kv_uint(b, "unacked", live->unacked);
    write_age(b, live->oldest_pending_ms);
    way_json_key(b, "partitions");
    way_json_open(b, '[');
    for (int32_t i = 0; i < live->n; i++) {
        const way_group_part *p = &live->parts[i];

        way_json_open(b, '{');
        way_json_kv_int(b, "partition", i + 1);
        way_json_kv_bool(b, "exists", p->exists);
        way_json_kv_uint(b, "lag", p->lag);
        way_json_kv_uint(b, "unacked", p->unacked);
        write_age(b, p->oldest_pending_ms);
        way_json_kv_uint(b, "ack_floor", p->ack_floor);
        way_json_kv_uint(b, "delivered", p->delivered);
        way_json_close(b, '}');
    }
    way_json_close(b, ']');
}

typedef struct found { /* a group in the catalog it lies in */
    const way_catalog *held;
    const way_station *st;
    const way_group *g;
    char internal[WAY_NAME_MAX + 1];
} found;

static void give_back(found *f)
{
    if (f->held != NULL)
        way_catalog_unref(f->held);
    f->held = NULL;
}

/* f is to be given back whatever this returns. */
static way_code find_group(way_work *w, const way_api_request *rq, const char *group, found *f, way_err *e)
{
    char lower[WAY_NAME_MAX + 1];
    way_code rc = way_op_station_find(w, rq->params[0], &f->held, &f->st, e);

    if (rc == WAY_OK)
        rc = way_name_parse("group", group, strlen(group), lower, e);
    if (rc != WAY_OK)
        return rc;
    way_name_internal(lower, f->internal);
    f->g = way_station_group(f->st, f->internal);
    if (f->g == NULL || f->g->state == WAY_DELETING || f->g->state == WAY_GONE)
        return way_fail(e, WAY_E_NOT_FOUND, "station '%s' has no group '%s'", f->st->spec.name, lower);
    return WAY_OK;
}

/* A group with its figures, and what a change has to say beside them. */
static way_code write_found(way_work *w, const way_api_request *rq, const char *group, const char *extra_key,
                            uint64_t extra, const char *note, way_buf *out, way_err *e)
{
    way_group_live live = {.n = 0, .oldest_pending_ms = -1};
    found f = {.held = NULL};
    way_code rc = find_group(w, rq, group, &f, e);

    if (rc == WAY_OK)
        rc = way_op_group_live(w, f.st, f.g, &live, e);
    if (rc == WAY_OK) {
        way_json_open(out, '{');
        write_group(out, f.g, &live);
        if (extra_key != NULL)
            way_json_kv_uint(out, extra_key, extra);
        if (note != NULL && note[0] != '\0')
            way_json_kv_str(out, "note", note);
        way_json_close(out, '}');
        free(live.parts);
    }
    give_back(&f);
    return rc;
}

way_code way_group_list_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    const char *next = NULL, *last = NULL;
    found f = {.held = NULL};
    int64_t n = 0;
    way_page want;
    way_code rc = way_manage_page(rq, "group", &want, e);

    (void)status;
    if (rc == WAY_OK)
        rc = way_op_station_find(w, rq->params[0], &f.held, &f.st, e);
    if (rc == WAY_OK) {
        way_json_open(out, '{');
        way_json_key(out, "groups");
        way_json_open(out, '[');
        for (size_t i = 0; i < f.st->group_count && rc == WAY_OK; i++) {
            const way_group *g = f.st->groups[i];
            way_group_live live = {.n = 0, .oldest_pending_ms = -1};

            if (g->state == WAY_DELETING || g->state == WAY_GONE || strcmp(g->spec.internal, want.after) <= 0)
                continue;
            if (n++ == want.limit) {
                next = last;
                break;
            }
            rc = way_op_group_live(w, f.st, g, &live, e);
            if (rc == WAY_OK) {
                way_json_open(out, '{');
                write_group(out, g, &live);
                way_json_close(out, '}');
                free(live.parts);
            }
            last = g->spec.name;
        }
        way_json_close(out, ']');
        way_json_kv_str(out, "next", next);
        way_json_close(out, '}');
    }
    give_back(&f);
    return rc;
}

way_code way_group_create_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    way_actor by = way_manage_actor(rq);
    found f = {.held = NULL};
    uint64_t dropped = 0;
    way_group_spec spec;
    cJSON *body = NULL;
    way_code rc;

    way_group_spec_init(&spec);
    rc = way_manage_body(rq, false, &body, e);
    if (rc == WAY_OK)
        rc = way_op_station_find(w, rq->params[0], &f.held, &f.st, e);
    if (rc == WAY_OK)
        rc = way_group_parse(body, f.st->spec.partitions, &spec, e);
    if (rc == WAY_OK)
        rc = way_op_group_create(w, &by, rq->params[0], &spec, &dropped, e);
    give_back(&f);
    if (rc == WAY_OK) {
        *status = 201;
        /* what the hold kept and this start skips: said in the answer, for it cannot be had back */
        rc = write_found(w, rq, spec.name, dropped > 0 ? "dropped_messages" : NULL, dropped, NULL, out, e);
    }
    cJSON_Delete(body);
    way_group_spec_fini(&spec);
    return rc;
}

way_code way_group_show_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    (void)status;
    return write_found(w, rq, rq->params[1], NULL, 0, NULL, out, e);
}

way_code way_group_edit_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    way_actor by = way_manage_actor(rq);
    char note[400] = "";
    cJSON *body = NULL;
    bool force = false;
    way_code rc = way_manage_body(rq, false, &body, e);

    (void)status;
    if (rc == WAY_OK)
        rc = way_manage_flag(rq, "force", &force, e);
    if (rc == WAY_OK)
        rc = way_op_group_edit(w, &by, rq->params[0], rq->params[1], body, force, note, sizeof note, e);
    if (rc == WAY_OK)
        rc = write_found(w, rq, rq->params[1], NULL, 0, note, out, e);
    cJSON_Delete(body);
    return rc;
}

way_code way_group_delete_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    way_actor by = way_manage_actor(rq);
    way_code rc = way_op_group_delete(w, &by, rq->params[0], rq->params[1], e);

    (void)out;
    if (rc == WAY_OK)
        *status = 204;
    return rc;
}

static void write_seek(way_buf *out, const way_seek *s, bool dry_run)
{
    way_json_open(out, '{');
    way_json_kv_bool(out, "dry_run", dry_run);
    way_json_kv_uint(out, "skips", s->skips);
    way_json_kv_uint(out, "repeats", s->repeats);
    way_json_kv_int(out, "generation", s->generation);
    way_json_key(out, "partitions");
    way_json_open(out, '[');
    for (int32_t i = 0; i < s->n; i++) {
        way_json_open(out, '{');
        way_json_kv_int(out, "partition", i + 1);
        way_json_kv_uint(out, "from", s->parts[i].from);
        way_json_kv_uint(out, "to", s->parts[i].to);
        way_json_kv_uint(out, "skips", s->parts[i].skips);
        way_json_kv_uint(out, "repeats", s->parts[i].repeats);
        way_json_close(out, '}');
    }
    way_json_close(out, ']');
    way_json_close(out, '}');
}

way_code way_group_seek_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    static const char *const known[] = {"start", "dry_run", NULL};
    way_actor by = way_manage_actor(rq);
    way_seek seek = {.n = 0};
    const cJSON *start = NULL;
    cJSON *body = NULL;
    bool dry_run = false;
    way_code rc = way_manage_body(rq, false, &body, e);

    (void)status;
    if (rc == WAY_OK)
        rc = way_json_only(body, known, e);
    if (rc == WAY_OK)
        rc = way_json_get_bool(body, "dry_run", &dry_run, e);
    if (rc == WAY_OK) {
        start = cJSON_GetObjectItemCaseSensitive(body, "start");
        if (start == NULL)
            rc = way_fail(e, WAY_E_INVAL, "start is missing: \"all\", \"new\", {\"seq\":n}, {\"time\":\"…\"} or {\"last\":n}");
    }
    if (rc == WAY_OK)
        rc = way_op_group_seek(w, &by, rq->params[0], rq->params[1], start, dry_run, &seek, e);
    if (rc == WAY_OK) {
        write_seek(out, &seek, dry_run);
        free(seek.parts);
    }
    cJSON_Delete(body);
    return rc;
}
