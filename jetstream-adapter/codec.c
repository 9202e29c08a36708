/* Codec: one function per JSON object, names of values in tables.
 *
 * Fields that stand at nats-server's default are left out where the default is the same on every version, because a
 * field that is not sent cannot be refused by a strict server and is not compared. */
#include "jetstream-adapter/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "jetstream-adapter/span.h"

#define NS_PER_MS 1000000ll
#define SERVER_KEY "_nats." /* metadata that nats-server writes itself */

static const char *const deliver_names[] = {
    [WAY_JS_ALL] = "all", [WAY_JS_NEW] = "new", [WAY_JS_SEQ] = "by_start_sequence", [WAY_JS_TIME] = "by_start_time"};

/* ---- faults ---- */

way_code way_js_fault_code(const way_js_fault *f)
{
    static const struct {
        int32_t err_code;
        way_code code;
    } row[] = {
        {10003, WAY_E_INVAL},             /* bad request */
        {10005, WAY_E_UNAVAILABLE},       /* no suitable peers now */
        {10008, WAY_E_UNAVAILABLE},       /* JetStream has no leader */
        {10009, WAY_E_UNAVAILABLE},
        {10012, WAY_E_INVAL},             /* consumer config refused */
        {10013, WAY_E_EXISTS},
        {WAY_JS_CONSUMER_NOT_FOUND, WAY_E_NOT_FOUND},
        {10023, WAY_E_FULL},              /* insufficient resources */
        {10025, WAY_E_INTERNAL},          /* a strict server does not know a field: our mistake */
        {10026, WAY_E_FULL},              /* too many consumers */
        {10027, WAY_E_FULL},              /* too many streams */
        {10028, WAY_E_FULL},              /* memory */
        {WAY_JS_NO_MESSAGE, WAY_E_NOT_FOUND},
        {10039, WAY_E_UNAVAILABLE},       /* JetStream is not enabled for the account */
        {10047, WAY_E_FULL},              /* storage */
        {10049, WAY_E_INVAL},
        {10052, WAY_E_INVAL},             /* stream config refused */
        {10058, WAY_E_EXISTS},
        {WAY_JS_STREAM_NOT_FOUND, WAY_E_NOT_FOUND},
        {WAY_JS_SUBJECT_OVERLAP, WAY_E_CONFLICT},
        {10074, WAY_E_INVAL},             /* replicas */
        {10076, WAY_E_UNAVAILABLE},       /* JetStream is not enabled */
        {10148, WAY_E_EXISTS},
        {10149, WAY_E_NOT_FOUND},
        {10158, WAY_E_UNAVAILABLE},
        {10167, WAY_E_FULL},
        {10185, WAY_E_NEWER_SERVER},
    };
    static const struct {
        int32_t http;
        way_code code;
    } rest[] = {{400, WAY_E_INVAL}, {404, WAY_E_NOT_FOUND}, {409, WAY_E_CONFLICT}, {412, WAY_E_NEWER_SERVER},
                {429, WAY_E_FULL},  {503, WAY_E_UNAVAILABLE}};

    for (size_t i = 0; i < WAY_COUNT(row); i++)
        if (row[i].err_code == f->err_code)
            return row[i].code;
    for (size_t i = 0; i < WAY_COUNT(rest); i++)
        if (rest[i].http == f->http)
            return rest[i].code;
    return WAY_E_INTERNAL;
}

static int64_t clamp(double d)
{
    if (!(d > -9.2e18)) /* NaN too */
        return INT64_MIN;
    return d >= 9.2e18 ? INT64_MAX : (int64_t)d;
}

static void fault_from(const cJSON *error, way_js_fault *f)
{
    const cJSON *http = cJSON_GetObjectItemCaseSensitive(error, "code");
    const cJSON *code = cJSON_GetObjectItemCaseSensitive(error, "err_code");
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(error, "description"));

    f->http = cJSON_IsNumber(http) ? http->valueint : 500;
    f->err_code = cJSON_IsNumber(code) && code->valueint != 0 ? code->valueint : -1;
    snprintf(f->text, sizeof f->text, "%s", text ? text : "no reason given");
}

