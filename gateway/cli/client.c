/* Requests of the command line.  The curl handle is kept for the whole call, so that a long upload or a followed group
 * uses one connection per door. */
#include "gateway/cli/client.h"

#include <curl/curl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/mem.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/credentials.h"

enum { ANSWER_MAX = 256 << 20, CONNECT_TIMEOUT_MS = 5000, TIMEOUT_MS = 120000 };

struct way_client {
    CURL *curl[2];
    char *url[2];
    way_credentials cred;
    const char *env_token; /* WAYSTATION_TOKEN, borrowed; never refreshed */
};

void way_answer_fini(way_answer *a)
{
    free(a->body);
    cJSON_Delete(a->json);
    memset(a, 0, sizeof *a);
}

static char *url_of(const char *flag, const char *env, const char *stored, const char *fallback)
{
    const char *from_env = getenv(env);
    const char *url = flag ? flag : from_env && *from_env ? from_env : stored ? stored : fallback;
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/')
        len--;
    return way_xstrndup(url, len);
}

way_client *way_client_new(const char *api_url, const char *rest_url)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    way_client *c = way_xcalloc(1, sizeof *c);
    way_credentials_load(&c->cred);
    c->url[WAY_CLI_API] = url_of(api_url, "WAYSTATION_API_URL", c->cred.api_url, "http://127.0.0.1:9000");
    c->url[WAY_CLI_REST] = url_of(rest_url, "WAYSTATION_REST_URL", c->cred.rest_url, "http://127.0.0.1:4444");
    c->env_token = getenv("WAYSTATION_TOKEN");
    if (c->env_token && !*c->env_token)
        c->env_token = NULL;
    /* a token goes only to the servers it was made for */
    if (c->cred.api_url && strcmp(c->cred.api_url, c->url[WAY_CLI_API]) != 0)
        way_credentials_fini(&c->cred);
    return c;
}

void way_client_free(way_client *c)
{
    if (!c)
        return;
    for (int i = 0; i < 2; i++) {
        if (c->curl[i])
            curl_easy_cleanup(c->curl[i]);
        free(c->url[i]);
    }
    way_credentials_fini(&c->cred);
    free(c);
    curl_global_cleanup();
}

const char *way_client_url(const way_client *c, way_cli_door door)
{
    return c->url[door];
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
    way_buf_add(arg, data, size * count);
    return ((way_buf *)arg)->failed ? 0 : size * count;
}

static CURL *handle(way_client *c, way_cli_door door)
{
    if (!c->curl[door])
        c->curl[door] = curl_easy_init();
    WAY_ASSERT(c->curl[door]);
    curl_easy_reset(c->curl[door]); /* options only: the connection stays */
    return c->curl[door];
}

/* One exchange on the wire; any status is WAY_OK. */
static way_code exchange(way_client *c, way_cli_door door, const char *method, const char *path, const char *type,
                         const char *body, size_t len, const char *token, way_answer *out, way_err *e)
{
    CURL *h = handle(c, door);
    struct curl_slist *headers = NULL;
    char problem[CURL_ERROR_SIZE] = "";
    way_buf url, line, answer;

    way_buf_init(&url, 0);
    way_buf_init(&line, 0);
    way_buf_init(&answer, ANSWER_MAX);
    way_buf_str(&url, c->url[door]);
    way_buf_str(&url, path);
    headers = curl_slist_append(headers, "Expect:"); /* waiting for a 100 costs a second */
    if (token) {
        way_buf_printf(&line, "Authorization: Bearer %s", token);
        headers = curl_slist_append(headers, line.data);
        way_buf_reset(&line);
    }
    if (body) {
        way_buf_printf(&line, "Content-Type: %s", type);
        headers = curl_slist_append(headers, line.data);
        curl_easy_setopt(h, CURLOPT_POST, 1L);
        curl_easy_setopt(h, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
    }
    curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(h, CURLOPT_URL, url.data);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &answer);
    curl_easy_setopt(h, CURLOPT_ERRORBUFFER, problem);
    curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)TIMEOUT_MS);
    curl_easy_setopt(h, CURLOPT_USERAGENT, "waystation/" WAY_VERSION);
    curl_easy_setopt(h, CURLOPT_TCP_NODELAY, 1L);
    CURLcode done = curl_easy_perform(h);
    curl_slist_free_all(headers);

    way_code rc = WAY_OK;
    if (done == CURLE_OK) {
        memset(out, 0, sizeof *out);
        curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &out->status);
        out->body = way_buf_take(&answer, &out->len);
        if (!out->body)
            out->body = way_xstrdup("");
        out->json = cJSON_ParseWithLength(out->body, out->len);
    } else if (done == CURLE_OPERATION_TIMEDOUT) {
        rc = way_fail(e, WAY_E_TIMEOUT, "%s gave no answer in time", c->url[door]);
    } else {
        rc = way_fail(e, WAY_E_UNAVAILABLE, "%s cannot be reached (%s)", c->url[door],
                      *problem ? problem : curl_easy_strerror(done));
    }
    way_buf_fini(&url);
    way_buf_fini(&line);
    way_buf_fini(&answer);
    return rc;
}

