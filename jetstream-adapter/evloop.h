/* cnats' event-loop mode on libev: what one connection needs of a loop.
 *
 * One way_evloop per natsConnection, for that connection's whole life; a lost connection gets a new pair.  Nothing here
 * reconnects (connector.h does), so once started a connection is touched by the loop thread only, except for
 * cnats' ping timer.  That is why attach, write and detach may come from another thread: they set a flag under a lock and
 * ring an ev_async; watchers change on the loop only.
 * The loop watches a duplicate of the descriptor: cnats may close its own at any moment and the kernel may
 * give the number to somebody else, while ours lives until its watchers are stopped.
 *
 * Threads   new, set: any one thread, before start.  start, flush, drain, free: the loop.
 * Private to jetstream-adapter. */
#ifndef WAY_ADAPTER_EVLOOP_H
#define WAY_ADAPTER_EVLOOP_H

#include <ev.h>
#include <nats/nats.h>
#include <stdint.h>

#include "core/base/err.h"

typedef struct way_evloop way_evloop;

typedef struct way_evloop_fns {             /* all on the loop */
    void (*readable)(void *arg);                  /* cnats has parsed what came */
    void (*written)(void *arg, size_t left);      /* bytes went out; left are still in cnats' buffer */
    void (*lost)(void *arg);                      /* the connection is closed: destroy it, then free this */
} way_evloop_fns;

way_evloop *way_evloop_new(struct ev_loop *loop);
natsStatus way_evloop_set(way_evloop *el, natsOptions *opts);
void way_evloop_start(way_evloop *el, natsConnection *nc, const way_evloop_fns *fns, void *arg);
/* Writes what was appended, once and without waiting; nothing while the socket is full.  An ev_prepare calls it before the
 * loop sleeps, so that all publishes of one turn go out in one write. */
void way_evloop_flush(way_evloop *el);
/* Writes until the buffer is empty or timeout_ms have passed: for closing only, it blocks. */
void way_evloop_drain(way_evloop *el, int64_t timeout_ms);
/* After natsConnection_Destroy (or a connect that failed). */
void way_evloop_free(way_evloop *el);

#endif
