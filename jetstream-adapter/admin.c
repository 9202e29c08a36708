/* Admin: what each function of the port asks, and what it makes of the answers.
 *
 * Creating looks first: on one server `did_create` is always true, a refused consumer create can damage the live one, and servers
 * below 2.10 turn a create of an existing consumer into an update.  Two daemons never create the same station
 * (the row's unique name decides), so nothing comes between the look and the create. */
#include "jetstream-adapter/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "jetstream-adapter/api.h"
#include "jetstream-adapter/codec.h"

#define NAMES_PAGES_MAX 1024

typedef struct admin {
    way_js_port port; /* first: the port is the object */
    way_api *api;
} admin;

/* One call of the port: what it was given, and how far each item is. */
typedef struct job {
    admin *a;
    const way_server_info *server;
    const char *verb; /* for subjects and errors */
    const way_js_stream *streams;
    const way_js_consumer *consumers;
    const char (*names)[WAY_STREAM_MAX + 1];
    const uint64_t *seqs;
    way_js_stream_info *stream_infos;
    way_js_consumer_info *consumer_infos;
    way_js_msg *messages;
    bool *made;
    bool *settled;     /* updates: surely carries the new config */
    uint64_t removed;
    int32_t overlapped; /* the stream whose subject another one has; -1 none */
} job;

static admin *self(way_js_port *port)
{
    return (admin *)(void *)port;
}

/* ---- shared by all ---- */

/* Names go between dots of a subject: nothing may end a token or the protocol line. */
static way_code check_token(const char *name, way_err *e)
{
    if (!*name)
        return way_fail(e, WAY_E_INVAL, "a stream or consumer name is empty");
    for (const char *p = name; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr(".*>", *p))
            return way_fail(e, WAY_E_INVAL, "the stream or consumer name '%.64s' cannot be part of a subject", name);
    return WAY_OK;
}

static way_code set_subject(way_call *c, const char *verb, const char *stream, const char *consumer, way_err *e)
{
    way_code rc = check_token(stream, e);

    if (rc == WAY_OK && consumer)
        rc = check_token(consumer, e);
    if (rc == WAY_OK)
        snprintf(c->subject, sizeof c->subject, "%s.%s%s%s", verb, stream, consumer ? "." : "",
                 consumer ? consumer : "");
    return rc;
}

static way_code refused(const way_js_fault *f, const char *stream, const char *consumer, way_err *e)
{
    return way_fail(e, way_js_fault_code(f), "stream %s%s%s: %s (nats-server error %d)", stream,
                    consumer ? ", consumer " : "", consumer ? consumer : "", f->text, (int)f->err_code);
}

static way_code dropped(const job *j, const char *stream, const char *consumer, const char *field, way_err *e)
{
    return way_fail(e, WAY_E_NEWER_SERVER, "stream %s%s%s: nats-server %s did not take over '%s'; a newer one may", stream,
                    consumer ? ", consumer " : "", consumer ? consumer : "", j->server->version, field);
}

static way_code begin(way_js_port *port, job *j, way_err *e)
{
    j->a = self(port);
    j->overlapped = -1;
    return way_api_server(j->a->api, port->deadline_ms, &j->server, e);
}

static way_code go(way_js_port *port, job *j, int32_t n, way_code (*ask)(void *, way_call *, way_err *),
                   way_code (*answer)(void *, way_call *, const char *, size_t, way_err *), way_err *e)
{
    way_plan plan = {ask, answer, j};

    return way_api_run(j->a->api, port->deadline_ms, n, &plan, e);
}

static int32_t count_settled(const bool *settled, int32_t n)
{
    int32_t done = 0;

    while (done < n && settled[done])
        done++;
    return done;
}

static way_code admin_server(way_js_port *port, way_server_info *out, way_err *e)
{
    const way_server_info *s = NULL;
    way_code rc = way_api_server(self(port)->api, port->deadline_ms, &s, e);

    if (rc == WAY_OK)
        *out = *s;
    return rc;
}

/* A single server refuses a create with replicas but takes an update and even shows them: so both are checked here. */
static way_code check_replicas(const job *j, int32_t n, way_err *e)
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

