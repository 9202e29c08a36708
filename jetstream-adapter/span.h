/* Span: members of a JSON object as pieces of its text, for what must be copied unchanged or is too large to decode.
 *
 * Looks at well-formed JSON and never past its end; malformed text gives false somewhere, not a wrong read.  Keys are
 * compared as written (nats-server escapes none).  Threads: any; nothing allocates.  Private to jetstream-adapter. */
#ifndef WAY_ADAPTER_SPAN_H
#define WAY_ADAPTER_SPAN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct way_span {
    const char *p;
    size_t len;
} way_span;

/* Begins at an object's text; members then come one by one until false. */
bool way_span_open(way_span object, way_span *rest);
bool way_span_next(way_span *rest, way_span *key, way_span *value); /* key without its quotes */
bool way_span_member(way_span object, const char *key, way_span *value);
bool way_span_is(way_span s, const char *text);
/* Without the quotes of a string; false: not a string. */
bool way_span_text(way_span value, way_span *out);

#endif
