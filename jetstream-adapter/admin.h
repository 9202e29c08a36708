/* Admin: the port to JetStream (core/control/js_port.h) over a plain, blocking cnats connection.
 *
 * Requests are JetStream API requests as JSON (cJSON), since the packaged cnats struct lacks fields that servers know, and an
 * update must write back what it does not understand.  One thread per port.  The connection is made at the first call
 * and again after it was lost; every call ends by port->deadline_ms. */
#ifndef WAY_ADAPTER_ADMIN_H
#define WAY_ADAPTER_ADMIN_H

#include "core/base/config.h"
#include "core/control/js_port.h"

way_js_port *way_admin_new(const way_config *cfg);
void way_admin_free(way_js_port *js);

#endif
