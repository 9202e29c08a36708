/* API: connection, facts and the window of requests.
 *
 * cnats' reconnecting is off: it would replay requests whose callers have given up, on a thread of its own.  A lost connection
 * ends the run instead, and the next one connects.  After a timeout the connection goes too, and its inbox with it: a late
 * "no responders" carries no reply subject, and could otherwise be taken for the answer to a later request. */
#include "jetstream-adapter/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "jetstream-adapter/codec.h"
#include "jetstream-adapter/connect.h"
#include "jetstream-adapter/facts.h"

enum { CONNECT_MS = 2000, FACTS_MS = 1000, WRITE_MS = 2000, PING_MS = 20000, BODY_MAX = 1024 * 1024 };

struct way_api {
    const way_config *cfg;
    natsConnection *nc;
    natsSubscription *sub;
    char inbox[WAY_INBOX_MAX];
    char prefix[128];
    uint64_t last_token;
    way_server_info server; /* version "" until known */
};

way_api *way_api_new(const way_config *cfg)
{
    way_api *api = way_xcalloc(1, sizeof *api);

    api->cfg = cfg;
    return api;
}

static void down(way_api *api)
{
    if (api->nc)
        natsConnection_Close(api->nc); /* joins the reading thread: nothing is delivered from here on */
    natsSubscription_Destroy(api->sub);
    natsConnection_Destroy(api->nc);
    api->nc = NULL;
    api->sub = NULL;
    api->server = (way_server_info){0};
}

void way_api_free(way_api *api)
{
    if (!api)
        return;
    down(api);
    free(api);
    nats_ReleaseThreadMemory();
}

static way_code run(way_api *api, int64_t deadline_ms, int32_t n, const way_plan *plan, way_err *e);

/* ---- facts ---- */

struct question { /* one request about the server */
    way_api *api;
    const char *subject;
};

static way_code ask_question(void *arg, way_call *c, way_err *e)
{
    struct question *q = arg;

    (void)e;
    snprintf(c->subject, sizeof c->subject, "%s", q->subject);
    return WAY_OK;
}

/* {"server":{"ver":"2.10.4","cluster":"c1",…},"data":…} */
static way_code answer_user_info(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    struct question *q = arg;
    const cJSON *server;
    const char *version, *cluster;
    cJSON *json = NULL;
    way_code rc = way_json_parse(data, len, WAY_JS_ANSWER_MAX, &json, e);

    (void)c;
    if (rc != WAY_OK)
        return rc;
    server = cJSON_GetObjectItemCaseSensitive(json, "server");
    version = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(server, "ver"));
    cluster = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(server, "cluster"));
    if (!version || !way_facts_version(version, &q->api->server))
        rc = way_fail(e, WAY_E_UNAVAILABLE, "nats-server does not tell its version");
    else
        q->api->server.servers = cluster && *cluster ? 0 : 1;
    cJSON_Delete(json);
    return rc;
}

static way_code answer_account(void *arg, way_call *c, const char *data, size_t len, way_err *e)
{
    struct question *q = arg;
    way_js_fault fault;
    cJSON *json = NULL;
    const cJSON *level;
    way_code rc = way_js_answer(data, len, &json, &fault, e);

    (void)c;
    if (rc != WAY_OK)
        return rc;
    if (fault.err_code != 0)
        return way_fail(e, way_js_fault_code(&fault), "nats-server: %s", fault.text);
    level = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "api"), "level");
    if (cJSON_IsNumber(level))
        q->api->server.api_level = level->valueint;
    cJSON_Delete(json);
    return WAY_OK;
}

static int64_t sooner(int64_t deadline_ms, int64_t from_now_ms)
{
    int64_t at = way_mono_ms() + from_now_ms;

    return at < deadline_ms ? at : deadline_ms;
}

