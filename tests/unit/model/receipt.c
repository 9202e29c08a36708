#include <criterion/criterion.h>
#include <string.h>

#include "core/model/receipt.h"

Test(receipt, ack_subjects_come_out_as_they_came_in)
{
    static const struct {
        const char *subject;
        int32_t partition;
        way_source source;
        const char *domain, *account, *random;
    } row[] = {
        {"$JS.ACK.my#st$3.grp#a.2.17.9.1769860800123456789.5", 3, WAY_FROM_PARTITION, "", "", ""},
        {"$JS.ACK._.ACCHASH.my#st$3.grp#a.2.17.9.1769860800123456789.5", 3, WAY_FROM_PARTITION, "_", "ACCHASH", ""},
        {"$JS.ACK.hub.ACCHASH.my#st$3.grp#a.2.17.9.1769860800123456789.5.rAnD", 3, WAY_FROM_PARTITION, "hub", "ACCHASH", "rAnD"},
        {"$JS.ACK.hub.ACCHASH.my#st$3.grp#a.2.17.9.1769860800123456789.5.rAnD.more", 3, WAY_FROM_PARTITION, "hub", "ACCHASH", "rAnD.more"},
        {"$JS.ACK.$way_redrive.7-9.2.17.9.1769860800123456789.5", 0, WAY_FROM_REDRIVE, "", "", ""},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_receipt r;
        char stream[WAY_STREAM_MAX + 1], consumer[WAY_NAME_MAX + 1], back[WAY_ACK_SUBJECT_MAX];
        cr_assert(way_ack_subject_parse(row[i].subject, &r, stream, consumer), "%s", row[i].subject);
        cr_expect(r.partition == row[i].partition && r.source == row[i].source);
        cr_expect(r.deliveries == 2 && r.seq == 17 && r.consumer_seq == 9 && r.pending == 5);
        cr_expect_eq(r.time_ns, 1769860800123456789);
        cr_expect(r.station_id == 0 && r.group_id == 0 && r.generation == 0);
        cr_expect_str_eq(r.domain, row[i].domain);
        cr_expect_str_eq(r.account, row[i].account);
        cr_expect_str_eq(r.random, row[i].random);
        r.station_id = 7;
        r.group_id = 9;
        way_receipt_subject(&r, "my#st", "grp#a", back);
        cr_expect_str_eq(back, row[i].subject);
    }
}

Test(receipt, other_subjects)
{
    static const char *const row[] = {
        "", "$JS.ACK.", "$JS.ACK", "my#st$3.final", "$JS.ACK.s.c.1.2.3.4", "$JS.ACK.s.c.1.2.3.4.5.6", "$JS.ACK.s.c.1.2.3.4.x",
        "$JS.ACK.s.c.1.2.3.4.", "$JS.ACK..c.1.2.3.4.5", "$JS.ACK.s.c.-1.2.3.4.5", "$JS.ACK.s.c.1.2.3.99999999999999999999.5",
        "$JS.ACK.s.c.1.2.3.9223372036854775808.5", "$JS.ACK.d.h.s.c.1.2.3.4.5.", "$JS.FC.s.c.1.2.3.4.5",
        "$JS.ACK.d.h.s.c.1.2.3.4.5.0123456789012345678901234567890123456789",
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_receipt r;
        char stream[WAY_STREAM_MAX + 1] = "x", consumer[WAY_NAME_MAX + 1] = "y";
        cr_expect_not(way_ack_subject_parse(row[i], &r, stream, consumer), "%s", row[i]);
        cr_expect_str_eq(stream, "x");
        cr_expect_str_eq(consumer, "y");
    }
}