way_code way_js_answer(const char *text, size_t len, cJSON **out, way_js_fault *fault, way_err *e)
{
    cJSON *json = NULL;
    const cJSON *error = NULL;
    way_err why;

    *fault = (way_js_fault){0};
    if (way_json_parse(text, len, WAY_JS_ANSWER_MAX, &json, &why) != WAY_OK)
        return way_fail(e, WAY_E_INTERNAL, "nats-server's answer: %s", why.text);
    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        return way_fail(e, WAY_E_INTERNAL, "nats-server's answer is not a JSON object");
    }
    error = cJSON_GetObjectItemCaseSensitive(json, "error");
    if (cJSON_IsObject(error)) {
        fault_from(error, fault);
        cJSON_Delete(json);
        json = NULL;
    }
    *out = json;
    return WAY_OK;
}

/* ---- requests ---- */

static int64_t or_unlimited(int64_t v)
{
    return v > 0 ? v : -1;
}

static int64_t ns_from_ms(int64_t ms)
{
    return ms > INT64_MAX / NS_PER_MS ? INT64_MAX : ms * NS_PER_MS;
}

static void write_metadata(const char *const *pairs, way_buf *out)
{
    way_json_key(out, "metadata");
    way_json_open(out, '{');
    for (; pairs[0] && pairs[1]; pairs += 2)
        way_json_kv_str(out, pairs[0], pairs[1]);
    way_json_close(out, '}');
}

void way_js_stream_write(const way_js_stream *c, const way_server_info *srv, way_buf *out)
{
    way_json_open(out, '{');
    way_json_kv_str(out, "name", c->name);
    way_json_key(out, "subjects");
    way_json_open(out, '[');
    way_json_str(out, c->subject);
    for (const char *const *s = c->more_subjects; s && *s; s++)
        way_json_str(out, *s);
    way_json_close(out, ']');
    way_json_kv_str(out, "retention", c->work_queue ? "workqueue" : c->interest ? "interest" : "limits");
    way_json_kv_str(out, "storage", c->storage == WAY_STORAGE_MEMORY ? "memory" : "file");
    way_json_kv_int(out, "num_replicas", c->replicas > 0 ? c->replicas : 1);
    way_json_kv_int(out, "max_age", c->max_age_ns > 0 ? c->max_age_ns : 0); /* -1 is refused here */
    way_json_kv_int(out, "max_msgs", or_unlimited(c->max_msgs));
    way_json_kv_int(out, "max_bytes", or_unlimited(c->max_bytes));
    way_json_kv_int(out, "max_msg_size", or_unlimited(c->max_msg_size));
    if (c->dup_window_ns > 0)
        way_json_kv_int(out, "duplicate_window", c->dup_window_ns);
    way_json_kv_bool(out, "allow_direct", c->allow_direct);
    if (c->republish_dest[0]) {
        way_json_key(out, "republish");
        way_json_open(out, '{');
        way_json_kv_str(out, "src", c->republish_src);
        way_json_kv_str(out, "dest", c->republish_dest);
        way_json_close(out, '}');
    }
    if (c->description)
        way_json_kv_str(out, "description", c->description);
    if (c->metadata && (srv->major > 2 || (srv->major == 2 && srv->minor >= 10)))
        write_metadata(c->metadata, out);
    way_json_close(out, '}');
}

static void write_live_members(const way_js_consumer *c, bool clear_backoff, way_buf *out)
{
    /* with a back-off nats-server makes its first step the ack wait: the same is sent, so that it comes back as sent */
    way_json_kv_int(out, "ack_wait", ns_from_ms(c->backoff_count > 0 ? c->backoff_ms[0] : c->ack_wait_ms));
    way_json_kv_int(out, "max_deliver", or_unlimited(c->max_deliver));
    way_json_kv_int(out, "max_ack_pending", or_unlimited(c->max_ack_pending)); /* 0 would mean 1000 */
    if (c->backoff_count > 0 || clear_backoff) {
        way_json_key(out, "backoff");
        way_json_open(out, '[');
        for (int32_t i = 0; i < c->backoff_count && i < WAY_BACKOFF_MAX; i++)
            way_json_int(out, ns_from_ms(c->backoff_ms[i]));
        way_json_close(out, ']');
    }
    if (c->sample_pct > 0) {
        char pct[16];

        snprintf(pct, sizeof pct, "%d", c->sample_pct);
        way_json_kv_str(out, "sample_freq", pct);
    }
}