static way_code name_the_owner(way_js_port *port, const job *j, way_err *e)
{
    const way_js_stream *st = &j->streams[j->overlapped];
    const char *const *more = st->more_subjects;
    owner_search s = {.subject = st->subject, .except = st->name};
    way_plan plan = {ask_owner, answer_owner, &s};

    while (way_api_run(j->a->api, port->deadline_ms, 1, &plan, NULL) == WAY_OK && !s.name[0] && more && *more)
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
    job *j = arg;
    const way_js_stream *st = &j->streams[c->i];

    if (c->step == 0) {
        way_js_stream_write(st, j->server, &c->sent);
        return set_subject(c, "STREAM.INFO", st->name, NULL, e);
    }
    way_buf_add(&c->body, c->sent.data, c->sent.len);
    return set_subject(c, "STREAM.CREATE", st->name, NULL, e);
}

static way_code answer_stream_create(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
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
        return refused(&fault, name, NULL, e);
    }
    if (c->step == 1 && j->made)
        j->made[c->i] = true; /* before the comparison: a stream that came out differently is still ours to undo */
    rc = way_js_stream_read(json, &info, e);
    if (rc == WAY_OK && way_js_differs(c->sent.data, c->sent.len, json, field, sizeof field))
        rc = c->step == 1 ? dropped(j, name, NULL, field, e)
                          : way_fail(e, WAY_E_EXISTS, "stream %s exists with another '%s'", name, field);
    if (rc == WAY_OK && j->stream_infos)
        j->stream_infos[c->i] = info;
    cJSON_Delete(json);
    return rc;
}

static way_code streams_create(way_js_port *port, const way_js_stream *cfg, int32_t n, way_js_stream_info *out,
                               bool *made, way_err *e)
{
    job j = {.streams = cfg, .stream_infos = out, .made = made};
    way_code rc;

    for (int32_t i = 0; i < n; i++) {
        if (made)
            made[i] = false;
        if (out)
            out[i] = (way_js_stream_info){0};
    }
    rc = begin(port, &j, e);
    if (rc == WAY_OK)
        rc = check_replicas(&j, n, e);
    if (rc == WAY_OK)
        rc = go(port, &j, n, ask_stream_create, answer_stream_create, e);
    if (rc == WAY_E_CONFLICT && j.overlapped >= 0)
        rc = name_the_owner(port, &j, e);
    return rc;
}

/* ---- streams: update ---- */

static way_code ask_stream_update(void *arg, way_call *c, way_err *e)
{
    job *j = arg;
    const way_js_stream *st = &j->streams[c->i];

    if (c->step == 0)
        return set_subject(c, "STREAM.INFO", st->name, NULL, e);
    way_buf_add(&c->body, c->sent.data, c->sent.len);
    return set_subject(c, "STREAM.UPDATE", st->name, NULL, e);
}

/* Step 0: sent becomes theirs with ours over it.  Step 1: compares only what is ours. */
static way_code answer_stream_update(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
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
        return refused(&fault, st->name, NULL, e);
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
        rc = dropped(j, st->name, NULL, field, e);
    } else {
        j->settled[c->i] = true;
    }
    way_buf_fini(&ours);
    cJSON_Delete(json);
    return rc;
}

static way_code streams_update(way_js_port *port, const way_js_stream *cfg, int32_t n, int32_t *done, way_err *e)
{
    job j = {.streams = cfg};
    way_code rc = begin(port, &j, e);

    if (done)
        *done = 0;
    if (rc == WAY_OK)
        rc = check_replicas(&j, n, e);
    if (rc != WAY_OK)
        return rc;
    j.settled = way_xcalloc((size_t)n + 1, sizeof *j.settled);
    rc = go(port, &j, n, ask_stream_update, answer_stream_update, e);
    if (rc == WAY_E_CONFLICT && j.overlapped >= 0)
        rc = name_the_owner(port, &j, e);
    if (done)
        *done = count_settled(j.settled, n);
    free(j.settled);
    return rc;
}

/* ---- streams: the rest ---- */

static way_code ask_stream(void *arg, way_call *c, way_err *e)
{
    job *j = arg;

    return set_subject(c, j->verb, j->names[c->i], NULL, e);
}

static way_code answer_stream_info(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc != WAY_OK || fault.err_code == WAY_JS_STREAM_NOT_FOUND)
        return rc;
    if (fault.err_code != 0)
        return refused(&fault, j->names[c->i], NULL, e);
    rc = way_js_stream_read(json, &j->stream_infos[c->i], e);
    cJSON_Delete(json);
    return rc;
}

