/* Tokens: only what was issued here, for this use, in time, to a user as he is now. */
#include <criterion/criterion.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/auth/auth.h"
#include "core/base/clock.h"
#include "core/base/text.h"

static const unsigned char key[32] = "0123456789abcdef0123456789abcde";
static const unsigned char other_key[32] = "another key of thirty-two bytes";
static const int64_t now_s = 1800000000;

static way_user *user(void)
{
    way_user *u = way_user_new();
    u->id = 7;
    u->version = 1;
    u->epoch = 3;
    strcpy(u->name, "erika");
    strcpy(u->role, "admin");
    return u;
}

static const way_catalog *catalog_of(way_user *u)
{
    const way_catalog *empty = way_catalog_empty_new();
    way_catalog_delta d = {.users = &u, .user_count = 1, .version = 1};
    const way_catalog *c = way_catalog_with(empty, &d);
    way_catalog_unref(empty);
    return c;
}

static way_code check_at(const char *token, size_t len, way_jwt_use use, int64_t at_s, way_identity *id)
{
    way_user *u = user();
    const way_catalog *c = catalog_of(u);
    way_err e;
    way_code rc = way_jwt_check(key, use, token, len, at_s, c, id, &e);
    way_catalog_unref(c);
    way_user_unref(u);
    return rc;
}

static way_code check(const char *token, size_t len)
{
    way_identity id;
    return check_at(token, len, WAY_JWT_ACCESS, now_s, &id);
}

static void issue(way_buf *b)
{
    way_user *u = user();
    way_buf_init(b, 0);
    way_jwt_issue(key, WAY_JWT_ACCESS, u, now_s, 60, b);
    way_user_unref(u);
    cr_assert(!b->failed);
}

/* A token with these claims, rightly signed. */
static void sign(const char *header, const char *claims, way_buf *b)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    way_buf_init(b, 0);
    way_b64url_add(b, header, strlen(header));
    way_buf_char(b, '.');
    way_b64url_add(b, claims, strlen(claims));
    crypto_auth_hmacsha256(mac, (const unsigned char *)b->data, b->len, key);
    way_buf_char(b, '.');
    way_b64url_add(b, mac, sizeof mac);
}

#define HS256 "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"

Test(jwt, is_accepted_until_it_expires)
{
    way_buf b;
    way_identity id = {0};
    issue(&b);
    cr_assert_eq(check_at(b.data, b.len, WAY_JWT_ACCESS, now_s + 59, &id), WAY_OK);
    cr_expect_str_eq(id.user, "erika");
    cr_expect_str_eq(id.role, "admin");
    cr_expect_eq(id.user_id, 7);
    cr_expect_eq(id.epoch, 3);
    cr_expect_eq(check_at(b.data, b.len, WAY_JWT_ACCESS, now_s + 60, &id), WAY_E_UNAUTH);
    cr_expect_eq(check_at(b.data, b.len, WAY_JWT_REFRESH, now_s, &id), WAY_E_UNAUTH);
    way_buf_fini(&b);
}

Test(jwt, any_changed_byte_is_refused)
{
    way_buf b;
    issue(&b);
    for (size_t i = 0; i < b.len; i++) {
        char kept = b.data[i];
        for (int bit = 0; bit < 8; bit++) {
            b.data[i] = (char)(kept ^ (1 << bit));
            cr_expect_eq(check(b.data, b.len), WAY_E_UNAUTH, "byte %zu, bit %d", i, bit);
        }
        b.data[i] = kept;
    }
    for (size_t len = 0; len < b.len; len++)
        cr_expect_eq(check(b.data, len), WAY_E_UNAUTH, "cut to %zu", len);
    way_buf_char(&b, '=');
    cr_expect_eq(check(b.data, b.len), WAY_E_UNAUTH);
    way_buf_fini(&b);
}

