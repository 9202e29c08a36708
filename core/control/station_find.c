/* Finding a station: in the catalog, and when it is not there, once in Postgres: another daemon may have made it a moment ago.
 * The doors remember what was not found, so that this is not a query per request. */
#include <string.h>

#include "core/control/op.h"

way_code way_op_station_find(way_work *w, const char *name, const way_catalog **held, const way_station **out,
                             way_err *e)
{
    char lower[WAY_NAME_MAX + 1], internal[WAY_NAME_MAX + 1];
    way_station_row row;
    way_code rc = way_name_parse("station", name, strlen(name), lower, e);
    if (rc != WAY_OK)
        return rc;
    way_name_internal(lower, internal);

    const way_station *st = way_catalog_station(way_hub_read(w->hub, held), internal);
    if (!st || st->state != WAY_ACTIVE) {
        way_station_row_init(&row);
        rc = way_station_get_by_name(w->pg, internal, &row, e);
        way_state state = row.state;
        way_station_row_fini(&row);
        if (rc != WAY_OK)
            return rc;
        if (state == WAY_CREATING)
            return way_fail(e, WAY_E_CONFLICT, "station '%s' is being created", lower);
        if (state == WAY_DELETING)
            return way_fail(e, WAY_E_NOT_FOUND, "station '%s' is being deleted", lower);
        rc = way_sync_now(w, e);
        if (rc != WAY_OK)
            return rc;
        st = way_catalog_station(way_hub_read(w->hub, held), internal);
    }
    if (!st || st->state != WAY_ACTIVE)
        return way_fail(e, WAY_E_NOT_FOUND, "there is no station '%s'", lower);
    *out = st;
    return WAY_OK;
}
