/* Catalog: sorted arrays of refcounted elements, found by binary search.
 *
 * A change merges the old arrays with the changed rows: one pass that copies pointers (10,000 stations: well under a
 * millisecond, on the thread that loads changes), while every element that did not change is shared.  Finding costs
 * 14 comparisons at 10,000 stations, so a hash table would not be noticed.
 *
 * Refcounts stand in a box around the public struct, so that nobody can copy them by accident. */
#include "core/model/catalog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

struct group_box {
    atomic_long refs;
    way_group g;
};

struct station_box {
    atomic_long refs;
    way_station s;
};

struct user_box {
    atomic_long refs;
    way_user u;
};

struct catalog {
    way_catalog pub; /* first: a way_catalog pointer is one of these */
    atomic_long refs;
    way_station **by_name; /* sorted by internal name */
    way_station **by_id;   /* the same, sorted by id */
    way_user **users;      /* sorted by name */
};

static void take_ref(atomic_long *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* true: that was the last one.  acq_rel, so that the freeing thread sees what others did with the object. */
static bool drop_ref(atomic_long *refs)
{
    long before = atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel);
    WAY_ASSERT(before > 0);
    return before == 1;
}

way_group *way_group_new(void)
{
    struct group_box *b = way_xcalloc(1, sizeof *b);
    atomic_init(&b->refs, 1);
    way_group_spec_init(&b->g.spec);
    return &b->g;
}

way_station *way_station_new(void)
{
    struct station_box *b = way_xcalloc(1, sizeof *b);
    atomic_init(&b->refs, 1);
    way_station_spec_init(&b->s.spec);
    return &b->s;
}

way_user *way_user_new(void)
{
    struct user_box *b = way_xcalloc(1, sizeof *b);
    atomic_init(&b->refs, 1);
    return &b->u;
}

way_group *way_group_ref(way_group *g)
{
    take_ref(&WAY_CONTAINER(g, struct group_box, g)->refs);
    return g;
}

way_station *way_station_ref(way_station *s)
{
    take_ref(&WAY_CONTAINER(s, struct station_box, s)->refs);
    return s;
}

way_user *way_user_ref(way_user *u)
{
    take_ref(&WAY_CONTAINER(u, struct user_box, u)->refs);
    return u;
}

void way_group_unref(way_group *g)
{
    if (g == NULL)
        return;
    struct group_box *b = WAY_CONTAINER(g, struct group_box, g);
    if (!drop_ref(&b->refs))
        return;
    way_group_spec_fini(&g->spec);
    free(b);
}

void way_station_unref(way_station *s)
{
    if (s == NULL)
        return;
    struct station_box *b = WAY_CONTAINER(s, struct station_box, s);
    if (!drop_ref(&b->refs))
        return;
    for (size_t i = 0; i < s->group_count; i++)
        way_group_unref(s->groups[i]);
    free(s->groups);
    free(s->problems);
    way_station_spec_fini(&s->spec);
    free(b);
}

void way_user_unref(way_user *u)
{
    if (u == NULL)
        return;
    struct user_box *b = WAY_CONTAINER(u, struct user_box, u);
    if (!drop_ref(&b->refs))
        return;
    free(u->password_hash);
    free(u->rules);
    free(b);
}

/* ---- building ---- */

static struct catalog *catalog_new(size_t stations, size_t users)
{
    struct catalog *c = way_xcalloc(1, sizeof *c);
    atomic_init(&c->refs, 1);
    c->by_name = way_xcalloc(stations, sizeof *c->by_name);
    c->by_id = way_xcalloc(stations, sizeof *c->by_id);
    c->users = way_xcalloc(users, sizeof *c->users);
    return c;
}

const way_catalog *way_catalog_empty_new(void)
{
    return &catalog_new(0, 0)->pub;
}

/* By name; of one name the row that counts comes last: the newer id (a name may be used again after a delete),
 * then the newer version. */
static int order_stations(const void *pa, const void *pb)
{
    const way_station *a = *(way_station *const *)pa, *b = *(way_station *const *)pb;
    int by_name = strcmp(a->spec.internal, b->spec.internal);
    if (by_name != 0)
        return by_name;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->version < b->version ? -1 : a->version > b->version;
}

