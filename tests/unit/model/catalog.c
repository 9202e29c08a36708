#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/model/catalog.h"

static way_station *station(int64_t id, int64_t version, const char *name, way_state state)
{
    way_station *s = way_station_new();
    s->id = id;
    s->version = version;
    s->state = state;
    strcpy(s->spec.name, name);
    way_name_internal(name, s->spec.internal);
    return s;
}

static way_user *user(int64_t id, int64_t version, const char *name)
{
    way_user *u = way_user_new();
    u->id = id;
    u->version = version;
    strcpy(u->name, name);
    return u;
}

/* base is dropped; the stations as well, so that the catalog alone holds them. */
static const way_catalog *with(const way_catalog *base, way_station **list, size_t n, int64_t version)
{
    way_catalog_delta d = {.stations = list, .station_count = n, .version = version};
    const way_catalog *c = way_catalog_with(base, &d);
    way_catalog_unref(base);
    for (size_t i = 0; i < n; i++)
        way_station_unref(list[i]);
    return c;
}

Test(catalog, adds_replaces_removes_and_shares)
{
    const way_catalog *c = with(way_catalog_empty_new(),
                                (way_station *[]){station(2, 1, "b", WAY_ACTIVE), station(1, 2, "a", WAY_ACTIVE),
                                                  station(3, 3, "c.d", WAY_CREATING)}, 3, 3);
    cr_expect(c->version == 3 && c->station_count == 3);
    cr_expect_eq(way_catalog_station(c, "b")->id, 2);
    cr_expect_eq(way_catalog_station(c, "c#d")->id, 3);
    cr_expect_null(way_catalog_station(c, "bb"));
    cr_expect_str_eq(way_catalog_station_by_id(c, 3)->spec.name, "c.d");
    cr_expect_null(way_catalog_station_by_id(c, 4));
    cr_expect_str_eq(way_catalog_station_at(c, 0)->spec.internal, "a");
    cr_expect_eq(way_catalog_station_after(c, ""), 0u);
    cr_expect_eq(way_catalog_station_after(c, "a"), 1u);
    cr_expect_eq(way_catalog_station_after(c, "aa"), 1u);
    cr_expect_eq(way_catalog_station_after(c, "z"), 3u);

    const way_station *a = way_catalog_station(c, "a");
    const way_catalog *before = way_catalog_ref(c);
    c = with(c, (way_station *[]){station(2, 4, "b", WAY_GONE), station(3, 5, "c.d", WAY_ACTIVE)}, 2, 5);
    cr_expect(c->version == 5 && c->station_count == 2);
    cr_expect_null(way_catalog_station(c, "b"));
    cr_expect_eq(way_catalog_station(c, "c#d")->state, WAY_ACTIVE);
    cr_expect_eq(way_catalog_station(c, "a"), a, "what did not change is shared");
    cr_expect_eq(way_catalog_station(before, "b")->id, 2, "an older catalog stays as it is");
    way_catalog_unref(before);
    way_catalog_unref(c);
}

Test(catalog, a_name_used_again_is_the_newer_station)
{
    const way_catalog *c = with(way_catalog_empty_new(), (way_station *[]){station(1, 1, "a", WAY_ACTIVE)}, 1, 1);
    c = with(c, (way_station *[]){station(7, 3, "a", WAY_ACTIVE), station(1, 2, "a", WAY_GONE)}, 2, 3);
    cr_expect_eq(way_catalog_station(c, "a")->id, 7);
    c = with(c, (way_station *[]){station(1, 4, "a", WAY_GONE)}, 1, 4);
    cr_expect_eq(way_catalog_station(c, "a")->id, 7, "the old row's end does not take the new one away");
    c = with(c, (way_station *[]){station(7, 2, "a", WAY_DELETING)}, 1, 4);
    cr_expect_eq(way_catalog_station(c, "a")->state, WAY_ACTIVE, "a row older than the one known");
    way_catalog_unref(c);
}

Test(catalog, users)
{
    way_user *first[] = {user(1, 1, "root"), user(2, 2, "bob"), user(3, 3, "alice")};
    way_catalog_delta d = {.users = first, .user_count = 3, .version = 3};
    const way_catalog *empty = way_catalog_empty_new(), *c = way_catalog_with(empty, &d);
    cr_expect(c->user_count == 3 && way_catalog_user(c, "alice")->id == 3);
    cr_expect_null(way_catalog_user(c, "carol"));

    way_user *second[] = {user(4, 5, "bob"), user(1, 6, "root"), user(3, 7, "alicia")};
    second[1]->epoch = 9;
    int64_t gone[] = {2};
    way_catalog_delta e = {.users = second, .user_count = 3, .gone_user_ids = gone, .gone_user_count = 1, .version = 7};
    const way_catalog *next = way_catalog_with(c, &e);
    cr_expect_eq(next->user_count, 3u);
    cr_expect_eq(way_catalog_user(next, "bob")->id, 4);
    cr_expect_eq(way_catalog_user(next, "root")->epoch, 9);
    cr_expect_null(way_catalog_user(next, "alice"), "renamed");
    cr_expect_not_null(way_catalog_user(next, "alicia"));
    for (size_t i = 0; i < 3; i++) {
        way_user_unref(first[i]);
        way_user_unref(second[i]);
    }
    way_catalog_unref(empty);
    way_catalog_unref(c);
    way_catalog_unref(next);
}

Test(catalog, groups)
{
    static const char *const names[] = {"a", "b#c", "d"};
    way_station *s = station(1, 1, "s", WAY_ACTIVE);
    s->groups = way_xcalloc(3, sizeof *s->groups);
    s->group_count = 3;
    for (size_t i = 0; i < 3; i++) {
        s->groups[i] = way_group_new();
        strcpy(s->groups[i]->spec.internal, names[i]);
    }
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(way_station_group(s, names[i]), s->groups[i]);
    cr_expect_null(way_station_group(s, "b"));
    way_group *kept = way_group_ref(s->groups[1]);
    way_station_unref(s);
    cr_expect_str_eq(kept->spec.internal, "b#c");
    way_group_unref(kept);
}

Test(catalog, many)
{
    enum { N = 5000 };
    static way_station *list[N];
    char name[32];
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "s%d", i * 7919 % N);
        list[i] = station(i + 1, i + 1, name, WAY_ACTIVE);
    }
    const way_catalog *c = with(way_catalog_empty_new(), list, N, N);
    cr_expect_eq(c->station_count, (size_t)N);
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "s%d", i);
        const way_station *s = way_catalog_station(c, name);
        cr_assert(s && way_catalog_station_by_id(c, s->id) == s);
    }
    way_catalog_unref(c);
}

Test(catalog, hub)
{
    way_hub *h = way_hub_new();
    const way_catalog *held = NULL;
    const way_catalog *first = way_hub_read(h, &held);
    cr_expect(first == held && held->station_count == 0);
    cr_expect_eq(way_hub_read(h, &held), first);
    way_catalog_delta d = {.version = 1};
    const way_catalog *next = way_catalog_with(held, &d);
    way_hub_publish(h, &next);
    cr_expect_null(next);
    cr_expect_eq(way_hub_read(h, &held)->version, 1);
    way_catalog_unref(held);
    way_hub_free(h);
}
