/* Threads of the control plane.
 *
 *   workers    run the doors' jobs, one at a time each
 *   sync       brings Postgres up (bringup.c), then polls for changes every catalog_poll_ms
 *   monitor    asks whether nats-server is there, once a second; makes the internal streams when it first is
 *   reconcile  a round every reconcile_ms, if the lease is ours
 *
 * They share this struct under one mutex, which nobody holds while calling anything that blocks. */
#include "core/control/control.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/control/activate.h"
#include "core/control/bringup.h"
#include "core/control/internal_streams.h"
#include "core/control/reconcile.h"
#include "core/control/sync.h"
#include "core/control/work.h"

enum {
    WORKERS_MAX = 64,
    OTHERS = 3,
    BACKOFF_MIN_MS = 100,
    BACKOFF_MAX_MS = 2000,
    MONITOR_MS = 1000,
    MONITOR_REQUEST_MS = 2000,
    INTERNAL_STREAMS_MS = 10000,
    LEASE_LOOK_MS = 1000, /* how soon a daemon takes over when the holder of the lease is gone */
    SWEEP_MS = 60 * 60 * 1000,
    LOOK_AT_ALL = 6, /* every so many rounds: what was changed behind our back is found later than what we left undone */
};

struct way_control {
    const way_config *cfg; /* down to holder: set before start */
    way_hub *hub;
    way_control_hooks hooks;
    way_sync *sync;
    way_activator *activator;
    char holder[80];

    pthread_mutex_t mu;
    pthread_cond_t jobs; /* something is queued, or it stops */
    pthread_cond_t wake; /* it stops, or a stage is reached */
    way_job *first, *last;     /* {mu} */
    size_t queued;             /* {mu} */
    bool stopping;             /* {mu} */
    bool loaded;               /* {mu} Postgres is up and the catalog is there; keys is set before */
    bool nats_tried;           /* {mu} the internal streams are there, or nats-server is away */
    way_control_health health; /* {mu} */
    way_keys keys;             /* the sync thread, until loaded; read-only after */

    pthread_t threads[WORKERS_MAX + OTHERS];
    int thread_count;
};

way_control *way_control_new(const way_config *cfg, way_hub *hub, const way_control_hooks *hooks)
{
    way_control *c = way_xcalloc(1, sizeof *c);
    char host[32] = "", random[WAY_RANDOM_ID_MAX];
    pthread_condattr_t attr;

    c->cfg = cfg;
    c->hub = hub;
    c->hooks = *hooks;
    c->sync = way_sync_new(hub);
    c->activator = way_activator_new();
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    way_random_id(random);
    snprintf(c->holder, sizeof c->holder, "%s:%ld:%.16s", host, (long)getpid(), random);

    pthread_mutex_init(&c->mu, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->jobs, &attr);
    pthread_cond_init(&c->wake, &attr);
    pthread_condattr_destroy(&attr);
    return c;
}

void way_control_free(way_control *c)
{
    if (!c)
        return;
    way_sync_free(c->sync);
    way_activator_free(c->activator);
    pthread_cond_destroy(&c->wake);
    pthread_cond_destroy(&c->jobs);
    pthread_mutex_destroy(&c->mu);
    explicit_bzero(&c->keys, sizeof c->keys);
    free(c);
}

/* ---- what the threads share ---- */

void way_work_init(way_work *w, way_control *ctl)
{
    memset(w, 0, sizeof *w);
    w->ctl = ctl;
    w->cfg = ctl->cfg;
    w->hub = ctl->hub;
    w->pg = way_pg_new(ctl->cfg->database_url);
    w->lock = way_pg_new(ctl->cfg->database_url);
    w->js = ctl->hooks.js_new(ctl->hooks.arg);
}

void way_work_fini(way_work *w)
{
    way_pg_free(w->pg);
    way_pg_free(w->lock);
    w->ctl->hooks.js_free(w->js);
    memset(w, 0, sizeof *w);
}

void way_work_deadline(way_work *w, int64_t deadline_ms)
{
    w->deadline_ms = w->js->deadline_ms = deadline_ms;
}

/* {mu} Until then, or until it stops.  false: it stops. */
static bool wait_until(way_control *c, int64_t until_ms)
{
    const struct timespec t = {.tv_sec = until_ms / 1000, .tv_nsec = (until_ms % 1000) * 1000000};
    while (!c->stopping && way_mono_ms() < until_ms)
        pthread_cond_timedwait(&c->wake, &c->mu, &t);
    return !c->stopping;
}

bool way_control_pause(way_control *c, int64_t ms)
{
    pthread_mutex_lock(&c->mu);
    bool go_on = wait_until(c, way_mono_ms() + ms);
    pthread_mutex_unlock(&c->mu);
    return go_on;
}

const char *way_control_instance(const way_control *c)
{
    return c->keys.instance;
}

void way_control_set_instance(way_control *c, const char *instance)
{
    snprintf(c->keys.instance, sizeof c->keys.instance, "%s", instance);
}

const char *way_control_holder(const way_control *c)
{
    return c->holder;
}

