/* Message: rendering. */
#include "gateway/data_message.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/model/names.h"

/* Control bytes take six bytes as JSON text.  Up to here nobody counts; above, base64 (four thirds) bounds the answer. */
#define SWELL_FREE_BYTES 65536

void way_message_text(way_buf *out, const char *s, size_t len)
{
    way_buf wide;

    if (way_utf8_valid(s, len)) {
        way_json_text(out, s, len);
        return;
    }
    way_buf_init(&wide, 0);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x80) {
            way_buf_char(&wide, (char)c);
        } else {
            way_buf_char(&wide, (char)(0xc0 | c >> 6));
            way_buf_char(&wide, (char)(0x80 | (c & 0x3f)));
        }
    }
    if (wide.failed)
        out->failed = true;
    else
        way_json_text(out, wide.data ? wide.data : "", wide.len);
    way_buf_fini(&wide);
}

#define SHOWN_MAX 32

typedef struct shown { /* headers written so far, to show none twice */
    way_buf *out;
    const char *key[SHOWN_MAX];
    size_t count;
} shown;

static bool write_header(void *arg, const char *key, const char *value)
{
    shown *s = arg;

    if (strcmp(key, WAY_HEADER_KEY) == 0)
        return true;
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->key[i], key) == 0)
            return true;
    if (s->count < SHOWN_MAX)
        s->key[s->count++] = key;
    if (way_utf8_valid(key, strlen(key))) {
        way_json_key(s->out, key);
        way_message_text(s->out, value, strlen(value));
    }
    return true;
}

static bool stays_small(const char *p, size_t len)
{
    size_t control = 0;

    if (len <= SWELL_FREE_BYTES)
        return true;
    for (size_t i = 0; i < len; i++)
        control += (unsigned char)p[i] < 0x20;
    return control <= len / 16;
}

static void write_b64(way_buf *out, const char *key, const char *p, size_t len)
{
    way_json_key(out, key);
    way_buf_char(out, '"');
    way_b64_add(out, p, len);
    way_buf_char(out, '"');
}

/* Messages come many to a second: date and hour are rendered once for each second, the fraction by hand. */
static void write_time(way_buf *out, int64_t ns)
{
    static _Thread_local struct {
        int64_t second;
        char text[WAY_RFC3339_MAX];
    } last = {.second = -1};
    int64_t second = ns / 1000000000;

    if (ns < 0 || second != last.second) {
        way_rfc3339_from_ns(ns, last.text);
        last.second = ns < 0 ? -1 : second;
    } else {
        char *end = last.text + strlen(last.text) - 1; /* at the Z */
        for (int64_t fraction = ns % 1000000000, i = 0; i < 9; i++, fraction /= 10)
            *--end = (char)('0' + fraction % 10);
    }
    way_json_kv_str(out, "time", last.text);
}

void way_message_write(const way_message *m, bool as_text, way_buf *out)
{
    shown s = {.out = out};

    way_json_kv_int(out, "partition", m->partition);
    way_json_kv_uint(out, "seq", m->seq);
    write_time(out, m->time_ns);
    if (m->key && !way_utf8_valid(m->key, strlen(m->key)))
        write_b64(out, "key_b64", m->key, strlen(m->key));
    else if (m->key)
        way_json_kv_str(out, "key", m->key);
    way_json_key(out, "headers");
    way_json_open(out, '{');
    if (m->headers)
        m->headers(m->headers_from, write_header, &s);
    way_json_close(out, '}');
    if (as_text && way_utf8_valid(m->data, m->len) && stays_small(m->data, m->len)) {
        way_json_key(out, "data");
        way_json_text(out, m->data, m->len);
    } else {
        write_b64(out, "data_b64", m->data, m->len);
    }
}

way_code way_message_form(const char *text, bool *as_text, way_err *e)
{
    *as_text = strcmp(text, "text") == 0;
    if (*as_text || strcmp(text, "base64") == 0)
        return WAY_OK;
    return way_fail(e, WAY_E_INVAL, "payload is 'text' or 'base64'");
}
