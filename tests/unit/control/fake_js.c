#include "tests/unit/control/fake_js.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

static fake_js *self(way_js_port *port)
{
    return (fake_js *)port;
}

static void record(fake_js *f, const char *verb, const char *what)
{
    if (f->call_count < FAKE_CALLS)
        snprintf(f->calls[f->call_count++], sizeof f->calls[0], "%s %s", verb, what);
}

static way_code item(fake_js *f, const char *verb, const char *what, way_err *e)
{
    record(f, verb, what);
    if (!f->fail_verb || strcmp(f->fail_verb, verb) != 0 || --f->fail_at > 0)
        return WAY_OK;
    if (!f->fail_for_good)
        f->fail_verb = NULL;
    return way_fail(e, f->fail_code, "the fake refuses %s of %s", verb, what);
}

void fake_fail(fake_js *f, const char *verb, int at, way_code code)
{
    f->fail_verb = verb;
    f->fail_at = at;
    f->fail_code = code;
    f->fail_for_good = false;
}

fake_stream *fake_stream_find(fake_js *f, const char *name)
{
    for (int i = 0; i < FAKE_STREAMS; i++)
        if (f->streams[i].used && strcmp(f->streams[i].cfg.name, name) == 0)
            return &f->streams[i];
    return NULL;
}

fake_consumer *fake_consumer_find(fake_js *f, const char *stream, const char *name)
{
    fake_stream *s = fake_stream_find(f, stream);
    for (int i = 0; s && i < FAKE_CONSUMERS; i++)
        if (s->consumers[i].used && strcmp(s->consumers[i].cfg.name, name) == 0)
            return &s->consumers[i];
    return NULL;
}

static int consumers(const fake_stream *s)
{
    int n = 0;
    for (int i = 0; i < FAKE_CONSUMERS; i++)
        n += s->consumers[i].used;
    return n;
}

uint64_t fake_messages(const fake_stream *s)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < s->last_seq; i++)
        n += s->times[i] != 0;
    return n;
}

uint64_t fake_publish(fake_js *f, const char *stream, int64_t time_ns)
{
    fake_stream *s = fake_stream_find(f, stream);
    if (!s || s->last_seq == FAKE_MESSAGES)
        return 0;
    s->times[s->last_seq++] = s->cfg.interest && consumers(s) == 0 ? 0 : time_ns;
    return s->times[s->last_seq - 1] ? s->last_seq : 0;
}

void fake_remove(fake_js *f, const char *stream, uint64_t seq)
{
    fake_stream_find(f, stream)->times[seq - 1] = 0;
}

void fake_forget(fake_js *f)
{
    f->call_count = 0;
}

int fake_called(const fake_js *f, const char *prefix, int from)
{
    for (int i = from < 0 ? 0 : from; i < f->call_count; i++)
        if (strncmp(f->calls[i], prefix, strlen(prefix)) == 0)
            return i;
    return -1;
}

int fake_count(const fake_js *f, const char *prefix)
{
    int n = 0;
    for (int at = fake_called(f, prefix, 0); at >= 0; at = fake_called(f, prefix, at + 1))
        n++;
    return n;
}

/* ---- streams ---- */

static way_code server(way_js_port *port, way_server_info *out, way_err *e)
{
    (void)e;
    *out = self(port)->srv;
    return WAY_OK;
}

static void fill_info(const fake_stream *s, way_js_stream_info *out)
{
    memset(out, 0, sizeof *out);
    out->exists = true;
    snprintf(out->created, sizeof out->created, "%s", s->created);
    snprintf(out->description, sizeof out->description, "%s", s->description);
    out->config = s->cfg;
    out->messages = fake_messages(s);
    out->last_seq = s->last_seq;
    out->first_seq = s->last_seq + 1;
    for (uint64_t i = s->last_seq; i-- > 0;) {
        if (s->times[i] == 0)
            continue;
        out->first_seq = i + 1;
        out->first_ns = s->times[i];
        if (out->last_ns == 0)
            out->last_ns = s->times[i];
    }
    out->consumers = consumers(s);
}

static void set_config(fake_stream *s, const way_js_stream *cfg)
{
    s->cfg = *cfg;
    s->cfg.more_subjects = NULL;
    s->cfg.description = NULL;
    s->cfg.metadata = NULL;
    snprintf(s->description, sizeof s->description, "%s", cfg->description ? cfg->description : "");
}

