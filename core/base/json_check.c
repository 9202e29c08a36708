/* Strict syntax check of JSON, in one pass without recursion or memory.
 *
 * Why not cJSON alone: it takes raw control characters, numbers like 01, cuts texts at \u0000, recurses a thousand
 * levels and allocates before it knows whether the rest is any good.  What passes here, cJSON parses the same way. */
#include <string.h>

#include "core/base/json.h"
#include "core/base/text.h"

typedef struct scan {
    const char *p, *end;
    const char *wrong; /* what is wrong at p */
    uint64_t objects;  /* bit d: level d is an object, else an array */
    int depth;
    uint32_t values;
} scan;

static bool fail(scan *s, const char *what)
{
    s->wrong = what;
    return false;
}

static bool at(const scan *s, char c)
{
    return s->p < s->end && *s->p == c;
}

static void blanks(scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static bool hex4(scan *s, unsigned *v)
{
    *v = 0;
    if (s->end - s->p < 4)
        return false;
    for (int i = 0; i < 4; i++, s->p++) {
        char c = *s->p;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit == 16)
            return false;
        *v = *v * 16 + digit;
    }
    return true;
}

static bool escape(scan *s)
{
    unsigned v, low;

    if (s->p == s->end || strchr("\"\\/bfnrtu", *s->p) == NULL || *s->p == '\0')
        return fail(s, "an unknown escape");
    if (*s->p++ != 'u')
        return true;
    if (!hex4(s, &v))
        return fail(s, "a \\u escape without four hex digits");
    if (v == 0)
        return fail(s, "the escape \\u0000 (send such data as base64)");
    if (v >= 0xDC00 && v <= 0xDFFF)
        return fail(s, "half a surrogate pair");
    if (v >= 0xD800 && v <= 0xDBFF) {
        if (s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u')
            return fail(s, "half a surrogate pair");
        s->p += 2;
        if (!hex4(s, &low) || low < 0xDC00 || low > 0xDFFF)
            return fail(s, "half a surrogate pair");
    }
    return true;
}

static bool string(scan *s)
{
    if (!at(s, '"'))
        return fail(s, "no quoted text where one must be");
    for (s->p++; s->p < s->end; s->p++) {
        unsigned char c = (unsigned char)*s->p;
        if (c == '"') {
            s->p++;
            return true;
        }
        if (c < 0x20)
            return fail(s, "a control character inside a text");
        if (c == '\\') {
            s->p++;
            if (!escape(s))
                return false;
            s->p--;
        }
    }
    return fail(s, "a text that does not end");
}

static bool digits(scan *s)
{
    const char *from = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return s->p > from ? true : fail(s, "a number without digits");
}

static bool number(scan *s)
{
    const char *from = s->p;

    if (at(s, '-'))
        s->p++;
    if (at(s, '0'))
        s->p++;
    else if (!digits(s))
        return false;
    if (at(s, '.')) {
        s->p++;
        if (!digits(s))
            return false;
    }
    if (at(s, 'e') || at(s, 'E')) {
        s->p++;
        if (at(s, '+') || at(s, '-'))
            s->p++;
        if (!digits(s))
            return false;
    }
    /* cJSON reads numbers through a buffer of 64 bytes */
    return s->p - from <= 60 ? true : fail(s, "a number of more than 60 characters");
}

static bool literal(scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return fail(s, "something that is no JSON value");
    s->p += n;
    return true;
}

/* One value that holds no others, or the opening bracket of one that does. */
static bool begin_value(scan *s, bool *opened)
{
    *opened = false;
    if (++s->values > WAY_JSON_VALUES_MAX)
        return fail(s, "more than 524288 values");
    if (s->p == s->end)
        return fail(s, "an end where a value must be");
    switch (*s->p) {
    case '{':
    case '[':
        if (s->depth == WAY_JSON_DEPTH_MAX)
            return fail(s, "nesting deeper than 32 levels");
        s->depth++;
        s->objects = (s->objects & ~(1ULL << s->depth)) | (uint64_t)(*s->p == '{') << s->depth;
        s->p++;
        *opened = true;
        return true;
    case '"':
        return string(s);
    case 't':
        return literal(s, "true");
    case 'f':
        return literal(s, "false");
    case 'n':
        return literal(s, "null");
    default:
        if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
            return number(s);
        return fail(s, "something that is no JSON value");
    }
}

static bool in_object(const scan *s)
{
    return (s->objects >> s->depth & 1) != 0;
}

static bool member_key(scan *s)
{
    blanks(s);
    if (!string(s))
        return false;
    blanks(s);
    if (!at(s, ':'))
        return fail(s, "a key without its colon");
    s->p++;
    return true;
}

static bool document(scan *s)
{
    bool opened;

    do {
        blanks(s);
        if (!begin_value(s, &opened))
            return false;
        blanks(s);
        if (opened && !at(s, in_object(s) ? '}' : ']')) {
            if (in_object(s) && !member_key(s))
                return false;
            continue;
        }
        /* a value ended: close what closes here, until a comma asks for the next one */
        while (s->depth > 0 && at(s, in_object(s) ? '}' : ']')) {
            s->p++;
            s->depth--;
            blanks(s);
        }
        if (s->depth == 0)
            break;
        if (!at(s, ','))
            return fail(s, s->p == s->end ? "an end inside an object or array" : "no comma between values");
        s->p++;
        if (in_object(s) && !member_key(s))
            return false;
    } while (true);
    return s->p == s->end ? true : fail(s, "something after the value");
}

way_code way_json_check(const char *text, size_t len, way_err *e)
{
    scan s = {.p = text, .end = text + len};

    if (memchr(text, '\0', len) != NULL)
        return way_fail(e, WAY_E_INVAL, "the body holds a NUL byte; JSON cannot");
    if (!way_utf8_valid(text, len))
        return way_fail(e, WAY_E_INVAL, "the body is not valid UTF-8");
    if (!document(&s))
        return way_fail(e, WAY_E_INVAL, "not valid JSON: %s at byte %zu", s.wrong, (size_t)(s.p - text));
    return WAY_OK;
}
