#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/model/station.h"

static const way_server_info modern = {.version = "2.10.4", .major = 2, .minor = 10, .patch = 4, .max_payload = 8 << 20, .servers = 3};
static const way_server_info old = {.version = "2.9.10", .major = 2, .minor = 9, .patch = 10, .max_payload = 1 << 20, .servers = 1};

static way_code parse(const char *text, way_station_spec *s, way_err *e)
{
    cJSON *v = NULL;
    cr_assert_eq(way_json_parse(text, strlen(text), 1 << 20, &v, e), WAY_OK, "%s: %s", text, e->text);
    way_station_spec_init(s);
    way_code rc = way_station_parse(v, s, e);
    cJSON_Delete(v);
    return rc;
}

static way_code patch(const way_station_spec *now, const char *text, way_station_spec *s, way_err *e)
{
    cJSON *v = NULL;
    cr_assert_eq(way_json_parse(text, strlen(text), 1 << 20, &v, e), WAY_OK, "%s: %s", text, e->text);
    way_station_spec_init(s);
    way_code rc = way_station_patch(now, v, s, e);
    cJSON_Delete(v);
    return rc;
}

Test(station, defaults)
{
    way_station_spec s;
    way_err e;
    cr_assert_eq(parse("{\"name\":\"My.Orders\"}", &s, &e), WAY_OK, "%s", e.text);
    cr_expect_str_eq(s.name, "my.orders");
    cr_expect_str_eq(s.internal, "my#orders");
    cr_expect(s.partitions == 1 && s.storage == WAY_STORAGE_FILE && s.replicas == 1);
    cr_expect(s.max_age_sec == 3600 && s.max_messages == 0 && s.max_bytes == 0 && !s.ack_based);
    cr_expect(s.dup_window_ms == 120000 && s.max_message_bytes == 0 && !s.description && !s.tags);
    cr_expect_eq(way_station_check(&s, NULL, &modern, &e), WAY_OK);
    cr_expect_eq(s.max_message_bytes, 8 << 20);
    s.max_message_bytes = 0;
    cr_expect_eq(way_station_check(&s, NULL, &old, &e), WAY_OK);
    cr_expect_eq(s.max_message_bytes, 1 << 20);
    way_station_spec_fini(&s);
}

