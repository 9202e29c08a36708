/* Receipts: what was signed comes back, anything else is refused. */
#include <criterion/criterion.h>
#include <sodium.h>
#include <string.h>

#include "core/auth/auth.h"
#include "core/base/text.h"

static const unsigned char key[32] = "0123456789abcdef0123456789abcde";

static way_receipt sample(void)
{
    return (way_receipt){.station_id = 12, .group_id = 345, .generation = 2, .source = WAY_FROM_PARTITION,
                         .partition = 8, .deliveries = 1, .seq = 123456789, .consumer_seq = 4711,
                         .time_ns = 1800000000123456789, .pending = 99};
}

static void round_trip(const way_receipt *r)
{
    way_buf b;
    way_receipt back;
    way_err e;
    way_buf_init(&b, 0);
    way_receipt_add(key, r, &b);
    cr_assert(!b.failed);
    cr_expect_lt(b.len, WAY_RECEIPT_TEXT_MAX);
    cr_assert_eq(way_receipt_parse(key, b.data, b.len, &back, &e), WAY_OK);
    cr_expect_eq(back.station_id, r->station_id);
    cr_expect_eq(back.group_id, r->group_id);
    cr_expect_eq(back.generation, r->generation);
    cr_expect_eq(back.source, r->source);
    cr_expect_eq(back.partition, r->partition);
    cr_expect_eq(back.deliveries, r->deliveries);
    cr_expect_eq(back.seq, r->seq);
    cr_expect_eq(back.consumer_seq, r->consumer_seq);
    cr_expect_eq(back.time_ns, r->time_ns);
    cr_expect_eq(back.pending, r->pending);
    cr_expect_str_eq(back.domain, r->domain);
    cr_expect_str_eq(back.account, r->account);
    cr_expect_str_eq(back.random, r->random);
    way_buf_fini(&b);
}

Test(receipt, comes_back_as_it_was)
{
    way_receipt r = sample();
    round_trip(&r);
    strcpy(r.domain, "_");
    strcpy(r.account, "ACCHASH1");
    strcpy(r.random, "k2jH7q");
    r.source = WAY_FROM_REDRIVE;
    round_trip(&r);
}

Test(receipt, the_longest_fits)
{
    way_receipt r = {.station_id = INT64_MAX, .group_id = INT64_MAX, .generation = INT64_MAX, .source = WAY_FROM_REDRIVE,
                     .partition = WAY_PARTITIONS_MAX, .deliveries = UINT64_MAX, .seq = UINT64_MAX,
                     .consumer_seq = UINT64_MAX, .time_ns = INT64_MAX, .pending = UINT64_MAX};
    memset(r.domain, 'd', sizeof r.domain - 1);
    memset(r.account, 'a', sizeof r.account - 1);
    memset(r.random, 'r', sizeof r.random - 1);
    round_trip(&r);
}

Test(receipt, any_changed_byte_is_refused)
{
    way_receipt r = sample(), back;
    way_buf b;
    way_err e;
    way_buf_init(&b, 0);
    way_receipt_add(key, &r, &b);
    for (size_t i = 0; i < b.len; i++) {
        char kept = b.data[i];
        for (int bit = 0; bit < 8; bit++) {
            b.data[i] = (char)(kept ^ (1 << bit));
            cr_expect_eq(way_receipt_parse(key, b.data, b.len, &back, &e), WAY_E_INVAL, "byte %zu, bit %d", i, bit);
        }
        b.data[i] = kept;
    }
    for (size_t len = 0; len < b.len; len++)
        cr_expect_eq(way_receipt_parse(key, b.data, len, &back, &e), WAY_E_INVAL, "cut to %zu", len);
    unsigned char wrong[32] = "0123456789abcdef0123456789abcdf";
    cr_expect_eq(way_receipt_parse(wrong, b.data, b.len, &back, &e), WAY_E_INVAL);
    way_buf_fini(&b);
}

/* Rightly signed, wrongly built: what another version, or whoever holds the key, might send. */
Test(receipt, a_signed_body_is_still_checked)
{
    static const struct {
        const char *body;
        size_t len;
    } row[] = {
        {"", 0},
        {"\x02", 1},                                                   /* another version */
        {"\x01\x01\x01\x01\x00\x01\x01\x01\x01\x01\x01", 11},          /* no end */
        {"\x01\x01\x01\x01\x05\x01\x01\x01\x01\x01\x01\x00", 12},      /* unknown source */
        {"\x01\x01\x01\x01\x00\x00\x01\x01\x01\x01\x01\x00", 12},      /* partition 0 */
        {"\x01\x01\x01\x01\x00\x81\x20\x01\x01\x01\x01\x01\x00", 13},  /* partition 4097 */
        {"\x01\x01\x01\x01\x00\x01\x01\x01\x01\x01\x01\x00\x00", 13},  /* something after it */
        {"\x01\x01\x01\x01\x00\x01\x01\x01\x01\x01\x01\x01\x40", 13},  /* text longer than what is there */
        {"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},      /* varint of more than 64 bits */
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        unsigned char body[64];
        way_buf b;
        way_receipt back;
        way_err e;
        memcpy(body, row[i].body, row[i].len);
        crypto_generichash(body + row[i].len, 16, body, row[i].len, key, 32);
        way_buf_init(&b, 0);
        way_b64url_add(&b, body, row[i].len + 16);
        cr_expect_eq(way_receipt_parse(key, b.data, b.len, &back, &e), WAY_E_INVAL, "row %zu", i);
        way_buf_fini(&b);
    }
}
