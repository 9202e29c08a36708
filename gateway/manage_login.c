/* Signing in: a password, or a refresh token, for a pair of tokens.
 *
 * The hash comes from the catalog, so signing in works while Postgres is away.  An unknown name takes as long as a wrong
 * password and gets the same answer.  Worker: one check takes about 30 ms. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/log.h"
#include "gateway/manage.h"

#define REFRESH_TOKEN_MAX 4096

static void write_tokens(way_work *w, const way_user *u, way_buf *out)
{
    const unsigned char *key = way_control_jwt_key(w->ctl);
    int64_t now_s = way_wall_ms() / 1000;
    way_buf token;

    way_buf_init(&token, 0);
    way_json_open(out, '{');
    way_jwt_issue(key, WAY_JWT_ACCESS, u, now_s, w->cfg->jwt_ttl_s, &token);
    way_json_key(out, "token");
    way_json_text(out, token.data, token.len);
    way_json_kv_int(out, "expires_in", w->cfg->jwt_ttl_s);
    way_buf_reset(&token);
    way_jwt_issue(key, WAY_JWT_REFRESH, u, now_s, w->cfg->jwt_refresh_ttl_s, &token);
    way_json_key(out, "refresh_token");
    way_json_text(out, token.data, token.len);
    way_json_kv_int(out, "refresh_expires_in", w->cfg->jwt_refresh_ttl_s);
    way_json_close(out, '}');
    way_buf_fini(&token);
}

static way_code read_credentials(const cJSON *body, const char **username, const char **password, way_err *e)
{
    static const char *const known[] = {"username", "password", NULL};
    way_code rc = way_json_only(body, known, e);

    *username = *password = NULL;
    if (rc == WAY_OK)
        rc = way_json_get_str(body, "username", WAY_NAME_MAX, username, e);
    if (rc == WAY_OK)
        rc = way_json_get_str(body, "password", WAY_PASSWORD_MAX, password, e);
    if (rc == WAY_OK && *username == NULL)
        rc = way_fail(e, WAY_E_INVAL, "username is missing");
    if (rc == WAY_OK && *password == NULL)
        rc = way_fail(e, WAY_E_INVAL, "password is missing");
    return rc;
}

way_code way_login_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    const char *username = NULL, *password = NULL;
    const way_catalog *held = NULL;
    const way_user *u;
    cJSON *body = NULL;
    way_code rc = way_manage_body(rq, false, &body, e);

    (void)status;
    if (rc == WAY_OK)
        rc = read_credentials(body, &username, &password, e);
    if (rc == WAY_OK) {
        u = way_catalog_user(way_hub_read(w->hub, &held), username);
        if (u == NULL || u->password_hash == NULL || u->password_hash[0] == '\0') {
            way_password_waste();
            u = NULL;
        } else if (!way_password_verify(u->password_hash, password, strlen(password))) {
            u = NULL;
        }
        if (u != NULL) {
            write_tokens(w, u, out);
        } else {
            way_info("login", "refused", "from=%s", rq->from); /* the name may be a password typed in the wrong field */
            rc = way_fail(e, WAY_E_UNAUTH, "user name or password is wrong");
        }
        way_catalog_unref(held);
    }
    cJSON_Delete(body);
    return rc;
}

way_code way_refresh_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e)
{
    static const char *const known[] = {"refresh_token", NULL};
    const way_catalog *held = NULL;
    const char *token = NULL;
    const way_user *u;
    way_identity who;
    cJSON *body = NULL;
    way_code rc = way_manage_body(rq, false, &body, e);

    (void)status;
    if (rc == WAY_OK)
        rc = way_json_only(body, known, e);
    if (rc == WAY_OK)
        rc = way_json_get_str(body, "refresh_token", REFRESH_TOKEN_MAX, &token, e);
    if (rc == WAY_OK && token == NULL)
        rc = way_fail(e, WAY_E_INVAL, "refresh_token is missing");
    if (rc == WAY_OK) {
        way_hub_read(w->hub, &held);
        rc = way_jwt_check(way_control_jwt_key(w->ctl), WAY_JWT_REFRESH, token, strlen(token), way_wall_ms() / 1000, held,
                           &who, e);
        if (rc == WAY_OK) {
            u = way_catalog_user(held, who.user);
            if (u != NULL)
                write_tokens(w, u, out);
            else
                rc = way_fail(e, WAY_E_UNAUTH, "the user is gone");
        }
        way_catalog_unref(held);
    }
    cJSON_Delete(body);
    return rc;
}
