/* Names that were not found are remembered for a second. */
#include <criterion/criterion.h>

#include "gateway/missing.h"

Test(missing, for_a_second)
{
    static way_missing_cache m;

    cr_expect_not(way_missing_has(&m, "orders", 1000));
    way_missing_add(&m, "orders", 1000);
    cr_expect(way_missing_has(&m, "orders", 1000 + WAY_MISSING_MS - 1));
    cr_expect_not(way_missing_has(&m, "orders", 1000 + WAY_MISSING_MS));
    cr_expect_not(way_missing_has(&m, "other", 1000));
}
