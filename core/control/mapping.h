/* Private to core/control: stations and groups as JetStream configs.  Pure; docs/architecture.md has the table.
 *
 * A stream says whose it is in its description: which Waystation (one per database) and which station row.  That is the one text that every
 * server version keeps and compares, so a create that succeeds is surely ours, and a stream of the same name that a
 * user or another Waystation made can be told apart. */
#ifndef WAY_CONTROL_MAPPING_H
#define WAY_CONTROL_MAPPING_H

#include "core/control/js_port.h"
#include "core/model/catalog.h"

#define WAY_MARK_MAX 128

/* The texts that the configs of one station borrow: must stay where it is while they are used. */
typedef struct way_map {
    const way_station_spec *spec;
    char mark[WAY_MARK_MAX];
    char id[24];
    const char *metadata[10];
} way_map;

void way_map_init(way_map *m, const way_station_spec *spec, int64_t station_id, const char *instance);
void way_map_stream(const way_map *m, int32_t partition, way_js_stream *out);
/* The same for a create on this server, with the live feed (republish) only where it cannot be added later: below 2.10.  It is not free
 * when nobody listens (publishing lost 25-55 % on 2.9.10, 10-50 % on 2.15.2), so whoever wants to read live switches it on.
 * Never in memory on such servers: they look through the whole stream at each publish for the message before it (2 k/s
 * and falling as it grows, against 100 k/s; seen on 2.9.10, gone in 2.9.25). */
void way_map_stream_new(const way_map *m, int32_t partition, const way_server_info *srv, way_js_stream *out);
/* The same over what is there: with the live feed or without, as the stream is now. */
void way_map_stream_over(const way_map *m, int32_t partition, const way_js_stream *have, way_js_stream *out);
/* The first thing that differs, in words for a person; false: nothing. */
bool way_map_stream_differs(const way_js_stream *want, const way_js_stream *have, char *text, size_t size);

/* Where one partition of a group starts: 0 is the beginning. */
void way_map_group(const char *station_internal, int32_t partition, const way_group_spec *g, uint64_t start_seq,
                   way_js_consumer *out);
/* The settings that can change on a live consumer, over what the server has. */
void way_map_group_live(const way_group_spec *g, way_js_consumer *inout);
bool way_map_group_differs(const way_group_spec *want, const way_js_consumer *have, char *text, size_t size);
void way_map_hold(const char *station_internal, int32_t partition, way_js_consumer *out);

#endif
