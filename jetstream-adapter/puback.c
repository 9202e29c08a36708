/* puback: a stream's answer to a publish.
 *
 * Success is {"stream":"…","seq":N} with two optional members, and comes a hundred thousand times a second: it is read by
 * searching, which is safe because names of streams and domains hold no quotes.  Anything with an "error" is parsed. */
#include "jetstream-adapter/link.h"

#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/base/text.h"

#define PUBACK_MAX (64 * 1024)

static const struct row {
    int64_t err_code; /* of JetStream's table of errors */
    way_code code;
} rows[] = {
    {10023, WAY_E_FULL},        /* insufficient resources */
    {10047, WAY_E_FULL},        /* insufficient storage */
    {10028, WAY_E_FULL},        /* insufficient memory */
    {10167, WAY_E_FULL},        /* too many requests: faster than the stream takes */
    {10054, WAY_E_TOO_LARGE},   /* max_msg_size */
    {10097, WAY_E_HEADERS},     /* header block */
    {10158, WAY_E_UNAVAILABLE}, /* the same id is being replicated right now: ask again */
    {10076, WAY_E_UNAVAILABLE}, /* JetStream not enabled */
    {10039, WAY_E_UNAVAILABLE}, /* JetStream not enabled for the account */
    {10059, WAY_E_UNAVAILABLE}, /* stream not found */
    {10109, WAY_E_CONFLICT},    /* sealed */
    {10060, WAY_E_CONFLICT},    /* expected stream does not match */
    {10070, WAY_E_CONFLICT},    /* wrong last message id */
    {10071, WAY_E_CONFLICT},    /* wrong last sequence */
};

static const struct status_row {
    int64_t status;
    way_code code;
} status_rows[] = {
    {400, WAY_E_INVAL},       {403, WAY_E_CONFLICT}, {404, WAY_E_UNAVAILABLE}, {408, WAY_E_UNAVAILABLE},
    {409, WAY_E_CONFLICT},    {413, WAY_E_TOO_LARGE}, {429, WAY_E_FULL},        {500, WAY_E_UNAVAILABLE},
    {503, WAY_E_UNAVAILABLE},
};

static way_code translate(int64_t status, int64_t err_code, const char *text)
{
    /* 10077 is "the store refused": for a record that can never be read back it says this and nothing else */
    if (err_code == 10077 && strstr(text, "too large"))
        return WAY_E_TOO_LARGE;
    for (size_t i = 0; i < WAY_COUNT(rows); i++)
        if (rows[i].err_code == err_code)
            return rows[i].code;
    for (size_t i = 0; i < WAY_COUNT(status_rows); i++)
        if (status_rows[i].status == status)
            return status_rows[i].code;
    return WAY_E_INTERNAL;
}

static way_code error_of(const char *data, size_t len, way_err *e)
{
    cJSON *json = NULL;
    const cJSON *error = NULL;
    int64_t status = 0, err_code = 0;
    const char *text = "";
    way_code rc = way_json_parse(data, len, PUBACK_MAX, &json, NULL);

    if (rc == WAY_OK)
        rc = way_json_get_object(json, "error", &error, NULL);
    if (rc == WAY_OK && error)
        rc = way_json_get_int(error, "code", 0, 999, &status, NULL);
    if (rc == WAY_OK && error)
        rc = way_json_get_int(error, "err_code", 0, INT32_MAX, &err_code, NULL);
    if (rc == WAY_OK && error)
        rc = way_json_get_str(error, "description", 1024, &text, NULL);
    if (rc != WAY_OK || !error)
        rc = way_fail(e, WAY_E_INTERNAL, "nats-server's answer to a publish was not understood");
    else
        rc = way_fail(e, translate(status, err_code, text), "nats-server: %s (%lld)", text, (long long)err_code);
    cJSON_Delete(json);
    return rc;
}

static bool find_seq(const char *data, size_t len, uint64_t *seq)
{
    static const char key[] = "\"seq\":";
    const char *p = memmem(data, len, key, sizeof key - 1), *end = data + len, *from;

    if (!p)
        return false;
    p += sizeof key - 1;
    while (p < end && *p == ' ')
        p++;
    for (from = p; p < end && *p >= '0' && *p <= '9'; p++)
        continue;
    return p < end && (*p == ',' || *p == '}' || *p == ' ') && way_u64_parse(from, (size_t)(p - from), seq);
}

way_code way_puback_parse(const char *data, size_t len, way_puback *out, way_err *e)
{
    static const char error[] = "\"error\"", duplicate[] = "\"duplicate\":", yes[] = "true";
    way_puback ack = {0};
    const char *p;

    if (len == 0 || len > PUBACK_MAX || memmem(data, len, error, sizeof error - 1) || !find_seq(data, len, &ack.seq))
        return error_of(data, len, e);
    p = memmem(data, len, duplicate, sizeof duplicate - 1);
    if (p) {
        const char *end = data + len;

        for (p += sizeof duplicate - 1; p < end && *p == ' ';)
            p++;
        ack.duplicate = (size_t)(end - p) >= sizeof yes - 1 && memcmp(p, yes, sizeof yes - 1) == 0;
    }
    if (ack.seq == 0) /* some releases say so while the first copy is still being replicated */
        return way_fail(e, WAY_E_UNAVAILABLE, "nats-server has not given the message a sequence yet: ask again");
    *out = ack;
    return WAY_OK;
}