way_sync *way_control_sync(way_control *c)
{
    return c->sync;
}

way_activator *way_control_activator(way_control *c)
{
    return c->activator;
}

const unsigned char *way_control_jwt_key(const way_control *c)
{
    return c->keys.jwt;
}

const unsigned char *way_control_receipt_key(const way_control *c)
{
    return c->keys.receipt;
}

void way_control_health_get(way_control *c, way_control_health *out)
{
    pthread_mutex_lock(&c->mu);
    *out = c->health;
    out->jobs_queued = c->queued;
    pthread_mutex_unlock(&c->mu);
}

/* ---- jobs ---- */

way_code way_control_post(way_control *c, way_job **job)
{
    way_code rc = WAY_OK;

    pthread_mutex_lock(&c->mu);
    if (c->stopping || !c->health.started) {
        rc = WAY_E_UNAVAILABLE;
    } else if (c->queued >= (size_t)c->cfg->jobs_max) {
        rc = WAY_E_FULL;
    } else {
        way_job *j = *job;
        *job = NULL;
        j->next = NULL;
        if (c->last)
            c->last->next = j;
        else
            c->first = j;
        c->last = j;
        c->queued++;
        pthread_cond_signal(&c->jobs);
    }
    pthread_mutex_unlock(&c->mu);
    return rc;
}

/* The oldest job; NULL: it stops. */
static way_job *take(way_control *c)
{
    way_job *j = NULL;
    pthread_mutex_lock(&c->mu);
    while (!c->stopping && !c->first)
        pthread_cond_wait(&c->jobs, &c->mu);
    if (!c->stopping) {
        j = c->first;
        c->first = j->next;
        if (!c->first)
            c->last = NULL;
        c->queued--;
        j->next = NULL;
    }
    pthread_mutex_unlock(&c->mu);
    return j;
}

static void *work_main(void *arg)
{
    way_control *c = arg;
    way_work w;
    way_job *j;

    way_work_init(&w, c);
    while ((j = take(c))) {
        int64_t ms = j->timeout_ms > 0 ? j->timeout_ms : c->cfg->control_timeout_ms;
        way_work_deadline(&w, way_mono_ms() + ms);
        j->run(&w, j);
        way_pg_rollback(w.lock); /* whatever a job forgot: the next one starts clean */
        way_pg_rollback(w.pg);
    }
    way_work_fini(&w);
    return NULL;
}

/* ---- sync ---- */

/* {mu} Both halves are through. */
static void maybe_started(way_control *c)
{
    if (c->health.started || !c->loaded || !c->nats_tried)
        return;
    c->health.started = true;
    way_info("control", "started", "catalog=%" PRId64, c->health.catalog_version);
    pthread_cond_broadcast(&c->wake);
}

static void note_pg(way_control *c, bool ok)
{
    pthread_mutex_lock(&c->mu);
    c->health.pg_ok = ok;
    c->health.pg_checked_ms = way_mono_ms();
    pthread_mutex_unlock(&c->mu);
    int64_t version = way_sync_version(c->sync);
    pthread_mutex_lock(&c->mu);
    c->health.catalog_version = version;
    pthread_mutex_unlock(&c->mu);
}

static bool bring_up(way_control *c, way_pg *pg)
{
    int64_t wait_ms = BACKOFF_MIN_MS;
    for (;;) {
        way_err e = {0};
        way_code rc = way_bringup(pg, c->cfg, &c->hooks, &c->keys, &e);
        if (rc == WAY_OK)
            rc = way_sync_load(c->sync, pg, &e);
        note_pg(c, rc == WAY_OK);
        if (rc == WAY_OK)
            break;
        way_warn("control", "postgres_not_ready", "error=\"%s\"", e.text);
        if (!way_control_pause(c, wait_ms))
            return false;
        wait_ms = wait_ms * 2 < BACKOFF_MAX_MS ? wait_ms * 2 : BACKOFF_MAX_MS;
    }
    pthread_mutex_lock(&c->mu);
    c->loaded = true;
    maybe_started(c);
    pthread_mutex_unlock(&c->mu);
    return true;
}

static void *sync_main(void *arg)
{
    way_control *c = arg;
    way_pg *pg = way_pg_new(c->cfg->database_url);
    bool was_ok = true;

    if (bring_up(c, pg)) {
        while (way_control_pause(c, c->cfg->catalog_poll_ms)) {
            way_err e = {0};
            bool ok = way_sync_poll(c->sync, pg, &e) == WAY_OK;
            if (!ok && was_ok)
                way_warn("sync", "failed", "error=\"%s\"", e.text);
            else if (ok && !was_ok)
                way_info("sync", "works_again", "version=%" PRId64, way_sync_version(c->sync));
            was_ok = ok;
            note_pg(c, ok);
        }
    }
    way_pg_free(pg);
    return NULL;
}

/* ---- monitor ---- */

