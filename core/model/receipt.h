/* Receipt: everything needed to settle one delivered message on any daemon: which station, group and generation it
 * belongs to and the numbers of its JetStream ack subject.  core/auth signs it.
 *
 * Plain data.  Threads: any; nothing allocates. */
#ifndef WAY_MODEL_RECEIPT_H
#define WAY_MODEL_RECEIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/model/names.h"

typedef enum way_source { WAY_FROM_PARTITION = 0, WAY_FROM_REDRIVE = 1 } way_source;
typedef struct way_receipt {
    int64_t station_id, group_id, generation;
    way_source source;
    int32_t partition;
    /* the numbers of $JS.ACK.<stream>.<group>.<deliveries>.<seq>.<cseq>.<time>.<pending>[…]; the 12-token form also has
     * domain, account hash and a random last token, in the three texts below */
    uint64_t deliveries, seq, consumer_seq;
    int64_t time_ns;
    uint64_t pending;
    char domain[64];  /* "" in the 9-token form */
    char account[64]; /* "" in the 9-token form */
    char random[32];
} way_receipt;
/* The ack subject for a station and group of the catalog (their names), 9- or 12-token form as it came. */
#define WAY_ACK_SUBJECT_MAX 640
void way_receipt_subject(const way_receipt *r, const char *station_internal, const char *group_internal,
                         char out[WAY_ACK_SUBJECT_MAX]);
/* Parses an ack reply subject: 9 tokens, 11 (domain and account in front) or 12 and more (random token behind).  Sets
 * the numbers, source and partition (0: not a stream of a station), zeroes the ids; stream and consumer are
 * checked by the caller.  false: not one, or a token too long to be given back; nothing is written then. */
bool way_ack_subject_parse(const char *subject, way_receipt *out, char stream[WAY_STREAM_MAX + 1],
                           char consumer[WAY_NAME_MAX + 1]);

#endif