Test(jwt, only_the_one_form_is_read)
{
    static const struct {
        const char *header, *claims;
        way_code want;
    } row[] = {
        {HS256, "{\"sub\":\"erika\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":1900000000}", WAY_OK},
        {"{\"alg\":\"none\",\"typ\":\"JWT\"}",
         "{\"sub\":\"erika\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":1900000000}", WAY_E_UNAUTH},
        {"{\"alg\":\"HS512\",\"typ\":\"JWT\"}",
         "{\"sub\":\"erika\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":1900000000}", WAY_E_UNAUTH},
        {"{\"typ\":\"JWT\",\"alg\":\"HS256\"}",
         "{\"sub\":\"erika\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":1900000000}", WAY_E_UNAUTH},
        {HS256, "{\"sub\":\"root\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":1900000000}", WAY_E_UNAUTH},
        {HS256, "{\"sub\":\"erika\",\"uid\":8,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":1900000000}", WAY_E_UNAUTH},
        {HS256, "{\"sub\":\"erika\",\"uid\":7,\"epoch\":2,\"use\":\"access\",\"iat\":1,\"exp\":1900000000}", WAY_E_UNAUTH},
        {HS256, "{\"sub\":\"erika\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":19000000000000000000}",
         WAY_E_UNAUTH},
        {HS256, "{\"sub\":\"erika\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":1e12}", WAY_E_UNAUTH},
        {HS256, "{\"sub\":\"erika\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":}", WAY_E_UNAUTH},
        {HS256, "{\"sub\":\"erika\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":1900000000} ", WAY_E_UNAUTH},
        {HS256, "{\"sub\":\"eri\\u006ba\",\"uid\":7,\"epoch\":3,\"use\":\"access\",\"iat\":1,\"exp\":1900000000}",
         WAY_E_UNAUTH},
        {HS256, "{\"sub\":\"erika\"}", WAY_E_UNAUTH},
        {HS256, "{}", WAY_E_UNAUTH},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_buf b;
        sign(row[i].header, row[i].claims, &b);
        cr_expect_eq(check(b.data, b.len), row[i].want, "row %zu", i);
        way_buf_fini(&b);
    }
}

Test(jwt, another_key_is_refused)
{
    way_buf b;
    way_identity id;
    way_err e;
    way_user *u = user();
    const way_catalog *c = catalog_of(u);
    issue(&b);
    cr_expect_eq(way_jwt_check(other_key, WAY_JWT_ACCESS, b.data, b.len, now_s, c, &id, &e), WAY_E_UNAUTH);
    way_buf_fini(&b);
    way_catalog_unref(c);
    way_user_unref(u);
}

Test(jwt, a_changed_password_or_a_removed_user_ends_it)
{
    way_buf b;
    way_identity id;
    way_err e;
    way_user *u = user();
    issue(&b);
    u->epoch++;
    const way_catalog *changed = catalog_of(u), *empty = way_catalog_empty_new();
    cr_expect_eq(way_jwt_check(key, WAY_JWT_ACCESS, b.data, b.len, now_s, changed, &id, &e), WAY_E_UNAUTH);
    cr_expect_eq(way_jwt_check(key, WAY_JWT_ACCESS, b.data, b.len, now_s, empty, &id, &e), WAY_E_UNAUTH);
    way_catalog_unref(changed);
    way_catalog_unref(empty);
    way_user_unref(u);
    way_buf_fini(&b);
}

/* Every request on the data path pays for this. */
Test(jwt, is_cheap_to_check)
{
    way_buf b;
    way_identity id;
    way_err e;
    way_user *u = user();
    const way_catalog *c = catalog_of(u);
    int64_t best_us = INT64_MAX;
    issue(&b);
    for (int round = 0; round < 10; round++) {
        int64_t from = way_mono_us();
        for (int i = 0; i < 1000; i++)
            cr_assert_eq(way_jwt_check(key, WAY_JWT_ACCESS, b.data, b.len, now_s, c, &id, &e), WAY_OK);
        int64_t took = way_mono_us() - from;
        best_us = took < best_us ? took : best_us;
    }
    cr_log_info("1000 checks in %lld us", (long long)best_us);
    cr_expect_lt(best_us, 100000, "%lld us for 1000", (long long)best_us); /* sanitizers are slow */
    way_buf_fini(&b);
    way_catalog_unref(c);
    way_user_unref(u);
}
