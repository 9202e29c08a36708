/* Consumer group: one durable pull consumer of the same name on every partition of a station.
 *
 * Plain data, texts and arrays inline; copied by assignment, except start_seqs (owned, see fini/copy).
 * Threads: any. */
#ifndef WAY_MODEL_GROUP_H
#define WAY_MODEL_GROUP_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/model/names.h"

#define WAY_BACKOFF_MAX 16
#define WAY_ACK_WAIT_DEFAULT_MS 30000
#define WAY_MAX_DELIVER_DEFAULT 10
#define WAY_LAST_MAX 10000

typedef enum way_start_kind {
    WAY_START_ALL,
    WAY_START_NEW,
    WAY_START_SEQ,  /* one number for every partition, or start_seqs */
    WAY_START_TIME, /* wall ns */
    WAY_START_LAST  /* newest n of the station; resolved to start_seqs before the group is made */
} way_start_kind;

typedef struct way_start {
    way_start_kind kind;
    uint64_t seq;
    int64_t time_ns;
    int64_t last;
    uint64_t *seqs; /* one per partition (index p-1), 0 = from the beginning; NULL: none */
    int32_t nseqs;
} way_start;

typedef struct way_group_spec {
    char name[WAY_NAME_MAX + 1];
    char internal[WAY_NAME_MAX + 1];
    int64_t ack_wait_ms;     /* 100 ms - 24 h */
    int64_t max_deliver;     /* 1 - 1000; must be > backoff_count */
    int64_t backoff_ms[WAY_BACKOFF_MAX];
    int32_t backoff_count;
    int64_t max_ack_pending; /* per partition; -1 none */
    bool ordered;            /* max_ack_pending 1 per partition */
    way_start start;         /* as asked for at creation or by the last seek */
} way_group_spec;

void way_group_spec_init(way_group_spec *g);
void way_group_spec_fini(way_group_spec *g);
void way_group_spec_copy(way_group_spec *to, const way_group_spec *from);

/* partitions bounds start.seq objects. */
WAY_MUST_CHECK way_code way_group_parse(const cJSON *body, int32_t partitions, way_group_spec *out,
                                        way_err *e);
WAY_MUST_CHECK way_code way_group_patch(const way_group_spec *now, const cJSON *body,
                                        way_group_spec *out, way_err *e);
/* "all" | "new" | {"last":n} | {"seq":n} | {"seq":{"<p>":n}} | {"time":"rfc3339"} */
WAY_MUST_CHECK way_code way_start_parse(const cJSON *v, int32_t partitions, way_start *out, way_err *e);
void way_start_write(const way_start *s, way_buf *out); /* one JSON value */
void way_start_fini(way_start *s);
void way_group_write(const way_group_spec *g, way_buf *out); /* members of the open object */
void way_group_save(const way_group_spec *g, way_buf *out);  /* spec column */
WAY_MUST_CHECK way_code way_group_load(const char *json, way_group_spec *out, way_err *e);

#endif
