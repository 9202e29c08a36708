/* The codec: what is sent in full numbers, what comes back normalised, updates that lose nothing. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "jetstream-adapter/codec.h"
#include "jetstream-adapter/span.h"

static const way_server_info old_server = {.version = "2.9.10", .major = 2, .minor = 9, .patch = 10};
static const way_server_info new_server = {.version = "2.15.2", .major = 2, .minor = 15, .patch = 2};

static way_js_stream stream(void)
{
    return (way_js_stream){.name = "orders$1",
                           .subject = "orders$1.>",
                           .storage = WAY_STORAGE_FILE,
                           .replicas = 1,
                           .max_age_ns = 365ll * 24 * 3600 * 1000000000,
                           .max_msg_size = 8388608,
                           .dup_window_ns = 120000000000,
                           .allow_direct = true,
                           .republish_src = "orders$1.final",
                           .republish_dest = "way.live.orders.1"};
}

static cJSON *parse(const char *text)
{
    cJSON *json = cJSON_Parse(text);

    cr_assert(json, "%s", text);
    return json;
}

Test(codec, writes_numbers_in_full)
{
    way_js_stream s = stream();
    way_buf b;

    way_buf_init(&b, 0);
    way_js_stream_write(&s, &new_server, &b);
    cr_expect(strstr(b.data, "\"max_age\":31536000000000000,"), "%s", b.data);
    cr_expect(strstr(b.data, "\"max_msgs\":-1"), "%s", b.data);
    cr_expect_null(strstr(b.data, "description"));
    way_buf_fini(&b);
}

Test(codec, leaves_out_what_an_old_server_does_not_know)
{
    static const char *const meta[] = {"a", "1", "b", "2", NULL};
    way_js_stream s = stream();
    way_buf b;

    s.metadata = meta;
    way_buf_init(&b, 0);
    way_js_stream_write(&s, &old_server, &b);
    cr_expect_null(strstr(b.data, "metadata"));
    way_buf_reset(&b);
    way_js_stream_write(&s, &new_server, &b);
    cr_expect(strstr(b.data, "\"metadata\":{\"a\":\"1\",\"b\":\"2\"}"), "%s", b.data);
    way_buf_fini(&b);
}

Test(codec, writes_the_retention)
{
    static const struct {
        bool interest, work_queue;
        const char *want;
    } row[] = {{false, false, "\"limits\""}, {true, false, "\"interest\""}, {false, true, "\"workqueue\""}};

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        way_js_stream s = stream();
        way_buf b;

        s.interest = row[i].interest;
        s.work_queue = row[i].work_queue;
        way_buf_init(&b, 0);
        way_js_stream_write(&s, &old_server, &b);
        cr_expect(strstr(b.data, row[i].want), "%s", b.data);
        way_buf_fini(&b);
    }
}

Test(codec, writes_consumers)
{
    way_js_consumer c = {.stream = "orders$1", .name = "g", .filter = "orders$1.final", .ack_wait_ms = 30000,
                         .max_deliver = 10, .max_ack_pending = -1};
    way_buf b;

    way_buf_init(&b, 0);
    way_js_consumer_write(&c, &b);
    cr_expect(strstr(b.data, "\"ack_wait\":30000000000,"), "%s", b.data);
    cr_expect(strstr(b.data, "\"max_ack_pending\":-1"), "%s", b.data);
    cr_expect(strstr(b.data, "\"deliver_policy\":\"all\""), "%s", b.data);
    cr_expect_null(strstr(b.data, "backoff"));
    way_buf_reset(&b);
    c.deliver = WAY_JS_SEQ;
    c.start_seq = 18446744073709551615u;
    c.backoff_count = 2;
    c.backoff_ms[0] = 500;
    c.backoff_ms[1] = 1000;
    way_js_consumer_write(&c, &b);
    cr_expect(strstr(b.data, "\"opt_start_seq\":18446744073709551615,"), "%s", b.data);
    cr_expect(strstr(b.data, "\"ack_wait\":500000000,"), "the first step is the ack wait: %s", b.data);
    cr_expect(strstr(b.data, "\"backoff\":[500000000,1000000000]"), "%s", b.data);
    way_buf_reset(&b);
    c.backoff_count = 0;
    way_js_consumer_write_live(&c, &b);
    cr_expect(strstr(b.data, "\"backoff\":[]"), "%s", b.data);
    cr_expect_null(strstr(b.data, "opt_start"));
    way_buf_fini(&b);
}

Test(codec, an_update_copies_what_it_does_not_name)
{
    static const char theirs[] =
        "{\"type\":\"x\",\"config\":{\"name\":\"s\",\"max_msgs\":-1,\"first_seq\":9223372036854775807,"
        "\"placement\":{\"tags\":[\"a,b\",\"}\\\"{\"]},\"metadata\":{\"mine\":\"1\",\"_nats.ver\":\"2.15\",\"way\":\"0\"},"
        "\"deny_delete\":true},\"created\":\"x\"}";
    static const char ours[] = "{\"name\":\"s\",\"max_msgs\":5,\"metadata\":{\"way\":\"2\"}}";
    way_buf b;

    way_buf_init(&b, 0);
    cr_assert(way_js_overlay(theirs, strlen(theirs), ours, strlen(ours), &b));
    cr_expect_str_eq(b.data, "{\"name\":\"s\",\"max_msgs\":5,\"metadata\":{\"way\":\"2\",\"mine\":\"1\"},"
                             "\"first_seq\":9223372036854775807,\"placement\":{\"tags\":[\"a,b\",\"}\\\"{\"]},"
                             "\"deny_delete\":true}");
    way_buf_reset(&b);
    cr_expect_not(way_js_overlay("{\"error\":{}}", 12, ours, strlen(ours), &b));
    cr_expect_not(way_js_overlay("{\"config\":7}", 12, ours, strlen(ours), &b));
    way_buf_fini(&b);
}

Test(codec, tells_what_did_not_come_back)
{
    static const struct {
        const char *sent, *got, *field; /* field NULL: the same */
    } row[] = {
        {"{\"max_msgs\":-1}", "{}", NULL},
        {"{\"max_msgs\":-1}", "{\"max_msgs\":0}", NULL},
        {"{\"a\":false,\"b\":\"\",\"c\":[]}", "{}", NULL},
        {"{\"max_msgs\":5}", "{\"max_msgs\":6}", "max_msgs"},
        {"{\"max_msgs\":5}", "{}", "max_msgs"},
        {"{\"max_msgs\":-1}", "{\"max_msgs\":6}", "max_msgs"},
        {"{\"allow_direct\":true}", "{\"allow_direct\":false}", "allow_direct"},
        {"{\"subjects\":[\"a\",\"b\"]}", "{\"subjects\":[\"a\"]}", "subjects"},
        {"{\"subjects\":[\"a\"]}", "{\"subjects\":[\"a\",\"b\"]}", "subjects"},
        {"{\"subjects\":[\"a\"]}", "{\"subjects\":\"a\"}", "subjects"},
        {"{\"metadata\":{\"k\":\"v\"}}", "{\"metadata\":{\"k\":\"v\",\"_nats.ver\":\"2\"}}", NULL},
        {"{\"metadata\":{\"k\":\"v\"}}", "{\"metadata\":{\"_nats.ver\":\"2\"}}", "metadata"},
        {"{\"republish\":{\"src\":\"a\",\"dest\":\"b\"}}", "{\"republish\":{\"src\":\"a\",\"dest\":\"c\"}}", "republish"},
        {"{\"opt_start_time\":\"2026-01-02T03:04:05.120000000Z\"}", "{\"opt_start_time\":\"2026-01-02T03:04:05.12Z\"}", NULL},
        {"{\"opt_start_time\":\"2026-01-02T03:04:05.120000000Z\"}", "{\"opt_start_time\":\"2026-01-02T03:04:05.13Z\"}",
         "opt_start_time"},
    };

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        char answer[256], field[32] = "";
        cJSON *json;
        bool differs;

        snprintf(answer, sizeof answer, "{\"config\":%s}", row[i].got);
        json = parse(answer);
        differs = way_js_differs(row[i].sent, strlen(row[i].sent), json, field, sizeof field);
        cr_expect_eq(differs, row[i].field != NULL, "%s against %s", row[i].sent, row[i].got);
        if (row[i].field)
            cr_expect_str_eq(field, row[i].field);
        cJSON_Delete(json);
    }
}

