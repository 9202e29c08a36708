#include "gateway/cli/delivery.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "gateway/cli/verbs.h"

static void copy_member(const cJSON *m, const char *key, way_buf *out)
{
    const cJSON *v = way_get(m, key);
    int64_t n;

    if (way_json_integer(v, &n)) { /* cJSON rounds large numbers to 15 digits when it prints them */
        way_json_kv_int(out, key, n);
        return;
    }
    char *text = v ? cJSON_PrintUnformatted(v) : NULL;
    if (text) {
        way_json_key(out, key);
        way_json_raw(out, text, strlen(text));
    }
    free(text);
}

static void write_json(const cJSON *m, const char *payload, size_t len, way_buf *out)
{
    static const char *const members[] = {"partition", "seq", "key", "key_b64", "time", "deliveries", "headers"};

    way_json_open(out, '{');
    for (size_t i = 0; i < WAY_COUNT(members); i++)
        copy_member(m, members[i], out);
    if (way_utf8_valid(payload, len)) {
        way_json_key(out, "data");
        way_json_text(out, payload, len);
    } else {
        way_json_key(out, "data_b64");
        way_buf_char(out, '"');
        way_b64_add(out, payload, len);
        way_buf_char(out, '"');
    }
    way_json_close(out, '}');
}

static void write_facts(const cJSON *m, way_buf *out)
{
    const cJSON *h;
    const char *time = way_get_text(m, "time"), *key = way_get_text(m, "key");

    way_buf_printf(out, "[%.0f:%.0f] %s", way_get_number(m, "partition"), way_get_number(m, "seq"), time ? time : "-");
    if (key)
        way_buf_printf(out, " key=%s", key);
    if (way_get_number(m, "deliveries") > 1)
        way_buf_printf(out, " delivery=%.0f", way_get_number(m, "deliveries"));
    cJSON_ArrayForEach(h, way_get(m, "headers"))
        way_buf_printf(out, " %s=%s", h->string, h->valuestring ? h->valuestring : "");
    way_buf_char(out, '\n');
}

void way_delivery_write(const cJSON *m, bool json, bool facts, way_buf *out)
{
    const char *b64 = way_get_text(m, "data_b64");
    size_t b64_len = b64 ? strlen(b64) : 0, len = 0;
    unsigned char *payload = malloc(b64_len / 4 * 3 + 1);

    if (!payload || (b64 && !way_b64_decode(b64, b64_len, payload, &len))) {
        free(payload);
        out->failed = true;
        return;
    }
    if (json) {
        write_json(m, (const char *)payload, len, out);
    } else {
        if (facts)
            write_facts(m, out);
        way_buf_add(out, payload, len);
    }
    way_buf_char(out, '\n');
    free(payload);
}
