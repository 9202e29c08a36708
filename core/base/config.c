/* Loads configuration by walking the table of keys: every source ends in set_value, so that a bound is checked the
 * same way wherever a value comes from. */
#include "core/base/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"

#define FILE_BYTES_MAX (1024 * 1024)

static char **text_at(way_config *c, const way_config_key *k)
{
    return (char **)((char *)c + k->offset);
}

static int64_t *number_at(way_config *c, const way_config_key *k)
{
    return (int64_t *)((char *)c + k->offset);
}

const way_config_key *way_config_find(const char *name)
{
    for (size_t i = 0; i < way_config_key_count; i++)
        if (strcmp(way_config_keys[i].name, name) == 0)
            return &way_config_keys[i];
    return NULL;
}

static bool parse_number(const way_config_key *k, const char *text, int64_t *v)
{
    if (way_i64_parse(text, strlen(text), v))
        return true;
    if (k->type == WAY_CFG_BYTES)
        return way_bytes_parse(text, v);
    if (k->type == WAY_CFG_MS)
        return way_duration_to_ms(text, v);
    return false;
}

static const char *wanted(const way_config_key *k)
{
    return k->type == WAY_CFG_BYTES ? "a number of bytes such as 64MiB"
           : k->type == WAY_CFG_MS  ? "milliseconds, or a duration such as 5s"
                                    : "a whole number";
}

/* source: how the caller calls this value ("--rest-port", "WAYSTATION_REST_PORT", "file: rest_port"). */
static way_code set_value(way_config *c, const way_config_key *k, const char *source, const char *value, way_err *e)
{
    char quoted[WAY_QUOTE_MAX];
    int64_t v;
    way_log_level level;

    if (k->type == WAY_CFG_TEXT) {
        if (strcmp(k->name, "log_level") == 0 && !way_log_level_parse(value, &level))
            return way_fail(e, WAY_E_INVAL, "%s is \"%s\"; it must be error, warn, info or debug", source,
                            way_text_quote(value, strlen(value), quoted));
        char **at = text_at(c, k);
        char *copy = way_xstrdup(value); /* before the free: value may be what is there now */
        free(*at);
        *at = copy;
        return WAY_OK;
    }
    if (!parse_number(k, value, &v))
        return way_fail(e, WAY_E_INVAL, "%s is \"%s\"; it must be %s", source,
                        way_text_quote(value, strlen(value), quoted), wanted(k));
    if (v < k->min || v > k->max)
        return way_fail(e, WAY_E_INVAL, "%s is %lld; it must be between %lld and %lld", source, (long long)v,
                        (long long)k->min, (long long)k->max);
    *number_at(c, k) = v;
    return WAY_OK;
}

void way_config_init(way_config *c)
{
    memset(c, 0, sizeof *c);
    for (size_t i = 0; i < way_config_key_count; i++) {
        const way_config_key *k = &way_config_keys[i];
        way_code rc = set_value(c, k, k->name, k->def, NULL);
        WAY_ASSERT(rc == WAY_OK);
    }
}

void way_config_fini(way_config *c)
{
    for (size_t i = 0; i < way_config_key_count; i++)
        if (way_config_keys[i].type == WAY_CFG_TEXT)
            free(*text_at(c, &way_config_keys[i]));
    memset(c, 0, sizeof *c);
}

way_code way_config_set(way_config *c, const char *name, const char *value, way_err *e)
{
    char quoted[WAY_QUOTE_MAX];
    const way_config_key *k = way_config_find(name);
    if (k == NULL)
        return way_fail(e, WAY_E_INVAL, "there is no configuration key \"%s\"",
                        way_text_quote(name, strlen(name), quoted));
    return set_value(c, k, name, value, e);
}

static way_code read_file(const char *path, char **text, size_t *len, way_err *e)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return way_fail(e, WAY_E_NOT_FOUND, "cannot open the configuration file %s: %m", path);
    char *data = way_xmalloc(FILE_BYTES_MAX + 1);
    size_t n = fread(data, 1, FILE_BYTES_MAX + 1, f);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (failed || n > FILE_BYTES_MAX) {
        free(data);
        return way_fail(e, WAY_E_INVAL, "the configuration file %s %s", path,
                        failed ? "cannot be read" : "has more than 1 MiB");
    }
    *text = data;
    *len = n;
    return WAY_OK;
}

static way_code set_from_json(way_config *c, const char *path, const cJSON *item, way_err *e)
{
    char source[512], value[32], quoted[WAY_QUOTE_MAX];
    int64_t v;
    const way_config_key *k = way_config_find(item->string);

    if (k == NULL)
        return way_fail(e, WAY_E_INVAL, "%s: unknown key \"%s\"; `waystation config show` lists them all", path,
                        way_text_quote(item->string, strlen(item->string), quoted));
    snprintf(source, sizeof source, "%s: %s", path, k->name);
    if (cJSON_IsString(item))
        return set_value(c, k, source, item->valuestring, e);
    if (k->type == WAY_CFG_TEXT || !way_json_integer(item, &v))
        return way_fail(e, WAY_E_INVAL, "%s must be %s", source, k->type == WAY_CFG_TEXT ? "a text" : wanted(k));
    snprintf(value, sizeof value, "%lld", (long long)v);
    return set_value(c, k, source, value, e);
}

