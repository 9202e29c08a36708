#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"

static char line[8192];

/* What the calls between begin and end wrote to stderr. */
static int saved, ends[2];

static void begin(void)
{
    cr_assert_eq(pipe(ends), 0);
    saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
}

static void end(void)
{
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t n = read(ends[0], line, sizeof line - 1);
    line[n > 0 ? n : 0] = '\0';
    close(ends[0]);
}

Test(log, a_value_stays_on_its_line)
{
    begin();
    way_info("station", "created", "name=%s", "evil\n2026 error forged\x1b[31m\t");
    end();
    cr_expect(strstr(line, " info  station created name=evil\\n2026 error forged\\x1b[31m\\t\n"), "%s", line);
    cr_expect_eq(strchr(line, '\n'), line + strlen(line) - 1);
}

Test(log, long_lines_are_cut_and_end)
{
    char *big = malloc(5000);
    memset(big, 'x', 4999);
    big[4999] = '\0';
    begin();
    way_warn("test", "long", "%s", big);
    end();
    cr_expect(strlen(line) > 2040 && strlen(line) <= 2048);
    cr_expect_eq(line[strlen(line) - 1], '\n');
    free(big);
}

static int evaluated(void)
{
    cr_assert_fail("the arguments of a silent line are not evaluated");
    return 0;
}

Test(log, levels)
{
    way_log_level level = WAY_LOG_ERROR;
    cr_expect(way_log_level_parse("debug", &level));
    cr_expect_eq(level, WAY_LOG_DEBUG);
    cr_expect_not(way_log_level_parse("loud", &level));
    way_debug("test", "silent", "%d", evaluated());
    way_log_set_level(WAY_LOG_ERROR);
    cr_expect_not(way_log_on(WAY_LOG_WARN));
    cr_expect(way_log_on(WAY_LOG_ERROR));
    begin();
    way_error("test", "bare", "%s", "");
    end();
    cr_expect(strstr(line, " error test bare\n"));
}
