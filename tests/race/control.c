/* Control planes that start and stop while doors post jobs and ask for health: every job runs or is dropped exactly once, and a stop
 * returns whatever the threads are doing.  With DATABASE_URL the threads come up for real and jobs run; without it they are stopped in
 * the middle of their attempts to reach Postgres. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/control/control.h"

enum { POSTERS = 3, ROUNDS = 6, ROUND_MS = 150, START_MS = 20000 };

static atomic_long posted, ran, dropped;
static atomic_bool leave;

static way_code server(way_js_port *js, way_server_info *out, way_err *e)
{
    (void)js;
    (void)out;
    return way_fail(e, WAY_E_UNAVAILABLE, "there is no nats-server in this test");
}

static way_js_port *js_new(void *arg)
{
    (void)arg;
    way_js_port *js = way_xcalloc(1, sizeof *js);
    js->server = server;
    return js;
}

static void js_free(way_js_port *js)
{
    free(js);
}

static void run(way_work *w, way_job *job)
{
    if (w->deadline_ms <= way_mono_ms()) {
        fprintf(stderr, "a job without time\n");
        exit(1);
    }
    atomic_fetch_add(&ran, 1);
    free(job);
}

static void drop(way_job *job)
{
    atomic_fetch_add(&dropped, 1);
    free(job);
}

static void *post(void *arg)
{
    way_control *c = arg;
    way_control_health h;

    while (!atomic_load(&leave)) {
        way_job *j = way_xcalloc(1, sizeof *j);
        j->run = run;
        j->drop = drop;
        if (way_control_post(c, &j) == WAY_OK)
            atomic_fetch_add(&posted, 1);
        free(j);
        way_control_health_get(c, &h);
    }
    return NULL;
}

static void pause_ms(long ms)
{
    struct timespec t = {.tv_nsec = ms * 1000000};
    nanosleep(&t, NULL);
}

static void wait_started(way_control *c)
{
    way_control_health h = {0};
    int64_t until = way_mono_ms() + START_MS;
    while (!h.started) {
        pause_ms(5);
        way_control_health_get(c, &h);
        if (way_mono_ms() > until) {
            fprintf(stderr, "it does not start\n");
            exit(1);
        }
    }
}

int main(void)
{
    const char *url = getenv("DATABASE_URL");
    way_control_hooks hooks = {.js_new = js_new, .js_free = js_free};
    way_config cfg;
    way_err e = {0};

    way_log_set_level(WAY_LOG_ERROR);
    way_config_init(&cfg);
    free(cfg.database_url);
    cfg.database_url = way_xstrdup(url && *url ? url : "host=127.0.0.1 port=1 dbname=none");
    cfg.catalog_poll_ms = 10;
    cfg.reconcile_ms = 100;
    cfg.jobs_max = 64;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t posters[POSTERS];
        way_hub *hub = way_hub_new();
        way_control *c = way_control_new(&cfg, hub, &hooks);
        atomic_store(&leave, false);
        if (way_control_start(c, &e) != WAY_OK) {
            fprintf(stderr, "start: %s\n", e.text);
            return 1;
        }
        for (int i = 0; i < POSTERS; i++)
            pthread_create(&posters[i], NULL, post, c);
        if (url && *url)
            wait_started(c);
        pause_ms(ROUND_MS);
        way_control_stop(c); /* under fire */
        atomic_store(&leave, true);
        for (int i = 0; i < POSTERS; i++)
            pthread_join(posters[i], NULL);
        way_control_free(c);
        way_hub_free(hub);
    }
    way_config_fini(&cfg);
    if (ran + dropped != posted) {
        fprintf(stderr, "%ld posted, %ld ran, %ld dropped\n", (long)posted, (long)ran, (long)dropped);
        return 1;
    }
    printf("%ld posted, %ld ran, %ld dropped\n", (long)posted, (long)ran, (long)dropped);
    return 0;
}
