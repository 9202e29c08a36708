/* Requests that a control worker answers.
 *
 * The job holds copies: the exchange may end while it is queued, and then the work is done (a station once asked for
 * is made) and its answer dropped.  Bounded by jobs_max; a body is moved into the job, not copied. */
#include "gateway/job.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/control/ops.h"
#include "gateway/island_priv.h"

#define ANSWER_BYTES_MAX (64u << 20)

typedef struct api_answer {
    way_posted answer;
    way_code code;
    way_err err;
    int status;
    way_buf out;
} api_answer;

typedef struct api_job { /* the worker's once posted */
    way_job job;
    way_island *isl;
    way_token to;
    api_answer *reply; /* made before posting, so that a job that ran can always be answered */
    way_api_fn fn;
    way_api_request rq;
    char *body;
    char text[]; /* path parts and query */
} api_job;

static void drop_answer(way_item *item)
{
    api_answer *a = WAY_CONTAINER(WAY_CONTAINER(item, way_posted, item), api_answer, answer);

    way_buf_fini(&a->out);
    free(a);
}

static void answer_arrived(way_island *isl, way_posted *answer)
{
    api_answer *a = WAY_CONTAINER(answer, api_answer, answer);
    way_exchange *x = way_x_find(isl, a->answer.item.to);

    if (x != NULL) {
        if (a->code == WAY_OK)
            way_x_json(x, a->status, &a->out);
        else
            way_x_fail(x, &a->err);
    }
    drop_answer(&a->answer.item);
}

static void send_reply(api_job *j)
{
    way_item *item = &j->reply->answer.item;
    way_island *isl = j->isl;

    j->reply = NULL;
    way_island_answer(isl, &item);
}

static void free_job(api_job *j)
{
    if (j->reply != NULL)
        drop_answer(&j->reply->answer.item);
    free(j->body);
    free(j);
}

static void run_job(way_work *w, way_job *job)
{
    api_job *j = WAY_CONTAINER(job, api_job, job);
    api_answer *a = j->reply;

    a->code = j->fn(w, &j->rq, &a->out, &a->status, &a->err);
    if (a->code == WAY_OK && a->out.failed)
        a->code = way_fail(&a->err, WAY_E_FULL, "the answer is larger than there is room for; ask for less");
    a->err.code = a->code; /* a handler may pass a code on without a text of its own */
    send_reply(j);
    free_job(j);
}

/* The control plane stops: whoever waits hears it. */
static void drop_job(way_job *job)
{
    api_job *j = WAY_CONTAINER(job, api_job, job);

    j->reply->code = way_fail(&j->reply->err, WAY_E_UNAVAILABLE, "this server is stopping");
    send_reply(j);
    free_job(j);
}

static api_job *make_job(way_exchange *x)
{
    size_t len[3] = {strlen(x->param[0]) + 1, strlen(x->param[1]) + 1, strlen(x->head.query) + 1};
    const char *from[3] = {x->param[0], x->param[1], x->head.query};
    api_job *j = way_xcalloc(1, sizeof *j + len[0] + len[1] + len[2]);
    char *to = j->text;

    for (int i = 0; i < 3; i++) {
        memcpy(to, from[i], len[i]);
        if (i < 2)
            j->rq.params[i] = to;
        else
            j->rq.query = to;
        to += len[i];
    }
    j->job.run = run_job;
    j->job.drop = drop_job;
    j->isl = x->isl;
    j->to = x->token;
    j->fn = x->route->job;
    j->rq.who = x->who;
    memcpy(j->rq.from, x->conn->from, sizeof j->rq.from);
    j->body = way_x_body_take(x, &j->rq.body_len);
    j->rq.body = j->body != NULL ? j->body : "";
    j->reply = way_xcalloc(1, sizeof *j->reply);
    j->reply->answer.item.to = x->token;
    j->reply->answer.item.drop = drop_answer;
    j->reply->answer.arrive = answer_arrived;
    j->reply->status = 200;
    way_buf_init(&j->reply->out, ANSWER_BYTES_MAX);
    return j;
}

static void fail_to_post(way_exchange *x, way_code rc, way_err *e)
{
    atomic_fetch_add_explicit(&x->isl->refused, 1, memory_order_relaxed);
    if (rc == WAY_E_FULL)
        way_fail(e, rc, "all %lld places for jobs are taken", (long long)x->isl->parts.cfg->jobs_max);
    else
        way_fail(e, WAY_E_UNAVAILABLE, "the control plane is not running");
}

