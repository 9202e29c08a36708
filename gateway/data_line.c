/* Line: the object form of a message.
 *
 * The scratch buffer is reserved once per line for all that the line can hold (nothing decodes to more than it took in the text; a
 * text's NUL takes the place of its quotes), so that pointers into it stay true. */
#include "gateway/data_line.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"

enum { DATA = 1, DATA_B64 = 2, KEY = 4, PARTITION = 8, MSG_ID = 16, HEADERS = 32 };

static const struct field {
    const char *name;
    unsigned bit;
} fields[] = {
    {"data", DATA},           {"key", KEY},       {"msg_id", MSG_ID},
    {"data_b64", DATA_B64},   {"headers", HEADERS}, {"partition", PARTITION},
};

/* A mistake in what the fields say does not end the reading: key and number behind it tell the partition, and with it which later messages
 * must not be sent.  Only broken JSON does; functions that return false have met it. */
typedef struct reader {
    way_scan s;
    way_buf *scratch; /* len: how much of the reserve is used */
    way_outgoing *out;
    way_scan_text b64;
    unsigned named; /* fields that came */
    unsigned seen;  /* and were not null */
    way_code rc; /* the first mistake, told in *e */
    way_err *e;
} reader;

/* Whether a mistake found now is the first, and so to be told. */
static way_err *first_error(reader *r, way_err *spare)
{
    return r->rc == WAY_OK ? r->e : spare;
}

static void mistake(reader *r, const char *fmt, const char *name, size_t len)
{
    way_err spare;

    if (len > 64) /* cut where a character ends: the text becomes JSON again */
        for (len = 64; len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80;)
            len--;
    way_code rc = way_fail(first_error(r, &spare), WAY_E_INVAL, fmt, (int)len, name);
    if (r->rc == WAY_OK)
        r->rc = rc;
}

/* The text with a NUL behind it, in scratch. */
static const char *keep(reader *r, const way_scan_text *t, size_t *len)
{
    char *to = r->scratch->data + r->scratch->len;

    *len = way_scan_decode(t, to);
    to[*len] = '\0';
    r->scratch->len += *len + 1;
    return to;
}

static bool skip(reader *r)
{
    way_scan_kind kind;
    way_slice raw;

    return way_scan_value(&r->s, &kind, &raw);
}

/* One name and value of "headers", the name taken already. */
static bool read_header(reader *r, const way_scan_text *name)
{
    size_t name_len, value_len;
    way_scan_text value;
    way_err spare;

    if (way_scan_peek(&r->s) != '"') {
        mistake(r, "header '%.*s' is not a string", name->raw.p, name->raw.len);
        return skip(r);
    }
    if (!way_scan_string(&r->s, &value))
        return false;
    const char *n = keep(r, name, &name_len), *v = keep(r, &value, &value_len);
    way_code rc = way_outgoing_header(r->out, n, name_len, v, value_len, first_error(r, &spare));
    if (r->rc == WAY_OK)
        r->rc = rc;
    return true;
}

static bool read_headers(reader *r)
{
    if (!way_scan_take(&r->s, '{')) {
        if (way_scan_peek(&r->s) != 'n')
            mistake(r, "'%.*s' is an object of strings", "headers", 7);
        return skip(r);
    }
    if (way_scan_take(&r->s, '}'))
        return true;
    do {
        way_scan_text name;
        if (!way_scan_string(&r->s, &name) || !way_scan_want(&r->s, ':') || !read_header(r, &name))
            return false;
    } while (way_scan_take(&r->s, ','));
    return way_scan_want(&r->s, '}');
}

static bool read_partition(reader *r)
{
    way_scan_kind kind;
    way_slice raw;
    int64_t v;

    if (!way_scan_value(&r->s, &kind, &raw))
        return false;
    if (kind == WAY_SCAN_NULL)
        return true;
    if (kind != WAY_SCAN_NUMBER || !way_i64_parse(raw.p, raw.len, &v) || v < 1)
        mistake(r, "'%.*s' is a whole number from 1", "partition", 9);
    else
        r->out->partition = v;
    return true;
}

static bool read_text(reader *r, const struct field *f)
{
    way_scan_text t;

    if (way_scan_peek(&r->s) != '"') { /* null is the same as absent */
        if (way_scan_peek(&r->s) != 'n')
            mistake(r, "'%.*s' is a string", f->name, strlen(f->name));
        else
            r->seen &= ~f->bit;
        return skip(r);
    }
    if (!way_scan_string(&r->s, &t))
        return false;
    switch (f->bit) {
    case KEY:
        r->out->key = keep(r, &t, &r->out->key_len);
        break;
    case MSG_ID:
        r->out->msg_id = keep(r, &t, &r->out->msg_id_len);
        break;
    case DATA_B64:
        r->b64 = t;
        break;
    default: /* the common case copies nothing: the payload is taken from the line itself */
        if (t.escaped) {
            r->out->data = keep(r, &t, &r->out->len);
        } else {
            r->out->data = t.raw.p;
            r->out->len = t.raw.len;
        }
    }
    return true;
}

