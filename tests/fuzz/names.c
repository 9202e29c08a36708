/* Any bytes as a name: what is accepted is one harmless token of a subject and comes back from its stream's name. */
#include <string.h>

#include "core/base/mem.h"
#include "core/model/names.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char name[WAY_NAME_MAX + 1], internal[WAY_NAME_MAX + 1], back[WAY_NAME_MAX + 1], stream[WAY_STREAM_MAX + 1],
        subject[WAY_SUBJECT_MAX + 1];
    int32_t p = size > 0 ? data[0] * 16 + 1 : 1, parsed;
    way_err e;

    if (way_stream_parse((const char *)data, size, internal, &parsed)) {
        way_stream_name(internal, parsed, stream);
        WAY_ASSERT(strlen(stream) == size && memcmp(stream, data, size) == 0);
    }
    if (way_name_parse("station", (const char *)data, size, name, &e) != WAY_OK)
        return 0;
    WAY_ASSERT(strlen(name) == size && strpbrk(name, "*>$# \t\r\n/\\") == NULL);
    way_name_internal(name, internal);
    WAY_ASSERT(strchr(internal, '.') == NULL);
    way_name_external(internal, back);
    WAY_ASSERT(strcmp(back, name) == 0);
    way_stream_name(internal, p, stream);
    way_data_subject(internal, p, subject);
    WAY_ASSERT(way_stream_parse(stream, strlen(stream), back, &parsed) && parsed == p && strcmp(back, internal) == 0);
    return 0;
}
