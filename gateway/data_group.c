/* The group that a data route names.  Daemons learn of each other's changes within half a second; who makes a group on one and
 * fetches from another, or settles on another after a seek, must not see that. */
#include "gateway/data_group.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/text.h"

#define MISSING_MS 1000
#define SYNC_TIMEOUT_MS 2000

/* An island is one thread.  Names that were asked for and not found, newest in each slot. */
static _Thread_local struct missing {
    uint64_t what;
    int64_t until_ms;
} missing[64];

typedef struct synced { /* the worker's answer */
    way_posted posted;
    way_group_fn then;
    int64_t station_id, generation;
} synced;

typedef struct sync_job {
    way_job job;
    way_island *isl;
    synced *reply;
} sync_job;

static uint64_t missing_key(int64_t station_id, int64_t generation, const char *group)
{
    return way_hash64(group, strlen(group)) ^ ((uint64_t)station_id * 1000003u + (uint64_t)generation);
}

/* The group as the path names it, in any state; NULL with *e when the name is no name. */
static way_code look(const way_exchange *x, const way_station *st, char internal[WAY_NAME_MAX + 1], const way_group **out,
                     way_err *e)
{
    char name[WAY_NAME_MAX + 1];
    const char *raw = way_x_param(x, 1);
    way_code rc = way_name_parse("group", raw, strlen(raw), name, e);

    if (rc != WAY_OK)
        return rc;
    way_name_internal(name, internal);
    *out = way_station_group(st, internal);
    return WAY_OK;
}

static void give(way_exchange *x, const way_station *st, const way_group *g, const char *internal, way_group_fn then)
{
    char name[WAY_NAME_MAX + 1];
    way_err e;

    if (g && g->state == WAY_ACTIVE) {
        then(x, st, g);
        return;
    }
    way_name_external(internal, name);
    if (g && g->state == WAY_CREATING)
        (void)way_fail(&e, WAY_E_CONFLICT, "the group '%s' is being created", name);
    else if (g && g->state == WAY_DELETING)
        (void)way_fail(&e, WAY_E_GONE, "the group '%s' is being deleted", name);
    else
        (void)way_fail(&e, WAY_E_NOT_FOUND,
                       "the station '%s' has no group '%s'; make it with POST /v1/stations/%s/groups {\"name\":\"%s\"}",
                       st->spec.name, name, st->spec.name, name);
    way_x_fail(x, &e);
}

static void drop_reply(way_item *item)
{
    free(WAY_CONTAINER(WAY_CONTAINER(item, way_posted, item), synced, posted));
}

static void arrived(way_island *isl, way_posted *posted)
{
    synced *a = WAY_CONTAINER(posted, synced, posted);
    way_exchange *x = way_x_find(isl, posted->item.to);
    const way_station *st = way_catalog_station_by_id(way_island_catalog(isl), a->station_id);
    char internal[WAY_NAME_MAX + 1];
    const way_group *g;
    way_err e;

    if (x && (!st || st->state != WAY_ACTIVE)) {
        (void)way_fail(&e, WAY_E_NOT_FOUND, "the station was deleted");
        way_x_fail(x, &e);
    } else if (x && look(x, st, internal, &g, &e) == WAY_OK) {
        if (!g || g->generation < a->generation) {
            uint64_t what = missing_key(st->id, a->generation, internal);
            missing[what % WAY_COUNT(missing)] = (struct missing){what, way_mono_ms() + MISSING_MS};
        }
        give(x, st, g, internal, a->then);
    }
    free(a);
}

static void send_reply(way_job *job)
{
    sync_job *j = WAY_CONTAINER(job, sync_job, job);
    way_item *item = &j->reply->posted.item;

    way_island_answer(j->isl, &item);
    free(j);
}

/* Whatever comes of it, the door then goes by its catalog: without Postgres that is the best there is. */
static void run_sync(way_work *w, way_job *job)
{
    way_err e;

    if (way_sync_now(w, &e) != WAY_OK)
        way_debug("data", "not_synced", "%s", e.text);
    send_reply(job);
}

static bool post_sync(way_exchange *x, const way_station *st, int64_t generation, way_group_fn then)
{
    sync_job *j = way_xcalloc(1, sizeof *j);
    way_job *job = &j->job;

    j->job.run = run_sync;
    j->job.drop = send_reply;
    j->job.timeout_ms = SYNC_TIMEOUT_MS;
    j->isl = way_x_island(x);
    j->reply = way_xcalloc(1, sizeof *j->reply);
    j->reply->posted.item.to = way_x_token(x);
    j->reply->posted.item.drop = drop_reply;
    j->reply->posted.arrive = arrived;
    j->reply->then = then;
    j->reply->station_id = st->id;
    j->reply->generation = generation;
    if (way_control_post(way_island_get(j->isl)->ctl, &job) == WAY_OK)
        return true;
    free(j->reply);
    free(j);
    return false;
}

void way_data_group(way_exchange *x, const way_station *st, int64_t generation, way_group_fn then)
{
    char internal[WAY_NAME_MAX + 1];
    const way_group *g;
    way_err e;

    if (look(x, st, internal, &g, &e) != WAY_OK) {
        way_x_fail(x, &e);
        return;
    }
    uint64_t what = missing_key(st->id, generation, internal);
    const struct missing *m = &missing[what % WAY_COUNT(missing)];
    bool behind = !g || g->generation < generation || g->state == WAY_CREATING;
    if (behind && (m->what != what || m->until_ms <= way_mono_ms()) && post_sync(x, st, generation, then))
        return;
    give(x, st, g, internal, then);
}
