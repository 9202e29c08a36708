/* Connect: where the servers are and who we are there.
 *
 * The files of the `nats` command are read with its rules (a leading ~ is the home folder, empty text is not set), so that a context
 * that works there works here.  Every error names the file or the key, never a secret. */
#include "jetstream-adapter/connect.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "jetstream-adapter/nkey.h"

enum { FILE_MAX = 64 * 1024, SERVERS_MAX = 64, CONNECT_TIMEOUT_MS = 2000 };

typedef struct access { /* owned texts, NULL: not set */
    char *url, *user, *password, *token, *creds, *nkey, *cert, *key, *ca, *domain, *api_prefix, *inbox_prefix;
} access_set;

static const struct context_key {
    const char *name;
    size_t offset;
    bool is_path;
} context_keys[] = {
    {"url", offsetof(access_set, url), false},
    {"user", offsetof(access_set, user), false},
    {"password", offsetof(access_set, password), false},
    {"token", offsetof(access_set, token), false},
    {"creds", offsetof(access_set, creds), true},
    {"nkey", offsetof(access_set, nkey), true},
    {"cert", offsetof(access_set, cert), true},
    {"key", offsetof(access_set, key), true},
    {"ca", offsetof(access_set, ca), true},
    {"jetstream_domain", offsetof(access_set, domain), false},
    {"jetstream_api_prefix", offsetof(access_set, api_prefix), false},
    {"inbox_prefix", offsetof(access_set, inbox_prefix), false},
};

static char **slot(access_set *a, const struct context_key *k)
{
    return (char **)(void *)((char *)a + k->offset);
}

static void access_fini(access_set *a)
{
    for (size_t i = 0; i < WAY_COUNT(context_keys); i++)
        free(*slot(a, &context_keys[i]));
}

static bool is_set(const char *s)
{
    return s && *s;
}

static char *expand(const char *path)
{
    const char *home = getenv("HOME");
    size_t size;
    char *out;

    if (path[0] != '~' || path[1] != '/' || !is_set(home))
        return way_xstrdup(path);
    size = strlen(home) + strlen(path);
    out = way_xmalloc(size);
    snprintf(out, size, "%s%s", home, path + 1);
    return out;
}

static void replace(char **to, const char *from, bool is_path)
{
    if (!is_set(from))
        return;
    free(*to);
    *to = is_path ? expand(from) : way_xstrdup(from);
}

/* Whole file, NUL-terminated; owned. */
static way_code read_file(const char *what, const char *path, char **out, size_t *len, way_err *e)
{
    FILE *f = fopen(path, "re");
    char *text;

    if (!f)
        return way_fail(e, WAY_E_INVAL, "%s %s: %s", what, path, strerror(errno));
    text = way_xmalloc(FILE_MAX + 1);
    *len = fread(text, 1, FILE_MAX + 1, f);
    if (ferror(f) || *len > FILE_MAX) {
        way_code rc = way_fail(e, WAY_E_INVAL, "%s %s: %s", what, path,
                               *len > FILE_MAX ? "larger than 64 KiB" : "cannot be read");

        fclose(f);
        free(text);
        return rc;
    }
    fclose(f);
    text[*len] = '\0';
    *out = text;
    return WAY_OK;
}

static way_code context_path(const char *name, char *out, size_t size, way_err *e)
{
    const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n;

    if (strchr(name, '/') || name[0] == '.')
        return way_fail(e, WAY_E_INVAL, "nats_context '%s' is not the name of a context", name);
    if (is_set(base))
        n = snprintf(out, size, "%s/nats/context/%s.json", base, name);
    else if (is_set(home))
        n = snprintf(out, size, "%s/.config/nats/context/%s.json", home, name);
    else
        return way_fail(e, WAY_E_INVAL, "nats_context needs HOME or XDG_CONFIG_HOME in the environment");
    if (n < 0 || (size_t)n >= size)
        return way_fail(e, WAY_E_INVAL, "the path of nats context '%s' is too long", name);
    return WAY_OK;
}

static way_code load_context(const char *name, access_set *a, way_err *e)
{
    char path[PATH_MAX], *text = NULL;
    size_t len = 0;
    cJSON *json = NULL;
    way_err why;
    way_code rc = context_path(name, path, sizeof path, e);

    if (rc == WAY_OK)
        rc = read_file("nats context", path, &text, &len, e);
    if (rc != WAY_OK)
        return rc;
    if (way_json_parse(text, len, FILE_MAX, &json, &why) != WAY_OK) {
        rc = way_fail(e, WAY_E_INVAL, "nats context %s: %s", path, why.text);
        goto out;
    }
    for (size_t i = 0; i < WAY_COUNT(context_keys); i++) {
        const struct context_key *k = &context_keys[i];
        const char *v = NULL;

        if (way_json_get_str(json, k->name, 4096, &v, &why) != WAY_OK) {
            rc = way_fail(e, WAY_E_INVAL, "nats context %s: %s", path, why.text);
            goto out;
        }
        replace(slot(a, k), v, k->is_path);
    }
out:
    cJSON_Delete(json);
    if (text)
        memset(text, 0, len);
    free(text);
    return rc;
}