void way_js_consumer_write(const way_js_consumer *c, way_buf *out)
{
    way_json_open(out, '{');
    way_json_kv_str(out, "name", c->name);
    way_json_kv_str(out, "durable_name", c->name);
    way_json_kv_str(out, "ack_policy", "explicit");
    way_json_kv_str(out, "replay_policy", "instant");
    way_json_kv_str(out, "deliver_policy", deliver_names[c->deliver]);
    if (c->deliver == WAY_JS_SEQ)
        way_json_kv_uint(out, "opt_start_seq", c->start_seq > 0 ? c->start_seq : 1);
    if (c->deliver == WAY_JS_TIME) {
        char time[WAY_RFC3339_MAX];

        way_rfc3339_from_ns(c->start_ns, time);
        way_json_kv_str(out, "opt_start_time", time);
    }
    if (c->filter[0])
        way_json_kv_str(out, "filter_subject", c->filter);
    way_json_kv_int(out, "num_replicas", 0); /* the stream's; anything else is refused later on interest streams */
    write_live_members(c, false, out);
    way_json_close(out, '}');
}

void way_js_consumer_write_live(const way_js_consumer *c, way_buf *out)
{
    way_json_open(out, '{');
    write_live_members(c, true, out);
    way_json_close(out, '}');
}

/* ---- overlay ---- */

static void put_member(way_buf *out, way_span key, way_span value)
{
    if (out->len > 0 && out->data[out->len - 1] != '{')
        way_buf_char(out, ',');
    way_buf_char(out, '"');
    way_buf_add(out, key.p, key.len);
    way_buf_str(out, "\":");
    way_buf_add(out, value.p, value.len);
}

static bool has_member(way_span object, way_span key)
{
    way_span rest, k, v;

    if (!way_span_open(object, &rest))
        return false;
    while (way_span_next(&rest, &k, &v))
        if (k.len == key.len && memcmp(k.p, key.p, k.len) == 0)
            return true;
    return false;
}

static void merge(way_span theirs, way_span ours, bool is_metadata, way_buf *out)
{
    way_span rest, k, v, before;

    way_buf_char(out, '{');
    if (way_span_open(ours, &rest)) {
        while (way_span_next(&rest, &k, &v)) {
            if (!is_metadata && way_span_is(k, "metadata") && way_span_member(theirs, "metadata", &before)) {
                put_member(out, k, (way_span){"", 0});
                merge(before, v, true, out); /* metadata holds texts only: no deeper than this */
            } else {
                put_member(out, k, v);
            }
        }
    }
    if (way_span_open(theirs, &rest)) {
        while (way_span_next(&rest, &k, &v)) {
            bool server_own = is_metadata && k.len >= sizeof SERVER_KEY - 1 &&
                              memcmp(k.p, SERVER_KEY, sizeof SERVER_KEY - 1) == 0;

            if (!server_own && !has_member(ours, k))
                put_member(out, k, v);
        }
    }
    way_buf_char(out, '}');
}

bool way_js_overlay(const char *theirs, size_t theirs_len, const char *ours, size_t ours_len, way_buf *out)
{
    way_span config;

    if (!way_span_member((way_span){theirs, theirs_len}, "config", &config) || config.p[0] != '{')
        return false;
    merge(config, (way_span){ours, ours_len}, false, out);
    return true;
}

/* ---- answers ---- */

static int64_t number(const cJSON *obj, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

    return cJSON_IsNumber(v) ? clamp(v->valuedouble) : 0;
}

static uint64_t count(const cJSON *obj, const char *key)
{
    int64_t v = number(obj, key);

    return v > 0 ? (uint64_t)v : 0;
}

static int32_t small(const cJSON *obj, const char *key)
{
    int64_t v = number(obj, key);

    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

static int64_t limit(const cJSON *obj, const char *key)
{
    int64_t v = number(obj, key);

    return v > 0 ? v : 0;
}

static const char *text_of(const cJSON *obj, const char *key)
{
    const char *v = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(obj, key));

    return v ? v : "";
}

static int64_t time_of(const char *text, size_t len)
{
    int64_t ns = 0;

    /* an empty stream says 0001-01-01, which is before any clock of ours */
    return way_rfc3339_to_ns(text, len, &ns) && ns > 0 ? ns : 0;
}

#define COPY(to, from) snprintf((to), sizeof(to), "%s", (from))

