/* Matching, and the table itself. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "gateway/http.h"

Test(route, patterns)
{
    static const struct { const char *pattern, *path, *a, *b; bool match; } row[] = {
        {"/healthz", "/healthz", NULL, NULL, true},
        {"/healthz", "/healthz/", NULL, NULL, false},
        {"/healthz", "/health", NULL, NULL, false},
        {"/v1/stations/{s}", "/v1/stations/orders", "orders", NULL, true},
        {"/v1/stations/{s}", "/v1/stations/", NULL, NULL, false},
        {"/v1/stations/{s}", "/v1/stations/a/b", NULL, NULL, false},
        {"/v1/stations/{s}", "/v1/stations/a:b", NULL, NULL, false},
        {"/v1/stations/{s}/messages:batch", "/v1/stations/x/messages:batch", "x", NULL, true},
        {"/v1/stations/{s}/messages", "/v1/stations/x/messages:batch", NULL, NULL, false},
        {"/v1/stations/{s}/groups/{g}:seek", "/v1/stations/x/groups/y:seek", "x", "y", true},
        {"/v1/stations/{s}/groups/{g}", "/v1/stations/x/groups/y:seek", NULL, NULL, false},
        {"/v1/stations/{s}/groups/{g}:seek", "/v1/stations/x/groups/:seek", NULL, NULL, false},
        {"/v1/stations/{s}/groups/{g}/fetch", "/v1/stations/a%2Fb/groups/y/fetch", "a%2Fb", "y", true},
    };

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        const char *part[2] = {NULL, NULL};
        size_t len[2] = {0, 0};
        char got[64];

        cr_expect_eq(way_route_matches(row[i].pattern, row[i].path, strlen(row[i].path), part, len), row[i].match, "%s %s",
                     row[i].pattern, row[i].path);
        if (!row[i].match)
            continue;
        for (int p = 0; p < 2; p++) {
            const char *want = p == 0 ? row[i].a : row[i].b;

            cr_expect_eq(part[p] != NULL, want != NULL, "%s", row[i].path);
            if (part[p] != NULL && want != NULL) {
                snprintf(got, sizeof got, "%.*s", (int)len[p], part[p]);
                cr_expect_str_eq(got, want);
            }
        }
    }
}

static way_code find(way_door door, way_method m, const char *path, const way_route **out, way_err *e)
{
    const char *part[2];
    size_t len[2];

    return way_route_find(door, m, path, strlen(path), out, part, len, e);
}

Test(route, by_door_and_method)
{
    const way_route *r = NULL;
    way_err e;

    cr_expect_eq(find(WAY_DOOR_REST, WAY_POST, "/v1/stations/a/messages", &r, &e), WAY_OK);
    cr_expect_str_eq(r->pattern, "/v1/stations/{s}/messages");
    cr_expect_eq(find(WAY_DOOR_API, WAY_POST, "/v1/stations/a/messages", &r, &e), WAY_E_NOT_FOUND);
    cr_expect(strstr(e.text, "another port") != NULL, "%s", e.text);
    cr_expect_eq(find(WAY_DOOR_API, WAY_PUT, "/v1/stations/a", &r, &e), WAY_E_METHOD);
    cr_expect_str_eq(e.text, "use GET, PATCH, DELETE here");
    cr_expect_eq(find(WAY_DOOR_API, WAY_GET, "/v1/nothing", &r, &e), WAY_E_NOT_FOUND);
    cr_expect_eq(find(WAY_DOOR_METRICS, WAY_GET, "/healthz", &r, &e), WAY_OK);
    cr_expect_eq(find(WAY_DOOR_METRICS, WAY_GET, "/v1/stations", &r, &e), WAY_E_NOT_FOUND);
}

/* Whatever the order of the rows, a path finds one at most: no row hides another. */
Test(route, rows_are_whole_and_do_not_overlap)
{
    for (size_t i = 0; i < way_route_count; i++) {
        const way_route *r = &way_routes[i];
        char path[128];
        size_t n = 0, found = 0;

        for (const char *p = r->pattern; *p != '\0'; p++) {
            if (*p == '{') {
                path[n++] = 'x';
                p = strchr(p, '}');
            } else {
                path[n++] = *p;
            }
        }
        for (size_t j = 0; j < way_route_count; j++) {
            const char *part[2];
            size_t len[2];

            found += way_routes[j].method == r->method && way_route_matches(way_routes[j].pattern, path, n, part, len);
        }
        cr_expect_eq(found, 1, "%s", r->pattern);
        cr_expect(r->summary != NULL && r->doors != 0, "%s", r->pattern);
        cr_expect_eq((r->flags & WAY_ROUTE_JOB) != 0, r->job != NULL, "%s", r->pattern);
        cr_expect_eq((r->flags & WAY_ROUTE_JOB) != 0, r->run == NULL, "%s", r->pattern);
        cr_expect_eq((r->flags & WAY_ROUTE_STREAM) != 0, r->chunk != NULL && r->end != NULL, "%s", r->pattern);
    }
}

Test(route, only_these_need_no_token)
{
    static const char *const open[] = {"/healthz", "/readyz", "/v1/login", "/v1/refresh"};

    for (size_t i = 0; i < way_route_count; i++) {
        bool listed = false;

        for (size_t j = 0; j < WAY_COUNT(open); j++)
            listed |= strcmp(way_routes[i].pattern, open[j]) == 0;
        cr_expect_eq((way_routes[i].flags & WAY_ROUTE_OPEN) != 0, listed, "%s", way_routes[i].pattern);
    }
}