Test(codec, reads_a_stream)
{
    cJSON *json = parse(
        "{\"config\":{\"name\":\"a$1\",\"subjects\":[\"a$1.>\",\"b\"],\"retention\":\"interest\",\"max_msgs\":-1,"
        "\"max_bytes\":-1,\"max_age\":3600000000000,\"max_msg_size\":100,\"storage\":\"memory\",\"num_replicas\":3,"
        "\"duplicate_window\":120000000000,\"allow_direct\":true,\"republish\":{\"src\":\"a$1.final\",\"dest\":\"l\"}},"
        "\"created\":\"2026-11-22T03:24:45.2Z\",\"state\":{\"messages\":3,\"bytes\":44,\"first_seq\":7,"
        "\"first_ts\":\"2026-11-22T03:24:45.215393555Z\",\"last_seq\":9,\"last_ts\":\"0001-01-01T00:00:00Z\","
        "\"consumer_count\":2},\"cluster\":{\"leader\":\"n1\"}}");
    way_js_stream_info i;

    cr_assert_eq(way_js_stream_read(json, &i, NULL), WAY_OK);
    cr_expect(i.exists && i.config.interest && !i.config.work_queue && i.config.allow_direct);
    cr_expect_str_eq(i.config.subject, "a$1.>");
    cr_expect_str_eq(i.created, "2026-11-22T03:24:45.2Z");
    cr_expect_str_eq(i.leader, "n1");
    cr_expect_eq(i.config.max_msgs, 0);
    cr_expect_eq(i.config.storage, WAY_STORAGE_MEMORY);
    cr_expect_eq(i.config.replicas, 3);
    cr_expect_eq(i.messages, 3);
    cr_expect_eq(i.first_seq, 7);
    cr_expect_eq(i.last_seq, 9);
    cr_expect_eq(i.consumers, 2);
    cr_expect_eq(i.first_ns % 1000000000, 215393555);
    cr_expect_eq(i.last_ns, 0, "an empty stream's 0001-01-01 is no time");
    cJSON_Delete(json);
    json = parse("{\"config\":{}}");
    cr_expect_eq(way_js_stream_read(json, &i, NULL), WAY_E_INTERNAL);
    cJSON_Delete(json);
}

