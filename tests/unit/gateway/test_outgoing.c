/* Checks of a message, its size, and where it goes. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/model/partition.h"
#include "gateway/data_outgoing.h"

static way_station station(int32_t partitions, int64_t max)
{
    way_station st = {.id = 7, .state = WAY_ACTIVE};

    strcpy(st.spec.name, "orders");
    strcpy(st.spec.internal, "orders");
    st.spec.partitions = partitions;
    st.spec.max_message_bytes = max;
    return st;
}

Test(outgoing, checks_key_and_id)
{
    static char long_key[1026], long_id[258];
    static const struct {
        const char *key, *id;
        int64_t partition;
        way_code want;
    } row[] = {
        {NULL, NULL, 0, WAY_OK},      {"k", NULL, 0, WAY_OK},       {"a b:c", NULL, 0, WAY_OK},
        {"", NULL, 0, WAY_E_INVAL},   {" k", NULL, 0, WAY_E_INVAL}, {"k\t", NULL, 0, WAY_E_INVAL},
        {"a\nb", NULL, 0, WAY_E_INVAL}, {"a\rb", NULL, 0, WAY_E_INVAL}, {"\xff\xfe", NULL, 0, WAY_OK},
        {long_key, NULL, 0, WAY_E_INVAL}, {long_key + 1, NULL, 0, WAY_OK},
        {NULL, "id", 0, WAY_OK},      {NULL, "", 0, WAY_E_INVAL},   {NULL, "a\x01", 0, WAY_E_INVAL},
        {NULL, "a\x7f", 0, WAY_E_INVAL}, {NULL, " a", 0, WAY_E_INVAL}, {NULL, long_id, 0, WAY_E_INVAL},
        {NULL, long_id + 1, 0, WAY_OK}, {NULL, NULL, 3, WAY_OK},    {NULL, NULL, 4, WAY_E_INVAL},
        {NULL, NULL, -1, WAY_E_INVAL},
    };
    way_station st = station(3, 1000);

    memset(long_key, 'k', sizeof long_key - 1);
    memset(long_id, 'i', sizeof long_id - 1);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_outgoing m;
        way_err e;
        way_outgoing_init(&m);
        m.key = row[i].key;
        m.key_len = m.key ? strlen(m.key) : 0;
        m.msg_id = row[i].id;
        m.msg_id_len = m.msg_id ? strlen(m.msg_id) : 0;
        m.partition = row[i].partition;
        cr_expect_eq(way_outgoing_check(&m, &st, &e), row[i].want, "row %zu", i);
    }
    way_outgoing m;
    way_outgoing_init(&m);
    m.key = "a\0b";
    m.key_len = 3;
    cr_expect_eq(way_outgoing_check(&m, &st, NULL), WAY_E_INVAL, "a NUL inside");
}

Test(outgoing, number_then_key_then_id)
{
    way_station st = station(5, 0), one = station(1, 0);
    way_outgoing m;

    way_outgoing_init(&m);
    cr_expect_eq(way_outgoing_fixed(&m, &st), 0);
    cr_expect_eq(way_outgoing_fixed(&m, &one), 1);
    m.msg_id = "order-17";
    m.msg_id_len = 8;
    cr_expect_eq(way_outgoing_fixed(&m, &st), way_partition_for_key("order-17", 8, 5));
    m.key = "hello";
    m.key_len = 5;
    cr_expect_eq(way_outgoing_fixed(&m, &st), way_partition_for_key("hello", 5, 5));
    m.partition = 4;
    cr_expect_eq(way_outgoing_fixed(&m, &st), 4);
}

Test(outgoing, round_robin_is_even)
{
    int count[4] = {0};
    way_station st = station(4, 0);
    int32_t last = way_outgoing_next(&st);

    for (int i = 0; i < 400; i++) {
        int32_t p = way_outgoing_next(&st);
        cr_assert_eq(p, last % 4 + 1);
        count[p - 1]++;
        last = p;
    }
    for (int i = 0; i < 4; i++)
        cr_expect_eq(count[i], 100);
}

Test(outgoing, headers_count)
{
    way_station st = station(1, 100);
    way_outgoing m;
    size_t head;
    way_err e;

    way_outgoing_init(&m);
    m.len = 100;
    m.data = "";
    cr_expect_eq(way_outgoing_bytes(&m, &head), 100);
    cr_expect_eq(head, 0, "no headers, no header block");
    cr_expect_eq(way_outgoing_fits(&m, &st, 0, &e), WAY_OK);
    m.key = "k";
    m.key_len = 1;
    cr_expect_eq(way_outgoing_bytes(&m, &head), 100 + 12 + strlen("Way-Key: k\r\n"));
    cr_expect_eq(way_outgoing_fits(&m, &st, 0, &e), WAY_E_TOO_LARGE);
    cr_expect(strstr(e.text, "124") && strstr(e.text, "100"), "both numbers: %s", e.text);
    m.len = 76;
    cr_expect_eq(way_outgoing_fits(&m, &st, 0, &e), WAY_OK);
    cr_expect_eq(way_outgoing_fits(&m, &st, 99, &e), WAY_E_TOO_LARGE);
}

Test(outgoing, header_block_is_bounded)
{
    static char value[40000];
    way_station st = station(1, 1000000);
    way_outgoing m;
    way_err e;

    memset(value, 'v', sizeof value - 1);
    way_outgoing_init(&m);
    cr_assert_eq(way_outgoing_header(&m, "A", 1, value, strlen(value), &e), WAY_OK);
    cr_expect_eq(way_outgoing_fits(&m, &st, 0, &e), WAY_OK);
    cr_assert_eq(way_outgoing_header(&m, "B", 1, value, strlen(value), &e), WAY_OK);
    cr_expect_eq(way_outgoing_fits(&m, &st, 0, &e), WAY_E_TOO_LARGE);
}
