#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/cli/request.h"

static way_arg_list headers(const char *one, const char *two)
{
    way_arg_list l = {.n = 0};
    if (one)
        l.v[l.n++] = one;
    if (two)
        l.v[l.n++] = two;
    return l;
}

Test(request, forms_that_do_not_fit_together)
{
    way_arg_list good = headers("A:b", NULL), bad = headers("novalue", NULL), nameless = headers(":x", NULL);
    const struct {
        way_request_form f;
        const char *says; /* NULL: fine */
    } row[] = {
        {{.key = "k"}, NULL},
        {{.key_from = "/a"}, NULL},
        {{.key_from = ""}, NULL},
        {{.headers = &good}, NULL},
        {{.objects = true, .key = "k"}, NULL},
        {{.key = "k", .key_from = "/a"}, "--key-from"},
        {{.key_from = "a"}, "/a"},
        {{.objects = true, .key_from = "/a"}, "--ndjson"},
        {{.objects = true, .headers = &good}, "--ndjson"},
        {{.headers = &bad}, "NAME:VALUE"},
        {{.headers = &nameless}, "NAME:VALUE"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_err e = {WAY_OK, ""};
        cr_expect_eq(way_request_form_check(&row[i].f, &e), row[i].says ? WAY_E_INVAL : WAY_OK, "row %zu", i);
        if (row[i].says)
            cr_expect(strstr(e.text, row[i].says), "%s", e.text);
    }
}

Test(request, lines)
{
    way_arg_list two = headers("Type: a:b", "X:");
    const struct {
        way_request_form f;
        const char *message;
        size_t len;
        const char *body;
    } row[] = {
        {{.wrap = false}, "{\"a\":1}", 7, "{\"a\":1}\n"},
        {{.wrap = false}, "a\0\xFF", 3, "a"}, /* as it is, whatever it holds */
        {{.wrap = true}, "two\nlines \"q\"", 13, "{\"data\":\"two\\nlines \\\"q\\\"\"}\n"},
        {{.wrap = true}, "", 0, "{\"data\":\"\"}\n"},
        {{.wrap = true}, "\xFF\xFE", 2, "{\"data_b64\":\"//4=\"}\n"},
        {{.wrap = true}, "a\0b", 3, "{\"data_b64\":\"YQBi\"}\n"},
        {{.wrap = true, .headers = &two}, "m", 1, "{\"data\":\"m\",\"headers\":{\"Type\":\"a:b\",\"X\":\"\"}}\n"},
        {{.wrap = true, .key_from = "/c/id"}, "{\"c\":{\"id\":\"u1\"}}", 17, "{\"key\":\"u1\",\"data\":\"{\\\"c\\\":{\\\"id\\\":\\\"u1\\\"}}\"}\n"},
        {{.wrap = true, .key_from = "/0"}, "[12]", 4, "{\"key\":\"12\",\"data\":\"[12]\"}\n"},
        {{.wrap = true, .key_from = ""}, "true", 4, "{\"key\":\"true\",\"data\":\"true\"}\n"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_request r;
        way_err e;
        way_request_init(&r, &row[i].f);
        cr_expect_eq(way_request_add(&r, row[i].message, row[i].len, 1, &e), WAY_OK);
        cr_expect_str_eq(r.body.data, row[i].body, "%s", r.body.data);
        cr_expect_eq(r.bytes, row[i].len);
        way_request_fini(&r);
    }
}

Test(request, a_message_without_its_key_is_not_added)
{
    static const struct {
        const char *message, *says;
    } row[] = {{"{\"b\":1}", "no text or whole number"}, {"not json", "not valid JSON"}, {"{\"id\":null}", "no text"},
               {"{\"id\":{}}", "no text"}, {"{\"id\":9007199254740993}", "whole number"}, {"{\"id\":1.5}", "whole number"}};
    way_request_form f = {.wrap = true, .key_from = "/id"};
    way_request r;
    way_err e;
    way_request_init(&r, &f);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cr_expect_eq(way_request_add(&r, row[i].message, strlen(row[i].message), i + 1, &e), WAY_E_INVAL);
        cr_expect(strstr(e.text, row[i].says), "%s: %s", row[i].message, e.text);
    }
    cr_expect(r.body.len == 0 && r.messages == 0 && r.first_line == 0);
    way_request_fini(&r);
}

Test(request, cut_at_four_mebibytes)
{
    way_request_form f = {.station = "s"};
    size_t len = 1000000;
    char *m = calloc(1, 8 << 20);
    way_request r;
    way_err e;

    memset(m, 'x', 8 << 20);
    way_request_init(&r, &f);
    cr_expect(way_request_fits(&r, 8 << 20), "an empty request takes any message");
    uint64_t number = 7;
    while (way_request_fits(&r, len))
        cr_expect_eq(way_request_add(&r, m, len, number++, &e), WAY_OK);
    cr_expect_eq(r.messages, 4u);
    cr_expect_leq(r.body.len, (size_t)WAY_REQUEST_BYTES);
    cr_expect_eq(r.first_line, 7u);
    way_request_reset(&r);
    cr_expect(r.body.len == 0 && r.first_line == 0);
    cr_expect_eq(way_request_add(&r, m, 8 << 20, number, &e), WAY_OK);
    cr_expect_not(way_request_fits(&r, 0));
    cr_expect_eq(r.first_line, 11u);
    way_request_fini(&r);

    way_request_form wrapped = {.station = "s", .wrap = true};
    memset(m, 0xFF, len);
    way_request_init(&r, &wrapped);
    for (number = 1; way_request_fits(&r, len); number++)
        cr_expect_eq(way_request_add(&r, m, len, number, &e), WAY_OK);
    cr_expect_leq(r.body.len, (size_t)WAY_REQUEST_BYTES, "base64 is counted");
    way_request_fini(&r);
    free(m);
}

Test(request, empty_lines_count_as_lines_only)
{
    way_request_form f = {.station = "s"};
    way_request r;
    way_err e;
    way_request_init(&r, &f);
    cr_expect_eq(way_request_add(&r, "", 0, 1, &e), WAY_OK);
    cr_expect_eq(way_request_add(&r, "\r", 1, 2, &e), WAY_OK);
    cr_expect_eq(r.messages, 0u);
    cr_expect_eq(way_request_add(&r, "a", 1, 3, &e), WAY_OK);
    cr_expect_eq(r.messages, 1u);
    cr_expect_eq(r.first_line, 1u);
    cr_expect_str_eq(r.body.data, "\n\r\na\n");
    way_request_fini(&r);
}

Test(request, paths)
{
    const struct {
        way_request_form f;
        const char *path;
    } row[] = {
        {{.station = "my.st"}, "/v1/stations/my.st/messages:batch?lines=data&first_line=1"},
        {{.station = "s/x", .key = "a b&c"}, "/v1/stations/s%2Fx/messages:batch?lines=data&key=a%20b%26c&first_line=1"},
        {{.station = "s", .key_from = "/a/b"}, "/v1/stations/s/messages:batch?lines=data&key_from=%2Fa%2Fb&first_line=1"},
        {{.station = "s", .wrap = true, .key_from = "/a", .msg_id_prefix = "p"}, "/v1/stations/s/messages:batch?msg_id_prefix=p&first_line=1"},
        {{.station = "s", .objects = true, .partition = 3}, "/v1/stations/s/messages:batch?partition=3&first_line=1"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_request r;
        way_buf path;
        way_request_init(&r, &row[i].f);
        r.first_line = 1;
        way_buf_init(&path, 0);
        way_request_path(&r, &path);
        cr_expect_str_eq(path.data, row[i].path, "%s", path.data);
        way_buf_fini(&path);
        way_request_fini(&r);
    }
}
