/* Connect: cnats options from our config (URL list, user and password, token, credentials file, nkey seed, nats context, TLS), one place
 * for the loop's links and the workers' connections.  Private to jetstream-adapter.
 *
 * What a context names (`~/.config/nats/context/<name>.json`, written by the `nats` command) is the ground; keys of our own config that
 * are set go over it.  A nats_url that equals the built-in default counts as not set. */
#ifndef WAY_ADAPTER_CONNECT_H
#define WAY_ADAPTER_CONNECT_H

#include <nats/nats.h>

#include "core/base/config.h"

/* Reads files (context, credentials, seed): not on a loop that runs already.  No reconnect policy, event loop, write
 * deadline or SendAsap: the caller's, who knows how the connection is used. */
WAY_MUST_CHECK way_code way_connect_options(const way_config *cfg, const char *client_name, natsOptions **out,
                                            way_err *e);
way_code way_connect_code(natsStatus s); /* translated */
/* natsStatus in words with the server's address, credentials masked. */
way_code way_connect_fail(way_err *e, natsStatus s, const char *what);
/* "$JS.API", the configured prefix, or "$JS.<domain>.API". */
void way_connect_api_prefix(const way_config *cfg, char *out, size_t size);
/* A fresh inbox, "_INBOX.<random>", or below the context's inbox_prefix: natsInbox_Create knows no prefix. */
#define WAY_INBOX_MAX 160
void way_connect_inbox(const way_config *cfg, char out[WAY_INBOX_MAX]);

#endif
