/* The group that a data route names. */
#include "gateway/data_group.h"

#include <string.h>

way_code way_data_group(const way_exchange *x, const way_station *st, const way_group **out, way_err *e)
{
    char name[WAY_NAME_MAX + 1], internal[WAY_NAME_MAX + 1];
    const char *raw = way_x_param(x, 1);
    way_code rc = way_name_parse("group", raw, strlen(raw), name, e);

    if (rc != WAY_OK)
        return rc;
    way_name_internal(name, internal);
    const way_group *g = way_station_group(st, internal);
    if (!g || g->state == WAY_GONE)
        return way_fail(e, WAY_E_NOT_FOUND,
                        "the station '%s' has no group '%s'; make it with POST /v1/stations/%s/groups {\"name\":\"%s\"}",
                        st->spec.name, name, st->spec.name, name);
    if (g->state == WAY_CREATING)
        return way_fail(e, WAY_E_CONFLICT, "the group '%s' is being created", name);
    if (g->state == WAY_DELETING)
        return way_fail(e, WAY_E_GONE, "the group '%s' is being deleted", name);
    *out = g;
    return WAY_OK;
}
