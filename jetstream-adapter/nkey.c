/* NKey: base32, a CRC-16 and one Ed25519 derivation.  cnats signs with a seed by itself but leaves naming the public
 * key to its caller; deriving it here spares users a second setting that could contradict the first. */
#include "jetstream-adapter/nkey.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

enum {
    SEED_TEXT = 58,           /* base32 of 2 prefix bytes, 32 of seed, 2 of check sum */
    SEED_RAW = 36,
    PUBLIC_RAW = 35,          /* prefix, key, check sum */
    PREFIX_SEED = 18 << 3,    /* 'S' */
    PREFIX_USER = 20 << 3     /* 'U' */
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

static uint16_t crc16(const unsigned char *p, size_t len) /* XMODEM */
{
    unsigned crc = 0;

    while (len-- > 0) {
        crc ^= (unsigned)*p++ << 8;
        for (int i = 0; i < 8; i++)
            crc = ((crc & 0x8000u) ? (crc << 1) ^ 0x1021u : crc << 1) & 0xffffu;
    }
    return (uint16_t)crc;
}

static int digit(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;

    return at ? (int)(at - alphabet) : -1;
}

static bool decode(const char *s, unsigned char out[SEED_RAW])
{
    uint32_t bits = 0;
    int have = 0;
    size_t n = 0;

    for (int i = 0; i < SEED_TEXT; i++) {
        bits = (bits << 5) | (uint32_t)digit(s[i]);
        have += 5;
        if (have >= 8) {
            have -= 8;
            if (n < SEED_RAW)
                out[n++] = (unsigned char)(bits >> have);
        }
    }
    return n == SEED_RAW;
}

static void encode(const unsigned char *p, size_t len, char *out)
{
    uint32_t bits = 0;
    int have = 0;

    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8) | p[i];
        have += 8;
        while (have >= 5) {
            have -= 5;
            *out++ = alphabet[(bits >> have) & 31u];
        }
    }
    if (have > 0)
        *out++ = alphabet[(bits << (5 - have)) & 31u];
    *out = '\0';
}

/* A seed is a whole word: comments and "-----BEGIN …" lines around it are allowed. */
static const char *find_seed(const char *text, size_t len)
{
    for (size_t i = 0; i + SEED_TEXT <= len; i++) {
        size_t n = 0;

        if (i > 0 && digit(text[i - 1]) >= 0)
            continue;
        while (i + n < len && digit(text[i + n]) >= 0)
            n++;
        if (n == SEED_TEXT && text[i] == 'S' && text[i + 1] == 'U')
            return text + i;
        i += n;
    }
    return NULL;
}

way_code way_nkey_public(const char *text, size_t len, char out[WAY_NKEY_MAX], way_err *e)
{
    unsigned char raw[SEED_RAW], secret[crypto_sign_SECRETKEYBYTES], pub[PUBLIC_RAW];
    const char *seed = find_seed(text, len);
    way_code rc = WAY_OK;
    uint16_t crc;

    if (!seed)
        return way_fail(e, WAY_E_INVAL, "no user seed (a line that begins with SU) in the nkey file");
    if (!decode(seed, raw) || crc16(raw, SEED_RAW - 2) != (raw[34] | raw[35] << 8) ||
        (raw[0] & 0xf8) != PREFIX_SEED) {
        rc = way_fail(e, WAY_E_INVAL, "the seed in the nkey file is damaged: its check sum does not fit");
    } else {
        pub[0] = PREFIX_USER;
        crypto_sign_seed_keypair(pub + 1, secret, raw + 2);
        crc = crc16(pub, PUBLIC_RAW - 2);
        pub[33] = (unsigned char)(crc & 0xff);
        pub[34] = (unsigned char)(crc >> 8);
        encode(pub, PUBLIC_RAW, out);
        sodium_memzero(secret, sizeof secret);
    }
    sodium_memzero(raw, sizeof raw);
    return rc;
}
