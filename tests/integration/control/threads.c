/* The control plane as a whole: bring-up, jobs, health, stop. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "tests/integration/control/control_test.h"

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static int ran, dropped;
static bool gate_open;
static bool nats_there = true;

static way_code server(way_js_port *js, way_server_info *out, way_err *e)
{
    pthread_mutex_lock(&mu);
    bool there = nats_there;
    pthread_mutex_unlock(&mu);
    if (!there)
        return way_fail(e, WAY_E_UNAVAILABLE, "no nats-server");
    *out = ((fake_js *)js)->srv;
    return WAY_OK;
}

static way_js_port *fresh_js(void *arg)
{
    fake_js *f = fake_js_new(); /* one for each thread */
    (void)arg;
    f->port.server = server;
    return &f->port;
}

static void drop_js(way_js_port *js)
{
    fake_js_free((fake_js *)js);
}

static way_code hash(const char *password, size_t len, char *out, way_err *e)
{
    (void)e;
    snprintf(out, 128, "hash of %.*s", (int)len, password);
    return WAY_OK;
}

static bool verify(const char *h, const char *password, size_t len)
{
    char want[160];
    snprintf(want, sizeof want, "hash of %.*s", (int)len, password);
    return strcmp(h, want) == 0;
}

static way_control_hooks hooks(void)
{
    return (way_control_hooks){.js_new = fresh_js, .js_free = drop_js, .password_hash = hash, .password_verify = verify};
}

static bool reached(bool (*what)(void *), void *arg)
{
    int64_t until = way_mono_ms() + 10000;
    while (!what(arg)) {
        if (way_mono_ms() > until)
            return false;
        usleep(2000);
    }
    return true;
}

static bool started(void *ctl)
{
    way_control_health h;
    way_control_health_get(ctl, &h);
    return h.started;
}

static bool nats_ok(void *ctl)
{
    way_control_health h;
    way_control_health_get(ctl, &h);
    return h.nats_ok;
}

static void job_run(way_work *w, way_job *job)
{
    (void)w;
    pthread_mutex_lock(&mu);
    ran++;
    pthread_mutex_unlock(&mu);
    free(job);
}

static bool is_open(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mu);
    bool open = gate_open;
    pthread_mutex_unlock(&mu);
    return open;
}

static void job_wait(way_work *w, way_job *job)
{
    (void)reached(is_open, NULL);
    job_run(w, job);
}

static void job_drop(way_job *job)
{
    dropped++;
    free(job);
}

static way_job *job_new(void (*run)(way_work *, way_job *))
{
    way_job *j = way_xcalloc(1, sizeof *j);
    j->run = run;
    j->drop = job_drop;
    return j;
}

Test(threads, bring_up_makes_root_and_keys_once)
{
    world x;
    char url[1100];
    world_open(&x);
    snprintf(url, sizeof url, "%s", x.s.url);
    free(x.cfg.root_password);
    x.cfg.root_password = strdup("first");
    way_control_hooks h = hooks();
    unsigned char receipt[32];
    for (int round = 0; round < 3; round++) {
        way_control *c = way_control_new(&x.cfg, x.hub, &h);
        GOOD(way_control_start(c, &x.e));
        cr_assert(reached(started, c));
        if (round == 0)
            memcpy(receipt, way_control_receipt_key(c), 32);
        cr_expect_eq(memcmp(receipt, way_control_receipt_key(c), 32), 0);
        way_control_health health;
        way_control_health_get(c, &health);
        cr_expect(health.pg_ok && health.nats_ok && health.server.minor == 11);
        way_control_stop(c);
        way_control_free(c);
        /* epoch 1 while the password stays; a changed one ends the old tokens */
        cr_expect_eq(sql(&x, "SELECT epoch FROM users WHERE name = 'root'"), round < 2 ? 1 : 2);
        if (round == 1) {
            free(x.cfg.root_password);
            x.cfg.root_password = strdup("second");
        }
    }
    cr_expect_eq(sql(&x, "SELECT count(*) FROM users WHERE hash = 'hash of second'"), 1);
    world_close(&x);
}

Test(threads, a_nats_server_that_is_away_does_not_hold_up_the_start)
{
    world x;
    world_open(&x);
    way_control_hooks h = hooks();
    nats_there = false;
    way_control *c = way_control_new(&x.cfg, x.hub, &h);
    GOOD(way_control_start(c, &x.e));
    cr_assert(reached(started, c));
    cr_expect_not(nats_ok(c));
    pthread_mutex_lock(&mu);
    nats_there = true;
    pthread_mutex_unlock(&mu);
    cr_expect(reached(nats_ok, c));
    way_control_stop(c);
    way_control_free(c);
    world_close(&x);
}

Test(threads, postgres_away_means_not_started_and_no_jobs)
{
    world x;
    world_open(&x);
    way_control_hooks h = hooks();
    free(x.cfg.database_url);
    x.cfg.database_url = strdup("host=127.0.0.1 port=1 dbname=none");
    way_control *c = way_control_new(&x.cfg, x.hub, &h);
    GOOD(way_control_start(c, &x.e));
    way_job *j = job_new(job_run);
    cr_expect_eq(way_control_post(c, &j), WAY_E_UNAVAILABLE);
    cr_expect_not_null(j, "the caller keeps it");
    free(j);
    cr_expect(reached(nats_ok, c));
    cr_expect_not(started(c));
    way_control_stop(c);
    way_control_free(c);
    world_close(&x);
}

static bool all_ran(void *n)
{
    pthread_mutex_lock(&mu);
    bool yes = ran == *(int *)n;
    pthread_mutex_unlock(&mu);
    return yes;
}

static bool one_queued(void *ctl)
{
    way_control_health h;
    way_control_health_get(ctl, &h);
    return h.jobs_queued == 0;
}

Test(threads, a_full_queue_says_so_and_a_stop_drops_what_waits)
{
    world x;
    world_open(&x);
    way_control_hooks h = hooks();
    x.cfg.workers = 1;
    x.cfg.jobs_max = 3;
    way_control *c = way_control_new(&x.cfg, x.hub, &h);
    GOOD(way_control_start(c, &x.e));
    cr_assert(reached(started, c));
    int want = 20;
    for (int i = 0; i < want; i++) {
        way_job *j = job_new(job_run);
        int64_t until = way_mono_ms() + 10000;
        while (way_control_post(c, &j) == WAY_E_FULL && way_mono_ms() < until)
            usleep(500);
        cr_assert_null(j);
    }
    cr_expect(reached(all_ran, &want));

    way_job *j = job_new(job_wait);
    GOOD(way_control_post(c, &j));
    cr_assert(reached(one_queued, c)); /* the worker has it */
    for (int i = 0; i < 3; i++) {
        j = job_new(job_run);
        GOOD(way_control_post(c, &j));
    }
    j = job_new(job_run);
    cr_expect_eq(way_control_post(c, &j), WAY_E_FULL);
    free(j);
    pthread_mutex_lock(&mu);
    gate_open = true;
    pthread_mutex_unlock(&mu);
    way_control_stop(c);
    cr_expect_eq(ran + dropped, want + 4, "%d ran, %d dropped", ran, dropped);
    way_control_free(c);
    world_close(&x);
}
