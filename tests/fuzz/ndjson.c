/* Any bytes as a line of an upload, as a JSON batch, and as a document that a pointer looks into.
 *
 * The scanner is held against the reader that builds trees (core/base/json): on a document that both can hold, they accept the same
 * texts and find the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "gateway/data_line.h"
#include "gateway/data_scan.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void as_line(const char *text, size_t len)
{
    way_outgoing m;
    way_buf scratch;
    way_err e;
    bool whole;

    way_buf_init(&scratch, 0);
    way_outgoing_init(&m);
    if (way_line_parse(text, len, &scratch, &m, &whole, &e) == WAY_OK) {
        WAY_ASSERT(whole && m.data);
        WAY_ASSERT(!m.key || (m.key[m.key_len] == '\0' && way_utf8_valid(m.key, m.key_len)));
        WAY_ASSERT(!m.msg_id || m.msg_id[m.msg_id_len] == '\0');
        for (size_t i = 0; i < m.header_count; i++)
            WAY_ASSERT(m.headers[i].key[0] && m.headers[i].value[0] && !strpbrk(m.headers[i].value, "\r\n"));
        WAY_ASSERT(m.len <= len);
    } else {
        WAY_ASSERT(e.text[0] && way_utf8_valid(e.text, strlen(e.text)));
    }
    way_buf_fini(&scratch);
}

static void as_batch(const char *text, size_t len)
{
    const char *at = NULL;
    size_t count = 0;
    way_err e;

    if (way_batch_open(text, len, 1000, &at, &count, &e) != WAY_OK)
        return;
    while (count--) {
        way_slice raw = way_batch_next(&at, text + len);
        WAY_ASSERT(raw.len && raw.p >= text && raw.p + raw.len <= text + len);
    }
}

static bool accepted(const char *text, size_t len)
{
    way_scan_kind kind;
    way_slice raw;
    way_scan s;

    way_scan_init(&s, text, len);
    return way_scan_value(&s, &kind, &raw) && way_scan_done(&s);
}

/* Differences that are meant: the tree refuses NUL escapes and duplicate keys. */
static void against_tree(const char *text, size_t len)
{
    cJSON *doc = NULL;
    way_pointer ptr;
    char out[256];
    size_t n;
    way_err e;

    if (way_json_parse(text, len, len + 1, &doc, &e) != WAY_OK)
        return;
    WAY_ASSERT(accepted(text, len));
    WAY_ASSERT(way_pointer_parse("/a/0", &ptr, &e) == WAY_OK);
    const cJSON *v = way_json_pointer(doc, "/a/0");
    way_code rc = way_pointer_find(&ptr, text, len, out, sizeof out, &n, &e);
    if (cJSON_IsString(v) && strlen(v->valuestring) <= sizeof out)
        WAY_ASSERT(rc == WAY_OK && n == strlen(v->valuestring) && memcmp(out, v->valuestring, n) == 0);
    else if (!v || cJSON_IsNull(v) || cJSON_IsArray(v) || cJSON_IsObject(v))
        WAY_ASSERT(rc == WAY_E_INVAL);
    else if (cJSON_IsBool(v))
        WAY_ASSERT(rc == WAY_OK && n == (cJSON_IsTrue(v) ? 4 : 5));
    cJSON_Delete(doc);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const char *text = (const char *)data;

    as_line(text, size);
    as_batch(text, size);
    against_tree(text, size);
    return 0;
}
