/* Any bytes as a receipt: refused.  A first byte with bit 0 set signs the rest, so that the reader behind the MAC is
 * reached; what it accepts must come out the same when it is written and read again. */
#include <sodium.h>
#include <string.h>

#include "core/auth/auth.h"
#include "core/base/mem.h"
#include "core/base/text.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const unsigned char key[32] = "0123456789abcdef0123456789abcde";

static void signed_body(const unsigned char *body, size_t len)
{
    unsigned char whole[1024];
    way_receipt r, again;
    way_buf b;
    way_err e;

    if (len > sizeof whole - 16)
        return;
    memcpy(whole, body, len);
    crypto_generichash(whole + len, 16, whole, len, key, 32);
    way_buf_init(&b, 0);
    way_b64url_add(&b, whole, len + 16);
    if (way_receipt_parse(key, b.data, b.len, &r, &e) == WAY_OK) {
        way_buf_reset(&b);
        way_receipt_add(key, &r, &b);
        WAY_ASSERT(way_receipt_parse(key, b.data, b.len, &again, &e) == WAY_OK);
        WAY_ASSERT(again.seq == r.seq && again.partition == r.partition && again.time_ns == r.time_ns &&
                   strcmp(again.random, r.random) == 0);
    }
    way_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    way_receipt r;
    way_err e;

    WAY_ASSERT(way_auth_init(&e) == WAY_OK);
    if (size == 0)
        return 0;
    if (data[0] & 1)
        signed_body(data + 1, size - 1);
    else
        WAY_ASSERT(way_receipt_parse(key, (const char *)data + 1, size - 1, &r, &e) == WAY_E_INVAL);
    return 0;
}
