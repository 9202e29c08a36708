/* Connector: makes one link's connections to nats-server on a thread of its own, and hands them to the loop.
 *
 * Connecting blocks (names, TCP, TLS, the greeting), and while cnats reconnects by itself it holds the lock that every
 * publish needs, so cnats' own reconnect is off.  Here it is: after a loss the loop asks for a new connection, and gets one, endlessly, 100 ms to
 * 2 s apart, with the subscriptions in place.  Servers that the cluster told about are tried after the configured ones.
 *
 * Threads   all functions: the loop's.  up runs on the loop.  A connection under way is the connector's, afterwards the loop's.
 * Blocks    free: waits for the attempt under way (at most 2 s for each server).
 * Private to jetstream-adapter. */
#ifndef WAY_ADAPTER_CONNECTOR_H
#define WAY_ADAPTER_CONNECTOR_H

#include "core/base/config.h"
#include "core/model/station.h"
#include "jetstream-adapter/evloop.h"

enum { WAY_LINK_SUBS = 2 };

/* natsMsg comes owned when set to NULL by the callee; see connector.c on natsConn_setFilterWithClosure. */
typedef void (*way_filter_fn)(natsConnection *nc, natsMsg **msg, void *arg);

typedef struct way_connected {
    natsConnection *nc;
    way_evloop *el; /* not yet started */
    natsSubscription *subs[WAY_LINK_SUBS];
    way_server_info server; /* version empty: not known */
    bool filtered;          /* the filter sees every message; else drain the subscriptions */
} way_connected;

typedef struct way_connector_fns {
    const char *subjects[WAY_LINK_SUBS]; /* borrowed, live as long as the connector */
    way_filter_fn filter;
    void (*up)(void *arg, const way_connected *c); /* c's content is the callee's */
    void *arg;
} way_connector_fns;

typedef struct way_connector way_connector;

/* Checks the options (WAY_E_INVAL) and begins to connect. */
WAY_MUST_CHECK way_code way_connector_new(const way_config *cfg, struct ev_loop *loop, const char *client_name,
                                          const way_connector_fns *fns, way_connector **out, way_err *e);
/* The connection was lost: make another.  nc: the lost one (its knowledge of other servers is used), NULL: none. */
void way_connector_again(way_connector *c, natsConnection *nc);
void way_connector_free(way_connector *c);
/* Closes and frees all of it. */
void way_connected_fini(way_connected *c);

#endif
