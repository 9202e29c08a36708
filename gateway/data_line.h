/* Line: one message as a JSON object, {"data"|"data_b64", "key", "partition", "msg_id", "headers"}: a line of an NDJSON upload or an
 * element of a JSON batch.
 *
 * Strict and complete, without a tree: fields are taken as they come, decoded into a scratch buffer that the caller keeps
 * from line to line.  Unknown fields, wrong types, the same field twice and both forms of data are refused.  Threads: any. */
#ifndef WAY_GATEWAY_DATA_LINE_H
#define WAY_GATEWAY_DATA_LINE_H

#include "core/base/buf.h"
#include "gateway/data_outgoing.h"
#include "gateway/data_scan.h"

/* Reads one object of len bytes.  out is borrowed from text and scratch until either changes.  Fields that are absent or null
 * keep what out held before, so that defaults of the request are set first.  *whole: the text is one JSON object, so that key, msg_id
 * and partition in out are as the sender gave them (as far as they have the right types), whatever else is wrong with it.
 * WAY_E_INVAL names the field; WAY_E_FULL: no memory. */
WAY_MUST_CHECK way_code way_line_parse(const char *text, size_t len, way_buf *scratch, way_outgoing *out, bool *whole,
                                       way_err *e);

/* The longest line that can hold a message of max_message_bytes: base64 or a moderate number of escapes, and headers. */
size_t way_line_bytes_max(int64_t max_message_bytes);

/* {"messages":[…]} and nothing else: checks the whole document and finds the list.  *at: behind the '['.
 * WAY_E_INVAL; WAY_E_TOO_LARGE above max_count. */
WAY_MUST_CHECK way_code way_batch_open(const char *text, size_t len, size_t max_count, const char **at, size_t *count,
                                       way_err *e);
/* Element at *at, which way_batch_open has checked; moves behind it. */
way_slice way_batch_next(const char **at, const char *end);

#endif
