/* Request: gathers messages into the body of one NDJSON upload.
 *
 * Two forms.  Plain: each line of the body is a payload (or, with `objects`, a message object that the user wrote), passed on as
 * it is.  Wrapped, when a message has headers or may hold line feeds: each line is an object made here.
 * Lines are numbered through all requests of one call, so that message ids and the lines that failures name go on.
 * Main thread only. */
#ifndef WAY_CLI_REQUEST_H
#define WAY_CLI_REQUEST_H

#include "core/base/buf.h"
#include "gateway/cli/args.h"

#define WAY_REQUEST_BYTES (4 * 1024 * 1024)

typedef struct way_request_form { /* all borrowed; NULL: not given */
    const char *station;
    const char *key;
    const char *key_from; /* JSON pointer */
    const char *msg_id_prefix;
    const way_arg_list *headers; /* "Name:value" */
    int64_t partition;           /* 0: not given */
    bool objects;
    bool wrap;
} way_request_form;

typedef struct way_request {
    const way_request_form *form;
    way_buf body;
    uint64_t first_line;
    uint64_t messages; /* lines that are not empty */
    uint64_t bytes;    /* of payload */
} way_request;

/* What a form may not combine, and headers that are none: WAY_E_INVAL (usage). */
WAY_MUST_CHECK way_code way_request_form_check(const way_request_form *f, way_err *e);

void way_request_init(way_request *r, const way_request_form *f);
void way_request_fini(way_request *r);
void way_request_reset(way_request *r);
/* Room for a message of len bytes without making the body larger than WAY_REQUEST_BYTES; an empty request takes any. */
bool way_request_fits(const way_request *r, size_t len);
/* Numbers must follow each other.  WAY_E_INVAL: no key at key_from in this message; nothing was added then. */
WAY_MUST_CHECK way_code way_request_add(way_request *r, const char *message, size_t len, uint64_t number, way_err *e);
void way_request_path(const way_request *r, way_buf *out);

#endif
