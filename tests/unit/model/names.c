#include <criterion/criterion.h>
#include <string.h>

#include "core/model/names.h"

Test(names, parse)
{
    static const struct {
        const char *raw, *name; /* NULL: refused */
    } row[] = {
        {"My.Orders", "my.orders"}, {"a", "a"}, {"0", "0"}, {"a_b-c.d", "a_b-c.d"}, {"A1", "a1"},
        {"", NULL}, {".a", NULL}, {"a.", NULL}, {"-a", NULL}, {"a_", NULL}, {"a b", NULL}, {"a*", NULL}, {"a>b", NULL},
        {"a$1", NULL}, {"a#b", NULL}, {"a/b", NULL}, {"a\nb", NULL}, {"\xC3\xA9", NULL}, {"a\x7f" "b", NULL}, {"$way_capture", NULL},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char out[WAY_NAME_MAX + 1] = "untouched";
        way_err e = {WAY_OK, ""};
        way_code rc = way_name_parse("station", row[i].raw, strlen(row[i].raw), out, &e);
        cr_expect_eq(rc, row[i].name ? WAY_OK : WAY_E_INVAL, "'%s'", row[i].raw);
        cr_expect_str_eq(out, row[i].name ? row[i].name : "untouched");
        if (!row[i].name)
            cr_expect(strstr(e.text, "station name"));
    }
    char out[WAY_NAME_MAX + 1], big[200];
    memset(big, 'a', sizeof big);
    cr_expect_eq(way_name_parse("group", big, 128, out, NULL), WAY_OK);
    cr_expect_eq(way_name_parse("group", big, 129, out, NULL), WAY_E_INVAL);
    cr_expect_eq(way_name_parse("group", "a\0b", 3, out, NULL), WAY_E_INVAL);
}

Test(names, internal_form_and_back)
{
    char in[WAY_NAME_MAX + 1], out[WAY_NAME_MAX + 1], stream[WAY_STREAM_MAX + 1], subject[WAY_SUBJECT_MAX + 1];
    int32_t p;

    way_name_internal("my.orders.eu", in);
    cr_expect_str_eq(in, "my#orders#eu");
    way_name_external(in, out);
    cr_expect_str_eq(out, "my.orders.eu");
    way_stream_name(in, 4096, stream);
    cr_expect_str_eq(stream, "my#orders#eu$4096");
    way_data_subject(in, 3, subject);
    cr_expect_str_eq(subject, "my#orders#eu$3.final");
    cr_expect(way_stream_parse(stream, strlen(stream), out, &p) && p == 4096);
    cr_expect_str_eq(out, in);

    char big[WAY_NAME_MAX + 1];
    memset(big, 'z', WAY_NAME_MAX);
    big[WAY_NAME_MAX] = '\0';
    way_data_subject(big, WAY_PARTITIONS_MAX, subject);
    cr_expect_eq(strlen(subject), (size_t)WAY_NAME_MAX + 11);
}

Test(names, streams_that_are_no_partition)
{
    static const char *const row[] = {"", "$way_capture", "a", "a$", "a$0", "a$01", "a$4097", "a$x", "a$1x", "a$1$2", "a.b$1",
                                      "A$1", "#a$1", "a $1", "a$-1", "$1"};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char out[WAY_NAME_MAX + 1];
        int32_t p;
        cr_expect_not(way_stream_parse(row[i], strlen(row[i]), out, &p), "%s", row[i]);
    }
}
