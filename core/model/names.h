/* Names: the only way by which a client's text becomes a subject, a stream or a durable name.
 *
 * Rule (the Memphis SDKs' and ours): after lower-casing 1-128 characters of [a-z0-9_.-], the first and
 * the last alphanumeric.  Internal form: '.' becomes '#', so that a name is one token of a subject; since
 * '#' and '$' cannot occur in a name, the mapping is reversible.
 * Stream of partition p (from 1): <internal>$<p>; its one data subject: <internal>$<p>.final.
 * Threads: any; nothing allocates. */
#ifndef WAY_MODEL_NAMES_H
#define WAY_MODEL_NAMES_H

#include <stdint.h>

#include "core/base/err.h"

#define WAY_NAME_MAX 128
#define WAY_STREAM_MAX (WAY_NAME_MAX + 6)   /* $4096 */
#define WAY_SUBJECT_MAX (WAY_STREAM_MAX + 6) /* .final */
#define WAY_PARTITIONS_MAX 4096

/* what: "station", "group"; used in the error.  out gets the lower-case name, NUL-terminated. */
WAY_MUST_CHECK way_code way_name_parse(const char *what, const char *raw, size_t len,
                                       char out[WAY_NAME_MAX + 1], way_err *e);
void way_name_internal(const char *name, char out[WAY_NAME_MAX + 1]);   /* name must be valid */
void way_name_external(const char *internal, char out[WAY_NAME_MAX + 1]);

void way_stream_name(const char *internal, int32_t partition, char out[WAY_STREAM_MAX + 1]);
void way_data_subject(const char *internal, int32_t partition, char out[WAY_SUBJECT_MAX + 1]);
/* "my#orders$3" -> "my#orders", 3.  false: not a stream of a station (ours begin with $). */
bool way_stream_parse(const char *stream, size_t len, char internal[WAY_NAME_MAX + 1],
                      int32_t *partition);

/* Durable of one group on the redrive stream, made of numbers: two names in a row could be too long for one. */
void way_redrive_durable(int64_t station_id, int64_t group_id, char out[WAY_NAME_MAX + 1]);

/* Things of ours beside the stations; '$' and "way." cannot occur in a user's name. */
#define WAY_STREAM_CAPTURE "$way_capture"
#define WAY_STREAM_DEAD "$way_dead"
#define WAY_STREAM_REDRIVE "$way_redrive"
#define WAY_DURABLE_HOLD "$way_hold"
#define WAY_SUBJECT_TERM "way.term"   /* + .<internal>.<p>.<group>: term records, in the capture stream */
#define WAY_SUBJECT_DEAD "way.dead"   /* + .<internal>.<p>: copies kept before an ack_based term */
#define WAY_SUBJECT_LIVE "way.live"   /* + .<internal>.<p>: republished messages */
#define WAY_HEADER_KEY "Way-Key"
#define WAY_HEADER_MSG_ID "Nats-Msg-Id"

#endif
