/* Percent escapes and query strings.  Foreign bytes: fuzzed by tests/fuzz/query.c.  Threads: any; no state. */
#ifndef WAY_GATEWAY_QUERY_H
#define WAY_GATEWAY_QUERY_H

#include "core/base/err.h"

/* Decodes %XX in place and ends it with NUL; *len shrinks.  plus: '+' is a blank (query strings).  false: an escape is
 * broken or is %00. */
bool way_percent_decode(char *text, size_t *len, bool plus);
/* Decodes, in place, only escapes of characters that mean the same without (letters, digits, "-._~", and ':' of our
 * verbs), so that a path can be matched; returns the new length.  text must be NUL-terminated and stays so. */
size_t way_path_plain(char *text, size_t len);
/* Value of the first parameter of that name, decoded into out.  false: absent, or, with e->code set, too long for
 * cap or with a broken escape.  *e is WAY_OK otherwise. */
bool way_query_get(const char *query, const char *name, char *out, size_t cap, way_err *e);

#endif
