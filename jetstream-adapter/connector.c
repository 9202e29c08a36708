/* connector: a thread that sleeps until the loop wants a connection. */
#include "jetstream-adapter/connector.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "jetstream-adapter/connect.h"
#include "jetstream-adapter/facts.h"

enum {
    IO_BUF_BYTES = 1024 * 1024,
    PING_MS = 10000, /* a peer that is silent (not refused: paused, or behind a dead cable) is given up after 2 to 3 of these */
    PINGS_OUT = 2,
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MAX_MS = 2000,
    FACTS_MS = 1000,
    SERVERS_MAX = 64,
    URL_MAX = 512,
    COMPLAIN_MS = 30000 /* the same trouble is logged once in so long */
};

/* Not in nats.h, but in every libnats since 3.0: sees a message before it is queued for a subscription.  It is needed for
 * one thing: natsSubscription_NextMsg turns a "no responders" answer into a status and destroys the message, and with it the
 * knowledge of whose request it answers.  Where the symbol is missing such requests end by their deadline. */
void natsConn_setFilterWithClosure(natsConnection *nc, way_filter_fn filter, void *closure) __attribute__((weak));

struct way_connector {
    const way_config *cfg;   /* set before start */
    struct ev_loop *loop;    /* set before start */
    char *name;              /* set before start */
    way_connector_fns fns;   /* set before start */
    pthread_t thread;
    struct ev_async bell;    /* loop */
    pthread_mutex_t mu;
    pthread_cond_t wake;     /* monotonic */
    bool wanted;             /* {mu} */
    bool stop;               /* {mu} */
    bool ready;              /* {mu} `made` waits for the loop */
    way_connected made;      /* {mu} */
    char url[URL_MAX];       /* {mu} of the last connection, with what it signed in with */
    char **others;           /* {mu} servers heard of, as URLs */
    int other_count;         /* {mu} */
    bool lost_one;           /* {mu} wait a little before the first attempt: the server is probably restarting */
};

void way_connected_fini(way_connected *c)
{
    for (int i = 0; i < WAY_LINK_SUBS; i++)
        natsSubscription_Destroy(c->subs[i]);
    natsConnection_Destroy(c->nc);
    way_evloop_free(c->el);
    *c = (way_connected){0};
}

/* On a thread of cnats, maybe after the connector is gone. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus s, void *closure)
{
    const char *text = NULL;

    (void)sub;
    (void)closure;
    (void)natsConnection_GetLastError(nc, &text);
    way_warn("link", "nats_error", "status=\"%s\" detail=\"%s\"", natsStatus_GetText(s), text ? text : "");
}

static natsStatus tune(natsOptions *opts)
{
    natsStatus s = natsOptions_SetAllowReconnect(opts, false);

    if (s == NATS_OK)
        s = natsOptions_SetSendAsap(opts, true);
    if (s == NATS_OK)
        s = natsOptions_SetIOBufSize(opts, IO_BUF_BYTES);
    if (s == NATS_OK)
        s = natsOptions_SetPingInterval(opts, PING_MS);
    if (s == NATS_OK)
        s = natsOptions_SetMaxPingsOut(opts, PINGS_OUT);
    if (s == NATS_OK)
        s = natsOptions_SetErrorHandler(opts, on_error, NULL);
    return s;
}

static natsStatus subscribe(way_connector *c, way_connected *m)
{
    natsStatus s = NATS_OK;

    for (int i = 0; s == NATS_OK && i < WAY_LINK_SUBS; i++) {
        s = natsConnection_SubscribeSync(&m->subs[i], m->nc, c->fns.subjects[i]);
        if (s == NATS_OK) /* bounded by what is asked for, in messages and bytes */
            s = natsSubscription_SetPendingLimits(m->subs[i], -1, -1);
    }
    if (s == NATS_OK && natsConn_setFilterWithClosure) {
        natsConn_setFilterWithClosure(m->nc, c->fns.filter, c->fns.arg);
        m->filtered = true;
    }
    return s;
}

