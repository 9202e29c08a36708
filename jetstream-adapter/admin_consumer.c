/* Consumers of the port.
 *
 * Creating looks first: servers below 2.10 turn a create of an existing consumer into an update, and a refused create can damage
 * the live one's files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "jetstream-adapter/admin_job.h"

static bool has_actions(const way_server_info *s)
{
    return way_server_at_least(s, 2, 10, 0);
}

static way_code ask_consumer_put(const way_admin_job *j, way_call *c, const char *action, way_err *e)
{
    const way_js_consumer *g = &j->consumers[c->i];
    size_t len;
    way_code rc = way_admin_subject(c, "CONSUMER.CREATE", g->stream, g->name, e);

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
    way_admin_job *j = arg;
    const way_js_consumer *g = &j->consumers[c->i];

    if (c->step == 0) {
        way_js_consumer_write(g, &c->sent);
        return way_admin_subject(c, "CONSUMER.INFO", g->stream, g->name, e);
    }
    return ask_consumer_put(j, c, "create", e);
}

static way_code answer_consumer_create(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
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
        return way_admin_refused(&fault, g->stream, g->name, e);
    if (c->step == 1 && j->made)
        j->made[c->i] = true;
    if (way_js_differs(c->sent.data, c->sent.len, json, field, sizeof field))
        rc = c->step == 1 ? way_admin_dropped(j, g->stream, g->name, field, e)
                          : way_fail(e, WAY_E_EXISTS, "stream %s: consumer %s exists with another '%s'", g->stream,
                                     g->name, field);
    cJSON_Delete(json);
    return rc;
}

way_code way_admin_consumers_create(way_js_port *port, const way_js_consumer *cfg, int32_t n, bool *made, way_err *e)
{
    way_admin_job j = {.consumers = cfg, .made = made};
    way_code rc = way_admin_begin(port, &j, e);

    for (int32_t i = 0; made && i < n; i++)
        made[i] = false;
    return rc == WAY_OK ? way_admin_run(port, &j, n, ask_consumer_create, answer_consumer_create, e) : rc;
}

static way_code ask_consumer_update(void *arg, way_call *c, way_err *e)
{
    way_admin_job *j = arg;
    const way_js_consumer *g = &j->consumers[c->i];

    if (c->step == 0)
        return way_admin_subject(c, "CONSUMER.INFO", g->stream, g->name, e);
    return ask_consumer_put(j, c, "update", e);
}

static way_code answer_consumer_update(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
    const way_js_consumer *g = &j->consumers[c->i];
    char field[64];
    way_js_fault fault;
    cJSON *json = NULL;
    way_buf ours;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc != WAY_OK)
        return rc;
    if (fault.err_code != 0)
        return way_admin_refused(&fault, g->stream, g->name, e);
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
        rc = way_admin_dropped(j, g->stream, g->name, field, e);
    } else {
        j->settled[c->i] = true;
    }
    way_buf_fini(&ours);
    cJSON_Delete(json);
    return rc;
}

way_code way_admin_consumers_update(way_js_port *port, const way_js_consumer *cfg, int32_t n, int32_t *done, way_err *e)
{
    way_admin_job j = {.consumers = cfg};
    way_code rc = way_admin_begin(port, &j, e);

    if (done)
        *done = 0;
    if (rc != WAY_OK)
        return rc;
    j.settled = way_xcalloc((size_t)n + 1, sizeof *j.settled);
    rc = way_admin_run(port, &j, n, ask_consumer_update, answer_consumer_update, e);
    if (done)
        *done = way_admin_settled(j.settled, n);
    free(j.settled);
    return rc;
}

static way_code ask_consumer(void *arg, way_call *c, way_err *e)
{
    way_admin_job *j = arg;

    return way_admin_subject(c, j->verb, j->consumers[c->i].stream, j->consumers[c->i].name, e);
}

static bool is_missing(const way_js_fault *f)
{
    return f->err_code == WAY_JS_CONSUMER_NOT_FOUND || f->err_code == WAY_JS_STREAM_NOT_FOUND;
}

static way_code answer_consumer_info(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
    const way_js_consumer *g = &j->consumers[c->i];
    way_js_fault fault;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc != WAY_OK || is_missing(&fault))
        return rc;
    if (fault.err_code != 0)
        return way_admin_refused(&fault, g->stream, g->name, e);
    rc = way_js_consumer_read(json, &j->consumer_infos[c->i], e);
    cJSON_Delete(json);
    return rc;
}

way_code way_admin_consumers_info(way_js_port *port, const way_js_consumer *names, int32_t n, way_js_consumer_info *out,
                               way_err *e)
{
    way_admin_job j = {.verb = "CONSUMER.INFO", .consumers = names, .consumer_infos = out};
    way_code rc = way_admin_begin(port, &j, e);

    for (int32_t i = 0; i < n; i++)
        out[i] = (way_js_consumer_info){0};
    return rc == WAY_OK ? way_admin_run(port, &j, n, ask_consumer, answer_consumer_info, e) : rc;
}

static way_code answer_consumer_delete(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    way_admin_job *j = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    if (rc == WAY_OK && fault.err_code != 0 && !is_missing(&fault))
        rc = way_admin_refused(&fault, j->consumers[c->i].stream, j->consumers[c->i].name, e);
    cJSON_Delete(json);
    return rc;
}

way_code way_admin_consumers_delete(way_js_port *port, const way_js_consumer *names, int32_t n, way_err *e)
{
    way_admin_job j = {.verb = "CONSUMER.DELETE", .consumers = names};
    way_code rc = way_admin_begin(port, &j, e);

    return rc == WAY_OK ? way_admin_run(port, &j, n, ask_consumer, answer_consumer_delete, e) : rc;
}
