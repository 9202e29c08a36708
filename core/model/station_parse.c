/* Reading stations: the body of a create, of a PATCH, and the spec column of a row.  All three go through the same
 * readers, so that a bound holds whichever way a value comes. */
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/model/station.h"

#define DAY_MS (24LL * 60 * 60 * 1000)
#define DUP_WINDOW_MIN_MS 100
#define MAX_AGE_SEC_MAX (100LL * 366 * 24 * 3600) /* JetStream counts in int64 nanoseconds: 292 years */
#define TAG_KEY_MAX 64
#define TAG_VALUE_MAX 256

static const char *const editable[] = {
    "name",      "partitions",           "storage",          "replicas", "retention_type", "retention_value",
    "retention", "idempotency_window_ms", "max_message_bytes", "description", "tags",      NULL};
static const char *const retention_fields[] = {"max_age_sec", "max_messages", "max_bytes", "ack_based", NULL};
static const char *const read_only[] = {"id",         "state",          "problems", "created_at", "updated_at", "messages",
                                        "bytes",      "partition_list", "held",     "fullest",    NULL};

/* The short form of retention: each type sets one limit and clears the others. */
static const struct retention_rule {
    const char *type;
    size_t limit; /* offset of the limit in way_station_spec */
    int64_t max;
} retention_rules[] = {
    {"message_age_sec", offsetof(way_station_spec, max_age_sec), MAX_AGE_SEC_MAX},
    {"messages", offsetof(way_station_spec, max_messages), WAY_JSON_INT_MAX},
    {"bytes", offsetof(way_station_spec, max_bytes), WAY_JSON_INT_MAX},
};

static int64_t *limit_at(way_station_spec *s, const struct retention_rule *rule)
{
    return (int64_t *)((char *)s + rule->limit);
}

static bool has(const cJSON *body, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(body, key);
    return v != NULL && !cJSON_IsNull(v);
}

static way_code check_fields(const cJSON *body, way_err *e)
{
    if (cJSON_IsObject(body))
        for (const char *const *key = read_only; *key != NULL; key++)
            if (cJSON_GetObjectItemCaseSensitive(body, *key) != NULL)
                return way_fail(e, WAY_E_INVAL, "%s is read-only: leave it out", *key);
    return way_json_only(body, editable, e);
}

static way_code read_name(const cJSON *body, way_station_spec *s, way_err *e)
{
    const char *name = NULL;
    way_code rc = way_json_get_str(body, "name", SIZE_MAX, &name, e);
    if (rc != WAY_OK)
        return rc;
    if (name == NULL)
        return way_fail(e, WAY_E_INVAL, "name is missing");
    rc = way_name_parse("station", name, strlen(name), s->name, e);
    if (rc == WAY_OK)
        way_name_internal(s->name, s->internal);
    return rc;
}

static way_code read_storage(const cJSON *body, way_station_spec *s, way_err *e)
{
    const char *name = NULL;
    char quoted[WAY_QUOTE_MAX];
    way_code rc = way_json_get_str(body, "storage", SIZE_MAX, &name, e);
    if (rc != WAY_OK || name == NULL)
        return rc;
    for (int i = WAY_STORAGE_FILE; i <= WAY_STORAGE_MEMORY; i++)
        if (strcmp(name, way_storage_name((way_storage)i)) == 0) {
            s->storage = (way_storage)i;
            return WAY_OK;
        }
    return way_fail(e, WAY_E_INVAL, "storage is \"%s\"; it must be file or memory",
                    way_text_quote(name, strlen(name), quoted));
}

static way_code read_replicas(const cJSON *body, way_station_spec *s, way_err *e)
{
    int64_t n = s->replicas;
    way_code rc = way_json_get_int(body, "replicas", 1, 5, &n, e);
    if (rc != WAY_OK)
        return rc;
    if (n != 1 && n != 3 && n != 5)
        return way_fail(e, WAY_E_INVAL, "replicas is %lld; it must be 1, 3 or 5", (long long)n);
    s->replicas = (int32_t)n;
    return WAY_OK;
}

static void clear_limits(way_station_spec *s)
{
    s->max_age_sec = s->max_messages = s->max_bytes = 0;
    s->ack_based = false;
}

static way_code read_short_value(const cJSON *body, way_station_spec *s, const struct retention_rule *rule, way_err *e)
{
    int64_t v = 0;
    way_code rc = way_json_get_int(body, "retention_value", 1, rule->max, &v, e);
    if (rc != WAY_OK)
        return rc;
    if (v == 0)
        return way_fail(e, WAY_E_INVAL, "retention_type %s needs a retention_value of 1 or more", rule->type);
    clear_limits(s);
    *limit_at(s, rule) = v;
    return WAY_OK;
}

