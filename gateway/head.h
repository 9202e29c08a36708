/* Head of an HTTP/1.1 request: request line and header fields, parsed in place.
 *
 * Works on a private copy of the bytes and writes NULs into it; everything in way_head points there.  Strict where
 * leniency lets two readers disagree about where a request ends: CRLF only, no folded lines, no second
 * Content-Length, no blank before a colon.  Foreign bytes: fuzzed by tests/fuzz/head.c.  Threads: any; no state. */
#ifndef WAY_GATEWAY_HEAD_H
#define WAY_GATEWAY_HEAD_H

#include <stdint.h>

#include "core/base/err.h"

#define WAY_HEAD_BYTES_MAX 16384
#define WAY_HEAD_FIELDS_MAX 128

typedef enum way_method { WAY_GET, WAY_POST, WAY_PATCH, WAY_PUT, WAY_DELETE, WAY_METHOD_OTHER } way_method;

typedef struct way_field { /* offsets into the text, both NUL-terminated there */
    uint16_t name, name_len, value, value_len;
} way_field;

typedef struct way_head {
    char *text;
    way_method method;      /* HEAD reads as GET */
    bool no_body_back;      /* it was HEAD: the answer has no body */
    bool keep_alive;
    bool named_keep_alive;  /* HTTP/1.0 that asked for it: must be confirmed */
    bool expect_continue;
    bool transfer_encoding; /* any; we take none */
    int64_t content_length; /* -1: none */
    char *path;             /* escapes of plain characters decoded, others kept */
    size_t path_len;
    char *query;            /* raw, "" none */
    const char *content_type;  /* NULL: none */
    const char *authorization; /* NULL: none */
    char *end; /* behind the head: what follows in the text is free */
    int field_count;
    way_field fields[WAY_HEAD_FIELDS_MAX];
} way_head;

/* Bytes up to and with the empty line that ends a head; 0: not there yet.  `seen` bytes were searched before. */
size_t way_head_end(const char *bytes, size_t len, size_t seen);
/* text holds exactly one head (len from way_head_end, at most WAY_HEAD_BYTES_MAX).
 * WAY_E_INVAL; WAY_E_HEADERS for too many fields. */
WAY_MUST_CHECK way_code way_head_parse(char *text, size_t len, way_head *out, way_err *e);

#endif
