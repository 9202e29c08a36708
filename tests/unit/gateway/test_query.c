/* Percent escapes, paths and query strings. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/base/mem.h"
#include "gateway/query.h"

Test(query, values)
{
    static const struct { const char *query, *name, *want; } row[] = {
        {"a=1&b=2", "a", "1"},        {"a=1&b=2", "b", "2"},     {"a=1&a=2", "a", "1"},
        {"a=1&b", "b", ""},           {"b=", "b", ""},           {"&&x=%20+%2B", "x", "  +"},
        {"key=a%26b%3Dc", "key", "a&b=c"}, {"%6Bey=v", "key", "v"}, {"x=a=b", "x", "a=b"},
        {"", "a", NULL},              {"aa=1", "a", NULL},       {"a=1", "aa", NULL},
        {"A=1", "a", NULL},           {"x=a", "", NULL},         {"%00a=1", "a", NULL},
    };
    char out[32];
    way_err e;

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        bool found = way_query_get(row[i].query, row[i].name, out, sizeof out, &e);

        cr_expect_eq(found, row[i].want != NULL, "%s of %s", row[i].name, row[i].query);
        cr_expect_eq(e.code, WAY_OK);
        if (found && row[i].want != NULL)
            cr_expect_str_eq(out, row[i].want);
    }
}

Test(query, refusals)
{
    static const char *const bad[] = {"a=%", "a=%2", "a=%zz", "a=%00", "a=12345678", "a=%31234567%38"};
    char out[8];
    way_err e;

    for (size_t i = 0; i < WAY_COUNT(bad); i++) {
        cr_expect_not(way_query_get(bad[i], "a", out, sizeof out, &e), "%s", bad[i]);
        cr_expect_eq(e.code, WAY_E_INVAL, "%s", bad[i]);
    }
    cr_expect(way_query_get("a=%31%32%33%34567", "a", out, sizeof out, &e), "seven bytes fit, escaped or not");
    cr_expect_str_eq(out, "1234567");
}

Test(query, decoding_in_place)
{
    static const struct { const char *text, *want; bool plus; } row[] = {
        {"plain", "plain", false}, {"a%20b", "a b", false}, {"a+b", "a+b", false}, {"a+b", "a b", true},
        {"%2F%2f", "//", false},   {"%", NULL, false},      {"%4", NULL, false},   {"%g0", NULL, false},
        {"a%00b", NULL, false},    {"", "", false},
    };
    char text[32];

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        size_t len = strlen(row[i].text);

        strcpy(text, row[i].text);
        cr_expect_eq(way_percent_decode(text, &len, row[i].plus), row[i].want != NULL, "%s", row[i].text);
        if (row[i].want != NULL) {
            cr_expect_str_eq(text, row[i].want);
            cr_expect_eq(len, strlen(row[i].want));
        }
    }
}

Test(query, a_path_keeps_what_would_change_its_meaning)
{
    static const struct { const char *text, *want; } row[] = {
        {"/a%2Eb", "/a.b"}, {"/a%2Fb", "/a%2Fb"}, {"/m%3Abatch", "/m:batch"}, {"/%2525", "/%2525"}, {"/%00", "/%00"},
        {"/%", "/%"},       {"/%4", "/%4"},       {"/%41%20", "/A%20"},
    };
    char text[32];

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        strcpy(text, row[i].text);
        cr_expect_eq(way_path_plain(text, strlen(text)), strlen(row[i].want));
        cr_expect_str_eq(text, row[i].want);
    }
}
