#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"

Test(buf, grows_and_keeps_its_nul)
{
    way_buf b;
    way_buf_init(&b, 0);
    for (int i = 0; i < 10000; i++)
        way_buf_printf(&b, "%d,", i);
    cr_expect_eq(b.len, strlen(b.data));
    cr_expect_not(b.failed);
    way_buf_drop_front(&b, 4);
    cr_expect_eq(strncmp(b.data, "2,3,", 4), 0);
    way_buf_drop_front(&b, SIZE_MAX);
    cr_expect_eq(b.len, 0u);
    way_buf_fini(&b);
}

Test(buf, a_limit_is_sticky)
{
    way_buf b;
    way_buf_init(&b, 10);
    way_buf_str(&b, "0123456789");
    cr_expect_not(b.failed);
    way_buf_char(&b, 'x');
    cr_expect(b.failed);
    way_buf_str(&b, "");
    cr_expect_eq(b.len, 10u);
    cr_expect_null(way_buf_take(&b, NULL));
    way_buf_str(&b, "again");
    cr_expect_not(b.failed);
    way_buf_fini(&b);
}

Test(buf, long_printf_and_take)
{
    way_buf b;
    size_t len;
    char big[1000];
    memset(big, 'y', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    way_buf_init(&b, 0);
    way_buf_printf(&b, "<%s>", big);
    char *p = way_buf_take(&b, &len);
    cr_expect_eq(len, 1001u);
    cr_expect_eq(p[1000], '>');
    free(p);
    p = way_buf_take(&b, &len);
    cr_expect_str_eq(p, "");
    free(p);
}

Test(buf, numbers)
{
    way_buf b;
    way_buf_init(&b, 0);
    way_buf_u64(&b, UINT64_MAX);
    way_buf_char(&b, ' ');
    way_buf_i64(&b, INT64_MIN);
    way_buf_char(&b, ' ');
    way_buf_i64(&b, 0);
    cr_expect_str_eq(b.data, "18446744073709551615 -9223372036854775808 0");
    way_buf_fini(&b);
}

Test(buf, json_commas_come_by_themselves)
{
    way_buf b;
    way_buf_init(&b, 0);
    way_json_open(&b, '{');
    way_json_kv_str(&b, "a", "x,[{:");
    way_json_key(&b, "b");
    way_json_open(&b, '[');
    way_json_int(&b, -1);
    way_json_bool(&b, true);
    way_json_null(&b);
    way_json_open(&b, '{');
    way_json_close(&b, '}');
    way_json_raw(&b, "[1]\n ", 5);
    way_json_uint(&b, 7);
    way_json_close(&b, ']');
    way_json_kv_bool(&b, "c", false);
    way_json_kv_str(&b, "d", NULL);
    way_json_kv_uint(&b, "e", 9);
    way_json_close(&b, '}');
    cr_expect_str_eq(b.data, "{\"a\":\"x,[{:\",\"b\":[-1,true,null,{},[1],7],\"c\":false,\"d\":null,\"e\":9}");
    way_buf_char(&b, '\n'); /* one document a line */
    size_t at = b.len;
    way_json_open(&b, '{');
    way_json_close(&b, '}');
    cr_expect_str_eq(b.data + at, "{}");
    way_buf_fini(&b);
}

Test(buf, json_texts_are_escaped)
{
    way_buf b;
    way_buf_init(&b, 0);
    way_json_text(&b, "q\"b\\n\nt\tr\rz\0\x1f\x7f\xC3\xA9", 16);
    cr_expect_str_eq(b.data, "\"q\\\"b\\\\n\\nt\\tr\\rz\\u0000\\u001f\x7f\xC3\xA9\"");
    way_buf_fini(&b);
}

/* Eight bytes are looked at together: an escape is found wherever it lies, and bytes above 0x7F are none. */
Test(json_writer, escapes_are_found_at_every_place)
{
    static const struct {
        char c;
        const char *as;
    } row[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {0x1f, "\\u001f"}, {'\0', "\\u0000"}, {0x20, " "}, {'!', "!"},
               {(char)0x80, "\x80"}, {(char)0xff, "\xff"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        for (size_t at = 0; at < 24; at++) {
            char in[24], want[64];
            way_buf b;
            memset(in, 'x', sizeof in);
            in[at] = row[i].c;
            snprintf(want, sizeof want, "\"%.*s%s%.*s\"", (int)at, "xxxxxxxxxxxxxxxxxxxxxxxx", row[i].as, (int)(23 - at),
                     "xxxxxxxxxxxxxxxxxxxxxxxx");
            way_buf_init(&b, 0);
            way_json_text(&b, in, sizeof in);
            cr_expect_str_eq(b.data, want, "row %zu at %zu", i, at);
            way_buf_fini(&b);
        }
}
