/* Errors: one enum for the whole process, and the only table that knows how a code looks outside.
 *
 * A function that can fail returns way_code and, when it has something to say, fills the caller's
 * way_err (last argument, may be NULL).  The detail is written where it is known: it names the field,
 * the value and the bound, or the next thing to try, and never holds a secret or a message body.
 * Threads: all functions, any thread. */
#ifndef WAY_BASE_ERR_H
#define WAY_BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#define WAY_MUST_CHECK __attribute__((warn_unused_result))
#define WAY_PRINTF(a, b) __attribute__((format(printf, a, b)))

#define WAY_CODES(X)                                                                               \
    /* code                 wire name              http  retry  title */                           \
    X(WAY_OK,               "ok",                  200, false, "OK")                               \
    X(WAY_E_INVAL,          "invalid",             400, false, "The request is not valid")         \
    X(WAY_E_UNAUTH,         "unauthenticated",     401, false, "Sign in first")                    \
    X(WAY_E_FORBIDDEN,      "forbidden",           403, false, "Not allowed")                      \
    X(WAY_E_NOT_FOUND,      "not_found",           404, false, "Not found")                        \
    X(WAY_E_METHOD,         "method",              405, false, "Method not allowed here")          \
    X(WAY_E_SLOW,           "slow",                408, true,  "The request came too slowly")      \
    X(WAY_E_EXISTS,         "exists",              409, false, "Exists already")                   \
    X(WAY_E_CONFLICT,       "conflict",            409, false, "Conflicts with what is there")     \
    X(WAY_E_GONE,           "gone",                410, false, "Gone")                             \
    X(WAY_E_LENGTH,         "length_required",     411, false, "Content-Length is required")       \
    X(WAY_E_TOO_LARGE,      "too_large",           413, false, "Too large")                        \
    X(WAY_E_UNSUPPORTED,    "unsupported",         415, false, "Content type not supported")       \
    X(WAY_E_SCHEMA,         "schema_violation",    422, false, "Does not fit the schema")          \
    X(WAY_E_THROTTLED,      "throttled",           429, true,  "Too many requests")                \
    X(WAY_E_HEADERS,        "headers_too_large",   431, false, "Headers too large")                \
    X(WAY_E_INTERNAL,       "internal",            500, false, "Internal error")                   \
    X(WAY_E_NEWER_SERVER,   "needs_newer_server",  501, false, "Needs a newer nats-server")        \
    X(WAY_E_UNAVAILABLE,    "unavailable",         503, true,  "A server behind us is unavailable") \
    X(WAY_E_FULL,           "overloaded",          503, true,  "Overloaded, try again")            \
    X(WAY_E_TIMEOUT,        "timeout",             504, true,  "No answer in time")

typedef enum way_code {
#define X(code, wire, http, retry, title) code,
    WAY_CODES(X)
#undef X
        WAY_CODE_COUNT
} way_code;

typedef struct way_err {
    way_code code;
    char text[400];
} way_err;

const char *way_code_name(way_code code);  /* wire name; static */
const char *way_code_title(way_code code); /* short human title; static */
int way_code_http(way_code code);
bool way_code_retry(way_code code);

/* Sets *e (unless NULL) and returns code, so that `return way_fail(e, WAY_E_INVAL, …)` reads well.
 * A text that does not fit is cut. */
way_code way_fail(way_err *e, way_code code, const char *fmt, ...) WAY_PRINTF(3, 4);

#endif
