/* Browse: looks through a station's messages by sequence.
 *
 * Reads go out in rounds of consecutive sequences, each "the first message at or after n": a round over a dense log costs one
 * round trip, and holes only waste some of it (the same message answers several; the round shrinks then).  Nothing found at the
 * end of a partition is believed only after the leader has said so too.
 * One call looks at LOOK_MAX messages or LOOK_MS at most and then says where to go on. */
#include "gateway/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "gateway/data_message.h"
#include "jetstream-adapter/reader.h"

#define LIMIT_MAX 1000
#define LIMIT_DEFAULT 20
#define LOOK_MAX 10000
#define LOOK_MS 2000
#define ROUND_MAX 64
#define ROUND_FIRST 8
#define ROUND_BYTES (128 * 1024 * 1024) /* what the messages of one round may have together, each at its largest */
#define ANSWER_BYTES (32 * 1024 * 1024)
#define CONTAINS_MAX 1024
#define HEADER_MAX 2048
#define CURSOR_MAX 256

typedef struct browse {
    way_exchange *x;
    way_island *isl;
    way_station *st; /* held */
    /* what was asked for */
    int64_t fixed; /* partition; 0: all, one after the other */
    uint64_t from; /* first sequence in each partition */
    int64_t limit;
    bool as_text;
    char contains[CONTAINS_MAX + 1];
    size_t contains_len;
    char header[HEADER_MAX + 1]; /* the name, NUL, the value */
    const char *header_value;    /* NULL: any message */
    /* where we are */
    int32_t partition;
    uint64_t expected; /* the next sequence to look at */
    int64_t looked_at, matched, deadline_ms;
    uint32_t round_max, round, sent, answered, at;
    way_read *read[ROUND_MAX]; /* answers of this round, kept; NULL: not found */
    way_code failed; /* the first failure of this round */
    way_buf out;
} browse;

static void start_round(browse *b);
static void go_through(browse *b);

/* ---- the answer ---- */

static void write_next(browse *b)
{
    char text[CURSOR_MAX];
    int n = snprintf(text, sizeof text, "1.%lld.%lld.%d.%llu", (long long)b->st->id, (long long)b->fixed,
                     (int)b->partition, (unsigned long long)b->expected);

    way_buf_char(&b->out, '"');
    way_b64url_add(&b->out, text, (size_t)n);
    way_buf_char(&b->out, '"');
}

static void finish(browse *b, bool more)
{
    way_exchange *x = b->x;
    way_buf out;
    way_err e;

    way_json_close(&b->out, ']');
    way_json_key(&b->out, "next");
    if (more)
        write_next(b);
    else
        way_json_null(&b->out);
    way_json_kv_int(&b->out, "looked_at", b->looked_at);
    way_json_close(&b->out, '}');
    out = b->out;
    way_buf_init(&b->out, 0);
    if (out.failed) {
        way_buf_fini(&out);
        (void)way_fail(&e, WAY_E_FULL, "no memory for the answer; ask for fewer messages");
        way_x_fail(x, &e);
        return;
    }
    way_x_json(x, 200, &out); /* b is gone */
}

static void fail(browse *b, way_code code)
{
    way_err e;

    if (code == WAY_E_TIMEOUT)
        (void)way_fail(&e, code, "nats-server did not answer a read in time");
    else
        (void)way_fail(&e, code, "partition %d of the station '%s' cannot be read now", (int)b->partition,
                       b->st->spec.name);
    way_x_fail(b->x, &e);
}

/* ---- looking ---- */

static bool matches(const browse *b, const way_read *r)
{
    size_t len;
    const char *data = way_read_data(r, &len);

    if (b->header_value) {
        const char *v = way_read_header(r, b->header);
        if (!v || strcmp(v, b->header_value) != 0)
            return false;
    }
    return b->contains_len == 0 || memmem(data, len, b->contains, b->contains_len) != NULL;
}

static void read_headers(const void *from, bool (*fn)(void *arg, const char *key, const char *value), void *arg)
{
    way_read_headers(from, fn, arg);
}

static void look_at(browse *b, const way_read *r)
{
    way_message m = {.partition = b->partition,
                     .seq = way_read_seq(r),
                     .time_ns = way_read_time_ns(r),
                     .key = way_read_header(r, WAY_HEADER_KEY),
                     .headers = read_headers,
                     .headers_from = r};

    b->expected = m.seq + 1;
    b->looked_at++;
    if (!matches(b, r))
        return;
    b->matched++;
    m.data = way_read_data(r, &m.len);
    way_json_open(&b->out, '{');
    way_message_write(&m, b->as_text, &b->out);
    way_json_close(&b->out, '}');
}

