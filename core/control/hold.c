/* The hold.  There is one rule behind all of it: at no instant is an interest stream without a consumer. */
#include "core/control/hold.h"

#include "core/base/log.h"

static void fill(void *arg, const way_parts *parts, int32_t p, way_js_consumer *c)
{
    (void)arg;
    way_map_hold(parts->spec->internal, p, c);
}

way_code way_hold_put(way_op *op, const way_parts *p, way_err *e)
{
    return way_parts_consumers(op, p, WAY_CONSUMERS_CREATE, fill, NULL, e);
}

way_code way_hold_remove(way_op *op, const way_parts *p, const char *keeper, bool *removed, way_err *e)
{
    int32_t missing = 0;
    way_code rc = way_parts_consumer_missing(op, p, keeper, &missing, e);
    *removed = rc == WAY_OK && missing == 0;
    if (rc != WAY_OK)
        return rc;
    if (missing) {
        way_warn("hold", "kept", "station=%s group=%s partition_without_it=%d", p->spec->name, keeper, (int)missing);
        return WAY_OK;
    }
    return way_parts_consumers(op, p, WAY_CONSUMERS_DELETE, fill, NULL, e);
}

way_code way_hold_drop(way_op *op, const way_parts *p, way_err *e)
{
    return way_parts_consumers(op, p, WAY_CONSUMERS_DELETE, fill, NULL, e);
}