static int order_users(const void *pa, const void *pb)
{
    const way_user *a = *(way_user *const *)pa, *b = *(way_user *const *)pb;
    int by_name = strcmp(a->name, b->name);
    if (by_name != 0)
        return by_name;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    return a->version < b->version ? -1 : a->version > b->version;
}

static int order_ids(const void *pa, const void *pb)
{
    const way_station *a = *(way_station *const *)pa, *b = *(way_station *const *)pb;
    return a->id < b->id ? -1 : a->id > b->id;
}

static way_station **sorted_stations(const way_catalog_delta *d)
{
    way_station **list = way_xcalloc(d->station_count, sizeof *list);
    if (d->station_count > 0) {
        memcpy(list, d->stations, d->station_count * sizeof *list);
        qsort(list, d->station_count, sizeof *list, order_stations);
    }
    return list;
}

/* One pass over two sorted lists; of each name the last in order wins, and leaves nothing if it is gone. */
static void merge_stations(struct catalog *to, const struct catalog *base, const way_catalog_delta *d)
{
    way_station **changed = sorted_stations(d);
    size_t b = 0, k = 0, n = 0;

    while (b < base->pub.station_count || k < d->station_count) {
        way_station *old = b < base->pub.station_count ? base->by_name[b] : NULL;
        way_station *new = k < d->station_count ? changed[k] : NULL;
        int side = old == NULL   ? 1
                   : new == NULL ? -1
                                 : strcmp(old->spec.internal, new->spec.internal);
        way_station *best = side < 0 ? old : new;
        if (side >= 0)
            for (; k < d->station_count && strcmp(changed[k]->spec.internal, new->spec.internal) == 0; k++)
                best = changed[k];
        if (side <= 0)
            b++;
        if (side == 0 && order_stations(&old, &best) > 0)
            best = old; /* a row that is older than what is known */
        if (best->state != WAY_GONE)
            to->by_name[n++] = way_station_ref(best);
    }
    free(changed);
    to->pub.station_count = n;
    memcpy(to->by_id, to->by_name, n * sizeof *to->by_id);
    if (n > 0)
        qsort(to->by_id, n, sizeof *to->by_id, order_ids);
}

static bool is_gone(const way_catalog_delta *d, int64_t user_id)
{
    for (size_t i = 0; i < d->gone_user_count; i++)
        if (d->gone_user_ids[i] == user_id)
            return true;
    return false;
}

/* A user may be renamed, so an old row also goes when the delta has its id under another name. */
static bool is_replaced(const way_catalog_delta *d, const way_user *u)
{
    for (size_t i = 0; i < d->user_count; i++)
        if (d->users[i]->id == u->id)
            return d->users[i]->version >= u->version;
    return false;
}

static void merge_users(struct catalog *to, const struct catalog *base, const way_catalog_delta *d)
{
    size_t n = 0, kept = 0;
    bool touched = d->user_count + d->gone_user_count > 0;

    for (size_t i = 0; i < base->pub.user_count; i++)
        if (!touched || (!is_gone(d, base->users[i]->id) && !is_replaced(d, base->users[i])))
            to->users[n++] = base->users[i];
    if (touched) {
        for (size_t i = 0; i < d->user_count; i++)
            if (!is_gone(d, d->users[i]->id))
                to->users[n++] = d->users[i];
        qsort(to->users, n, sizeof *to->users, order_users);
    }
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || strcmp(to->users[i]->name, to->users[i + 1]->name) != 0)
            to->users[kept++] = way_user_ref(to->users[i]);
    to->pub.user_count = kept;
}

const way_catalog *way_catalog_with(const way_catalog *base_pub, const way_catalog_delta *d)
{
    const struct catalog *base = (const struct catalog *)base_pub;
    struct catalog *c =
        catalog_new(base->pub.station_count + d->station_count, base->pub.user_count + d->user_count);

    c->pub.version = d->version > base->pub.version ? d->version : base->pub.version;
    merge_stations(c, base, d);
    merge_users(c, base, d);
    return &c->pub;
}

