/* Log lines on stderr.  A line is built on the stack and written with one write(2): lines of several threads do not
 * mix as long as they are shorter than PIPE_BUF, which the size of the buffer sees to. */
#include "core/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048

static _Atomic int current_level = WAY_LOG_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void way_log_set_level(way_log_level level)
{
    atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

bool way_log_level_parse(const char *text, way_log_level *level)
{
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strcmp(text, level_names[i]) == 0) {
            *level = (way_log_level)i;
            return true;
        }
    return false;
}

bool way_log_on(way_log_level level)
{
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

/* Control bytes become \n, \r, \t or \xNN: whatever a value holds, it stays on its line. */
static size_t escape(char *to, size_t room, const char *from)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    for (; *from != '\0' && n + 4 <= room; from++) {
        unsigned char c = (unsigned char)*from;
        if (c >= 0x20 && c != 0x7F) {
            to[n++] = (char)c;
            continue;
        }
        to[n++] = '\\';
        if (c == '\n' || c == '\r' || c == '\t') {
            to[n++] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
        } else {
            to[n++] = 'x';
            to[n++] = hex[c >> 4];
            to[n++] = hex[c & 15];
        }
    }
    return n;
}

void way_log_line(way_log_level level, const char *subsystem, const char *event, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES];
    struct timespec ts;
    struct tm tm;
    va_list ap;

    va_start(ap, fmt);
    if (vsnprintf(text, sizeof text, fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);

    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    int head = snprintf(line, sizeof line, "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %-5s %s %s ",
                        tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
                        ts.tv_nsec / 1000000, level_names[level], subsystem, event);
    if (head < 0 || (size_t)head >= sizeof line)
        return;
    size_t n = (size_t)head;
    n += escape(line + n, sizeof line - n - 1, text);
    while (n > 0 && line[n - 1] == ' ')
        n--;
    line[n++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, n);
    (void)written; /* a log that cannot be written has nobody to be told */
}
