/* Bring-up. */
#include "core/control/bringup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/store/rows.h"

enum { HASH_MAX = 128 };

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool from_hex(const char *text, unsigned char out[32])
{
    for (int i = 0; i < 64; i++) {
        int d = hex_digit(text[i]); /* the NUL of a shorter text ends the loop here */
        if (d < 0)
            return false;
        out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] << 4 | d : d);
    }
    return text[64] == '\0';
}

way_code way_jwt_key_from_config(const way_config *cfg, const way_control_hooks *hooks, unsigned char out[32], bool *set,
                                 way_err *e)
{
    size_t len = cfg->jwt_key ? strlen(cfg->jwt_key) : 0;

    *set = len > 0;
    if (len == 0 || from_hex(cfg->jwt_key, out))
        return WAY_OK;
    if (len == 32)
        memcpy(out, cfg->jwt_key, 32);
    else if (hooks->key_from_text)
        hooks->key_from_text(cfg->jwt_key, len, out);
    else
        return way_fail(e, WAY_E_INVAL, "jwt_key must be 64 hex digits or 32 bytes");
    return WAY_OK;
}

static way_code secret(way_pg *pg, const char *name, unsigned char *out, size_t len, way_err *e)
{
    unsigned char fresh[32];
    size_t got = 0;
    way_random_bytes(fresh, len);
    way_code rc = way_secret_get(pg, name, fresh, len, out, len, &got, e);
    if (rc == WAY_OK && got != len)
        rc = way_fail(e, WAY_E_INTERNAL, "the shared secret '%s' has another length", name);
    explicit_bzero(fresh, sizeof fresh);
    return rc;
}

static way_code put_root(way_pg *pg, const way_control_hooks *hooks, const char *password, bool force, bool *changed,
                         way_err *e)
{
    char hash[HASH_MAX];
    way_code rc = hooks->password_hash(password, strlen(password), hash, e);
    return rc == WAY_OK ? way_user_put_root(pg, hash, force, changed, e) : rc;
}

/* The configured password wins: whoever can set it owns the daemon.  A change ends root's tokens. */
static way_code root_user(way_pg *pg, const way_config *cfg, const way_control_hooks *hooks, way_err *e)
{
    const char *password = cfg->root_password ? cfg->root_password : "";
    char *hash = NULL;
    int64_t epoch = 0;
    bool changed = false;

    way_code rc = way_user_hash(pg, "root", &hash, &epoch, e);
    if (rc == WAY_E_NOT_FOUND) {
        char random[WAY_RANDOM_ID_MAX];
        way_random_id(random);
        rc = put_root(pg, hooks, password[0] ? password : random, false, &changed, e);
        explicit_bzero(random, sizeof random);
        if (rc == WAY_OK && changed && !password[0])
            way_warn("users", "root_without_password", "hint=\"nobody knows root's password: set "
                                                       "WAYSTATION_ROOT_PASSWORD and start again\"");
        else if (rc == WAY_OK && changed)
            way_info("users", "root_made", "name=root");
    } else if (rc == WAY_OK && password[0] && !hooks->password_verify(hash, password, strlen(password))) {
        rc = put_root(pg, hooks, password, true, &changed, e);
        if (rc == WAY_OK)
            way_info("users", "root_password_changed", "name=root");
    }
    free(hash);
    return rc;
}

way_code way_bringup(way_pg *pg, const way_config *cfg, const way_control_hooks *hooks, way_keys *out, way_err *e)
{
    unsigned char instance[8];
    bool set = false;

    way_code rc = way_pg_migrate(pg, e);
    if (rc == WAY_OK && hooks->password_hash && hooks->password_verify)
        rc = root_user(pg, cfg, hooks, e);
    if (rc == WAY_OK)
        rc = secret(pg, "receipt_key", out->receipt, sizeof out->receipt, e);
    if (rc == WAY_OK)
        rc = way_jwt_key_from_config(cfg, hooks, out->jwt, &set, e);
    if (rc == WAY_OK && !set)
        rc = secret(pg, "jwt_key", out->jwt, sizeof out->jwt, e);
    if (rc == WAY_OK)
        rc = secret(pg, "instance", instance, sizeof instance, e);
    for (size_t i = 0; rc == WAY_OK && i < sizeof instance; i++)
        snprintf(out->instance + 2 * i, 3, "%02x", instance[i]);
    return rc;
}
