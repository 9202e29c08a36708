/* The body of a settle. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "gateway/data_settle.h"

Test(settle, reads_all_lists)
{
    const char *body = "{\"nak\":[\"n\"],\"delay_ms\":1500,\"ack\":[\"a\",\"b\"],\"term\":[\"t\"],\"reason\":\"bad \\u0022x\\u0022\","
                       "\"progress\":[\"p\"]}";
    static const struct {
        way_settle_op op;
        char receipt;
    } want[] = {{WAY_SETTLE_NAK, 'n'}, {WAY_SETTLE_ACK, 'a'}, {WAY_SETTLE_ACK, 'b'}, {WAY_SETTLE_TERM, 't'}, {WAY_SETTLE_PROGRESS, 'p'}};
    way_settle s;
    way_err e;

    cr_assert_eq(way_settle_parse(body, strlen(body), &s, &e), WAY_OK, "%s", e.text);
    cr_assert_eq(s.count, 5);
    for (size_t i = 0; i < 5; i++) {
        cr_expect_eq(s.items[i].op, want[i].op);
        cr_expect(s.items[i].receipt.len == 1 && *s.items[i].receipt.p == want[i].receipt);
    }
    cr_expect_eq(s.delay_ms, 1500);
    cr_expect_str_eq(s.reason, "bad \"x\"");
    free(s.items);
}

Test(settle, refuses)
{
    static const struct {
        const char *body;
        way_code want;
    } row[] = {
        {"{}", WAY_OK},
        {"{\"ack\":[]}", WAY_OK},
        {"{\"ack\":null,\"reason\":null,\"delay_ms\":null}", WAY_OK},
        {"", WAY_E_INVAL},
        {"[]", WAY_E_INVAL},
        {"{\"ack\":\"x\"}", WAY_E_INVAL},
        {"{\"ack\":[1]}", WAY_E_INVAL},
        {"{\"ack\":[\"x\",]}", WAY_E_INVAL},
        {"{\"ack\":[\"x\"]", WAY_E_INVAL},
        {"{\"ack\":[],\"ack\":[]}", WAY_E_INVAL},
        {"{\"acks\":[]}", WAY_E_INVAL},
        {"{\"delay_ms\":-1}", WAY_E_INVAL},
        {"{\"delay_ms\":1.5}", WAY_E_INVAL},
        {"{\"delay_ms\":86400001}", WAY_E_INVAL},
        {"{\"reason\":1}", WAY_E_INVAL},
        {"{\"reason\":\"a\\u0000b\"}", WAY_E_INVAL},
        {"{} x", WAY_E_INVAL},
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_settle s;
        way_err e;
        cr_expect_eq(way_settle_parse(row[i].body, strlen(row[i].body), &s, &e), row[i].want, "%s", row[i].body);
        free(s.items);
    }
}

Test(settle, is_bounded)
{
    way_settle s;
    way_buf b;
    way_err e;

    for (int extra = 0; extra < 2; extra++) {
        way_buf_init(&b, 0);
        way_buf_str(&b, "{\"ack\":[\"x\"");
        for (int i = 1; i < WAY_SETTLE_MAX + extra; i++)
            way_buf_str(&b, ",\"x\"");
        way_buf_str(&b, "]}");
        cr_expect_eq(way_settle_parse(b.data, b.len, &s, &e), extra ? WAY_E_INVAL : WAY_OK);
        free(s.items);
        way_buf_fini(&b);
    }
    way_buf_init(&b, 0);
    way_buf_str(&b, "{\"reason\":\"");
    for (int i = 0; i <= WAY_SETTLE_REASON_MAX; i++)
        way_buf_str(&b, "\\u0061");
    way_buf_str(&b, "\"}");
    cr_expect_eq(way_settle_parse(b.data, b.len, &s, &e), WAY_E_INVAL);
    way_buf_fini(&b);
}
