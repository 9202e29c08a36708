/* JSON from outside, and getters.  The syntax is checked in json_check.c; here the tree is made and read. */
#include "core/base/json.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, not compared pair by pair: a hostile object of 500,000 keys must not cost a quadratic scan. */
static way_code refuse_duplicates(const cJSON *obj, way_err *e)
{
    way_code rc = WAY_OK;
    size_t n = 0, i = 0;
    char quoted[WAY_QUOTE_MAX];

    for (const cJSON *c = obj->child; c != NULL; c = c->next)
        n++;
    if (n < 2)
        return WAY_OK;
    const char **keys = malloc(n * sizeof *keys);
    if (keys == NULL)
        return way_fail(e, WAY_E_FULL, "no memory for a JSON object of %zu keys", n);
    for (const cJSON *c = obj->child; c != NULL; c = c->next)
        keys[i++] = c->string;
    qsort(keys, n, sizeof *keys, compare_keys);
    for (i = 1; i < n && rc == WAY_OK; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0)
            rc = way_fail(e, WAY_E_INVAL, "the key \"%s\" occurs twice in one object",
                          way_text_quote(keys[i], strlen(keys[i]), quoted));
    free(keys);
    return rc;
}

/* Recursion is bounded: the syntax check let at most 32 levels through. */
static way_code check_tree(const cJSON *v, way_err *e)
{
    way_code rc = cJSON_IsObject(v) ? refuse_duplicates(v, e) : WAY_OK;
    for (const cJSON *c = v->child; c != NULL && rc == WAY_OK; c = c->next)
        if (c->child != NULL)
            rc = check_tree(c, e);
    return rc;
}

way_code way_json_parse(const char *text, size_t len, size_t max_bytes, cJSON **out, way_err *e)
{
    if (len > max_bytes)
        return way_fail(e, WAY_E_TOO_LARGE, "a JSON body of %zu bytes; at most %zu are taken", len, max_bytes);
    if (len == 0)
        return way_fail(e, WAY_E_INVAL, "the body is empty; JSON is expected");
    way_code rc = way_json_check(text, len, e);
    if (rc != WAY_OK)
        return rc;
    cJSON *v = cJSON_ParseWithLength(text, len);
    if (v == NULL) /* the syntax is known to be right */
        return way_fail(e, WAY_E_FULL, "no memory for a JSON body of %zu bytes", len);
    rc = check_tree(v, e);
    if (rc != WAY_OK) {
        cJSON_Delete(v);
        return rc;
    }
    *out = v;
    return WAY_OK;
}

static const char *type_name(const cJSON *v)
{
    if (cJSON_IsString(v))
        return "a text";
    if (cJSON_IsNumber(v))
        return "a number";
    if (cJSON_IsBool(v))
        return "true or false";
    if (cJSON_IsArray(v))
        return "an array";
    if (cJSON_IsObject(v))
        return "an object";
    return "null";
}

way_code way_json_only(const cJSON *obj, const char *const *keys, way_err *e)
{
    char quoted[WAY_QUOTE_MAX], list[256];

    if (!cJSON_IsObject(obj))
        return way_fail(e, WAY_E_INVAL, "an object is expected, not %s", type_name(obj));
    for (const cJSON *c = obj->child; c != NULL; c = c->next) {
        size_t i = 0, n = 0;
        while (keys[i] != NULL && strcmp(keys[i], c->string) != 0)
            i++;
        if (keys[i] != NULL)
            continue;
        list[0] = '\0';
        for (i = 0; keys[i] != NULL; i++) {
            size_t k = strlen(keys[i]);
            if (n + k + 3 > sizeof list)
                break;
            memcpy(list + n, i ? ", " : "", i ? 2 : 0);
            n += i ? 2 : 0;
            memcpy(list + n, keys[i], k + 1);
            n += k;
        }
        return way_fail(e, WAY_E_INVAL, "unknown field \"%s\"; known are %s",
                        way_text_quote(c->string, strlen(c->string), quoted), list);
    }
    return WAY_OK;
}

/* The member, or NULL when it is missing or null. */
static const cJSON *member(const cJSON *obj, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);
    return cJSON_IsNull(v) ? NULL : v;
}

bool way_json_integer(const cJSON *v, int64_t *out)
{
    if (!cJSON_IsNumber(v))
        return false;
    double d = v->valuedouble;
    if (!(d >= -(double)WAY_JSON_INT_MAX && d <= (double)WAY_JSON_INT_MAX) || d != (double)(int64_t)d)
        return false;
    *out = (int64_t)d;
    return true;
}

