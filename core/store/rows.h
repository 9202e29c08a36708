/* Rows: every statement on our tables, as functions.  Worker threads only; blocks.
 *
 * A function that changes what the catalog shows takes the next change number (way_change_next, which locks
 * the one row of `changes` until commit, so that numbers are committed in order) and writes it in the
 * row's `v`; daemons load rows with a `v` above their own.  Rows in state gone stay for an hour so that every
 * daemon sees them; a daemon that was away longer (its version below changes.purged_v) loads all.
 * Functions marked {tx} must run inside way_pg_begin … commit; the others may, and are one statement (one round trip,
 * atomic) by themselves.  Rows in state creating carry v 0 until they move: a full load shows them, a delta does not. */
#ifndef WAY_STORE_ROWS_H
#define WAY_STORE_ROWS_H

#include "core/model/catalog.h"
#include "core/store/pg.h"

/* ---- changes ---- */
WAY_MUST_CHECK way_code way_change_next(way_pg *pg, int64_t *v, way_err *e); /* {tx} */
WAY_MUST_CHECK way_code way_change_read(way_pg *pg, int64_t *v, int64_t *purged_v, way_err *e);
/* Everything newer than since (0: everything that is not gone).  Groups come inside their stations: a
 * station is delivered whole when it or one of its groups changed.  *full: replace, do not merge (since
 * was below purged_v).  Owned: way_delta_free. */
typedef struct way_delta {
    way_catalog_delta d;
    bool full;
} way_delta;
WAY_MUST_CHECK way_code way_delta_load(way_pg *pg, int64_t since, way_delta *out, way_err *e);
void way_delta_fini(way_delta *d);
/* Removes rows gone for longer than keep_ms and raises purged_v; returns how many. */
WAY_MUST_CHECK way_code way_rows_purge_gone(way_pg *pg, int64_t keep_ms, int64_t *removed, way_err *e);

/* ---- stations ---- */
typedef struct way_station_row {
    int64_t id;
    way_state state;
    int64_t spec_version, applied_version;
    int64_t created_ms, updated_ms, state_ms; /* wall; state_ms: when this state began */
    char *problems; /* JSON array text or NULL */
    char *previous_spec; /* while spec_version > applied_version: the spec that was applied; NULL else */
    way_station_spec spec;
} way_station_row;
void way_station_row_init(way_station_row *r);
void way_station_row_fini(way_station_row *r);

/* Row in state creating; WAY_E_EXISTS when the name is taken by a row that is not gone. */
WAY_MUST_CHECK way_code way_station_insert(way_pg *pg, const way_station_spec *s, int64_t *id, way_err *e);
WAY_MUST_CHECK way_code way_station_get(way_pg *pg, int64_t id, way_station_row *out, way_err *e);
/* The row of that name that is not gone; WAY_E_NOT_FOUND. */
WAY_MUST_CHECK way_code way_station_get_by_name(way_pg *pg, const char *internal, way_station_row *out,
                                                way_err *e);
/* Moves the state if it is still `from` (else WAY_E_CONFLICT); bumps changes; own transaction. */
WAY_MUST_CHECK way_code way_station_move(way_pg *pg, int64_t id, way_state from, way_state to, way_err *e);
/* creating -> active, with when each partition's stream was created (RFC 3339 texts as nats-server gave them, index p-1);
 * one transaction, one change. */
WAY_MUST_CHECK way_code way_station_activate(way_pg *pg, int64_t id, const char *const *streams_created,
                                             int32_t n, way_err *e);
/* The same for several stations in one statement and one change, each with its row of the audit ("station.create"). */
typedef struct way_station_activation {
    struct way_station_activation *next;
    int64_t id;
    const char *const *streams_created; /* n of them */
    int32_t n;
    const char *actor, *address, *object;
    bool active; /* set: false when its row was not in state creating any more */
} way_station_activation;
WAY_MUST_CHECK way_code way_stations_activate(way_pg *pg, way_station_activation *list, way_err *e);
/* Writes a new spec if spec_version is still `from_version` and nothing is being applied (else WAY_E_CONFLICT); the old one is
 * kept as previous_spec until way_station_applied or way_station_restore. */
WAY_MUST_CHECK way_code way_station_set_spec(way_pg *pg, int64_t id, int64_t from_version,
                                             const way_station_spec *s, way_err *e);
WAY_MUST_CHECK way_code way_station_applied(way_pg *pg, int64_t id, int64_t spec_version, way_err *e);
WAY_MUST_CHECK way_code way_station_restore(way_pg *pg, int64_t id, int64_t spec_version, way_err *e);
/* Bumps changes only if the text differs from what is there. */
WAY_MUST_CHECK way_code way_station_set_problems(way_pg *pg, int64_t id, const char *problems_json, way_err *e);
/* When partition p's stream was created, as text ("" unknown); n entries, owned: free each and the array. */
WAY_MUST_CHECK way_code way_station_streams_created(way_pg *pg, int64_t id, int32_t n, char ***out, way_err *e);
/* All rows that are not gone, for reconcile: ids in order, from after_id, at most limit. */
WAY_MUST_CHECK way_code way_station_ids(way_pg *pg, int64_t after_id, int limit, int64_t *ids, int *n, way_err *e);
/* Those of them that are in the middle of something: the station or one of its groups is creating, deleting, sought, or has a
 * spec that is not applied. */
