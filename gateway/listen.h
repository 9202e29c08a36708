/* Listening socket of an island: bind, accept, hand over.
 *
 * Our own rather than lws': several islands share a port (SO_REUSEPORT), which lws does only between its own threads,
 * a port in use must be an error that names it, and the bound on sockets is ours.  Owner: the island; open before its
 * thread runs. */
#ifndef WAY_GATEWAY_LISTEN_H
#define WAY_GATEWAY_LISTEN_H

#include <ev.h>
#include <stdbool.h>

#include "core/base/err.h"

#define WAY_PEER_MAX 64
typedef struct way_listen {
    ev_io io;
    int fd;  /* -1: closed */
    int port;
    bool paused; /* no descriptors: looks again at the next tick */
    /* Takes the (non-blocking) socket. */
    void (*on_socket)(void *arg, int fd, const char from[WAY_PEER_MAX]);
    void *arg;
} way_listen;

/* port 0: any free one; l->port is what was bound.  shared: other islands bind it too. */
WAY_MUST_CHECK way_code way_listen_open(way_listen *l, const char *address, int port, bool shared, way_err *e);
void way_listen_start(way_listen *l, struct ev_loop *loop);
void way_listen_tick(way_listen *l, struct ev_loop *loop); /* a few times a second */
void way_listen_close(way_listen *l, struct ev_loop *loop); /* may be called twice */

#endif
