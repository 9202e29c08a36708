/* Bearer tokens at the door. */
#include "gateway/bearer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/text.h"

way_code way_bearer_check(way_bearer_cache *c, const unsigned char key[32], const char *value,
                          const way_catalog *cat, way_identity *out, way_err *e)
{
    int64_t now_s = way_wall_ms() / 1000;
    way_bearer_slot *slot;
    uint64_t hash;
    size_t len;
    way_code rc;

    if (value == NULL)
        return way_fail(e, WAY_E_UNAUTH, "send a token as 'Authorization: Bearer <token>'; POST /v1/login gives one");
    if (strncasecmp(value, "Bearer ", 7) != 0)
        return way_fail(e, WAY_E_UNAUTH, "only 'Authorization: Bearer <token>' is understood");
    value += 7;
    value += strspn(value, " ");
    len = strlen(value);
    if (len == 0 || len > WAY_BEARER_MAX)
        return way_fail(e, WAY_E_UNAUTH, "the token is not one of ours");

    if (c->slots == NULL)
        c->slots = way_xcalloc(WAY_BEARER_SLOTS, sizeof *c->slots);
    hash = way_hash64(value, len); /* keyed: nobody can aim at a slot */
    slot = &c->slots[hash % WAY_BEARER_SLOTS];
    if (slot->len == len && slot->hash == hash && slot->second == now_s && slot->catalog_version == cat->version &&
        memcmp(slot->text, value, len) == 0) {
        *out = slot->who;
        return WAY_OK;
    }
    rc = way_jwt_check(key, WAY_JWT_ACCESS, value, len, now_s, cat, out, e);
    if (rc != WAY_OK)
        return rc;
    slot->hash = hash;
    slot->second = now_s;
    slot->catalog_version = cat->version;
    slot->len = len;
    memcpy(slot->text, value, len);
    slot->who = *out;
    return WAY_OK;
}

void way_bearer_cache_fini(way_bearer_cache *c)
{
    free(c->slots);
    c->slots = NULL;
}
