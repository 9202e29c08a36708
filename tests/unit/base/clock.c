#include <criterion/criterion.h>
#include <string.h>

#include "core/base/clock.h"

Test(clock, rfc3339_both_ways)
{
    static const struct {
        const char *text;
        int64_t ns;
        const char *canonical;
    } row[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000000000Z"},
        {"2026-01-31T12:00:00.123456789Z", 1769860800123456789, "2026-01-31T12:00:00.123456789Z"},
        {"2024-02-29T23:59:59+02:00", 1709243999000000000, "2024-02-29T21:59:59.000000000Z"},
        {"2024-02-29 23:59:59.5-00:30", 1709252999500000000, "2024-03-01T00:29:59.500000000Z"},
        {"1969-12-31T23:59:59.999999999Z", -1, "1969-12-31T23:59:59.999999999Z"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int64_t ns = 42;
        char out[WAY_RFC3339_MAX];
        cr_expect(way_rfc3339_to_ns(row[i].text, strlen(row[i].text), &ns), "%s", row[i].text);
        cr_expect_eq(ns, row[i].ns, "%s gave %lld", row[i].text, (long long)ns);
        way_rfc3339_from_ns(ns, out);
        cr_expect_str_eq(out, row[i].canonical);
    }
}

Test(clock, rfc3339_refuses)
{
    static const char *const row[] = {
        "", "2026-01-31", "2026-01-31T12:00:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-02-30T00:00:00Z",
        "2026-01-31T24:00:00Z", "2026-01-31T12:60:00Z", "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00.1234567890Z",
        "2026-01-31T12:00:00Zx", "2026-01-31T12:00:00+2:00", "2026-01-31T12:00:00+24:00", "9999-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z", "-026-01-01T00:00:00Z", "1900-02-29T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int64_t ns = 42;
        cr_expect_not(way_rfc3339_to_ns(row[i], strlen(row[i]), &ns), "%s", row[i]);
        cr_expect_eq(ns, 42);
    }
}

Test(clock, durations)
{
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } row[] = {
        {"500ms", 500},  {"90s", 90000},      {"1h30m", 5400000}, {"2d", 172800000},  {"1w", 604800000},
        {"1.5h", 5400000}, {"0s", 0},         {"0.25s", 250},     {"", -1},           {"5", -1},
        {"5x", -1},      {"-5s", -1},         {"5s5", -1},        {"1.5ms", -1},      {"5 s", -1},
        {"s", -1},       {"1.s", -1},         {"1.2345s", -1},    {"99999999999999999999s", -1},
        {"9223372036854775807w", -1},         {"106751991167300d9000d", -1},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int64_t ms = -1;
        bool ok = way_duration_to_ms(row[i].text, &ms);
        cr_expect_eq(ok, row[i].ms >= 0, "%s", row[i].text);
        cr_expect_eq(ms, row[i].ms, "%s gave %lld", row[i].text, (long long)ms);
    }
}

Test(clock, monotonic_units_agree)
{
    int64_t ms = way_mono_ms(), us = way_mono_us();
    cr_expect(us / 1000 >= ms && us / 1000 < ms + 1000);
    cr_expect_gt(way_wall_ms(), 1700000000000LL);
}