static way_code streams_info(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                             way_js_stream_info *out, way_err *e)
{
    job j = {.verb = "STREAM.INFO", .names = names, .stream_infos = out};
    way_code rc = begin(port, &j, e);

    for (int32_t i = 0; i < n; i++)
        out[i] = (way_js_stream_info){0};
    return rc == WAY_OK ? go(port, &j, n, ask_stream, answer_stream_info, e) : rc;
}

static way_code answer_stream_delete(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc == WAY_OK && fault.err_code != 0 && fault.err_code != WAY_JS_STREAM_NOT_FOUND)
        rc = refused(&fault, j->names[c->i], NULL, e);
    cJSON_Delete(json);
    return rc;
}

static way_code streams_delete(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n, way_err *e)
{
    job j = {.verb = "STREAM.DELETE", .names = names};
    way_code rc = begin(port, &j, e);

    return rc == WAY_OK ? go(port, &j, n, ask_stream, answer_stream_delete, e) : rc;
}

static way_code answer_stream_purge(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    int64_t purged = 0;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc == WAY_OK && fault.err_code != 0)
        rc = refused(&fault, j->names[c->i], NULL, e);
    else if (rc == WAY_OK)
        rc = way_json_get_int(json, "purged", 0, INT64_MAX, &purged, e);
    j->removed += (uint64_t)purged;
    cJSON_Delete(json);
    return rc;
}

static way_code streams_purge(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                              uint64_t *removed, way_err *e)
{
    job j = {.verb = "STREAM.PURGE", .names = names};
    way_code rc = begin(port, &j, e);

    if (rc == WAY_OK)
        rc = go(port, &j, n, ask_stream, answer_stream_purge, e);
    if (removed)
        *removed = j.removed; /* also after an error: what is gone is gone */
    return rc;
}

typedef struct names_walk {
    bool (*fn)(void *arg, const char *name);
    void *arg;
    int64_t offset, total;
    int32_t page; /* names on the last page */
    bool stopped;
} names_walk;

static way_code ask_names(void *arg, way_call *c, way_err *e)
{
    names_walk *w = arg;

    (void)e;
    snprintf(c->subject, sizeof c->subject, "STREAM.NAMES");
    way_json_open(&c->body, '{');
    way_json_kv_int(&c->body, "offset", w->offset);
    way_json_close(&c->body, '}');
    return WAY_OK;
}

static way_code answer_names(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    names_walk *w = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    const cJSON *name;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    (void)c;
    if (rc != WAY_OK)
        return rc;
    if (fault.err_code != 0)
        return way_fail(e, way_js_fault_code(&fault), "listing streams: %s (nats-server error %d)", fault.text,
                        (int)fault.err_code);
    w->page = 0;
    rc = way_json_get_int(json, "total", 0, INT32_MAX, &w->total, e);
    cJSON_ArrayForEach(name, cJSON_GetObjectItemCaseSensitive(json, "streams"))
    {
        w->page++;
        if (rc == WAY_OK && cJSON_IsString(name) && !w->stopped)
            w->stopped = !w->fn(w->arg, name->valuestring);
    }
    w->offset += w->page;
    cJSON_Delete(json);
    return rc;
}

static way_code streams_each(way_js_port *port, bool (*fn)(void *arg, const char *name), void *arg, way_err *e)
{
    names_walk w = {.fn = fn, .arg = arg};
    way_plan plan = {ask_names, answer_names, &w};
    way_code rc = WAY_OK;

    for (int i = 0; i < NAMES_PAGES_MAX && rc == WAY_OK && !w.stopped; i++) {
        rc = way_api_run(self(port)->api, port->deadline_ms, 1, &plan, e);
        if (w.page == 0 || w.offset >= w.total)
            break;
    }
    return rc;
}

/* ---- consumers ---- */

static bool has_actions(const way_server_info *s)
{
    return way_server_at_least(s, 2, 10, 0);
}

