#include <criterion/criterion.h>
#include <string.h>

#include "gateway/cli/delivery.h"

Test(delivery, forms)
{
    static const struct {
        const char *message;
        bool json, facts;
        const char *want;
        size_t len; /* 0: strlen */
    } row[] = {
        {"{\"partition\":2,\"seq\":9,\"data_b64\":\"aGk=\"}", false, false, "hi\n", 0},
        {"{\"partition\":2,\"seq\":9,\"data_b64\":\"\"}", false, false, "\n", 0},
        {"{\"partition\":2,\"seq\":9,\"data_b64\":\"YQBi/w==\"}", false, false, "a\0b\xFF\n", 5},
        {"{\"receipt\":\"r\",\"deliveries\":2,\"partition\":2,\"seq\":9,\"time\":\"T\",\"key\":\"k\",\"headers\":{\"H\":\"v\"},\"data_b64\":\"aGk=\"}",
         false, true, "[2:9] T key=k delivery=2 H=v\nhi\n", 0},
        {"{\"receipt\":\"r\",\"deliveries\":1,\"partition\":2,\"seq\":9,\"time\":\"T\",\"key\":\"k\",\"headers\":{\"H\":\"v\"},\"data_b64\":\"aAppIg==\"}",
         true, false,
         "{\"partition\":2,\"seq\":9,\"key\":\"k\",\"time\":\"T\",\"deliveries\":1,\"headers\":{\"H\":\"v\"},\"data\":\"h\\ni\\\"\"}\n", 0},
        {"{\"partition\":1,\"seq\":9007199254740991,\"data_b64\":\"YQBi\"}", true, false,
         "{\"partition\":1,\"seq\":9007199254740991,\"data\":\"a\\u0000b\"}\n", 0},
        {"{\"partition\":1,\"seq\":1,\"data_b64\":\"//4=\"}", true, false, "{\"partition\":1,\"seq\":1,\"data_b64\":\"//4=\"}\n", 0},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cJSON *m = cJSON_Parse(row[i].message);
        way_buf b;
        size_t len = row[i].len ? row[i].len : strlen(row[i].want);
        way_buf_init(&b, 0);
        way_delivery_write(m, row[i].json, row[i].facts, &b);
        cr_expect(b.len == len && memcmp(b.data, row[i].want, len) == 0, "row %zu: %s", i, b.data);
        way_buf_fini(&b);
        cJSON_Delete(m);
    }
    cJSON *broken = cJSON_Parse("{\"data_b64\":\"?\"}");
    way_buf b;
    way_buf_init(&b, 0);
    way_delivery_write(broken, true, false, &b);
    cr_expect(b.failed);
    way_buf_fini(&b);
    cJSON_Delete(broken);
}
