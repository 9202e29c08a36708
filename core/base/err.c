/* The table of codes as the outside sees it.  One list (WAY_CODES) makes the enum and these rows, so that a code cannot
 * exist without its wire name and status. */
#include "core/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct code_row {
    const char *name;
    const char *title;
    int http;
    bool retry;
} rows[WAY_CODE_COUNT] = {
#define X(code, wire, status, again, words) [code] = {wire, words, status, again},
    WAY_CODES(X)
#undef X
};

static const struct code_row *row_of(way_code code)
{
    if ((unsigned)code >= WAY_CODE_COUNT)
        return &rows[WAY_E_INTERNAL];
    return &rows[code];
}

const char *way_code_name(way_code code)
{
    return row_of(code)->name;
}

const char *way_code_title(way_code code)
{
    return row_of(code)->title;
}

int way_code_http(way_code code)
{
    return row_of(code)->http;
}

bool way_code_retry(way_code code)
{
    return row_of(code)->retry;
}

/* The text goes out inside JSON: when it is cut, the cut must not split a UTF-8 sequence. */
static void trim_partial_utf8(char *text, size_t len)
{
    size_t back = 0;

    while (back < 3 && back < len && ((unsigned char)text[len - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back >= len)
        return;
    unsigned char lead = (unsigned char)text[len - 1 - back];
    size_t want = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (back != want)
        text[len - 1 - back] = '\0';
}

way_code way_fail(way_err *e, way_code code, const char *fmt, ...)
{
    if (e == NULL)
        return code;

    char text[sizeof e->text]; /* an argument may point into e->text */
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0)
        text[0] = '\0';
    else if ((size_t)n >= sizeof text)
        trim_partial_utf8(text, sizeof text - 1);
    e->code = code;
    memcpy(e->text, text, sizeof text);
    return code;
}