Test(station, retention_both_ways)
{
    static const struct {
        const char *body;
        int64_t age, messages, bytes;
        bool ack;
    } row[] = {
        {"{\"name\":\"s\",\"retention_type\":\"message_age_sec\",\"retention_value\":60}", 60, 0, 0, false},
        {"{\"name\":\"s\",\"retention_type\":\"messages\",\"retention_value\":10}", 0, 10, 0, false},
        {"{\"name\":\"s\",\"retention_type\":\"bytes\",\"retention_value\":99}", 0, 0, 99, false},
        {"{\"name\":\"s\",\"retention_type\":\"ack_based\"}", 0, 0, 0, true},
        {"{\"name\":\"s\",\"retention_type\":\"ack_based\",\"retention_value\":0}", 0, 0, 0, true},
        {"{\"name\":\"s\",\"retention\":{\"max_age_sec\":5,\"max_messages\":6,\"max_bytes\":7,\"ack_based\":true}}", 5, 6, 7, true},
        {"{\"name\":\"s\",\"retention\":{\"max_messages\":6}}", 0, 6, 0, false},
        {"{\"name\":\"s\",\"retention\":{}}", 0, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_station_spec s;
        way_err e = {WAY_OK, ""};
        cr_expect_eq(parse(row[i].body, &s, &e), WAY_OK, "%s: %s", row[i].body, e.text);
        cr_expect(s.max_age_sec == row[i].age && s.max_messages == row[i].messages && s.max_bytes == row[i].bytes &&
                  s.ack_based == row[i].ack, "%s", row[i].body);
        way_station_spec_fini(&s);
    }
}

Test(station, window_follows_the_age_limit)
{
    way_station_spec s;
    way_err e;
    cr_expect_eq(parse("{\"name\":\"s\",\"retention\":{\"max_age_sec\":30}}", &s, &e), WAY_OK);
    cr_expect_eq(s.dup_window_ms, 30000);
    way_station_spec_fini(&s);
    cr_expect_eq(parse("{\"name\":\"s\",\"retention\":{\"max_messages\":1},\"idempotency_window_ms\":86400000}", &s, &e), WAY_OK);
    way_station_spec_fini(&s);
}

Test(station, every_refusal_names_field_value_and_bound)
{
    static const struct {
        const char *body, *says[3];
    } row[] = {
        {"{}", {"name", "missing"}},
        {"{\"name\":\"a b\"}", {"station name", "a b"}},
        {"{\"name\":\"s\",\"partitons\":2}", {"unknown field", "partitons", "partitions"}},
        {"{\"name\":\"s\",\"state\":\"active\"}", {"state", "read-only"}},
        {"{\"name\":\"s\",\"partitions\":0}", {"partitions", "0", "4096"}},
        {"{\"name\":\"s\",\"partitions\":4097}", {"partitions", "4097", "4096"}},
        {"{\"name\":\"s\",\"replicas\":2}", {"replicas", "2", "1, 3 or 5"}},
        {"{\"name\":\"s\",\"storage\":\"disk\"}", {"storage", "disk", "file or memory"}},
        {"{\"name\":\"s\",\"retention_type\":\"never\"}", {"retention_type", "never", "ack_based"}},
        {"{\"name\":\"s\",\"retention_type\":\"messages\"}", {"messages", "retention_value"}},
        {"{\"name\":\"s\",\"retention_value\":5,\"retention_type\":\"ack_based\"}", {"retention_value", "5", "leave it out"}},
        {"{\"name\":\"s\",\"retention\":{},\"retention_type\":\"messages\",\"retention_value\":5}", {"two ways"}},
        {"{\"name\":\"s\",\"retention\":{\"max_age\":5}}", {"unknown field", "max_age"}},
        {"{\"name\":\"s\",\"retention\":{\"max_messages\":-1}}", {"max_messages", "-1"}},
        {"{\"name\":\"s\",\"retention\":{\"max_bytes\":9007199254740993}}", {"max_bytes", "9007199254740991"}},
        {"{\"name\":\"s\",\"idempotency_window_ms\":99}", {"idempotency_window_ms", "99", "100"}},
        {"{\"name\":\"s\",\"idempotency_window_ms\":86400001}", {"idempotency_window_ms", "86400001", "86400000"}},
        {"{\"name\":\"s\",\"retention\":{\"max_age_sec\":30},\"idempotency_window_ms\":30001}", {"idempotency_window_ms", "30001", "30000"}},
        {"{\"name\":\"s\",\"max_message_bytes\":32505857}", {"max_message_bytes", "32505857", "32505856"}},
        {"{\"name\":\"s\",\"storage\":\"memory\",\"max_message_bytes\":66060289}", {"max_message_bytes", "66060289", "66060288"}},
        {"{\"name\":\"s\",\"tags\":{\"_x\":\"1\"}}", {"tag", "_x"}},
        {"{\"name\":\"s\",\"tags\":{\"x\":1}}", {"tag", "x", "text"}},
        {"{\"name\":\"s\",\"tags\":[]}", {"tags", "object"}},
        {"{\"name\":\"s\",\"description\":5}", {"description", "text"}},
        {"{\"name\":7}", {"name", "text", "number"}},
        {"[]", {"object", "array"}},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_station_spec s;
        way_err e = {WAY_OK, ""};
        cr_expect_eq(parse(row[i].body, &s, &e), WAY_E_INVAL, "%s", row[i].body);
        for (size_t k = 0; k < 3 && row[i].says[k]; k++)
            cr_expect(strstr(e.text, row[i].says[k]), "%s: %s", row[i].body, e.text);
        way_station_spec_fini(&s);
    }
}

Test(station, bounds_of_the_server)
{
    static const struct {
        const char *body;
        const way_server_info *srv;
        const char *says[3]; /* none: fits */
    } row[] = {
        {"{\"name\":\"s\",\"replicas\":3}", &modern, {0}},
        {"{\"name\":\"s\",\"replicas\":5}", &modern, {"replicas", "5", "3 servers"}},
        {"{\"name\":\"s\",\"replicas\":3}", &old, {"replicas", "3", "1 server"}},
        {"{\"name\":\"s\",\"max_message_bytes\":1048576}", &old, {0}},
        {"{\"name\":\"s\",\"max_message_bytes\":1048577}", &old, {"max_message_bytes", "1048577", "1048576"}},
        /* one message of 1 MiB, the subject s$4.final of 9 bytes, 512 bytes */
        {"{\"name\":\"s\",\"partitions\":4,\"retention\":{\"max_bytes\":4196388}}", &old, {0}},
        {"{\"name\":\"s\",\"partitions\":4,\"retention\":{\"max_bytes\":4196384}}", &old, {"max_bytes", "4196384", "4196388"}},
        {"{\"name\":\"s\",\"partitions\":4,\"retention\":{\"max_bytes\":4196384}}", &old, {"at most 3 partitions", "at most 1048575"}},
        {"{\"name\":\"s\",\"retention\":{\"max_bytes\":1000}}", &old, {"max_bytes", "1000", "1049097"}},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_station_spec s;
        way_err e = {WAY_OK, ""};
        cr_assert_eq(parse(row[i].body, &s, &e), WAY_OK, "%s: %s", row[i].body, e.text);
        cr_expect_eq(way_station_check(&s, NULL, row[i].srv, &e), row[i].says[0] ? WAY_E_INVAL : WAY_OK, "%s: %s",
                     row[i].body, e.text);
        for (size_t k = 0; k < 3 && row[i].says[k]; k++)
            cr_expect(strstr(e.text, row[i].says[k]), "%s: %s", row[i].body, e.text);
        way_station_spec_fini(&s);
    }
}

Test(station, patch)
{
    static const struct {
        const char *body;
        way_code rc;
        const char *says;
    } row[] = {
        {"{\"storage\":\"memory\"}", WAY_E_CONFLICT, "storage cannot be changed"},
        {"{\"storage\":\"memory\",\"replicas\":3}", WAY_E_CONFLICT, "storage cannot be changed"},
        {"{\"partitions\":3}", WAY_E_CONFLICT, "partitions cannot be changed from 2"},
        {"{\"name\":\"t\"}", WAY_E_CONFLICT, "name cannot be changed"},
        {"{\"storage\":\"file\",\"partitions\":2,\"name\":\"S\"}", WAY_OK, ""},
        {"{\"retention\":{\"max_age_sec\":60}}", WAY_E_INVAL, "idempotency_window_ms is 120000"},
        {"{\"retention\":{\"max_age_sec\":60},\"idempotency_window_ms\":60000}", WAY_OK, ""},
        {"{\"retention_value\":5}", WAY_E_INVAL, "retention_type"},
        {"{\"replicas\":2}", WAY_E_INVAL, "1, 3 or 5"},
        {"{\"tag\":{}}", WAY_E_INVAL, "unknown field"},
        {"{}", WAY_OK, ""},
    };
    way_station_spec now;
    way_err e;
    cr_assert_eq(parse("{\"name\":\"s\",\"partitions\":2,\"retention\":{\"max_age_sec\":600,\"max_messages\":10},"
                       "\"description\":\"d\",\"tags\":{\"b\":\"2\",\"a\":\"1\"}}", &now, &e), WAY_OK);
    cr_expect_str_eq(now.tags, "{\"a\":\"1\",\"b\":\"2\"}");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_station_spec s;
        cr_expect_eq(patch(&now, row[i].body, &s, &e), row[i].rc, "%s: %s", row[i].body, e.text);
        if (row[i].rc != WAY_OK)
            cr_expect(strstr(e.text, row[i].says), "%s: %s", row[i].body, e.text);
        way_station_spec_fini(&s);
    }

    way_station_spec s;
    cr_assert_eq(patch(&now, "{\"retention\":{\"max_messages\":20},\"tags\":{\"a\":null,\"c\":\"3\"},\"description\":null}", &s, &e), WAY_OK);
    cr_expect(s.max_messages == 20 && s.max_age_sec == 600, "what is not named stays");
    cr_expect_str_eq(s.tags, "{\"b\":\"2\",\"c\":\"3\"}");
    cr_expect_null(s.description);
    cr_expect_not(way_station_spec_equal(&s, &now));
    way_station_spec_fini(&s);

    cr_assert_eq(patch(&now, "{\"retention_type\":\"ack_based\",\"tags\":null}", &s, &e), WAY_OK);
    cr_expect(s.ack_based && s.max_age_sec == 0 && s.max_messages == 0, "the short form says all of it");
    cr_expect_null(s.tags);
    cr_expect_str_eq(s.description, "d");
    s.max_message_bytes = now.max_message_bytes = 4 << 20; /* made when the server took more: not judged again */
    cr_expect_eq(way_station_check(&s, &now, &old, &e), WAY_E_NEWER_SERVER);
    cr_expect(strstr(e.text, "2.10") && strstr(e.text, "2.9.10"));
    cr_expect_eq(way_station_check(&s, &now, &modern, &e), WAY_OK);
    way_station_spec_fini(&s);
    way_station_spec_fini(&now);
}

