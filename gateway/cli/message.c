#include "gateway/cli/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "gateway/cli/verbs.h"

static void print_facts(const cJSON *m)
{
    const cJSON *h;
    printf("[%.0f:%.0f] %s", way_get_number(m, "partition"), way_get_number(m, "seq"), way_get_text(m, "time"));
    if (way_get_text(m, "key"))
        printf(" key=%s", way_get_text(m, "key"));
    if (way_get_number(m, "deliveries") > 1)
        printf(" delivery=%.0f", way_get_number(m, "deliveries"));
    cJSON_ArrayForEach(h, way_get(m, "headers"))
        printf(" %s=%s", h->string, h->valuestring ? h->valuestring : "");
    putchar('\n');
}

void way_message_print(const way_cli *c, const cJSON *m, bool facts)
{
    if (c->json) {
        cJSON *copy = cJSON_Duplicate(m, true);
        cJSON_DeleteItemFromObjectCaseSensitive(copy, "receipt"); /* spent as soon as it is settled */
        char *text = cJSON_PrintUnformatted(copy);
        puts(text);
        free(text);
        cJSON_Delete(copy);
        return;
    }
    if (facts)
        print_facts(m);
    const char *text = way_get_text(m, "data"), *b64 = way_get_text(m, "data_b64");
    if (text) {
        fputs(text, stdout);
    } else if (b64) {
        size_t len = strlen(b64), out_len = 0;
        unsigned char *bytes = way_xmalloc(len / 4 * 3 + 3);
        if (way_b64_decode(b64, len, bytes, &out_len))
            fwrite(bytes, 1, out_len, stdout);
        free(bytes);
    }
    putchar('\n');
}
