/* Scan: one pass, one byte of look-ahead.  Strings are most of every line, so they are walked eight bytes at a
 * time until a byte needs attention; UTF-8 is checked afterwards and only where a high byte was seen. */
#include "gateway/data_scan.h"

#include <stdint.h>
#include <string.h>

#include "core/base/text.h"

void way_scan_init(way_scan *s, const char *text, size_t len)
{
    *s = (way_scan){.start = text, .p = text, .end = text + len};
}

bool way_scan_fail(way_scan *s, const char *why)
{
    if (!s->why)
        s->why = why;
    return false;
}

char way_scan_peek(way_scan *s)
{
    if (s->why)
        return 0;
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
        s->p++;
    return s->p < s->end ? *s->p : 0;
}

bool way_scan_take(way_scan *s, char c)
{
    if (way_scan_peek(s) != c || s->p == s->end)
        return false;
    s->p++;
    return true;
}

bool way_scan_want(way_scan *s, char c)
{
    if (way_scan_take(s, c))
        return true;
    switch (c) {
    case '{':
        return way_scan_fail(s, "an object is expected");
    case '[':
        return way_scan_fail(s, "an array is expected");
    case ':':
        return way_scan_fail(s, "':' is expected");
    case '}':
        return way_scan_fail(s, "',' or '}' is expected");
    case ']':
        return way_scan_fail(s, "',' or ']' is expected");
    default:
        return way_scan_fail(s, "not what is expected here");
    }
}

#define ONES 0x0101010101010101ull
#define HIGHS 0x8080808080808080ull

/* Non-zero when one of eight bytes is a quote, a backslash or below 0x20.  May be non-zero without cause (a borrow), never zero with one. */
static uint64_t special(uint64_t v)
{
    uint64_t quote = v ^ (ONES * '"'), slash = v ^ (ONES * '\\');

    return (((quote - ONES) & ~quote) | ((slash - ONES) & ~slash) | ((v - ONES * 0x20) & ~v)) & HIGHS;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Four hex digits at p, which has them readable; -1: not hex. */
static int hex4(const char *p)
{
    int v = 0;

    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);
        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

/* At a backslash: checks the escape and moves behind it. */
static bool scan_escape(way_scan *s)
{
    const char *p = s->p + 1;

    if (p >= s->end)
        return way_scan_fail(s, "the text ends inside a string");
    if (*p != 'u') {
        if (!memchr("\"\\/bfnrt", *p, 8))
            return way_scan_fail(s, "not an escape");
        s->p = p + 1;
        return true;
    }
    int v = s->end - p >= 5 ? hex4(p + 1) : -1;
    if (v < 0)
        return way_scan_fail(s, "\\u needs four hex digits");
    p += 5;
    if (v >= 0xdc00 && v <= 0xdfff)
        return way_scan_fail(s, "half of a surrogate pair");
    if (v >= 0xd800 && v <= 0xdbff) {
        int low = s->end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2) : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return way_scan_fail(s, "half of a surrogate pair");
        p += 6;
    }
    s->p = p;
    return true;
}

bool way_scan_string(way_scan *s, way_scan_text *out)
{
    uint64_t high = 0;

    if (!way_scan_take(s, '"'))
        return way_scan_fail(s, "a string is expected");
    *out = (way_scan_text){.raw = {s->p, 0}};
    for (;;) {
        uint64_t v;

        while (s->end - s->p >= 8) {
            memcpy(&v, s->p, 8);
            if (special(v))
                break;
            high |= v;
            s->p += 8;
        }
        if (s->p == s->end)
            return way_scan_fail(s, "the text ends inside a string");
        unsigned char c = (unsigned char)*s->p;
        if (c == '"')
            break;
        if (c == '\\') {
            if (!scan_escape(s))
                return false;
            out->escaped = true;
            continue;
        }
        if (c < 0x20)
            return way_scan_fail(s, "a control byte inside a string");
        high |= c;
        s->p++;
    }
    out->raw.len = (size_t)(s->p - out->raw.p);
    if ((high & HIGHS) && !way_utf8_valid(out->raw.p, out->raw.len))
        return way_scan_fail(s, "a string is not UTF-8");
    s->p++;
    return true;
}

static bool scan_digits(way_scan *s)
{
    const char *from = s->p;

    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return s->p > from || way_scan_fail(s, "a digit is expected");
}

static bool scan_number(way_scan *s)
{
    if (*s->p == '-')
        s->p++;
    if (s->p < s->end && *s->p == '0')
        s->p++;
    else if (!scan_digits(s))
        return false;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!scan_digits(s))
            return false;
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
            s->p++;
        if (!scan_digits(s))
            return false;
    }
    return true;
}

static bool scan_word(way_scan *s, const char *word, size_t len)
{
    if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
        return way_scan_fail(s, "not a JSON value");
    s->p += len;
    return true;
}

/* Anything but an object or an array. */
static bool scan_scalar(way_scan *s, way_scan_kind *kind)
{
    way_scan_text t;
    char c = way_scan_peek(s);

    switch (c) {
    case '"':
        *kind = WAY_SCAN_TEXT;
        return way_scan_string(s, &t);
    case 't':
        *kind = WAY_SCAN_TRUE;
        return scan_word(s, "true", 4);
    case 'f':
        *kind = WAY_SCAN_FALSE;
        return scan_word(s, "false", 5);
    case 'n':
        *kind = WAY_SCAN_NULL;
        return scan_word(s, "null", 4);
    default:
        if (c == '-' || (c >= '0' && c <= '9')) {
            *kind = WAY_SCAN_NUMBER;
            return scan_number(s);
        }
        return way_scan_fail(s, s->p == s->end ? "the text ends too early" : "not a JSON value");
    }
}

