/* Percent escapes and query strings. */
#include "gateway/query.h"

#include <string.h>

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

/* The byte of an escape "%XX" at s, -1: broken. */
static int escape_at(const char *s, const char *end)
{
    int hi, lo;

    if (end - s < 3)
        return -1;
    hi = hex_digit(s[1]);
    lo = hex_digit(s[2]);
    return hi < 0 || lo < 0 ? -1 : hi * 16 + lo;
}

bool way_percent_decode(char *text, size_t *len, bool plus)
{
    const char *end = text + *len;
    char *to = text;

    for (const char *s = text; s < end; s++) {
        if (*s == '%') {
            int c = escape_at(s, end);

            if (c <= 0)
                return false;
            *to++ = (char)c;
            s += 2;
        } else {
            *to++ = plus && *s == '+' ? ' ' : *s;
        }
    }
    *len = (size_t)(to - text);
    *to = '\0';
    return true;
}

static bool is_plain(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~' || c == ':';
}

size_t way_path_plain(char *text, size_t len)
{
    const char *end = text + len;
    char *to = memchr(text, '%', len);

    if (to == NULL)
        return len;
    for (const char *s = to; s < end; s++) {
        int c = *s == '%' ? escape_at(s, end) : -1;

        if (c >= 0 && is_plain(c)) {
            *to++ = (char)c;
            s += 2;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}

/* Does the raw name [s, s+len) mean `name`?  Escapes in names are decoded too, as form libraries write "%5F". */
static bool name_is(const char *s, size_t len, const char *name)
{
    const char *end = s + len;

    for (; s < end; s++, name++) {
        int c = *s == '%' ? escape_at(s, end) : (unsigned char)(*s == '+' ? ' ' : *s);

        if (c <= 0 || (unsigned char)*name != c)
            return false;
        if (*s == '%')
            s += 2;
    }
    return *name == '\0';
}

bool way_query_get(const char *query, const char *name, char *out, size_t cap, way_err *e)
{
    if (e != NULL)
        *e = (way_err){.code = WAY_OK};
    while (*query != '\0') {
        size_t pair = strcspn(query, "&");
        const char *eq = memchr(query, '=', pair);
        size_t name_len = eq != NULL ? (size_t)(eq - query) : pair;

        if (name_is(query, name_len, name)) {
            size_t raw = eq != NULL ? pair - name_len - 1 : 0;
            size_t kept = 0;

            /* decoded while it is copied: the escaped form may be three times as long as what is allowed */
            for (size_t i = 0; i < raw; i++) {
                int c = (unsigned char)eq[1 + i];

                if (c == '%') {
                    c = escape_at(eq + 1 + i, eq + 1 + raw);
                    if (c <= 0) {
                        way_fail(e, WAY_E_INVAL, "query parameter %s has a broken percent escape", name);
                        return false;
                    }
                    i += 2;
                } else if (c == '+') {
                    c = ' ';
                }
                if (kept + 1 >= cap) {
                    way_fail(e, WAY_E_INVAL, "query parameter %s is longer than %zu bytes", name, cap - 1);
                    return false;
                }
                out[kept++] = (char)c;
            }
            out[kept] = '\0';
            return true;
        }
        query += pair;
        if (*query == '&')
            query++;
    }
    return false;
}
