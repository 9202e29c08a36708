/* Catalog: an immutable picture of all stations, groups and users, shared by every thread.
 *
 * A catalog is built by one thread (way_catalog_with), then published in a hub and never changed; what
 * did not change is shared with the one before.  Stations, users and catalogs are refcounted (atomic).
 * The hub holds the current one: way_hub_read costs one atomic load while nothing changes, so that a
 * door sees a change at its next request, in the order in which changes were published.
 *
 * Threads   way_hub_read: any, each thread with its own `held` pointer.  way_hub_publish: the catalog
 *           sync only (control/sync).  find functions: any, on a catalog they hold; what they return is
 *           borrowed for as long as the catalog is held. */
#ifndef WAY_MODEL_CATALOG_H
#define WAY_MODEL_CATALOG_H

#include "core/model/group.h"
#include "core/model/station.h"

typedef struct way_group {
    int64_t id;
    int64_t generation; /* +1 at every recreate; in every receipt */
    int64_t version;    /* of changes, when this row was last written */
    way_state state;
    way_group_spec spec;
} way_group;

typedef struct way_station {
    int64_t id;
    int64_t version;
    way_state state;
    int64_t created_ms, updated_ms;
    char *problems; /* JSON array text, NULL: none */
    way_station_spec spec;
    way_group **groups; /* sorted by internal name; each refcounted */
    size_t group_count;
} way_station;

typedef struct way_user {
    int64_t id;
    int64_t version;
    int64_t epoch; /* +1 when the password changes: older tokens end */
    char name[WAY_NAME_MAX + 1];
    char role[16]; /* root, admin, application, viewer */
    char *password_hash;
    char *rules; /* JSON, NULL: none */
} way_user;

typedef struct way_catalog {
    int64_t version; /* of changes: everything up to here is in it */
    size_t station_count, user_count;
} way_catalog;

/* Builders: owned, refcount 1. */
way_group *way_group_new(void);
way_station *way_station_new(void);
way_user *way_user_new(void);
way_group *way_group_ref(way_group *g);
way_station *way_station_ref(way_station *s);
way_user *way_user_ref(way_user *u);
void way_group_unref(way_group *g);
void way_station_unref(way_station *s);
void way_user_unref(way_user *u);

/* A change set: rows newer than the base.  A station in state GONE, or a user marked gone, is removed.  Arrays and
 * elements are borrowed (the catalog takes refs). */
typedef struct way_catalog_delta {
    way_station **stations;
    size_t station_count;
    way_user **users;
    size_t user_count;
    const int64_t *gone_user_ids;
    size_t gone_user_count;
    int64_t version;
} way_catalog_delta;

const way_catalog *way_catalog_empty_new(void);
const way_catalog *way_catalog_with(const way_catalog *base, const way_catalog_delta *d);
const way_catalog *way_catalog_ref(const way_catalog *c);
void way_catalog_unref(const way_catalog *c);

const way_station *way_catalog_station(const way_catalog *c, const char *internal); /* any state but GONE */
const way_station *way_catalog_station_by_id(const way_catalog *c, int64_t id);
const way_user *way_catalog_user(const way_catalog *c, const char *name);
const way_group *way_station_group(const way_station *s, const char *internal);
/* Sorted by internal name; index < station_count. */
const way_station *way_catalog_station_at(const way_catalog *c, size_t index);
/* Index of the first station whose internal name is > after ("" for all). */
size_t way_catalog_station_after(const way_catalog *c, const char *after_internal);

typedef struct way_hub way_hub;
way_hub *way_hub_new(void); /* holds an empty catalog */
void way_hub_free(way_hub *h);
void way_hub_publish(way_hub *h, const way_catalog **c); /* takes */
/* Makes *held the current catalog (dropping what it held) and returns it; *held starts as NULL and ends
 * with way_catalog_unref. */
const way_catalog *way_hub_read(way_hub *h, const way_catalog **held);

#endif
