/* Private to core/control: what a seek wrote down before it began: where to, partition by partition. */
#ifndef WAY_CONTROL_SEEKING_H
#define WAY_CONTROL_SEEKING_H

#include "core/model/group.h"

typedef struct way_seeking {
    way_start start; /* as asked for */
    uint64_t *seqs;  /* resolved, one per partition; 0: from the beginning */
    int32_t n;
} way_seeking;

void way_seeking_save(const way_start *start, const uint64_t *seqs, int32_t n, way_buf *out);
WAY_MUST_CHECK way_code way_seeking_load(const char *json, int32_t partitions, way_seeking *out, way_err *e);
void way_seeking_fini(way_seeking *s);

#endif
