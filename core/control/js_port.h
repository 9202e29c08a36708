/* The port to JetStream: what the control plane needs from it, as a struct of functions.
 *
 * Filled by jetstream-adapter (cnats) and by a fake in unit tests; the one vtable of the project.
 * Threads: one worker thread per port; every call blocks, until deadline_ms at most (WAY_E_TIMEOUT).
 * Arrays are worked off with up to 8 requests in flight; on the first failure no new ones are sent and those in flight
 * are awaited.
 * Errors are translated by the adapter: no stream/consumer WAY_E_NOT_FOUND; name in use with another
 * config WAY_E_EXISTS; subjects overlap another stream's WAY_E_CONFLICT (the text names that stream);
 * refused value WAY_E_INVAL with the server's words; connection lost WAY_E_UNAVAILABLE; too many requests WAY_E_FULL. */
#ifndef WAY_CONTROL_JS_PORT_H
#define WAY_CONTROL_JS_PORT_H

#include <stdint.h>

#include "core/model/group.h"
#include "core/model/station.h"

#define WAY_RFC3339_LEN 40

/* A stream's config, as much of it as we set.  0 and -1 both mean "no limit" in what comes back: the
 * adapter normalises to 0. */
typedef struct way_js_stream {
    char name[WAY_STREAM_MAX + 1];
    char subject[WAY_SUBJECT_MAX + 8]; /* one subject (or the first of several) */
    const char *const *more_subjects;  /* NULL-terminated list or NULL; borrowed */
    way_storage storage;
    int32_t replicas;
    bool interest;   /* retention: interest, else limits */
    bool work_queue; /* retention: work queue */
    int64_t max_age_ns;
    int64_t max_msgs;
    int64_t max_bytes;
    int64_t max_msg_size;
    int64_t dup_window_ns;
    bool allow_direct;
    char republish_src[WAY_SUBJECT_MAX + 1]; /* "": none */
    char republish_dest[WAY_SUBJECT_MAX + 32];
    const char *description; /* borrowed or NULL */
    /* 2.10+: metadata pairs; the adapter leaves them out on older servers */
    const char *const *metadata; /* key, value, key, value, NULL; borrowed; or NULL */
} way_js_stream;

typedef struct way_js_stream_info {
    bool exists;
    char created[WAY_RFC3339_LEN]; /* as nats-server gives it */
    uint64_t messages, bytes, first_seq, last_seq;
    int64_t first_ns, last_ns; /* times of first and last message; 0: none */
    int32_t consumers;
    way_js_stream config; /* what the server has; borrowed pointers in it are NULL */
    char description[160]; /* as much of the stream's description as fits: it says whose the stream is */
    char leader[64];
} way_js_stream_info;

typedef enum way_js_deliver { WAY_JS_ALL, WAY_JS_NEW, WAY_JS_SEQ, WAY_JS_TIME } way_js_deliver;

typedef struct way_js_consumer {
    char stream[WAY_STREAM_MAX + 1];
    char name[WAY_NAME_MAX + 1];
    char filter[WAY_SUBJECT_MAX + 1];
    way_js_deliver deliver;
    uint64_t start_seq;
    int64_t start_ns;
    int64_t ack_wait_ms;
    int64_t max_deliver;
    int64_t backoff_ms[WAY_BACKOFF_MAX];
    int32_t backoff_count;
    int64_t max_ack_pending;
    int32_t sample_pct; /* 0: none */
} way_js_consumer;

typedef struct way_js_consumer_info {
    bool exists;
    char created[WAY_RFC3339_LEN];
    uint64_t pending;        /* not yet delivered */
    uint64_t ack_pending;    /* delivered, not acked */
    uint64_t redelivered;
    uint64_t ack_floor_seq;  /* stream sequence */
    uint64_t delivered_seq;  /* stream sequence */
    int32_t waiting;
    way_js_consumer config;
} way_js_consumer_info;

typedef struct way_js_msg {
    bool exists; /* false: no such message */
    uint64_t seq;
    int64_t time_ns;
} way_js_msg;

typedef struct way_js_port way_js_port;
struct way_js_port {
    int64_t deadline_ms; /* monotonic; set by the worker before a job */

    /* Facts about the server now connected; cached per connection, so a call costs nothing. */
    way_code (*server)(way_js_port *, way_server_info *out, way_err *e);

    /* Streams.  out (may be NULL) has n entries.  create: an identical stream is success.  The config that comes
     * back is compared with the one sent: a difference is WAY_E_NEWER_SERVER naming the field (old servers drop silently).
     * *made[i] (may be NULL): true when this call made stream i, false when it was there (each is looked up first: the answer to
     * a create does not tell). */
    way_code (*streams_create)(way_js_port *, const way_js_stream *cfg, int32_t n, way_js_stream_info *out,
                               bool *made, way_err *e);
    /* Reads each config, overlays ours, writes the rest back unchanged, compares.  *done: how many, from the first, surely
     * carry the new config; the ones after may or may not. */
    way_code (*streams_update)(way_js_port *, const way_js_stream *cfg, int32_t n, int32_t *done, way_err *e);
    /* exists = false instead of an error for a missing one. */
    way_code (*streams_info)(way_js_port *, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                             way_js_stream_info *out, way_err *e);
    /* A missing one is success. */
    way_code (*streams_delete)(way_js_port *, const char (*names)[WAY_STREAM_MAX + 1], int32_t n, way_err *e);
    way_code (*streams_purge)(way_js_port *, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                              uint64_t *removed, way_err *e);
    /* All stream names of the account, page by page; fn returns false to stop. */
    way_code (*streams_each)(way_js_port *, bool (*fn)(void *arg, const char *name), void *arg, way_err *e);

    /* Consumers, addressed by (stream, name) of each cfg.  An update changes ack wait, deliveries, back-off and pending only: where a
     * consumer starts and what it filters stay.  In infos 0 is "no limit", and with a back-off the ack wait is its first step. */
    way_code (*consumers_create)(way_js_port *, const way_js_consumer *cfg, int32_t n, bool *made, way_err *e);
    way_code (*consumers_update)(way_js_port *, const way_js_consumer *cfg, int32_t n, int32_t *done, way_err *e);
    way_code (*consumers_info)(way_js_port *, const way_js_consumer *names, int32_t n, way_js_consumer_info *out,
                               way_err *e);
    way_code (*consumers_delete)(way_js_port *, const way_js_consumer *names, int32_t n, way_err *e);

    /* Messages at or after seqs[i] on its stream's `subject` (next_by_subj), read by sequence: never through a consumer. */
    way_code (*messages_find)(way_js_port *, const char (*streams)[WAY_STREAM_MAX + 1], const uint64_t *seqs,
                              int32_t n, way_js_msg *out, way_err *e);
};

#endif
