/* Passwords: Argon2id.  16 MiB is the most a daemon may spend on one; the passes are what makes it slow. */
#include <sodium.h>
#include <string.h>

#include "core/auth/auth.h"

#define PASSWORD_PASSES 6u
#define PASSWORD_MEMORY (16u * 1024 * 1024)

_Static_assert(WAY_PASSWORD_HASH_MAX >= crypto_pwhash_STRBYTES, "a hash must fit");

way_code way_auth_init(way_err *e)
{
    if (sodium_init() < 0)
        return way_fail(e, WAY_E_INTERNAL, "libsodium cannot be initialised");
    return WAY_OK;
}

way_code way_password_hash(const char *password, size_t len, char out[WAY_PASSWORD_HASH_MAX], way_err *e)
{
    if (len == 0 || len > WAY_PASSWORD_MAX)
        return way_fail(e, WAY_E_INVAL, "password: %zu bytes, must be 1 to %d", len, WAY_PASSWORD_MAX);
    if (crypto_pwhash_str_alg(out, password, len, PASSWORD_PASSES, PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return way_fail(e, WAY_E_FULL, "no memory to hash a password");
    return WAY_OK;
}

bool way_password_verify(const char *hash, const char *password, size_t len)
{
    if (!hash || len > WAY_PASSWORD_MAX || strlen(hash) >= crypto_pwhash_STRBYTES) {
        way_password_waste();
        return false;
    }
    return crypto_pwhash_str_verify(hash, password, len) == 0;
}

void way_password_waste(void)
{
    char out[crypto_pwhash_STRBYTES];
    /* no memory: then a real check would have failed as fast */
    if (crypto_pwhash_str_alg(out, "nobody", 6, PASSWORD_PASSES, PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0)
        sodium_memzero(out, sizeof out);
}