static bool same_config(const fake_stream *s, const way_js_stream *cfg)
{
    fake_stream *other = way_xcalloc(1, sizeof *other);
    set_config(other, cfg);
    bool same = memcmp(&s->cfg, &other->cfg, sizeof s->cfg) == 0 && strcmp(s->description, other->description) == 0;
    free(other);
    return same;
}

static way_code streams_create(way_js_port *port, const way_js_stream *cfg, int32_t n, way_js_stream_info *out,
                               bool *made, way_err *e)
{
    fake_js *f = self(port);
    for (int32_t i = 0; i < n; i++) {
        way_code rc = item(f, "streams_create", cfg[i].name, e);
        fake_stream *s = fake_stream_find(f, cfg[i].name);
        if (rc != WAY_OK)
            return rc;
        if (s && !same_config(s, &cfg[i]))
            return way_fail(e, WAY_E_EXISTS, "stream %s exists with another config", cfg[i].name);
        if (made)
            made[i] = !s;
        for (int k = 0; !s && k < FAKE_STREAMS; k++) {
            if (f->streams[k].used)
                continue;
            s = &f->streams[k];
            memset(s, 0, sizeof *s);
            s->used = true;
            set_config(s, &cfg[i]);
            snprintf(s->created, sizeof s->created, "2026-01-01T00:00:00.%09dZ", ++f->made);
        }
        if (out)
            fill_info(s, &out[i]);
    }
    return WAY_OK;
}

static way_code streams_update(way_js_port *port, const way_js_stream *cfg, int32_t n, int32_t *done, way_err *e)
{
    fake_js *f = self(port);
    *done = 0;
    for (int32_t i = 0; i < n; i++) {
        way_code rc = item(f, "streams_update", cfg[i].name, e);
        fake_stream *s = fake_stream_find(f, cfg[i].name);
        if (rc == WAY_OK && !s)
            rc = way_fail(e, WAY_E_NOT_FOUND, "stream %s not found", cfg[i].name);
        if (rc != WAY_OK)
            return rc;
        if (cfg[i].interest && consumers(s) == 0)
            f->bare++;
        set_config(s, &cfg[i]);
        (*done)++;
    }
    return WAY_OK;
}

static way_code streams_info(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                             way_js_stream_info *out, way_err *e)
{
    fake_js *f = self(port);
    for (int32_t i = 0; i < n; i++) {
        way_code rc = item(f, "streams_info", names[i], e);
        const fake_stream *s = fake_stream_find(f, names[i]);
        if (rc != WAY_OK)
            return rc;
        if (s)
            fill_info(s, &out[i]);
        else
            memset(&out[i], 0, sizeof out[i]);
    }
    return WAY_OK;
}

static way_code streams_delete(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n, way_err *e)
{
    for (int32_t i = 0; i < n; i++) {
        way_code rc = item(self(port), "streams_delete", names[i], e);
        fake_stream *s = fake_stream_find(self(port), names[i]);
        if (rc != WAY_OK)
            return rc;
        if (s)
            s->used = false;
    }
    return WAY_OK;
}

static way_code streams_purge(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                              uint64_t *removed, way_err *e)
{
    *removed = 0;
    for (int32_t i = 0; i < n; i++) {
        way_code rc = item(self(port), "streams_purge", names[i], e);
        fake_stream *s = fake_stream_find(self(port), names[i]);
        if (rc != WAY_OK)
            return rc;
        *removed += fake_messages(s);
        memset(s->times, 0, sizeof s->times);
    }
    return WAY_OK;
}

static way_code streams_each(way_js_port *port, bool (*fn)(void *arg, const char *name), void *arg, way_err *e)
{
    (void)e;
    for (int i = 0; i < FAKE_STREAMS; i++)
        if (self(port)->streams[i].used && !fn(arg, self(port)->streams[i].cfg.name))
            break;
    return WAY_OK;
}

/* ---- consumers ---- */

static way_code consumer_item(fake_js *f, const char *verb, const way_js_consumer *c, way_err *e)
{
    char what[90];
    snprintf(what, sizeof what, "%.60s %.24s", c->stream, c->name);
    return item(f, verb, what, e);
}

static way_code consumers_create(way_js_port *port, const way_js_consumer *cfg, int32_t n, bool *made, way_err *e)
{
    fake_js *f = self(port);
    for (int32_t i = 0; i < n; i++) {
        way_code rc = consumer_item(f, "consumers_create", &cfg[i], e);
        fake_stream *s = fake_stream_find(f, cfg[i].stream);
        fake_consumer *c = fake_consumer_find(f, cfg[i].stream, cfg[i].name);
        if (rc == WAY_OK && !s)
            rc = way_fail(e, WAY_E_NOT_FOUND, "stream %s not found", cfg[i].stream);
        if (rc != WAY_OK)
            return rc;
        if (made)
            made[i] = !c;
        for (int k = 0; !c && k < FAKE_CONSUMERS; k++) {
            if (s->consumers[k].used)
                continue;
            c = &s->consumers[k];
            memset(c, 0, sizeof *c);
            c->used = true;
            c->cfg = cfg[i];
        }
    }
    return WAY_OK;
}