static bool is_default_url(const char *url)
{
    for (size_t i = 0; i < way_config_key_count; i++)
        if (way_config_keys[i].offset == offsetof(way_config, nats_url))
            return way_config_keys[i].def && strcmp(way_config_keys[i].def, url) == 0;
    return false;
}

static way_code load(const way_config *cfg, access_set *a, way_err *e)
{
    way_code rc = WAY_OK;

    *a = (access_set){0};
    if (is_set(cfg->nats_context))
        rc = load_context(cfg->nats_context, a, e);
    if (rc != WAY_OK)
        return rc;
    if (is_set(cfg->nats_url) && !(a->url && is_default_url(cfg->nats_url)))
        replace(&a->url, cfg->nats_url, false);
    if (!a->url)
        a->url = way_xstrdup("nats://127.0.0.1:4222");
    if (is_set(cfg->nats_creds) || is_set(cfg->nats_nkey)) { /* one of the two: the other kind must not linger */
        free(a->creds);
        free(a->nkey);
        a->creds = a->nkey = NULL;
        replace(&a->creds, cfg->nats_creds, true);
        replace(&a->nkey, cfg->nats_nkey, true);
    }
    replace(&a->domain, cfg->nats_js_domain, false);
    replace(&a->api_prefix, cfg->nats_api_prefix, false);
    return WAY_OK;
}

/* ---- options ---- */

static natsStatus set_servers(natsOptions *opts, char *list)
{
    const char *urls[SERVERS_MAX];
    int n = 0;
    char *rest = NULL;

    for (char *u = strtok_r(list, ", \t", &rest); u && n < SERVERS_MAX; u = strtok_r(NULL, ", \t", &rest))
        urls[n++] = u;
    return n > 0 ? natsOptions_SetServers(opts, urls, n) : NATS_INVALID_ARG;
}

static way_code set_nkey(natsOptions *opts, const char *path, way_err *e)
{
    char *text = NULL, pub[WAY_NKEY_MAX];
    size_t len = 0;
    natsStatus s;
    way_code rc = read_file("nkey file", path, &text, &len, e);

    if (rc != WAY_OK)
        return rc;
    rc = way_nkey_public(text, len, pub, e);
    memset(text, 0, len);
    free(text);
    if (rc != WAY_OK)
        return rc;
    s = natsOptions_SetNKeyFromSeed(opts, pub, path);
    return s == NATS_OK ? WAY_OK : way_connect_fail(e, s, "nkey file");
}

static way_code set_tls(natsOptions *opts, const access_set *a, way_err *e)
{
    natsStatus s = NATS_OK;

    if (a->ca && (s = natsOptions_LoadCATrustedCertificates(opts, a->ca)) != NATS_OK)
        return way_connect_fail(e, s, a->ca);
    if (a->cert && a->key && (s = natsOptions_LoadCertificatesChain(opts, a->cert, a->key)) != NATS_OK)
        return way_connect_fail(e, s, a->cert);
    if (a->ca || a->cert)
        s = natsOptions_SetSecure(opts, true);
    return s == NATS_OK ? WAY_OK : way_connect_fail(e, s, "TLS");
}

static way_code set_identity(natsOptions *opts, const access_set *a, way_err *e)
{
    char *text = NULL;
    size_t len = 0;
    natsStatus s = NATS_OK;
    way_code rc;

    if (a->creds && a->nkey)
        return way_fail(e, WAY_E_INVAL, "both a credentials file and an nkey file are set: use one of them");
    if (a->nkey)
        return set_nkey(opts, a->nkey, e);
    if (a->creds) {
        /* cnats reads the file at each connect and says "invalid argument" then: say it now, with the path */
        rc = read_file("credentials file", a->creds, &text, &len, e);
        if (rc != WAY_OK)
            return rc;
        memset(text, 0, len);
        free(text);
        s = natsOptions_SetUserCredentialsFromFiles(opts, a->creds, NULL);
    } else if (a->token) {
        s = natsOptions_SetToken(opts, a->token);
    } else if (a->user) {
        s = natsOptions_SetUserInfo(opts, a->user, a->password ? a->password : "");
    }
    return s == NATS_OK ? WAY_OK : way_connect_fail(e, s, "nats credentials");
}

way_code way_connect_options(const way_config *cfg, const char *client_name, natsOptions **out, way_err *e)
{
    natsOptions *opts = NULL;
    access_set a;
    natsStatus s;
    way_code rc = load(cfg, &a, e);

    if (rc != WAY_OK)
        goto out;
    s = natsOptions_Create(&opts);
    if (s == NATS_OK)
        s = natsOptions_SetName(opts, client_name);
    if (s == NATS_OK)
        s = natsOptions_SetTimeout(opts, CONNECT_TIMEOUT_MS);
    if (s == NATS_OK && a.inbox_prefix)
        s = natsOptions_SetCustomInboxPrefix(opts, a.inbox_prefix);
    if (s != NATS_OK) {
        rc = way_connect_fail(e, s, "nats options");
        goto out;
    }
    s = set_servers(opts, a.url);
    if (s != NATS_OK) {
        rc = way_fail(e, WAY_E_INVAL, "nats_url is not a list of nats:// or tls:// addresses: %s",
                      natsStatus_GetText(s));
        goto out;
    }
    rc = set_identity(opts, &a, e);
    if (rc == WAY_OK)
        rc = set_tls(opts, &a, e);
    if (rc == WAY_OK) {
        *out = opts;
        opts = NULL;
    }
out:
    natsOptions_Destroy(opts);
    access_fini(&a);
    return rc;
}

