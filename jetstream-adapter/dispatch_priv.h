/* What dispatch.c (takers and turns), pull.c (one group's pulls), probe.c (is the consumer there?) and kept.c (messages that wait for
 * somebody) share.  Private to these four; everything is the loop's. */
#ifndef WAY_ADAPTER_DISPATCH_PRIV_H
#define WAY_ADAPTER_DISPATCH_PRIV_H

#include "jetstream-adapter/dispatch.h"

enum {
    WAY_PULL_EXPIRES_MS = 5000,
    WAY_PULL_LINGER_MS = 5000,  /* how long a pull that ended without a word may still bring something */
    WAY_SPELL_MS = 20,          /* a taker that has something waits at most so long for partitions that say nothing … */
    WAY_MORE_MS = 250,          /* … and so long for one that has said it has more, and is asked for it */
    WAY_BUCKETS = 256
};

typedef enum way_pull_kind {
    WAY_PULL_NONE,
    WAY_PULL_SWEEP, /* what is there now; a partition without messages answers at once */
    WAY_PULL_WAIT   /* stays open */
} way_pull_kind;

typedef struct way_part { /* one partition of a group */
    way_pull_kind open;
    bool no_wait;         /* of the open pull: it ends as soon as something came and nothing more is there */
    uint32_t serial;      /* of the open pull, or of the last one */
    uint32_t left, got;   /* messages the open pull may still bring, and has brought */
    size_t reserved;      /* bytes counted for it in group and dispatcher */
    size_t largest;       /* message seen; 0: none yet */
    uint64_t pending;     /* behind the newest message, as the server said with it */
    int64_t last_ms;      /* when the newest message came */
    int64_t deadline_ms;  /* the open pull is given up then */
    int64_t alive_ms;     /* or when nothing, not even a heartbeat, came until then */
    uint64_t asked;       /* group's ask when the open pull was sent */
    uint64_t empty_ask;   /* the server said "nothing more" to a pull sent in that ask … */
    int64_t empty_ms;     /* … at that time */
    int64_t blocked_ms;   /* no pull before */
    int64_t maybe_ms;     /* an old pull may still bring something until then */
    int64_t stale_ms;     /* see pull.c, "A new generation" */
    uint32_t stale_serial;
    uint32_t stale_left;  /* messages the stale pull may still bring */
    uint64_t cseq;        /* highest consumer sequence seen; 0: none, or the count may have started again */
    uint64_t old_cseq;    /* of the generation before */
    int64_t trouble_ms;   /* since when its pulls fail; 0: they do not */
    int64_t missing_ms;   /* since when the server says there is no such consumer; 0: it does not */
} way_part;

typedef struct way_kept {
    struct way_kept *next;
    way_msg *msg;
    way_receipt receipt;
    size_t bytes;
    int64_t until_ms;
    int64_t lease_ms; /* next +WPI */
} way_kept;

typedef struct way_puller { /* one group */
    struct way_dispatch *d;
    struct way_puller *bucket_next;
    uint32_t id;       /* index in d->groups */
    uint32_t instance; /* of this use of the index */
    char station[WAY_NAME_MAX + 1], group[WAY_NAME_MAX + 1]; /* internal names: what streams and consumers are called */
    int64_t station_id, group_id, generation;
    bool live; /* false: no generation yet, or it ended */
    int64_t ack_wait_ms, max_deliver;
    bool bounded;      /* max_ack_pending: a pull can wait although messages are pending */
    size_t message_max;
    int32_t partitions; /* of the station now */
    int32_t part_count; /* size of parts, which never shrinks */
    way_part *parts;
    int32_t next_part; /* whose turn it is */
    uint32_t open;     /* open pulls */
    uint64_t left;     /* messages they may still bring */
    size_t reserved;
    uint64_t ask;      /* +1 with every taker: what was said before is no answer to the newcomer */
    bool sweeps_hang;  /* seen: a sweep without expiry that was not answered */
    way_taker *takers, *cursor; /* ring */
    uint32_t taker_count;
    way_kept *kept, **kept_tail;
    uint32_t kept_count;
    int64_t idle_since_ms;
    bool dirty;
    bool probing;
    int64_t next_probe_ms;
} way_puller;

struct way_taker {
    way_taker *next, *prev; /* ring; next: graveyard */
    way_puller *g;          /* NULL: out */
    way_taker_fns fns;
    void *arg;
    bool one_shot;
    int64_t until_ms; /* pulls for it end by then */
    uint32_t room_msgs;
    size_t room_bytes;
    int64_t spell_ms; /* first delivery since the last quiet; 0: none */
    bool served;      /* has got something */
};

typedef struct way_probe { /* one CONSUMER.INFO under way */
    struct way_probe *next;
    struct way_dispatch *d; /* NULL: the dispatcher is gone */
    uint32_t id, instance;
    int32_t partition;
} way_probe;

struct way_dispatch {
    const way_config *cfg;
    struct ev_loop *loop;
    way_link *pulls, *acks;
    way_puller **groups; /* by id; NULL: free */
    uint32_t group_count, instances, serial;
    way_puller *buckets[WAY_BUCKETS];
    struct ev_timer turn; /* soon: dirty groups */
    struct ev_timer tick;
    size_t reserved, kept_bytes;
    size_t kept_count;
    uint32_t depth; /* callbacks under way: nobody is freed */
    way_taker *graveyard;
    way_probe *probes;
};

/* dispatch.c */
void way_dispatch_soon(way_puller *g);
/* Gives one message to a taker with room; takes *m when it returns true.  way_msg must be on the heap or the stack of a callback. */
bool way_dispatch_offer(way_puller *g, const way_receipt *r, way_msg *m, size_t bytes);
void way_dispatch_fail(way_puller *g, bool one_shot_only, way_code code, const char *text);
bool way_dispatch_has_room(const way_puller *g);

/* pull.c */
void way_pull_sweep(way_puller *g, int64_t now); /* asks for what is there, as far as there is room … */
void way_pull_wait(way_puller *g, int64_t now);  /* … and when that is known to be nothing, waits */
void way_pull_tick(way_puller *g, int64_t now);  /* deadlines */
/* token: of a status message, after the inbox */
void way_pull_status(way_dispatch *d, const char *token, way_msg *m);
void way_pull_message(way_puller *g, way_receipt *r, way_msg *m);
void way_pull_cut(way_puller *g);                /* the connection was lost: nothing comes any more */
void way_pull_restart(way_puller *g, int64_t now); /* the generation ended */
bool way_pull_is_quiet(const way_puller *g, int64_t now, bool *silent_only); /* false: more is coming … */
bool way_pull_is_over(const way_puller *g, int64_t now); /* nothing open, nothing stale */

/* probe.c */
void way_probe_start(way_puller *g, int32_t partition, int64_t now);
void way_probe_forget(way_dispatch *d);

/* kept.c */
void way_kept_add(way_puller *g, const way_receipt *r, way_msg *m, size_t bytes, bool returned); /* takes m (heap) */
void way_kept_back(way_puller *g, const way_receipt *r, const way_msg *m); /* nak, except on the last allowed delivery */
void way_kept_offer(way_puller *g);
void way_kept_tick(way_puller *g, int64_t now);
void way_kept_drop(way_puller *g);

#endif
