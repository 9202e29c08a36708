/* Clocks.  Deadlines use the monotonic clock, rows and logs the wall clock.  Threads: any. */
#ifndef WAY_BASE_CLOCK_H
#define WAY_BASE_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t way_mono_ms(void);
int64_t way_mono_us(void);
int64_t way_wall_ms(void); /* since 1970, UTC */

#define WAY_RFC3339_MAX 40
/* "2026-01-31T12:00:00.123456789Z" of ns since 1970; trailing zeros of the fraction are kept. */
void way_rfc3339_from_ns(int64_t wall_ns, char out[WAY_RFC3339_MAX]);
/* Parses RFC 3339 with an offset or Z and up to nine digits of fraction.  false: not one. */
bool way_rfc3339_to_ns(const char *text, size_t len, int64_t *wall_ns);
/* "1h30m", "90s", "500ms", "2d": what NATS users type.  A bare number is refused.  false: not one. */
bool way_duration_to_ms(const char *text, int64_t *ms);

#endif
