/* Data routes of the REST door: produce, batch and NDJSON upload, fetch, settle, browse.
 *
 * Everything runs on the island's loop; nothing here blocks or touches Postgres.  A success is said only after the
 * stream's ack.  Each function is a row's `run`, `chunk`, `end` or `max_body` in the route table (http.h).
 *
 *   POST /v1/stations/{s}/messages                 way_data_produce_run, max_body
 *   POST /v1/stations/{s}/messages:batch           way_data_batch_run, chunk, end (WAY_ROUTE_STREAM)
 *   POST /v1/stations/{s}/groups/{g}/fetch         way_data_fetch_run
 *   POST /v1/stations/{s}/groups/{g}/settle        way_data_settle_run
 *   GET  /v1/stations/{s}/messages                 way_data_browse_run */
#ifndef WAY_GATEWAY_DATA_H
#define WAY_GATEWAY_DATA_H

#include "gateway/http.h"

void way_data_produce_run(way_exchange *x);
size_t way_data_produce_max_body(way_exchange *x, way_err *e);

void way_data_batch_run(way_exchange *x);
void way_data_batch_chunk(way_exchange *x, const char *data, size_t len);
void way_data_batch_end(way_exchange *x);

void way_data_fetch_run(way_exchange *x);
void way_data_settle_run(way_exchange *x);
void way_data_browse_run(way_exchange *x);

#endif
