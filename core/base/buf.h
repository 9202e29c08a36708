/* Growable byte buffer and JSON writer with a sticky error: append freely, check once at the end.
 *
 * Owner: whoever embeds it; no locks.  limit bounds the size in bytes (0: none); what would exceed it,
 * or cannot be allocated, sets `failed` and every later append is ignored.
 * data is kept NUL-terminated after every append (the NUL is not counted in len). */
#ifndef WAY_BASE_BUF_H
#define WAY_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

typedef struct way_buf {
    char *data;
    size_t len;
    size_t cap;
    size_t limit;
    bool failed;
} way_buf;

void way_buf_init(way_buf *b, size_t limit_bytes);
void way_buf_fini(way_buf *b);
void way_buf_reset(way_buf *b);                   /* empty again, memory kept */
char *way_buf_take(way_buf *b, size_t *len);      /* owned, NULL if failed; the buffer is empty then */
bool way_buf_reserve(way_buf *b, size_t more);    /* room for `more` bytes beyond len */
void way_buf_add(way_buf *b, const void *p, size_t len);
void way_buf_str(way_buf *b, const char *s);
void way_buf_char(way_buf *b, char c);
void way_buf_printf(way_buf *b, const char *fmt, ...) WAY_PRINTF(2, 3);
void way_buf_u64(way_buf *b, uint64_t v);
void way_buf_i64(way_buf *b, int64_t v);
void way_buf_drop_front(way_buf *b, size_t len);  /* removes len bytes at the front (memmove) */

/* JSON, written straight into the buffer.  The caller writes the punctuation-free sequence
 *   way_json_open(b, '{'); way_json_key(b, "a"); way_json_int(b, 1); way_json_close(b, '}');
 * and commas come by themselves, from the last byte written. */
void way_json_open(way_buf *b, char bracket);  /* '{' or '[' */
void way_json_close(way_buf *b, char bracket); /* '}' or ']' */
void way_json_key(way_buf *b, const char *key);
void way_json_text(way_buf *b, const char *s, size_t len); /* valid UTF-8 assumed; escapes as needed */
void way_json_str(way_buf *b, const char *s);              /* NULL gives null */
void way_json_int(way_buf *b, int64_t v);
void way_json_uint(way_buf *b, uint64_t v);
void way_json_bool(way_buf *b, bool v);
void way_json_null(way_buf *b);
void way_json_raw(way_buf *b, const char *json, size_t len); /* an already rendered value */
void way_json_kv_str(way_buf *b, const char *key, const char *s);
void way_json_kv_int(way_buf *b, const char *key, int64_t v);
void way_json_kv_uint(way_buf *b, const char *key, uint64_t v);
void way_json_kv_bool(way_buf *b, const char *key, bool v);

#endif