void way_job_post(way_exchange *x)
{
    api_job *j = make_job(x);
    way_job *job = &j->job;
    way_code rc = way_control_post(x->isl->parts.ctl, &job);
    way_err e;

    if (rc == WAY_OK)
        return;
    free_job(j);
    fail_to_post(x, rc, &e);
    way_x_fail(x, &e);
}

/* ---- a station that this process's catalog does not know ---- */

typedef struct find_answer {
    way_posted answer;
    way_code code;
    way_err err;
    char internal[WAY_NAME_MAX + 1];
} find_answer;

typedef struct find_job {
    way_job job;
    way_island *isl;
    find_answer *reply;
    char name[WAY_NAME_MAX + 1];
} find_job;

static void drop_found(way_item *item)
{
    free(WAY_CONTAINER(WAY_CONTAINER(item, way_posted, item), find_answer, answer));
}

static const way_station *active_station(way_island *isl, const char *internal)
{
    const way_station *st = way_catalog_station(way_island_catalog(isl), internal);

    return st != NULL && st->state == WAY_ACTIVE ? st : NULL;
}

static void found_arrived(way_island *isl, way_posted *answer)
{
    find_answer *a = WAY_CONTAINER(answer, find_answer, answer);
    way_exchange *x = way_x_find(isl, a->answer.item.to);
    const way_station *st = a->code == WAY_OK ? active_station(isl, a->internal) : NULL;
    way_station_fn then;

    if (a->code == WAY_E_NOT_FOUND)
        way_missing_add(&isl->missing, a->internal, way_mono_ms());
    if (x != NULL && st != NULL) {
        then = x->then;
        x->then = NULL;
        then(x, st);
    } else if (x != NULL) {
        if (a->code == WAY_OK) /* it went away while the answer was on its way */
            way_fail(&a->err, WAY_E_NOT_FOUND, "station '%s' is being deleted", a->internal);
        way_x_fail(x, &a->err);
    }
    drop_found(&a->answer.item);
}

static void finish_find(find_job *j)
{
    way_item *item = &j->reply->answer.item;

    way_island_answer(j->isl, &item);
    free(j);
}

static void run_find(way_work *w, way_job *job)
{
    find_job *j = WAY_CONTAINER(job, find_job, job);
    const way_catalog *held = NULL;
    const way_station *st = NULL;

    j->reply->code = way_op_station_find(w, j->name, &held, &st, &j->reply->err);
    j->reply->err.code = j->reply->code;
    if (held != NULL)
        way_catalog_unref(held);
    finish_find(j);
}

static void drop_find(way_job *job)
{
    find_job *j = WAY_CONTAINER(job, find_job, job);

    j->reply->code = way_fail(&j->reply->err, WAY_E_UNAVAILABLE, "this server is stopping");
    finish_find(j);
}

void way_x_station(way_exchange *x, const char *name, way_station_fn then)
{
    way_island *isl = x->isl;
    char lower[WAY_NAME_MAX + 1], internal[WAY_NAME_MAX + 1];
    const way_station *st;
    way_job *job;
    find_job *j;
    way_code rc;
    way_err e;

    if (way_name_parse("station", name, strlen(name), lower, &e) != WAY_OK) {
        way_x_fail(x, &e);
        return;
    }
    way_name_internal(lower, internal);
    st = active_station(isl, internal);
    if (st != NULL) {
        then(x, st);
        return;
    }
    if (way_missing_has(&isl->missing, internal, way_mono_ms())) {
        way_fail(&e, WAY_E_NOT_FOUND, "there is no station '%s'", lower);
        way_x_fail(x, &e);
        return;
    }
    j = way_xcalloc(1, sizeof *j);
    j->job.run = run_find;
    j->job.drop = drop_find;
    j->isl = isl;
    memcpy(j->name, lower, sizeof j->name);
    j->reply = way_xcalloc(1, sizeof *j->reply);
    j->reply->answer.item.to = x->token;
    j->reply->answer.item.drop = drop_found;
    j->reply->answer.arrive = found_arrived;
    memcpy(j->reply->internal, internal, sizeof internal);
    x->then = then;
    job = &j->job;
    rc = way_control_post(isl->parts.ctl, &job);
    if (rc == WAY_OK)
        return;
    free(j->reply);
    free(j);
    fail_to_post(x, rc, &e);
    way_x_fail(x, &e);
}
