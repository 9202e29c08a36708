/* The group that a data route names.  Owner: an island's loop thread. */
#ifndef WAY_GATEWAY_DATA_GROUP_H
#define WAY_GATEWAY_DATA_GROUP_H

#include "gateway/http.h"

/* The active group of the path's second part; borrowed as the station is.  WAY_E_NOT_FOUND says how to make it, WAY_E_CONFLICT while
 * it is being made, WAY_E_GONE while it is being deleted. */
WAY_MUST_CHECK way_code way_data_group(const way_exchange *x, const way_station *st, const way_group **out, way_err *e);

#endif
