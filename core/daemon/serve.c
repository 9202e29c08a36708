/* Wires control plane and doors together and waits for a signal.
 *
 * Every thread is made after the signals are blocked, so all of them inherit the mask and only main, in
 * sigwait, ever sees one: no handler runs, nothing has to be safe inside one.
 * Doors come first: a port in use ends a second daemon before it has touched a server, and a door whose control
 * plane is not there yet answers 503 by itself.  At a stop they go first, too, since the exchanges that
 * are still under way may wait for a worker. */
#include "core/daemon/serve.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "core/auth/auth.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/control/control.h"
#include "gateway/island.h"
#include "jetstream-adapter/admin.h"

enum { ISLANDS_MAX = 64 + 2 };

typedef struct serve { /* main thread */
    const way_config *cfg;
    way_hub *hub;
    way_control *ctl;
    way_island *islands[ISLANDS_MAX];
    size_t island_count;
} serve;

/* One row per door: how it is called in the line that says what listens, and where its port is. */
static const struct door_row {
    way_door door;
    const char *name;
    size_t port;  /* offset in way_config */
    size_t count; /* offset of the number of islands; SIZE_MAX: one */
} door_rows[] = {
    {WAY_DOOR_REST, "rest", offsetof(way_config, rest_port), offsetof(way_config, rest_islands)},
    {WAY_DOOR_API, "api", offsetof(way_config, api_port), SIZE_MAX},
    {WAY_DOOR_METRICS, "metrics", offsetof(way_config, metrics_port), SIZE_MAX},
};

static int64_t number_at(const way_config *cfg, size_t offset)
{
    int64_t v;
    memcpy(&v, (const char *)cfg + offset, sizeof v);
    return v;
}

static way_js_port *js_new(void *arg)
{
    return way_admin_new(arg);
}

/* A configured key may be any text; what signs is 32 bytes. */
static void key_from_text(const char *text, size_t len, unsigned char out[32])
{
    crypto_generichash(out, 32, (const unsigned char *)text, len, NULL, 0);
}

/* A socket is a descriptor: the soft limit of 1024 would be met long before connections_max. */
static void raise_file_limit(const way_config *cfg)
{
    struct rlimit lim;
    if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
        return;
    lim.rlim_cur = lim.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &lim) != 0)
        way_warn("daemon", "file_limit", "error=%s", strerror(errno));
    rlim_t wanted = (rlim_t)(cfg->connections_max * cfg->rest_islands) + 512;
    if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < wanted)
        way_warn("daemon", "file_limit", "open_files=%llu wanted=%llu",
                 (unsigned long long)lim.rlim_cur, (unsigned long long)wanted);
}

static void block_signals(sigset_t *set)
{
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(set);
    static const int stops[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; i < WAY_COUNT(stops); i++) {
        signal(stops[i], SIG_DFL); /* a shell starts background jobs with SIGINT ignored */
        sigaddset(set, stops[i]);
    }
    pthread_sigmask(SIG_BLOCK, set, NULL);
}

static way_code start_door(serve *s, const struct door_row *row, way_err *e)
{
    int64_t port = number_at(s->cfg, row->port);
    int64_t count = row->count == SIZE_MAX ? 1 : number_at(s->cfg, row->count);
    for (int64_t i = 0; port != 0 && i < count; i++) {
        if (s->island_count == ISLANDS_MAX)
            return way_fail(e, WAY_E_INVAL, "%lld islands of door %s are more than %d",
                            (long long)count, row->name, ISLANDS_MAX - 2);
        way_island *isl = way_island_new(s->cfg, s->ctl, s->hub, row->door, (int)port);
        way_code rc = way_island_start(isl, e);
        if (rc != WAY_OK) {
            way_island_free(isl);
            return rc;
        }
        s->islands[s->island_count++] = isl;
    }
    return WAY_OK;
}

static way_code start(serve *s, way_err *e)
{
    way_code rc = WAY_OK;
    for (size_t i = 0; rc == WAY_OK && i < WAY_COUNT(door_rows); i++)
        rc = start_door(s, &door_rows[i], e);
    if (rc == WAY_OK && s->island_count == 0)
        rc = way_fail(e, WAY_E_INVAL, "every door is off: give at least one a port other than 0");
    if (rc == WAY_OK)
        rc = way_control_start(s->ctl, e);
    return rc;
}

static void *stop_island(void *arg)
{
    way_island_stop(arg);
    return NULL;
}

/* All doors at once: each may take stop_timeout_ms, and so does the whole.  The helpers act for main, which waits. */
static void stop(serve *s)
{
    pthread_t helpers[ISLANDS_MAX];
    bool helped[ISLANDS_MAX];

    for (size_t i = 0; i < s->island_count; i++)
        helped[i] = pthread_create(&helpers[i], NULL, stop_island, s->islands[i]) == 0;
    for (size_t i = 0; i < s->island_count; i++) {
        if (helped[i])
            pthread_join(helpers[i], NULL);
        else
            way_island_stop(s->islands[i]);
    }
    way_control_stop(s->ctl);
    for (size_t i = 0; i < s->island_count; i++)
        way_island_free(s->islands[i]);
}

/* Scripts wait for this line: it comes when every door is bound. */
static void say_listening(const way_config *cfg)
{
    printf("waystation %s listens on", WAY_VERSION);
    for (size_t i = 0; i < WAY_COUNT(door_rows); i++) {
        int64_t port = number_at(cfg, door_rows[i].port);
        if (port != 0)
            printf(" %s=%s:%lld", door_rows[i].name, cfg->listen, (long long)port);
    }
    printf("\n");
    fflush(stdout);
}

int way_serve(const way_config *cfg)
{
    serve s = {.cfg = cfg};
    way_err e = {0};
    sigset_t signals;
    way_log_level level;
    int rc = WAY_EXIT_OK;

    if (!way_log_level_parse(cfg->log_level, &level)) {
        fprintf(stderr, "waystation: log_level '%s' is none of error, warn, info, debug\n",
                cfg->log_level);
        return WAY_EXIT_USAGE;
    }
    way_log_set_level(level);
    block_signals(&signals);
    raise_file_limit(cfg);
    if (way_auth_init(&e) != WAY_OK) {
        fprintf(stderr, "waystation: %s\n", e.text);
        return WAY_EXIT_FAILED;
    }
    const way_control_hooks hooks = {
        .js_new = js_new,
        .js_free = way_admin_free,
        .arg = (void *)(uintptr_t)cfg, /* js_new only reads it */
        .password_hash = way_password_hash,
        .password_verify = way_password_verify,
        .key_from_text = key_from_text,
    };
    s.hub = way_hub_new();
    s.ctl = way_control_new(cfg, s.hub, &hooks);
    if (start(&s, &e) == WAY_OK) {
        say_listening(cfg);
        int got = 0;
        sigwait(&signals, &got);
        way_info("daemon", "stopping", "signal=%s timeout_ms=%lld", strsignal(got),
                 (long long)cfg->stop_timeout_ms);
        /* whoever sends a second one does not want to wait */
        pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    } else {
        fprintf(stderr, "waystation: cannot start: %s\n", e.text);
        rc = e.code == WAY_E_INVAL ? WAY_EXIT_USAGE : WAY_EXIT_FAILED;
    }
    stop(&s);
    way_control_free(s.ctl);
    way_hub_free(s.hub);
    way_info("daemon", "stopped", "code=%d", rc);
    return rc;
}