static way_code consumers_update(way_js_port *port, const way_js_consumer *cfg, int32_t n, int32_t *done, way_err *e)
{
    fake_js *f = self(port);
    *done = 0;
    for (int32_t i = 0; i < n; i++) {
        way_code rc = consumer_item(f, "consumers_update", &cfg[i], e);
        fake_consumer *c = fake_consumer_find(f, cfg[i].stream, cfg[i].name);
        if (rc == WAY_OK && !c)
            rc = way_fail(e, WAY_E_NOT_FOUND, "consumer %s not found", cfg[i].name);
        if (rc != WAY_OK)
            return rc;
        if (c->cfg.deliver != cfg[i].deliver || c->cfg.start_seq != cfg[i].start_seq)
            return way_fail(e, WAY_E_INVAL, "deliver policy can not be updated");
        c->cfg = cfg[i];
        (*done)++;
    }
    return WAY_OK;
}

static way_code consumers_info(way_js_port *port, const way_js_consumer *names, int32_t n, way_js_consumer_info *out,
                               way_err *e)
{
    fake_js *f = self(port);
    for (int32_t i = 0; i < n; i++) {
        way_code rc = consumer_item(f, "consumers_info", &names[i], e);
        const fake_consumer *c = fake_consumer_find(f, names[i].stream, names[i].name);
        if (rc != WAY_OK)
            return rc;
        memset(&out[i], 0, sizeof out[i]);
        if (!c)
            continue;
        out[i] = c->info;
        out[i].exists = true;
        out[i].config = c->cfg;
    }
    return WAY_OK;
}

static way_code consumers_delete(way_js_port *port, const way_js_consumer *names, int32_t n, way_err *e)
{
    fake_js *f = self(port);
    for (int32_t i = 0; i < n; i++) {
        way_code rc = consumer_item(f, "consumers_delete", &names[i], e);
        fake_stream *s = fake_stream_find(f, names[i].stream);
        fake_consumer *c = fake_consumer_find(f, names[i].stream, names[i].name);
        if (rc != WAY_OK)
            return rc;
        if (!c)
            continue;
        c->used = false;
        if (s->cfg.interest && consumers(s) == 0) {
            f->bare++;
            memset(s->times, 0, sizeof s->times);
        }
    }
    return WAY_OK;
}

static way_code messages_find(way_js_port *port, const char (*streams)[WAY_STREAM_MAX + 1], const uint64_t *seqs,
                              int32_t n, way_js_msg *out, way_err *e)
{
    fake_js *f = self(port);
    (void)e;
    for (int32_t i = 0; i < n; i++) {
        const fake_stream *s = fake_stream_find(f, streams[i]);
        f->finds++;
        memset(&out[i], 0, sizeof out[i]);
        for (uint64_t q = seqs[i] ? seqs[i] : 1; s && q <= s->last_seq; q++) {
            if (s->times[q - 1] == 0)
                continue;
            out[i] = (way_js_msg){.exists = true, .seq = q, .time_ns = s->times[q - 1]};
            break;
        }
    }
    return WAY_OK;
}

fake_js *fake_js_new(void)
{
    fake_js *f = way_xcalloc(1, sizeof *f);
    f->streams = way_xcalloc(FAKE_STREAMS, sizeof *f->streams);
    f->calls = way_xcalloc(FAKE_CALLS, sizeof *f->calls);
    f->srv = (way_server_info){.version = "2.11.0", .major = 2, .minor = 11, .max_payload = 1 << 20, .servers = 3,
                               .api_level = 1};
    f->port = (way_js_port){
        .server = server,
        .streams_create = streams_create,
        .streams_update = streams_update,
        .streams_info = streams_info,
        .streams_delete = streams_delete,
        .streams_purge = streams_purge,
        .streams_each = streams_each,
        .consumers_create = consumers_create,
        .consumers_update = consumers_update,
        .consumers_info = consumers_info,
        .consumers_delete = consumers_delete,
        .messages_find = messages_find,
    };
    return f;
}

void fake_js_free(fake_js *f)
{
    if (!f)
        return;
    free(f->streams);
    free(f->calls);
    free(f);
}