static way_code read_short_retention(const cJSON *body, way_station_spec *s, way_err *e)
{
    const char *type = NULL;
    char quoted[WAY_QUOTE_MAX];
    int64_t v = 0;
    way_code rc = way_json_get_str(body, "retention_type", SIZE_MAX, &type, e);
    if (rc != WAY_OK)
        return rc;

    if (type == NULL) { /* a value alone changes the one limit that is set */
        const struct retention_rule *only = NULL;
        size_t set = 0;
        for (size_t i = 0; i < WAY_COUNT(retention_rules); i++)
            if (*limit_at(s, &retention_rules[i]) != 0) {
                only = &retention_rules[i];
                set++;
            }
        if (set != 1 || s->ack_based)
            return way_fail(e, WAY_E_INVAL, "retention_value needs a retention_type: message_age_sec, messages or bytes");
        return read_short_value(body, s, only, e);
    }
    if (strcmp(type, "ack_based") == 0) {
        rc = way_json_get_int(body, "retention_value", INT64_MIN, INT64_MAX, &v, e);
        if (rc != WAY_OK)
            return rc;
        if (v != 0)
            return way_fail(e, WAY_E_INVAL, "retention_value is %lld; ack_based has none: leave it out", (long long)v);
        clear_limits(s);
        s->ack_based = true;
        return WAY_OK;
    }
    for (size_t i = 0; i < WAY_COUNT(retention_rules); i++)
        if (strcmp(type, retention_rules[i].type) == 0)
            return read_short_value(body, s, &retention_rules[i], e);
    return way_fail(e, WAY_E_INVAL, "retention_type is \"%s\"; it must be message_age_sec, messages, bytes or ack_based",
                    way_text_quote(type, strlen(type), quoted));
}

/* fresh: a create, where what the object does not name is no limit; in a PATCH it stays. */
static way_code read_retention(const cJSON *body, bool fresh, way_station_spec *s, way_err *e)
{
    const cJSON *r = NULL;
    bool short_form = has(body, "retention_type") || has(body, "retention_value");
    way_code rc = way_json_get_object(body, "retention", &r, e);

    if (rc != WAY_OK)
        return rc;
    if (r != NULL && short_form)
        return way_fail(e, WAY_E_INVAL, "retention and retention_type/retention_value say the same in two ways: "
                                        "give one of them");
    if (short_form)
        return read_short_retention(body, s, e);
    if (r == NULL)
        return WAY_OK;
    rc = way_json_only(r, retention_fields, e);
    if (rc != WAY_OK)
        return rc;
    if (fresh)
        clear_limits(s);
    if ((rc = way_json_get_int(r, "max_age_sec", 0, MAX_AGE_SEC_MAX, &s->max_age_sec, e)) != WAY_OK ||
        (rc = way_json_get_int(r, "max_messages", 0, WAY_JSON_INT_MAX, &s->max_messages, e)) != WAY_OK ||
        (rc = way_json_get_int(r, "max_bytes", 0, WAY_JSON_INT_MAX, &s->max_bytes, e)) != WAY_OK)
        return rc;
    return way_json_get_bool(r, "ack_based", &s->ack_based, e);
}

static way_code read_window(const cJSON *body, bool fresh, way_station_spec *s, way_err *e)
{
    int64_t age_ms = s->max_age_sec != 0 ? s->max_age_sec * 1000 : INT64_MAX;
    way_code rc = way_json_get_int(body, "idempotency_window_ms", DUP_WINDOW_MIN_MS, DAY_MS, &s->dup_window_ms, e);

    if (rc != WAY_OK)
        return rc;
    if (fresh && !has(body, "idempotency_window_ms") && s->dup_window_ms > age_ms)
        s->dup_window_ms = age_ms;
    if (s->dup_window_ms > age_ms)
        return way_fail(e, WAY_E_INVAL,
                        "idempotency_window_ms is %lld; it must not be above the age limit (max_age_sec %lld, that is "
                        "%lld ms)",
                        (long long)s->dup_window_ms, (long long)s->max_age_sec, (long long)age_ms);
    return WAY_OK;
}

static way_code read_message_size(const cJSON *body, way_station_spec *s, way_err *e)
{
    int64_t max = s->storage == WAY_STORAGE_FILE ? WAY_MSG_BYTES_MAX_FILE : WAY_MSG_BYTES_MAX_MEMORY;
    int64_t v = s->max_message_bytes;
    way_code rc = way_json_get_int(body, "max_message_bytes", 1, WAY_JSON_INT_MAX, &v, e);

    if (rc != WAY_OK)
        return rc;
    if (v > max)
        return way_fail(e, WAY_E_INVAL, "max_message_bytes is %lld; a station with %s storage takes at most %lld",
                        (long long)v, way_storage_name(s->storage), (long long)max);
    s->max_message_bytes = v;
    return WAY_OK;
}

