/* Scan: strict JSON (RFC 8259) read where it lies, value by value, without a tree.
 *
 * For bodies that are many small documents (a line each), where a tree per line would cost more than the publish.  Nothing
 * allocates.  What is accepted is complete and strict: escapes, surrogate pairs, UTF-8, numbers and nesting (at most
 * WAY_SCAN_DEPTH) are checked; a NUL byte is an error like any other control byte.  Duplicate keys are the caller's to refuse, since
 * only it sees the names.
 * After the first error every function returns false and `why` says what was wrong, `p` where.  Threads: any. */
#ifndef WAY_GATEWAY_DATA_SCAN_H
#define WAY_GATEWAY_DATA_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

#define WAY_SCAN_DEPTH 32

typedef struct way_scan {
    const char *start, *p, *end;
    const char *why; /* static; NULL: no error so far */
} way_scan;

typedef struct way_slice { /* borrowed bytes of the text */
    const char *p;
    size_t len;
} way_slice;

typedef struct way_scan_text { /* what stands between the quotes */
    way_slice raw;
    bool escaped; /* raw has escapes: way_scan_decode */
} way_scan_text;

typedef enum way_scan_kind {
    WAY_SCAN_TEXT,
    WAY_SCAN_NUMBER,
    WAY_SCAN_TRUE,
    WAY_SCAN_FALSE,
    WAY_SCAN_NULL,
    WAY_SCAN_OBJECT,
    WAY_SCAN_ARRAY
} way_scan_kind;

void way_scan_init(way_scan *s, const char *text, size_t len);
bool way_scan_fail(way_scan *s, const char *why); /* keeps the first error; always false */
/* Next byte that is not white space, not taken; 0 at the end of the text or after an error. */
char way_scan_peek(way_scan *s);
/* Takes c if it comes next; its absence is no error. */
bool way_scan_take(way_scan *s, char c);
/* The same, but its absence is one. */
bool way_scan_want(way_scan *s, char c);
WAY_MUST_CHECK bool way_scan_string(way_scan *s, way_scan_text *out);
/* Takes any value; raw spans it, quotes and brackets included. */
WAY_MUST_CHECK bool way_scan_value(way_scan *s, way_scan_kind *kind, way_slice *raw);
/* Nothing but white space is left. */
WAY_MUST_CHECK bool way_scan_done(way_scan *s);

/* The text's bytes; out has room for raw.len bytes.  Not NUL-terminated. */
size_t way_scan_decode(const way_scan_text *t, char *out);
bool way_scan_equals(const way_scan_text *t, const char *name);
bool way_scan_is(const way_scan_text *t, const char *name, size_t len); /* names of at most WAY_POINTER_MAX bytes */
/* *e of the scanner's error: what, and at which byte. */
way_code way_scan_error(const way_scan *s, way_err *e);

/* RFC 6901 pointer, parsed once and used for many texts. */
#define WAY_POINTER_MAX 256
#define WAY_POINTER_PARTS_MAX 16
typedef struct way_pointer {
    char text[WAY_POINTER_MAX + 1]; /* the parts, unescaped, one behind the other */
    way_slice part[WAY_POINTER_PARTS_MAX];
    int parts;
} way_pointer;
/* Points into itself: do not copy.  WAY_E_INVAL: not a pointer, too long, too many parts. */
WAY_MUST_CHECK way_code way_pointer_parse(const char *text, way_pointer *out, way_err *e);
/* The scalar at the pointer as text: a string's bytes, the JSON text of a number, true or false.  The whole document is checked.
 * WAY_E_INVAL: not JSON; nothing there, or null, an object, an array; more than cap bytes; the same key twice on the way. */
WAY_MUST_CHECK way_code way_pointer_find(const way_pointer *ptr, const char *json, size_t len, char *out, size_t cap,
                                         size_t *out_len, way_err *e);

#endif