static const char *text_at(const cJSON *obj, const char *key)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(obj, key));
}

/* The code of a problem+json (or batch) answer, by its wire name; the detail as it is. */
static way_code code_of(const way_answer *a, way_err *e)
{
    if (a->status < 400)
        return WAY_OK;
    const char *name = text_at(a->json, "code");
    const char *detail = text_at(a->json, "detail");
    if (!detail)
        detail = text_at(a->json, "message");
    way_code rc = WAY_E_INTERNAL;
    for (int i = 0; i < WAY_CODE_COUNT; i++)
        if (name ? strcmp(way_code_name(i), name) == 0 : way_code_http(i) == (int)a->status) {
            rc = i;
            break;
        }
    if (detail)
        return way_fail(e, rc, "%s", detail);
    return way_fail(e, rc, "the server answered %ld", a->status);
}

/* Takes the tokens of a login or refresh answer and stores them. */
static way_code keep_tokens(way_client *c, const way_answer *a, way_err *e)
{
    const char *token = text_at(a->json, "token");
    const char *refresh = text_at(a->json, "refresh_token");
    const cJSON *expires = cJSON_GetObjectItemCaseSensitive(a->json, "expires_in");
    if (!token || !refresh || !cJSON_IsNumber(expires))
        return way_fail(e, WAY_E_INTERNAL, "%s does not answer like a Waystation", c->url[WAY_CLI_API]);
    way_credentials fresh = {
        .token = way_xstrdup(token),
        .refresh_token = way_xstrdup(refresh),
        .api_url = way_xstrdup(c->url[WAY_CLI_API]),
        .rest_url = way_xstrdup(c->url[WAY_CLI_REST]),
        .expires_ms = way_wall_ms() + (int64_t)expires->valuedouble * 1000,
    };
    way_credentials_fini(&c->cred);
    c->cred = fresh;
    return way_credentials_save(&c->cred, e);
}

static bool refresh(way_client *c)
{
    way_err ignored;
    way_answer a = {0};
    way_buf b;
    bool ok = false;

    if (c->env_token || !c->cred.refresh_token)
        return false;
    way_buf_init(&b, 0);
    way_json_open(&b, '{');
    way_json_kv_str(&b, "refresh_token", c->cred.refresh_token);
    way_json_close(&b, '}');
    if (exchange(c, WAY_CLI_API, "POST", "/v1/refresh", "application/json", b.data, b.len, NULL, &a, &ignored) == WAY_OK)
        ok = a.status == 200 && keep_tokens(c, &a, &ignored) == WAY_OK;
    way_answer_fini(&a);
    way_buf_fini(&b);
    return ok;
}

way_code way_client_login(way_client *c, const char *user, const char *password, way_err *e)
{
    way_answer a = {0};
    way_buf b;

    way_buf_init(&b, 0);
    way_json_open(&b, '{');
    way_json_kv_str(&b, "username", user);
    way_json_kv_str(&b, "password", password);
    way_json_close(&b, '}');
    way_code rc = exchange(c, WAY_CLI_API, "POST", "/v1/login", "application/json", b.data, b.len, NULL, &a, e);
    if (rc == WAY_OK)
        rc = code_of(&a, e);
    if (rc == WAY_OK)
        rc = keep_tokens(c, &a, e);
    way_answer_fini(&a);
    way_buf_fini(&b);
    return rc;
}

