/* Table: columns for people, fitted to 80 characters where the values allow it; numbers to the right.
 * Main thread only. */
#ifndef WAY_CLI_TABLE_H
#define WAY_CLI_TABLE_H

#include "core/base/buf.h"

#define WAY_TABLE_COLUMNS 12

typedef struct way_table {
    const char *heads[WAY_TABLE_COLUMNS];
    bool right[WAY_TABLE_COLUMNS];
    int columns;
    char **cells; /* owned, row by row */
    size_t count, cap;
} way_table;

/* heads: NULL-terminated; one that begins with '>' is a number column (the '>' is not shown). */
void way_table_init(way_table *t, const char *const *heads);
void way_table_fini(way_table *t);
void way_table_text(way_table *t, const char *s); /* NULL: "-" */
void way_table_printf(way_table *t, const char *fmt, ...) WAY_PRINTF(2, 3);
void way_table_count(way_table *t, uint64_t n);        /* 1,234,567 */
void way_table_bytes(way_table *t, uint64_t n);        /* 1.2 MiB */
void way_table_ms(way_table *t, int64_t ms);           /* 3d4h, 12s; below 0: "-" */
void way_table_render(const way_table *t, way_buf *out);
void way_table_print(const way_table *t); /* to stdout */

void way_text_count(way_buf *out, uint64_t n);
void way_text_bytes(way_buf *out, uint64_t n);
void way_text_ms(way_buf *out, int64_t ms);

#endif
