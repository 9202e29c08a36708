/* Facts: what a server says of itself in the INFO line that greets every connection.
 *
 * cnats 3.4 keeps that line to itself, and no JetStream request tells the version, so it is read once per connection over a short
 * socket of our own.  Needs no rights: INFO comes before any login.  Blocks: workers only.  Private to jetstream-adapter. */
#ifndef WAY_ADAPTER_FACTS_H
#define WAY_ADAPTER_FACTS_H

#include "core/model/station.h"

/* url: as natsConnection_GetConnectedUrl gives it.  WAY_E_UNAVAILABLE, WAY_E_TIMEOUT. */
WAY_MUST_CHECK way_code way_facts_read(const char *url, int64_t deadline_ms, way_server_info *out, way_err *e);
/* The JSON of an INFO line (without "INFO ").  servers: 1 without a cluster; else the addresses that the cluster advertises to
 * clients, 0 (unknown) when it advertises none.  A server with several network cards counts several times: too many is
 * harmless, since a cluster refuses what it cannot place; only a single server accepts replicas that it does not have. */
WAY_MUST_CHECK way_code way_facts_parse(const char *text, size_t len, way_server_info *out, way_err *e);
/* "2.11.0-beta.1" -> 2, 11, 0; false: no number at the front. */
bool way_facts_version(const char *text, way_server_info *out);

#endif
