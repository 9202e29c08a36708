/* Admin: the port itself, what its calls share, and the calls about neither a stream nor a consumer. */
#include "jetstream-adapter/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "jetstream-adapter/admin_job.h"

#define NAMES_PAGES_MAX 1024

typedef struct admin {
    way_js_port port; /* first: the port is the object */
    way_api *api;
} admin;

way_api *way_admin_api(way_js_port *port)
{
    return ((admin *)(void *)port)->api;
}

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

way_code way_admin_subject(way_call *c, const char *verb, const char *stream, const char *consumer, way_err *e)
{
    way_code rc = check_token(stream, e);

    if (rc == WAY_OK && consumer)
        rc = check_token(consumer, e);
    if (rc == WAY_OK)
        snprintf(c->subject, sizeof c->subject, "%s.%s%s%s", verb, stream, consumer ? "." : "",
                 consumer ? consumer : "");
    return rc;
}

way_code way_admin_refused(const way_js_fault *f, const char *stream, const char *consumer, way_err *e)
{
    return way_fail(e, way_js_fault_code(f), "stream %s%s%s: %s (nats-server error %d)", stream,
                    consumer ? ", consumer " : "", consumer ? consumer : "", f->text, (int)f->err_code);
}

way_code way_admin_dropped(const way_admin_job *j, const char *stream, const char *consumer, const char *field, way_err *e)
{
    return way_fail(e, WAY_E_NEWER_SERVER, "stream %s%s%s: nats-server %s did not take over '%s'; a newer one may", stream,
                    consumer ? ", consumer " : "", consumer ? consumer : "", j->server->version, field);
}

way_code way_admin_begin(way_js_port *port, way_admin_job *j, way_err *e)
{
    j->api = way_admin_api(port);
    j->overlapped = -1;
    return way_api_server(j->api, port->deadline_ms, &j->server, e);
}

way_code way_admin_run(way_js_port *port, way_admin_job *j, int32_t n, way_code (*ask)(void *, way_call *, way_err *),
                   way_code (*answer)(void *, way_call *, const char *, size_t, way_err *), way_err *e)
{
    way_plan plan = {ask, answer, j};

    return way_api_run(j->api, port->deadline_ms, n, &plan, e);
}

int32_t way_admin_settled(const bool *settled, int32_t n)
{
    int32_t done = 0;

    while (done < n && settled[done])
        done++;
    return done;
}

/* ---- facts and names ---- */

static way_code admin_server(way_js_port *port, way_server_info *out, way_err *e)
{
    const way_server_info *s = NULL;
    way_code rc = way_api_server(way_admin_api(port), port->deadline_ms, &s, e);

    if (rc == WAY_OK)
        *out = *s;
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
        rc = way_api_run(way_admin_api(port), port->deadline_ms, 1, &plan, e);
        if (w.page == 0 || w.offset >= w.total)
            break;
    }
    return rc;
}

/* ---- messages ---- */

static way_code ask_message(void *arg, way_call *c, way_err *e)
{
    way_admin_job *j = arg;

    way_json_open(&c->body, '{');
    way_json_kv_uint(&c->body, "seq", j->seqs[c->i] > 0 ? j->seqs[c->i] : 1);
    way_json_kv_str(&c->body, "next_by_subj", ">"); /* whatever the stream takes, skipping holes */
    way_json_close(&c->body, '}');
    return way_admin_subject(c, "STREAM.MSG.GET", j->names[c->i], NULL, e);
}

static way_code answer_message(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
    way_js_fault fault;
    way_code rc = way_js_msg_read(data, len, &j->messages[c->i], &fault, e);

    if (rc == WAY_OK && fault.err_code != 0 && fault.err_code != WAY_JS_NO_MESSAGE)
        rc = way_admin_refused(&fault, j->names[c->i], NULL, e);
    return rc;
}

static way_code messages_find(way_js_port *port, const char (*streams)[WAY_STREAM_MAX + 1], const uint64_t *seqs,
                              int32_t n, way_js_msg *out, way_err *e)
{
    way_admin_job j = {.names = streams, .seqs = seqs, .messages = out};
    way_code rc = way_admin_begin(port, &j, e);

    for (int32_t i = 0; i < n; i++)
        out[i] = (way_js_msg){0};
    return rc == WAY_OK ? way_admin_run(port, &j, n, ask_message, answer_message, e) : rc;
}

/* ---- the port ---- */

way_js_port *way_admin_new(const way_config *cfg)
{
    admin *a = way_xcalloc(1, sizeof *a);

    a->port = (way_js_port){
        .server = admin_server,
        .streams_create = way_admin_streams_create,
        .streams_update = way_admin_streams_update,
        .streams_info = way_admin_streams_info,
        .streams_delete = way_admin_streams_delete,
        .streams_purge = way_admin_streams_purge,
        .streams_each = streams_each,
        .consumers_create = way_admin_consumers_create,
        .consumers_update = way_admin_consumers_update,
        .consumers_info = way_admin_consumers_info,
        .consumers_delete = way_admin_consumers_delete,
        .messages_find = messages_find,
    };
    a->api = way_api_new(cfg);
    return &a->port;
}

void way_admin_free(way_js_port *js)
{
    if (!js)
        return;
    way_api_free(way_admin_api(js));
    free(js); /* the admin begins with its port */
}
