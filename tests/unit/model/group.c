#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/model/group.h"

static cJSON *json(const char *text)
{
    cJSON *v = NULL;
    way_err e;
    cr_assert_eq(way_json_parse(text, strlen(text), 1 << 20, &v, &e), WAY_OK, "%s: %s", text, e.text);
    return v;
}

static way_code parse(const char *text, way_group_spec *g, way_err *e)
{
    cJSON *v = json(text);
    way_group_spec_init(g);
    way_code rc = way_group_parse(v, 3, g, e);
    cJSON_Delete(v);
    return rc;
}

static way_code patch(const way_group_spec *now, const char *text, way_group_spec *g, way_err *e)
{
    cJSON *v = json(text);
    way_group_spec_init(g);
    way_code rc = way_group_patch(now, v, g, e);
    cJSON_Delete(v);
    return rc;
}

Test(group, defaults)
{
    way_group_spec g;
    way_err e;
    cr_assert_eq(parse("{\"name\":\"Grp.A\"}", &g, &e), WAY_OK, "%s", e.text);
    cr_expect_str_eq(g.name, "grp.a");
    cr_expect_str_eq(g.internal, "grp#a");
    cr_expect(g.ack_wait_ms == 30000 && g.max_deliver == 10 && g.max_ack_pending == -1 && !g.ordered && g.backoff_count == 0);
    cr_expect_eq(g.start.kind, WAY_START_ALL);
    way_group_spec_fini(&g);
}

Test(group, refusals)
{
    static const struct {
        const char *body, *says[3];
    } row[] = {
        {"{}", {"name", "missing"}},
        {"{\"name\":\"g*\"}", {"group name", "g*"}},
        {"{\"name\":\"g\",\"ackwait\":1}", {"unknown field", "ackwait"}},
        {"{\"name\":\"g\",\"lag\":1}", {"lag", "read-only"}},
        {"{\"name\":\"g\",\"ack_wait_ms\":99}", {"ack_wait_ms", "99", "100"}},
        {"{\"name\":\"g\",\"ack_wait_ms\":86400001}", {"ack_wait_ms", "86400001", "86400000"}},
        {"{\"name\":\"g\",\"max_deliver\":0}", {"max_deliver", "0", "1000"}},
        {"{\"name\":\"g\",\"max_deliver\":1001}", {"max_deliver", "1001", "1000"}},
        {"{\"name\":\"g\",\"max_ack_pending\":0}", {"max_ack_pending", "0", "-1"}},
        {"{\"name\":\"g\",\"ordered\":true,\"max_ack_pending\":5}", {"max_ack_pending", "5", "ordered"}},
        {"{\"name\":\"g\",\"backoff_ms\":[100,200],\"max_deliver\":2}", {"backoff_ms", "2 steps", "fewer"}},
        {"{\"name\":\"g\",\"backoff_ms\":[1]}", {"backoff_ms", "step 1", "100"}},
        {"{\"name\":\"g\",\"backoff_ms\":[100,100,100,100,100,100,100,100,100,100,100,100,100,100,100,100,100],\"max_deliver\":100}", {"backoff_ms", "16"}},
        {"{\"name\":\"g\",\"start\":\"first\"}", {"start", "all"}},
        {"{\"name\":\"g\",\"start\":{}}", {"start", "all"}},
        {"{\"name\":\"g\",\"start\":{\"last\":1,\"seq\":1}}", {"start", "all"}},
        {"{\"name\":\"g\",\"start\":{\"last\":10001}}", {"start.last", "10000"}},
        {"{\"name\":\"g\",\"start\":{\"last\":0}}", {"start.last", "1"}},
        {"{\"name\":\"g\",\"start\":{\"seq\":0}}", {"start.seq", "1"}},
        {"{\"name\":\"g\",\"start\":{\"seq\":{\"4\":1}}}", {"partition \"4\"", "1 to 3"}},
        {"{\"name\":\"g\",\"start\":{\"seq\":{\"1\":1.5}}}", {"partition 1", "whole"}},
        {"{\"name\":\"g\",\"start\":{\"time\":\"yesterday\"}}", {"start.time", "RFC 3339"}},
        {"7", {"object", "number"}},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_group_spec g;
        way_err e = {WAY_OK, ""};
        cr_expect_eq(parse(row[i].body, &g, &e), WAY_E_INVAL, "%s", row[i].body);
        for (size_t k = 0; k < 3 && row[i].says[k]; k++)
            cr_expect(strstr(e.text, row[i].says[k]), "%s: %s", row[i].body, e.text);
        way_group_spec_fini(&g);
    }
}

