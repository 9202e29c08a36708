/* Tally: counting, and the answer of a batch. */
#include "gateway/data_tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "gateway/data_message.h"

typedef struct failure {
    uint64_t line;
    int32_t partition;
    way_code code; /* WAY_OK: not sent */
    char *text;    /* owned; NULL when not sent */
} failure;

typedef struct part {
    uint64_t first_seq, last_seq, count;
    uint64_t failed_line; /* 0: going on */
    bool stopped;
} part;

typedef struct result { /* of one message of a batch */
    uint64_t seq;       /* or the index of its failure */
    int32_t partition;
    bool stored, duplicate;
} result;

struct way_tally {
    int32_t partitions;
    bool batch;
    part *part;
    result *results; /* NULL: summary only */
    size_t count;
    failure *failures; /* unordered until they are written */
    size_t failure_count, failure_cap;
    uint64_t highest; /* line among the failures that are kept */
    uint64_t sent, failed, duplicates;
    uint64_t first_line; /* of the failure that gives the status */
    way_err first;
};

way_tally *way_tally_new(int32_t partitions, bool batch, size_t count)
{
    way_tally *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->partitions = partitions;
    t->count = count;
    t->batch = batch;
    t->part = calloc((size_t)partitions, sizeof *t->part);
    if (count)
        t->results = calloc(count, sizeof *t->results);
    if (!t->part || (count && !t->results)) {
        way_tally_free(t);
        return NULL;
    }
    return t;
}

void way_tally_free(way_tally *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->failure_count; i++)
        free(t->failures[i].text);
    free(t->failures);
    free(t->results);
    free(t->part);
    free(t);
}

static result *result_at(way_tally *t, uint64_t line)
{
    return t->results && line >= 1 && line <= t->count ? &t->results[line - 1] : NULL;
}

void way_tally_stored(way_tally *t, uint64_t line, int32_t partition, uint64_t seq, bool duplicate)
{
    part *p = &t->part[partition - 1];
    result *r = result_at(t, line);

    t->sent++;
    t->duplicates += duplicate;
    if (p->count == 0 || seq < p->first_seq)
        p->first_seq = seq;
    if (p->count == 0 || seq > p->last_seq)
        p->last_seq = seq;
    p->count++;
    if (r)
        *r = (result){.seq = seq, .partition = partition, .stored = true, .duplicate = duplicate};
}

/* Where a new failure goes: the end, or in a full summary the place of the one with the highest line; NULL: not kept. */
static failure *failure_place(way_tally *t, uint64_t line)
{
    size_t max = t->batch ? t->count : WAY_TALLY_FAILURES_MAX, high = 0;

    if (t->failure_count < max) {
        if (t->failure_count == t->failure_cap) {
            t->failure_cap = t->failure_cap ? 2 * t->failure_cap : 16;
            t->failures = way_xrealloc(t->failures, t->failure_cap * sizeof *t->failures);
        }
        if (line > t->highest)
            t->highest = line;
        return &t->failures[t->failure_count++];
    }
    if (line >= t->highest)
        return NULL;
    for (size_t i = 1; i < t->failure_count; i++)
        if (t->failures[i].line > t->failures[high].line)
            high = i;
    free(t->failures[high].text);
    t->failures[high].line = line;
    t->highest = 0;
    for (size_t i = 0; i < t->failure_count; i++)
        if (t->failures[i].line > t->highest)
            t->highest = t->failures[i].line;
    return &t->failures[high];
}

static void add_failure(way_tally *t, uint64_t line, int32_t partition, way_code code, const char *text)
{
    failure *f = failure_place(t, line);
    result *r = result_at(t, line);

    t->failed++;
    if (!f)
        return;
    *f = (failure){.line = line, .partition = partition, .code = code, .text = way_xstrdup(text)};
    if (r)
        *r = (result){.seq = (uint64_t)(f - t->failures)};
}