Test(station, a_row_is_read_back)
{
    static const char *const row[] = {
        "{\"name\":\"a.b\"}",
        "{\"name\":\"s\",\"partitions\":4096,\"storage\":\"memory\",\"replicas\":5,\"max_message_bytes\":66060288,"
        "\"retention\":{\"max_age_sec\":1,\"max_messages\":9007199254740991,\"max_bytes\":2,\"ack_based\":true},"
        "\"idempotency_window_ms\":100,\"description\":\"q\\\" \\n\",\"tags\":{\"k\":\"\\u00e9\"}}",
        "{\"name\":\"s\",\"retention\":{}}",
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_station_spec s, back;
        way_err e = {WAY_OK, ""};
        way_buf b;
        cr_assert_eq(parse(row[i], &s, &e), WAY_OK, "%s", e.text);
        way_buf_init(&b, 0);
        way_station_save(&s, &b);
        way_station_spec_init(&back);
        cr_assert_eq(way_station_load(b.data, &back, &e), WAY_OK, "%s: %s", b.data, e.text);
        cr_expect(way_station_spec_equal(&s, &back), "%s", b.data);
        cr_expect_str_eq(s.internal, back.internal);
        way_station_spec_fini(&s);
        way_station_spec_fini(&back);
        way_buf_fini(&b);
    }
    way_station_spec back;
    way_err e;
    way_station_spec_init(&back);
    cr_expect_eq(way_station_load("{\"name\":\"s\",\"from_the_future\":1}", &back, &e), WAY_OK, "a newer version's field");
    cr_expect_eq(way_station_load("{\"name\":", &back, &e), WAY_E_INVAL);
    way_station_spec_fini(&back);
}