/* Tried again every second; what is wrong is said once, and again when it is something else. */
static bool make_streams(way_js_port *js, way_err *said)
{
    way_err e = {0};
    js->deadline_ms = way_mono_ms() + INTERNAL_STREAMS_MS;
    way_code rc = way_internal_streams_make(js, &e);
    if (rc != WAY_OK && strcmp(e.text, said->text) != 0) {
        way_warn("control", "internal_streams", "error=\"%s\"", e.text);
        *said = e;
    }
    return rc == WAY_OK;
}

static void *monitor_main(void *arg)
{
    way_control *c = arg;
    way_js_port *js = c->hooks.js_new(c->hooks.arg);
    bool made = false;
    way_err said = {0};

    do {
        way_err e = {0};
        way_server_info srv = {0};
        js->deadline_ms = way_mono_ms() + MONITOR_REQUEST_MS;
        bool ok = js->server(js, &srv, &e) == WAY_OK;
        if (ok && !made)
            made = make_streams(js, &said);

        pthread_mutex_lock(&c->mu);
        bool first = !c->nats_tried;
        bool changed = first || ok != c->health.nats_ok;
        c->health.nats_ok = ok;
        if (ok)
            c->health.server = srv;
        c->nats_tried = true;
        maybe_started(c);
        pthread_mutex_unlock(&c->mu);

        if (changed && ok)
            way_info("control", "nats_connected", "version=%s servers=%d", srv.version, (int)srv.servers);
        else if (changed)
            way_warn("control", "nats_away", "error=\"%s\"", e.text);
    } while (way_control_pause(c, MONITOR_MS));
    c->hooks.js_free(js);
    return NULL;
}

/* ---- reconcile ---- */

static bool wait_started(way_control *c)
{
    pthread_mutex_lock(&c->mu);
    while (!c->stopping && !c->health.started)
        pthread_cond_wait(&c->wake, &c->mu);
    bool go_on = !c->stopping;
    pthread_mutex_unlock(&c->mu);
    return go_on;
}

static void sweep(way_work *w)
{
    way_err e = {0};
    int64_t removed = 0;
    if (way_reconcile_sweep(w, &removed, &e) != WAY_OK)
        way_warn("reconcile", "sweep_failed", "error=\"%s\"", e.text);
    else if (removed > 0)
        way_info("reconcile", "swept", "rows=%" PRId64, removed);
}

static void *reconcile_main(void *arg)
{
    way_control *c = arg;
    way_work w;
    bool ever = false, go_on = wait_started(c);
    int rounds = 0;
    int64_t next_sweep = way_mono_ms() + SWEEP_MS;

    way_work_init(&w, c);
    while (go_on) {
        way_err e = {0};
        bool held = false;
        int repaired = 0;
        way_code rc = way_reconcile_round(&w, rounds % LOOK_AT_ALL == 0, &held, &repaired, &e);
        if (rc != WAY_OK)
            way_warn("reconcile", "round_failed", "error=\"%s\"", e.text);
        ever |= rc == WAY_OK && held;
        rounds = rc == WAY_OK && held ? rounds + 1 : 0; /* a new holder begins with a look at everything */
        if (rc == WAY_OK && held && way_mono_ms() >= next_sweep) {
            sweep(&w);
            next_sweep = way_mono_ms() + SWEEP_MS;
        }
        /* until the first round is through, and to take over from a process that died, look more often */
        bool eager = !ever || !held;
        int64_t ms = c->cfg->reconcile_ms;
        go_on = way_control_pause(c, eager && ms > LEASE_LOOK_MS ? LEASE_LOOK_MS : ms);
    }
    if (ever)
        way_reconcile_release(&w);
    way_work_fini(&w);
    return NULL;
}

/* ---- start, stop ---- */

static way_code spawn(way_control *c, void *(*main_fn)(void *), way_err *e)
{
    if (pthread_create(&c->threads[c->thread_count], NULL, main_fn, c) != 0)
        return way_fail(e, WAY_E_FULL, "no thread can be made for the control plane");
    c->thread_count++;
    return WAY_OK;
}

way_code way_control_start(way_control *c, way_err *e)
{
    bool set;
    way_code rc = way_jwt_key_from_config(c->cfg, &c->hooks, c->keys.jwt, &set, e);

    if (rc == WAY_OK)
        rc = spawn(c, sync_main, e);
    if (rc == WAY_OK)
        rc = spawn(c, monitor_main, e);
    if (rc == WAY_OK)
        rc = spawn(c, reconcile_main, e);
    for (int64_t i = 0; rc == WAY_OK && i < c->cfg->workers && i < WORKERS_MAX; i++)
        rc = spawn(c, work_main, e);
    if (rc != WAY_OK)
        way_control_stop(c);
    return rc;
}

void way_control_stop(way_control *c)
{
    pthread_mutex_lock(&c->mu);
    c->stopping = true;
    way_job *left = c->first;
    c->first = c->last = NULL;
    c->queued = 0;
    pthread_cond_broadcast(&c->jobs);
    pthread_cond_broadcast(&c->wake);
    pthread_mutex_unlock(&c->mu);

    while (left) {
        way_job *next = left->next;
        left->drop(left);
        left = next;
    }
    for (int i = 0; i < c->thread_count; i++)
        pthread_join(c->threads[i], NULL);
    c->thread_count = 0;
}
