/* Private to core/control: the streams that Waystation keeps for itself, made at the first start so that nothing that happens before
 * anybody reads them is lost.
 *   $way_capture  advisories of dead letters, acks of redrives, term records, what an SDK reports
 *   $way_dead     copies of messages that would be gone otherwise (ack_based) */
#ifndef WAY_CONTROL_INTERNAL_STREAMS_H
#define WAY_CONTROL_INTERNAL_STREAMS_H

#include "core/control/js_port.h"

/* Makes them, or brings them to what this version wants.  Idempotent; several daemons may do it at once. */
WAY_MUST_CHECK way_code way_internal_streams_make(way_js_port *js, way_err *e);

#endif