static way_code learn(way_api *api, int64_t deadline_ms, way_err *e)
{
    struct question user = {api, "$SYS.REQ.USER.INFO"}, account = {api, "INFO"};
    way_plan ask_user = {ask_question, answer_user_info, &user};
    way_plan ask_account = {ask_question, answer_account, &account};
    char url[512];
    way_err why;
    way_code rc = WAY_E_UNAVAILABLE;

    if (natsConnection_GetConnectedUrl(api->nc, url, sizeof url) == NATS_OK)
        rc = way_facts_read(url, sooner(deadline_ms, FACTS_MS), &api->server, &why);
    if (rc != WAY_OK) /* TLS from the first byte: the server also names itself to users who may ask */
        rc = run(api, sooner(deadline_ms, FACTS_MS), 1, &ask_user, e);
    if (rc != WAY_OK)
        return rc;
    api->server.max_payload = natsConnection_GetMaxPayload(api->nc);
    if (!way_server_at_least(&api->server, 2, 9, 0))
        return way_fail(e, WAY_E_NEWER_SERVER, "nats-server %s is too old: 2.9.0 or newer is needed",
                        api->server.version);
    return run(api, deadline_ms, 1, &ask_account, e);
}

/* ---- connection ---- */

static way_code dial(way_api *api, int64_t deadline_ms, way_err *e)
{
    char wild[WAY_INBOX_MAX + 2];
    int64_t left = deadline_ms - way_mono_ms();
    natsOptions *opts = NULL;
    natsStatus s;
    way_code rc = way_connect_options(api->cfg, "waystation-control", &opts, e);

    if (rc != WAY_OK)
        return rc;
    way_connect_api_prefix(api->cfg, api->prefix, sizeof api->prefix);
    way_connect_inbox(api->cfg, api->inbox);
    snprintf(wild, sizeof wild, "%s.*", api->inbox);
    s = natsOptions_SetTimeout(opts, left < 1 ? 1 : left < CONNECT_MS ? left : CONNECT_MS);
    if (s == NATS_OK)
        s = natsOptions_SetAllowReconnect(opts, false);
    if (s == NATS_OK)
        s = natsOptions_SetSendAsap(opts, true);
    if (s == NATS_OK)
        s = natsOptions_SetWriteDeadline(opts, WRITE_MS);
    if (s == NATS_OK)
        s = natsOptions_SetPingInterval(opts, PING_MS);
    if (s == NATS_OK)
        s = natsConnection_Connect(&api->nc, opts);
    if (s == NATS_OK)
        s = natsConnection_SubscribeSync(&api->sub, api->nc, wild);
    if (s == NATS_OK)
        s = natsSubscription_SetPendingLimits(api->sub, -1, -1); /* the window bounds what can come */
    natsOptions_Destroy(opts);
    if (s != NATS_OK) {
        rc = way_connect_fail(e, s, "connecting");
        if (rc == WAY_E_TIMEOUT) /* the server did not answer the handshake: it is away, whatever time is left */
            rc = way_fail(e, WAY_E_UNAVAILABLE, "nats-server does not answer");
        down(api);
    }
    return rc;
}

static way_code up(way_api *api, int64_t deadline_ms, way_err *e)
{
    way_code rc;

    if (way_mono_ms() >= deadline_ms)
        return way_fail(e, WAY_E_TIMEOUT, "no time is left to ask nats-server");
    if (api->nc && !natsConnection_IsClosed(api->nc) && api->server.version[0])
        return WAY_OK;
    down(api);
    rc = dial(api, deadline_ms, e);
    if (rc == WAY_OK) {
        rc = learn(api, deadline_ms, e);
        if (rc != WAY_OK)
            down(api);
        else
            way_debug("nats", "connected", "version=%s servers=%d", api->server.version, api->server.servers);
    }
    return rc;
}

way_code way_api_server(way_api *api, int64_t deadline_ms, const way_server_info **out, way_err *e)
{
    way_code rc = up(api, deadline_ms, e);

    if (rc == WAY_OK)
        *out = &api->server;
    return rc;
}

/* ---- the window ---- */

static way_code send_call(way_api *api, way_call *c, const way_plan *plan, way_err *e)
{
    char subject[sizeof api->prefix + sizeof c->subject + 2], reply[WAY_INBOX_MAX + 24];
    natsStatus s;
    way_code rc;

    way_buf_reset(&c->body);
    c->again = false;
    c->token = 0;
    rc = plan->ask(plan->arg, c, e);
    if (rc != WAY_OK)
        return rc;
    if (c->body.failed)
        return way_fail(e, WAY_E_TOO_LARGE, "the request is above %d bytes", BODY_MAX);
    if (c->subject[0] == '$')
        snprintf(subject, sizeof subject, "%s", c->subject);
    else
        snprintf(subject, sizeof subject, "%s.%s", api->prefix, c->subject);
    c->token = ++api->last_token;
    snprintf(reply, sizeof reply, "%s.%llu", api->inbox, (unsigned long long)c->token);
    s = natsConnection_PublishRequest(api->nc, subject, reply, c->body.len > 0 ? c->body.data : NULL,
                                      (int)c->body.len);
    if (s == NATS_OK)
        return WAY_OK;
    c->token = 0;
    return way_connect_fail(e, s, "sending a request");
}

