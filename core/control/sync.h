/* Private to core/control: keeps the hub's catalog equal to the rows.
 *
 * One load at a time.  Whoever asks while one is under way waits for the next one, which serves all that asked
 * meanwhile: a hundred creates in a row cost far fewer loads.  Threads: any, each with its own way_pg. */
#ifndef WAY_CONTROL_SYNC_H
#define WAY_CONTROL_SYNC_H

#include "core/model/catalog.h"
#include "core/store/rows.h"

typedef struct way_sync way_sync;

way_sync *way_sync_new(way_hub *hub);
void way_sync_free(way_sync *s);
/* What was committed before this call is in the hub's catalog afterwards. */
WAY_MUST_CHECK way_code way_sync_load(way_sync *s, way_pg *pg, way_err *e);
/* The same, but only if the change number says that there is something to load: one small query. */
WAY_MUST_CHECK way_code way_sync_poll(way_sync *s, way_pg *pg, way_err *e);
int64_t way_sync_version(way_sync *s);

#endif
