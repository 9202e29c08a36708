/* API: requests to the JetStream API over one plain, blocking connection, up to 8 in flight.
 *
 * One own inbox subscription lives as long as the connection; each request's reply subject ends in a number that never comes
 * again, so an answer that nobody waits for is dropped.  The connection is made by the first run and by the next one after it was
 * lost or a request went unanswered.
 * Threads: one, from new to free.  Private to jetstream-adapter. */
#ifndef WAY_ADAPTER_API_H
#define WAY_ADAPTER_API_H

#include "core/base/buf.h"
#include "core/base/config.h"
#include "core/model/station.h"

#define WAY_API_IN_FLIGHT 8

typedef struct way_api way_api;

typedef struct way_call {     /* item i of a run, at its step */
    int32_t i;
    int32_t step;             /* from 0 */
    char subject[640];        /* "STREAM.INFO.x": the API prefix comes in front; "$…" is taken as it is */
    way_buf body;             /* empty for each ask */
    way_buf sent;             /* the plan's own, kept over the steps of one item */
    bool again;               /* set by answer: ask for the next step of this item */
    uint64_t token;           /* the run's */
} way_call;

typedef struct way_plan {
    /* Fills subject and body. */
    way_code (*ask)(void *arg, way_call *c, way_err *e);
    /* data is borrowed.  An error ends the run, but answers to what is in flight still come here. */
    way_code (*answer)(void *arg, way_call *c, const char *data, size_t len, way_err *e);
    void *arg;
} way_plan;

way_api *way_api_new(const way_config *cfg);
void way_api_free(way_api *api);
/* Works items 0 … n-1 off.  The first error is returned; WAY_E_TIMEOUT at deadline_ms (monotonic), WAY_E_UNAVAILABLE when the
 * connection is lost or JetStream does not answer. */
WAY_MUST_CHECK way_code way_api_run(way_api *api, int64_t deadline_ms, int32_t n, const way_plan *plan, way_err *e);
/* Connects if need be. */
WAY_MUST_CHECK way_code way_api_server(way_api *api, int64_t deadline_ms, const way_server_info **out, way_err *e);

#endif