/* ---- errors ---- */

way_code way_connect_code(natsStatus s)
{
    static const struct {
        natsStatus status;
        way_code code;
    } row[] = {
        {NATS_OK, WAY_OK},
        {NATS_TIMEOUT, WAY_E_TIMEOUT},
        {NATS_NO_SERVER, WAY_E_UNAVAILABLE},
        {NATS_CONNECTION_CLOSED, WAY_E_UNAVAILABLE},
        {NATS_CONNECTION_DISCONNECTED, WAY_E_UNAVAILABLE},
        {NATS_CONNECTION_AUTH_FAILED, WAY_E_UNAVAILABLE}, /* our credentials, not the caller's */
        {NATS_NOT_PERMITTED, WAY_E_UNAVAILABLE},
        {NATS_SECURE_CONNECTION_REQUIRED, WAY_E_UNAVAILABLE},
        {NATS_SECURE_CONNECTION_WANTED, WAY_E_UNAVAILABLE},
        {NATS_SSL_ERROR, WAY_E_UNAVAILABLE},
        {NATS_STALE_CONNECTION, WAY_E_UNAVAILABLE},
        {NATS_IO_ERROR, WAY_E_UNAVAILABLE},
        {NATS_ADDRESS_MISSING, WAY_E_UNAVAILABLE},
        {NATS_DRAINING, WAY_E_UNAVAILABLE},
        {NATS_NO_RESPONDERS, WAY_E_UNAVAILABLE},
        {NATS_INVALID_SUBSCRIPTION, WAY_E_UNAVAILABLE}, /* the connection went away below it */
        {NATS_INSUFFICIENT_BUFFER, WAY_E_FULL},
        {NATS_SLOW_CONSUMER, WAY_E_FULL},
        {NATS_NO_MEMORY, WAY_E_FULL},
        {NATS_MAX_PAYLOAD, WAY_E_TOO_LARGE},
        {NATS_NOT_FOUND, WAY_E_NOT_FOUND},
    };

    for (size_t i = 0; i < WAY_COUNT(row); i++)
        if (row[i].status == s)
            return row[i].code;
    return WAY_E_INTERNAL;
}

/* nats://user:password@host becomes nats://…@host, in place (never longer). */
static void mask(char *text)
{
    char *at = text;

    while ((at = strstr(at, "://"))) {
        char *end = at + 3, *last = NULL;

        for (; *end && !strchr(" ,'\"", *end); end++)
            if (*end == '@')
                last = end;
        if (last && last - (at + 3) >= 3) {
            memcpy(at + 3, "***", 3);
            memmove(at + 6, last, strlen(last) + 1);
            at += 6;
        } else if (last) {
            memset(at + 3, '*', (size_t)(last - (at + 3)));
            at = end;
        } else {
            at = end;
        }
    }
}

way_code way_connect_fail(way_err *e, natsStatus s, const char *what)
{
    natsStatus last = NATS_OK;
    const char *detail = nats_GetLastError(&last);
    char text[300];

    if (last != s || !is_set(detail))
        detail = "";
    snprintf(text, sizeof text, "nats-server: %s: %s%s%s", what, natsStatus_GetText(s), *detail ? ": " : "", detail);
    mask(text);
    return way_fail(e, way_connect_code(s), "%s", text);
}

/* ---- names ---- */

/* A context that cannot be read has already failed way_connect_options: here it counts as not set. */
static void load_quietly(const way_config *cfg, access_set *a)
{
    if (load(cfg, a, NULL) != WAY_OK) {
        access_fini(a);
        *a = (access_set){0};
    }
}

void way_connect_api_prefix(const way_config *cfg, char *out, size_t size)
{
    access_set a;

    load_quietly(cfg, &a);
    if (a.api_prefix) {
        size_t len = strlen(a.api_prefix);

        if (len > 0 && a.api_prefix[len - 1] == '.') /* both spellings are in use */
            len--;
        snprintf(out, size, "%.*s", (int)len, a.api_prefix);
    } else if (a.domain) {
        snprintf(out, size, "$JS.%s.API", a.domain);
    } else {
        snprintf(out, size, "$JS.API");
    }
    access_fini(&a);
}

void way_connect_inbox(const way_config *cfg, char out[WAY_INBOX_MAX])
{
    char id[WAY_RANDOM_ID_MAX];
    access_set a;

    load_quietly(cfg, &a);
    way_random_id(id);
    snprintf(out, WAY_INBOX_MAX, "%.120s.%s", a.inbox_prefix ? a.inbox_prefix : "_INBOX", id);
    access_fini(&a);
}
