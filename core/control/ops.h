/* Operations on stations and groups: what every door calls, on a worker (blocks).
 *
 * Each is safe to run again after a crash at any instruction; what a crash leaves in Postgres (states creating and
 * deleting, spec_version above applied_version, a seek under way) is finished or removed by reconcile.
 * On WAY_OK the hub's catalog already shows the change.  Names are as the user typed them.
 * `actor` says who asks (for the audit of changes); never NULL. */
#ifndef WAY_CONTROL_OPS_H
#define WAY_CONTROL_OPS_H

#include "core/control/control.h"

typedef struct way_actor {
    char user[WAY_NAME_MAX + 1];
    char from[64]; /* address */
} way_actor;

/* The active station of that name in the catalog (borrowed while *held is held).  Unknown here: looked up once in Postgres.
 * WAY_E_NOT_FOUND; WAY_E_CONFLICT while it is being created. */
WAY_MUST_CHECK way_code way_op_station_find(way_work *w, const char *name, const way_catalog **held,
                                            const way_station **out, way_err *e);

/* spec: as parsed; resolved against the server.  WAY_E_EXISTS also when another daemon wins the race.
 * A name that is being deleted is waited for, within the deadline. */
WAY_MUST_CHECK way_code way_op_station_create(way_work *w, const way_actor *by, way_station_spec *spec, way_err *e);
WAY_MUST_CHECK way_code way_op_station_edit(way_work *w, const way_actor *by, const char *name, const cJSON *patch,
                                            way_err *e);
WAY_MUST_CHECK way_code way_op_station_delete(way_work *w, const way_actor *by, const char *name, way_err *e);
WAY_MUST_CHECK way_code way_op_station_purge(way_work *w, const way_actor *by, const char *name, uint64_t *removed,
                                             way_err *e);

/* Live figures of a station, one entry per partition; owned: free(parts). */
typedef struct way_station_live {
    int32_t n;
    way_js_stream_info *parts; /* exists=false: the stream is missing */
    uint64_t messages, bytes;
    int32_t fullest; /* partition with the most messages */
    bool held;       /* ack_based: the hold is in place (no group) */
    uint64_t held_messages;
    char held_since[WAY_RFC3339_LEN]; /* when the oldest of its durables was made; "" not held */
} way_station_live;
WAY_MUST_CHECK way_code way_op_station_live(way_work *w, const way_station *st, way_station_live *out, way_err *e);
/* Messages and bytes of many stations at once (a page of the list); arrays of n, sums per station. */
WAY_MUST_CHECK way_code way_op_stations_sums(way_work *w, const way_station *const *st, size_t n, uint64_t *messages,
                                             uint64_t *bytes, way_err *e);

/* dropped: messages that the hold kept and this start skips (ack_based, first group). */
WAY_MUST_CHECK way_code way_op_group_create(way_work *w, const way_actor *by, const char *station,
                                            way_group_spec *spec, uint64_t *dropped, way_err *e);
WAY_MUST_CHECK way_code way_op_group_edit(way_work *w, const way_actor *by, const char *station, const char *group,
                                          const cJSON *patch, bool force, char *note, size_t note_size, way_err *e);
WAY_MUST_CHECK way_code way_op_group_delete(way_work *w, const way_actor *by, const char *station, const char *group,
                                            way_err *e);

typedef struct way_seek_part {
    uint64_t from;    /* next sequence the group would get now */
    uint64_t to;      /* next sequence after the seek */
    uint64_t skips;   /* messages it would not see (an upper bound where sequences have holes) */
    uint64_t repeats; /* messages it would see again */
} way_seek_part;
typedef struct way_seek {
    int32_t n;
    way_seek_part *parts; /* owned: free */
    uint64_t skips, repeats;
    int64_t generation;   /* after the seek */
} way_seek;
WAY_MUST_CHECK way_code way_op_group_seek(way_work *w, const way_actor *by, const char *station, const char *group,
                                          const cJSON *start, bool dry_run, way_seek *out, way_err *e);

typedef struct way_group_part {
    bool exists;
    uint64_t lag; /* not yet delivered */
    uint64_t unacked;
    int64_t oldest_pending_ms; /* age of the oldest message not acked; -1 none */
    uint64_t ack_floor, delivered;
} way_group_part;
typedef struct way_group_live {
    int32_t n;
    way_group_part *parts; /* owned: free */
    uint64_t lag, unacked;
    int64_t oldest_pending_ms; /* -1 none */
} way_group_live;
WAY_MUST_CHECK way_code way_op_group_live(way_work *w, const way_station *st, const way_group *g, way_group_live *out,
                                          way_err *e);

/* One round over all stations; called by the reconcile thread under its lease, and by tests. */
WAY_MUST_CHECK way_code way_reconcile_run(way_work *w, int *repaired, way_err *e);

#endif
