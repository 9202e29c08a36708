/* Growable bytes with a sticky error, and JSON on top.  Size comes from foreign input, so a failed allocation is an
 * ordinary outcome here: it sets `failed` and the caller sees it once, at the end. */
#include "core/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void way_buf_init(way_buf *b, size_t limit_bytes)
{
    memset(b, 0, sizeof *b);
    b->limit = limit_bytes;
}

void way_buf_fini(way_buf *b)
{
    free(b->data);
    way_buf_init(b, b->limit);
}

void way_buf_reset(way_buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->data != NULL)
        b->data[0] = '\0';
}

char *way_buf_take(way_buf *b, size_t *len)
{
    if (!b->failed && b->data == NULL)
        way_buf_reserve(b, 0);
    if (b->failed) {
        way_buf_fini(b);
        return NULL;
    }
    char *data = b->data;
    if (len != NULL)
        *len = b->len;
    way_buf_init(b, b->limit);
    return data;
}

bool way_buf_reserve(way_buf *b, size_t more)
{
    if (b->failed)
        return false;
    if (more > SIZE_MAX / 2 - b->len || (b->limit != 0 && b->len + more > b->limit)) {
        b->failed = true;
        return false;
    }
    size_t need = b->len + more + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need)
        cap += cap / 2;
    char *data = realloc(b->data, cap);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    b->data[b->len] = '\0';
    return true;
}

void way_buf_add(way_buf *b, const void *p, size_t len)
{
    if (!way_buf_reserve(b, len))
        return;
    if (len > 0)
        memcpy(b->data + b->len, p, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void way_buf_str(way_buf *b, const char *s)
{
    way_buf_add(b, s, strlen(s));
}

void way_buf_char(way_buf *b, char c)
{
    way_buf_add(b, &c, 1);
}

void way_buf_printf(way_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    char small[256];

    if (b->failed)
        return;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < sizeof small) {
        way_buf_add(b, small, (size_t)n);
    } else if (way_buf_reserve(b, (size_t)n)) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void way_buf_u64(way_buf *b, uint64_t v)
{
    char text[20];
    size_t at = sizeof text;

    do
        text[--at] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    way_buf_add(b, text + at, sizeof text - at);
}

void way_buf_i64(way_buf *b, int64_t v)
{
    if (v < 0)
        way_buf_char(b, '-');
    way_buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void way_buf_drop_front(way_buf *b, size_t len)
{
    if (b->data == NULL)
        return;
    if (len > b->len)
        len = b->len;
    b->len -= len;
    memmove(b->data, b->data + len, b->len);
    b->data[b->len] = '\0';
}

/* A comma belongs before a value when the byte before it ends another value: a bracket, a quote, a digit or the last
 * letter of true, false, null.  Anything else (an open bracket, a colon, a line end between documents) takes none. */
static void separate(way_buf *b)
{
    if (b->len == 0 || b->failed)
        return;
    char c = b->data[b->len - 1];
    if (c == '}' || c == ']' || c == '"' || c == 'e' || c == 'l' || (c >= '0' && c <= '9'))
        way_buf_char(b, ',');
}

/* None of the next eight bytes needs an escape: below 0x20, quote, backslash.  Payloads are long and mostly plain. */
static bool is_plain8(const char *s)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = UINT64_C(0x8080808080808080);
    uint64_t v;

    memcpy(&v, s, sizeof v);
    uint64_t quote = v ^ ones * '"', slash = v ^ ones * '\\';
    uint64_t found = ((v - ones * 0x20) & ~v) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash);
    return (found & high) == 0;
}

static void add_quoted(way_buf *b, const char *s, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t from = 0;

    way_buf_char(b, '"');
    for (size_t i = 0; i < len; i++) {
        while (len - i >= 8 && is_plain8(s + i))
            i += 8;
        if (i == len)
            break;
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        char esc[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        size_t n = 2;
        switch (c) {
        case '"':
        case '\\':
            esc[1] = (char)c;
            break;
        case '\n':
            esc[1] = 'n';
            break;
        case '\r':
            esc[1] = 'r';
            break;
        case '\t':
            esc[1] = 't';
            break;
        default:
            n = 6;
        }
        way_buf_add(b, s + from, i - from);
        way_buf_add(b, esc, n);
        from = i + 1;
    }
    way_buf_add(b, s + from, len - from);
    way_buf_char(b, '"');
}

void way_json_open(way_buf *b, char bracket)
{
    separate(b);
    way_buf_char(b, bracket);
}

void way_json_close(way_buf *b, char bracket)
{
    way_buf_char(b, bracket);
}

void way_json_key(way_buf *b, const char *key)
{
    separate(b);
    add_quoted(b, key, strlen(key));
    way_buf_char(b, ':');
}

void way_json_text(way_buf *b, const char *s, size_t len)
{
    separate(b);
    add_quoted(b, s, len);
}

void way_json_str(way_buf *b, const char *s)
{
    if (s == NULL)
        way_json_null(b);
    else
        way_json_text(b, s, strlen(s));
}

void way_json_int(way_buf *b, int64_t v)
{
    separate(b);
    way_buf_i64(b, v);
}

void way_json_uint(way_buf *b, uint64_t v)
{
    separate(b);
    way_buf_u64(b, v);
}

void way_json_bool(way_buf *b, bool v)
{
    separate(b);
    way_buf_str(b, v ? "true" : "false");
}

void way_json_null(way_buf *b)
{
    separate(b);
    way_buf_str(b, "null");
}

void way_json_raw(way_buf *b, const char *json, size_t len)
{
    while (len > 0 && (json[len - 1] == '\n' || json[len - 1] == ' ' || json[len - 1] == '\r' || json[len - 1] == '\t'))
        len--; /* else the next value would miss its comma */
    separate(b);
    way_buf_add(b, json, len);
}

void way_json_kv_str(way_buf *b, const char *key, const char *s)
{
    way_json_key(b, key);
    way_json_str(b, s);
}

void way_json_kv_int(way_buf *b, const char *key, int64_t v)
{
    way_json_key(b, key);
    way_json_int(b, v);
}

void way_json_kv_uint(way_buf *b, const char *key, uint64_t v)
{
    way_json_key(b, key);
    way_json_uint(b, v);
}

void way_json_kv_bool(way_buf *b, const char *key, bool v)
{
    way_json_key(b, key);
    way_json_bool(b, v);
}
