/* Everything the adapter's codec reads from a server: infos, messages, pages, INFO lines, and updates laid over them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "jetstream-adapter/codec.h"
#include "jetstream-adapter/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char ours[] = "{\"name\":\"s\",\"max_msgs\":5,\"metadata\":{\"way\":\"2\"},\"republish\":{\"src\":\"a\"}}";
    char *text = way_xstrndup((const char *)data, size); /* at its exact size: reading beyond shows */
    way_server_info server;
    way_js_fault fault;
    way_js_msg msg;
    cJSON *json = NULL;
    way_code rc = way_facts_parse(text, size, &server, NULL);

    rc = way_js_msg_read(text, size, &msg, &fault, NULL);
    rc = way_js_answer(text, size, &json, &fault, NULL);
    if (rc == WAY_OK && json) {
        way_js_stream_info stream;
        way_js_consumer_info consumer;
        char field[32];
        way_buf out;

        rc = way_js_stream_read(json, &stream, NULL);
        rc = way_js_consumer_read(json, &consumer, NULL);
        way_js_differs(ours, strlen(ours), json, field, sizeof field);
        way_buf_init(&out, 0);
        if (way_js_overlay(text, size, ours, strlen(ours), &out)) {
            cJSON *merged = cJSON_ParseWithLength(out.data, out.len);

            WAY_ASSERT(merged); /* well-formed in, well-formed out */
            cJSON_Delete(merged);
        }
        way_buf_fini(&out);
    }
    (void)rc;
    cJSON_Delete(json);
    free(text);
    return 0;
}
