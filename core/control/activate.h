/* Private to core/control: the last write of a create, for several creates at once.
 *
 * Every change takes the lock on the one row of change numbers until its commit has reached the disk, so changes of a
 * whole cluster come one after the other.  Workers that are at this point together share one statement: whoever finds no
 * leader writes for all that wait.  Threads: workers.  Waits at most as long as two statements take. */
#ifndef WAY_CONTROL_ACTIVATE_H
#define WAY_CONTROL_ACTIVATE_H

#include "core/store/rows.h"

typedef struct way_activator way_activator;

typedef struct way_activation { /* the caller's, on its stack */
    way_station_activation row; /* first */
    bool done;                  /* the rest is the activator's */
    way_code rc;
    way_err err;
} way_activation;

way_activator *way_activator_new(void);
void way_activator_free(way_activator *a);
/* As way_station_activate, with its row of the audit. */
WAY_MUST_CHECK way_code way_activate(way_activator *a, way_pg *pg, way_activation *one, way_err *e);

#endif
