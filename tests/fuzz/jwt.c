/* Any bytes as a token: never accepted, never more than a refusal.  A first byte with bit 0 set signs the rest, so that the
 * reader of the claims is reached too; then an accepted one must name the user of the catalog. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/auth/auth.h"
#include "core/base/mem.h"
#include "core/base/text.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const unsigned char key[32] = "0123456789abcdef0123456789abcde";
static const way_catalog *catalog;

static void set_up(void)
{
    way_err e;
    way_user *u = way_user_new();
    WAY_ASSERT(way_auth_init(&e) == WAY_OK);
    u->id = 7;
    u->epoch = 3;
    strcpy(u->name, "erika");
    strcpy(u->role, "admin");
    const way_catalog *empty = way_catalog_empty_new();
    way_catalog_delta d = {.users = &u, .user_count = 1, .version = 1};
    catalog = way_catalog_with(empty, &d);
    way_catalog_unref(empty);
    way_user_unref(u);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    way_identity id;
    way_buf b;
    way_err e;

    if (!catalog)
        set_up();
    if (size == 0)
        return 0;
    way_buf_init(&b, 0);
    if (data[0] & 1) {
        unsigned char mac[crypto_auth_hmacsha256_BYTES];
        static const char header[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
        way_b64url_add(&b, header, sizeof header - 1);
        way_buf_char(&b, '.');
        way_b64url_add(&b, data + 1, size - 1);
        crypto_auth_hmacsha256(mac, (const unsigned char *)b.data, b.len, key);
        way_buf_char(&b, '.');
        way_b64url_add(&b, mac, sizeof mac);
        if (way_jwt_check(key, WAY_JWT_ACCESS, b.data, b.len, 1800000000, catalog, &id, &e) == WAY_OK)
            WAY_ASSERT(strcmp(id.user, "erika") == 0 && id.user_id == 7 && id.epoch == 3);
    } else {
        way_buf_add(&b, data + 1, size - 1);
        WAY_ASSERT(way_jwt_check(key, WAY_JWT_ACCESS, b.data ? b.data : "", b.len, 1800000000, catalog, &id, &e) ==
                   WAY_E_UNAUTH);
    }
    way_buf_fini(&b);
    return 0;
}
