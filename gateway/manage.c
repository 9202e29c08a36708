/* What management handlers share. */
#include "gateway/manage.h"

#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/text.h"

way_code way_manage_page(const way_api_request *rq, const char *what, way_page *out, way_err *e)
{
    char text[WAY_NAME_MAX + 1], name[WAY_NAME_MAX + 1];
    way_err bad;
    way_code rc;

    out->limit = WAY_PAGE_DEFAULT;
    out->after[0] = '\0';
    if (way_query_get(rq->query, "limit", text, sizeof text, &bad)) {
        if (!way_i64_parse(text, strlen(text), &out->limit) || out->limit < 1 || out->limit > WAY_PAGE_MAX)
            return way_fail(e, WAY_E_INVAL, "limit '%s' is not a number from 1 to %d", text, WAY_PAGE_MAX);
    } else if (bad.code != WAY_OK) {
        return way_fail(e, bad.code, "%s", bad.text);
    }
    if (way_query_get(rq->query, "after", text, sizeof text, &bad)) {
        if (text[0] == '\0')
            return WAY_OK;
        rc = way_name_parse(what, text, strlen(text), name, e);
        if (rc != WAY_OK)
            return rc;
        way_name_internal(name, out->after);
    } else if (bad.code != WAY_OK) {
        return way_fail(e, bad.code, "%s", bad.text);
    }
    return WAY_OK;
}

way_code way_manage_body(const way_api_request *rq, bool may_be_empty, cJSON **out, way_err *e)
{
    const char *text = rq->body;
    size_t len = rq->body_len;
    way_code rc;

    if (len == 0 && may_be_empty) {
        text = "{}";
        len = 2;
    }
    if (len == 0)
        return way_fail(e, WAY_E_INVAL, "the body must be a JSON object");
    rc = way_json_parse(text, len, len, out, e);
    if (rc == WAY_OK && !cJSON_IsObject(*out)) {
        cJSON_Delete(*out);
        *out = NULL;
        rc = way_fail(e, WAY_E_INVAL, "the body must be a JSON object");
    }
    return rc;
}

way_code way_manage_no_body(const way_api_request *rq, way_err *e)
{
    static const char *const none[] = {NULL};
    cJSON *body = NULL;
    way_code rc = way_manage_body(rq, true, &body, e);

    if (rc == WAY_OK)
        rc = way_json_only(body, none, e);
    cJSON_Delete(body);
    return rc;
}

way_code way_manage_flag(const way_api_request *rq, const char *name, bool *out, way_err *e)
{
    char text[16];
    way_err bad;

    *out = false;
    if (!way_query_get(rq->query, name, text, sizeof text, &bad))
        return bad.code == WAY_OK ? WAY_OK : way_fail(e, bad.code, "%s", bad.text);
    if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || text[0] == '\0')
        *out = true;
    else if (strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return way_fail(e, WAY_E_INVAL, "%s must be true or false", name);
    return WAY_OK;
}

way_actor way_manage_actor(const way_api_request *rq)
{
    way_actor by;

    snprintf(by.user, sizeof by.user, "%s", rq->who.user);
    snprintf(by.from, sizeof by.from, "%s", rq->from);
    return by;
}

void way_manage_time(way_buf *b, const char *key, int64_t wall_ns)
{
    char text[WAY_RFC3339_MAX];

    way_json_key(b, key);
    if (wall_ns == 0) {
        way_json_null(b);
        return;
    }
    way_rfc3339_from_ns(wall_ns, text);
    way_json_str(b, text);
}
