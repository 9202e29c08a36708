/* Station: what a user asks for, and how it reads and writes as JSON.
 *
 * way_station_spec is plain data.  Texts inside are owned by it (fini); copy is deep.  Parsing checks
 * all that can be known without a server; way_station_check adds what the connected server bounds.
 * Durations are ms except retention age (s), sizes bytes, 0 = no limit of that kind.  Threads: any. */
#ifndef WAY_MODEL_STATION_H
#define WAY_MODEL_STATION_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/model/names.h"

typedef enum way_storage { WAY_STORAGE_FILE, WAY_STORAGE_MEMORY } way_storage;
typedef enum way_state { WAY_CREATING, WAY_ACTIVE, WAY_DELETING, WAY_GONE } way_state;

#define WAY_MAX_AGE_SEC_DEFAULT 3600
#define WAY_DUP_WINDOW_DEFAULT_MS 120000
#define WAY_MSG_BYTES_DEFAULT (8 * 1024 * 1024)
#define WAY_MSG_BYTES_MAX_FILE (31 * 1024 * 1024)   /* a file record over 32 MiB is acked and unreadable */
#define WAY_MSG_BYTES_MAX_MEMORY (63 * 1024 * 1024) /* above, a consumer is cut off as too slow */
#define WAY_HEADER_BYTES_MAX 65535                  /* nats-server's bound on one header block */
#define WAY_DESCRIPTION_MAX 1024
#define WAY_TAGS_MAX 32

typedef struct way_station_spec {
    char name[WAY_NAME_MAX + 1];
    char internal[WAY_NAME_MAX + 1];
    int32_t partitions;
    way_storage storage;
    int32_t replicas;
    int64_t max_age_sec;  /* 0: none */
    int64_t max_messages; /* of the station */
    int64_t max_bytes;    /* of the station */
    bool ack_based;
    int64_t dup_window_ms;
    int64_t max_message_bytes; /* 0 only while it is not resolved against the server (way_station_check) */
    char *description;         /* NULL: none */
    char *tags;                /* canonical JSON object text; NULL: none */
} way_station_spec;

/* What the connected nats-server can do; filled by the adapter. */
typedef struct way_server_info {
    char version[32];
    int32_t major, minor, patch;
    int64_t max_payload;
    int32_t servers;  /* in the cluster, 1 without one; 0 unknown */
    int32_t api_level; /* 0 below 2.11 */
} way_server_info;
bool way_server_at_least(const way_server_info *s, int major, int minor, int patch);

void way_station_spec_init(way_station_spec *s); /* defaults, no name */
void way_station_spec_fini(way_station_spec *s);
void way_station_spec_copy(way_station_spec *to, const way_station_spec *from); /* to: initialised */
bool way_station_spec_equal(const way_station_spec *a, const way_station_spec *b);

/* The body of a create.  Unknown fields are refused by name.  retention_type/value and retention{} are
 * two ways to say the same; both at once is refused. */
WAY_MUST_CHECK way_code way_station_parse(const cJSON *body, way_station_spec *out, way_err *e);
/* The body of a PATCH over `now`; out is initialised.  What it does not name stays.  Storage, name and
 * partitions: WAY_E_CONFLICT with the reason, even when other fields could be changed. */
WAY_MUST_CHECK way_code way_station_patch(const way_station_spec *now, const cJSON *body,
                                          way_station_spec *out, way_err *e);
/* Resolves defaults that depend on the server (max_message_bytes) and checks every bound against it:
 * replicas <= servers, sizes <= max_payload, shares of a bytes limit >= one message, window <= age …
 * now: NULL for a create; else the spec before, for changes that need a newer server
 * (limits <-> ack_based: 2.10). WAY_E_INVAL names field, value and bound; WAY_E_NEWER_SERVER the version. */
WAY_MUST_CHECK way_code way_station_check(way_station_spec *s, const way_station_spec *now,
                                          const way_server_info *srv, way_err *e);
/* Members of the open JSON object in `out`: name … tags, retention both ways. */
void way_station_write(const way_station_spec *s, way_buf *out);
/* Spec column of a row: JSON that way_station_load reads back, whatever the version that wrote it. */
void way_station_save(const way_station_spec *s, way_buf *out);
WAY_MUST_CHECK way_code way_station_load(const char *json, way_station_spec *out, way_err *e);

/* Each partition's share of a limit of the station: ceil(v / partitions). */
int64_t way_station_share(int64_t v, int32_t partitions);

const char *way_storage_name(way_storage s);
const char *way_state_name(way_state s);
bool way_state_parse(const char *text, way_state *out);
bool way_state_may_move(way_state from, way_state to);

#endif