static void facts(way_connector *c, way_connected *m)
{
    char url[URL_MAX] = "";
    way_err e;

    if (natsConnection_GetConnectedUrl(m->nc, url, sizeof url) == NATS_OK &&
        way_facts_read(url, way_mono_ms() + FACTS_MS, &m->server, &e) != WAY_OK)
        way_warn("link", "no_version", "detail=\"%s\"", e.text);
    m->server.max_payload = natsConnection_GetMaxPayload(m->nc);
    pthread_mutex_lock(&c->mu);
    snprintf(c->url, sizeof c->url, "%s", url);
    pthread_mutex_unlock(&c->mu);
}

static way_code attempt(way_connector *c, char **urls, int url_count, way_connected *m, way_err *e)
{
    natsOptions *opts = NULL;
    natsStatus s;
    way_code rc = way_connect_options(c->cfg, c->name, &opts, e);

    if (rc != WAY_OK)
        return rc;
    *m = (way_connected){.el = way_evloop_new(c->loop)};
    s = tune(opts);
    if (s == NATS_OK && urls)
        s = natsOptions_SetServers(opts, (const char **)urls, url_count);
    if (s == NATS_OK)
        s = way_evloop_set(m->el, opts);
    if (s == NATS_OK)
        s = natsConnection_Connect(&m->nc, opts);
    if (s == NATS_OK)
        s = subscribe(c, m);
    if (s != NATS_OK) {
        rc = way_connect_fail(e, s, "connect");
        way_connected_fini(m);
    } else {
        facts(c, m);
    }
    natsOptions_Destroy(opts);
    return rc;
}

/* The configured servers first, then those heard of. */
static way_code connect_any(way_connector *c, way_connected *m, way_err *e)
{
    char *urls[SERVERS_MAX];
    int n;
    way_code rc = attempt(c, NULL, 0, m, e);

    if (rc == WAY_OK)
        return rc;
    pthread_mutex_lock(&c->mu);
    n = c->stop ? 0 : c->other_count;
    for (int i = 0; i < n; i++)
        urls[i] = way_xstrdup(c->others[i]);
    pthread_mutex_unlock(&c->mu);
    if (n > 0)
        rc = attempt(c, urls, n, m, NULL);
    for (int i = 0; i < n; i++)
        free(urls[i]);
    return rc;
}

/* {mu} held; returns early when stopped */
static void pause_for(way_connector *c, int64_t ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (!c->stop && pthread_cond_timedwait(&c->wake, &c->mu, &until) == 0)
        continue;
}

/* {mu} held on entry and exit; true: `made` is set */
static bool make_one(way_connector *c)
{
    int64_t backoff = BACKOFF_FIRST_MS, said_ms = 0;

    if (c->lost_one)
        pause_for(c, BACKOFF_FIRST_MS);
    while (!c->stop) {
        way_connected m;
        way_err e = {0};
        way_code rc;

        pthread_mutex_unlock(&c->mu);
        rc = connect_any(c, &m, &e);
        if (rc != WAY_OK && (said_ms == 0 || way_mono_ms() - said_ms > COMPLAIN_MS)) {
            way_warn("link", "no_connection", "client=%s detail=\"%s\" next=\"goes on trying\"", c->name, e.text);
            said_ms = way_mono_ms();
        }
        pthread_mutex_lock(&c->mu);
        if (rc == WAY_OK) {
            c->made = m;
            return true;
        }
        pause_for(c, backoff);
        backoff = backoff * 2 < BACKOFF_MAX_MS ? backoff * 2 : BACKOFF_MAX_MS;
    }
    return false;
}

static void *run(void *arg)
{
    way_connector *c = arg;

    pthread_mutex_lock(&c->mu);
    while (!c->stop) {
        if (!c->wanted) {
            pthread_cond_wait(&c->wake, &c->mu);
            continue;
        }
        c->wanted = false;
        if (make_one(c)) {
            c->ready = true;
            ev_async_send(c->loop, &c->bell);
        }
    }
    pthread_mutex_unlock(&c->mu);
    nats_ReleaseThreadMemory();
    return NULL;
}

