/* Request heads: what is read, and what is refused because two readers could disagree about it. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/base/mem.h"
#include "gateway/head.h"

static way_head head;
static char text[WAY_HEAD_BYTES_MAX + 64];

static way_code parse(const char *request, way_err *e)
{
    size_t len = strlen(request);

    memcpy(text, request, len);
    return way_head_parse(text, len, &head, e);
}

Test(head, reads_what_matters)
{
    way_err e;

    cr_assert_eq(parse("POST /v1/stations/a%2Eb/messages%3Abatch?key=x%20y HTTP/1.1\r\nhOST: h:1\r\n"
                       "Content-Type:  Application/JSON; charset=utf-8 \r\nContent-length:5\r\nauthorization: Bearer t\r\n"
                       "Expect: 100-Continue\r\nWay-Header-Trace: a b\r\n\r\n", &e),
                 WAY_OK);
    cr_expect_eq(head.method, WAY_POST);
    cr_expect_str_eq(head.path, "/v1/stations/a.b/messages:batch");
    cr_expect_eq(head.path_len, strlen(head.path));
    cr_expect_str_eq(head.query, "key=x%20y");
    cr_expect_eq(head.content_length, 5);
    cr_expect_str_eq(head.content_type, "Application/JSON; charset=utf-8");
    cr_expect_str_eq(head.authorization, "Bearer t");
    cr_expect(head.keep_alive && head.expect_continue && !head.transfer_encoding && !head.no_body_back);
    cr_expect_eq(head.field_count, 6);
    cr_expect_str_eq(head.text + head.fields[5].name, "Way-Header-Trace");
    cr_expect_str_eq(head.text + head.fields[5].value, "a b");
}

Test(head, connection_and_version)
{
    static const struct { const char *request; bool keep, named, no_body; way_method method; } row[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true, false, false, WAY_GET},
        {"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n", true, false, true, WAY_GET},
        {"PATCH / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n", false, false, false, WAY_PATCH},
        {"PUT / HTTP/1.1\r\nHost: h\r\nConnection: x, close\r\n\r\n", false, false, false, WAY_PUT},
        {"DELETE / HTTP/1.0\r\n\r\n", false, false, false, WAY_DELETE},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, true, false, WAY_GET},
        {"OPTIONS / HTTP/1.1\r\nHost: h\r\n\r\n", true, false, false, WAY_METHOD_OTHER},
        {"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", true, false, false, WAY_GET},
    };
    way_err e;

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        cr_assert_eq(parse(row[i].request, &e), WAY_OK, "%s", row[i].request);
        cr_expect(head.keep_alive == row[i].keep && head.named_keep_alive == row[i].named, "%s", row[i].request);
        cr_expect(head.no_body_back == row[i].no_body && head.method == row[i].method, "%s", row[i].request);
        cr_expect_str_eq(head.path, "/");
    }
}

Test(head, refusals)
{
    static const struct { const char *request; const char *says; } row[] = {
        {"GET / HTTP/1.1\r\n\r\n", "Host"},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "twice"},
        {"GET / HTTP/2.0\r\n\r\n", "HTTP/1.1"},
        {"GET /\r\n\r\n", "request line"},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1"},
        {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "method"},
        {" / HTTP/1.1\r\nHost: a\r\n\r\n", "no method"},
        {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", "'/'"},
        {"GET http://h HTTP/1.1\r\nHost: a\r\n\r\n", "path"},
        {"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", "percent"},
        {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "header line"},
        {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", "header line"},
        {"GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", "header line"},
        {"GET / HTTP/1.1\nHost: a\r\n\r\n", "CR LF"},
        {"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", "CR LF"},
        {"GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n", "control"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "twice"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", "number"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", "number"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n", "number"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "empty"},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 92233720368547758070\r\n\r\n", "number"},
        {"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n", "twice"},
        {"\r\n\r\n", "request line"},
    };
    way_err e;

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        cr_expect_eq(parse(row[i].request, &e), WAY_E_INVAL, "%s", row[i].request);
        cr_expect(strstr(e.text, row[i].says) != NULL, "%s: %s", row[i].request, e.text);
    }
}

Test(head, too_many_fields)
{
    char many[4096] = "GET / HTTP/1.1\r\nHost: a\r\n";
    way_err e;

    for (int i = 0; i < WAY_HEAD_FIELDS_MAX; i++)
        strcat(many, "a: b\r\n");
    strcat(many, "\r\n");
    cr_expect_eq(parse(many, &e), WAY_E_HEADERS);
}

Test(head, the_end_is_found_across_reads)
{
    const char *request = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
    size_t whole = strlen(request) - 4;

    for (size_t seen = 0; seen < whole; seen++) {
        cr_expect_eq(way_head_end(request, seen, 0), 0);
        cr_expect_eq(way_head_end(request, strlen(request), seen), whole, "seen %zu", seen);
    }
}
