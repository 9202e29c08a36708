/* Requests that a control worker answers.  Owner: the island's loop thread, but for the job while a worker has it. */
#ifndef WAY_GATEWAY_JOB_H
#define WAY_GATEWAY_JOB_H

#include "gateway/http.h"

/* x's route has a `job`: copies what it needs, posts it, and answers x when it comes back; 503 when the queue is full. */
void way_job_post(way_exchange *x);

#endif
