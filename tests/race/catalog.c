/* One thread publishes catalogs, others read: a reader never sees a version go back, finds in each catalog exactly what belongs to
 * its version, and the last reference frees everything (the address sanitizer's leak check sees to that). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/model/catalog.h"

enum { READERS = 3, VERSIONS = 3000, STATIONS = 40 };

static way_hub *hub;
static atomic_bool finished;

static void broken(const char *what, int64_t version)
{
    fprintf(stderr, "version %lld: %s\n", (long long)version, what);
    exit(1);
}

/* Version v changes station v mod STATIONS, or removes it when v is a multiple of 7. */
static const way_catalog *next_catalog(const way_catalog *base, int64_t v)
{
    way_station *s = way_station_new();
    s->id = v % STATIONS + 1;
    s->version = v;
    s->state = v % 7 == 0 ? WAY_GONE : WAY_ACTIVE;
    snprintf(s->spec.internal, sizeof s->spec.internal, "s%lld", (long long)(v % STATIONS));
    s->spec.description = way_xstrdup("some text of its own");
    way_catalog_delta d = {.stations = &s, .station_count = 1, .version = v};
    const way_catalog *c = way_catalog_with(base, &d);
    way_station_unref(s);
    return c;
}

static void check(const way_catalog *c)
{
    char name[32];

    for (size_t i = 0; i < c->station_count; i++) {
        const way_station *s = way_catalog_station_at(c, i);
        if (s->version > c->version || s->version <= c->version - STATIONS)
            broken("a station of another version", c->version);
        if (strcmp(s->spec.description, "some text of its own") != 0)
            broken("a station that was freed", c->version);
    }
    snprintf(name, sizeof name, "s%lld", (long long)(c->version % STATIONS));
    if (c->version > 0 && (way_catalog_station(c, name) != NULL) != (c->version % 7 != 0))
        broken("its own change is missing", c->version);
}

static void *read_all(void *arg)
{
    const way_catalog *held = NULL;
    int64_t last = -1;

    (void)arg;
    while (last < VERSIONS) {
        bool done = atomic_load(&finished);
        const way_catalog *c = way_hub_read(hub, &held);
        if (c->version < last || (done && c->version < VERSIONS))
            broken("went back", c->version);
        if (c->version != last)
            check(c);
        last = c->version;
    }
    way_catalog_unref(held);
    return NULL;
}

int main(void)
{
    pthread_t thread[READERS];
    const way_catalog *base = way_catalog_empty_new();

    hub = way_hub_new();
    for (int i = 0; i < READERS; i++)
        pthread_create(&thread[i], NULL, read_all, NULL);
    for (int64_t v = 1; v <= VERSIONS; v++) {
        const way_catalog *c = next_catalog(base, v), *published = way_catalog_ref(c);
        way_hub_publish(hub, &published);
        way_catalog_unref(base);
        base = c;
    }
    atomic_store(&finished, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(thread[i], NULL);
    way_catalog_unref(base);
    way_hub_free(hub);
    return 0;
}
