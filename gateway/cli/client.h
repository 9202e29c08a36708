/* Client: the command line's HTTP side, over libcurl, with the token it keeps between calls.
 *
 * The token comes from WAYSTATION_TOKEN, else from ~/.config/waystation/credentials.json (mode 0600), which `login` writes
 * and which is renewed by its refresh token when it has run out.  Main thread only; blocks. */
#ifndef WAY_CLI_CLIENT_H
#define WAY_CLI_CLIENT_H

#include <cjson/cJSON.h>

#include "core/base/buf.h"
#include "core/base/config.h"

typedef enum way_cli_door { WAY_CLI_API, WAY_CLI_REST } way_cli_door; /* ports 9000 and 4444 */

typedef struct way_client way_client;

typedef struct way_cli { /* one call of the command line */
    const way_config *cfg;
    way_client *client;
    bool json;    /* --json */
    bool tty_out; /* stdout is a terminal */
    bool tty_err;
} way_cli;

typedef struct way_answer {
    long status;
    char *body; /* NUL-terminated, owned */
    size_t len;
    cJSON *json; /* parsed body, NULL when it is not JSON; owned */
} way_answer;
void way_answer_fini(way_answer *a);

way_client *way_client_new(const char *api_url, const char *rest_url);
void way_client_free(way_client *c);
/* The URLs now in use (flags, environment, what login stored, defaults). */
const char *way_client_url(const way_client *c, way_cli_door door);

/* One request.  WAY_OK: an answer of any status below 400.  An error answer becomes its code with the server's detail in e
 * (out still holds the body); no connection is WAY_E_UNAVAILABLE.  body NULL: none.  Connections are kept alive between
 * calls.  A 401 is tried once more with a refreshed token. */
WAY_MUST_CHECK way_code way_client_call(way_client *c, way_cli_door door, const char *method, const char *path,
                                        const char *content_type, const char *body, size_t body_len, way_answer *out,
                                        way_err *e);
/* The same with a JSON body taken from b (which is emptied); b NULL: no body. */
WAY_MUST_CHECK way_code way_client_json(way_client *c, way_cli_door door, const char *method, const char *path, way_buf *b,
                                        way_answer *out, way_err *e);
/* Signs in and stores the tokens. */
WAY_MUST_CHECK way_code way_client_login(way_client *c, const char *user, const char *password, way_err *e);
/* Path from a printf-like list of parts: each is percent-encoded; e.g. way_path(b, "/v1/stations/", name, "/purge", NULL):
 * every second argument is a name. */
void way_path(way_buf *out, ...);
/* "?key=value" or "&key=value", encoded; nothing when value is NULL. */
void way_path_query(way_buf *out, const char *key, const char *value);
void way_path_query_int(way_buf *out, const char *key, int64_t value);

/* Exit code of an error (cli.h), after printing it to stderr with what to do next. */
int way_cli_fail(const way_cli *c, const way_err *e);
/* Prints the body as it is, and a newline. */
void way_cli_print_json(const way_answer *a);

#endif
