#include <criterion/criterion.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/text.h"

Test(err, codes_look_outside_as_the_table_says)
{
    static const struct {
        way_code code;
        const char *name;
        int http;
        bool retry;
    } row[] = {
        {WAY_OK, "ok", 200, false},
        {WAY_E_INVAL, "invalid", 400, false},
        {WAY_E_CONFLICT, "conflict", 409, false},
        {WAY_E_NEWER_SERVER, "needs_newer_server", 501, false},
        {WAY_E_FULL, "overloaded", 503, true},
        {WAY_E_TIMEOUT, "timeout", 504, true},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cr_expect_str_eq(way_code_name(row[i].code), row[i].name);
        cr_expect_eq(way_code_http(row[i].code), row[i].http);
        cr_expect_eq(way_code_retry(row[i].code), row[i].retry);
    }
    for (int c = 0; c < WAY_CODE_COUNT; c++)
        cr_expect(way_code_name(c) && way_code_title(c) && way_code_http(c) >= 200, "code %d", c);
    cr_expect_str_eq(way_code_name((way_code)999), "internal");
}

Test(err, a_text_that_does_not_fit_is_cut_between_characters)
{
    char text[1000];
    way_err e;

    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 4);
        cr_expect_eq(way_fail(&e, WAY_E_INVAL, "%s", text), WAY_E_INVAL);
        cr_expect(way_utf8_valid(e.text, strlen(e.text)), "shift %zu", shift);
        cr_expect_gt(strlen(e.text), sizeof e.text - 5);
    }
    cr_expect_eq(way_fail(NULL, WAY_E_FULL, "nobody listens"), WAY_E_FULL);
}

Test(err, a_text_may_be_built_from_itself)
{
    way_err e;
    way_fail(&e, WAY_E_INVAL, "inner");
    way_fail(&e, WAY_E_INVAL, "outer: %s", e.text);
    cr_expect_str_eq(e.text, "outer: inner");
}
