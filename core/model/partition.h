/* Which partition a message goes to: explicit number > key > message id > round robin.
 *
 * Key and message id: murmur3 x86 32-bit, seed 31, over the UTF-8 bytes; partition = 1 + h mod N, as
 * the Go and Python SDKs of Memphis compute it.  The message id decides when there is no key, because
 * de-duplication is per stream and a retry must meet the same one.  Threads: any. */
#ifndef WAY_MODEL_PARTITION_H
#define WAY_MODEL_PARTITION_H

#include <stddef.h>
#include <stdint.h>

#define WAY_PARTITION_SEED 31u

uint32_t way_partition_hash(const void *key, size_t len);
int32_t way_partition_for_key(const void *key, size_t len, int32_t partitions); /* 1..partitions */

#endif
