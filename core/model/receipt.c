/* Ack subjects, read from the back: the five (or six) last tokens are numbers wherever the stream's name stands. */
#include "core/model/receipt.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"

#define PREFIX "$JS.ACK."

typedef struct token {
    const char *s;
    size_t len;
} token;

static bool copy(token t, char *out, size_t size)
{
    if (t.len == 0 || t.len >= size)
        return false;
    memcpy(out, t.s, t.len);
    out[t.len] = '\0';
    return true;
}

static bool number(token t, uint64_t *v)
{
    return way_u64_parse(t.s, t.len, v);
}

/* Splits into at most max tokens; the last one keeps what is left, dots included.  0: an empty token. */
static size_t split(const char *s, token *t, size_t max)
{
    size_t n = 0;

    for (;; n++) {
        size_t len = n + 1 < max ? strcspn(s, ".") : strlen(s);
        if (len == 0)
            return 0;
        t[n] = (token){s, len};
        s += len;
        if (*s == '\0')
            return n + 1;
        s++;
    }
}

bool way_ack_subject_parse(const char *subject, way_receipt *out, char stream[WAY_STREAM_MAX + 1],
                           char consumer[WAY_NAME_MAX + 1])
{
    enum { SHORT = 7, LONG = 9, LONG_WITH_RANDOM = 10 }; /* tokens after $JS.ACK */
    token t[LONG_WITH_RANDOM];
    way_receipt r;
    uint64_t time_ns;
    char internal[WAY_NAME_MAX + 1];

    memset(&r, 0, sizeof r);
    if (strncmp(subject, PREFIX, sizeof PREFIX - 1) != 0)
        return false;
    size_t n = split(subject + sizeof PREFIX - 1, t, LONG_WITH_RANDOM);
    if (n != SHORT && n != LONG && n != LONG_WITH_RANDOM)
        return false;
    const token *at = t;
    if (n != SHORT) {
        if (!copy(at[0], r.domain, sizeof r.domain) || !copy(at[1], r.account, sizeof r.account))
            return false;
        at += 2;
    }
    /* newer servers may append more tokens; they are kept with the random one, so that the subject comes out again */
    if (n == LONG_WITH_RANDOM && !copy(t[LONG_WITH_RANDOM - 1], r.random, sizeof r.random))
        return false;
    char stream_name[WAY_STREAM_MAX + 1], consumer_name[WAY_NAME_MAX + 1];
    if (!copy(at[0], stream_name, sizeof stream_name) || !copy(at[1], consumer_name, sizeof consumer_name) ||
        !number(at[2], &r.deliveries) || !number(at[3], &r.seq) || !number(at[4], &r.consumer_seq) ||
        !number(at[5], &time_ns) || time_ns > INT64_MAX || !number(at[6], &r.pending))
        return false;
    r.time_ns = (int64_t)time_ns;
    r.source = strcmp(stream_name, WAY_STREAM_REDRIVE) == 0 ? WAY_FROM_REDRIVE : WAY_FROM_PARTITION;
    if (!way_stream_parse(stream_name, strlen(stream_name), internal, &r.partition))
        r.partition = 0;
    strcpy(stream, stream_name);
    strcpy(consumer, consumer_name);
    *out = r;
    return true;
}

void way_receipt_subject(const way_receipt *r, const char *station_internal, const char *group_internal,
                         char out[WAY_ACK_SUBJECT_MAX])
{
    char stream[WAY_STREAM_MAX + 1], consumer[WAY_NAME_MAX + 1];
    /* the longest parts together are below WAY_ACK_SUBJECT_MAX */

    if (r->source == WAY_FROM_REDRIVE) {
        strcpy(stream, WAY_STREAM_REDRIVE);
        way_redrive_durable(r->station_id, r->group_id, consumer);
    } else {
        way_stream_name(station_internal, r->partition, stream);
        strcpy(consumer, group_internal);
    }
    char *at = way_put_str(out, PREFIX);
    if (r->account[0] != '\0') {
        at = way_put_str(at, r->domain);
        *at++ = '.';
        at = way_put_str(at, r->account);
        *at++ = '.';
    }
    at = way_put_str(at, stream);
    *at++ = '.';
    at = way_put_str(at, consumer);
    const uint64_t numbers[] = {r->deliveries, r->seq, r->consumer_seq, (uint64_t)r->time_ns, r->pending};
    for (size_t i = 0; i < WAY_COUNT(numbers); i++) {
        *at++ = '.';
        at = way_put_u64(at, numbers[i]);
    }
    if (r->random[0] != '\0') {
        *at++ = '.';
        at = way_put_str(at, r->random);
    }
    *at = '\0';
    WAY_ASSERT(at - out < WAY_ACK_SUBJECT_MAX);
}
