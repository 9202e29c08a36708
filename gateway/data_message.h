/* Message: how a stored message looks in an answer, for fetch, browse and whatever reads messages later.  Threads: any. */
#ifndef WAY_GATEWAY_DATA_MESSAGE_H
#define WAY_GATEWAY_DATA_MESSAGE_H

#include "core/base/buf.h"

/* Calls fn for every header pair, in order, until it returns false. */
typedef void (*way_headers_each)(const void *from, bool (*fn)(void *arg, const char *key, const char *value), void *arg);

typedef struct way_message {
    int32_t partition;
    uint64_t seq;
    int64_t time_ns;
    const char *key; /* NULL: none */
    const char *data;
    size_t len;
    way_headers_each headers;
    const void *headers_from;
} way_message;

/* Members of the open JSON object in out: partition, seq, time, key, headers{}, then data (text) or data_b64.
 * as_text: data when the bytes are UTF-8 and do not swell too much as JSON text, else data_b64.  Way-Key is shown as key only;
 * a key that is not UTF-8 comes as key_b64; of a header that is there twice the first value is shown. */
void way_message_write(const way_message *m, bool as_text, way_buf *out);

/* A JSON string of bytes that may not be UTF-8: then every byte above 0x7f stands for the character of that number. */
void way_message_text(way_buf *out, const char *s, size_t len);

/* "text" or "base64". */
WAY_MUST_CHECK way_code way_message_form(const char *text, bool *as_text, way_err *e);

#endif
