/* Private to core/control: the partitions of a station that are there and ours, and requests to all of them in chunks.
 *
 * Before anything is changed or destroyed the streams are looked at: `created` must be what the row says (or, for a row
 * that never got that far, the description must carry our mark).  What is missing or somebody else's is left out and
 * named. */
#ifndef WAY_CONTROL_PARTS_H
#define WAY_CONTROL_PARTS_H

#include "core/control/mapping.h"
#include "core/control/op.h"

typedef enum way_part_state { WAY_PART_OURS, WAY_PART_MISSING, WAY_PART_FOREIGN } way_part_state;

typedef struct way_parts {
    const way_station_spec *spec; /* borrowed */
    int64_t station_id;
    int32_t n;                    /* partitions of the station */
    way_part_state *state;        /* n entries, index p-1 */
    way_js_stream_info *info;
    int32_t ours;                 /* how many */
} way_parts;

WAY_MUST_CHECK way_code way_parts_look(way_op *op, const way_station_spec *spec, int64_t station_id, way_parts *out,
                                       way_err *e);
void way_parts_fini(way_parts *p);
/* All are ours, else WAY_E_CONFLICT that names the first that is not. */
WAY_MUST_CHECK way_code way_parts_whole(const way_parts *p, way_err *e);

/* Requests to those that are ours; other partitions are passed over. */
WAY_MUST_CHECK way_code way_parts_update_streams(way_op *op, const way_parts *p, const way_map *m, way_err *e);
WAY_MUST_CHECK way_code way_parts_delete_streams(way_op *op, const way_parts *p, way_err *e);
WAY_MUST_CHECK way_code way_parts_purge_streams(way_op *op, const way_parts *p, uint64_t *removed, way_err *e);

/* Consumers: `fill` writes the config (or just the address) of partition p into *c. */
typedef void (*way_fill)(void *arg, const way_parts *parts, int32_t p, way_js_consumer *c);
typedef enum way_consumer_verb { WAY_CONSUMERS_CREATE, WAY_CONSUMERS_UPDATE, WAY_CONSUMERS_DELETE } way_consumer_verb;
WAY_MUST_CHECK way_code way_parts_consumers(way_op *op, const way_parts *p, way_consumer_verb verb, way_fill fill,
                                            void *arg, way_err *e);
/* out has n entries; exists=false where the partition is not ours. */
WAY_MUST_CHECK way_code way_parts_consumers_info(way_op *op, const way_parts *p, const char *consumer,
                                                 way_js_consumer_info *out, way_err *e);
/* Of these partitions (0: none) the first whose consumer is not there. */
WAY_MUST_CHECK way_code way_parts_consumer_missing(way_op *op, const way_parts *p, const char *consumer, int32_t *first,
                                                   way_err *e);

#endif
