#include <criterion/criterion.h>

#include "core/base/slots.h"

Test(slots, a_late_answer_finds_another_generation)
{
    way_slots *s = way_slots_new(2);
    int a, b, c;
    way_token ta, tb, tc;

    cr_expect(way_slots_take(s, &a, &ta));
    cr_expect(way_slots_take(s, &b, &tb));
    cr_expect_not(way_slots_take(s, &c, &tc), "full");
    cr_expect_eq(way_slots_used(s), 2u);
    cr_expect_eq(way_slots_find(s, ta), &a);
    way_slots_give(s, ta);
    cr_expect_null(way_slots_find(s, ta));
    cr_expect(way_slots_take(s, &c, &tc));
    cr_expect_eq(tc.slot, ta.slot);
    cr_expect_null(way_slots_find(s, ta), "late");
    cr_expect_eq(way_slots_find(s, tc), &c);
    cr_expect_eq(way_slots_find(s, tb), &b);
    cr_expect_null(way_slots_find(s, (way_token){0, 0}), "a zeroed token");
    cr_expect_null(way_slots_find(s, (way_token){9, 1}), "outside");
    cr_expect_eq(way_slots_count(s), 2u);
    way_slots_free(s);
}

Test(slots, none_at_all)
{
    way_slots *s = way_slots_new(0);
    way_token t;
    int a;
    cr_expect_not(way_slots_take(s, &a, &t));
    way_slots_free(s);
}
