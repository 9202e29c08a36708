/* Any bytes as the body of a create or an edit of a station: what is accepted is written to a row and read back as the same. */
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/model/station.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void same_after_a_row(const way_station_spec *s)
{
    way_station_spec back;
    way_buf row;
    way_err e;

    way_buf_init(&row, 0);
    way_station_save(s, &row);
    way_station_spec_init(&back);
    WAY_ASSERT(way_station_load(row.data, &back, &e) == WAY_OK);
    WAY_ASSERT(way_station_spec_equal(s, &back));
    way_station_spec_fini(&back);
    way_buf_fini(&row);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    static const way_server_info srv = {.version = "2.9.10", .major = 2, .minor = 9, .patch = 10, .max_payload = 1 << 20, .servers = 3};
    way_station_spec s, edited;
    cJSON *body = NULL;
    way_err e;

    if (way_json_parse((const char *)data, size, 1 << 20, &body, &e) != WAY_OK)
        return 0;
    way_station_spec_init(&s);
    way_station_spec_init(&edited);
    if (way_station_parse(body, &s, &e) == WAY_OK) {
        same_after_a_row(&s);
        if (way_station_check(&s, NULL, &srv, &e) == WAY_OK) {
            WAY_ASSERT(s.max_message_bytes > 0 && s.max_message_bytes <= srv.max_payload && s.replicas <= srv.servers);
            same_after_a_row(&s);
        }
    } else {
        strcpy(s.name, "s");
        strcpy(s.internal, "s");
    }
    if (way_station_patch(&s, body, &edited, &e) == WAY_OK) {
        WAY_ASSERT(edited.storage == s.storage && edited.partitions == s.partitions && strcmp(edited.name, s.name) == 0);
        same_after_a_row(&edited);
    }
    way_station_spec_fini(&edited);
    way_station_spec_fini(&s);
    cJSON_Delete(body);
    return 0;
}