static bool read_field(reader *r, const way_scan_text *name)
{
    const struct field *f = NULL;

    for (size_t i = 0; i < WAY_COUNT(fields) && !f; i++)
        if (way_scan_equals(name, fields[i].name))
            f = &fields[i];
    if (!f) {
        mistake(r, "unknown field '%.*s'; a message has data or data_b64, key, partition, msg_id, headers", name->raw.p,
                name->raw.len);
        return skip(r);
    }
    if (r->named & f->bit) {
        mistake(r, "'%.*s' is given twice", f->name, strlen(f->name));
        return skip(r);
    }
    r->named |= f->bit;
    r->seen |= f->bit;
    if (f->bit == HEADERS)
        return read_headers(r);
    if (f->bit == PARTITION)
        return read_partition(r);
    return read_text(r, f);
}

static bool read_object(reader *r)
{
    if (!way_scan_want(&r->s, '{'))
        return false;
    if (!way_scan_take(&r->s, '}')) {
        do {
            way_scan_text name;
            if (!way_scan_string(&r->s, &name) || !way_scan_want(&r->s, ':') || !read_field(r, &name))
                return false;
        } while (way_scan_take(&r->s, ','));
        if (!way_scan_want(&r->s, '}'))
            return false;
    }
    return way_scan_done(&r->s);
}

/* Last, when all that is kept is kept: what it makes has no bound but the reserve. */
static way_code decode_b64(reader *r)
{
    way_slice in = r->b64.raw;
    size_t len;

    if (r->b64.escaped)
        in.p = keep(r, &r->b64, &in.len);
    char *to = r->scratch->data + r->scratch->len;
    if (!way_b64_decode(in.p, in.len, (unsigned char *)to, &len))
        return way_fail(r->e, WAY_E_INVAL, "'data_b64' is not base64 (the alphabet with + and /, with padding)");
    r->scratch->len += len;
    r->out->data = to;
    r->out->len = len;
    return WAY_OK;
}

way_code way_line_parse(const char *text, size_t len, way_buf *scratch, way_outgoing *out, bool *whole, way_err *e)
{
    reader r = {.scratch = scratch, .out = out, .rc = WAY_OK, .e = e};
    /* base64 that has escapes (some encoders write every '/' as "\/") is decoded twice */
    size_t need = len + 64 + (memchr(text, '\\', len) ? len : 0);

    *whole = false;
    way_buf_reset(scratch);
    if (!way_buf_reserve(scratch, need))
        return way_fail(e, WAY_E_FULL, "no memory for a line of %zu bytes", len);
    way_scan_init(&r.s, text, len);
    if (!read_object(&r))
        return way_scan_error(&r.s, e);
    *whole = true;
    if (r.rc != WAY_OK)
        return r.rc;
    if ((r.seen & DATA) && (r.seen & DATA_B64))
        return way_fail(e, WAY_E_INVAL, "'data' and 'data_b64' are two ways to say the same: give one");
    if (!(r.seen & (DATA | DATA_B64)))
        return way_fail(e, WAY_E_INVAL, "'data' or 'data_b64' is missing");
    return r.seen & DATA_B64 ? decode_b64(&r) : WAY_OK;
}

size_t way_line_bytes_max(int64_t max_message_bytes)
{
    return 2 * (size_t)(max_message_bytes > 0 ? max_message_bytes : WAY_MSG_BYTES_MAX_MEMORY) +
           2 * (size_t)WAY_HEADER_BYTES_MAX;
}

way_code way_batch_open(const char *text, size_t len, size_t max_count, const char **at, size_t *count, way_err *e)
{
    way_scan_text name;
    way_scan_kind kind;
    way_slice raw;
    size_t n = 0;
    way_scan s;

    way_scan_init(&s, text, len);
    if (!way_scan_want(&s, '{') || !way_scan_string(&s, &name))
        return way_scan_error(&s, e);
    if (!way_scan_equals(&name, "messages"))
        return way_fail(e, WAY_E_INVAL, "the body is {\"messages\":[{\"data\":\"…\"},…]}");
    if (!way_scan_want(&s, ':') || !way_scan_want(&s, '['))
        return way_scan_error(&s, e);
    *at = s.p;
    if (!way_scan_take(&s, ']')) {
        do {
            if (!way_scan_value(&s, &kind, &raw))
                return way_scan_error(&s, e);
            if (++n > max_count)
                return way_fail(e, WAY_E_TOO_LARGE,
                                "a JSON batch has at most %zu messages; send more as NDJSON (application/x-ndjson)",
                                max_count);
        } while (way_scan_take(&s, ','));
        if (!way_scan_want(&s, ']'))
            return way_scan_error(&s, e);
    }
    if (!way_scan_want(&s, '}') || !way_scan_done(&s))
        return way_scan_error(&s, e);
    *count = n;
    return WAY_OK;
}

way_slice way_batch_next(const char **at, const char *end)
{
    way_slice raw = {*at, 0};
    way_scan_kind kind;
    way_scan s;

    way_scan_init(&s, *at, (size_t)(end - *at));
    (void)way_scan_take(&s, ',');
    if (!way_scan_value(&s, &kind, &raw))
        raw.len = 0;
    *at = s.p;
    return raw;
}
