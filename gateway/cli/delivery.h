/* Delivery: one message as `consume` and `get` write it.  Main thread only. */
#ifndef WAY_CLI_DELIVERY_H
#define WAY_CLI_DELIVERY_H

#include <cjson/cJSON.h>

#include "core/base/buf.h"

/* m: a message of a fetch or browse answer with its payload as data_b64.  json: one line of JSON without the receipt, with `data` when the
 * payload is UTF-8; else the payload's bytes and a line feed, after a line of facts when `facts`.  Appends to out. */
void way_delivery_write(const cJSON *m, bool json, bool facts, way_buf *out);

#endif
