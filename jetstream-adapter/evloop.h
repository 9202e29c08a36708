/* cnats' event-loop mode on libev: the adapter that natsOptions_SetEventLoop wants.
 *
 * attach and detach may come from cnats' reconnect thread: they store the descriptor under a lock and ring an ev_async;
 * the watchers change on the loop only.  Private to jetstream-adapter. */
#ifndef WAY_ADAPTER_EVLOOP_H
#define WAY_ADAPTER_EVLOOP_H

#include <ev.h>
#include <nats.h>

#include "core/base/err.h"

typedef struct way_evloop way_evloop;
/* Turns one connection's readiness into on_readable on the loop, after cnats has parsed what came. */
way_evloop *way_evloop_new(struct ev_loop *loop, void (*on_readable)(void *arg), void *arg);
natsStatus way_evloop_set(way_evloop *el, natsOptions *opts);
/* Writes what was appended since the last turn, once, before the loop sleeps (ev_prepare calls it). */
void way_evloop_flush(way_evloop *el);
void way_evloop_free(way_evloop *el); /* loop thread, after the connection was destroyed */

#endif
