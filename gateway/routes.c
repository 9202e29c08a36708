/* The table of all routes. */
#include "core/base/mem.h"
#include "gateway/data.h"
#include "gateway/manage.h"

#define ANY (WAY_DOOR_REST | WAY_DOOR_API | WAY_DOOR_METRICS)
#define MANAGE (WAY_DOOR_REST | WAY_DOOR_API)
#define PROBE (WAY_ROUTE_OPEN | WAY_ROUTE_ALWAYS)

const way_route way_routes[] = {
    {.method = WAY_GET, .pattern = "/healthz", .doors = ANY, .flags = PROBE, .run = way_status_healthz_run,
     .summary = "This process is alive"},
    {.method = WAY_GET, .pattern = "/readyz", .doors = ANY, .flags = PROBE, .run = way_status_readyz_run,
     .summary = "NATS and Postgres are reachable; 503 says which is not"},
    {.method = WAY_GET, .pattern = "/v1/status", .doors = MANAGE, .run = way_status_run,
     .summary = "Versions, connections and load of this daemon"},

    {.method = WAY_POST, .pattern = "/v1/stations/{s}/messages", .doors = WAY_DOOR_REST,
     .max_body = way_data_produce_max_body, .run = way_data_produce_run,
     .summary = "Produce one message: the body, of any content type; answered after the stream's ack"},
    {.method = WAY_POST, .pattern = "/v1/stations/{s}/messages:batch", .doors = WAY_DOOR_REST,
     .flags = WAY_ROUTE_STREAM, .run = way_data_batch_run, .chunk = way_data_batch_chunk, .end = way_data_batch_end,
     .summary = "Produce many messages, as JSON or as NDJSON of any length"},
    {.method = WAY_GET, .pattern = "/v1/stations/{s}/messages", .doors = WAY_DOOR_REST, .flags = WAY_ROUTE_NO_BODY,
     .run = way_data_browse_run, .summary = "Look at messages without consuming them"},
    {.method = WAY_POST, .pattern = "/v1/stations/{s}/groups/{g}/fetch", .doors = WAY_DOOR_REST,
     .run = way_data_fetch_run, .summary = "Lease messages to this caller for the group's ack wait"},
    {.method = WAY_POST, .pattern = "/v1/stations/{s}/groups/{g}/settle", .doors = WAY_DOOR_REST,
     .run = way_data_settle_run, .summary = "Ack, nak, term or prolong leased messages by their receipts"},
};
const size_t way_route_count = WAY_COUNT(way_routes);
