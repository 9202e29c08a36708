/* Activations in one statement. */
#include "core/control/activate.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/mem.h"

enum { TOGETHER_MAX = 32 }; /* so that nobody's lock on the change numbers is held for long */

struct way_activator {
    pthread_mutex_t mu;
    pthread_cond_t changed;
    bool busy;                     /* {mu} a leader is at work */
    way_station_activation *first, **last; /* {mu} those that wait for the next one */
};

way_activator *way_activator_new(void)
{
    way_activator *a = way_xcalloc(1, sizeof *a);
    pthread_mutex_init(&a->mu, NULL);
    pthread_cond_init(&a->changed, NULL);
    a->last = &a->first;
    return a;
}

void way_activator_free(way_activator *a)
{
    if (!a)
        return;
    pthread_cond_destroy(&a->changed);
    pthread_mutex_destroy(&a->mu);
    free(a);
}

/* One that is refused does not stop the others; a statement that fails fails for all. */
static void lead(way_pg *pg, way_station_activation *list)
{
    way_err e = {0};
    way_code rc = way_stations_activate(pg, list, &e);
    for (way_station_activation *row = list; row; row = row->next) {
        way_activation *one = (way_activation *)row;
        if (rc != WAY_OK)
            one->rc = way_fail(&one->err, rc, "%s", e.text);
        else if (row->active)
            one->rc = WAY_OK;
        else
            one->rc = way_fail(&one->err, WAY_E_CONFLICT, "the station is not being created any more");
    }
}

/* {mu} The oldest ones. */
static way_station_activation *take(way_activator *a)
{
    way_station_activation *list = a->first, *end = list;
    for (int i = 1; i < TOGETHER_MAX && end->next; i++)
        end = end->next;
    a->first = end->next;
    end->next = NULL;
    if (!a->first)
        a->last = &a->first;
    return list;
}

way_code way_activate(way_activator *a, way_pg *pg, way_activation *one, way_err *e)
{
    one->row.next = NULL;
    one->done = false;
    pthread_mutex_lock(&a->mu);
    *a->last = &one->row;
    a->last = &one->row.next;
    while (!one->done) {
        if (a->busy) {
            pthread_cond_wait(&a->changed, &a->mu);
            continue;
        }
        way_station_activation *list = take(a);
        a->busy = true;
        pthread_mutex_unlock(&a->mu);
        lead(pg, list);
        pthread_mutex_lock(&a->mu);
        a->busy = false;
        while (list) {
            way_station_activation *next = list->next; /* its owner may go as soon as it is done */
            ((way_activation *)list)->done = true;
            list = next;
        }
        pthread_cond_broadcast(&a->changed);
    }
    pthread_mutex_unlock(&a->mu);
    return one->rc == WAY_OK ? WAY_OK : way_fail(e, one->rc, "%s", one->err.text);
}
