/* Management handlers: what the rows of the table of routes point to.
 *
 * Names end in _run (on the loop) or _job (on a worker, blocking); each is described by its row in routes.c and its
 * JSON in docs. */
#ifndef WAY_GATEWAY_MANAGE_H
#define WAY_GATEWAY_MANAGE_H

#include "gateway/http.h"

void way_status_healthz_run(way_exchange *x);
void way_status_readyz_run(way_exchange *x);
void way_status_run(way_exchange *x);

#endif
