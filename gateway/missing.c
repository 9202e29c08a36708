/* Names that the control plane does not know. */
#include "gateway/missing.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

static size_t slot_of(const char *internal)
{
    return way_hash64(internal, strlen(internal)) % WAY_MISSING_SLOTS;
}

void way_missing_add(way_missing_cache *m, const char *internal, int64_t now_ms)
{
    size_t i = slot_of(internal);

    snprintf(m->slots[i].name, sizeof m->slots[i].name, "%s", internal);
    m->slots[i].until_ms = now_ms + WAY_MISSING_MS;
}

bool way_missing_has(const way_missing_cache *m, const char *internal, int64_t now_ms)
{
    size_t i = slot_of(internal);

    return m->slots[i].until_ms > now_ms && strcmp(m->slots[i].name, internal) == 0;
}