const way_catalog *way_catalog_ref(const way_catalog *pub)
{
    take_ref(&((struct catalog *)pub)->refs);
    return pub;
}

void way_catalog_unref(const way_catalog *pub)
{
    struct catalog *c = (struct catalog *)pub;
    if (c == NULL || !drop_ref(&c->refs))
        return;
    for (size_t i = 0; i < c->pub.station_count; i++)
        way_station_unref(c->by_name[i]);
    for (size_t i = 0; i < c->pub.user_count; i++)
        way_user_unref(c->users[i]);
    free(c->by_name);
    free(c->by_id);
    free(c->users);
    free(c);
}

/* ---- finding ---- */

/* Index of the first station whose name is >= name, or > name when `after`. */
static size_t station_bound(const struct catalog *c, const char *name, bool after)
{
    size_t low = 0, high = c->pub.station_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int cmp = strcmp(c->by_name[mid]->spec.internal, name);
        if (cmp < 0 || (after && cmp == 0))
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const way_station *way_catalog_station(const way_catalog *pub, const char *internal)
{
    const struct catalog *c = (const struct catalog *)pub;
    size_t i = station_bound(c, internal, false);
    if (i == c->pub.station_count || strcmp(c->by_name[i]->spec.internal, internal) != 0)
        return NULL;
    return c->by_name[i];
}

const way_station *way_catalog_station_by_id(const way_catalog *pub, int64_t id)
{
    const struct catalog *c = (const struct catalog *)pub;
    size_t low = 0, high = c->pub.station_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (c->by_id[mid]->id == id)
            return c->by_id[mid];
        if (c->by_id[mid]->id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const way_user *way_catalog_user(const way_catalog *pub, const char *name)
{
    const struct catalog *c = (const struct catalog *)pub;
    size_t low = 0, high = c->pub.user_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int cmp = strcmp(c->users[mid]->name, name);
        if (cmp == 0)
            return c->users[mid];
        if (cmp < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const way_group *way_station_group(const way_station *s, const char *internal)
{
    size_t low = 0, high = s->group_count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int cmp = strcmp(s->groups[mid]->spec.internal, internal);
        if (cmp == 0)
            return s->groups[mid];
        if (cmp < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const way_station *way_catalog_station_at(const way_catalog *pub, size_t index)
{
    WAY_ASSERT(index < pub->station_count);
    return ((const struct catalog *)pub)->by_name[index];
}

size_t way_catalog_station_after(const way_catalog *pub, const char *after_internal)
{
    return station_bound((const struct catalog *)pub, after_internal, true);
}

/* ---- hub ---- */

/* The pointer itself says whether anything changed: a reader holds a reference on what it compares with, so that
 * address cannot come back as another catalog. */
struct way_hub {
    pthread_mutex_t mu;
    _Atomic(const way_catalog *) current; /* written under mu; one reference is the hub's */
};

way_hub *way_hub_new(void)
{
    way_hub *h = way_xcalloc(1, sizeof *h);
    pthread_mutex_init(&h->mu, NULL);
    atomic_init(&h->current, way_catalog_empty_new());
    return h;
}

void way_hub_free(way_hub *h)
{
    if (h == NULL)
        return;
    way_catalog_unref(atomic_load(&h->current));
    pthread_mutex_destroy(&h->mu);
    free(h);
}

void way_hub_publish(way_hub *h, const way_catalog **c)
{
    pthread_mutex_lock(&h->mu);
    const way_catalog *old = atomic_exchange(&h->current, *c);
    pthread_mutex_unlock(&h->mu);
    *c = NULL;
    way_catalog_unref(old);
}

const way_catalog *way_hub_read(way_hub *h, const way_catalog **held)
{
    if (*held != NULL && atomic_load_explicit(&h->current, memory_order_acquire) == *held)
        return *held;
    pthread_mutex_lock(&h->mu); /* between the load and the ref nobody may drop it */
    const way_catalog *now = way_catalog_ref(atomic_load(&h->current));
    pthread_mutex_unlock(&h->mu);
    way_catalog_unref(*held);
    *held = now;
    return now;
}