static way_code ask_consumer_put(const job *j, way_call *c, const char *action, way_err *e)
{
    const way_js_consumer *g = &j->consumers[c->i];
    size_t len;
    way_code rc = set_subject(c, "CONSUMER.CREATE", g->stream, g->name, e);

    if (rc != WAY_OK)
        return rc;
    len = strlen(c->subject);
    if (g->filter[0]) /* the filter rides in the subject too, where permissions can see it */
        snprintf(c->subject + len, sizeof c->subject - len, ".%s", g->filter);
    way_json_open(&c->body, '{');
    way_json_kv_str(&c->body, "stream_name", g->stream);
    if (has_actions(j->server))
        way_json_kv_str(&c->body, "action", action);
    way_json_key(&c->body, "config");
    way_json_raw(&c->body, c->sent.data, c->sent.len);
    way_json_close(&c->body, '}');
    return WAY_OK;
}

static way_code ask_consumer_create(void *arg, way_call *c, way_err *e)
{
    job *j = arg;
    const way_js_consumer *g = &j->consumers[c->i];

    if (c->step == 0) {
        way_js_consumer_write(g, &c->sent);
        return set_subject(c, "CONSUMER.INFO", g->stream, g->name, e);
    }
    return ask_consumer_put(j, c, "create", e);
}

static way_code answer_consumer_create(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
    const way_js_consumer *g = &j->consumers[c->i];
    char field[64];
    way_js_fault fault;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc != WAY_OK)
        return rc;
    if (fault.err_code == WAY_JS_CONSUMER_NOT_FOUND && c->step == 0) {
        c->again = true;
        return WAY_OK;
    }
    if (fault.err_code != 0)
        return refused(&fault, g->stream, g->name, e);
    if (c->step == 1 && j->made)
        j->made[c->i] = true;
    if (way_js_differs(c->sent.data, c->sent.len, json, field, sizeof field))
        rc = c->step == 1 ? dropped(j, g->stream, g->name, field, e)
                          : way_fail(e, WAY_E_EXISTS, "stream %s: consumer %s exists with another '%s'", g->stream,
                                     g->name, field);
    cJSON_Delete(json);
    return rc;
}

static way_code consumers_create(way_js_port *port, const way_js_consumer *cfg, int32_t n, bool *made, way_err *e)
{
    job j = {.consumers = cfg, .made = made};
    way_code rc = begin(port, &j, e);

    for (int32_t i = 0; made && i < n; i++)
        made[i] = false;
    return rc == WAY_OK ? go(port, &j, n, ask_consumer_create, answer_consumer_create, e) : rc;
}

static way_code ask_consumer_update(void *arg, way_call *c, way_err *e)
{
    job *j = arg;
    const way_js_consumer *g = &j->consumers[c->i];

    if (c->step == 0)
        return set_subject(c, "CONSUMER.INFO", g->stream, g->name, e);
    return ask_consumer_put(j, c, "update", e);
}

static way_code answer_consumer_update(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
    const way_js_consumer *g = &j->consumers[c->i];
    char field[64];
    way_js_fault fault;
    cJSON *json = NULL;
    way_buf ours;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc != WAY_OK)
        return rc;
    if (fault.err_code != 0)
        return refused(&fault, g->stream, g->name, e);
    way_buf_init(&ours, 0);
    way_js_consumer_write_live(g, &ours);
    if (ours.failed) {
        rc = way_fail(e, WAY_E_FULL, "no memory");
    } else if (c->step == 0) {
        if (way_js_overlay(data, len, ours.data, ours.len, &c->sent))
            c->again = true;
        else
            rc = way_fail(e, WAY_E_INTERNAL, "nats-server's answer is no consumer info");
    } else if (way_js_differs(ours.data, ours.len, json, field, sizeof field)) {
        rc = dropped(j, g->stream, g->name, field, e);
    } else {
        j->settled[c->i] = true;
    }
    way_buf_fini(&ours);
    cJSON_Delete(json);
    return rc;
}

static way_code consumers_update(way_js_port *port, const way_js_consumer *cfg, int32_t n, int32_t *done, way_err *e)
{
    job j = {.consumers = cfg};
    way_code rc = begin(port, &j, e);

    if (done)
        *done = 0;
    if (rc != WAY_OK)
        return rc;
    j.settled = way_xcalloc((size_t)n + 1, sizeof *j.settled);
    rc = go(port, &j, n, ask_consumer_update, answer_consumer_update, e);
    if (done)
        *done = count_settled(j.settled, n);
    free(j.settled);
    return rc;
}

