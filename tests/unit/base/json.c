#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/json.h"

static way_code parse(const char *text, cJSON **v, way_err *e)
{
    *v = NULL;
    return way_json_parse(text, strlen(text), 1 << 20, v, e);
}

Test(json, accepts_what_the_standard_does)
{
    static const char *const row[] = {
        "{}", "[]", " [ ] ", "null", "true", "false", "0", "-0", "1.5e+10", "\"\"", "\"\\u00e9\\ud83d\\ude00\\n\\/\"",
        "{\"a\":[1,{\"b\":{}}],\"c\":\"x\"}", "\r\n\t[1 , 2]\n", "{\"\":1}", "[[],[[]]]",
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cJSON *v;
        way_err e = {WAY_OK, ""};
        cr_expect_eq(parse(row[i], &v, &e), WAY_OK, "%s: %s", row[i], e.text);
        cJSON_Delete(v);
    }
}

Test(json, refuses_and_says_why)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"", "empty"}, {" ", "end where a value"}, {"{", "no quoted text"}, {"[", "end where a value"},
        {"{\"a\"}", "colon"}, {"{\"a\":}", "no JSON value"}, {"{\"a\":1,}", "no quoted text"}, {"[1,]", "no JSON value"},
        {"[1 2]", "no comma"}, {"{\"a\":1 \"b\":2}", "no comma"}, {"[1]]", "after the value"}, {"1 2", "after the value"},
        {"{'a':1}", "no quoted text"}, {"01", "after the value"}, {"1.", "digits"}, {".5", "no JSON value"}, {"-", "digits"},
        {"1e", "digits"}, {"+1", "no JSON value"}, {"NaN", "no JSON value"}, {"nul", "no JSON value"},
        {"\"a", "does not end"}, {"\"\\x\"", "unknown escape"}, {"\"\\u12g4\"", "four hex"}, {"\"\\u12\"", "four hex"},
        {"\"a\nb\"", "control character"}, {"\"\\u0000\"", "base64"}, {"\"\\ud800\"", "surrogate"},
        {"\"\\udc00\"", "surrogate"}, {"\"\\ud800\\u0041\"", "surrogate"}, {"\"\xFF\"", "UTF-8"}, {"[}", "no JSON value"},
        {"{]", "no quoted text"}, {"[1}", "no comma"}, {"\xEF\xBB\xBF{}", "no JSON value"},
        {"{\"a\":1,\"a\":2}", "\"a\" occurs twice"}, {"[{\"x\":{\"k\":1,\"j\":2,\"k\":3}}]", "\"k\" occurs twice"},
        {"{\"a\":1,\"\\u0061\":2}", "\"a\" occurs twice"},
        {"1234567890123456789012345678901234567890123456789012345678901", "60 characters"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cJSON *v;
        way_err e = {WAY_OK, ""};
        cr_expect_eq(parse(row[i].text, &v, &e), WAY_E_INVAL, "%s", row[i].text);
        cr_expect(strstr(e.text, row[i].says), "%s: %s", row[i].text, e.text);
        cr_expect_null(v);
    }
}

Test(json, bounds)
{
    cJSON *v = NULL;
    way_err e;
    char deep[80];

    memset(deep, '[', 32);
    memset(deep + 32, ']', 32);
    cr_expect_eq(way_json_parse(deep, 64, 100, &v, &e), WAY_OK);
    cJSON_Delete(v);
    memset(deep, '[', 33);
    memset(deep + 33, ']', 33);
    cr_expect_eq(way_json_parse(deep, 66, 100, &v, &e), WAY_E_INVAL);
    cr_expect(strstr(e.text, "32 levels"));
    cr_expect_eq(way_json_parse("[1,2]", 5, 4, &v, &e), WAY_E_TOO_LARGE);
    cr_expect(strstr(e.text, "5 bytes") && strstr(e.text, "4"));
    cr_expect_eq(way_json_parse("[\0]", 3, 4, &v, &e), WAY_E_INVAL);

    way_buf b;
    way_buf_init(&b, 0);
    way_buf_char(&b, '[');
    for (unsigned i = 0; i < WAY_JSON_VALUES_MAX; i++)
        way_buf_str(&b, i ? ",0" : "0");
    way_buf_char(&b, ']');
    cr_expect_eq(way_json_parse(b.data, b.len, b.len, &v, &e), WAY_E_INVAL);
    cr_expect(strstr(e.text, "values"));
    way_buf_fini(&b);
}

Test(json, a_hostile_object_takes_no_quadratic_time)
{
    way_buf b;
    cJSON *v = NULL;
    way_err e;
    way_buf_init(&b, 0);
    way_buf_char(&b, '{');
    for (int i = 0; i < 200000; i++)
        way_buf_printf(&b, "%s\"k%d\":0", i ? "," : "", i);
    way_buf_str(&b, ",\"k7\":1}");
    int64_t from = way_mono_ms();
    cr_expect_eq(way_json_parse(b.data, b.len, b.len, &v, &e), WAY_E_INVAL);
    cr_expect(strstr(e.text, "\"k7\" occurs twice"));
    cr_expect_lt(way_mono_ms() - from, 20000); /* comparing pair by pair would take minutes */
    way_buf_fini(&b);
}

