/* Bearer tokens at the door: the check of core/auth behind a small cache.
 *
 * A hit must be the same text, in the same second, under the same catalog: expiry is in whole seconds and a changed
 * user makes a new catalog, so a hit says exactly what the full check would.  Owner: the island's loop thread. */
#ifndef WAY_GATEWAY_BEARER_H
#define WAY_GATEWAY_BEARER_H

#include "core/auth/auth.h"

#define WAY_BEARER_MAX 1024   /* bytes of a token */
#define WAY_BEARER_SLOTS 64

typedef struct way_bearer_slot {
    uint64_t hash;
    int64_t second, catalog_version;
    size_t len; /* 0: empty */
    char text[WAY_BEARER_MAX];
    way_identity who;
} way_bearer_slot;

typedef struct way_bearer_cache {
    way_bearer_slot *slots; /* made at the first use */
} way_bearer_cache;

/* value: of the Authorization header, NULL none.  WAY_E_UNAUTH with a text fit for the caller. */
WAY_MUST_CHECK way_code way_bearer_check(way_bearer_cache *c, const unsigned char key[32], const char *value,
                                         const way_catalog *cat, way_identity *out, way_err *e);
void way_bearer_cache_fini(way_bearer_cache *c);

#endif
