/* Clocks and the two texts of time: RFC 3339 for people and JSON, Go-like durations for flags. */
#include "core/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_SEC 1000000000LL

static int64_t read_clock(clockid_t id, int64_t unit_ns)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * (NS_PER_SEC / unit_ns) + ts.tv_nsec / unit_ns;
}

int64_t way_mono_ms(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000000);
}

int64_t way_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t way_wall_ms(void)
{
    return read_clock(CLOCK_REALTIME, 1000000);
}

void way_rfc3339_from_ns(int64_t wall_ns, char out[WAY_RFC3339_MAX])
{
    int64_t sec = wall_ns / NS_PER_SEC;
    int64_t frac = wall_ns % NS_PER_SEC;
    if (frac < 0) { /* before 1970: the fraction counts upwards all the same */
        frac += NS_PER_SEC;
        sec--;
    }
    time_t t = (time_t)sec;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(out, WAY_RFC3339_MAX, "%Y-%m-%dT%H:%M:%S", &tm); /* int64 ns: the year has four digits */
    size_t n = strlen(out);
    snprintf(out + n, WAY_RFC3339_MAX - n, ".%09uZ", (unsigned)frac);
}

typedef struct cursor {
    const char *p, *end;
} cursor;

static bool take_char(cursor *c, char want)
{
    if (c->p == c->end || *c->p != want)
        return false;
    c->p++;
    return true;
}

static bool take_digits(cursor *c, int count, int *v)
{
    *v = 0;
    for (int i = 0; i < count; i++, c->p++) {
        if (c->p == c->end || *c->p < '0' || *c->p > '9')
            return false;
        *v = *v * 10 + (*c->p - '0');
    }
    return true;
}

static bool take_fraction(cursor *c, int64_t *ns)
{
    int64_t unit = NS_PER_SEC;
    int count = 0;

    for (*ns = 0; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, count++) {
        unit /= 10;
        *ns += unit * (*c->p - '0');
    }
    return count >= 1 && count <= 9;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar: whole 400-year eras, years counted from March. */
static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static bool take_offset(cursor *c, int64_t *seconds)
{
    int hours, minutes;

    *seconds = 0;
    if (take_char(c, 'Z') || take_char(c, 'z'))
        return true;
    if (c->p == c->end || (*c->p != '+' && *c->p != '-'))
        return false;
    int sign = *c->p++ == '-' ? -1 : 1;
    if (!take_digits(c, 2, &hours) || !take_char(c, ':') || !take_digits(c, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60);
    return true;
}

bool way_rfc3339_to_ns(const char *text, size_t len, int64_t *wall_ns)
{
    static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    cursor c = {text, text + len};
    int y, mo, d, h, mi, s;
    int64_t ns = 0, offset;

    if (!take_digits(&c, 4, &y) || !take_char(&c, '-') || !take_digits(&c, 2, &mo) ||
        !take_char(&c, '-') || !take_digits(&c, 2, &d))
        return false;
    if (!take_char(&c, 'T') && !take_char(&c, 't') && !take_char(&c, ' '))
        return false;
    if (!take_digits(&c, 2, &h) || !take_char(&c, ':') || !take_digits(&c, 2, &mi) ||
        !take_char(&c, ':') || !take_digits(&c, 2, &s))
        return false;
    if (take_char(&c, '.') && !take_fraction(&c, &ns))
        return false;
    if (!take_offset(&c, &offset) || c.p != c.end)
        return false;

    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (mo < 1 || mo > 12 || d < 1 || d > month_days[mo - 1] || (mo == 2 && d == 29 && !leap) ||
        h > 23 || mi > 59 || s > 60)
        return false;
    /* What int64 nanoseconds can hold: 1677-09-21 to 2262-04-11; whole years keep the rule simple. */
    if (y < 1678 || y > 2261)
        return false;
    int64_t sec = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - offset;
    *wall_ns = sec * NS_PER_SEC + ns;
    return true;
}

bool way_duration_to_ms(const char *text, int64_t *ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};
    int64_t total = 0;

    if (*text == '\0')
        return false;
    while (*text != '\0') {
        int64_t v = 0;
        if (*text < '0' || *text > '9')
            return false;
        for (; *text >= '0' && *text <= '9'; text++)
            if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *text - '0', &v))
                return false;
        /* "1.5h": the fraction counts in thousandths, finer ones are refused */
        int64_t thousandths = 0;
        if (*text == '.') {
            text++;
            int digits = 0;
            for (int64_t unit = 100; *text >= '0' && *text <= '9' && digits < 3; text++, digits++, unit /= 10)
                thousandths += unit * (*text - '0');
            if (digits == 0)
                return false;
        }
        size_t i = 0, n = strspn(text, "abcdefghijklmnopqrstuvwxyz");
        for (; i < sizeof units / sizeof *units; i++)
            if (strlen(units[i].name) == n && memcmp(units[i].name, text, n) == 0)
                break;
        if (i == sizeof units / sizeof *units || (thousandths != 0 && units[i].ms == 1))
            return false;
        text += n;
        if (__builtin_mul_overflow(v, units[i].ms, &v) ||
            __builtin_add_overflow(v, thousandths * units[i].ms / 1000, &v) ||
            __builtin_add_overflow(total, v, &total))
            return false;
    }
    *ms = total;
    return true;
}
