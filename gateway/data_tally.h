/* Tally: what became of the messages of one batch or upload, and its answer.
 *
 * Keeps the order promise: after a failure in a partition nothing later of that partition is sent (way_tally_stopped).
 * Two forms: a result per message, in order (JSON batch, `count` messages), or a summary (NDJSON) with sequences per partition
 * and the WAY_TALLY_FAILURES_MAX failures with the lowest line numbers.
 * Owner: an island's loop thread. */
#ifndef WAY_GATEWAY_DATA_TALLY_H
#define WAY_GATEWAY_DATA_TALLY_H

#include <stdint.h>

#include "core/base/buf.h"

#define WAY_TALLY_FAILURES_MAX 1000
#define WAY_BATCH_MESSAGES_MAX 100000

typedef struct way_tally way_tally;

way_tally *way_tally_new(int32_t partitions, bool batch, size_t count); /* count: of a batch; NULL: no memory */
void way_tally_free(way_tally *t);
/* line: from 1 for a batch; as the caller numbers them for an upload. */
void way_tally_stored(way_tally *t, uint64_t line, int32_t partition, uint64_t seq, bool duplicate);
/* Stops the partition, if it is known (0: not). */
void way_tally_failed(way_tally *t, uint64_t line, int32_t partition, const way_err *e);
bool way_tally_stopped(const way_tally *t, int32_t partition);
/* A message of a stopped partition that was not sent: code "not_sent", to be tried again. */
void way_tally_not_sent(way_tally *t, uint64_t line, int32_t partition);
/* The answer and its HTTP status: 200, or that of the failure with the lowest line.  Once. */
int way_tally_write(way_tally *t, way_buf *out);

#endif