Test(codec, reads_a_consumer)
{
    cJSON *json = parse("{\"stream_name\":\"a$1\",\"name\":\"g\",\"created\":\"x\",\"config\":{\"deliver_policy\":"
                        "\"by_start_sequence\",\"opt_start_seq\":42,\"ack_wait\":500000000,\"max_deliver\":-1,\"backoff\":"
                        "[500000000,1000000000],\"max_ack_pending\":-1,\"sample_freq\":\"100%\",\"filter_subject\":\"f\"},"
                        "\"delivered\":{\"stream_seq\":12},\"ack_floor\":{\"stream_seq\":10},\"num_ack_pending\":2,"
                        "\"num_redelivered\":1,\"num_waiting\":4,\"num_pending\":99}");
    way_js_consumer_info i;

    cr_assert_eq(way_js_consumer_read(json, &i, NULL), WAY_OK);
    cr_expect_eq(i.config.deliver, WAY_JS_SEQ);
    cr_expect_eq(i.config.start_seq, 42);
    cr_expect_eq(i.config.backoff_count, 2);
    cr_expect_eq(i.config.backoff_ms[1], 1000);
    cr_expect_eq(i.config.max_deliver, 0);
    cr_expect_eq(i.config.sample_pct, 100);
    cr_expect_eq(i.pending, 99);
    cr_expect_eq(i.ack_floor_seq, 10);
    cr_expect_eq(i.delivered_seq, 12);
    cr_expect_eq(i.waiting, 4);
    cJSON_Delete(json);
}

