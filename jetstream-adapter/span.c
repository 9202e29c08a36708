/* Span: one pass, no recursion: nesting is a counter, since brackets inside strings are skipped with them. */
#include "jetstream-adapter/span.h"

#include <string.h>

static const char *skip_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* p at the opening quote; behind the closing one, or NULL. */
static const char *skip_string(const char *p, const char *end)
{
    p++;
    while (p < end) {
        const char *quote = memchr(p, '"', (size_t)(end - p));
        const char *q = quote;

        if (!quote)
            return NULL;
        while (q > p && q[-1] == '\\')
            q--;
        if (((quote - q) & 1) == 0) /* an even number of backslashes: they escape each other */
            return quote + 1;
        p = quote + 1;
    }
    return NULL;
}

static const char *skip_value(const char *p, const char *end)
{
    size_t depth = 0;

    while (p < end) {
        switch (*p) {
        case '"':
            p = skip_string(p, end);
            if (!p || depth == 0)
                return p;
            continue;
        case '{':
        case '[':
            depth++;
            break;
        case '}':
        case ']':
            if (depth == 0)
                return p;
            if (--depth == 0)
                return p + 1;
            break;
        case ',':
        case ' ':
        case '\t':
        case '\n':
        case '\r':
            if (depth == 0)
                return p;
            break;
        default:
            break;
        }
        p++;
    }
    return depth == 0 ? p : NULL;
}

bool way_span_open(way_span object, way_span *rest)
{
    const char *end = object.p + object.len, *p = skip_blank(object.p, end);

    if (p == end || *p != '{')
        return false;
    *rest = (way_span){p + 1, (size_t)(end - p - 1)};
    return true;
}

bool way_span_next(way_span *rest, way_span *key, way_span *value)
{
    const char *end = rest->p + rest->len, *p = skip_blank(rest->p, end), *from;

    if (p < end && *p == ',')
        p = skip_blank(p + 1, end);
    if (p == end || *p != '"')
        return false;
    from = p + 1;
    p = skip_string(p, end);
    if (!p)
        return false;
    *key = (way_span){from, (size_t)(p - 1 - from)};
    p = skip_blank(p, end);
    if (p == end || *p != ':')
        return false;
    from = skip_blank(p + 1, end);
    p = skip_value(from, end);
    if (!p || p == from)
        return false;
    *value = (way_span){from, (size_t)(p - from)};
    *rest = (way_span){p, (size_t)(end - p)};
    return true;
}

bool way_span_member(way_span object, const char *key, way_span *value)
{
    way_span rest, k, v;

    if (!way_span_open(object, &rest))
        return false;
    while (way_span_next(&rest, &k, &v)) {
        if (way_span_is(k, key)) {
            *value = v;
            return true;
        }
    }
    return false;
}

bool way_span_is(way_span s, const char *text)
{
    return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

bool way_span_text(way_span value, way_span *out)
{
    if (value.len < 2 || value.p[0] != '"')
        return false;
    *out = (way_span){value.p + 1, value.len - 2};
    return true;
}
