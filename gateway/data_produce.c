/* Produce: one raw body, one message.  The busiest route: no state beside the exchange (the request's tag carries the partition),
 * nothing allocated but the answer. */
#include "gateway/data.h"

#include <string.h>

#include "core/base/text.h"
#include "gateway/data_outgoing.h"

/* Collects Way-Header-<Name> into a message; the first mistake ends it. */
typedef struct collect {
    way_outgoing *m;
    way_code rc;
    way_err *e;
} collect;

static bool add_header(void *arg, const char *name, const char *value)
{
    collect *c = arg;

    c->rc = way_outgoing_header(c->m, name, strlen(name), value, strlen(value), c->e);
    return c->rc == WAY_OK;
}

/* A query parameter as text; *out NULL when it is absent. */
static way_code query_text(way_exchange *x, const char *name, char *buf, size_t cap, const char **out, size_t *len,
                           way_err *e)
{
    if (way_x_query(x, name, buf, cap, e)) {
        *out = buf;
        *len = strlen(buf);
    }
    return e->code;
}

static way_code query_partition(way_exchange *x, way_outgoing *m, way_err *e)
{
    char text[24];

    if (!way_x_query(x, "partition", text, sizeof text, e))
        return e->code;
    if (!way_i64_parse(text, strlen(text), &m->partition) || m->partition < 1)
        return way_fail(e, WAY_E_INVAL, "partition is a whole number from 1");
    return WAY_OK;
}

static char *put_u64(char *p, uint64_t v)
{
    char digits[20];
    int n = 0;

    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (n)
        *p++ = digits[--n];
    return p;
}

static char *put(char *p, const char *text, size_t len)
{
    memcpy(p, text, len);
    return p + len;
}

#define PUT(p, literal) put((p), (literal), sizeof(literal) - 1)

static void acked(void *arg, way_token owner, uint32_t partition, way_code code, way_msg *msg)
{
    way_exchange *x = way_x_find(arg, owner);
    char text[96], *p = text;
    way_puback ack;
    way_err e;

    if (!x) /* the client went away; the message may well be stored */
        return;
    if (way_outgoing_answer(code, msg, &ack, &e) != WAY_OK) {
        way_x_fail(x, &e);
        return;
    }
    p = PUT(p, "{\"partition\":");
    p = put_u64(p, partition);
    p = PUT(p, ",\"seq\":");
    p = put_u64(p, ack.seq);
    p = ack.duplicate ? PUT(p, ",\"duplicate\":true}") : PUT(p, ",\"duplicate\":false}");
    way_x_reply_bytes(x, 201, "application/json", text, (size_t)(p - text));
}

static way_code produce(way_exchange *x, const way_station *st, way_err *e)
{
    char key[WAY_KEY_BYTES_MAX + 1], msg_id[WAY_MSG_ID_BYTES_MAX + 1];
    way_outgoing m;
    collect headers = {&m, WAY_OK, e};
    way_code rc;

    way_outgoing_init(&m);
    m.data = way_x_body(x, &m.len);
    rc = query_text(x, "key", key, sizeof key, &m.key, &m.key_len, e);
    if (rc == WAY_OK)
        rc = query_text(x, "msg_id", msg_id, sizeof msg_id, &m.msg_id, &m.msg_id_len, e);
    if (rc == WAY_OK)
        rc = query_partition(x, &m, e);
    if (rc == WAY_OK)
        rc = way_outgoing_check(&m, st, e);
    if (rc != WAY_OK)
        return rc;
    way_x_message_headers(x, add_header, &headers);
    if (headers.rc != WAY_OK)
        return headers.rc;
    int32_t partition = way_outgoing_fixed(&m, st);
    if (!partition)
        partition = way_outgoing_next(st);
    return way_outgoing_send(way_x_island(x), st, &m, partition, acked, way_x_token(x), (uint32_t)partition, e);
}

static void found(way_exchange *x, const way_station *st)
{
    way_err e;

    if (produce(x, st, &e) != WAY_OK)
        way_x_fail(x, &e);
}

void way_data_produce_run(way_exchange *x)
{
    way_x_station(x, way_x_param(x, 0), found);
}

size_t way_data_produce_max_body(way_exchange *x, way_err *e)
{
    char name[WAY_NAME_MAX + 1], internal[WAY_NAME_MAX + 1];
    const char *raw = way_x_param(x, 0);

    if (way_name_parse("station", raw, strlen(raw), name, e) != WAY_OK)
        return 0;
    way_name_internal(name, internal);
    const way_station *st = way_catalog_station(way_island_catalog(way_x_island(x)), internal);
    /* a station that only Postgres knows yet is looked up when the body is there */
    int64_t max = st && st->spec.max_message_bytes > 0 ? st->spec.max_message_bytes : WAY_MSG_BYTES_MAX_MEMORY;
    int64_t length = way_x_content_length(x);
    if (length > max) {
        (void)way_fail(e, WAY_E_TOO_LARGE, "the body has %lld bytes, the station '%s' takes %lld (max_message_bytes)",
                       (long long)length, name, (long long)max);
        return 0;
    }
    return (size_t)max;
}