static bool is_enough(const browse *b)
{
    return b->matched >= b->limit || b->looked_at >= LOOK_MAX || b->out.len >= ANSWER_BYTES || b->out.failed ||
           way_mono_ms() >= b->deadline_ms;
}

static void drop_round(browse *b)
{
    for (uint32_t i = 0; i < b->sent; i++) {
        way_read_free(b->read[i]);
        b->read[i] = NULL;
    }
}

static void next_partition(browse *b)
{
    if (b->fixed || b->partition == b->st->spec.partitions) {
        finish(b, false);
        return;
    }
    b->partition++;
    b->expected = b->from;
    b->round = ROUND_FIRST < b->round_max ? ROUND_FIRST : b->round_max;
    if (is_enough(b))
        finish(b, true);
    else
        start_round(b);
}

static browse *of(void *arg, way_token owner)
{
    way_exchange *x = way_x_find(arg, owner);

    return x ? way_x_state(x) : NULL;
}

/* The leader's word on what comes at or after `expected`. */
static void on_leader(void *arg, way_token owner, uint32_t tag, way_code code, way_read *r)
{
    browse *b = of(arg, owner);

    (void)tag;
    if (!b)
        return;
    if (code != WAY_OK) {
        fail(b, code);
    } else if (way_read_found(r)) {
        look_at(b, r);
        go_through(b);
    } else {
        drop_round(b);
        next_partition(b);
    }
}

static void on_direct(void *arg, way_token owner, uint32_t tag, way_code code, way_read *r)
{
    browse *b = of(arg, owner);

    if (!b)
        return;
    if (code != WAY_OK && b->failed == WAY_OK)
        b->failed = code;
    if (code == WAY_OK && way_read_found(r))
        b->read[tag] = way_read_keep(r);
    if (++b->answered < b->sent)
        return;
    if (b->failed != WAY_OK)
        fail(b, b->failed);
    else
        go_through(b);
}

static way_code ask(browse *b, uint64_t seq, way_read_mode mode, uint32_t tag)
{
    const way_island_parts *parts = way_island_get(b->isl);
    char stream[WAY_STREAM_MAX + 1], subject[WAY_SUBJECT_MAX + 1];

    way_stream_name(b->st->spec.internal, b->partition, stream);
    way_data_subject(b->st->spec.internal, b->partition, subject);
    return way_reader_get(parts->pub,
                          &(way_read_request){.stream = stream,
                                              .seq = seq,
                                              .subject = subject,
                                              .mode = mode,
                                              .timeout_ms = parts->cfg->request_timeout_ms,
                                              .fn = mode == WAY_READ_DIRECT ? on_direct : on_leader,
                                              .arg = b->isl,
                                              .owner = way_x_token(b->x),
                                              .tag = tag},
                          NULL);
}

/* From b->at on through the answers of the round, in order. */
static void go_through(browse *b)
{
    uint32_t fresh = 0;

    for (; b->at < b->sent; b->at++) {
        const way_read *r = b->read[b->at];
        if (r && way_read_seq(r) < b->expected)
            continue;
        if (is_enough(b))
            break;
        if (!r) {
            b->at++;
            way_code rc = ask(b, b->expected, WAY_READ_LEADER, 0);
            if (rc != WAY_OK)
                fail(b, rc);
            return;
        }
        look_at(b, r);
        fresh++;
    }
    if (fresh > b->sent / 2)
        b->round = 2 * b->round < b->round_max ? 2 * b->round : b->round_max;
    else if (b->round > 1)
        b->round /= 2;
    drop_round(b);
    if (is_enough(b))
        finish(b, true);
    else
        start_round(b);
}

static void start_round(browse *b)
{
    int64_t want = b->round;
    way_code rc = WAY_OK;

    if (!b->contains_len && !b->header_value && want > b->limit - b->matched)
        want = b->limit - b->matched;
    if (want > LOOK_MAX - b->looked_at)
        want = LOOK_MAX - b->looked_at;
    b->at = b->answered = b->sent = 0;
    b->failed = WAY_OK;
    while (b->sent < (uint32_t)want) {
        rc = ask(b, b->expected + b->sent, WAY_READ_DIRECT, b->sent);
        if (rc != WAY_OK)
            break;
        b->sent++;
    }
    if (b->sent == 0) /* a full link in the middle of a round only makes it shorter */
        fail(b, rc);
}

/* ---- the request ---- */

static way_code read_number(way_exchange *x, const char *name, int64_t min, int64_t max, int64_t *out, way_err *e)
{
    char text[24];

    if (!way_x_query(x, name, text, sizeof text, e))
        return e->code;
    if (!way_i64_parse(text, strlen(text), out) || *out < min || *out > max)
        return way_fail(e, WAY_E_INVAL, "%s is a whole number from %lld to %lld", name, (long long)min, (long long)max);
    return WAY_OK;
}

