/* The table of all routes. */
#include "core/base/mem.h"
#include "gateway/data.h"
#include "gateway/manage.h"

#define ANY (WAY_DOOR_REST | WAY_DOOR_API | WAY_DOOR_METRICS)
#define MANAGE (WAY_DOOR_REST | WAY_DOOR_API)
/* The head of a row that a worker answers. */
#define JOB(verb, path) .method = WAY_##verb, .pattern = (path), .doors = MANAGE, .flags = WAY_ROUTE_JOB
#define PROBE (WAY_ROUTE_OPEN | WAY_ROUTE_ALWAYS)

/* Nobody has to be known to send these: little is kept for them. */
static size_t credentials_max(way_exchange *x, way_err *e)
{
    (void)x;
    (void)e;
    return 8192;
}

const way_route way_routes[] = {
    {.method = WAY_GET, .pattern = "/healthz", .doors = ANY, .flags = PROBE, .run = way_status_healthz_run,
     .summary = "This process is alive"},
    {.method = WAY_GET, .pattern = "/readyz", .doors = ANY, .flags = PROBE, .run = way_status_readyz_run,
     .summary = "NATS and Postgres are reachable; 503 says which is not"},
    {.method = WAY_GET, .pattern = "/v1/status", .doors = MANAGE, .run = way_status_run,
     .summary = "Versions, connections and load of this daemon"},
    {.method = WAY_POST, .pattern = "/v1/login", .doors = MANAGE, .flags = WAY_ROUTE_OPEN | WAY_ROUTE_JOB,
     .max_body = credentials_max, .job = way_login_job, .summary = "A user's name and password for tokens"},
    {.method = WAY_POST, .pattern = "/v1/refresh", .doors = MANAGE, .flags = WAY_ROUTE_OPEN | WAY_ROUTE_JOB,
     .max_body = credentials_max, .job = way_refresh_job, .summary = "A refresh token for new tokens"},

    {JOB(GET, "/v1/stations"), .job = way_station_list_job, .summary = "Stations, by name"},
    {JOB(POST, "/v1/stations"), .job = way_station_create_job, .summary = "Create a station"},
    {JOB(GET, "/v1/stations/{s}"), .job = way_station_show_job, .summary = "One station, with its partitions"},
    {JOB(PATCH, "/v1/stations/{s}"), .job = way_station_edit_job, .summary = "Change what the body names"},
    {JOB(DELETE, "/v1/stations/{s}"), .job = way_station_delete_job, .summary = "Delete a station and its messages"},
    {JOB(POST, "/v1/stations/{s}/purge"), .job = way_station_purge_job, .summary = "Remove all messages"},
    {JOB(GET, "/v1/stations/{s}/partitions"), .job = way_station_partitions_job,
     .summary = "Messages, bytes and sequences of each partition"},

    {JOB(GET, "/v1/stations/{s}/groups"), .job = way_group_list_job, .summary = "Consumer groups, with lag"},
    {JOB(POST, "/v1/stations/{s}/groups"), .job = way_group_create_job, .summary = "Create a consumer group"},
    {JOB(GET, "/v1/stations/{s}/groups/{g}"), .job = way_group_show_job, .summary = "One group, by partition"},
    {JOB(PATCH, "/v1/stations/{s}/groups/{g}"), .job = way_group_edit_job, .summary = "Change what the body names"},
    {JOB(DELETE, "/v1/stations/{s}/groups/{g}"), .job = way_group_delete_job, .summary = "Delete a consumer group"},
    {JOB(POST, "/v1/stations/{s}/groups/{g}:seek"), .job = way_group_seek_job,
     .summary = "Move a group to another start; dry_run says what it would skip and repeat"},

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
