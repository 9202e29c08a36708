/* Reading JSON from outside: cJSON behind bounds, and typed getters that name the field in the error.
 *
 * way_json_parse refuses: more than `max_bytes`, nesting beyond 32, duplicate keys in one object, bytes
 * after the value, NUL bytes and invalid UTF-8.  The result is the caller's (cJSON_Delete).
 * Getters look a key up in an object, case-sensitively.  A missing key (or null) leaves *out as it was and returns
 * WAY_OK, so that defaults are set first.  A wrong type, or a value outside [min, max], is WAY_E_INVAL
 * with the field, the value and the bound in the text.  Threads: any. */
#ifndef WAY_BASE_JSON_H
#define WAY_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "core/base/err.h"

WAY_MUST_CHECK way_code way_json_parse(const char *text, size_t len, size_t max_bytes, cJSON **out,
                                       way_err *e);
/* The value must be an object and may hold only these keys (NULL-terminated list). */
WAY_MUST_CHECK way_code way_json_only(const cJSON *obj, const char *const *keys, way_err *e);

WAY_MUST_CHECK way_code way_json_get_int(const cJSON *obj, const char *key, int64_t min, int64_t max,
                                         int64_t *out, way_err *e);
WAY_MUST_CHECK way_code way_json_get_bool(const cJSON *obj, const char *key, bool *out, way_err *e);
/* Borrowed from obj.  max_len in bytes. */
WAY_MUST_CHECK way_code way_json_get_str(const cJSON *obj, const char *key, size_t max_len,
                                         const char **out, way_err *e);
/* Array or object at key, borrowed; NULL when missing. */
WAY_MUST_CHECK way_code way_json_get_array(const cJSON *obj, const char *key, const cJSON **out,
                                           way_err *e);
WAY_MUST_CHECK way_code way_json_get_object(const cJSON *obj, const char *key, const cJSON **out,
                                            way_err *e);
/* RFC 6901 pointer, e.g. "/order/customer"; "" is the whole value.  NULL: nothing there. */
const cJSON *way_json_pointer(const cJSON *v, const char *pointer);

#endif
