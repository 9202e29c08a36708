/* Configuration: one table of keys drives defaults < file < environment < flags, --help, `config show`
 * and docs/config.md (a test compares them).
 *
 * way_config is plain, filled before any thread starts and read-only after.  Texts are owned by it.
 * Adding a key is adding a row to way_config_keys (config_keys.c) and a member here. */
#ifndef WAY_BASE_CONFIG_H
#define WAY_BASE_CONFIG_H

#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

typedef struct way_config {
    /* where the servers are */
    char *nats_url;        /* comma-separated list */
    char *nats_creds;      /* credentials file */
    char *nats_nkey;       /* seed file */
    char *nats_context;    /* name of a `nats` context */
    char *nats_js_domain;
    char *nats_api_prefix; /* default $JS.API; with a domain $JS.<domain>.API */
    char *database_url;    /* libpq URL or key=value text */
    /* doors */
    char *listen;          /* address */
    int64_t rest_port;     /* 0: off; the same for the others */
    int64_t api_port;
    int64_t metrics_port;
    int64_t rest_islands;  /* threads that share rest_port */
    /* limits */
    int64_t connections_max;      /* sockets per island */
    int64_t requests_max;         /* exchanges per island */
    int64_t publishes_max;        /* unanswered publishes and requests per island */
    int64_t ndjson_unanswered_max; /* per upload */
    int64_t publish_buffer_bytes; /* bytes towards nats-server not yet written, per connection */
    int64_t pulled_bytes_max;     /* pulled and not yet written, per island */
    int64_t json_body_bytes_max;  /* body of a management or batch request */
    int64_t request_timeout_ms;   /* nats-server's answer */
    int64_t idle_timeout_ms;      /* keep-alive connection without a request; slow request */
    int64_t return_grace_ms;      /* how long a returned message is offered again before it is nak'ed */
    /* control plane */
    int64_t workers;
    int64_t jobs_max;             /* queued jobs */
    int64_t control_timeout_ms;   /* one create, edit, delete, seek */
    int64_t catalog_poll_ms;
    int64_t reconcile_ms;
    int64_t lease_ms;
    /* who */
    char *root_password; /* secret */
    char *jwt_key;       /* secret; empty: generated once and kept in Postgres */
    int64_t jwt_ttl_s;
    int64_t jwt_refresh_ttl_s;
    /* the process */
    char *log_level;
    int64_t stop_timeout_ms;
} way_config;

typedef enum way_config_type { WAY_CFG_TEXT, WAY_CFG_INT, WAY_CFG_BYTES, WAY_CFG_MS } way_config_type;
enum { WAY_CFG_SECRET = 1, WAY_CFG_URL = 2 /* a password inside is masked */ };

typedef struct way_config_key {
    const char *name; /* in the file and `config show`: rest_port; the flag is --rest-port */
    const char *env;  /* WAYSTATION_REST_PORT */
    const char *env2; /* second name or NULL: NATS_URL, DATABASE_URL; the first wins */
    const char *flag; /* --rest-port; NULL: no flag (secrets) */
    const char *flag2; /* second spelling or NULL: --server, --creds, as the `nats` command has them */
    way_config_type type;
    size_t offset;
    const char *def;  /* as text */
    int64_t min, max; /* of numbers */
    unsigned flags;
    const char *help; /* one line */
} way_config_key;

extern const way_config_key way_config_keys[];
extern const size_t way_config_key_count;

void way_config_init(way_config *c); /* defaults */
void way_config_fini(way_config *c);
/* Environment variables that are set but empty count as not set.
 * JSON object of key: value; unknown keys, wrong types and values out of bounds are WAY_E_INVAL and name
 * the file and the key. */
WAY_MUST_CHECK way_code way_config_load_file(way_config *c, const char *path, way_err *e);
WAY_MUST_CHECK way_code way_config_load_env(way_config *c, way_err *e);
/* One --flag value (or --flag=value) of a table key: *used says how many argv it took, 0: not ours. */
WAY_MUST_CHECK way_code way_config_flag(way_config *c, int argc, char **argv, int *used, way_err *e);
WAY_MUST_CHECK way_code way_config_set(way_config *c, const char *name, const char *value, way_err *e);
const way_config_key *way_config_find(const char *name); /* NULL: no such key */
/* Value as text; secrets as "********" (empty stays empty), passwords inside URLs masked. */
void way_config_show(const way_config *c, const way_config_key *key, way_buf *out);

#endif