static way_call *find_call(way_call *calls, const char *subject)
{
    const char *dot = strrchr(subject, '.');
    uint64_t token = 0;

    if (!dot || !way_u64_parse(dot + 1, strlen(dot + 1), &token) || token == 0)
        return NULL;
    for (int i = 0; i < WAY_API_IN_FLIGHT; i++)
        if (calls[i].token == token)
            return &calls[i];
    return NULL;
}

struct window {
    way_call calls[WAY_API_IN_FLIGHT];
    int32_t flying;
    way_code rc; /* the first error */
};

static void fill(way_api *api, struct window *w, int32_t *next, int32_t n, const way_plan *plan, way_err *e)
{
    for (int i = 0; i < WAY_API_IN_FLIGHT && *next < n && w->rc == WAY_OK; i++) {
        way_call *c = &w->calls[i];

        if (c->token != 0)
            continue;
        c->i = (*next)++;
        c->step = 0;
        way_buf_reset(&c->sent);
        w->rc = send_call(api, c, plan, e);
        if (w->rc == WAY_OK)
            w->flying++;
    }
}

static void take(way_api *api, struct window *w, natsMsg *msg, const way_plan *plan, way_err *e)
{
    way_call *c = find_call(w->calls, natsMsg_GetSubject(msg));
    way_err *mine = w->rc == WAY_OK ? e : NULL;
    way_code rc;

    if (!c)
        return;
    c->token = 0;
    w->flying--;
    rc = plan->answer(plan->arg, c, natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg), mine);
    if (w->rc != WAY_OK)
        return;
    w->rc = rc;
    if (rc == WAY_OK && c->again) {
        c->step++;
        w->rc = send_call(api, c, plan, e);
        if (w->rc == WAY_OK)
            w->flying++;
    }
}

static way_code run(way_api *api, int64_t deadline_ms, int32_t n, const way_plan *plan, way_err *e)
{
    struct window w = {.rc = WAY_OK};
    bool broken = false;
    int32_t next = 0;

    for (int i = 0; i < WAY_API_IN_FLIGHT; i++) {
        way_buf_init(&w.calls[i].body, BODY_MAX);
        way_buf_init(&w.calls[i].sent, BODY_MAX);
    }
    fill(api, &w, &next, n, plan, e);
    while (w.flying > 0 && !broken) {
        int64_t left = deadline_ms - way_mono_ms();
        natsMsg *msg = NULL;
        natsStatus s = left > 0 ? natsSubscription_NextMsg(&msg, api->sub, left) : NATS_TIMEOUT;

        if (s == NATS_OK) {
            take(api, &w, msg, plan, e);
            natsMsg_Destroy(msg);
            fill(api, &w, &next, n, plan, e);
        } else if (s == NATS_NO_RESPONDERS) { /* of one of ours, and cnats does not say which */
            w.flying--;
            if (w.rc == WAY_OK)
                w.rc = way_fail(e, WAY_E_UNAVAILABLE, "nats-server: JetStream does not answer on %s", api->prefix);
        } else {
            broken = true;
            if (w.rc == WAY_OK && s == NATS_TIMEOUT)
                w.rc = way_fail(e, WAY_E_TIMEOUT, "nats-server did not answer in time");
            else if (w.rc == WAY_OK)
                w.rc = way_connect_fail(e, s, "waiting for an answer");
        }
    }
    for (int i = 0; i < WAY_API_IN_FLIGHT; i++) {
        way_buf_fini(&w.calls[i].body);
        way_buf_fini(&w.calls[i].sent);
    }
    if (broken)
        down(api);
    return w.rc;
}

way_code way_api_run(way_api *api, int64_t deadline_ms, int32_t n, const way_plan *plan, way_err *e)
{
    way_code rc = up(api, deadline_ms, e);

    return rc == WAY_OK ? run(api, deadline_ms, n, plan, e) : rc;
}
