/* Receipts: numbers as varints, then a keyed BLAKE2b over them, as base64url text.
 *
 * The MAC is checked before anything is read; what follows is ours, but is parsed with bounds all the same, since the
 * key is shared with other versions of this program. */
#include <sodium.h>
#include <string.h>

#include "core/auth/auth.h"
#include "core/base/mem.h"
#include "core/base/text.h"

#define MAC_LEN 16
#define VERSION 1
#define NUMBERS 10
#define VARINT_MAX 10
#define BODY_MAX                                                                                   \
    (2 + NUMBERS * VARINT_MAX + 3 + sizeof((way_receipt *)0)->domain + sizeof((way_receipt *)0)->account +             \
     sizeof((way_receipt *)0)->random)

_Static_assert((BODY_MAX + MAC_LEN + 2) / 3 * 4 <= WAY_RECEIPT_TEXT_MAX, "a receipt must fit");

static unsigned char *put_number(unsigned char *p, uint64_t v)
{
    for (; v >= 0x80; v >>= 7)
        *p++ = (unsigned char)(v | 0x80);
    *p++ = (unsigned char)v;
    return p;
}

static unsigned char *put_text(unsigned char *p, const char *s, size_t cap)
{
    size_t n = strnlen(s, cap - 1);
    *p++ = (unsigned char)n;
    memcpy(p, s, n);
    return p + n;
}

void way_receipt_add(const unsigned char key[32], const way_receipt *r, way_buf *out)
{
    unsigned char body[BODY_MAX + MAC_LEN], *p = body;
    const uint64_t numbers[NUMBERS] = {
        (uint64_t)r->station_id, (uint64_t)r->group_id,  (uint64_t)r->generation, (uint64_t)r->source,
        (uint64_t)r->partition,  r->deliveries,          r->seq,                  r->consumer_seq,
        (uint64_t)r->time_ns,    r->pending,
    };
    *p++ = VERSION;
    for (size_t i = 0; i < NUMBERS; i++)
        p = put_number(p, numbers[i]);
    bool longer = r->domain[0] || r->account[0] || r->random[0];
    *p++ = longer;
    if (longer) {
        p = put_text(p, r->domain, sizeof r->domain);
        p = put_text(p, r->account, sizeof r->account);
        p = put_text(p, r->random, sizeof r->random);
    }
    size_t len = (size_t)(p - body);
    crypto_generichash(p, MAC_LEN, body, len, key, 32);
    way_b64url_add(out, body, len + MAC_LEN);
}

typedef struct reader {
    const unsigned char *p, *end;
} reader;

static bool get_number(reader *r, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; r->p < r->end && shift < 64; shift += 7) {
        unsigned char byte = *r->p++;
        if (shift == 63 && byte > 1)
            return false;
        *v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static bool get_text(reader *r, char *out, size_t cap)
{
    if (r->p == r->end)
        return false;
    size_t n = *r->p++;
    if (n >= cap || n > (size_t)(r->end - r->p))
        return false;
    memcpy(out, r->p, n);
    out[n] = '\0';
    r->p += n;
    return true;
}

static bool read_body(reader *r, way_receipt *out)
{
    uint64_t n[NUMBERS];
    if (r->p == r->end || *r->p++ != VERSION)
        return false;
    for (size_t i = 0; i < NUMBERS; i++)
        if (!get_number(r, &n[i]))
            return false;
    if (n[3] > WAY_FROM_REDRIVE || n[4] < 1 || n[4] > WAY_PARTITIONS_MAX || r->p == r->end)
        return false;
    out->station_id = (int64_t)n[0];
    out->group_id = (int64_t)n[1];
    out->generation = (int64_t)n[2];
    out->source = (way_source)n[3];
    out->partition = (int32_t)n[4];
    out->deliveries = n[5];
    out->seq = n[6];
    out->consumer_seq = n[7];
    out->time_ns = (int64_t)n[8];
    out->pending = n[9];
    unsigned char longer = *r->p++;
    if (longer > 1)
        return false;
    if (longer && !(get_text(r, out->domain, sizeof out->domain) && get_text(r, out->account, sizeof out->account) &&
                    get_text(r, out->random, sizeof out->random)))
        return false;
    return r->p == r->end;
}

way_code way_receipt_parse(const unsigned char key[32], const char *text, size_t len, way_receipt *out, way_err *e)
{
    unsigned char body[BODY_MAX + MAC_LEN], mac[MAC_LEN];
    size_t n;
    way_receipt r = {0};

    if (len > WAY_RECEIPT_TEXT_MAX || !way_b64url_decode(text, len, body, sizeof body, &n) || n <= MAC_LEN)
        goto refuse;
    n -= MAC_LEN;
    crypto_generichash(mac, MAC_LEN, body, n, key, 32);
    if (sodium_memcmp(mac, body + n, MAC_LEN) != 0)
        goto refuse;
    reader rd = {body, body + n};
    if (!read_body(&rd, &r))
        goto refuse;
    *out = r;
    return WAY_OK;

refuse:
    return way_fail(e, WAY_E_INVAL, "the receipt was not issued here");
}