static void read_stream_config(const cJSON *c, way_js_stream *out)
{
    const cJSON *subjects = cJSON_GetObjectItemCaseSensitive(c, "subjects");
    const cJSON *republish = cJSON_GetObjectItemCaseSensitive(c, "republish");
    const char *first = cJSON_GetStringValue(cJSON_GetArrayItem(subjects, 0));
    const char *retention = text_of(c, "retention");

    COPY(out->name, text_of(c, "name"));
    COPY(out->subject, first ? first : "");
    out->storage = strcmp(text_of(c, "storage"), "memory") == 0 ? WAY_STORAGE_MEMORY : WAY_STORAGE_FILE;
    out->replicas = small(c, "num_replicas");
    out->interest = strcmp(retention, "interest") == 0;
    out->work_queue = strcmp(retention, "workqueue") == 0;
    out->max_age_ns = limit(c, "max_age");
    out->max_msgs = limit(c, "max_msgs");
    out->max_bytes = limit(c, "max_bytes");
    out->max_msg_size = limit(c, "max_msg_size");
    out->dup_window_ns = limit(c, "duplicate_window");
    out->allow_direct = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(c, "allow_direct"));
    COPY(out->republish_src, text_of(republish, "src"));
    COPY(out->republish_dest, text_of(republish, "dest"));
}

way_code way_js_stream_read(const cJSON *answer, way_js_stream_info *out, way_err *e)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(answer, "config");
    const cJSON *state = cJSON_GetObjectItemCaseSensitive(answer, "state");
    const char *first = text_of(state, "first_ts"), *last = text_of(state, "last_ts");

    if (!cJSON_IsObject(config) || !cJSON_IsObject(state))
        return way_fail(e, WAY_E_INTERNAL, "nats-server's answer is no stream info");
    *out = (way_js_stream_info){.exists = true};
    COPY(out->created, text_of(answer, "created"));
    out->messages = count(state, "messages");
    out->bytes = count(state, "bytes");
    out->first_seq = count(state, "first_seq");
    out->last_seq = count(state, "last_seq");
    out->first_ns = time_of(first, strlen(first));
    out->last_ns = time_of(last, strlen(last));
    out->consumers = small(state, "consumer_count");
    COPY(out->leader, text_of(cJSON_GetObjectItemCaseSensitive(answer, "cluster"), "leader"));
    read_stream_config(config, &out->config);
    COPY(out->description, text_of(config, "description"));
    return WAY_OK;
}

static void read_consumer_config(const cJSON *c, way_js_consumer *out)
{
    const cJSON *backoff = cJSON_GetObjectItemCaseSensitive(c, "backoff"), *step;
    const char *deliver = text_of(c, "deliver_policy"), *start = text_of(c, "opt_start_time");

    COPY(out->filter, text_of(c, "filter_subject"));
    for (size_t i = 0; i < WAY_COUNT(deliver_names); i++)
        if (strcmp(deliver, deliver_names[i]) == 0)
            out->deliver = (way_js_deliver)i;
    out->start_seq = count(c, "opt_start_seq");
    out->start_ns = time_of(start, strlen(start));
    out->ack_wait_ms = number(c, "ack_wait") / NS_PER_MS;
    out->max_deliver = limit(c, "max_deliver");
    out->max_ack_pending = limit(c, "max_ack_pending");
    out->sample_pct = (int32_t)strtol(text_of(c, "sample_freq"), NULL, 10);
    cJSON_ArrayForEach(step, backoff)
    {
        if (!cJSON_IsNumber(step) || out->backoff_count == WAY_BACKOFF_MAX)
            break;
        out->backoff_ms[out->backoff_count++] = clamp(step->valuedouble) / NS_PER_MS;
    }
}

way_code way_js_consumer_read(const cJSON *answer, way_js_consumer_info *out, way_err *e)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(answer, "config");

    if (!cJSON_IsObject(config))
        return way_fail(e, WAY_E_INTERNAL, "nats-server's answer is no consumer info");
    *out = (way_js_consumer_info){.exists = true};
    COPY(out->created, text_of(answer, "created"));
    out->pending = count(answer, "num_pending");
    out->ack_pending = count(answer, "num_ack_pending");
    out->redelivered = count(answer, "num_redelivered");
    out->ack_floor_seq = count(cJSON_GetObjectItemCaseSensitive(answer, "ack_floor"), "stream_seq");
    out->delivered_seq = count(cJSON_GetObjectItemCaseSensitive(answer, "delivered"), "stream_seq");
    out->waiting = small(answer, "num_waiting");
    COPY(out->config.stream, text_of(answer, "stream_name"));
    COPY(out->config.name, text_of(answer, "name"));
    read_consumer_config(config, &out->config);
    return WAY_OK;
}

