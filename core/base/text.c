/* Small conversions of text.  Base64 and random bytes come from libsodium, which is constant-time: tokens and
 * receipts pass through here. */
#include "core/base/text.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

/* Length of the valid sequence at s (1-4), or 0.  Second-byte bounds refuse overlong forms, surrogates and > U+10FFFF. */
static size_t utf8_step(const unsigned char *s, size_t left)
{
    unsigned char c = s[0];
    if (c < 0x80)
        return 1;
    size_t need = c >= 0xC2 && c <= 0xDF ? 2 : (c & 0xF0) == 0xE0 ? 3 : c >= 0xF0 && c <= 0xF4 ? 4 : 0;
    if (need == 0 || left < need)
        return 0;
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    return need;
}

bool way_utf8_valid(const char *text, size_t len)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t i = 0;

    while (i < len) {
        uint64_t eight;
        /* most texts are ASCII: eight bytes at a time until one is not */
        while (len - i >= 8 && (memcpy(&eight, s + i, 8), (eight & 0x8080808080808080u) == 0))
            i += 8;
        if (i == len)
            break;
        size_t n = utf8_step(s + i, len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

const char *way_text_quote(const char *text, size_t len, char out[WAY_QUOTE_MAX])
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = 0, i = 0;

    while (i < len) {
        size_t step = utf8_step(s + i, len - i);
        bool plain = step > 1 || (step == 1 && s[i] >= 0x20 && s[i] != 0x7F);
        size_t width = plain ? step : 1;
        /* room for this, for the dots if more follows, and for the NUL */
        size_t rest = i + (step ? step : 1) < len ? 3 : 0;
        if (n + width + rest + 1 > WAY_QUOTE_MAX) {
            memcpy(out + n, "...", 3);
            n += 3;
            break;
        }
        if (plain)
            memcpy(out + n, s + i, step);
        else
            out[n] = '?';
        n += width;
        i += step ? step : 1;
    }
    out[n] = '\0';
    return out;
}

static void b64_add(way_buf *out, const void *p, size_t len, int variant)
{
    if (len > SIZE_MAX / 4) {
        out->failed = true;
        return;
    }
    size_t need = sodium_base64_encoded_len(len, variant); /* counts its NUL, for which a buffer always has room */
    if (!way_buf_reserve(out, need))
        return;
    sodium_bin2base64(out->data + out->len, need, p, len, variant);
    out->len += need - 1;
}

void way_b64_add(way_buf *out, const void *p, size_t len)
{
    b64_add(out, p, len, sodium_base64_VARIANT_ORIGINAL);
}

void way_b64url_add(way_buf *out, const void *p, size_t len)
{
    b64_add(out, p, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* libsodium 1.0.18 takes four bytes above 0x7F for digits ('+', '/', '-' and '_' with the high bit set). */
static bool all_ascii(const char *s, size_t len)
{
    unsigned char seen = 0;
    for (size_t i = 0; i < len; i++)
        seen |= (unsigned char)s[i];
    return seen < 0x80;
}

bool way_b64_decode(const char *s, size_t len, unsigned char *out, size_t *out_len)
{
    const char *end;
    if (len % 4 != 0 || !all_ascii(s, len))
        return false;
    if (sodium_base642bin(out, len / 4 * 3, s, len, NULL, out_len, &end, sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    return end == s + len;
}

bool way_b64url_decode(const char *s, size_t len, unsigned char *out, size_t cap, size_t *out_len)
{
    const char *end;
    if (!all_ascii(s, len))
        return false;
    if (sodium_base642bin(out, cap, s, len, NULL, out_len, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return false;
    return end == s + len;
}

char *way_put_u64(char *to, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;

    do
        digits[--at] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    memcpy(to, digits + at, sizeof digits - at);
    return to + sizeof digits - at;
}

char *way_put_str(char *to, const char *s)
{
    size_t len = strlen(s);
    memcpy(to, s, len);
    return to + len;
}

bool way_u64_parse(const char *s, size_t len, uint64_t *v)
{
    uint64_t n = 0;

    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (s[i] < '0' || s[i] > '9' || __builtin_mul_overflow(n, 10u, &n) ||
            __builtin_add_overflow(n, (uint64_t)(s[i] - '0'), &n))
            return false;
    *v = n;
    return true;
}

bool way_i64_parse(const char *s, size_t len, int64_t *v)
{
    bool minus = len > 0 && s[0] == '-';
    uint64_t n;

    if (!way_u64_parse(s + minus, len - minus, &n) || n > (uint64_t)INT64_MAX + minus)
        return false;
    *v = minus ? (int64_t)(0 - n) : (int64_t)n;
    return true;
}

bool way_bytes_parse(const char *s, int64_t *bytes)
{
    static const struct {
        const char *unit;
        int64_t factor;
    } units[] = {
        {"", 1},          {"B", 1},           {"kB", 1000},        {"KB", 1000},         {"MB", 1000000},
        {"GB", 1000000000}, {"TB", 1000000000000}, {"KiB", 1024},    {"MiB", 1048576},     {"GiB", 1073741824},
        {"TiB", 1099511627776}, {"K", 1024},  {"k", 1024},         {"M", 1048576},       {"m", 1048576},
        {"G", 1073741824}, {"g", 1073741824}, {"T", 1099511627776},
    };
    size_t digits = strspn(s, "0123456789");
    uint64_t n;
    int64_t product;

    if (!way_u64_parse(s, digits, &n) || n > INT64_MAX)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(s + digits, units[i].unit) == 0) {
            if (__builtin_mul_overflow((int64_t)n, units[i].factor, &product))
                return false;
            *bytes = product;
            return true;
        }
    return false;
}

/* libsodium wants its init before random bytes are drawn by several threads at once; it may be called again. */
static unsigned char hash_key[crypto_shorthash_KEYBYTES];
static pthread_once_t seeded = PTHREAD_ONCE_INIT;

static void seed(void)
{
    if (sodium_init() < 0)
        __builtin_trap(); /* no source of randomness: no tokens either */
    randombytes_buf(hash_key, sizeof hash_key);
}

void way_random_bytes(void *out, size_t len)
{
    pthread_once(&seeded, seed);
    randombytes_buf(out, len);
}

void way_random_id(char out[WAY_RANDOM_ID_MAX])
{
    unsigned char raw[16];
    way_random_bytes(raw, sizeof raw);
    sodium_bin2hex(out, WAY_RANDOM_ID_MAX, raw, sizeof raw);
}

uint64_t way_hash64(const void *p, size_t len)
{
    unsigned char sum[crypto_shorthash_BYTES];
    uint64_t v;

    pthread_once(&seeded, seed);
    crypto_shorthash(sum, p, len, hash_key);
    memcpy(&v, sum, sizeof v);
    return v;
}
