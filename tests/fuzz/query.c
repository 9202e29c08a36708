/* Any text as a query string and as a path: values stay within their room, decoding never grows. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "gateway/http.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char *text = malloc(size + 1), out[16];
    const way_route *route;
    const char *part[2];
    size_t len, part_len[2];
    way_err e;

    memcpy(text, data, size);
    text[size] = '\0';
    len = strlen(text);
    if (way_query_get(text, "key", out, sizeof out, &e))
        WAY_ASSERT(strlen(out) < sizeof out && e.code == WAY_OK);
    len = way_path_plain(text, len);
    WAY_ASSERT(strlen(text) == len);
    if (way_route_find(WAY_DOOR_REST, WAY_POST, text, len, &route, part, part_len, &e) == WAY_OK) {
        for (int i = 0; i < 2; i++)
            WAY_ASSERT(part[i] == NULL || (part[i] > text && part[i] + part_len[i] <= text + len));
    }
    if (way_percent_decode(text, &len, true))
        WAY_ASSERT(strlen(text) == len);
    free(text);
    return 0;
}