way_code way_json_get_int(const cJSON *obj, const char *key, int64_t min, int64_t max, int64_t *out, way_err *e)
{
    const cJSON *v = member(obj, key);
    int64_t n;

    if (v == NULL)
        return WAY_OK;
    if (!cJSON_IsNumber(v))
        return way_fail(e, WAY_E_INVAL, "%s must be a whole number, not %s", key, type_name(v));
    if (!way_json_integer(v, &n)) {
        if (v->valuedouble > (double)WAY_JSON_INT_MAX || v->valuedouble < -(double)WAY_JSON_INT_MAX)
            return way_fail(e, WAY_E_INVAL, "%s is %.17g; it must be between %lld and %lld, and whole numbers "
                            "are read exactly only up to 9007199254740991", key, v->valuedouble,
                            (long long)min, (long long)max);
        return way_fail(e, WAY_E_INVAL, "%s is %g; it must be a whole number", key, v->valuedouble);
    }
    if (n < min || n > max)
        return way_fail(e, WAY_E_INVAL, "%s is %lld; it must be between %lld and %lld", key, (long long)n,
                        (long long)min, (long long)max);
    *out = n;
    return WAY_OK;
}

way_code way_json_get_bool(const cJSON *obj, const char *key, bool *out, way_err *e)
{
    const cJSON *v = member(obj, key);

    if (v == NULL)
        return WAY_OK;
    if (!cJSON_IsBool(v))
        return way_fail(e, WAY_E_INVAL, "%s must be true or false, not %s", key, type_name(v));
    *out = cJSON_IsTrue(v);
    return WAY_OK;
}

way_code way_json_get_str(const cJSON *obj, const char *key, size_t max_len, const char **out, way_err *e)
{
    const cJSON *v = member(obj, key);

    if (v == NULL)
        return WAY_OK;
    if (!cJSON_IsString(v))
        return way_fail(e, WAY_E_INVAL, "%s must be a text, not %s", key, type_name(v));
    size_t len = strlen(v->valuestring);
    if (len > max_len)
        return way_fail(e, WAY_E_INVAL, "%s has %zu bytes; at most %zu are allowed", key, len, max_len);
    *out = v->valuestring;
    return WAY_OK;
}

way_code way_json_get_array(const cJSON *obj, const char *key, const cJSON **out, way_err *e)
{
    const cJSON *v = member(obj, key);

    if (v == NULL)
        return WAY_OK;
    if (!cJSON_IsArray(v))
        return way_fail(e, WAY_E_INVAL, "%s must be an array, not %s", key, type_name(v));
    *out = v;
    return WAY_OK;
}

way_code way_json_get_object(const cJSON *obj, const char *key, const cJSON **out, way_err *e)
{
    const cJSON *v = member(obj, key);

    if (v == NULL)
        return WAY_OK;
    if (!cJSON_IsObject(v))
        return way_fail(e, WAY_E_INVAL, "%s must be an object, not %s", key, type_name(v));
    *out = v;
    return WAY_OK;
}

/* Compares a member's key with one reference token of a pointer, in which ~1 stands for / and ~0 for ~. */
static bool token_is(const char *token, size_t len, const char *key)
{
    size_t i = 0;

    for (; i < len && *key != '\0'; i++, key++) {
        char c = token[i];
        if (c == '~' && i + 1 < len && (token[i + 1] == '0' || token[i + 1] == '1'))
            c = token[++i] == '0' ? '~' : '/';
        if (c != *key)
            return false;
    }
    return i == len && *key == '\0';
}

const cJSON *way_json_pointer(const cJSON *v, const char *pointer)
{
    while (v != NULL && *pointer != '\0') {
        if (*pointer != '/')
            return NULL;
        const char *token = pointer + 1;
        size_t len = strcspn(token, "/");
        const cJSON *child = NULL;
        if (cJSON_IsObject(v)) {
            for (child = v->child; child != NULL && !token_is(token, len, child->string);)
                child = child->next;
        } else if (cJSON_IsArray(v)) {
            uint64_t index;
            bool plain = len == 1 || (len > 1 && token[0] != '0');
            if (plain && way_u64_parse(token, len, &index))
                for (child = v->child; child != NULL && index > 0; index--)
                    child = child->next;
        }
        v = child;
        pointer = token + len;
    }
    return v;
}
