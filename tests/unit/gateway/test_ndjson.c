/* A line of an upload as a message, and the list of a JSON batch. */
#include <criterion/criterion.h>
#include <string.h>

#include "gateway/data_line.h"

static way_buf scratch;

static way_code parse(const char *line, way_outgoing *m, bool *whole, way_err *e)
{
    way_outgoing_init(m);
    return way_line_parse(line, strlen(line), &scratch, m, whole, e);
}

static void is(const char *what, const char *got, size_t len, const char *want)
{
    cr_expect(got && len == strlen(want) && memcmp(got, want, len) == 0, "%s: '%.*s' for '%s'", what, (int)len,
              got ? got : "", want);
}

Test(ndjson, takes_every_field)
{
    way_outgoing m;
    way_err e;
    bool whole;

    cr_assert_eq(parse("{\"data\":\"hel\\u006co\",\"key\":\"k\\u00e9y\",\"partition\":3,\"msg_id\":\"id-1\","
                       "\"headers\":{\"Trace\":\"a b\",\"X\":\"\\\"q\\\"\"}}",
                       &m, &whole, &e),
                 WAY_OK, "%s", e.text);
    is("data", m.data, m.len, "hello");
    is("key", m.key, m.key_len, "k\xc3\xa9y");
    cr_expect_eq(m.key[m.key_len], '\0');
    is("msg_id", m.msg_id, m.msg_id_len, "id-1");
    cr_expect_eq(m.partition, 3);
    cr_assert_eq(m.header_count, 2);
    cr_expect_str_eq(m.headers[0].key, "Trace");
    cr_expect_str_eq(m.headers[0].value, "a b");
    cr_expect_str_eq(m.headers[1].value, "\"q\"");
    way_buf_fini(&scratch);
}

Test(ndjson, decodes_base64)
{
    static const struct {
        const char *line, *want;
    } row[] = {
        {"{\"data_b64\":\"aGVsbG8=\"}", "hello"},
        {"{\"data_b64\":\"\"}", ""},
        {"{\"data_b64\":\"Pz8\\/Pz8\\/\",\"key\":\"a\\nb\"}", "??????"}, /* as PHP writes it */
        {"{\"data\":null,\"data_b64\":\"YQ==\"}", "a"},
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_outgoing m;
        way_err e;
        bool whole;
        cr_assert_eq(parse(row[i].line, &m, &whole, &e), WAY_OK, "%s: %s", row[i].line, e.text);
        is(row[i].line, m.data, m.len, row[i].want);
    }
    way_buf_fini(&scratch);
}

Test(ndjson, null_is_absent_and_defaults_stay)
{
    way_outgoing m;
    way_err e;
    bool whole;

    way_outgoing_init(&m);
    m.key = "default";
    m.key_len = 7;
    m.partition = 2;
    const char *line = "{\"data\":\"\",\"key\":null,\"partition\":null,\"msg_id\":null,\"headers\":null}";
    cr_assert_eq(way_line_parse(line, strlen(line), &scratch, &m, &whole, &e), WAY_OK, "%s", e.text);
    is("key", m.key, m.key_len, "default");
    cr_expect_eq(m.partition, 2);
    cr_expect_null(m.msg_id);
    cr_expect_eq(m.len, 0);
    way_buf_fini(&scratch);
}

