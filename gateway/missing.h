/* Names that the control plane said it does not know: remembered for a second, so that a client that asks for a
 * station which is not there does not cost a query each time.  Direct-mapped; a newer name replaces an older.
 * Owner: the island's loop thread. */
#ifndef WAY_GATEWAY_MISSING_H
#define WAY_GATEWAY_MISSING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/names.h"

#define WAY_MISSING_SLOTS 64
#define WAY_MISSING_MS 1000

typedef struct way_missing_cache {
    struct {
        int64_t until_ms;
        char name[WAY_NAME_MAX + 1];
    } slots[WAY_MISSING_SLOTS];
} way_missing_cache;

void way_missing_add(way_missing_cache *m, const char *internal, int64_t now_ms);
bool way_missing_has(const way_missing_cache *m, const char *internal, int64_t now_ms);

#endif
