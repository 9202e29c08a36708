/* Connect: cnats options from our config (URL list, user and password, token, credentials file, nkey seed, nats context, TLS), one place
 * for the loop's links and the workers' connections.  Private to jetstream-adapter. */
#ifndef WAY_ADAPTER_CONNECT_H
#define WAY_ADAPTER_CONNECT_H

#include <nats.h>

#include "core/base/config.h"

WAY_MUST_CHECK way_code way_connect_options(const way_config *cfg, const char *client_name, natsOptions **out,
                                            way_err *e);
way_code way_connect_code(natsStatus s); /* translated */
/* natsStatus in words with the server's address, credentials masked. */
way_code way_connect_fail(way_err *e, natsStatus s, const char *what);
/* "$JS.API", the configured prefix, or "$JS.<domain>.API". */
void way_connect_api_prefix(const way_config *cfg, char *out, size_t size);

#endif
