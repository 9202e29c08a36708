/* A JetStream in memory, behind the port: streams, durables, messages, and a record of who asked for what in which order.
 *
 * It knows the one rule that costs data: an interest stream without a consumer stores nothing, and loses what it has when
 * its last consumer goes.  `bare` counts how often a stream with messages or producers was left like that. */
#ifndef WAY_TEST_FAKE_JS_H
#define WAY_TEST_FAKE_JS_H

#include "core/control/js_port.h"

enum { FAKE_STREAMS = 256, FAKE_CONSUMERS = 16, FAKE_MESSAGES = 4096, FAKE_CALLS = 4096 };

typedef struct fake_consumer {
    bool used;
    way_js_consumer cfg;
    way_js_consumer_info info;
} fake_consumer;

typedef struct fake_stream {
    bool used;
    way_js_stream cfg; /* borrowed texts dropped */
    char description[160];
    char created[WAY_RFC3339_LEN];
    uint64_t last_seq;
    int64_t times[FAKE_MESSAGES]; /* of sequence i + 1; 0: a hole */
    fake_consumer consumers[FAKE_CONSUMERS];
} fake_stream;

typedef struct fake_js {
    way_js_port port; /* first */
    way_server_info srv;
    fake_stream *streams;
    int made;             /* streams ever, for `created` */
    char (*calls)[96];    /* "streams_create o$1" */
    int call_count;
    int bare;
    /* the next failures: of items of this verb, the at-th from now on (from 1), with this code; 0: none */
    const char *fail_verb;
    int fail_at;
    bool fail_for_good; /* all later items too */
    way_code fail_code;
    int finds;            /* questions to messages_find */
} fake_js;

fake_js *fake_js_new(void);
void fake_js_free(fake_js *f);
void fake_fail(fake_js *f, const char *verb, int at, way_code code);
fake_stream *fake_stream_find(fake_js *f, const char *name);
fake_consumer *fake_consumer_find(fake_js *f, const char *stream, const char *name);
/* A producer: stored only if the stream would store it.  Returns the sequence, 0: dropped. */
uint64_t fake_publish(fake_js *f, const char *stream, int64_t time_ns);
void fake_remove(fake_js *f, const char *stream, uint64_t seq);
uint64_t fake_messages(const fake_stream *s);
void fake_forget(fake_js *f); /* the record of calls */
/* Index of the first call with this beginning at or after `from`; -1 none. */
int fake_called(const fake_js *f, const char *prefix, int from);
int fake_count(const fake_js *f, const char *prefix);

#endif
