/* Private to core/control (and its tests): a worker's tools, and what the threads of one way_control share.
 *
 * A way_work belongs to the thread that made it; its connections are made when first used. */
#ifndef WAY_CONTROL_WORK_H
#define WAY_CONTROL_WORK_H

#include "core/control/control.h"

#define WAY_INSTANCE_MAX 17 /* 8 bytes as hex digits */
#define WAY_LEASE_RECONCILE "reconcile"

void way_work_init(way_work *w, way_control *ctl);
void way_work_fini(way_work *w);
/* When the job under way must be through (monotonic): for its own waits and for its JetStream requests. */
void way_work_deadline(way_work *w, int64_t deadline_ms);

/* Waits until ms are over; false: the daemon stops, do not go on. */
bool way_control_pause(way_control *c, int64_t ms);

/* Says which Waystation made a stream: one per database.  "" until started. */
const char *way_control_instance(const way_control *c);
void way_control_set_instance(way_control *c, const char *instance); /* before any thread, or by the bring-up */
/* Says which process holds a lease: unique per start. */
const char *way_control_holder(const way_control *c);
struct way_sync *way_control_sync(way_control *c);
struct way_activator *way_control_activator(way_control *c);

#endif
