/* Stations over HTTP: requests to operations, rows and live figures to JSON. */
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "gateway/manage.h"

#define NS_PER_MS 1000000

/* Members of the open object; figures unknown (nats-server away) are null. */
static void write_station(way_buf *b, const way_station *st, const uint64_t *messages, const uint64_t *bytes)
{
    way_station_write(&st->spec, b);
    way_json_kv_str(b, "state", way_state_name(st->state));
    way_json_key(b, "problems");
    if (st->problems != NULL)
        way_json_raw(b, st->problems, strlen(st->problems));
    else
        way_json_raw(b, "[]", 2);
    way_manage_time(b, "created_at", st->created_ms * NS_PER_MS);
    way_manage_time(b, "updated_at", st->updated_ms * NS_PER_MS);
    way_json_key(b, "messages");
    if (messages != NULL)
        way_json_uint(b, *messages);
    else
        way_json_null(b);
    way_json_key(b, "bytes");
    if (bytes != NULL)
        way_json_uint(b, *bytes);
    else
        way_json_null(b);
}

static void write_partitions(way_buf *b, const way_station_live *live)
{
    way_json_open(b, '[');
    for (int32_t i = 0; i < live->n; i++) {
        const way_js_stream_info *p = &live->parts[i];

        way_json_open(b, '{');
        way_json_kv_int(b, "partition", i + 1);
        way_json_kv_bool(b, "exists", p->exists);
        way_json_kv_uint(b, "messages", p->messages);
        way_json_kv_uint(b, "bytes", p->bytes);
        way_json_kv_uint(b, "first_seq", p->first_seq);
        way_json_kv_uint(b, "last_seq", p->last_seq);
        way_manage_time(b, "first_time", p->first_ns);
        way_manage_time(b, "last_time", p->last_ns);
        way_json_kv_str(b, "leader", p->leader[0] != '\0' ? p->leader : NULL);
        way_json_close(b, '}');
    }
    way_json_close(b, ']');
}

/* The station and, when it is there, the catalog it lies in (to be given back).  One that is being created is shown, too. */
static way_code find_any(way_work *w, const char *name, const way_catalog **held, const way_station **out, way_err *e)
{
    char lower[WAY_NAME_MAX + 1], internal[WAY_NAME_MAX + 1];
    way_code rc = way_name_parse("station", name, strlen(name), lower, e);

    if (rc != WAY_OK)
        return rc;
    way_name_internal(lower, internal);
    *out = way_catalog_station(way_hub_read(w->hub, held), internal);
    if (*out != NULL && (*out)->state == WAY_CREATING)
        return WAY_OK;
    return way_op_station_find(w, name, held, out, e);
}

static void give_back(const way_catalog *held)
{
    if (held != NULL)
        way_catalog_unref(held);
}

/* The object after a change, with sums if nats-server gives them: the change is done, whatever comes now. */
static way_code write_changed(way_work *w, const char *name, way_buf *out, way_err *e)
{
    const way_catalog *held = NULL;
    const way_station *st = NULL;
    uint64_t messages = 0, bytes = 0;
    way_code rc = way_op_station_find(w, name, &held, &st, e);

    if (rc == WAY_OK) {
        way_err unknown;
        bool known = way_op_stations_sums(w, &st, 1, &messages, &bytes, &unknown) == WAY_OK;

        way_json_open(out, '{');
        write_station(out, st, known ? &messages : NULL, known ? &bytes : NULL);
        way_json_close(out, '}');
    }
    give_back(held);
    return rc;
}

way_code way_station_list_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    const way_catalog *held = NULL;
    const way_station **page;
    uint64_t *messages, *bytes;
    size_t first, n = 0;
    way_err unknown;
    way_page want;
    bool known;
    way_code rc = way_manage_page(rq, "station", &want, e);

    (void)status;
    if (rc != WAY_OK)
        return rc;
    way_hub_read(w->hub, &held);
    page = way_xcalloc((size_t)want.limit, sizeof *page);
    messages = way_xcalloc((size_t)want.limit, sizeof *messages);
    bytes = way_xcalloc((size_t)want.limit, sizeof *bytes);
    first = way_catalog_station_after(held, want.after);
    while (n < (size_t)want.limit && first + n < held->station_count) {
        page[n] = way_catalog_station_at(held, first + n);
        n++;
    }
    known = n == 0 || way_op_stations_sums(w, page, n, messages, bytes, &unknown) == WAY_OK;

    way_json_open(out, '{');
    way_json_key(out, "stations");
    way_json_open(out, '[');
    for (size_t i = 0; i < n; i++) {
        way_json_open(out, '{');
        write_station(out, page[i], known ? &messages[i] : NULL, known ? &bytes[i] : NULL);
        way_json_close(out, '}');
    }
    way_json_close(out, ']');
    way_json_kv_str(out, "next", n > 0 && first + n < held->station_count ? page[n - 1]->spec.name : NULL);
    way_json_close(out, '}');
    free(page);
    free(messages);
    free(bytes);
    give_back(held);
    return WAY_OK;
}