Test(json, getters)
{
    cJSON *v;
    way_err e;
    int64_t n = 5;
    bool flag = true;
    const char *s = "default";
    const cJSON *list = NULL, *obj = NULL;
    cr_assert_eq(parse("{\"n\":12,\"neg\":-3,\"f\":1.5,\"b\":false,\"s\":\"text\",\"l\":[1],\"o\":{},\"z\":null,"
                       "\"big\":9007199254740993,\"edge\":9007199254740991,\"e3\":1e3}", &v, &e), WAY_OK);

    cr_expect(way_json_get_int(v, "n", 1, 12, &n, &e) == WAY_OK && n == 12);
    cr_expect(way_json_get_int(v, "e3", 1, 2000, &n, &e) == WAY_OK && n == 1000);
    cr_expect(way_json_get_int(v, "edge", 0, INT64_MAX, &n, &e) == WAY_OK && n == 9007199254740991);
    n = 5;
    cr_expect(way_json_get_int(v, "missing", 1, 9, &n, &e) == WAY_OK && n == 5);
    cr_expect(way_json_get_int(v, "z", 1, 9, &n, &e) == WAY_OK && n == 5);
    cr_expect_eq(way_json_get_int(v, "n", 1, 11, &n, &e), WAY_E_INVAL);
    cr_expect_str_eq(e.text, "n is 12; it must be between 1 and 11");
    cr_expect_eq(way_json_get_int(v, "neg", 0, 11, &n, &e), WAY_E_INVAL);
    cr_expect_eq(way_json_get_int(v, "f", 0, 11, &n, &e), WAY_E_INVAL);
    cr_expect_str_eq(e.text, "f is 1.5; it must be a whole number");
    cr_expect_eq(way_json_get_int(v, "big", 0, INT64_MAX, &n, &e), WAY_E_INVAL, "never rounded silently");
    cr_expect_eq(way_json_get_int(v, "s", 0, 11, &n, &e), WAY_E_INVAL);
    cr_expect_str_eq(e.text, "s must be a whole number, not a text");
    cr_expect_eq(n, 5);

    cr_expect(way_json_get_bool(v, "b", &flag, &e) == WAY_OK && !flag);
    cr_expect_eq(way_json_get_bool(v, "n", &flag, &e), WAY_E_INVAL);
    cr_expect(way_json_get_str(v, "missing", 4, &s, &e) == WAY_OK && strcmp(s, "default") == 0);
    cr_expect(way_json_get_str(v, "s", 4, &s, &e) == WAY_OK && strcmp(s, "text") == 0);
    cr_expect_eq(way_json_get_str(v, "s", 3, &s, &e), WAY_E_INVAL);
    cr_expect_eq(way_json_get_str(v, "l", 3, &s, &e), WAY_E_INVAL);
    cr_expect(way_json_get_array(v, "l", &list, &e) == WAY_OK && list);
    cr_expect_eq(way_json_get_array(v, "o", &list, &e), WAY_E_INVAL);
    cr_expect(way_json_get_object(v, "o", &obj, &e) == WAY_OK && obj);
    cr_expect_eq(way_json_get_object(v, "l", &obj, &e), WAY_E_INVAL);

    static const char *const all[] = {"n", "neg", "f", "b", "s", "l", "o", "z", "big", "edge", "e3", NULL};
    cr_expect_eq(way_json_only(v, all, &e), WAY_OK);
    cr_expect_eq(way_json_only(v, all + 1, &e), WAY_E_INVAL);
    cr_expect(strstr(e.text, "unknown field \"n\"; known are neg, f"), "%s", e.text);
    cr_expect_eq(way_json_only(v->child, all, &e), WAY_E_INVAL);
    cJSON_Delete(v);
}

Test(json, pointers)
{
    cJSON *v;
    way_err e;
    /* the examples of RFC 6901, section 5 */
    cr_assert_eq(parse("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"m~n\":8,\" \":7}", &v, &e), WAY_OK);
    cr_expect_eq(way_json_pointer(v, ""), v);
    cr_expect_str_eq(way_json_pointer(v, "/foo/1")->valuestring, "baz");
    cr_expect_eq(way_json_pointer(v, "/")->valueint, 0);
    cr_expect_eq(way_json_pointer(v, "/a~1b")->valueint, 1);
    cr_expect_eq(way_json_pointer(v, "/m~0n")->valueint, 8);
    cr_expect_eq(way_json_pointer(v, "/ ")->valueint, 7);
    static const char *const nothing[] = {"foo", "/foo/2", "/foo/01", "/foo/-", "/foo/", "/fo", "/fooo", "/foo/0/x", "/a~b"};
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        cr_expect_null(way_json_pointer(v, nothing[i]), "%s", nothing[i]);
    cJSON_Delete(v);
}
