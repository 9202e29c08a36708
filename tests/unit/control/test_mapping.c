#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/control/mapping.h"

static way_station_spec station(void)
{
    way_station_spec s;
    way_station_spec_init(&s);
    snprintf(s.name, sizeof s.name, "my.orders");
    snprintf(s.internal, sizeof s.internal, "my#orders");
    s.partitions = 3;
    s.replicas = 1;
    s.max_age_sec = 60;
    s.dup_window_ms = 2500;
    s.max_message_bytes = 1 << 20;
    return s;
}

Test(mapping, a_partition_is_a_stream)
{
    way_station_spec s = station();
    way_map m;
    way_js_stream c;
    way_map_init(&m, &s, 42, "0123456789abcdef");
    way_map_stream(&m, 3, &c);
    cr_expect_str_eq(c.name, "my#orders$3");
    cr_expect_str_eq(c.subject, "my#orders$3.>");
    cr_expect_str_eq(c.republish_src, "my#orders$3.final");
    cr_expect_str_eq(c.republish_dest, "way.live.my#orders.3");
    cr_expect_str_eq(c.description, "Waystation 0123456789abcdef, station 42");
    cr_expect(c.allow_direct);
    cr_expect_not(c.interest);
    cr_expect_eq(c.max_age_ns, INT64_C(60000000000));
    cr_expect_eq(c.dup_window_ns, INT64_C(2500000000));
    cr_expect_eq(c.max_msg_size, 1 << 20);
    cr_expect_str_eq(c.metadata[0], "way.station");
    cr_expect_str_eq(c.metadata[1], "my.orders");
    cr_expect_str_eq(c.metadata[2], "way.id");
    cr_expect_str_eq(c.metadata[3], "42");
    cr_expect_null(c.metadata[4]);
    way_station_spec_fini(&s);
}

Test(mapping, limits_are_shared_between_partitions)
{
    static const struct {
        int32_t partitions;
        int64_t of_station, share;
    } row[] = {{1, 10, 10}, {3, 10, 4}, {3, 9, 3}, {4096, 1, 1}, {7, 0, 0}, {2, INT64_MAX, INT64_MAX / 2 + 1}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_station_spec s = station();
        way_map m;
        way_js_stream c;
        s.partitions = row[i].partitions;
        s.max_messages = s.max_bytes = row[i].of_station;
        way_map_init(&m, &s, 1, "x");
        way_map_stream(&m, 1, &c);
        cr_expect_eq(c.max_msgs, row[i].share, "row %zu: %" PRId64, i, c.max_msgs);
        cr_expect_eq(c.max_bytes, row[i].share);
        way_station_spec_fini(&s);
    }
}

Test(mapping, the_longest_name_fits)
{
    way_station_spec s = station();
    way_map m;
    way_js_stream c;
    way_js_consumer g;
    way_group_spec group;
    char text[1024];
    memset(s.internal, 'a', WAY_NAME_MAX);
    s.internal[WAY_NAME_MAX] = '\0';
    s.partitions = 4096;
    way_map_init(&m, &s, INT64_MAX, "0123456789abcdef");
    way_map_stream(&m, 4096, &c);
    snprintf(text, sizeof text, "%s$4096.final", s.internal);
    cr_expect_str_eq(c.republish_src, text);
    snprintf(text, sizeof text, "way.live.%s.4096", s.internal);
    cr_expect_str_eq(c.republish_dest, text);
    snprintf(text, sizeof text, "%s$4096.>", s.internal);
    cr_expect_str_eq(c.subject, text);
    way_group_spec_init(&group);
    memset(group.internal, 'g', WAY_NAME_MAX);
    way_map_group(s.internal, 4096, &group, 7, &g);
    cr_expect_str_eq(g.name, group.internal);
    cr_expect_str_eq(g.filter, c.republish_src);
    way_station_spec_fini(&s);
}

Test(mapping, a_group_starts_at_the_beginning_or_at_a_sequence)
{
    way_group_spec g;
    way_js_consumer c;
    way_group_spec_init(&g);
    snprintf(g.internal, sizeof g.internal, "g");
    way_map_group("o", 2, &g, 0, &c);
    cr_expect_eq(c.deliver, WAY_JS_ALL);
    cr_expect_str_eq(c.stream, "o$2");
    cr_expect_str_eq(c.filter, "o$2.final");
    cr_expect_eq(c.ack_wait_ms, WAY_ACK_WAIT_DEFAULT_MS);
    cr_expect_eq(c.max_deliver, WAY_MAX_DELIVER_DEFAULT);
    way_map_group("o", 2, &g, 9, &c);
    cr_expect_eq(c.deliver, WAY_JS_SEQ);
    cr_expect_eq(c.start_seq, 9);
    g.backoff_count = 2;
    g.backoff_ms[0] = 500;
    g.backoff_ms[1] = 900;
    way_map_group_live(&g, &c);
    cr_expect_eq(c.ack_wait_ms, 500, "nats-server makes the ack wait the first step");
    cr_expect_eq(c.start_seq, 9, "where it starts stays");
}

Test(mapping, what_differs_is_named)
{
    way_station_spec s = station();
    way_map m;
    way_js_stream want, have;
    char text[256];
    way_map_init(&m, &s, 1, "x");
    way_map_stream(&m, 1, &want);
    have = want;
    cr_expect_not(way_map_stream_differs(&want, &have, text, sizeof text));
    have.max_age_ns = 5;
    cr_expect(way_map_stream_differs(&want, &have, text, sizeof text));
    cr_expect(strstr(text, "max_age") && strstr(text, "is 5 instead of 60000000000"), "%s", text);
    have = want;
    have.republish_dest[0] = '\0';
    cr_expect(way_map_stream_differs(&want, &have, text, sizeof text));
    cr_expect(strstr(text, "republish destination"), "%s", text);
    way_station_spec_fini(&s);
}

Test(mapping, the_live_feed_is_made_only_where_it_cannot_be_added_later)
{
    static const struct {
        way_storage storage;
        int minor;
        bool feed;
    } row[] = {{WAY_STORAGE_FILE, 9, true}, {WAY_STORAGE_MEMORY, 9, false}, {WAY_STORAGE_FILE, 10, false},
               {WAY_STORAGE_MEMORY, 10, false}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_station_spec s = station();
        way_server_info srv = {.major = 2, .minor = row[i].minor, .patch = 10};
        way_map m;
        way_js_stream made, over;
        char text[256];
        s.storage = row[i].storage;
        way_map_init(&m, &s, 1, "x");
        way_map_stream_new(&m, 1, &srv, &made);
        cr_expect_eq(made.republish_dest[0] != '\0', row[i].feed, "row %zu", i);
        way_map_stream_over(&m, 1, &made, &over);
        cr_expect_not(way_map_stream_differs(&over, &made, text, sizeof text), "row %zu: %s", i, text);
        way_station_spec_fini(&s);
    }
}

Test(mapping, no_limit_is_one_value_in_a_group)
{
    way_group_spec g;
    way_js_consumer c;
    char text[256];
    way_group_spec_init(&g);
    way_map_group("o", 1, &g, 0, &c);
    c.max_ack_pending = 0; /* as it comes back */
    cr_expect_not(way_map_group_differs(&g, &c, text, sizeof text), "%s", text);
    c.max_ack_pending = 5;
    cr_expect(way_map_group_differs(&g, &c, text, sizeof text));
    c.max_ack_pending = 0;
    c.max_deliver = 3;
    cr_expect(way_map_group_differs(&g, &c, text, sizeof text));
    cr_expect(strstr(text, "max_deliver is 3 instead of 10"), "%s", text);
}