way_code way_client_call(way_client *c, way_cli_door door, const char *method, const char *path, const char *content_type,
                         const char *body, size_t body_len, way_answer *out, way_err *e)
{
    enum { EARLY_MS = 10000 }; /* a token that ends while a request is under way is of no use */

    if (!c->env_token && c->cred.token && c->cred.expires_ms < way_wall_ms() + EARLY_MS)
        (void)refresh(c);
    for (bool again = false;; again = true) {
        const char *token = c->env_token ? c->env_token : c->cred.token;
        way_code rc = exchange(c, door, method, path, content_type, body, body_len, token, out, e);
        if (rc != WAY_OK)
            return rc;
        if (out->status != 401 || again || !refresh(c))
            return code_of(out, e);
        way_answer_fini(out);
    }
}

way_code way_client_json(way_client *c, way_cli_door door, const char *method, const char *path, way_buf *b, way_answer *out,
                         way_err *e)
{
    if (b && b->failed)
        return way_fail(e, WAY_E_TOO_LARGE, "the request is too large");
    way_code rc = way_client_call(c, door, method, path, "application/json", b ? b->data : NULL, b ? b->len : 0, out, e);
    if (b)
        way_buf_reset(b);
    return rc;
}

static void percent(way_buf *out, const char *s)
{
    for (; *s; s++) {
        unsigned char ch = (unsigned char)*s;
        bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
                     (ch && strchr("-._~", ch));
        if (plain)
            way_buf_char(out, *s);
        else
            way_buf_printf(out, "%%%02X", ch);
    }
}

void way_path(way_buf *out, ...)
{
    va_list ap;
    va_start(ap, out);
    const char *part;
    for (bool name = false; (part = va_arg(ap, const char *)) != NULL; name = !name) {
        if (name)
            percent(out, part);
        else
            way_buf_str(out, part);
    }
    va_end(ap);
}

void way_path_query(way_buf *out, const char *key, const char *value)
{
    if (!value)
        return;
    way_buf_char(out, memchr(out->data, '?', out->len) ? '&' : '?');
    way_buf_str(out, key);
    way_buf_char(out, '=');
    percent(out, value);
}

void way_path_query_int(way_buf *out, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    way_path_query(out, key, text);
}

static const struct exit_row {
    way_code code;
    int exit;
} exit_rows[] = {
    {WAY_E_NOT_FOUND, WAY_EXIT_NOT_FOUND}, {WAY_E_EXISTS, WAY_EXIT_CONFLICT},    {WAY_E_CONFLICT, WAY_EXIT_CONFLICT},
    {WAY_E_UNAUTH, WAY_EXIT_AUTH},         {WAY_E_FORBIDDEN, WAY_EXIT_AUTH},     {WAY_E_UNAVAILABLE, WAY_EXIT_RETRY},
    {WAY_E_FULL, WAY_EXIT_RETRY},          {WAY_E_TIMEOUT, WAY_EXIT_RETRY},      {WAY_E_THROTTLED, WAY_EXIT_RETRY},
};

int way_cli_fail(const way_cli *c, const way_err *e)
{
    fprintf(stderr, "waystation: %s\n", *e->text ? e->text : way_code_title(e->code));
    if (e->code == WAY_E_UNAUTH)
        way_credentials_hint();
    else if (e->code == WAY_E_UNAVAILABLE && c)
        fprintf(stderr, "  Is it running?  scripts/up starts one here; --api-url and --rest-url name another.\n");
    for (size_t i = 0; i < WAY_COUNT(exit_rows); i++)
        if (exit_rows[i].code == e->code)
            return exit_rows[i].exit;
    return WAY_EXIT_FAILED;
}

void way_cli_print_json(const way_answer *a)
{
    fwrite(a->body, 1, a->len, stdout);
    if (a->len == 0 || a->body[a->len - 1] != '\n')
        fputc('\n', stdout);
}
