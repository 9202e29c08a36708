#include <criterion/criterion.h>
#include <string.h>

#include "jetstream-adapter/link.h"

Test(puback, rows)
{
    static const struct {
        const char *text;
        way_code code;
        uint64_t seq;
        bool duplicate;
    } row[] = {
        {"{\"stream\":\"a$1\",\"seq\":1}", WAY_OK, 1, false},
        {"{\"stream\":\"a$1\", \"seq\": 18446744073709551615}", WAY_OK, UINT64_MAX, false},
        {"{\"stream\":\"a$1\",\"domain\":\"hub\",\"seq\":42,\"duplicate\": true}", WAY_OK, 42, true},
        {"{\"stream\":\"a$1\",\"seq\":42,\"duplicate\":false}", WAY_OK, 42, false},
        /* a duplicate whose first copy has no sequence yet, and one that was thrown away */
        {"{\"stream\":\"a$1\",\"seq\":0,\"duplicate\":true}", WAY_E_UNAVAILABLE, 0, false},
        {"{\"error\":{\"code\":503,\"err_code\":10077,\"description\":\"message too large\"},\"stream\":\"a$1\",\"seq\":0}",
         WAY_E_TOO_LARGE, 0, false},
        {"{\"error\":{\"code\":503,\"err_code\":10077,\"description\":\"maximum messages exceeded\"},\"stream\":\"a\",\"seq\":0}",
         WAY_E_UNAVAILABLE, 0, false},
        {"{\"error\":{\"code\":400,\"err_code\":10054,\"description\":\"message size exceeds maximum allowed\"}}",
         WAY_E_TOO_LARGE, 0, false},
        {"{\"error\":{\"code\":400,\"err_code\":10097,\"description\":\"header size exceeds maximum allowed of 64k\"}}",
         WAY_E_HEADERS, 0, false},
        {"{\"error\":{\"code\":429,\"err_code\":10167,\"description\":\"too many requests\"}}", WAY_E_FULL, 0, false},
        {"{\"error\":{\"code\":409,\"err_code\":10158,\"description\":\"duplicate message id is in process\"}}",
         WAY_E_UNAVAILABLE, 0, false},
        {"{\"error\":{\"code\":400,\"err_code\":10109,\"description\":\"invalid operation on sealed stream\"}}",
         WAY_E_CONFLICT, 0, false},
        {"{\"error\":{\"code\":503,\"err_code\":10023,\"description\":\"insufficient resources\"}}", WAY_E_FULL, 0, false},
        {"{\"error\":{\"code\":404,\"err_code\":10059,\"description\":\"stream not found\"}}", WAY_E_UNAVAILABLE, 0, false},
        /* unknown numbers go by their class */
        {"{\"error\":{\"code\":503,\"err_code\":19999,\"description\":\"new\"}}", WAY_E_UNAVAILABLE, 0, false},
        {"{\"error\":{\"code\":400,\"err_code\":19999,\"description\":\"new\"}}", WAY_E_INVAL, 0, false},
        {"{\"error\":{\"code\":418}}", WAY_E_INTERNAL, 0, false},
        {"", WAY_E_INTERNAL, 0, false},
        {"+OK", WAY_E_INTERNAL, 0, false},
        {"{\"seq\":", WAY_E_INTERNAL, 0, false},
        {"{\"seq\":12", WAY_E_INTERNAL, 0, false},
        {"{\"seq\":-1}", WAY_E_INTERNAL, 0, false},
        {"{\"seq\":18446744073709551616}", WAY_E_INTERNAL, 0, false},
        {"{\"error\":\"no\"}", WAY_E_INTERNAL, 0, false},
        {"{\"error\":{\"code\":\"503\"}}", WAY_E_INTERNAL, 0, false},
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_puback ack = {.seq = 7};
        way_err e = {0};

        cr_expect_eq(way_puback_parse(row[i].text, strlen(row[i].text), &ack, &e), row[i].code, "%s: %s %s", row[i].text,
                     way_code_name(e.code), e.text);
        if (row[i].code == WAY_OK) {
            cr_expect_eq(ack.seq, row[i].seq, "%s", row[i].text);
            cr_expect_eq(ack.duplicate, row[i].duplicate, "%s", row[i].text);
        } else {
            cr_expect_eq(ack.seq, 7, "outputs are written on success only: %s", row[i].text);
            cr_expect_eq(e.code, row[i].code);
        }
    }
}

Test(puback, reads_no_further_than_its_length)
{
    static const char text[] = "{\"stream\":\"a$1\",\"seq\":123}";
    way_puback ack;

    for (size_t len = 0; len < sizeof text - 2; len++)
        cr_expect_neq(way_puback_parse(text, len, &ack, NULL), WAY_OK, "%zu", len);
}
