/* Several threads post, one drains: nothing is lost, each poster's items stay in order, and every item is either drained,
 * refused after the close, or dropped by the end. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/mailbox.h"
#include "core/base/mem.h"

enum { POSTERS = 4, ITEMS = 20000, BOX = 64 };

typedef struct number {
    way_item item;
    int poster, n;
} number;

static way_mailbox *box;
static atomic_int alive; /* items not freed yet */
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t bell = PTHREAD_COND_INITIALIZER;
static int rings; /* {mu} */

static void drop(way_item *item)
{
    atomic_fetch_sub(&alive, 1);
    free(item);
}

static void wake(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&mu);
    rings++;
    pthread_cond_signal(&bell);
    pthread_mutex_unlock(&mu);
}

static void *post_all(void *arg)
{
    int poster = (int)(intptr_t)arg;

    for (int i = 0; i < ITEMS; i++) {
        number *n = way_xcalloc(1, sizeof *n);
        way_item *item = &n->item;
        way_code rc;
        n->poster = poster;
        n->n = i;
        n->item.drop = drop;
        atomic_fetch_add(&alive, 1);
        do
            rc = i % 8 == 0 ? way_mailbox_post_answer(box, &item) : way_mailbox_post(box, &item);
        while (rc == WAY_E_FULL);
        if (rc == WAY_E_GONE) {
            drop(item);
            break;
        }
    }
    return NULL;
}

static void wait_for_bell(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 30;
    pthread_mutex_lock(&mu);
    while (rings == 0)
        if (pthread_cond_timedwait(&bell, &mu, &until) != 0) {
            fprintf(stderr, "no wake within 30 s although items are missing\n");
            exit(1);
        }
    rings = 0;
    pthread_mutex_unlock(&mu);
}

/* One run; closes early when stop_after is reached. */
static void run(int stop_after)
{
    pthread_t thread[POSTERS];
    int next[POSTERS] = {0}, got = 0;

    box = way_mailbox_new(BOX, wake, NULL);
    for (int i = 0; i < POSTERS; i++)
        pthread_create(&thread[i], NULL, post_all, (void *)(intptr_t)i);
    while (got < POSTERS * ITEMS && got < stop_after) {
        wait_for_bell();
        for (way_item *item = way_mailbox_drain(box), *after; item != NULL; item = after) {
            number *n = (number *)item;
            after = item->next;
            if (n->n != next[n->poster]++) {
                fprintf(stderr, "poster %d: item %d came out of order\n", n->poster, n->n);
                exit(1);
            }
            got++;
            drop(item);
        }
    }
    way_mailbox_close(box);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(thread[i], NULL);
    way_mailbox_free(box);
    if (atomic_load(&alive) != 0) {
        fprintf(stderr, "%d items leaked\n", atomic_load(&alive));
        exit(1);
    }
    pthread_mutex_lock(&mu);
    rings = 0;
    pthread_mutex_unlock(&mu);
}

int main(void)
{
    run(INT32_MAX);
    run(POSTERS * ITEMS / 3);
    return 0;
}
