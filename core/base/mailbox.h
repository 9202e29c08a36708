/* Mailbox: hands items to a thread that sleeps in its own loop.  Bounded; many posters, one owner.
 *
 * Threads   post: any.  drain, close, fini: the owner only.
 * Ownership post takes *item and clears it; on error the caller still has it.  fini drops what is left.
 * Wake      called on the posting thread after the lock is released, and only when the box was empty:
 *           many posts may give one wake.
 * Full      post fails with WAY_E_FULL.  An answer that somebody waits for is posted with
 *           way_mailbox_post_answer, which never fails for want of room: the room was paid for when the
 *           job was accepted (bounded by the worker queue).
 * Errors    WAY_E_FULL, WAY_E_GONE (closed).  Never blocks, never allocates. */
#ifndef WAY_BASE_MAILBOX_H
#define WAY_BASE_MAILBOX_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* Where an answer goes: a slot of an island, in one of its generations.  See slots.h. */
typedef struct way_token {
    uint32_t slot;
    uint32_t gen;
} way_token;

typedef struct way_item { /* first member of whatever is posted */
    struct way_item *next; /* the mailbox's while queued */
    uint16_t kind;
    way_token to;                    /* the exchange this answers */
    void (*drop)(struct way_item *); /* frees an item that nobody wants any more */
} way_item;

typedef struct way_mailbox way_mailbox;

way_mailbox *way_mailbox_new(size_t max_items, void (*wake)(void *arg), void *wake_arg);
void way_mailbox_free(way_mailbox *mb); /* drops what is left */
void way_mailbox_close(way_mailbox *mb); /* later posts fail with WAY_E_GONE */
WAY_MUST_CHECK way_code way_mailbox_post(way_mailbox *mb, way_item **item);
WAY_MUST_CHECK way_code way_mailbox_post_answer(way_mailbox *mb, way_item **item);
way_item *way_mailbox_drain(way_mailbox *mb); /* all that is queued, oldest first; NULL when empty */

#endif