static way_code ask_consumer(void *arg, way_call *c, way_err *e)
{
    job *j = arg;

    return set_subject(c, j->verb, j->consumers[c->i].stream, j->consumers[c->i].name, e);
}

static bool is_missing(const way_js_fault *f)
{
    return f->err_code == WAY_JS_CONSUMER_NOT_FOUND || f->err_code == WAY_JS_STREAM_NOT_FOUND;
}

static way_code answer_consumer_info(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
    const way_js_consumer *g = &j->consumers[c->i];
    way_js_fault fault;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc != WAY_OK || is_missing(&fault))
        return rc;
    if (fault.err_code != 0)
        return refused(&fault, g->stream, g->name, e);
    rc = way_js_consumer_read(json, &j->consumer_infos[c->i], e);
    cJSON_Delete(json);
    return rc;
}

static way_code consumers_info(way_js_port *port, const way_js_consumer *names, int32_t n, way_js_consumer_info *out,
                               way_err *e)
{
    job j = {.verb = "CONSUMER.INFO", .consumers = names, .consumer_infos = out};
    way_code rc = begin(port, &j, e);

    for (int32_t i = 0; i < n; i++)
        out[i] = (way_js_consumer_info){0};
    return rc == WAY_OK ? go(port, &j, n, ask_consumer, answer_consumer_info, e) : rc;
}

static way_code answer_consumer_delete(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc == WAY_OK && fault.err_code != 0 && !is_missing(&fault))
        rc = refused(&fault, j->consumers[c->i].stream, j->consumers[c->i].name, e);
    cJSON_Delete(json);
    return rc;
}

static way_code consumers_delete(way_js_port *port, const way_js_consumer *names, int32_t n, way_err *e)
{
    job j = {.verb = "CONSUMER.DELETE", .consumers = names};
    way_code rc = begin(port, &j, e);

    return rc == WAY_OK ? go(port, &j, n, ask_consumer, answer_consumer_delete, e) : rc;
}

/* ---- messages ---- */

static way_code ask_message(void *arg, way_call *c, way_err *e)
{
    job *j = arg;

    way_json_open(&c->body, '{');
    way_json_kv_uint(&c->body, "seq", j->seqs[c->i] > 0 ? j->seqs[c->i] : 1);
    way_json_kv_str(&c->body, "next_by_subj", ">"); /* whatever the stream takes, skipping holes */
    way_json_close(&c->body, '}');
    return set_subject(c, "STREAM.MSG.GET", j->names[c->i], NULL, e);
}

static way_code answer_message(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    job *j = arg;
    way_js_fault fault;
    way_code rc = way_js_msg_read(data, len, &j->messages[c->i], &fault, e);

    if (rc == WAY_OK && fault.err_code != 0 && fault.err_code != WAY_JS_NO_MESSAGE)
        rc = refused(&fault, j->names[c->i], NULL, e);
    return rc;
}

static way_code messages_find(way_js_port *port, const char (*streams)[WAY_STREAM_MAX + 1], const uint64_t *seqs,
                              int32_t n, way_js_msg *out, way_err *e)
{
    job j = {.names = streams, .seqs = seqs, .messages = out};
    way_code rc = begin(port, &j, e);

    for (int32_t i = 0; i < n; i++)
        out[i] = (way_js_msg){0};
    return rc == WAY_OK ? go(port, &j, n, ask_message, answer_message, e) : rc;
}

/* ---- the port ---- */

way_js_port *way_admin_new(const way_config *cfg)
{
    admin *a = way_xcalloc(1, sizeof *a);

    a->port = (way_js_port){
        .server = admin_server,
        .streams_create = streams_create,
        .streams_update = streams_update,
        .streams_info = streams_info,
        .streams_delete = streams_delete,
        .streams_purge = streams_purge,
        .streams_each = streams_each,
        .consumers_create = consumers_create,
        .consumers_update = consumers_update,
        .consumers_info = consumers_info,
        .consumers_delete = consumers_delete,
        .messages_find = messages_find,
    };
    a->api = way_api_new(cfg);
    return &a->port;
}

void way_admin_free(way_js_port *js)
{
    if (!js)
        return;
    way_api_free(self(js)->api);
    free(self(js));
}
