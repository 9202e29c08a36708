/* {"start": …, "seqs": [n, …]} */
#include "core/control/seeking.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"

void way_seeking_save(const way_start *start, const uint64_t *seqs, int32_t n, way_buf *out)
{
    way_json_open(out, '{');
    way_json_key(out, "start");
    way_start_write(start, out);
    way_json_key(out, "seqs");
    way_json_open(out, '[');
    for (int32_t i = 0; i < n; i++)
        way_json_uint(out, seqs[i]);
    way_json_close(out, ']');
    way_json_close(out, '}');
}

static way_code bad(way_err *e)
{
    return way_fail(e, WAY_E_INTERNAL, "the row of a seek under way cannot be read");
}

way_code way_seeking_load(const char *json, int32_t partitions, way_seeking *out, way_err *e)
{
    cJSON *v = NULL;
    way_seeking s = {.n = partitions};
    size_t len = json ? strlen(json) : 0;

    if (!json || way_json_parse(json, len, len, &v, NULL) != WAY_OK)
        return bad(e);
    s.seqs = way_xcalloc((size_t)partitions, sizeof *s.seqs);
    const cJSON *seqs = cJSON_GetObjectItemCaseSensitive(v, "seqs");
    way_code rc = way_start_parse(cJSON_GetObjectItemCaseSensitive(v, "start"), partitions, &s.start, NULL);
    if (rc != WAY_OK || !cJSON_IsArray(seqs) || cJSON_GetArraySize(seqs) != partitions)
        rc = bad(e);
    int32_t i = 0;
    for (const cJSON *c = rc == WAY_OK ? seqs->child : NULL; c; c = c->next)
        s.seqs[i++] = cJSON_IsNumber(c) && c->valuedouble >= 0 ? (uint64_t)c->valuedouble : 0;
    cJSON_Delete(v);
    if (rc != WAY_OK)
        way_seeking_fini(&s);
    else
        *out = s;
    return rc;
}

void way_seeking_fini(way_seeking *s)
{
    way_start_fini(&s->start);
    free(s->seqs);
    memset(s, 0, sizeof *s);
}
