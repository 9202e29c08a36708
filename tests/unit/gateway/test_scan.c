/* The JSON scanner and the pointer that picks a key from a line. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "gateway/data_scan.h"

static bool accepts(const char *text, size_t len)
{
    way_scan_kind kind;
    way_slice raw;
    way_scan s;

    way_scan_init(&s, text, len);
    return way_scan_value(&s, &kind, &raw) && way_scan_done(&s);
}

Test(scan, takes_json)
{
    static const char *const row[] = {
        "0", "-0", "10", "-12.5e+3", "1E9", "0.25", "true", "false", "null", "\"\"", "\"a\"", "[]", "{}", " [ ] ",
        "[1,2,[3]]", "{\"a\":1}", "{\"a\":{\"b\":[{}]}}", "{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }", "\"\\u0000\"",
        "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"12345678\\\"901234567890\"",
        "\"exactly8\"", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_expect(accepts(row[i], strlen(row[i])), "%s", row[i]);
}

Test(scan, refuses_what_is_not)
{
    static const char *const row[] = {
        "", " ", "01", "-", "1.", ".5", "1e", "+1", "tru", "nul", "True", "'a'", "\"", "\"a", "\"\\", "\"\\x\"",
        "\"\\u12g4\"", "\"\\u123\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\\ud83d\\ud83d\"",
        "\"a\nb\"", "\"tab\there\"", "\"\x80\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "[", "[1", "[1,",
        "[1,]", "[,1]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{\"a\" 1}",
        "{1:2}", "[}", "{]", "[1}", "{\"a\":1]", "1 2", "{} {}", "[] x", "\x01", "NaN", "Infinity", "1_0", "0x1",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        cr_expect_not(accepts(row[i], strlen(row[i])), "%s", row[i]);
    cr_expect_not(accepts("\"a\0b\"", 5));
    cr_expect_not(accepts("1\0", 2));
}

/* A special byte at every place of the eight that are looked at together. */
Test(scan, finds_the_end_at_any_alignment)
{
    for (size_t n = 0; n < 40; n++) {
        way_scan_text t;
        char text[64];
        way_scan s;

        text[0] = '"';
        memset(text + 1, 'x', n);
        text[n + 1] = '"';
        way_scan_init(&s, text, n + 2);
        cr_assert(way_scan_string(&s, &t) && way_scan_done(&s));
        cr_expect_eq(t.raw.len, n);
        text[n + 1] = '\x1f';
        way_scan_init(&s, text, n + 2);
        cr_expect_not(way_scan_string(&s, &t));
        text[n + 1] = (char)0xff;
        text[n + 2] = '"';
        way_scan_init(&s, text, n + 3);
        cr_expect_not(way_scan_string(&s, &t));
    }
}

Test(scan, decodes)
{
    static const struct {
        const char *json, *want;
        size_t len;
    } row[] = {
        {"\"\"", "", 0},
        {"\"plain\"", "plain", 5},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
        {"\"a\\u0041\\u00e9\\u20ac\\ud83d\\ude00z\"", "aA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z", 12},
        {"\"\\u0000x\"", "\0x", 2},
        {"\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf", 4},
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_scan_text t;
        char out[64];
        way_scan s;

        way_scan_init(&s, row[i].json, strlen(row[i].json));
        cr_assert(way_scan_string(&s, &t), "%s", row[i].json);
        size_t n = way_scan_decode(&t, out);
        cr_expect(n == row[i].len && memcmp(out, row[i].want, n) == 0, "%s", row[i].json);
    }
}

Test(pointer, finds_a_scalar)
{
    static const struct {
        const char *pointer, *json, *want; /* want NULL: refused */
    } row[] = {
        {"/id", "{\"id\":\"a\"}", "a"},
        {"/id", "{\"x\":[1,{\"id\":2}],\"id\":17}", "17"},
        {"/a/b", "{\"a\":{\"b\":true}}", "true"},
        {"/a/1", "{\"a\":[1,-2.50e1]}", "-2.50e1"},
        {"/a/b", "{\"a\":{\"b\":false}}", "false"},
        {"", "\"whole\"", "whole"},
        {"/a~1b/c~0d", "{\"a/b\":{\"c~d\":\"x\"}}", "x"},
        {"/", "{\"\":\"empty\"}", "empty"},
        {"/id", "{\"\\u0069d\":\"esc\\u0061ped\"}", "escaped"},
        {"/0", "[\"first\"]", "first"},
        {"/id", "{\"id\":null}", NULL},
        {"/id", "{\"id\":{}}", NULL},
        {"/id", "{\"id\":[]}", NULL},
        {"/id", "{}", NULL},
        {"/id", "[1]", NULL},
        {"/01", "[1,2]", NULL},
        {"/-", "[1,2]", NULL},
        {"/a/b", "{\"a\":1}", NULL},
        {"/id", "{\"id\":1,\"id\":2}", NULL},
        {"/id", "{\"id\":1", NULL},
        {"/id", "{\"id\":1} x", NULL},
        {"/id", "not json", NULL},
        {"", "{}", NULL},
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_pointer ptr;
        char out[64];
        size_t len = 0;
        way_err e;

        cr_assert_eq(way_pointer_parse(row[i].pointer, &ptr, &e), WAY_OK, "%s", row[i].pointer);
        way_code rc = way_pointer_find(&ptr, row[i].json, strlen(row[i].json), out, sizeof out, &len, &e);
        if (!row[i].want)
            cr_expect_eq(rc, WAY_E_INVAL, "%s in %s", row[i].pointer, row[i].json);
        else
            cr_expect(rc == WAY_OK && len == strlen(row[i].want) && memcmp(out, row[i].want, len) == 0, "%s in %s: %.*s",
                      row[i].pointer, row[i].json, (int)len, out);
    }
}

Test(pointer, is_bounded)
{
    char json[9000], out[1024], text[400];
    way_pointer ptr;
    size_t len;
    way_err e;

    memset(text, 'x', sizeof text);
    text[0] = '/';
    text[sizeof text - 1] = '\0';
    cr_expect_eq(way_pointer_parse(text, &ptr, &e), WAY_E_INVAL);
    cr_expect_eq(way_pointer_parse("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", &ptr, &e), WAY_E_INVAL);
    cr_expect_eq(way_pointer_parse("id", &ptr, &e), WAY_E_INVAL);
    cr_expect_eq(way_pointer_parse("/a~2", &ptr, &e), WAY_E_INVAL);
    cr_expect_eq(way_pointer_parse("/a~", &ptr, &e), WAY_E_INVAL);

    cr_assert_eq(way_pointer_parse("/k", &ptr, &e), WAY_OK);
    for (size_t n = 1020; n <= 1030; n++) { /* plain, and every byte escaped */
        int at = snprintf(json, sizeof json, "{\"k\":\"%0*d\"}", (int)n, 0);
        way_code rc = way_pointer_find(&ptr, json, (size_t)at, out, sizeof out, &len, &e);
        cr_expect_eq(rc, n <= 1024 ? WAY_OK : WAY_E_INVAL, "%zu", n);
        at = snprintf(json, sizeof json, "{\"k\":\"");
        for (size_t i = 0; i < n; i++)
            at += snprintf(json + at, sizeof json - (size_t)at, "\\u0061");
        at += snprintf(json + at, sizeof json - (size_t)at, "\"}");
        rc = way_pointer_find(&ptr, json, (size_t)at, out, sizeof out, &len, &e);
        cr_expect_eq(rc, n <= 1024 ? WAY_OK : WAY_E_INVAL, "%zu escaped", n);
    }
}