Test(codec, reads_a_message_without_decoding_it)
{
    static const char text[] = "{\"type\":\"t\",\"message\":{\"subject\":\"a\",\"hdrs\":\"TkFUUw==\",\"seq\":18446744073709551615,"
                               "\"data\":\"aGVsbG8=\",\"time\":\"2026-11-22T03:24:45.215393555Z\"}}";
    static const char none[] = "{\"error\":{\"code\":404,\"err_code\":10037,\"description\":\"no message found\"}}";
    way_js_fault f;
    way_js_msg m = {0};

    cr_assert_eq(way_js_msg_read(text, strlen(text), &m, &f, NULL), WAY_OK);
    cr_expect(m.exists);
    cr_expect_eq(m.seq, UINT64_MAX);
    cr_expect_eq(m.time_ns % 1000000000, 215393555);
    m.exists = false;
    cr_assert_eq(way_js_msg_read(none, strlen(none), &m, &f, NULL), WAY_OK);
    cr_expect_eq(f.err_code, WAY_JS_NO_MESSAGE);
    cr_expect_not(m.exists);
    cr_expect_eq(way_js_msg_read("{}", 2, &m, &f, NULL), WAY_E_INTERNAL);
    cr_expect_eq(way_js_msg_read("{\"message\":{}}", 14, &m, &f, NULL), WAY_E_INTERNAL);
}

Test(codec, translates_errors)
{
    static const struct {
        int http, err_code;
        way_code want;
    } row[] = {
        {400, 10058, WAY_E_EXISTS},      {404, 10059, WAY_E_NOT_FOUND}, {404, 10014, WAY_E_NOT_FOUND},
        {400, 10065, WAY_E_CONFLICT},    {500, 10074, WAY_E_INVAL},     {500, 10052, WAY_E_INVAL},
        {400, 10012, WAY_E_INVAL},       {503, 10023, WAY_E_FULL},      {500, 10047, WAY_E_FULL},
        {412, 10185, WAY_E_NEWER_SERVER}, {429, 10167, WAY_E_FULL},      {503, 10008, WAY_E_UNAVAILABLE},
        {400, 19999, WAY_E_INVAL},       {503, 19999, WAY_E_UNAVAILABLE}, {500, 19999, WAY_E_INTERNAL},
    };

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        char text[160];
        way_js_fault f;
        cJSON *json = NULL;

        snprintf(text, sizeof text, "{\"type\":\"x\",\"error\":{\"code\":%d,\"err_code\":%d,\"description\":\"words\"}}",
                 row[i].http, row[i].err_code);
        cr_assert_eq(way_js_answer(text, strlen(text), &json, &f, NULL), WAY_OK);
        cr_expect_null(json);
        cr_expect_eq(way_js_fault_code(&f), row[i].want, "%d/%d", row[i].http, row[i].err_code);
        cr_expect_str_eq(f.text, "words");
    }
}

Test(codec, refuses_answers_of_another_kind)
{
    static const char *const row[] = {"", "[]", "7", "{", "{\"a\":1}x"};
    way_js_fault f;
    cJSON *json = NULL;

    for (size_t i = 0; i < WAY_COUNT(row); i++)
        cr_expect_eq(way_js_answer(row[i], strlen(row[i]), &json, &f, NULL), WAY_E_INTERNAL, "%s", row[i]);
}

Test(span, finds_members_and_stays_inside)
{
    static const char text[] = " { \"a\" : \"x\\\\\" , \"b\":[1,{\"c\":\"]\"}] ,\"d\":{\"a\":2},\"e\":-1.5e3}";
    way_span v, t, o = {text, strlen(text)};

    cr_assert(way_span_member(o, "a", &v) && way_span_text(v, &t));
    cr_expect(way_span_is(t, "x\\\\"));
    cr_assert(way_span_member(o, "b", &v));
    cr_expect(way_span_is(v, "[1,{\"c\":\"]\"}]"));
    cr_assert(way_span_member(o, "e", &v));
    cr_expect(way_span_is(v, "-1.5e3"));
    cr_expect_not(way_span_member(o, "c", &v));
    for (size_t cut = 0; cut < strlen(text); cut++) {
        char *copy = way_xstrndup(text, cut);

        (void)way_span_member((way_span){copy, cut}, "zz", &v);
        free(copy);
    }
}
