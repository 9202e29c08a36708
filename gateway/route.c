/* Matching of paths with the table of routes.
 *
 * One pass over some thirty rows, each compare ending at the first byte that differs: that is less than looking a
 * hash up would cost to build, and a row may stand anywhere, because {x} never takes a ':' or a '/'. */
#include <stdio.h>
#include <string.h>

#include "gateway/http.h"

static const char *const method_names[] = {"GET", "POST", "PATCH", "PUT", "DELETE"};

bool way_route_matches(const char *pattern, const char *path, size_t len, const char *part[2], size_t part_len[2])
{
    const char *end = path + len;
    int parts = 0;

    while (*pattern != '\0') {
        if (*pattern == '{') {
            const char *from = path;

            while (path < end && *path != '/' && *path != ':')
                path++;
            if (path == from || parts == 2)
                return false;
            part[parts] = from;
            part_len[parts++] = (size_t)(path - from);
            pattern = strchr(pattern, '}') + 1;
        } else {
            if (path == end || *path != *pattern)
                return false;
            path++;
            pattern++;
        }
    }
    return path == end;
}

void way_route_allow(way_door door, const char *path, size_t len, char out[WAY_ALLOW_MAX])
{
    const char *part[2];
    size_t part_len[2], used = 0;

    out[0] = '\0';
    for (size_t m = 0; m < sizeof method_names / sizeof *method_names; m++) {
        for (size_t i = 0; i < way_route_count; i++) {
            const way_route *r = &way_routes[i];

            if ((r->doors & door) == 0 || (size_t)r->method != m ||
                !way_route_matches(r->pattern, path, len, part, part_len))
                continue;
            used += (size_t)snprintf(out + used, WAY_ALLOW_MAX - used, "%s%s", used > 0 ? ", " : "", method_names[m]);
            break;
        }
    }
}

way_code way_route_find(way_door door, way_method m, const char *path, size_t len, const way_route **out,
                        const char *part[2], size_t part_len[2], way_err *e)
{
    char allow[WAY_ALLOW_MAX];

    for (size_t i = 0; i < way_route_count; i++) {
        const way_route *r = &way_routes[i];

        part[0] = part[1] = NULL;
        if (r->method == m && (r->doors & door) != 0 && way_route_matches(r->pattern, path, len, part, part_len)) {
            *out = r;
            return WAY_OK;
        }
    }
    part[0] = part[1] = NULL;
    way_route_allow(door, path, len, allow);
    if (allow[0] != '\0')
        return way_fail(e, WAY_E_METHOD, "use %s here", allow);
    for (size_t i = 0; i < way_route_count; i++)
        if (way_route_matches(way_routes[i].pattern, path, len, part, part_len)) {
            part[0] = part[1] = NULL;
            return way_fail(e, WAY_E_NOT_FOUND, "%.*s is served on another port", (int)(len > 200 ? 200 : len), path);
        }
    part[0] = part[1] = NULL;
    return way_fail(e, WAY_E_NOT_FOUND, "no such route: %.*s", (int)(len > 200 ? 200 : len), path);
}
