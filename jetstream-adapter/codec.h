/* Codec: JetStream API JSON <-> the structs of core/control/js_port.h.
 *
 * Requests are written with 64-bit numbers in full (cJSON would print 3.6e+12, which nats-server refuses); what is read back goes
 * through bounds first.  An update is text over text: our members replace theirs, all others are copied byte for
 * byte, so that nothing we do not understand is lost or rounded.
 *
 * 0, -1 and absent are one value ("no limit", "not set"); metadata keys that begin with "_nats." are the server's own.
 * Threads: any; no state.  Private to jetstream-adapter. */
#ifndef WAY_ADAPTER_CODEC_H
#define WAY_ADAPTER_CODEC_H

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/control/js_port.h"

#define WAY_JS_ANSWER_MAX (8u * 1024 * 1024)     /* a page of names or one config */
#define WAY_JS_MESSAGE_MAX (96u * 1024 * 1024)   /* one message of 63 MiB in base64, with headers */

/* The error object of an answer. */
typedef struct way_js_fault {
    int32_t http;     /* 404, 503 … */
    int32_t err_code; /* 10059 … */
    char text[256];
} way_js_fault;

/* Parses an answer.  WAY_OK and fault->err_code == 0: *out is the answer (cJSON_Delete).  WAY_OK and a fault: *out is NULL.
 * WAY_E_INTERNAL: not JSON of this kind. */
WAY_MUST_CHECK way_code way_js_answer(const char *text, size_t len, cJSON **out, way_js_fault *fault, way_err *e);
way_code way_js_fault_code(const way_js_fault *f);

enum { /* nats-server's numbers that callers handle */
    WAY_JS_CONSUMER_NOT_FOUND = 10014,
    WAY_JS_NO_MESSAGE = 10037,
    WAY_JS_STREAM_NOT_FOUND = 10059,
    WAY_JS_SUBJECT_OVERLAP = 10065
};

/* ---- requests: append one JSON value ---- */
void way_js_stream_write(const way_js_stream *c, const way_server_info *srv, way_buf *out);
/* The config object of a create. */
void way_js_consumer_write(const way_js_consumer *c, way_buf *out);
/* Only what nats-server lets change on a live consumer: where it starts and what it filters stay as they are. */
void way_js_consumer_write_live(const way_js_consumer *c, way_buf *out);
/* theirs: an answer that holds "config".  ours: an object.  Metadata is merged key by key.  false: no config there. */
bool way_js_overlay(const char *theirs, size_t theirs_len, const char *ours, size_t ours_len, way_buf *out);

/* ---- answers ---- */
WAY_MUST_CHECK way_code way_js_stream_read(const cJSON *answer, way_js_stream_info *out, way_err *e);
WAY_MUST_CHECK way_code way_js_consumer_read(const cJSON *answer, way_js_consumer_info *out, way_err *e);
/* Sequence and time out of a MSG.GET answer, without decoding the message.  WAY_OK and a fault as in way_js_answer. */
WAY_MUST_CHECK way_code way_js_msg_read(const char *text, size_t len, way_js_msg *out, way_js_fault *fault,
                                        way_err *e);

/* The first member of `sent` (our JSON) that the answer's config does not carry: its name in field; false: all the same. */
bool way_js_differs(const char *sent, size_t len, const cJSON *answer, char *field, size_t size);

#endif