WAY_MUST_CHECK way_code way_station_unsettled_ids(way_pg *pg, int64_t after_id, int limit, int64_t *ids, int *n,
                                                  way_err *e);

/* ---- groups ---- */
typedef struct way_group_row {
    int64_t id, station_id, generation;
    way_state state;
    int64_t spec_version, applied_version;
    int64_t state_ms;
    char *seeking; /* JSON of a seek under way (the resolved start), NULL: none */
    char *previous_spec;
    way_group_spec spec;
} way_group_row;
void way_group_row_init(way_group_row *r);
void way_group_row_fini(way_group_row *r);
WAY_MUST_CHECK way_code way_group_insert(way_pg *pg, int64_t station_id, const way_group_spec *g, int64_t *id,
                                         way_err *e); /* creating; WAY_E_EXISTS */
WAY_MUST_CHECK way_code way_group_get(way_pg *pg, int64_t station_id, const char *internal, way_group_row *out,
                                      way_err *e);
WAY_MUST_CHECK way_code way_group_list(way_pg *pg, int64_t station_id, way_group_row **out, size_t *n,
                                       way_err *e); /* not gone; owned: fini each, free */
WAY_MUST_CHECK way_code way_group_move(way_pg *pg, int64_t id, way_state from, way_state to, way_err *e);
WAY_MUST_CHECK way_code way_group_set_spec(way_pg *pg, int64_t id, int64_t from_version, const way_group_spec *g,
                                           way_err *e);
WAY_MUST_CHECK way_code way_group_applied(way_pg *pg, int64_t id, int64_t spec_version, way_err *e);
WAY_MUST_CHECK way_code way_group_restore(way_pg *pg, int64_t id, int64_t spec_version, way_err *e);
/* Begins a seek: generation + 1 and `seeking` set, one change: from here every older receipt is refused.
 * WAY_E_CONFLICT when another seek is under way. */
WAY_MUST_CHECK way_code way_group_seek_begin(way_pg *pg, int64_t id, const char *seeking_json, int64_t *generation,
                                             way_err *e);
WAY_MUST_CHECK way_code way_group_seek_end(way_pg *pg, int64_t id, const way_group_spec *g, way_err *e);

/* ---- per-object lock ---- */
/* {tx} Serialises operations on one station over all daemons: a transaction-level advisory lock keyed by
 * the internal name.  Waits up to 5 s, then WAY_E_TIMEOUT.  Do not hold it across JetStream calls longer than the control timeout. */
WAY_MUST_CHECK way_code way_lock_name(way_pg *pg, const char *internal, way_err *e);
/* {tx} The same with a wait of one's own; 0: one try. */
WAY_MUST_CHECK way_code way_lock_name_within(way_pg *pg, const char *internal, int64_t wait_ms, way_err *e);

/* ---- audit ---- */
typedef struct way_audit_row {
    const char *actor, *address; /* who, from where */
    const char *action;          /* "station.create" */
    const char *object;          /* "orders", "orders/billing" */
    const char *before, *after;  /* JSON texts or NULL */
} way_audit_row;
WAY_MUST_CHECK way_code way_audit_add(way_pg *pg, const way_audit_row *a, way_err *e);

/* ---- users ---- */
/* root exists with this password; a changed password raises its epoch.  hash: Argon2id text.  force: replace an existing
 * hash (the caller found that it does not verify). */
WAY_MUST_CHECK way_code way_user_put_root(way_pg *pg, const char *password_hash, bool force, bool *changed, way_err *e);
WAY_MUST_CHECK way_code way_user_hash(way_pg *pg, const char *name, char **hash, int64_t *epoch, way_err *e);

/* ---- secrets shared by all daemons ---- */
/* Value of `name`; made from `fresh` (len bytes) when there is none: whoever comes first wins, all get the same. */
WAY_MUST_CHECK way_code way_secret_get(way_pg *pg, const char *name, const unsigned char *fresh, size_t len,
                                       unsigned char *out, size_t cap, size_t *out_len, way_err *e);

/* ---- leases ---- */
/* One holder per name.  Takes it if it is free, expired or already ours; *epoch grows with every change of holder;
 * *left_ms how long it is ours (from before the request was sent, so never too long).  *held false: another's. */
WAY_MUST_CHECK way_code way_lease_take(way_pg *pg, const char *name, const char *holder, int64_t ttl_ms,
                                       bool *held, int64_t *epoch, int64_t *left_ms, way_err *e);
/* {tx} WAY_E_CONFLICT when the lease is not ours with this epoch any more; locks the row until commit. */
WAY_MUST_CHECK way_code way_lease_check(way_pg *pg, const char *name, const char *holder, int64_t epoch, way_err *e);
WAY_MUST_CHECK way_code way_lease_drop(way_pg *pg, const char *name, const char *holder, int64_t epoch, way_err *e);

#endif
