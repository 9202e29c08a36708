/* Streams of the port.
 *
 * Creating looks first: on one server `did_create` is always true, so the answer to a create does not tell whether it made
 * anything.  Two daemons never create the same station (the row's unique name decides), so nothing comes between the look and the
 * create. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "jetstream-adapter/admin_job.h"

/* A single server refuses a create with replicas but takes an update and even shows them: so both are checked here. */
static way_code check_replicas(const way_admin_job *j, int32_t n, way_err *e)
{
    int32_t servers = j->server->servers;

    for (int32_t i = 0; i < n; i++)
        if (servers > 0 && j->streams[i].replicas > servers)
            return way_fail(e, WAY_E_INVAL, "%d replicas need %d servers: nats-server's cluster has %d",
                            (int)j->streams[i].replicas, (int)j->streams[i].replicas, (int)servers);
    return WAY_OK;
}

/* ---- whose subject is it ---- */

typedef struct owner_search {
    const char *subject;
    const char *except;
    char name[256];
} owner_search;

static way_code ask_owner(void *arg, way_call *c, way_err *e)
{
    owner_search *s = arg;

    (void)e;
    snprintf(c->subject, sizeof c->subject, "STREAM.NAMES");
    way_json_open(&c->body, '{');
    way_json_kv_str(&c->body, "subject", s->subject);
    way_json_close(&c->body, '}');
    return WAY_OK;
}

static way_code answer_owner(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    owner_search *s = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    const cJSON *name;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    (void)c;
    cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(json, "streams"))
    {
        if (cJSON_IsString(name) && strcmp(name->valuestring, s->except) != 0 && !s->name[0])
            snprintf(s->name, sizeof s->name, "%s", name->valuestring);
    }
    cJSON_Delete(json);
    return rc;
}

static way_code name_the_owner(way_js_port *port, const way_admin_job *j, way_err *e)
{
    const way_js_stream *st = &j->streams[j->overlapped];
    const char *const *more = st->more_subjects;
    owner_search s = {.subject = st->subject, .except = st->name};
    way_plan plan = {ask_owner, answer_owner, &s};

    while (way_api_run(j->api, port->deadline_ms, 1, &plan, NULL) == WAY_OK && !s.name[0] && more && *more)
        s.subject = *more++;
    if (s.name[0])
        return way_fail(e, WAY_E_CONFLICT, "stream %s: its subject %s overlaps with the existing stream '%s'", st->name,
                        s.subject, s.name);
    return way_fail(e, WAY_E_CONFLICT, "stream %s: its subject %s overlaps with an existing stream", st->name,
                    st->subject);
}

/* ---- streams: create ---- */

static way_code ask_stream_create(void *arg, way_call *c, way_err *e)
{
    way_admin_job *j = arg;
    const way_js_stream *st = &j->streams[c->i];

    if (c->step == 0) {
        way_js_stream_write(st, j->server, &c->sent);
        return way_admin_subject(c, "STREAM.INFO", st->name, NULL, e);
    }
    way_buf_add(&c->body, c->sent.data, c->sent.len);
    return way_admin_subject(c, "STREAM.CREATE", st->name, NULL, e);
}

static way_code answer_stream_create(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
    const char *name = j->streams[c->i].name;
    char field[64];
    way_js_fault fault;
    way_js_stream_info info;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc != WAY_OK)
        return rc;
    if (fault.err_code == WAY_JS_STREAM_NOT_FOUND && c->step == 0) {
        c->again = true;
        return WAY_OK;
    }
    if (fault.err_code != 0) {
        if (fault.err_code == WAY_JS_SUBJECT_OVERLAP && j->overlapped < 0)
            j->overlapped = c->i;
        return way_admin_refused(&fault, name, NULL, e);
    }
    if (c->step == 1 && j->made)
        j->made[c->i] = true; /* before the comparison: a stream that came out differently is still ours to undo */
    rc = way_js_stream_read(json, &info, e);
    if (rc == WAY_OK && way_js_differs(c->sent.data, c->sent.len, json, field, sizeof field))
        rc = c->step == 1 ? way_admin_dropped(j, name, NULL, field, e)
                          : way_fail(e, WAY_E_EXISTS, "stream %s exists with another '%s'", name, field);
    if (rc == WAY_OK && j->stream_infos)
        j->stream_infos[c->i] = info;
    cJSON_Delete(json);
    return rc;
}

way_code way_admin_streams_create(way_js_port *port, const way_js_stream *cfg, int32_t n, way_js_stream_info *out,
                               bool *made, way_err *e)
{
    way_admin_job j = {.streams = cfg, .stream_infos = out, .made = made};
    way_code rc;

    for (int32_t i = 0; i < n; i++) {
        if (made)
            made[i] = false;
        if (out)
            out[i] = (way_js_stream_info){0};
    }
    rc = way_admin_begin(port, &j, e);
    if (rc == WAY_OK)
        rc = check_replicas(&j, n, e);
    if (rc == WAY_OK)
        rc = way_admin_run(port, &j, n, ask_stream_create, answer_stream_create, e);
    if (rc == WAY_E_CONFLICT && j.overlapped >= 0)
        rc = name_the_owner(port, &j, e);
    return rc;
}

