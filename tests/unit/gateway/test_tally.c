/* What a batch answers. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <string.h>

#include "gateway/data_tally.h"

static const way_err too_large = {WAY_E_TOO_LARGE, "too large"};
static const way_err timeout = {WAY_E_TIMEOUT, "no \"answer\" \xff"};

static cJSON *answer(way_tally *t, int want)
{
    way_buf out;

    way_buf_init(&out, 0);
    cr_expect_eq(way_tally_write(t, &out), want);
    cJSON *doc = cJSON_ParseWithLength(out.data, out.len);
    cr_assert(doc, "%s", out.data);
    way_buf_fini(&out);
    way_tally_free(t);
    return doc;
}

static double num(const cJSON *o, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItem(o, key));
}

static const char *text(const cJSON *o, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(o, key));
}

Test(tally, sums_an_upload)
{
    way_tally *t = way_tally_new(3, false, 0);

    way_tally_stored(t, 10, 1, 5, false);
    way_tally_stored(t, 12, 1, 4, false); /* answers may overtake each other */
    way_tally_stored(t, 11, 3, 9, true);
    cJSON *a = answer(t, 200), *p = cJSON_GetObjectItem(a, "partitions");
    cr_expect(num(a, "sent") == 3 && num(a, "failed") == 0 && num(a, "duplicates") == 1);
    cr_expect_eq(cJSON_GetArraySize(p), 2);
    const cJSON *one = cJSON_GetArrayItem(p, 0);
    cr_expect(num(one, "partition") == 1 && num(one, "first_seq") == 4 && num(one, "last_seq") == 5 && num(one, "count") == 2);
    cr_expect_eq(cJSON_GetArraySize(cJSON_GetObjectItem(a, "failures")), 0);
    cr_expect_null(cJSON_GetObjectItem(a, "code"));
    cJSON_Delete(a);
}

Test(tally, stops_a_partition_and_reports_by_line)
{
    way_tally *t = way_tally_new(2, false, 0);

    way_tally_failed(t, 7, 2, &timeout);
    cr_expect(way_tally_stopped(t, 2) && !way_tally_stopped(t, 1));
    way_tally_not_sent(t, 9, 2);
    way_tally_failed(t, 3, 0, &too_large); /* earlier, though it was known later: it gives the status */
    cJSON *a = answer(t, 413), *f = cJSON_GetObjectItem(a, "failures");
    cr_expect(num(a, "failed") == 3 && strcmp(text(a, "code"), "too_large") == 0);
    cr_expect(cJSON_IsFalse(cJSON_GetObjectItem(a, "retry")));
    cr_assert_eq(cJSON_GetArraySize(f), 3);
    static const int lines[] = {3, 7, 9};
    static const char *const codes[] = {"too_large", "timeout", "not_sent"};
    for (int i = 0; i < 3; i++) {
        cr_expect_eq(num(cJSON_GetArrayItem(f, i), "line"), lines[i]);
        cr_expect_str_eq(text(cJSON_GetArrayItem(f, i), "code"), codes[i]);
    }
    cr_expect(strstr(text(cJSON_GetArrayItem(f, 2), "message"), "7"), "names what failed before it");
    cJSON_Delete(a);
}

Test(tally, keeps_the_first_thousand)
{
    way_tally *t = way_tally_new(1, false, 0);

    for (uint64_t line = 2000; line > 0; line--)
        way_tally_failed(t, line, 0, &too_large);
    cJSON *a = answer(t, 413), *f = cJSON_GetObjectItem(a, "failures");
    cr_expect_eq(num(a, "failed"), 2000);
    cr_assert_eq(cJSON_GetArraySize(f), WAY_TALLY_FAILURES_MAX);
    cr_expect_eq(num(cJSON_GetArrayItem(f, 0), "line"), 1);
    cr_expect_eq(num(cJSON_GetArrayItem(f, 999), "line"), 1000);
    cJSON_Delete(a);
}

Test(tally, answers_a_batch_in_order)
{
    way_tally *t = way_tally_new(2, true, 3);

    way_tally_failed(t, 2, 1, &timeout);
    way_tally_not_sent(t, 3, 1);
    way_tally_stored(t, 1, 2, 17, false);
    cJSON *a = answer(t, 504), *r = cJSON_GetObjectItem(a, "results");
    cr_assert_eq(cJSON_GetArraySize(r), 3);
    cr_expect(num(cJSON_GetArrayItem(r, 0), "seq") == 17 && num(cJSON_GetArrayItem(r, 0), "partition") == 2);
    const cJSON *e = cJSON_GetObjectItem(cJSON_GetArrayItem(r, 1), "error");
    cr_expect(strcmp(text(e, "code"), "timeout") == 0 && cJSON_IsTrue(cJSON_GetObjectItem(e, "retry")));
    e = cJSON_GetObjectItem(cJSON_GetArrayItem(r, 2), "error");
    cr_expect(strcmp(text(e, "code"), "not_sent") == 0 && cJSON_IsTrue(cJSON_GetObjectItem(e, "retry")));
    cr_expect_str_eq(text(a, "code"), "timeout");
    cr_expect(cJSON_IsTrue(cJSON_GetObjectItem(a, "retry")));
    cJSON_Delete(a);

    a = answer(way_tally_new(1, true, 0), 200);
    cr_expect(cJSON_IsArray(cJSON_GetObjectItem(a, "results")));
    cJSON_Delete(a);
}
