/* Reader: direct get and STREAM.MSG.GET behind one shape.
 *
 * A direct get answers with the message itself, its place in headers; the leader's get answers with JSON that holds headers and
 * payload as base64.  The state of a get is one allocation, which the link's callback ends: the link calls exactly once for every
 * request it took. */
#include "jetstream-adapter/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/model/names.h"
#include "jetstream-adapter/codec.h"

struct way_read {
    bool found, kept;
    uint64_t seq;
    int64_t time_ns;
    way_msg *msg; /* of a direct get; NULL: from the leader */
    char *data;   /* of the leader, owned */
    size_t len;
    char *block; /* of the leader: header lines, each NUL-terminated as key NUL value NUL; owned */
    size_t block_len;
};

typedef struct get {
    way_link *link;
    way_read_request rq;
    char stream[WAY_STREAM_MAX + 1];
    char subject[WAY_SUBJECT_MAX + 1];
} get;

bool way_read_found(const way_read *r)
{
    return r->found;
}

uint64_t way_read_seq(const way_read *r)
{
    return r->seq;
}

int64_t way_read_time_ns(const way_read *r)
{
    return r->time_ns;
}

const char *way_read_data(const way_read *r, size_t *len)
{
    if (r->msg)
        return way_msg_data(r->msg, len);
    *len = r->len;
    return r->data ? r->data : "";
}

/* Next pair of a block; false at its end. */
static bool next_pair(const way_read *r, size_t *at, const char **key, const char **value)
{
    if (*at >= r->block_len)
        return false;
    *key = r->block + *at;
    *value = *key + strlen(*key) + 1;
    *at = (size_t)(*value + strlen(*value) + 1 - r->block);
    return true;
}

const char *way_read_header(const way_read *r, const char *key)
{
    const char *k, *v;
    size_t at = 0;

    if (r->msg)
        return way_msg_header(r->msg, key);
    while (next_pair(r, &at, &k, &v))
        if (strcmp(k, key) == 0)
            return v;
    return NULL;
}

typedef struct own { /* passes on what the get did not add */
    bool (*fn)(void *arg, const char *key, const char *value);
    void *arg;
} own;

static bool pass_own(void *arg, const char *key, const char *value)
{
    static const char *const added[] = {"Nats-Stream",        "Nats-Subject",     "Nats-Sequence", "Nats-Time-Stamp",
                                        "Nats-Last-Sequence", "Nats-Num-Pending", "Nats-UpTo-Sequence"};
    own *o = arg;

    if (strncmp(key, "Nats-", 5) == 0)
        for (size_t i = 0; i < WAY_COUNT(added); i++)
            if (strcmp(key, added[i]) == 0)
                return true;
    return o->fn(o->arg, key, value);
}

void way_read_headers(const way_read *r, bool (*fn)(void *arg, const char *key, const char *value), void *arg)
{
    own o = {fn, arg};
    const char *k, *v;
    size_t at = 0;

    if (r->msg) {
        way_msg_headers(r->msg, pass_own, &o);
        return;
    }
    while (next_pair(r, &at, &k, &v))
        if (!fn(arg, k, v))
            return;
}

way_read *way_read_keep(way_read *r)
{
    way_read *out = way_xmalloc(sizeof *out);

    *out = *r;
    if (r->msg)
        out->msg = way_msg_keep(r->msg);
    r->kept = true;
    return out;
}

void way_read_free(way_read *r)
{
    if (!r)
        return;
    if (r->msg)
        way_msg_free(r->msg);
    free(r->data);
    free(r->block);
    free(r);
}

/* Number at p, to the end of the text. */
static bool number(const char *text, uint64_t *out)
{
    return text && way_u64_parse(text, strlen(text), out);
}

static way_code read_direct(way_msg *msg, way_read *r)
{
    const char *time = way_msg_header(msg, "Nats-Time-Stamp");

    /* the sequence first: an empty message may well have a header "Status" of its own */
    if (!number(way_msg_header(msg, "Nats-Sequence"), &r->seq))
        return way_msg_status(msg) == 404 ? WAY_OK : WAY_E_UNAVAILABLE; /* 408: a server that does not take what we ask */
    if (!time || !way_rfc3339_to_ns(time, strlen(time), &r->time_ns))
        r->time_ns = 0;
    r->found = true;
    r->msg = msg;
    return WAY_OK;
}

/* Owned bytes of a base64 member; *out NULL when it is absent. */
static bool take_b64(const cJSON *obj, const char *key, char **out, size_t *len)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

    *out = NULL;
    *len = 0;
    if (!cJSON_IsString(v))
        return true;
    size_t n = strlen(v->valuestring);
    *out = malloc(n + 4);
    return *out && way_b64_decode(v->valuestring, n, (unsigned char *)*out, len);
}

