/* Text helpers: UTF-8 checks, base64, hex, numbers.  No state.  Threads: any. */
#ifndef WAY_BASE_TEXT_H
#define WAY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

bool way_utf8_valid(const char *s, size_t len); /* NUL bytes are valid UTF-8; overlong forms are not */

/* A foreign value for an error text: control bytes and broken UTF-8 become '?', and what is longer than fits ends in
 * "..." (never in the middle of a sequence).  Returns out. */
#define WAY_QUOTE_MAX 64
const char *way_text_quote(const char *s, size_t len, char out[WAY_QUOTE_MAX]);

/* Standard alphabet with padding (RFC 4648, section 4). */
void way_b64_add(way_buf *out, const void *p, size_t len);
/* Strict: padding required, no white space.  out has at least len/4*3 bytes. */
bool way_b64_decode(const char *s, size_t len, unsigned char *out, size_t *out_len);
/* URL-safe alphabet without padding (receipts, tokens, paging cursors). */
void way_b64url_add(way_buf *out, const void *p, size_t len);
bool way_b64url_decode(const char *s, size_t len, unsigned char *out, size_t cap, size_t *out_len);

/* Whole text must be a decimal number; no sign for u64, no blanks, no overflow. */
bool way_u64_parse(const char *s, size_t len, uint64_t *v);
bool way_i64_parse(const char *s, size_t len, int64_t *v);
/* Writes without a NUL and returns where to go on: for names built per message, where snprintf shows in a profile.  The caller has
 * the room (20 bytes for a number). */
char *way_put_u64(char *to, uint64_t v);
char *way_put_str(char *to, const char *s);
/* "64MB", "8MiB", "512k", "1000": bytes; powers of ten for kB/MB/GB, of two for KiB/MiB/GiB; a lone
 * K, M or G means the binary one, as in nats-server's config. */
bool way_bytes_parse(const char *s, int64_t *bytes);

/* 16 random bytes as 32 hex digits, and n random bytes. */
#define WAY_RANDOM_ID_MAX 33
void way_random_id(char out[WAY_RANDOM_ID_MAX]);
void way_random_bytes(void *out, size_t len);

uint64_t way_hash64(const void *p, size_t len); /* for hash tables; keyed per process (SipHash) */

#endif