void way_tally_failed(way_tally *t, uint64_t line, int32_t partition, const way_err *e)
{
    if (t->first.code == WAY_OK || line < t->first_line) {
        t->first = *e;
        t->first_line = line;
    }
    if (partition) {
        part *p = &t->part[partition - 1];
        if (!p->stopped || line < p->failed_line)
            p->failed_line = line;
        p->stopped = true;
    }
    add_failure(t, line, partition, e->code, e->text);
}

bool way_tally_stopped(const way_tally *t, int32_t partition)
{
    return t->part[partition - 1].stopped;
}

void way_tally_not_sent(way_tally *t, uint64_t line, int32_t partition)
{
    add_failure(t, line, partition, WAY_OK, NULL);
}

static void write_failure(const way_tally *t, const failure *f, bool retry, way_buf *out)
{
    way_json_kv_str(out, "code", f->text ? way_code_name(f->code) : "not_sent");
    way_json_key(out, "message");
    if (f->text) {
        way_message_text(out, f->text, strlen(f->text));
    } else {
        char text[128];
        (void)snprintf(text, sizeof text, "not sent: in partition %d message %llu failed before it", (int)f->partition,
                       (unsigned long long)t->part[f->partition - 1].failed_line);
        way_json_str(out, text);
    }
    if (retry)
        way_json_kv_bool(out, "retry", f->text ? way_code_retry(f->code) : true);
}

static void write_results(const way_tally *t, way_buf *out)
{
    way_json_key(out, "results");
    way_json_open(out, '[');
    for (size_t i = 0; i < t->count; i++) {
        const result *r = &t->results[i];
        way_json_open(out, '{');
        if (r->stored) {
            way_json_kv_int(out, "partition", r->partition);
            way_json_kv_uint(out, "seq", r->seq);
            way_json_kv_bool(out, "duplicate", r->duplicate);
        } else {
            way_json_key(out, "error");
            way_json_open(out, '{');
            write_failure(t, &t->failures[r->seq], true, out);
            way_json_close(out, '}');
        }
        way_json_close(out, '}');
    }
    way_json_close(out, ']');
}

static void write_partitions(const way_tally *t, way_buf *out)
{
    way_json_key(out, "partitions");
    way_json_open(out, '[');
    for (int32_t i = 0; i < t->partitions; i++) {
        const part *p = &t->part[i];
        if (p->count == 0)
            continue;
        way_json_open(out, '{');
        way_json_kv_int(out, "partition", i + 1);
        way_json_kv_uint(out, "first_seq", p->first_seq);
        way_json_kv_uint(out, "last_seq", p->last_seq);
        way_json_kv_uint(out, "count", p->count);
        way_json_close(out, '}');
    }
    way_json_close(out, ']');
}

static int by_line(const void *a, const void *b)
{
    const failure *fa = a, *fb = b;

    return (fa->line > fb->line) - (fa->line < fb->line);
}

static void write_failures(way_tally *t, way_buf *out)
{
    if (t->failure_count)
        qsort(t->failures, t->failure_count, sizeof *t->failures, by_line);
    way_json_key(out, "failures");
    way_json_open(out, '[');
    for (size_t i = 0; i < t->failure_count; i++) {
        way_json_open(out, '{');
        way_json_kv_uint(out, "line", t->failures[i].line);
        write_failure(t, &t->failures[i], false, out);
        way_json_close(out, '}');
    }
    way_json_close(out, ']');
}

int way_tally_write(way_tally *t, way_buf *out)
{
    way_json_open(out, '{');
    way_json_kv_uint(out, "sent", t->sent);
    way_json_kv_uint(out, "failed", t->failed);
    way_json_kv_uint(out, "duplicates", t->duplicates);
    if (t->batch) {
        write_results(t, out);
    } else {
        write_partitions(t, out);
        write_failures(t, out);
    }
    if (t->failed) {
        way_json_kv_str(out, "code", way_code_name(t->first.code));
        way_json_key(out, "message");
        way_message_text(out, t->first.text, strlen(t->first.text));
        way_json_kv_bool(out, "retry", way_code_retry(t->first.code));
    }
    way_json_close(out, '}');
    return t->failed ? way_code_http(t->first.code) : 200;
}
