/* Stations as data: defaults, copies, states, and the two ways they are written.  Reading is in station_parse.c, the
 * bounds that depend on the connected server in station_check.c. */
#include "core/model/station.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

static const char *const storage_names[] = {"file", "memory"};
static const char *const state_names[] = {"creating", "active", "deleting", "gone"};

/* May a station or group move from [row] to [column]? */
static const bool moves[4][4] = {
    /*               creating active deleting gone */
    [WAY_CREATING] = {false, true, true, true}, /* gone: a create that was undone */
    [WAY_ACTIVE] = {false, false, true, false},
    [WAY_DELETING] = {false, false, false, true},
    [WAY_GONE] = {false, false, false, false},
};

const char *way_storage_name(way_storage s)
{
    return storage_names[s];
}

const char *way_state_name(way_state s)
{
    return state_names[s];
}

bool way_state_parse(const char *text, way_state *out)
{
    for (size_t i = 0; i < WAY_COUNT(state_names); i++)
        if (strcmp(text, state_names[i]) == 0) {
            *out = (way_state)i;
            return true;
        }
    return false;
}

bool way_state_may_move(way_state from, way_state to)
{
    return moves[from][to];
}

int64_t way_station_share(int64_t v, int32_t partitions)
{
    return v / partitions + (v % partitions != 0);
}

bool way_server_at_least(const way_server_info *s, int major, int minor, int patch)
{
    if (s->major != major)
        return s->major > major;
    if (s->minor != minor)
        return s->minor > minor;
    return s->patch >= patch;
}

void way_station_spec_init(way_station_spec *s)
{
    memset(s, 0, sizeof *s);
    s->partitions = 1;
    s->storage = WAY_STORAGE_FILE;
    s->replicas = 1;
    s->max_age_sec = WAY_MAX_AGE_SEC_DEFAULT;
    s->dup_window_ms = WAY_DUP_WINDOW_DEFAULT_MS;
}

void way_station_spec_fini(way_station_spec *s)
{
    free(s->description);
    free(s->tags);
    s->description = s->tags = NULL;
}

void way_station_spec_copy(way_station_spec *to, const way_station_spec *from)
{
    if (to == from)
        return;
    way_station_spec_fini(to);
    *to = *from;
    to->description = way_xstrdup(from->description);
    to->tags = way_xstrdup(from->tags);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool way_station_spec_equal(const way_station_spec *a, const way_station_spec *b)
{
    return strcmp(a->name, b->name) == 0 && a->partitions == b->partitions && a->storage == b->storage &&
           a->replicas == b->replicas && a->max_age_sec == b->max_age_sec && a->max_messages == b->max_messages &&
           a->max_bytes == b->max_bytes && a->ack_based == b->ack_based && a->dup_window_ms == b->dup_window_ms &&
           a->max_message_bytes == b->max_message_bytes && same_text(a->description, b->description) &&
           same_text(a->tags, b->tags);
}

/* The short form says one thing only: left out when several limits, or none, are set. */
static void write_short_retention(const way_station_spec *s, way_buf *out)
{
    const struct {
        const char *type;
        int64_t value;
    } limits[] = {{"message_age_sec", s->max_age_sec}, {"messages", s->max_messages}, {"bytes", s->max_bytes}};
    size_t set = 0, which = 0;

    for (size_t i = 0; i < WAY_COUNT(limits); i++)
        if (limits[i].value != 0) {
            set++;
            which = i;
        }
    if (s->ack_based && set == 0) {
        way_json_kv_str(out, "retention_type", "ack_based");
        way_json_kv_int(out, "retention_value", 0);
    } else if (!s->ack_based && set == 1) {
        way_json_kv_str(out, "retention_type", limits[which].type);
        way_json_kv_int(out, "retention_value", limits[which].value);
    }
}

static void write_members(const way_station_spec *s, bool short_form, way_buf *out)
{
    way_json_kv_str(out, "name", s->name);
    way_json_kv_int(out, "partitions", s->partitions);
    way_json_kv_str(out, "storage", way_storage_name(s->storage));
    way_json_kv_int(out, "replicas", s->replicas);
    if (short_form)
        write_short_retention(s, out);
    way_json_key(out, "retention");
    way_json_open(out, '{');
    way_json_kv_int(out, "max_age_sec", s->max_age_sec);
    way_json_kv_int(out, "max_messages", s->max_messages);
    way_json_kv_int(out, "max_bytes", s->max_bytes);
    way_json_kv_bool(out, "ack_based", s->ack_based);
    way_json_close(out, '}');
    way_json_kv_int(out, "idempotency_window_ms", s->dup_window_ms);
    way_json_kv_int(out, "max_message_bytes", s->max_message_bytes);
    if (s->description != NULL || short_form)
        way_json_kv_str(out, "description", s->description != NULL ? s->description : "");
    if (s->tags != NULL || short_form) {
        way_json_key(out, "tags");
        const char *tags = s->tags != NULL ? s->tags : "{}";
        way_json_raw(out, tags, strlen(tags));
    }
}

void way_station_write(const way_station_spec *s, way_buf *out)
{
    write_members(s, true, out);
}

void way_station_save(const way_station_spec *s, way_buf *out)
{
    way_json_open(out, '{');
    write_members(s, false, out);
    way_json_close(out, '}');
}
