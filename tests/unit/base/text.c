#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

Test(text, utf8)
{
    static const struct {
        const char *s;
        size_t len;
        bool ok;
    } row[] = {
        {"", 0, true},
        {"plain ascii of some length", 26, true},
        {"\0", 1, true},
        {"\xC3\xA9", 2, true},
        {"\xE6\x97\xA5\xE6\x9C\xAC", 6, true},
        {"\xF0\x9F\x98\x80", 4, true},
        {"\xF4\x8F\xBF\xBF", 4, true},
        {"\xC0\x80", 2, false},         /* overlong NUL */
        {"\xC1\xBF", 2, false},         /* overlong */
        {"\xE0\x9F\xBF", 3, false},     /* overlong */
        {"\xF0\x8F\xBF\xBF", 4, false}, /* overlong */
        {"\xED\xA0\x80", 3, false},     /* surrogate */
        {"\xF4\x90\x80\x80", 4, false}, /* above U+10FFFF */
        {"\xF5\x80\x80\x80", 4, false},
        {"\x80", 1, false},
        {"\xC3", 1, false},
        {"\xE6\x97", 2, false},
        {"12345678\xFF", 9, false},
        {"1234567\xC3\xA9", 9, true},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_expect_eq(way_utf8_valid(row[i].s, row[i].len), row[i].ok, "row %zu", i);
}

Test(text, quoting_bounds_and_cleans)
{
    char out[WAY_QUOTE_MAX], big[300];
    cr_expect_str_eq(way_text_quote("a\nb\xFF\x00z", 6, out), "a?b??z");
    cr_expect_str_eq(way_text_quote("", 0, out), "");
    for (size_t shift = 0; shift < 3; shift++) {
        memset(big, 'a', sizeof big);
        for (size_t i = shift; i + 2 < sizeof big; i += 2)
            memcpy(big + i, "\xC3\xA9", 2);
        big[sizeof big - 1] = 'a';
        way_text_quote(big, sizeof big, out);
        cr_expect(way_utf8_valid(out, strlen(out)));
        cr_expect_str_eq(out + strlen(out) - 3, "...");
    }
    memset(big, 'a', sizeof big);
    cr_expect_eq(strlen(way_text_quote(big, 63, out)), 63u);
    cr_expect_eq(strlen(way_text_quote(big, 64, out)), 63u);
}

Test(text, base64_both_ways)
{
    static const struct {
        const char *plain, *b64, *url;
    } row[] = {{"", "", ""}, {"f", "Zg==", "Zg"}, {"fo", "Zm8=", "Zm8"}, {"foo", "Zm9v", "Zm9v"},
               {"\xFB\xEF\xFF", "++//", "--__"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_buf b;
        unsigned char out[16];
        size_t n;
        way_buf_init(&b, 0);
        way_buf_str(&b, "x:");
        way_b64_add(&b, row[i].plain, strlen(row[i].plain));
        cr_expect_str_eq(b.data + 2, row[i].b64);
        cr_expect_eq(b.len, strlen(b.data));
        cr_expect(way_b64_decode(row[i].b64, strlen(row[i].b64), out, &n));
        cr_expect(n == strlen(row[i].plain) && memcmp(out, row[i].plain, n) == 0);
        way_buf_reset(&b);
        way_b64url_add(&b, row[i].plain, strlen(row[i].plain));
        cr_expect_str_eq(b.data ? b.data : "", row[i].url);
        cr_expect(way_b64url_decode(row[i].url, strlen(row[i].url), out, sizeof out, &n));
        cr_expect(n == strlen(row[i].plain) && memcmp(out, row[i].plain, n) == 0);
        way_buf_fini(&b);
    }
}

Test(text, base64_is_strict)
{
    static const char *const row[] = {"Z", "Zg", "Zg=", "Zg==\n", "Z g=", "Zh==", "Zm9v-_==", "====", "Zg==Zg=="};
    unsigned char out[16];
    size_t n;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_expect_not(way_b64_decode(row[i], strlen(row[i]), out, &n), "%s", row[i]);
    cr_expect_not(way_b64url_decode("Zg==", 4, out, sizeof out, &n));
    cr_expect_not(way_b64url_decode("Zm9vYmFy", 8, out, 5, &n), "more than there is room for");
}

Test(text, whole_numbers)
{
    static const struct {
        const char *s;
        bool u_ok, i_ok;
        uint64_t u;
        int64_t i;
    } row[] = {
        {"0", true, true, 0, 0},
        {"18446744073709551615", true, false, UINT64_MAX, 0},
        {"18446744073709551616", false, false, 0, 0},
        {"9223372036854775807", true, true, INT64_MAX, INT64_MAX},
        {"-9223372036854775808", false, true, 0, INT64_MIN},
        {"-9223372036854775809", false, false, 0, 0},
        {"-", false, false, 0, 0},
        {"", false, false, 0, 0},
        {"+1", false, false, 0, 0},
        {" 1", false, false, 0, 0},
        {"1 ", false, false, 0, 0},
        {"0x1", false, false, 0, 0},
    };
    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        uint64_t u = 0;
        int64_t i = 0;
        cr_expect_eq(way_u64_parse(row[k].s, strlen(row[k].s), &u), row[k].u_ok, "%s", row[k].s);
        cr_expect_eq(way_i64_parse(row[k].s, strlen(row[k].s), &i), row[k].i_ok, "%s", row[k].s);
        cr_expect(u == row[k].u && i == row[k].i, "%s", row[k].s);
    }
}

Test(text, byte_sizes)
{
    static const struct {
        const char *s;
        int64_t v; /* -1: refused */
    } row[] = {{"1000", 1000}, {"64MB", 64000000}, {"8MiB", 8388608}, {"512k", 524288}, {"1G", 1073741824},
               {"2GiB", 2147483648}, {"1kB", 1000}, {"7B", 7}, {"", -1}, {"MB", -1}, {"-1", -1}, {"1.5M", -1},
               {"1 MB", -1}, {"1mb", -1}, {"9999999999999GiB", -1}, {"99999999999999999999", -1}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int64_t v = -1;
        cr_expect_eq(way_bytes_parse(row[i].s, &v), row[i].v >= 0, "%s", row[i].s);
        cr_expect_eq(v, row[i].v, "%s", row[i].s);
    }
}

Test(text, random_and_hash)
{
    char a[WAY_RANDOM_ID_MAX], b[WAY_RANDOM_ID_MAX];
    way_random_id(a);
    way_random_id(b);
    cr_expect_eq(strlen(a), 32u);
    cr_expect_str_neq(a, b);
    cr_expect_eq(way_hash64("k", 1), way_hash64("k", 1));
    cr_expect_neq(way_hash64("k", 1), way_hash64("l", 1));
}