way_code way_js_msg_read(const char *text, size_t len, way_js_msg *out, way_js_fault *fault, way_err *e)
{
    way_span all = {text, len}, message, seq, time, plain;
    way_js_msg m = {.exists = true};
    cJSON *json = NULL;
    way_code rc;

    *fault = (way_js_fault){0};
    if (len > WAY_JS_MESSAGE_MAX)
        return way_fail(e, WAY_E_INTERNAL, "nats-server's answer of %zu bytes is above %u", len, WAY_JS_MESSAGE_MAX);
    if (way_span_member(all, "message", &message)) {
        if (!way_span_member(message, "seq", &seq) || !way_u64_parse(seq.p, seq.len, &m.seq) ||
            !way_span_member(message, "time", &time) || !way_span_text(time, &plain))
            return way_fail(e, WAY_E_INTERNAL, "nats-server's message has no sequence or time");
        m.time_ns = time_of(plain.p, plain.len);
        *out = m;
        return WAY_OK;
    }
    rc = way_js_answer(text, len, &json, fault, e);
    cJSON_Delete(json);
    if (rc == WAY_OK && fault->err_code == 0)
        rc = way_fail(e, WAY_E_INTERNAL, "nats-server's answer has no message");
    return rc;
}

/* ---- comparing ---- */

static bool is_empty(const cJSON *v)
{
    return !v || cJSON_IsNull(v) || cJSON_IsFalse(v) ||
           (cJSON_IsNumber(v) && (v->valuedouble == 0.0 || v->valuedouble == -1.0)) ||
           (cJSON_IsString(v) && !v->valuestring[0]) || ((cJSON_IsArray(v) || cJSON_IsObject(v)) && !v->child);
}

static bool is_same(const cJSON *sent, const cJSON *got)
{
    if (is_empty(sent) || is_empty(got))
        return is_empty(sent) && is_empty(got);
    if (cJSON_IsNumber(sent))
        return cJSON_IsNumber(got) && !(sent->valuedouble < got->valuedouble) && !(sent->valuedouble > got->valuedouble);
    if (cJSON_IsString(sent))
        return cJSON_IsString(got) && strcmp(sent->valuestring, got->valuestring) == 0;
    if (cJSON_IsTrue(sent))
        return cJSON_IsTrue(got);
    if (cJSON_IsArray(sent) != cJSON_IsArray(got) || cJSON_IsObject(sent) != cJSON_IsObject(got))
        return false;
    sent = sent->child;
    if (cJSON_IsArray(got)) {
        for (got = got->child; sent && got; sent = sent->next, got = got->next)
            if (!is_same(sent, got))
                return false;
        return !sent && !got;
    }
    for (; sent; sent = sent->next) /* members that we did not send are not ours to judge */
        if (!is_same(sent, cJSON_GetObjectItemCaseSensitive(got, sent->string)))
            return false;
    return true;
}

/* Times come back as instants: our nine digits of fraction lose their trailing zeros on the way. */
static bool is_same_time(const cJSON *sent, const cJSON *got)
{
    const char *a = cJSON_GetStringValue(sent), *b = cJSON_GetStringValue(got);
    int64_t at = 0, bt = 0;

    return a && b && way_rfc3339_to_ns(a, strlen(a), &at) && way_rfc3339_to_ns(b, strlen(b), &bt) && at == bt;
}

bool way_js_differs(const char *sent, size_t len, const cJSON *answer, char *field, size_t size)
{
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(answer, "config");
    cJSON *ours = cJSON_ParseWithLength(sent, len);
    bool differs = false;

    WAY_ASSERT(ours); /* written by this file */
    for (const cJSON *m = ours->child; m && !differs; m = m->next) {
        const cJSON *got = cJSON_GetObjectItemCaseSensitive(config, m->string);

        if (is_same(m, got) || is_same_time(m, got))
            continue;
        snprintf(field, size, "%s", m->string);
        differs = true;
    }
    cJSON_Delete(ours);
    return differs;
}
