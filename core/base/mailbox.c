/* Mailbox: a list under a short lock.  A lock-free queue would win nothing here: a post is two pointer writes, and the
 * owner takes the whole list at once, so the lock is never held for longer than that. */
#include "core/base/mailbox.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/mem.h"

struct way_mailbox {
    pthread_mutex_t mu;
    way_item *first, *last; /* {mu} */
    size_t count;           /* {mu} */
    bool closed;            /* {mu} */
    size_t max_items;       /* set before start; this and the rest */
    void (*wake)(void *arg);
    void *wake_arg;
};

way_mailbox *way_mailbox_new(size_t max_items, void (*wake)(void *arg), void *wake_arg)
{
    way_mailbox *mb = way_xcalloc(1, sizeof *mb);
    pthread_mutex_init(&mb->mu, NULL);
    mb->max_items = max_items;
    mb->wake = wake;
    mb->wake_arg = wake_arg;
    return mb;
}

void way_mailbox_free(way_mailbox *mb)
{
    if (mb == NULL)
        return;
    way_item *item = way_mailbox_drain(mb);
    while (item != NULL) {
        way_item *next = item->next;
        if (item->drop != NULL)
            item->drop(item);
        item = next;
    }
    pthread_mutex_destroy(&mb->mu);
    free(mb);
}

void way_mailbox_close(way_mailbox *mb)
{
    pthread_mutex_lock(&mb->mu);
    mb->closed = true;
    pthread_mutex_unlock(&mb->mu);
}

static way_code post(way_mailbox *mb, way_item **item, size_t max_items)
{
    way_item *it = *item;
    void (*wake)(void *) = NULL;
    void *wake_arg = NULL;

    pthread_mutex_lock(&mb->mu);
    if (mb->closed || mb->count >= max_items) {
        way_code rc = mb->closed ? WAY_E_GONE : WAY_E_FULL;
        pthread_mutex_unlock(&mb->mu);
        return rc;
    }
    it->next = NULL;
    if (mb->last != NULL) {
        mb->last->next = it;
    } else {
        mb->first = it;
        wake = mb->wake; /* copied: once unlocked, the mailbox itself is not touched any more */
        wake_arg = mb->wake_arg;
    }
    mb->last = it;
    mb->count++;
    pthread_mutex_unlock(&mb->mu);

    *item = NULL;
    if (wake != NULL)
        wake(wake_arg);
    return WAY_OK;
}

way_code way_mailbox_post(way_mailbox *mb, way_item **item)
{
    return post(mb, item, mb->max_items);
}

way_code way_mailbox_post_answer(way_mailbox *mb, way_item **item)
{
    return post(mb, item, SIZE_MAX);
}

way_item *way_mailbox_drain(way_mailbox *mb)
{
    pthread_mutex_lock(&mb->mu);
    way_item *item = mb->first;
    mb->first = mb->last = NULL;
    mb->count = 0;
    pthread_mutex_unlock(&mb->mu);
    return item;
}