/* "NATS/1.0\r\nKey: value\r\n…\r\n" in place into key NUL value NUL pairs. */
static void split_block(char *block, size_t *len)
{
    char *to = block, *p, *end = block + *len;

    p = memchr(block, '\n', *len);
    p = p ? p + 1 : end;
    while (p < end) {
        char *nl = memchr(p, '\n', (size_t)(end - p)), *next = nl ? nl + 1 : end, *stop = nl ? nl : end;
        char *colon = memchr(p, ':', (size_t)(stop - p));
        if (stop > p && stop[-1] == '\r')
            stop--;
        if (colon && colon > p && colon < stop && nl) {
            char *v = colon + 1;
            while (v < stop && (*v == ' ' || *v == '\t'))
                v++;
            memmove(to, p, (size_t)(colon - p));
            to += colon - p;
            *to++ = '\0';
            /* the blank behind the colon or the line end make room for both NULs */
            memmove(to, v, (size_t)(stop - v));
            to += stop - v;
            *to++ = '\0';
        }
        p = next;
    }
    *len = (size_t)(to - block);
    to[0] = to[1] = '\0'; /* a NUL inside a header must not send next_pair beyond the block; take_b64 left room */
}

static way_code read_message(const cJSON *m, way_read *r)
{
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(m, "time");
    const cJSON *seq = cJSON_GetObjectItemCaseSensitive(m, "seq");

    if (!cJSON_IsNumber(seq) || seq->valuedouble < 1)
        return WAY_E_INTERNAL;
    if (!take_b64(m, "data", &r->data, &r->len) || !take_b64(m, "hdrs", &r->block, &r->block_len))
        return WAY_E_INTERNAL;
    if (r->block)
        split_block(r->block, &r->block_len);
    r->seq = (uint64_t)seq->valuedouble;
    if (!cJSON_IsString(time) || !way_rfc3339_to_ns(time->valuestring, strlen(time->valuestring), &r->time_ns))
        r->time_ns = 0;
    r->found = true;
    return WAY_OK;
}

static way_code read_leader(way_msg *msg, way_read *r)
{
    size_t len;
    const char *text = way_msg_data(msg, &len);
    cJSON *doc = NULL;
    way_code rc = way_json_parse(text, len, len, &doc, NULL);

    if (rc != WAY_OK)
        return WAY_E_INTERNAL;
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(doc, "message");
    const cJSON *err = cJSON_GetObjectItemCaseSensitive(doc, "error");
    if (cJSON_IsObject(m)) {
        rc = read_message(m, r);
    } else {
        const cJSON *n = cJSON_GetObjectItemCaseSensitive(err, "err_code");
        const cJSON *http = cJSON_GetObjectItemCaseSensitive(err, "code");
        if (cJSON_IsNumber(n) && (int)n->valuedouble == WAY_JS_NO_MESSAGE)
            rc = WAY_OK; /* nothing there */
        else
            rc = cJSON_IsNumber(http) && (int)http->valuedouble == 404 ? WAY_E_NOT_FOUND : WAY_E_UNAVAILABLE;
    }
    cJSON_Delete(doc);
    return rc;
}

static void finish(get *g, way_code code, way_read *r)
{
    way_read_request rq = g->rq;

    free(g);
    rq.fn(rq.arg, rq.owner, rq.tag, code, code == WAY_OK ? r : NULL);
    if (!r->kept) {
        free(r->data);
        free(r->block);
    }
}

static way_code ask(get *g, bool leader, way_err *e);

static void on_direct(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    way_read r = {.found = false};
    get *g = arg;

    (void)owner;
    (void)tag;
    if (code == WAY_OK)
        code = read_direct(msg, &r);
    if (code == WAY_OK && !r.found && g->rq.mode == WAY_READ_CONFIRMED) {
        code = ask(g, true, NULL);
        if (code == WAY_OK)
            return;
    }
    finish(g, code, &r);
}

static void on_leader(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    way_read r = {.found = false};

    (void)owner;
    (void)tag;
    if (code == WAY_OK)
        code = read_leader(msg, &r);
    finish(arg, code, &r);
}

static way_code ask(get *g, bool leader, way_err *e)
{
    char subject[128 + WAY_STREAM_MAX], body[64 + WAY_SUBJECT_MAX];
    int n;

    (void)snprintf(subject, sizeof subject, "%s.%s.%s", way_link_api_prefix(g->link),
                   leader ? "STREAM.MSG.GET" : "DIRECT.GET", g->stream);
    if (g->subject[0])
        n = snprintf(body, sizeof body, "{\"seq\":%llu,\"next_by_subj\":\"%s\"}", (unsigned long long)g->rq.seq,
                     g->subject);
    else
        n = snprintf(body, sizeof body, "{\"seq\":%llu}", (unsigned long long)g->rq.seq);
    return way_link_request(g->link,
                            &(way_request){.subject = subject,
                                           .data = body,
                                           .len = (size_t)n,
                                           .timeout_ms = g->rq.timeout_ms,
                                           .fn = leader ? on_leader : on_direct,
                                           .arg = g},
                            e);
}

way_code way_reader_get(way_link *l, const way_read_request *rq, way_err *e)
{
    get *g = way_xcalloc(1, sizeof *g);
    way_code rc;

    g->link = l;
    g->rq = *rq;
    WAY_ASSERT(strlen(rq->stream) < sizeof g->stream && (!rq->subject || strlen(rq->subject) < sizeof g->subject));
    strcpy(g->stream, rq->stream);
    if (rq->subject)
        strcpy(g->subject, rq->subject);
    g->rq.stream = g->rq.subject = NULL;
    rc = ask(g, rq->mode == WAY_READ_LEADER, e);
    if (rc != WAY_OK)
        free(g);
    return rc;
}
