/* JWT, HS256: exactly the tokens that way_jwt_issue makes, and nothing else.
 *
 * The header is one constant text, so that there is no algorithm to negotiate; the signature is compared as text, so that
 * one token has one spelling; the claims are read only after that, by a parser of the one form we write. */
#include <sodium.h>
#include <string.h>

#include "core/auth/auth.h"
#include "core/base/text.h"

/* base64url of {"alg":"HS256","typ":"JWT"} and the dot after it */
#define HEADER "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
#define HEADER_LEN (sizeof HEADER - 1)
#define MAC_TEXT_LEN 43 /* 32 bytes in base64url without padding */
#define CLAIMS_MAX 384

static const char *const uses[] = {[WAY_JWT_ACCESS] = "access", [WAY_JWT_REFRESH] = "refresh"};

static void mac_text(const unsigned char key[32], const char *signed_part, size_t len, char out[MAC_TEXT_LEN + 1])
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256(mac, (const unsigned char *)signed_part, len, key);
    sodium_bin2base64(out, MAC_TEXT_LEN + 1, mac, sizeof mac, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void way_jwt_issue(const unsigned char key[32], way_jwt_use use, const way_user *u, int64_t now_s, int64_t ttl_s,
                   way_buf *out)
{
    way_buf claims;
    char mac[MAC_TEXT_LEN + 1];
    size_t start = out->len;

    way_buf_init(&claims, 0);
    way_json_open(&claims, '{');
    way_json_kv_str(&claims, "sub", u->name);
    way_json_kv_int(&claims, "uid", u->id);
    way_json_kv_int(&claims, "epoch", u->epoch);
    way_json_kv_str(&claims, "use", uses[use]);
    way_json_kv_int(&claims, "iat", now_s);
    way_json_kv_int(&claims, "exp", now_s + ttl_s);
    way_json_close(&claims, '}');

    way_buf_str(out, HEADER);
    if (claims.failed)
        out->failed = true;
    else
        way_b64url_add(out, claims.data, claims.len);
    way_buf_fini(&claims);
    if (out->failed)
        return;
    mac_text(key, out->data + start, out->len - start, mac);
    way_buf_char(out, '.');
    way_buf_add(out, mac, MAC_TEXT_LEN);
}

static int digit(char c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* base64url without padding.  libsodium's decoder takes the same time for every character, which would be a
 * third of a whole check, and what is decoded here is no secret: the signature is compared as text. */
static bool decode(const char *s, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;

    if (len % 4 == 1 || len / 4 * 3 + 2 > cap)
        return false;
    for (size_t i = 0; i < len; i++) {
        int d = digit(s[i]);
        if (d < 0)
            return false;
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[n++] = (unsigned char)(bits >> have);
        }
    }
    *out_len = n;
    return (bits & ((1u << have) - 1)) == 0; /* bits that belong to no byte: another spelling of the same value */
}

/* A reader of the claims: each step says whether the text goes on as we write it. */
typedef struct reader {
    const char *p, *end;
} reader;

static bool literal(reader *r, const char *text)
{
    size_t n = strlen(text);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n) != 0)
        return false;
    r->p += n;
    return true;
}

/* Up to the closing quote, which is taken too.  Names have no escapes, so a backslash is not ours. */
static bool text(reader *r, char *out, size_t cap)
{
    const char *quote = memchr(r->p, '"', (size_t)(r->end - r->p));
    if (!quote || (size_t)(quote - r->p) >= cap || memchr(r->p, '\\', (size_t)(quote - r->p)) ||
        memchr(r->p, '\0', (size_t)(quote - r->p)))
        return false;
    memcpy(out, r->p, (size_t)(quote - r->p));
    out[quote - r->p] = '\0';
    r->p = quote + 1;
    return true;
}

static bool number(reader *r, int64_t *out)
{
    const char *p = r->p;
    size_t n = 0;
    while (p + n < r->end && (p[n] == '-' || (p[n] >= '0' && p[n] <= '9')))
        n++;
    r->p += n;
    return way_i64_parse(p, n, out);
}

static bool read_claims(const char *p, size_t len, const char *use, way_identity *id, int64_t *expires_s)
{
    reader r = {p, p + len};
    char found[sizeof "refresh"];
    int64_t issued_s;

    return literal(&r, "{\"sub\":\"") && text(&r, id->user, sizeof id->user) && literal(&r, ",\"uid\":") &&
           number(&r, &id->user_id) && literal(&r, ",\"epoch\":") && number(&r, &id->epoch) &&
           literal(&r, ",\"use\":\"") && text(&r, found, sizeof found) && strcmp(found, use) == 0 &&
           literal(&r, ",\"iat\":") && number(&r, &issued_s) && literal(&r, ",\"exp\":") && number(&r, expires_s) &&
           literal(&r, "}") && r.p == r.end;
}

way_code way_jwt_check(const unsigned char key[32], way_jwt_use use, const char *token, size_t len, int64_t now_s,
                       const way_catalog *cat, way_identity *out, way_err *e)
{
    static const char not_ours[] = "the token is not valid here: sign in again";
    char mac[MAC_TEXT_LEN + 1];
    unsigned char claims[CLAIMS_MAX];
    size_t claims_len;
    int64_t expires_s;
    way_identity id = {0};

    if (len <= HEADER_LEN + 1 + MAC_TEXT_LEN || len > HEADER_LEN + CLAIMS_MAX / 3 * 4 + 1 + MAC_TEXT_LEN ||
        memcmp(token, HEADER, HEADER_LEN) != 0)
        return way_fail(e, WAY_E_UNAUTH, "%s", not_ours);
    size_t signed_len = len - 1 - MAC_TEXT_LEN;
    if (token[signed_len] != '.')
        return way_fail(e, WAY_E_UNAUTH, "%s", not_ours);
    mac_text(key, token, signed_len, mac);
    if (sodium_memcmp(mac, token + signed_len + 1, MAC_TEXT_LEN) != 0)
        return way_fail(e, WAY_E_UNAUTH, "%s", not_ours);

    if (!decode(token + HEADER_LEN, signed_len - HEADER_LEN, claims, sizeof claims, &claims_len) ||
        !read_claims((const char *)claims, claims_len, uses[use], &id, &expires_s))
        return way_fail(e, WAY_E_UNAUTH, "%s", not_ours);
    if (now_s >= expires_s)
        return way_fail(e, WAY_E_UNAUTH, "the token has expired: sign in again or refresh it");
    const way_user *u = way_catalog_user(cat, id.user);
    if (!u || u->id != id.user_id || u->epoch != id.epoch)
        return way_fail(e, WAY_E_UNAUTH, "the token was ended: sign in again");
    memcpy(id.role, u->role, sizeof id.role);
    *out = id;
    return WAY_OK;
}