static way_code read_description(const cJSON *body, way_station_spec *s, way_err *e)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, "description");
    const char *text = NULL;
    way_code rc = way_json_get_str(body, "description", WAY_DESCRIPTION_MAX, &text, e);

    if (rc != WAY_OK || item == NULL)
        return rc;
    free(s->description);
    s->description = text != NULL && *text != '\0' ? way_xstrdup(text) : NULL;
    return WAY_OK;
}

/* ---- tags: a JSON object of texts, kept as canonical text (sorted keys, no blanks) ---- */

typedef struct tag {
    const char *key, *value;
} tag;

static int order_tags(const void *a, const void *b)
{
    return strcmp(((const tag *)a)->key, ((const tag *)b)->key);
}

static way_code check_tag(const cJSON *t, way_err *e)
{
    size_t len = strlen(t->string), i = 0;
    char quoted[WAY_QUOTE_MAX];

    /* the first character keeps away from the server's own metadata keys, which begin with '_' */
    for (; i < len; i++) {
        char c = t->string[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || strchr("_.:/-", c) == NULL))
            break;
    }
    way_text_quote(t->string, len, quoted);
    if (len == 0 || len > TAG_KEY_MAX || i < len)
        return way_fail(e, WAY_E_INVAL, "tags: the name \"%s\" must have 1 to %d characters, letters, digits and _ . : / -, "
                        "and begin with a letter or digit", quoted, TAG_KEY_MAX);
    if (cJSON_IsNull(t))
        return WAY_OK;
    if (!cJSON_IsString(t) || strlen(t->valuestring) > TAG_VALUE_MAX)
        return way_fail(e, WAY_E_INVAL, "tags.%s must be a text of at most %d bytes", quoted, TAG_VALUE_MAX);
    return WAY_OK;
}

/* Sets or, with a null, removes each tag that is named; the others stay. */
static way_code merge_tags(cJSON *now, const cJSON *changes, way_err *e)
{
    for (const cJSON *t = changes->child; t != NULL; t = t->next) {
        way_code rc = check_tag(t, e);
        if (rc != WAY_OK)
            return rc;
        cJSON_DeleteItemFromObjectCaseSensitive(now, t->string);
        if (!cJSON_IsNull(t) && cJSON_AddStringToObject(now, t->string, t->valuestring) == NULL)
            return way_fail(e, WAY_E_FULL, "no memory for tags");
    }
    return WAY_OK;
}

static char *canonical(const cJSON *tags)
{
    tag list[WAY_TAGS_MAX];
    size_t n = 0;
    way_buf text;

    for (const cJSON *t = tags->child; t != NULL && n < WAY_TAGS_MAX; t = t->next)
        list[n++] = (tag){t->string, t->valuestring};
    if (n == 0)
        return NULL;
    qsort(list, n, sizeof *list, order_tags);
    way_buf_init(&text, 0);
    way_json_open(&text, '{');
    for (size_t i = 0; i < n; i++)
        way_json_kv_str(&text, list[i].key, list[i].value);
    way_json_close(&text, '}');
    return way_buf_take(&text, NULL);
}

static way_code read_tags(const cJSON *body, way_station_spec *s, way_err *e)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(body, "tags");
    const cJSON *changes = NULL;
    way_code rc = way_json_get_object(body, "tags", &changes, e);

    if (rc != WAY_OK || item == NULL)
        return rc;
    if (changes == NULL) { /* null: all of them go */
        free(s->tags);
        s->tags = NULL;
        return WAY_OK;
    }
    /* bounds the work below as well: merging is a search per tag */
    int named = cJSON_GetArraySize(changes);
    if (named > 2 * WAY_TAGS_MAX)
        return way_fail(e, WAY_E_INVAL, "tags names %d; a station has at most %d", named, WAY_TAGS_MAX);
    cJSON *now = s->tags != NULL ? cJSON_Parse(s->tags) : cJSON_CreateObject();
    if (now == NULL)
        return way_fail(e, WAY_E_FULL, "no memory for tags");
    rc = merge_tags(now, changes, e);
    if (rc == WAY_OK && cJSON_GetArraySize(now) > WAY_TAGS_MAX)
        rc = way_fail(e, WAY_E_INVAL, "%d tags; a station has at most %d", cJSON_GetArraySize(now), WAY_TAGS_MAX);
    if (rc == WAY_OK) {
        free(s->tags);
        s->tags = canonical(now);
    }
    cJSON_Delete(now);
    return rc;
}

