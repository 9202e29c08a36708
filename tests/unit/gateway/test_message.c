/* How a stored message looks in an answer. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/data_message.h"

static void each(const void *from, bool (*fn)(void *arg, const char *key, const char *value), void *arg)
{
    for (const char *const *pair = from; pair[0]; pair += 2)
        if (!fn(arg, pair[0], pair[1]))
            return;
}

static cJSON *render(const way_message *m, bool as_text)
{
    way_buf out;

    way_buf_init(&out, 0);
    way_json_open(&out, '{');
    way_message_write(m, as_text, &out);
    way_json_close(&out, '}');
    cJSON *doc = cJSON_ParseWithLength(out.data, out.len);
    cr_assert(doc, "%s", out.data);
    way_buf_fini(&out);
    return doc;
}

static const char *text(const cJSON *o, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));

    return s ? s : "(none)";
}

Test(message, shows_all_of_it)
{
    const char *headers[] = {"Way-Key", "k", "Trace", "a\"b", "Trace", "second", "Latin", "\xe9", "Nats-Msg-Id", "i", NULL};
    way_message m = {.partition = 2, .seq = 17, .time_ns = 1700000000123456789, .key = "k", .data = "h\"i", .len = 3,
                     .headers = each, .headers_from = headers};
    cJSON *doc = render(&m, true), *h = cJSON_GetObjectItem(doc, "headers");

    cr_expect_str_eq(text(doc, "data"), "h\"i");
    cr_expect_str_eq(text(doc, "key"), "k");
    cr_expect_str_eq(text(doc, "time"), "2023-11-14T22:13:20.123456789Z");
    cr_expect_eq(cJSON_GetNumberValue(cJSON_GetObjectItem(doc, "seq")), 17);
    cr_expect_eq(cJSON_GetArraySize(h), 3, "the key is not shown again, the first of two values is");
    cr_expect_str_eq(text(h, "Trace"), "a\"b");
    cr_expect_str_eq(text(h, "Latin"), "\xc3\xa9");
    cr_expect_str_eq(text(h, "Nats-Msg-Id"), "i");
    cJSON_Delete(doc);
}

Test(message, bytes_that_are_no_text)
{
    static const char *const none[] = {NULL};
    way_message m = {.partition = 1, .seq = 1, .key = "\xff", .data = "\xff\x00\x01", .len = 3, .headers = each, .headers_from = none};
    cJSON *doc = render(&m, true);

    cr_expect_str_eq(text(doc, "data_b64"), "/wAB");
    cr_expect_str_eq(text(doc, "data"), "(none)");
    cr_expect_str_eq(text(doc, "key_b64"), "/w==");
    cJSON_Delete(doc);
    m.data = "abc";
    doc = render(&m, false);
    cr_expect_str_eq(text(doc, "data_b64"), "YWJj");
    cJSON_Delete(doc);
    m.data = "";
    m.len = 0;
    doc = render(&m, true);
    cr_expect_str_eq(text(doc, "data"), "");
    cJSON_Delete(doc);
}

/* Six bytes of JSON for one of payload would break the bound on answers. */
Test(message, control_bytes_do_not_swell)
{
    size_t len = 200000;
    char *data = calloc(1, len);
    way_message m = {.partition = 1, .seq = 1, .data = data, .len = len};
    cJSON *doc = render(&m, true);

    cr_expect_eq(strlen(text(doc, "data_b64")), (len + 2) / 3 * 4);
    cJSON_Delete(doc);
    free(data);
}

Test(message, times_of_one_second_and_of_others)
{
    static const struct {
        int64_t ns;
        const char *want;
    } row[] = {
        {1700000000123456789, "2023-11-14T22:13:20.123456789Z"}, {1700000000000000001, "2023-11-14T22:13:20.000000001Z"},
        {1700000000999999999, "2023-11-14T22:13:20.999999999Z"}, {1700000001000000000, "2023-11-14T22:13:21.000000000Z"},
        {0, "1970-01-01T00:00:00.000000000Z"}, {5, "1970-01-01T00:00:00.000000005Z"}, {-1, "1969-12-31T23:59:59.999999999Z"},
        {7, "1970-01-01T00:00:00.000000007Z"},
    };

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_message m = {.partition = 1, .seq = 1, .time_ns = row[i].ns, .data = "", .len = 0};
        cJSON *doc = render(&m, true);
        cr_expect_str_eq(text(doc, "time"), row[i].want);
        cJSON_Delete(doc);
    }
}
