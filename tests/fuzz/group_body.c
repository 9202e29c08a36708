/* Any bytes as the body of a create or an edit of a group: what is accepted is written to a row and read back as the same. */
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/model/group.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void same_after_a_row(const way_group_spec *g)
{
    way_group_spec back;
    way_buf one, two;
    way_err e;

    way_buf_init(&one, 0);
    way_buf_init(&two, 0);
    way_group_save(g, &one);
    way_group_spec_init(&back);
    WAY_ASSERT(way_group_load(one.data, &back, &e) == WAY_OK);
    way_group_save(&back, &two);
    WAY_ASSERT(strcmp(one.data, two.data) == 0);
    way_group_spec_fini(&back);
    way_buf_fini(&one);
    way_buf_fini(&two);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    way_group_spec g, edited;
    cJSON *body = NULL;
    way_err e;

    if (way_json_parse((const char *)data, size, 1 << 20, &body, &e) != WAY_OK)
        return 0;
    way_group_spec_init(&g);
    way_group_spec_init(&edited);
    if (way_group_parse(body, 5, &g, &e) == WAY_OK) {
        WAY_ASSERT(g.backoff_count < g.max_deliver && g.max_ack_pending != 0);
        same_after_a_row(&g);
    } else {
        strcpy(g.name, "g");
        strcpy(g.internal, "g");
    }
    if (way_group_patch(&g, body, &edited, &e) == WAY_OK) {
        WAY_ASSERT(strcmp(edited.name, g.name) == 0 && edited.backoff_count < edited.max_deliver);
        same_after_a_row(&edited);
    }
    way_group_spec_fini(&edited);
    way_group_spec_fini(&g);
    cJSON_Delete(body);
    return 0;
}
