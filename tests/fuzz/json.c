/* Any bytes as JSON: what the strict check lets through is parsed by cJSON, is rendered again, and is the same then; getters and
 * pointers on it never read outside. */
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void poke(const cJSON *v, const char *pointer)
{
    way_err e;
    int64_t n = 0;
    bool b = false;
    const char *s = NULL;
    const cJSON *c = NULL;

    (void)way_json_pointer(v, pointer);
    way_code rc = way_json_get_int(v, "a", -5, 5, &n, &e);
    WAY_ASSERT(rc == WAY_OK || strlen(e.text) > 0);
    WAY_ASSERT(n >= -5 && n <= 5);
    rc = way_json_get_bool(v, "a", &b, &e);
    rc = way_json_get_str(v, "a", 10, &s, &e);
    WAY_ASSERT(s == NULL || strlen(s) <= 10);
    rc = way_json_get_array(v, "a", &c, &e);
    rc = way_json_only(v, (const char *const[]){"a", "b", NULL}, &e);
    (void)rc;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    cJSON *v = NULL, *again = NULL;
    way_err e;

    way_code checked = way_json_check((const char *)data, size, &e);
    way_code rc = way_json_parse((const char *)data, size, 1 << 20, &v, &e);
    if (rc != WAY_OK)
        return 0;
    WAY_ASSERT(checked == WAY_OK);
    char *text = cJSON_PrintUnformatted(v);
    if (text != NULL && strlen(text) < 1 << 20) {
        /* numbers beyond the range of a double are printed as null, so only the parse is compared */
        WAY_ASSERT(way_json_parse(text, strlen(text), 1 << 20, &again, &e) == WAY_OK);
        cJSON_Delete(again);
        poke(v, text);
    }
    poke(v, "/a/0/b~1~0");
    free(text);
    cJSON_Delete(v);
    return 0;
}
