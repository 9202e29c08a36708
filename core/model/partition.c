/* Partition by hash; the arithmetic is a contract with clients that compute it themselves. */
#include "core/model/partition.h"

#include <murmurhash.h>

#include "core/base/mem.h"

uint32_t way_partition_hash(const void *key, size_t len)
{
    uint32_t h;
    WAY_ASSERT(len <= UINT32_MAX);
    lmmh_x86_32(key != NULL ? key : "", (unsigned)len, WAY_PARTITION_SEED, &h);
    return h;
}

int32_t way_partition_for_key(const void *key, size_t len, int32_t partitions)
{
    WAY_ASSERT(partitions > 0);
    if (partitions == 1)
        return 1;
    return 1 + (int32_t)(way_partition_hash(key, len) % (uint32_t)partitions);
}