way_code way_config_load_file(way_config *c, const char *path, way_err *e)
{
    char *text = NULL;
    size_t len = 0;
    cJSON *json = NULL;
    way_err inner;

    way_code rc = read_file(path, &text, &len, e);
    if (rc != WAY_OK)
        return rc;
    rc = way_json_parse(text, len, FILE_BYTES_MAX, &json, &inner);
    if (rc != WAY_OK)
        rc = way_fail(e, rc, "%s: %s", path, inner.text);
    else if (!cJSON_IsObject(json))
        rc = way_fail(e, WAY_E_INVAL, "%s: a JSON object of key: value is expected", path);
    for (const cJSON *item = json != NULL ? json->child : NULL; item != NULL && rc == WAY_OK; item = item->next)
        rc = set_from_json(c, path, item, e);
    cJSON_Delete(json);
    free(text);
    return rc;
}

way_code way_config_load_env(way_config *c, way_err *e)
{
    for (size_t i = 0; i < way_config_key_count; i++) {
        const way_config_key *k = &way_config_keys[i];
        const char *names[] = {k->env, k->env2};
        for (size_t j = 0; j < WAY_COUNT(names); j++) {
            const char *value = names[j] != NULL ? getenv(names[j]) : NULL;
            if (value == NULL || *value == '\0')
                continue;
            way_code rc = set_value(c, k, names[j], value, e);
            if (rc != WAY_OK)
                return rc;
            break;
        }
    }
    return WAY_OK;
}

/* "--flag" gives 1, "--flag=…" gives 2, another flag 0. */
static int flag_form(const char *arg, const char *flag)
{
    size_t n = flag != NULL ? strlen(flag) : 0;
    if (n == 0 || strncmp(arg, flag, n) != 0)
        return 0;
    return arg[n] == '\0' ? 1 : arg[n] == '=' ? 2 : 0;
}

way_code way_config_flag(way_config *c, int argc, char **argv, int *used, way_err *e)
{
    *used = 0;
    if (argc < 1)
        return WAY_OK;
    for (size_t i = 0; i < way_config_key_count; i++) {
        const way_config_key *k = &way_config_keys[i];
        const char *flag = k->flag;
        int form = flag_form(argv[0], flag);
        if (form == 0) {
            flag = k->flag2;
            form = flag_form(argv[0], flag);
        }
        if (form == 0)
            continue;
        if (form == 1 && argc < 2)
            return way_fail(e, WAY_E_INVAL, "%s needs a value: %s", flag, k->help);
        *used = form == 1 ? 2 : 1;
        return set_value(c, k, flag, form == 1 ? argv[1] : argv[0] + strlen(flag) + 1, e);
    }
    return WAY_OK;
}

#define MASK "********"

static bool word_at(const char *s, const char *from, const char *word)
{
    return strncmp(s, word, strlen(word)) == 0 &&
           (s == from || strchr("?& \t", s[-1]) != NULL);
}

/* Copies a URL list or libpq text without its secrets: what follows the first ':' of a userinfo, a userinfo without
 * ':' where the scheme makes that a token (NATS), and the value of every "password=" or "sslpassword=". */
static void show_url(const char *url, way_buf *out)
{
    for (const char *s = url; *s != '\0';) {
        size_t key = word_at(s, url, "password=") ? 9 : word_at(s, url, "sslpassword=") ? 12 : 0;
        if (key != 0) {
            way_buf_add(out, s, key);
            way_buf_str(out, MASK);
            s += key;
            if (*s == '\'') { /* libpq's quoted value, in which \' is a quote */
                for (s++; *s != '\0' && *s != '\''; s++)
                    if (*s == '\\' && s[1] != '\0')
                        s++;
                s += *s == '\'';
            } else {
                s += strcspn(s, "& \t");
            }
            continue;
        }
        if (strncmp(s, "://", 3) != 0) {
            way_buf_char(out, *s++);
            continue;
        }
        bool postgres = s - url >= 2 && strncmp(url, "postgres", 8) == 0;
        way_buf_str(out, "://");
        s += 3;
        /* the last @ before the path: passwords are seen with an unescaped @ inside */
        size_t authority = strcspn(s, postgres ? "/?" : "/?,"), at = authority;
        while (at > 0 && s[at] != '@')
            at--;
        if (at == 0)
            continue;
        const char *colon = memchr(s, ':', at);
        if (colon != NULL) {
            way_buf_add(out, s, (size_t)(colon - s) + 1);
            way_buf_str(out, MASK);
        } else if (postgres) {
            way_buf_add(out, s, at);
        } else {
            way_buf_str(out, MASK);
        }
        s += at;
    }
}

void way_config_show(const way_config *c, const way_config_key *k, way_buf *out)
{
    if (k->type != WAY_CFG_TEXT) {
        way_buf_i64(out, *(const int64_t *)((const char *)c + k->offset));
        return;
    }
    const char *text = *(char *const *)((const char *)c + k->offset);
    if (text == NULL || *text == '\0')
        return;
    if (k->flags & WAY_CFG_SECRET)
        way_buf_str(out, MASK);
    else if (k->flags & WAY_CFG_URL)
        show_url(text, out);
    else
        way_buf_str(out, text);
}