/* ---- the three readers ---- */

/* Everything but the name; s holds what stays when a field is not there. */
static way_code read_settings(const cJSON *body, bool fresh, way_station_spec *s, way_err *e)
{
    int64_t partitions = s->partitions;
    way_code rc;

    if ((rc = way_json_get_int(body, "partitions", 1, WAY_PARTITIONS_MAX, &partitions, e)) != WAY_OK)
        return rc;
    s->partitions = (int32_t)partitions;
    if ((rc = read_storage(body, s, e)) != WAY_OK || (rc = read_replicas(body, s, e)) != WAY_OK ||
        (rc = read_retention(body, fresh, s, e)) != WAY_OK || (rc = read_window(body, fresh, s, e)) != WAY_OK ||
        (rc = read_message_size(body, s, e)) != WAY_OK || (rc = read_description(body, s, e)) != WAY_OK)
        return rc;
    return read_tags(body, s, e);
}

static way_code finish(way_code rc, way_station_spec *s, way_station_spec *out)
{
    if (rc == WAY_OK)
        way_station_spec_copy(out, s);
    way_station_spec_fini(s);
    return rc;
}

way_code way_station_parse(const cJSON *body, way_station_spec *out, way_err *e)
{
    way_station_spec s;
    way_code rc = check_fields(body, e);

    way_station_spec_init(&s);
    if (rc == WAY_OK)
        rc = read_name(body, &s, e);
    if (rc == WAY_OK)
        rc = read_settings(body, true, &s, e);
    return finish(rc, &s, out);
}

/* Naming a fixed field with the value it has is no change: a client may send back what it read. */
static way_code refuse_fixed(const way_station_spec *now, const cJSON *body, way_err *e)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(body, "name");
    const cJSON *storage = cJSON_GetObjectItemCaseSensitive(body, "storage");
    const cJSON *partitions = cJSON_GetObjectItemCaseSensitive(body, "partitions");
    char parsed[WAY_NAME_MAX + 1];

    if (cJSON_IsString(storage) && strcmp(storage->valuestring, way_storage_name(now->storage)) != 0)
        return way_fail(e, WAY_E_CONFLICT, "storage cannot be changed from %s: JetStream keeps a stream where it was "
                        "made; add a new station and copy the messages", way_storage_name(now->storage));
    if (cJSON_IsNumber(partitions) && partitions->valuedouble != (double)now->partitions)
        return way_fail(e, WAY_E_CONFLICT, "partitions cannot be changed from %d: keys would move to other partitions "
                        "and lose their order; add a new station", now->partitions);
    if (cJSON_IsString(name) &&
        (way_name_parse("station", name->valuestring, strlen(name->valuestring), parsed, NULL) != WAY_OK ||
         strcmp(parsed, now->name) != 0))
        return way_fail(e, WAY_E_CONFLICT, "name cannot be changed from \"%s\": streams and subjects carry it; add a new "
                        "station", now->name);
    return WAY_OK;
}

way_code way_station_patch(const way_station_spec *now, const cJSON *body, way_station_spec *out, way_err *e)
{
    way_station_spec s;
    way_code rc = check_fields(body, e);

    if (rc == WAY_OK)
        rc = refuse_fixed(now, body, e);
    if (rc != WAY_OK)
        return rc;
    way_station_spec_init(&s);
    way_station_spec_copy(&s, now);
    return finish(read_settings(body, false, &s, e), &s, out);
}

way_code way_station_load(const char *json, way_station_spec *out, way_err *e)
{
    way_station_spec s;
    cJSON *body = NULL;
    size_t len = strlen(json);
    int64_t resolved = 0;

    way_code rc = way_json_parse(json, len, len, &body, e);
    if (rc != WAY_OK)
        return rc;
    way_station_spec_init(&s);
    /* no check for unknown fields: a newer version may have written the row */
    rc = read_name(body, &s, e);
    /* a size of 0 means "not resolved yet" and is left out, since a body may not say it */
    if (rc == WAY_OK && way_json_integer(cJSON_GetObjectItemCaseSensitive(body, "max_message_bytes"), &resolved) &&
        resolved == 0)
        cJSON_DeleteItemFromObjectCaseSensitive(body, "max_message_bytes");
    if (rc == WAY_OK)
        rc = read_settings(body, true, &s, e);
    cJSON_Delete(body);
    return finish(rc, &s, out);
}
