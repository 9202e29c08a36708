/* Reading JSON from outside: cJSON behind bounds, and typed getters that name the field in the error.
 *
 * way_json_parse is strict RFC 8259 and refuses, before cJSON sees a byte: more than `max_bytes`, nesting beyond 32,
 * more than WAY_JSON_VALUES_MAX values (cJSON takes 64 bytes for each, whatever its text), bytes after the value, NUL
 * bytes and the escape \u0000 (cJSON would cut the text there), lone surrogates and invalid UTF-8; after it, duplicate
 * keys in one object.  The result is the caller's (cJSON_Delete).
 *
 * Numbers are doubles in cJSON.  Integers are exact up to 2^53 - 1 and the getters refuse everything beyond, so that
 * nothing is ever rounded silently; who reads a number without a getter checks it with way_json_integer.
 *
 * Getters look a key up in an object, case-sensitively.  A missing key (or null) leaves *out as it was and returns
 * WAY_OK, so that defaults are set first.  A wrong type, or a value outside [min, max], is WAY_E_INVAL
 * with the field, the value and the bound in the text.  Threads: any. */
#ifndef WAY_BASE_JSON_H
#define WAY_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define WAY_JSON_DEPTH_MAX 32
#define WAY_JSON_VALUES_MAX (1u << 19)
#define WAY_JSON_INT_MAX 9007199254740991LL /* 2^53 - 1 */

WAY_MUST_CHECK way_code way_json_parse(const char *text, size_t len, size_t max_bytes, cJSON **out,
                                       way_err *e);
/* Syntax check alone, with the same bounds but max_bytes; nothing is allocated. */
WAY_MUST_CHECK way_code way_json_check(const char *text, size_t len, way_err *e);
/* The value must be an object and may hold only these keys (NULL-terminated list). */
WAY_MUST_CHECK way_code way_json_only(const cJSON *obj, const char *const *keys, way_err *e);

WAY_MUST_CHECK way_code way_json_get_int(const cJSON *obj, const char *key, int64_t min, int64_t max,
                                         int64_t *out, way_err *e);
WAY_MUST_CHECK way_code way_json_get_bool(const cJSON *obj, const char *key, bool *out, way_err *e);
/* Borrowed from obj.  max_len in bytes. */
WAY_MUST_CHECK way_code way_json_get_str(const cJSON *obj, const char *key, size_t max_len,
                                         const char **out, way_err *e);
/* Array or object at key, borrowed; a missing one leaves *out as it was, like every getter. */
WAY_MUST_CHECK way_code way_json_get_array(const cJSON *obj, const char *key, const cJSON **out,
                                           way_err *e);
WAY_MUST_CHECK way_code way_json_get_object(const cJSON *obj, const char *key, const cJSON **out,
                                            way_err *e);
/* A whole number that a double holds exactly: |v| < 2^53.  false: not a number, a fraction, or beyond. */
bool way_json_integer(const cJSON *v, int64_t *out);
/* RFC 6901 pointer, e.g. "/order/customer"; "" is the whole value.  NULL: nothing there. */
const cJSON *way_json_pointer(const cJSON *v, const char *pointer);

#endif