Test(station, writes_retention_both_ways)
{
    static const struct {
        const char *body, *has, *lacks;
    } row[] = {
        {"{\"name\":\"s\"}", "\"retention_type\":\"message_age_sec\",\"retention_value\":3600", "ack_based\","},
        {"{\"name\":\"s\",\"retention_type\":\"ack_based\"}", "\"retention_type\":\"ack_based\",\"retention_value\":0", "messages\":1"},
        {"{\"name\":\"s\",\"retention\":{\"max_age_sec\":5,\"max_messages\":6}}", "\"max_age_sec\":5,\"max_messages\":6", "retention_type"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_station_spec s;
        way_err e;
        way_buf b;
        cJSON *v = NULL;
        parse(row[i].body, &s, &e);
        way_buf_init(&b, 0);
        way_json_open(&b, '{');
        way_station_write(&s, &b);
        way_json_close(&b, '}');
        cr_expect(strstr(b.data, row[i].has) && !strstr(b.data, row[i].lacks), "%s", b.data);
        cr_expect_eq(way_json_parse(b.data, b.len, b.len, &v, &e), WAY_OK, "%s", e.text);
        cJSON_Delete(v);
        way_buf_fini(&b);
        way_station_spec_fini(&s);
    }
}

Test(station, shares_and_states)
{
    cr_expect(way_station_share(10, 3) == 4 && way_station_share(9, 3) == 3 && way_station_share(1, 5) == 1 && way_station_share(0, 5) == 0);
    way_state s;
    cr_expect(way_state_parse("deleting", &s) && s == WAY_DELETING);
    cr_expect_not(way_state_parse("dead", &s));
    cr_expect(way_state_may_move(WAY_CREATING, WAY_ACTIVE) && way_state_may_move(WAY_ACTIVE, WAY_DELETING) &&
              way_state_may_move(WAY_DELETING, WAY_GONE));
    cr_expect_not(way_state_may_move(WAY_ACTIVE, WAY_CREATING));
    cr_expect_not(way_state_may_move(WAY_GONE, WAY_ACTIVE));
    cr_expect_not(way_state_may_move(WAY_ACTIVE, WAY_GONE));
    cr_expect(way_server_at_least(&modern, 2, 9, 99) && way_server_at_least(&modern, 2, 10, 4));
    cr_expect_not(way_server_at_least(&modern, 2, 10, 5));
    cr_expect_not(way_server_at_least(&modern, 3, 0, 0));
}
