/* Any bytes as a request head: everything that is read lies inside the text and is NUL-terminated there. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "gateway/head.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void inside(const way_head *h, size_t size, const char *p)
{
    WAY_ASSERT(p >= h->text && p < h->text + size && memchr(p, '\0', size - (size_t)(p - h->text)) != NULL);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    size_t end = way_head_end((const char *)data, size, 0);
    static way_head h;
    char *text;
    way_err e;

    if (end == 0 || end > WAY_HEAD_BYTES_MAX)
        return 0;
    text = malloc(end);
    memcpy(text, data, end);
    if (way_head_parse(text, end, &h, &e) == WAY_OK) {
        inside(&h, end, h.path);
        inside(&h, end, h.query);
        WAY_ASSERT(h.path[0] == '/' && strlen(h.path) == h.path_len && h.content_length >= -1);
        WAY_ASSERT(h.field_count <= WAY_HEAD_FIELDS_MAX);
        for (int i = 0; i < h.field_count; i++) {
            inside(&h, end, text + h.fields[i].name);
            inside(&h, end, text + h.fields[i].value);
            WAY_ASSERT(strlen(text + h.fields[i].name) == h.fields[i].name_len);
            WAY_ASSERT(strlen(text + h.fields[i].value) == h.fields[i].value_len);
        }
    }
    free(text);
    return 0;
}
