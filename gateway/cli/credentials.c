#include "gateway/cli/credentials.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

enum { FILE_MAX = 64 << 10 };

static bool folder_of(way_buf *out)
{
    const char *xdg = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (xdg && *xdg)
        way_buf_printf(out, "%s/waystation", xdg);
    else if (home && *home)
        way_buf_printf(out, "%s/.config/waystation", home);
    else
        return false;
    return true;
}

static char *dup_at(const cJSON *obj, const char *key)
{
    return way_xstrdup(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(obj, key)));
}

void way_credentials_load(way_credentials *c)
{
    way_buf path;
    char *text = way_xmalloc(FILE_MAX);
    size_t len = 0;

    memset(c, 0, sizeof *c);
    way_buf_init(&path, 0);
    if (folder_of(&path)) {
        way_buf_str(&path, "/credentials.json");
        FILE *f = fopen(path.data, "re");
        if (f) {
            len = fread(text, 1, FILE_MAX, f);
            fclose(f);
        }
    }
    cJSON *v = cJSON_ParseWithLength(text, len);
    if (cJSON_IsObject(v)) {
        c->api_url = dup_at(v, "api_url");
        c->rest_url = dup_at(v, "rest_url");
        c->token = dup_at(v, "token");
        c->refresh_token = dup_at(v, "refresh_token");
        const cJSON *expires = cJSON_GetObjectItemCaseSensitive(v, "expires_ms");
        c->expires_ms = cJSON_IsNumber(expires) ? (int64_t)expires->valuedouble : 0;
    }
    cJSON_Delete(v);
    free(text);
    way_buf_fini(&path);
}

void way_credentials_fini(way_credentials *c)
{
    free(c->api_url);
    free(c->rest_url);
    free(c->token);
    free(c->refresh_token);
    memset(c, 0, sizeof *c);
}

static way_code make_folders(const char *path, way_err *e)
{
    char *copy = way_xstrdup(path);
    way_code rc = WAY_OK;
    for (char *p = copy + 1; rc == WAY_OK; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char was = *p;
        *p = '\0';
        if (mkdir(copy, 0700) != 0 && errno != EEXIST)
            rc = way_fail(e, WAY_E_INTERNAL, "%s cannot be made: %s", copy, strerror(errno));
        *p = was;
        if (was == '\0')
            break;
    }
    free(copy);
    return rc;
}

static way_code write_file(const char *path, const way_buf *text, way_err *e)
{
    way_buf fresh;
    way_code rc = WAY_OK;

    way_buf_init(&fresh, 0);
    way_buf_printf(&fresh, "%s.%ld", path, (long)getpid());
    int fd = open(fresh.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write(fd, text->data, text->len) == (ssize_t)text->len;
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    if (!ok || rename(fresh.data, path) != 0) {
        rc = way_fail(e, WAY_E_INTERNAL, "%s cannot be written: %s", path, strerror(errno));
        unlink(fresh.data);
    }
    way_buf_fini(&fresh);
    return rc;
}

way_code way_credentials_save(const way_credentials *c, way_err *e)
{
    way_buf path, text;
    way_code rc;

    way_buf_init(&path, 0);
    way_buf_init(&text, FILE_MAX);
    way_json_open(&text, '{');
    way_json_kv_str(&text, "api_url", c->api_url);
    way_json_kv_str(&text, "rest_url", c->rest_url);
    way_json_kv_str(&text, "token", c->token);
    way_json_kv_str(&text, "refresh_token", c->refresh_token);
    way_json_kv_int(&text, "expires_ms", c->expires_ms);
    way_json_close(&text, '}');
    way_buf_char(&text, '\n');
    if (text.failed) {
        rc = way_fail(e, WAY_E_INTERNAL, "the tokens are too long to be kept");
    } else if (!folder_of(&path)) {
        rc = way_fail(e, WAY_E_INTERNAL, "neither HOME nor XDG_CONFIG_HOME says where to keep the token");
    } else {
        rc = make_folders(path.data, e);
        way_buf_str(&path, "/credentials.json");
        if (rc == WAY_OK)
            rc = write_file(path.data, &text, e);
    }
    way_buf_fini(&path);
    way_buf_fini(&text);
    return rc;
}

void way_credentials_hint(void)
{
    if (access(".waystation/credentials", R_OK) == 0)
        fprintf(stderr, "  Sign in: waystation login   (takes the root password from .waystation/credentials)\n");
    else
        fprintf(stderr, "  Sign in: waystation login --user NAME\n");
}