static way_code read_filters(browse *b, way_err *e)
{
    char form[16];

    b->as_text = true;
    if (way_x_query(b->x, "contains", b->contains, sizeof b->contains, e))
        b->contains_len = strlen(b->contains);
    if (e->code == WAY_OK && way_x_query(b->x, "header", b->header, sizeof b->header, e)) {
        char *colon = strchr(b->header, ':');
        if (!colon || colon == b->header)
            return way_fail(e, WAY_E_INVAL, "header is <name>:<value>");
        *colon++ = '\0';
        b->header_value = colon + strspn(colon, " \t");
    }
    if (e->code == WAY_OK && way_x_query(b->x, "payload", form, sizeof form, e))
        return way_message_form(form, &b->as_text, e);
    return e->code;
}

/* "1.<station id>.<partition asked for>.<partition>.<sequence>" as base64url; not secret, and trusted in nothing. */
static way_code read_cursor(browse *b, way_err *e)
{
    char text[CURSOR_MAX], plain[CURSOR_MAX];
    long long id, fixed, partition;
    unsigned long long seq;
    size_t len;
    int end = 0;

    if (!way_x_query(b->x, "after", text, sizeof text, e))
        return e->code;
    if (!way_b64url_decode(text, strlen(text), (unsigned char *)plain, sizeof plain - 1, &len))
        return way_fail(e, WAY_E_INVAL, "after is a 'next' of an earlier answer");
    plain[len] = '\0';
    if (sscanf(plain, "1.%19lld.%4lld.%4lld.%19llu%n", &id, &fixed, &partition, &seq, &end) != 4 || (size_t)end != len ||
        partition < 1 || fixed < 0 || (fixed && fixed != partition))
        return way_fail(e, WAY_E_INVAL, "after is a 'next' of an earlier answer");
    if (id != b->st->id)
        return way_fail(e, WAY_E_GONE, "the station '%s' was made again since then: begin anew", b->st->spec.name);
    if (b->fixed && b->fixed != partition)
        return way_fail(e, WAY_E_INVAL, "after belongs to partition %lld", partition);
    if (partition > b->st->spec.partitions)
        return way_fail(e, WAY_E_INVAL, "after is a 'next' of an earlier answer");
    b->fixed = fixed;
    b->partition = (int32_t)partition;
    b->expected = seq;
    return WAY_OK;
}

static way_code read_query(browse *b, way_err *e)
{
    int64_t from = 1;
    way_code rc;

    b->limit = LIMIT_DEFAULT;
    rc = read_number(b->x, "partition", 1, b->st->spec.partitions, &b->fixed, e);
    if (rc == WAY_OK)
        rc = read_number(b->x, "from", 0, INT64_MAX / 2, &from, e);
    if (rc == WAY_OK)
        rc = read_number(b->x, "limit", 1, LIMIT_MAX, &b->limit, e);
    if (rc == WAY_OK)
        rc = read_filters(b, e);
    b->from = from ? (uint64_t)from : 1;
    b->expected = b->from;
    b->partition = b->fixed ? (int32_t)b->fixed : 1;
    return rc == WAY_OK ? read_cursor(b, e) : rc;
}

static void ended(void *state)
{
    browse *b = state;

    drop_round(b);
    way_buf_fini(&b->out);
    way_station_unref(b->st);
    free(b);
}

static void found(way_exchange *x, const way_station *st)
{
    browse *b = way_xcalloc(1, sizeof *b);
    int64_t largest = st->spec.max_message_bytes > 0 ? st->spec.max_message_bytes : WAY_MSG_BYTES_MAX_MEMORY;
    way_err e;

    b->x = x;
    b->isl = way_x_island(x);
    b->st = way_station_ref((way_station *)st);
    b->deadline_ms = way_mono_ms() + LOOK_MS;
    b->round_max = largest * ROUND_MAX > ROUND_BYTES ? (uint32_t)(ROUND_BYTES / largest) : ROUND_MAX;
    b->round = ROUND_FIRST < b->round_max ? ROUND_FIRST : b->round_max;
    way_buf_init(&b->out, 0);
    way_json_open(&b->out, '{');
    way_json_key(&b->out, "messages");
    way_json_open(&b->out, '[');
    way_x_set_state(x, b, ended);
    if (read_query(b, &e) != WAY_OK)
        way_x_fail(x, &e);
    else
        start_round(b);
}

void way_data_browse_run(way_exchange *x)
{
    way_x_station(x, way_x_param(x, 0), found);
}