way_code way_station_create_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    way_actor by = way_manage_actor(rq);
    const way_catalog *held = NULL;
    const way_station *st = NULL;
    const uint64_t none = 0;
    way_station_spec spec;
    cJSON *body = NULL;
    way_code rc;

    way_station_spec_init(&spec);
    rc = way_manage_body(rq, false, &body, e);
    if (rc == WAY_OK)
        rc = way_station_parse(body, &spec, e);
    if (rc == WAY_OK)
        rc = way_op_station_create(w, &by, &spec, e);
    if (rc == WAY_OK)
        rc = way_op_station_find(w, spec.name, &held, &st, e);
    if (rc == WAY_OK) {
        *status = 201;
        way_json_open(out, '{');
        write_station(out, st, &none, &none); /* it has just been made: asking all partitions would say no more */
        way_json_close(out, '}');
    }
    give_back(held);
    cJSON_Delete(body);
    way_station_spec_fini(&spec);
    return rc;
}

way_code way_station_show_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    way_station_live live = {.n = 0};
    const way_catalog *held = NULL;
    const way_station *st = NULL;
    way_code rc = find_any(w, rq->params[0], &held, &st, e);

    (void)status;
    if (rc == WAY_OK && st->state == WAY_ACTIVE)
        rc = way_op_station_live(w, st, &live, e);
    if (rc == WAY_OK) {
        way_json_open(out, '{');
        write_station(out, st, &live.messages, &live.bytes);
        way_json_key(out, "partition_list");
        write_partitions(out, &live);
        if (live.n > 0)
            way_json_kv_int(out, "fullest_partition", live.fullest);
        if (st->spec.ack_based) {
            way_json_key(out, "hold");
            way_json_open(out, '{');
            way_json_kv_bool(out, "in_place", live.held);
            way_json_kv_uint(out, "held_messages", live.held_messages);
            way_json_kv_str(out, "since", live.held_since[0] ? live.held_since : NULL);
            way_json_close(out, '}');
        }
        way_json_close(out, '}');
        free(live.parts);
    }
    give_back(held);
    return rc;
}

way_code way_station_edit_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    way_actor by = way_manage_actor(rq);
    cJSON *body = NULL;
    way_code rc = way_manage_body(rq, false, &body, e);

    (void)status;
    if (rc == WAY_OK)
        rc = way_op_station_edit(w, &by, rq->params[0], body, e);
    if (rc == WAY_OK)
        rc = write_changed(w, rq->params[0], out, e);
    cJSON_Delete(body);
    return rc;
}

way_code way_station_delete_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    way_actor by = way_manage_actor(rq);
    way_code rc = way_op_station_delete(w, &by, rq->params[0], e);

    (void)out;
    if (rc == WAY_OK)
        *status = 204;
    return rc;
}

way_code way_station_purge_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    way_actor by = way_manage_actor(rq);
    uint64_t removed = 0;
    way_code rc = way_manage_no_body(rq, e);

    (void)status;
    if (rc == WAY_OK)
        rc = way_op_station_purge(w, &by, rq->params[0], &removed, e);
    if (rc != WAY_OK)
        return rc;
    way_json_open(out, '{');
    way_json_kv_uint(out, "removed", removed);
    way_json_close(out, '}');
    return WAY_OK;
}

way_code way_station_partitions_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    way_station_live live = {.n = 0};
    const way_catalog *held = NULL;
    const way_station *st = NULL;
    way_code rc = way_op_station_find(w, rq->params[0], &held, &st, e);

    (void)status;
    if (rc == WAY_OK)
        rc = way_op_station_live(w, st, &live, e);
    if (rc == WAY_OK) {
        way_json_open(out, '{');
        way_json_key(out, "partitions");
        write_partitions(out, &live);
        way_json_close(out, '}');
        free(live.parts);
    }
    give_back(held);
    return rc;
}