Test(group, starts_come_out_as_they_came_in)
{
    static const struct {
        const char *in, *out;
    } row[] = {
        {"\"all\"", "\"all\""},
        {"\"new\"", "\"new\""},
        {"{\"last\":5}", "{\"last\":5}"},
        {"{\"seq\":7}", "{\"seq\":7}"},
        {"{\"seq\":{\"2\":9}}", "{\"seq\":{\"1\":0,\"2\":9,\"3\":0}}"},
        {"{\"time\":\"2026-01-31T13:00:00+01:00\"}", "{\"time\":\"2026-01-31T12:00:00.000000000Z\"}"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cJSON *v = json(row[i].in);
        way_start s = {0};
        way_buf b;
        way_err e = {WAY_OK, ""};
        way_buf_init(&b, 0);
        cr_assert_eq(way_start_parse(v, 3, &s, &e), WAY_OK, "%s", e.text);
        way_start_write(&s, &b);
        cr_expect_str_eq(b.data, row[i].out);
        way_start_fini(&s);
        way_buf_fini(&b);
        cJSON_Delete(v);
    }
}

Test(group, patch)
{
    way_group_spec now, g;
    way_err e;
    cr_assert_eq(parse("{\"name\":\"g\",\"backoff_ms\":[100,200],\"start\":{\"seq\":{\"1\":5}}}", &now, &e), WAY_OK);
    cr_expect_eq(patch(&now, "{\"name\":\"h\"}", &g, &e), WAY_E_CONFLICT);
    cr_expect_eq(patch(&now, "{\"start\":\"new\"}", &g, &e), WAY_E_CONFLICT);
    cr_expect(strstr(e.text, "seek"));
    cr_expect_eq(patch(&now, "{\"max_deliver\":2}", &g, &e), WAY_E_INVAL, "the back-off that stays has two steps");
    way_group_spec_fini(&g);
    cr_assert_eq(patch(&now, "{\"ack_wait_ms\":500,\"ordered\":true}", &g, &e), WAY_OK, "%s", e.text);
    cr_expect(g.ack_wait_ms == 500 && g.max_ack_pending == 1 && g.ordered && g.backoff_count == 2 && g.start.seqs[0] == 5);
    way_group_spec again;
    cr_assert_eq(patch(&g, "{\"ordered\":false,\"backoff_ms\":[]}", &again, &e), WAY_OK);
    cr_expect(again.max_ack_pending == -1 && again.backoff_count == 0);
    way_group_spec_fini(&again);
    way_group_spec_fini(&g);
    way_group_spec_fini(&now);
}

Test(group, a_row_is_read_back)
{
    static const char *const row[] = {
        "{\"name\":\"g.a\"}",
        "{\"name\":\"g\",\"ack_wait_ms\":100,\"max_deliver\":1000,\"backoff_ms\":[100,86400000],\"max_ack_pending\":7,\"start\":{\"seq\":{\"3\":9}}}",
        "{\"name\":\"g\",\"ordered\":true,\"start\":{\"time\":\"2026-01-31T12:00:00.123456789Z\"}}",
        "{\"name\":\"g\",\"start\":{\"last\":10000}}",
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_group_spec g, back;
        way_err e = {WAY_OK, ""};
        way_buf one, two;
        cr_assert_eq(parse(row[i], &g, &e), WAY_OK, "%s", e.text);
        if (g.start.kind == WAY_START_LAST) { /* as the control plane resolves it */
            g.start.nseqs = 2;
            g.start.seqs = calloc(2, sizeof *g.start.seqs);
            g.start.seqs[1] = 4711;
        }
        way_buf_init(&one, 0);
        way_buf_init(&two, 0);
        way_group_save(&g, &one);
        way_group_spec_init(&back);
        cr_assert_eq(way_group_load(one.data, &back, &e), WAY_OK, "%s: %s", one.data, e.text);
        way_group_save(&back, &two);
        cr_expect_str_eq(one.data, two.data);
        cr_expect_eq(g.start.nseqs, back.start.nseqs);
        way_group_spec_fini(&g);
        way_group_spec_fini(&back);
        way_buf_fini(&one);
        way_buf_fini(&two);
    }
}
