/* Tables for people.  Widths are counted in UTF-8 characters, so that a name with an accent does not shift a column. */
#include "gateway/cli/table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

void way_table_init(way_table *t, const char *const *heads)
{
    memset(t, 0, sizeof *t);
    for (; heads[t->columns]; t->columns++) {
        WAY_ASSERT(t->columns < WAY_TABLE_COLUMNS);
        t->right[t->columns] = heads[t->columns][0] == '>';
        t->heads[t->columns] = heads[t->columns] + t->right[t->columns];
    }
}

void way_table_fini(way_table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i]);
    free(t->cells);
    memset(t, 0, sizeof *t);
}

void way_table_text(way_table *t, const char *s)
{
    if (t->count == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 64;
        t->cells = way_xrealloc(t->cells, t->cap * sizeof *t->cells);
    }
    t->cells[t->count++] = way_xstrdup(s && *s ? s : "-");
}

void way_table_printf(way_table *t, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    way_table_text(t, text);
}

static void add_buf(way_table *t, way_buf *b)
{
    way_table_text(t, b->data);
    way_buf_fini(b);
}

void way_table_count(way_table *t, uint64_t n)
{
    way_buf b;
    way_buf_init(&b, 0);
    way_text_count(&b, n);
    add_buf(t, &b);
}

void way_table_bytes(way_table *t, uint64_t n)
{
    way_buf b;
    way_buf_init(&b, 0);
    way_text_bytes(&b, n);
    add_buf(t, &b);
}

void way_table_ms(way_table *t, int64_t ms)
{
    way_buf b;
    way_buf_init(&b, 0);
    way_text_ms(&b, ms);
    add_buf(t, &b);
}

void way_text_count(way_buf *out, uint64_t n)
{
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            way_buf_char(out, ',');
        way_buf_char(out, digits[i]);
    }
}

void way_text_bytes(way_buf *out, uint64_t n)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double v = (double)n;
    size_t unit = 0;
    while (v >= 1024 && unit + 1 < WAY_COUNT(units)) {
        v /= 1024;
        unit++;
    }
    way_buf_printf(out, unit == 0 || v >= 100 ? "%.0f %s" : "%.1f %s", v, units[unit]);
}

void way_text_ms(way_buf *out, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *unit;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};

    if (ms < 0) {
        way_buf_char(out, '-');
        return;
    }
    if (ms == 0) {
        way_buf_str(out, "0s");
        return;
    }
    int parts = 0; /* the two largest units say enough */
    for (size_t i = 0; i < WAY_COUNT(units) && parts < 2; i++) {
        if (ms < units[i].ms) {
            if (parts > 0)
                break;
            continue;
        }
        way_buf_i64(out, ms / units[i].ms);
        way_buf_str(out, units[i].unit);
        ms %= units[i].ms;
        parts++;
    }
}

static size_t width_of(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void cell(way_buf *out, const char *s, size_t width, bool right, bool last)
{
    size_t pad = width - width_of(s);
    for (size_t i = 0; right && i < pad; i++)
        way_buf_char(out, ' ');
    way_buf_str(out, s);
    for (size_t i = 0; !right && !last && i < pad; i++)
        way_buf_char(out, ' ');
    way_buf_str(out, last ? "\n" : "  ");
}

void way_table_render(const way_table *t, way_buf *out)
{
    size_t widths[WAY_TABLE_COLUMNS];
    for (int c = 0; c < t->columns; c++)
        widths[c] = width_of(t->heads[c]);
    for (size_t i = 0; i < t->count; i++) {
        size_t w = width_of(t->cells[i]);
        int c = (int)(i % (size_t)t->columns);
        if (w > widths[c])
            widths[c] = w;
    }
    for (int c = 0; c < t->columns; c++)
        cell(out, t->heads[c], widths[c], t->right[c], c + 1 == t->columns);
    for (size_t i = 0; i < t->count; i++) {
        int c = (int)(i % (size_t)t->columns);
        cell(out, t->cells[i], widths[c], t->right[c], c + 1 == t->columns);
    }
}

void way_table_print(const way_table *t)
{
    way_buf b;
    way_buf_init(&b, 0);
    way_table_render(t, &b);
    fwrite(b.data, 1, b.len, stdout);
    way_buf_fini(&b);
}