/* "key": inside an object. */
static bool scan_key(way_scan *s)
{
    way_scan_text t;

    return way_scan_string(s, &t) && way_scan_want(s, ':');
}

/* Objects and arrays are a bit stack, not recursion: the depth is the caller's to bound, not the sender's. */
static bool scan_container(way_scan *s)
{
    uint64_t objects = 0; /* bit 0: the innermost is an object */
    int depth = 0;
    way_scan_kind kind;

    do {
        /* a value is expected here */
        char c = way_scan_peek(s);
        if (c == '{' || c == '[') {
            if (depth == WAY_SCAN_DEPTH)
                return way_scan_fail(s, "nested too deep");
            s->p++;
            depth++;
            objects = objects << 1 | (c == '{');
            if (!way_scan_take(s, c == '{' ? '}' : ']')) {
                if (c == '{' && !scan_key(s))
                    return false;
                continue;
            }
            depth--;
            objects >>= 1;
        } else if (!scan_scalar(s, &kind)) {
            return false;
        }
        /* a value ended: a comma, or brackets that close */
        while (depth > 0 && !way_scan_take(s, ',')) {
            if (!way_scan_want(s, objects & 1 ? '}' : ']'))
                return false;
            depth--;
            objects >>= 1;
        }
        if (depth > 0 && (objects & 1) && !scan_key(s))
            return false;
    } while (depth > 0);
    return true;
}

bool way_scan_value(way_scan *s, way_scan_kind *kind, way_slice *raw)
{
    char c = way_scan_peek(s);
    bool ok;

    raw->p = s->p;
    if (c == '{' || c == '[') {
        *kind = c == '{' ? WAY_SCAN_OBJECT : WAY_SCAN_ARRAY;
        ok = scan_container(s);
    } else {
        ok = scan_scalar(s, kind);
    }
    raw->len = (size_t)(s->p - raw->p);
    return ok;
}

bool way_scan_done(way_scan *s)
{
    if (s->why)
        return false;
    (void)way_scan_peek(s);
    return s->p == s->end || way_scan_fail(s, "more text after the value");
}

static size_t put_utf8(unsigned v, char *out)
{
    if (v < 0x80) {
        out[0] = (char)v;
        return 1;
    }
    if (v < 0x800) {
        out[0] = (char)(0xc0 | v >> 6);
        out[1] = (char)(0x80 | (v & 0x3f));
        return 2;
    }
    if (v < 0x10000) {
        out[0] = (char)(0xe0 | v >> 12);
        out[1] = (char)(0x80 | (v >> 6 & 0x3f));
        out[2] = (char)(0x80 | (v & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | v >> 18);
    out[1] = (char)(0x80 | (v >> 12 & 0x3f));
    out[2] = (char)(0x80 | (v >> 6 & 0x3f));
    out[3] = (char)(0x80 | (v & 0x3f));
    return 4;
}

/* The escape at p (behind the backslash), which way_scan_string has checked.  Returns how many bytes it takes. */
static size_t decode_escape(const char *p, char *out, size_t *out_len)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

    if (*p != 'u') {
        *out = to[(const char *)memchr(from, *p, 8) - from];
        *out_len = 1;
        return 1;
    }
    unsigned v = (unsigned)hex4(p + 1);
    if (v < 0xd800 || v > 0xdbff) {
        *out_len = put_utf8(v, out);
        return 5;
    }
    v = 0x10000 + ((v - 0xd800) << 10) + ((unsigned)hex4(p + 7) - 0xdc00);
    *out_len = put_utf8(v, out);
    return 11;
}

size_t way_scan_decode(const way_scan_text *t, char *out)
{
    const char *p = t->raw.p, *end = p + t->raw.len;
    char *o = out;

    while (p < end) {
        const char *slash = t->escaped ? memchr(p, '\\', (size_t)(end - p)) : NULL;
        size_t plain = (size_t)((slash ? slash : end) - p), made;

        memcpy(o, p, plain);
        o += plain;
        p += plain;
        if (!slash)
            break;
        p++;
        p += decode_escape(p, o, &made);
        o += made;
    }
    return (size_t)(o - out);
}

bool way_scan_is(const way_scan_text *t, const char *name, size_t len)
{
    char small[WAY_POINTER_MAX * 6];

    if (!t->escaped)
        return t->raw.len == len && memcmp(t->raw.p, name, len) == 0;
    if (t->raw.len > sizeof small) /* an escape is at most six times as long as what it says */
        return false;
    return way_scan_decode(t, small) == len && memcmp(small, name, len) == 0;
}

bool way_scan_equals(const way_scan_text *t, const char *name)
{
    return way_scan_is(t, name, strlen(name));
}

way_code way_scan_error(const way_scan *s, way_err *e)
{
    return way_fail(e, WAY_E_INVAL, "not valid JSON at byte %zu: %s", (size_t)(s->p - s->start) + 1,
                    s->why ? s->why : "unknown");
}
