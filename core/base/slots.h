/* Slots: a fixed table of things in flight, addressed by token {slot, generation}.
 *
 * The generation changes when the slot is given back, so that a late answer finds another generation and
 * is dropped: that is the whole cancellation story.  Owner: one thread.  Never grows: when it is full,
 * take returns false and the caller refuses the request. */
#ifndef WAY_BASE_SLOTS_H
#define WAY_BASE_SLOTS_H

#include <stdbool.h>

#include "core/base/mailbox.h"

typedef struct way_slots way_slots;

way_slots *way_slots_new(uint32_t count);
void way_slots_free(way_slots *s);
bool way_slots_take(way_slots *s, void *value, way_token *out); /* value is borrowed, not NULL */
void way_slots_give(way_slots *s, way_token t);                 /* t must be current */
void *way_slots_find(const way_slots *s, way_token t);          /* NULL: ended meanwhile */
uint32_t way_slots_used(const way_slots *s);
uint32_t way_slots_count(const way_slots *s);

#endif
