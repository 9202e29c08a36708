/* Keys that all daemons share: made by whoever comes first. */
#include <string.h>

#include "core/base/mem.h"
#include "core/store/rows_internal.h"

#define SECRET_BYTES_MAX 256

static bool from_hex(const char *hex, unsigned char *out, size_t cap, size_t *len)
{
    size_t n = strlen(hex) / 2;
    if (n > cap || strlen(hex) % 2)
        return false;
    for (size_t i = 0; i < 2 * n; i++) {
        const char *digits = "0123456789abcdef", *at = strchr(digits, hex[i]);
        if (!at)
            return false;
        unsigned digit = (unsigned)(at - digits);
        out[i / 2] = (unsigned char)(i % 2 ? out[i / 2] << 4 | digit : digit);
    }
    *len = n;
    return true;
}

way_code way_secret_get(way_pg *pg, const char *name, const unsigned char *fresh, size_t len, unsigned char *out,
                        size_t cap, size_t *out_len, way_err *e)
{
    static const char sql[] =
        "WITH i AS (INSERT INTO secrets (name, value) SELECT $1, decode($2, 'hex')"
        "  WHERE NOT EXISTS (SELECT 1 FROM secrets WHERE name = $1) ON CONFLICT (name) DO NOTHING RETURNING value)"
        " SELECT encode(value, 'hex') FROM i UNION ALL SELECT encode(value, 'hex') FROM secrets WHERE name = $1";
    char hex[2 * SECRET_BYTES_MAX + 1];
    PGresult *r = NULL;
    way_pg_args a = {0};
    way_code rc = WAY_OK;

    WAY_ASSERT(len > 0 && len <= SECRET_BYTES_MAX);
    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = "0123456789abcdef"[fresh[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[fresh[i] & 15];
    }
    hex[2 * len] = '\0';
    way_pg_arg_text(&a, name);
    way_pg_arg_text(&a, hex);
    /* A statement does not see a row that another one inserted after it began: then there is no answer, and asking again
     * finds it. */
    for (int attempt = 0; attempt < 3; attempt++) {
        PQclear(r);
        r = NULL;
        rc = way_pg_exec(pg, WAY_PG_WRITE, sql, &a, &r, e);
        if (rc != WAY_OK)
            goto out;
        if (PQntuples(r) > 0)
            break;
    }
    if (PQntuples(r) == 0 || !from_hex(way_pg_text(r, 0, 0), out, cap, out_len))
        rc = way_fail(e, WAY_E_INTERNAL, "the shared secret '%s' cannot be read", name);
    PQclear(r);
out:
    explicit_bzero(hex, sizeof hex);
    return rc;
}