static void on_bell(struct ev_loop *loop, struct ev_async *w, int events)
{
    way_connector *c = w->data;
    way_connected made = {0};
    bool ready;

    (void)loop;
    (void)events;
    pthread_mutex_lock(&c->mu);
    ready = c->ready;
    if (ready) {
        made = c->made;
        c->made = (way_connected){0};
        c->ready = false;
    }
    pthread_mutex_unlock(&c->mu);
    if (ready)
        c->fns.up(c->fns.arg, &made);
}

way_code way_connector_new(const way_config *cfg, struct ev_loop *loop, const char *client_name,
                           const way_connector_fns *fns, way_connector **out, way_err *e)
{
    natsOptions *opts = NULL;
    way_connector *c;
    pthread_condattr_t attr;
    way_code rc = way_connect_options(cfg, client_name, &opts, e); /* a wrong file is said now, not in the log for ever */

    natsOptions_Destroy(opts);
    if (rc != WAY_OK)
        return rc;
    c = way_xcalloc(1, sizeof *c);
    c->cfg = cfg;
    c->loop = loop;
    c->name = way_xstrdup(client_name);
    c->fns = *fns;
    c->wanted = true;
    ev_async_init(&c->bell, on_bell);
    c->bell.data = c;
    ev_async_start(loop, &c->bell);
    pthread_mutex_init(&c->mu, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->wake, &attr);
    pthread_condattr_destroy(&attr);
    WAY_ASSERT(pthread_create(&c->thread, NULL, run, c) == 0);
    *out = c;
    return WAY_OK;
}

/* "nats://user:pass@host:port" + "nats://other:port" (or "other:port") -> other with the scheme and identity of the first */
static char *like(const char *url, const char *other)
{
    const char *host = strstr(url, "://"), *at, *other_host = strstr(other, "://");
    size_t front, size;
    char *out;

    host = host ? host + 3 : url;
    at = strrchr(host, '@');
    front = (size_t)((at ? at + 1 : host) - url);
    other_host = other_host ? other_host + 3 : other;
    size = front + strlen(other_host) + 1;
    out = way_xmalloc(size);
    snprintf(out, size, "%.*s%s", (int)front, url, other_host);
    return out;
}

static void forget_others(way_connector *c)
{
    for (int i = 0; i < c->other_count; i++)
        free(c->others[i]);
    free(c->others);
    c->others = NULL;
    c->other_count = 0;
}

/* {mu} held.  A closed connection still knows its pool. */
static void learn(way_connector *c, natsConnection *nc)
{
    char **list = NULL;
    int n = 0;

    if (natsConnection_GetDiscoveredServers(nc, &list, &n) != NATS_OK)
        return;
    if (n > 0) {
        forget_others(c);
        c->others = way_xcalloc(SERVERS_MAX, sizeof *c->others);
        for (int i = 0; i < n && i < SERVERS_MAX; i++)
            c->others[c->other_count++] = like(c->url, list[i]);
    }
    for (int i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

void way_connector_again(way_connector *c, natsConnection *nc)
{
    pthread_mutex_lock(&c->mu);
    if (nc)
        learn(c, nc);
    c->lost_one = true;
    c->wanted = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->mu);
}

void way_connector_free(way_connector *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->mu);
    c->stop = true;
    pthread_cond_signal(&c->wake);
    pthread_mutex_unlock(&c->mu);
    pthread_join(c->thread, NULL);
    ev_async_stop(c->loop, &c->bell);
    if (c->ready)
        way_connected_fini(&c->made);
    forget_others(c);
    pthread_cond_destroy(&c->wake);
    pthread_mutex_destroy(&c->mu);
    free(c->name);
    free(c);
}