Test(ndjson, refuses)
{
    static const struct {
        const char *line;
        bool whole; /* key, id and number can be relied on */
    } row[] = {
        {"", false},
        {"{", false},
        {"[]", false},
        {"\"x\"", false},
        {"{\"data\":\"x\"", false},
        {"{\"data\":\"x\"} x", false},
        {"{\"data\":\"x\"}{\"data\":\"y\"}", false},
        {"{\"data\":\"\\ud800\"}", false},
        {"{\"data\":\"\xff\"}", false},
        {"{}", true},
        {"{\"data\":null}", true},
        {"{\"data\":\"x\",\"data\":\"y\"}", true},
        {"{\"data\":\"x\",\"d\\u0061ta\":\"y\"}", true},
        {"{\"data\":\"x\",\"data_b64\":\"eA==\"}", true},
        {"{\"data\":1}", true},
        {"{\"data\":{}}", true},
        {"{\"data\":[\"x\"]}", true},
        {"{\"data\":\"x\",\"key\":7}", true},
        {"{\"data\":\"x\",\"partition\":\"1\"}", true},
        {"{\"data\":\"x\",\"partition\":0}", true},
        {"{\"data\":\"x\",\"partition\":-1}", true},
        {"{\"data\":\"x\",\"partition\":1.0}", true},
        {"{\"data\":\"x\",\"partition\":1e2}", true},
        {"{\"data\":\"x\",\"partition\":99999999999999999999}", true},
        {"{\"data\":\"x\",\"nope\":1}", true},
        {"{\"data\":\"x\",\"headers\":[]}", true},
        {"{\"data\":\"x\",\"headers\":{\"A\":1}}", true},
        {"{\"data\":\"x\",\"headers\":{\"A\":\"\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"\":\"a\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"A b\":\"a\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"A:\":\"a\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"A\\u0000\":\"a\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"A\":\"a\",\"a\":\"b\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"A\":\"a\\r\\nB: c\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"A\":\"a\\u0000\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"A\":\" a\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"nats-msg-id\":\"a\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"Way-Key\":\"a\"}}", true},
        {"{\"data\":\"x\",\"headers\":{\"$memphis_producedBy\":\"a\"}}", true},
        {"{\"data_b64\":\"a\"}", true},
        {"{\"data_b64\":\"YQ\"}", true},
        {"{\"data_b64\":\"YQ== \"}", true},
        {"{\"data_b64\":\"-_-_\"}", true},
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_outgoing m;
        way_err e = {.code = WAY_OK};
        bool whole;
        cr_expect_eq(parse(row[i].line, &m, &whole, &e), WAY_E_INVAL, "%s", row[i].line);
        cr_expect(e.text[0], "%s", row[i].line);
        cr_expect_eq(whole, row[i].whole, "%s", row[i].line);
    }
    way_buf_fini(&scratch);
}

/* The partition of a message that cannot be sent decides what may be sent after it. */
Test(ndjson, a_mistake_does_not_hide_the_key)
{
    way_outgoing m;
    way_err e;
    bool whole;

    cr_expect_eq(parse("{\"nope\":[1,{}],\"headers\":{\"Nats-X\":\"1\",\"B\":2},\"data\":5,\"key\":\"k\",\"partition\":2}", &m,
                       &whole, &e),
                 WAY_E_INVAL);
    cr_expect(whole);
    is("key", m.key, m.key_len, "k");
    cr_expect_eq(m.partition, 2);
    cr_expect(strstr(e.text, "nope"), "the first mistake is told: %s", e.text);
    way_buf_fini(&scratch);
}

Test(ndjson, finds_the_list)
{
    static const struct {
        const char *body;
        way_code want;
        size_t count;
    } row[] = {
        {"{\"messages\":[]}", WAY_OK, 0},
        {" { \"messages\" : [ {} , 1, \"x\" ] } ", WAY_OK, 3},
        {"", WAY_E_INVAL, 0},
        {"[]", WAY_E_INVAL, 0},
        {"{}", WAY_E_INVAL, 0},
        {"{\"messages\":{}}", WAY_E_INVAL, 0},
        {"{\"messages\":[],\"x\":1}", WAY_E_INVAL, 0},
        {"{\"messages\":[{]}", WAY_E_INVAL, 0},
        {"{\"messages\":[1,]}", WAY_E_INVAL, 0},
        {"{\"messages\":[]} x", WAY_E_INVAL, 0},
        {"{\"messages\":[1,2,3,4]}", WAY_E_TOO_LARGE, 0},
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *at = NULL;
        size_t count = 0;
        way_err e;
        cr_expect_eq(way_batch_open(row[i].body, strlen(row[i].body), 3, &at, &count, &e), row[i].want, "%s", row[i].body);
        cr_expect_eq(count, row[i].count, "%s", row[i].body);
    }
    const char *body = "{\"messages\":[{\"data\":\"a,b\"} ,{\"data\":\"]\"}]}", *at = NULL;
    size_t count;
    cr_assert_eq(way_batch_open(body, strlen(body), 10, &at, &count, NULL), WAY_OK);
    way_slice a = way_batch_next(&at, body + strlen(body)), b = way_batch_next(&at, body + strlen(body));
    is("first", a.p, a.len, "{\"data\":\"a,b\"}");
    is("second", b.p, b.len, "{\"data\":\"]\"}");
}
