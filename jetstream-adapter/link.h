/* Link: a door's own connection to nats-server on the door's loop, and the requests in flight on it.
 *
 * cnats in event-loop mode on libev: nothing here blocks, nothing crosses a thread.  A request is a publish whose
 * reply subject <inbox>.<slot and generation> names a slot here; the answer, the deadline or the loss of the
 * connection calls `fn` once, on the loop, never from inside way_link_request.  Publishes are appended
 * to a buffer and written once per loop turn.
 *
 * Owner     the island's loop thread, for everything except open (before the loop runs) and close (after).
 * Full      WAY_E_FULL when all slots are in use or publish_buffer_bytes wait to be written.
 *           WAY_E_UNAVAILABLE at once when the connection has been down longer than 2 s.
 * Loss      What was written and not answered is answered WAY_E_UNAVAILABLE at once: the answer would go to an inbox that is
 *           gone.  It may have been stored: send again with a message id.  What waits here is sent after the reconnect,
 *           unless its deadline has passed.
 * Late      At most 8 MiB are handed to the connection before they can be written; those are sent, and may be
 *           stored, even when their request timed out meanwhile (a paused server).  Everything behind them is checked against its
 *           deadline first.
 * Reconnect endless, 100 ms - 2 s apart, on a thread of its own (connector.h). */
#ifndef WAY_ADAPTER_LINK_H
#define WAY_ADAPTER_LINK_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/config.h"
#include "core/base/mailbox.h"

typedef struct way_link way_link;

/* A message or answer that came in.  Borrowed for the callback; way_msg_keep makes it last. */
typedef struct way_msg way_msg;
const char *way_msg_subject(const way_msg *m);
const char *way_msg_reply(const way_msg *m); /* NULL: none */
const char *way_msg_data(const way_msg *m, size_t *len);
/* First value of a header, case as given; NULL: none.  Borrowed from the message. */
const char *way_msg_header(const way_msg *m, const char *key);
/* Every header pair, sorted by key, the values of one key in their order; fn returns false to stop. */
void way_msg_headers(const way_msg *m, bool (*fn)(void *arg, const char *key, const char *value), void *arg);
int way_msg_status(const way_msg *m);  /* 100, 404, 408, 409, 503 …; 0: an ordinary message */
size_t way_msg_bytes(const way_msg *m); /* payload + headers, about */
way_msg *way_msg_keep(way_msg *m);     /* now the caller's: way_msg_free; only inside a callback, once */
void way_msg_free(way_msg *m);

/* One answer.  code: WAY_OK (msg set), WAY_E_TIMEOUT, WAY_E_UNAVAILABLE (no responders, connection lost, closing). */
typedef void (*way_reply_fn)(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg);

typedef struct way_header {
    const char *key;
    const char *value; /* NUL-terminated, no CR or LF: checked by who lets it in */
} way_header;

typedef struct way_request {
    const char *subject;
    const way_header *headers;
    size_t header_count;
    const void *data;
    size_t len;
    int64_t timeout_ms;
    way_reply_fn fn;
    void *arg;       /* of the module, lives as long as the link */
    way_token owner; /* given back to fn: the exchange, which may have ended */
    uint32_t tag;    /* given back to fn */
} way_request;

/* client_name is shown by nats-server (`waystation-rest`).  Returns without waiting for a server that is away. */
WAY_MUST_CHECK way_code way_link_open(const way_config *cfg, struct ev_loop *loop, const char *client_name,
                                      way_link **out, way_err *e);
void way_link_close(way_link *l);
WAY_MUST_CHECK way_code way_link_request(way_link *l, const way_request *rq, way_err *e);
/* No answer wanted.  While the connection is down it waits at most request_timeout_ms, then it is dropped. */
WAY_MUST_CHECK way_code way_link_publish(way_link *l, const char *subject, const char *reply, const void *data,
                                         size_t len, way_err *e);

/* Grows whenever something that was accepted may not have reached nats-server: a connection was lost, or what waited was dropped.
 * While it stays the same, what was sent is received in the order of the calls, so that the answer to a request
 * stands for every publish before it. */
uint64_t way_link_losses(const way_link *l);

/* Pull answers come on a second inbox, <pull inbox>.<token text>; whoever pulls registers once. */
typedef void (*way_pull_fn)(void *arg, way_msg *msg);
void way_link_on_pull(way_link *l, way_pull_fn fn, void *arg);
const char *way_link_pull_inbox(const way_link *l); /* without the last token; the same for the link's whole life */

/* Told on the loop when the connection came up or was lost; one listener.  Never from inside a call into the link. */
typedef void (*way_change_fn)(void *arg, bool up);
void way_link_on_change(way_link *l, way_change_fn fn, void *arg);

bool way_link_up(const way_link *l);
int64_t way_link_down_ms(const way_link *l); /* how long it has been down; 0: up */
uint32_t way_link_in_flight(const way_link *l);
size_t way_link_buffered(const way_link *l); /* bytes not yet written */
int64_t way_link_max_payload(const way_link *l); /* of the server now connected; 0 unknown */
const char *way_link_api_prefix(const way_link *l); /* "$JS.API" */
bool way_link_server_at_least(const way_link *l, int major, int minor, int patch);

/* A JetStream publish answer.  WAY_OK: stored.  Else the server's error, translated: no stream UNAVAILABLE, too large TOO_LARGE,
 * 10167 FULL, 10158 and a duplicate with sequence 0 UNAVAILABLE (ask again), … */
typedef struct way_puback {
    uint64_t seq;
    bool duplicate;
} way_puback;
WAY_MUST_CHECK way_code way_puback_parse(const char *data, size_t len, way_puback *out, way_err *e);

#endif
