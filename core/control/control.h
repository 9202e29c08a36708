/* Control plane: the worker pool and what its jobs share.
 *
 * Doors post jobs; a worker runs one job at a time as plain sequential code with its own Postgres and
 * JetStream connections, and posts the answer to the door's mailbox itself.
 *
 * Threads   way_control_post: any.  start/stop: main.  A job's run: its worker.
 * Full      at jobs_max queued jobs post fails with WAY_E_FULL; the caller answers 503.
 * Stop      queued jobs are dropped (job->drop), running ones end by their deadline. */
#ifndef WAY_CONTROL_CONTROL_H
#define WAY_CONTROL_CONTROL_H

#include "core/base/config.h"
#include "core/control/js_port.h"
#include "core/model/catalog.h"
#include "core/store/pg.h"

typedef struct way_control way_control;

typedef struct way_work { /* one worker's tools; its thread only */
    way_control *ctl;
    const way_config *cfg;
    way_hub *hub;
    way_pg *pg;
    way_pg *lock; /* a second connection: its open transaction is the lock on one station (core/control/op.h) */
    way_js_port *js;
    int64_t deadline_ms; /* of the job under way; js->deadline_ms is the same */
} way_work;

typedef struct way_job way_job;
struct way_job { /* first member of the poster's struct */
    way_job *next; /* the queue's while queued */
    void (*run)(way_work *w, way_job *job);  /* owns job from here */
    void (*drop)(way_job *job);
    int64_t timeout_ms; /* 0: control_timeout_ms */
};

/* What the control plane needs from libraries it may not include.
 * js_new makes a port for one worker; called on that worker's thread.  js_free is called there too.
 * The password functions are way_password_hash and way_password_verify (core/auth); both NULL: no root user is made.
 * key_from_text makes 32 bytes of a configured jwt_key of any length (a hash); NULL: the key must be 64 hex digits or exactly
 * 32 bytes. */
typedef struct way_control_hooks {
    way_js_port *(*js_new)(void *arg);
    void (*js_free)(way_js_port *js);
    void *arg;
    way_code (*password_hash)(const char *password, size_t len, char *out, way_err *e); /* out: 128 bytes */
    bool (*password_verify)(const char *hash, const char *password, size_t len);
    void (*key_from_text)(const char *text, size_t len, unsigned char out[32]);
} way_control_hooks;

way_control *way_control_new(const way_config *cfg, way_hub *hub, const way_control_hooks *hooks);
/* Starts threads and returns at once; fails only for a configuration that can never work.  The threads migrate, make root
 * and the secrets, load the catalog and make the capture stream, with back-off until the servers answer or stop is called;
 * health.started turns true when all that is done (a nats-server that is away does not hold it up).  Until then post fails with
 * WAY_E_UNAVAILABLE.  Reconcile begins after that. */
WAY_MUST_CHECK way_code way_control_start(way_control *c, way_err *e);
void way_control_stop(way_control *c);
void way_control_free(way_control *c);
WAY_MUST_CHECK way_code way_control_post(way_control *c, way_job **job); /* takes on success; WAY_E_FULL, WAY_E_UNAVAILABLE */

typedef struct way_control_health {
    bool started;  /* migrated and the catalog is loaded */
    bool pg_ok;    /* last poll worked */
    bool nats_ok;  /* a worker's last request worked or its connection is up */
    int64_t pg_checked_ms, catalog_version;
    size_t jobs_queued;
    way_server_info server; /* zero until known */
} way_control_health;
void way_control_health_get(way_control *c, way_control_health *out); /* any thread */

/* Shared secrets, valid once started (any thread): 32 bytes each. */
const unsigned char *way_control_jwt_key(const way_control *c);
const unsigned char *way_control_receipt_key(const way_control *c);

/* Loads rows newer than the hub's catalog and publishes them.  Called after every commit, before the answer. */
WAY_MUST_CHECK way_code way_sync_now(way_work *w, way_err *e);

#endif
