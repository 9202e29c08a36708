/* Term: what has to be stored before a message may be terminated.
 *
 * A +TERM ends the message for its group, and on an ack_based station deletes it at once.  So first, on such a station, a copy goes
 * to the internal dead-letter stream; then, on every station, a term record to the capture stream; each is awaited.
 * Owner: an island's loop thread. */
#ifndef WAY_GATEWAY_DATA_TERM_H
#define WAY_GATEWAY_DATA_TERM_H

#include "gateway/http.h"
#include "jetstream-adapter/reader.h"

typedef struct way_term { /* borrowed for the call */
    const way_station *st;
    const way_group *g;
    const way_receipt *r;
    const char *reason; /* "" none */
    const char *user;
} way_term;

/* Publishes the message as a copy: its payload and headers, the ones beginning with Nats- renamed to Way-Original-Nats-…, and
 * Way-Original-Station-Id, -Stream, -Partition, -Sequence, -Time.  The same message twice is stored once. */
WAY_MUST_CHECK way_code way_term_copy(way_link *l, const way_term *t, const way_read *msg, int64_t timeout_ms,
                                      way_reply_fn fn, void *arg, way_token owner, uint32_t tag, way_err *e);
/* Publishes the record {stream, seq, group, reason, user, station_id, partition, deliveries, time}. */
WAY_MUST_CHECK way_code way_term_record(way_link *l, const way_term *t, int64_t timeout_ms, way_reply_fn fn, void *arg,
                                        way_token owner, uint32_t tag, way_err *e);

#endif
