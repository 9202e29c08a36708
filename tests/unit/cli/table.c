#include <criterion/criterion.h>
#include <string.h>

#include "gateway/cli/table.h"

Test(table, columns_fit_their_widest_cell)
{
    static const char *const heads[] = {"name", ">messages", "state", NULL};
    way_table t;
    way_buf b;

    way_table_init(&t, heads);
    way_table_text(&t, "orders");
    way_table_count(&t, 1234567);
    way_table_text(&t, "active");
    way_table_text(&t, "caf\xC3\xA9s-eu");
    way_table_count(&t, 7);
    way_table_text(&t, NULL);
    way_buf_init(&b, 0);
    way_table_render(&t, &b);
    cr_expect_str_eq(b.data, "name       messages  state\n"
                             "orders    1,234,567  active\n"
                             "caf\xC3\xA9s-eu          7  -\n");
    way_buf_fini(&b);
    way_table_fini(&t);
}

Test(table, values)
{
    static const struct {
        void (*write)(way_buf *, uint64_t);
        uint64_t v;
        const char *want;
    } row[] = {
        {way_text_count, 0, "0"}, {way_text_count, 999, "999"}, {way_text_count, 1000, "1,000"},
        {way_text_count, UINT64_MAX, "18,446,744,073,709,551,615"}, {way_text_bytes, 0, "0 B"}, {way_text_bytes, 1023, "1023 B"},
        {way_text_bytes, 1536, "1.5 KiB"}, {way_text_bytes, 200 << 20, "200 MiB"},
    };
    static const struct {
        int64_t ms;
        const char *want;
    } times[] = {{-1, "-"}, {0, "0s"}, {7, "7ms"}, {12000, "12s"}, {90000, "1m30s"}, {273600000, "3d4h"}, {86400000, "1d"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_buf b;
        way_buf_init(&b, 0);
        row[i].write(&b, row[i].v);
        cr_expect_str_eq(b.data, row[i].want);
        way_buf_fini(&b);
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        way_buf b;
        way_buf_init(&b, 0);
        way_text_ms(&b, times[i].ms);
        cr_expect_str_eq(b.data, times[i].want);
        way_buf_fini(&b);
    }
}
