/* Catalog sync: rows newer than the hub's catalog become the next catalog. */
#include "core/control/sync.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/control/work.h"

struct way_sync {
    way_hub *hub;
    pthread_mutex_t mu;
    pthread_cond_t changed;
    bool running;     /* {mu} */
    uint64_t begun;   /* {mu} loads that began */
    uint64_t done;    /* {mu} the last one of them that worked */
    int64_t version;  /* {mu} written by the load under way */
    bool restart;     /* {mu} the database went back in time: load everything */
};

way_sync *way_sync_new(way_hub *hub)
{
    way_sync *s = way_xcalloc(1, sizeof *s);
    s->hub = hub;
    pthread_mutex_init(&s->mu, NULL);
    pthread_cond_init(&s->changed, NULL);
    return s;
}

void way_sync_free(way_sync *s)
{
    if (!s)
        return;
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->mu);
    free(s);
}

/* The only place that publishes, by one thread at a time. */
static way_code load(way_sync *s, way_pg *pg, int64_t since, int64_t *version, way_err *e)
{
    way_delta delta = {0};
    way_code rc = way_delta_load(pg, since, &delta, e);
    if (rc != WAY_OK)
        return rc;

    *version = delta.d.version;
    if (since == 0 || delta.full || delta.d.version != since) {
        const way_catalog *base = NULL;
        if (since == 0 || delta.full)
            base = way_catalog_empty_new();
        else
            (void)way_hub_read(s->hub, &base);
        const way_catalog *next = way_catalog_with(base, &delta.d);
        way_hub_publish(s->hub, &next);
        way_catalog_unref(base);
    }
    way_delta_fini(&delta);
    return WAY_OK;
}

way_code way_sync_load(way_sync *s, way_pg *pg, way_err *e)
{
    way_code rc = WAY_OK;

    pthread_mutex_lock(&s->mu);
    uint64_t need = s->begun + 1; /* one that began earlier may have missed what our caller committed */
    for (;;) {
        if (s->done >= need)
            break;
        if (s->running) {
            pthread_cond_wait(&s->changed, &s->mu);
            continue;
        }
        s->running = true;
        uint64_t mine = ++s->begun;
        int64_t since = s->restart ? 0 : s->version, version = since;
        pthread_mutex_unlock(&s->mu);
        rc = load(s, pg, since, &version, e);
        pthread_mutex_lock(&s->mu);
        s->running = false;
        if (rc == WAY_OK) {
            s->done = mine;
            s->version = version;
            s->restart = false;
        }
        pthread_cond_broadcast(&s->changed);
        break;
    }
    pthread_mutex_unlock(&s->mu);
    return rc;
}

way_code way_sync_poll(way_sync *s, way_pg *pg, way_err *e)
{
    int64_t v = 0, purged = 0;
    int64_t before = way_sync_version(s);
    way_code rc = way_change_read(pg, &v, &purged, e);
    if (rc != WAY_OK || v == before)
        return rc;
    if (v < before) { /* a restored backup, or another database behind the same address */
        way_warn("sync", "went_back", "version=%lld found=%lld", (long long)before, (long long)v);
        pthread_mutex_lock(&s->mu);
        s->restart = true;
        pthread_mutex_unlock(&s->mu);
    }
    return way_sync_load(s, pg, e);
}

int64_t way_sync_version(way_sync *s)
{
    pthread_mutex_lock(&s->mu);
    int64_t v = s->version;
    pthread_mutex_unlock(&s->mu);
    return v;
}

way_code way_sync_now(way_work *w, way_err *e)
{
    return way_sync_load(way_control_sync(w->ctl), w->pg, e);
}