/* ---- streams: update ---- */

static way_code ask_stream_update(void *arg, way_call *c, way_err *e)
{
    way_admin_job *j = arg;
    const way_js_stream *st = &j->streams[c->i];

    if (c->step == 0)
        return way_admin_subject(c, "STREAM.INFO", st->name, NULL, e);
    way_buf_add(&c->body, c->sent.data, c->sent.len);
    return way_admin_subject(c, "STREAM.UPDATE", st->name, NULL, e);
}

/* Step 0: sent becomes theirs with ours over it.  Step 1: compares only what is ours. */
static way_code answer_stream_update(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
    const way_js_stream *st = &j->streams[c->i];
    char field[64];
    way_js_fault fault;
    cJSON *json = NULL;
    way_buf ours;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc != WAY_OK)
        return rc;
    if (fault.err_code != 0) {
        if (fault.err_code == WAY_JS_SUBJECT_OVERLAP && j->overlapped < 0)
            j->overlapped = c->i;
        return way_admin_refused(&fault, st->name, NULL, e);
    }
    way_buf_init(&ours, 0);
    way_js_stream_write(st, j->server, &ours);
    if (ours.failed) {
        rc = way_fail(e, WAY_E_FULL, "no memory");
    } else if (c->step == 0) {
        if (way_js_overlay(data, len, ours.data, ours.len, &c->sent))
            c->again = true;
        else
            rc = way_fail(e, WAY_E_INTERNAL, "nats-server's answer is no stream info");
    } else if (way_js_differs(ours.data, ours.len, json, field, sizeof field)) {
        rc = way_admin_dropped(j, st->name, NULL, field, e);
    } else {
        j->settled[c->i] = true;
    }
    way_buf_fini(&ours);
    cJSON_Delete(json);
    return rc;
}

way_code way_admin_streams_update(way_js_port *port, const way_js_stream *cfg, int32_t n, int32_t *done, way_err *e)
{
    way_admin_job j = {.streams = cfg};
    way_code rc = way_admin_begin(port, &j, e);

    if (done)
        *done = 0;
    if (rc == WAY_OK)
        rc = check_replicas(&j, n, e);
    if (rc != WAY_OK)
        return rc;
    j.settled = way_xcalloc((size_t)n + 1, sizeof *j.settled);
    rc = way_admin_run(port, &j, n, ask_stream_update, answer_stream_update, e);
    if (rc == WAY_E_CONFLICT && j.overlapped >= 0)
        rc = name_the_owner(port, &j, e);
    if (done)
        *done = way_admin_settled(j.settled, n);
    free(j.settled);
    return rc;
}

/* ---- streams: the rest ---- */

static way_code ask_stream(void *arg, way_call *c, way_err *e)
{
    way_admin_job *j = arg;

    return way_admin_subject(c, j->verb, j->names[c->i], NULL, e);
}

static way_code answer_stream_info(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc != WAY_OK || fault.err_code == WAY_JS_STREAM_NOT_FOUND)
        return rc;
    if (fault.err_code != 0)
        return way_admin_refused(&fault, j->names[c->i], NULL, e);
    rc = way_js_stream_read(json, &j->stream_infos[c->i], e);
    cJSON_Delete(json);
    return rc;
}

way_code way_admin_streams_info(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                             way_js_stream_info *out, way_err *e)
{
    way_admin_job j = {.verb = "STREAM.INFO", .names = names, .stream_infos = out};
    way_code rc = way_admin_begin(port, &j, e);

    for (int32_t i = 0; i < n; i++)
        out[i] = (way_js_stream_info){0};
    return rc == WAY_OK ? way_admin_run(port, &j, n, ask_stream, answer_stream_info, e) : rc;
}

static way_code answer_stream_delete(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc == WAY_OK && fault.err_code != 0 && fault.err_code != WAY_JS_STREAM_NOT_FOUND)
        rc = way_admin_refused(&fault, j->names[c->i], NULL, e);
    cJSON_Delete(json);
    return rc;
}

way_code way_admin_streams_delete(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n, way_err *e)
{
    way_admin_job j = {.verb = "STREAM.DELETE", .names = names};
    way_code rc = way_admin_begin(port, &j, e);

    return rc == WAY_OK ? way_admin_run(port, &j, n, ask_stream, answer_stream_delete, e) : rc;
}

static way_code answer_stream_purge(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    int64_t purged = 0;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc == WAY_OK && fault.err_code != 0)
        rc = way_admin_refused(&fault, j->names[c->i], NULL, e);
    else if (rc == WAY_OK)
        rc = way_json_get_int(json, "purged", 0, INT64_MAX, &purged, e);
    j->removed += (uint64_t)purged;
    cJSON_Delete(json);
    return rc;
}

way_code way_admin_streams_purge(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                              uint64_t *removed, way_err *e)
{
    way_admin_job j = {.verb = "STREAM.PURGE", .names = names};
    way_code rc = way_admin_begin(port, &j, e);

    if (rc == WAY_OK)
        rc = way_admin_run(port, &j, n, ask_stream, answer_stream_purge, e);
    if (removed)
        *removed = j.removed; /* also after an error: what is gone is gone */
    return rc;
}
