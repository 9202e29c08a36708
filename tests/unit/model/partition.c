#include <criterion/criterion.h>
#include <string.h>

#include "core/model/partition.h"

/* Others compute the same on their side: these numbers are a contract. */
Test(partition, agrees_with_the_sdks)
{
    static const struct {
        const char *key;
        uint32_t hash;
        int32_t index[4]; /* from 0, of 2, 3, 5 and 10 partitions */
    } row[] = {
        {"", 1257683291u, {1, 2, 1, 1}},
        {"a", 3387765255u, {1, 0, 0, 5}},
        {"b", 279955767u, {1, 0, 2, 7}},
        {"key", 2580712894u, {0, 1, 4, 4}},
        {"memphis", 3526923456u, {0, 0, 1, 6}},
        {"user-1", 3441879530u, {0, 2, 0, 0}},
        {"user-2", 1858104965u, {1, 2, 0, 5}},
        {"0123456789", 422993485u, {1, 1, 0, 5}},
        {"a longer partition key", 1651113458u, {0, 2, 3, 8}},
        {"\xC3\xA9", 3323909962u, {0, 1, 2, 2}},
        {"\xE6\x97\xA5\xE6\x9C\xAC", 1566398813u, {1, 2, 3, 3}},
    };
    static const int32_t n[] = {2, 3, 5, 10};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        size_t len = strlen(row[i].key);
        cr_expect_eq(way_partition_hash(row[i].key, len), row[i].hash, "'%s'", row[i].key);
        for (size_t k = 0; k < 4; k++)
            cr_expect_eq(way_partition_for_key(row[i].key, len, n[k]), row[i].index[k] + 1, "'%s' of %d", row[i].key, n[k]);
        cr_expect_eq(way_partition_for_key(row[i].key, len, 1), 1);
    }
    cr_expect_eq(way_partition_hash(NULL, 0), 1257683291u);
}
