/* Any bytes as the body of a settle.  What is accepted lies inside the text and can be written into JSON again. */
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/mem.h"
#include "gateway/data_settle.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const char *text = (const char *)data;
    cJSON *doc = NULL;
    way_settle s;
    way_buf out;
    way_err e;

    if (way_settle_parse(text, size, &s, &e) != WAY_OK) {
        WAY_ASSERT(e.text[0] && !s.items);
        return 0;
    }
    /* a reader that builds trees must not see another document, only refuse more (depth, sizes) */
    way_buf_init(&out, 0);
    way_json_open(&out, '[');
    for (size_t i = 0; i < s.count; i++) {
        const way_slice *r = &s.items[i].receipt;
        WAY_ASSERT(r->p >= text && r->p + r->len <= text + size && s.items[i].op <= WAY_SETTLE_PROGRESS);
        way_buf_str(&out, i ? ",\"" : "\"");
        way_buf_add(&out, r->p, r->len);
        way_buf_char(&out, '"');
    }
    way_json_close(&out, ']');
    WAY_ASSERT(!memchr(s.reason, '\0', strlen(s.reason)) && s.delay_ms >= 0 && s.delay_ms <= WAY_SETTLE_DELAY_MAX_MS);
    doc = cJSON_ParseWithLength(out.data, out.len);
    WAY_ASSERT(doc && (size_t)cJSON_GetArraySize(doc) == s.count);
    cJSON_Delete(doc);
    way_buf_fini(&out);
    free(s.items);
    return 0;
}
