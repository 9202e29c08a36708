/* Term: the copy and the record. */
#include "gateway/data_term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/clock.h"
#include "core/base/mem.h"

#define ORIGINAL "Way-Original-"
#define COPY_HEADERS_MAX 2048 /* as many as fit into one header block with names and values of some length */

typedef struct header_list {
    way_buf text; /* names and values, NUL behind each; offsets until all are there, since it moves */
    size_t at[COPY_HEADERS_MAX][2];
    size_t count;
} header_list;

static size_t add_text(way_buf *b, const char *prefix, const char *s)
{
    size_t at = b->len;

    way_buf_str(b, prefix);
    way_buf_add(b, s, strlen(s) + 1);
    return at;
}

static void add(header_list *h, const char *prefix, const char *key, const char *value)
{
    if (h->count == COPY_HEADERS_MAX) {
        h->text.failed = true;
        return;
    }
    h->at[h->count][0] = add_text(&h->text, prefix, key);
    h->at[h->count++][1] = add_text(&h->text, "", value);
}

/* A header that means something to nats-server (message id, expected sequence, …) must not act again on the copy. */
static bool add_original(void *arg, const char *key, const char *value)
{
    add(arg, strncasecmp(key, "Nats-", 5) == 0 ? ORIGINAL : "", key, value);
    return true;
}

static void add_number(header_list *h, const char *key, uint64_t v)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)v);
    add(h, ORIGINAL, key, text);
}

static void copy_headers(header_list *h, const way_term *t, const way_read *msg)
{
    char stream[WAY_STREAM_MAX + 1], time[WAY_RFC3339_MAX], id[96];

    way_read_headers(msg, add_original, h);
    way_stream_name(t->st->spec.internal, t->r->partition, stream);
    way_rfc3339_from_ns(way_read_time_ns(msg), time);
    add_number(h, "Station-Id", (uint64_t)t->r->station_id);
    add(h, ORIGINAL, "Stream", stream);
    add_number(h, "Partition", (uint64_t)t->r->partition);
    add_number(h, "Sequence", t->r->seq);
    add(h, ORIGINAL, "Time", time);
    (void)snprintf(id, sizeof id, "dead.%lld.%d.%llu", (long long)t->r->station_id, (int)t->r->partition,
                   (unsigned long long)t->r->seq);
    add(h, "", WAY_HEADER_MSG_ID, id);
}

way_code way_term_copy(way_link *l, const way_term *t, const way_read *msg, int64_t timeout_ms, way_reply_fn fn,
                       void *arg, way_token owner, uint32_t tag, way_err *e)
{
    char subject[sizeof WAY_SUBJECT_DEAD + WAY_SUBJECT_MAX];
    header_list *h = way_xcalloc(1, sizeof *h);
    way_header *headers = NULL;
    way_code rc;
    size_t len;
    const char *data = way_read_data(msg, &len);

    way_buf_init(&h->text, 0);
    copy_headers(h, t, msg);
    if (h->text.failed) {
        rc = way_fail(e, WAY_E_TOO_LARGE, "the message has too many headers to be copied");
        goto done;
    }
    headers = way_xmalloc(h->count * sizeof *headers);
    for (size_t i = 0; i < h->count; i++)
        headers[i] = (way_header){h->text.data + h->at[i][0], h->text.data + h->at[i][1]};
    (void)snprintf(subject, sizeof subject, "%s.%s.%d", WAY_SUBJECT_DEAD, t->st->spec.internal, (int)t->r->partition);
    rc = way_link_request(l,
                          &(way_request){.subject = subject,
                                         .headers = headers,
                                         .header_count = h->count,
                                         .data = data,
                                         .len = len,
                                         .timeout_ms = timeout_ms,
                                         .fn = fn,
                                         .arg = arg,
                                         .owner = owner,
                                         .tag = tag},
                          e);
done:
    free(headers);
    way_buf_fini(&h->text);
    free(h);
    return rc;
}

way_code way_term_record(way_link *l, const way_term *t, int64_t timeout_ms, way_reply_fn fn, void *arg, way_token owner,
                         uint32_t tag, way_err *e)
{
    char subject[sizeof WAY_SUBJECT_TERM + WAY_SUBJECT_MAX + WAY_NAME_MAX], stream[WAY_STREAM_MAX + 1];
    char time[WAY_RFC3339_MAX], id[160];
    way_header header = {WAY_HEADER_MSG_ID, id};
    way_buf body;
    way_code rc;

    way_stream_name(t->st->spec.internal, t->r->partition, stream);
    way_rfc3339_from_ns(way_wall_ms() * 1000000, time);
    way_buf_init(&body, 0);
    way_json_open(&body, '{');
    way_json_kv_str(&body, "stream", stream);
    way_json_kv_uint(&body, "seq", t->r->seq);
    way_json_kv_str(&body, "group", t->g->spec.internal); /* as the advisories name the consumer */
    way_json_kv_str(&body, "reason", t->reason);
    way_json_kv_str(&body, "user", t->user);
    way_json_kv_int(&body, "station_id", t->r->station_id);
    way_json_kv_int(&body, "partition", t->r->partition);
    way_json_kv_uint(&body, "deliveries", t->r->deliveries);
    way_json_kv_str(&body, "time", time);
    way_json_close(&body, '}');
    (void)snprintf(subject, sizeof subject, "%s.%s.%d.%s", WAY_SUBJECT_TERM, t->st->spec.internal, (int)t->r->partition,
                   t->g->spec.internal);
    /* a settle that is sent again records the same end once */
    (void)snprintf(id, sizeof id, "term.%lld.%lld.%lld.%d.%llu.%llu", (long long)t->r->station_id,
                   (long long)t->r->group_id, (long long)t->r->generation, (int)t->r->partition,
                   (unsigned long long)t->r->seq, (unsigned long long)t->r->deliveries);
    if (body.failed)
        rc = way_fail(e, WAY_E_FULL, "no memory for a term record");
    else
        rc = way_link_request(l,
                              &(way_request){.subject = subject,
                                             .headers = &header,
                                             .header_count = 1,
                                             .data = body.data,
                                             .len = body.len,
                                             .timeout_ms = timeout_ms,
                                             .fn = fn,
                                             .arg = arg,
                                             .owner = owner,
                                             .tag = tag},
                              e);
    way_buf_fini(&body);
    return rc;
}
