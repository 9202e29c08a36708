/* Slots: an array and a stack of free indexes.  Generation 0 is never given out, so that a zeroed token finds nothing. */
#include "core/base/slots.h"

#include <stdlib.h>

#include "core/base/mem.h"

struct slot {
    void *value; /* NULL: free */
    uint32_t gen;
    uint32_t next_free;
};

struct way_slots {
    struct slot *slot;
    uint32_t count, used;
    uint32_t first_free; /* count: none */
};

way_slots *way_slots_new(uint32_t count)
{
    way_slots *s = way_xcalloc(1, sizeof *s);
    s->slot = way_xcalloc(count, sizeof *s->slot);
    s->count = count;
    for (uint32_t i = 0; i < count; i++) {
        s->slot[i].gen = 1;
        s->slot[i].next_free = i + 1;
    }
    return s;
}

void way_slots_free(way_slots *s)
{
    if (s == NULL)
        return;
    free(s->slot);
    free(s);
}

bool way_slots_take(way_slots *s, void *value, way_token *out)
{
    WAY_ASSERT(value != NULL);
    if (s->first_free == s->count)
        return false;
    uint32_t i = s->first_free;
    struct slot *slot = &s->slot[i];
    s->first_free = slot->next_free;
    s->used++;
    slot->value = value;
    out->slot = i;
    out->gen = slot->gen;
    return true;
}

void way_slots_give(way_slots *s, way_token t)
{
    WAY_ASSERT(way_slots_find(s, t) != NULL);
    struct slot *slot = &s->slot[t.slot];
    slot->value = NULL;
    if (++slot->gen == 0)
        slot->gen = 1;
    slot->next_free = s->first_free;
    s->first_free = t.slot;
    s->used--;
}

void *way_slots_find(const way_slots *s, way_token t)
{
    if (t.slot >= s->count || s->slot[t.slot].gen != t.gen)
        return NULL;
    return s->slot[t.slot].value;
}

uint32_t way_slots_used(const way_slots *s)
{
    return s->used;
}

uint32_t way_slots_count(const way_slots *s)
{
    return s->count;
}
