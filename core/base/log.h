/* Log: one line per event on stderr: time, level, subsystem, stable event word, key=value pairs.
 *
 *   way_info("station", "created", "name=%s partitions=%d", name, n);
 *
 * Never bodies, tokens or passwords.  Levels: error (someone must act), warn (will heal), info (state
 * changed), debug (per request; off by default and its arguments are not evaluated then).
 * Control bytes in the formatted text are written as escapes, so that a newline in a name cannot forge
 * a line.  Threads: any; one write(2) per line of at most 2048 bytes, no buffering. */
#ifndef WAY_BASE_LOG_H
#define WAY_BASE_LOG_H

#include "core/base/err.h"

typedef enum way_log_level { WAY_LOG_ERROR, WAY_LOG_WARN, WAY_LOG_INFO, WAY_LOG_DEBUG } way_log_level;

void way_log_set_level(way_log_level level);
bool way_log_level_parse(const char *text, way_log_level *level);
bool way_log_on(way_log_level level);
void way_log_line(way_log_level level, const char *subsystem, const char *event, const char *fmt, ...)
    WAY_PRINTF(4, 5);

#define WAY_LOG_AT(level, ...)                                                                     \
    (way_log_on(level) ? way_log_line((level), __VA_ARGS__) : (void)0)
#define way_error(...) WAY_LOG_AT(WAY_LOG_ERROR, __VA_ARGS__)
#define way_warn(...) WAY_LOG_AT(WAY_LOG_WARN, __VA_ARGS__)
#define way_info(...) WAY_LOG_AT(WAY_LOG_INFO, __VA_ARGS__)
#define way_debug(...) WAY_LOG_AT(WAY_LOG_DEBUG, __VA_ARGS__)

#endif
