#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/base/mailbox.h"

static int wakes, drops;

static void wake(void *arg)
{
    (*(int *)arg)++;
}

static void drop(way_item *item)
{
    drops++;
    free(item);
}

static way_item *item(uint16_t kind)
{
    way_item *it = calloc(1, sizeof *it);
    it->kind = kind;
    it->drop = drop;
    return it;
}

Test(mailbox, order_wakes_and_bounds)
{
    way_mailbox *mb = way_mailbox_new(2, wake, &wakes);
    way_item *it = item(1);

    cr_expect_eq(way_mailbox_post(mb, &it), WAY_OK);
    cr_expect_null(it, "taken");
    it = item(2);
    cr_expect_eq(way_mailbox_post(mb, &it), WAY_OK);
    it = item(3);
    cr_expect_eq(way_mailbox_post(mb, &it), WAY_E_FULL);
    cr_expect_not_null(it, "still the caller's");
    cr_expect_eq(way_mailbox_post_answer(mb, &it), WAY_OK, "an answer never fails for want of room");
    cr_expect_eq(wakes, 1, "only the first found an empty box");

    way_item *got = way_mailbox_drain(mb);
    for (uint16_t kind = 1; kind <= 3; kind++) {
        cr_assert_not_null(got);
        cr_expect_eq(got->kind, kind);
        way_item *next = got->next;
        free(got);
        got = next;
    }
    cr_expect_null(got);
    cr_expect_null(way_mailbox_drain(mb));

    it = item(4);
    cr_expect_eq(way_mailbox_post(mb, &it), WAY_OK);
    cr_expect_eq(wakes, 2);
    way_mailbox_close(mb);
    it = item(5);
    cr_expect_eq(way_mailbox_post(mb, &it), WAY_E_GONE);
    cr_expect_eq(way_mailbox_post_answer(mb, &it), WAY_E_GONE);
    drop(it);
    way_mailbox_free(mb);
    cr_expect_eq(drops, 2, "the refused one and the one left inside");
}
