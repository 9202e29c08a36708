/* consume: fetch, write, settle.
 *
 * A message is acknowledged only after standard output has taken it, so that a full disk or a closed pipe loses nothing: what
 * could not be written goes back to the group.  Payloads are asked for as base64 and decoded here: they come out as the bytes that
 * went in, whatever they are. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "gateway/cli/delivery.h"
#include "gateway/cli/verbs.h"

enum { BATCH_DEFAULT = 256, BATCH_MAX = 10000, TIMEOUT_DEFAULT_MS = 5000, WAIT_MAX_MS = 2000, RETRY_MS = 1000 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupted = 1; /* SA_RESETHAND: the second one ends the process */
}

typedef struct consume {
    way_cli *c;
    const char *station, *group;
    int64_t count;      /* 0: no limit */
    int64_t timeout_ms; /* without a message, then it ends; -1: never */
    int64_t batch;
    bool no_ack, create, verbose;
    uint64_t got, unsettled;
    way_buf path, body, line;
} consume;

static const char *group_path(consume *s, const char *verb)
{
    way_buf_reset(&s->path);
    way_path(&s->path, "/v1/stations/", s->station, "/groups/", s->group, verb, NULL);
    return s->path.data;
}

/* A missing group is made, from the beginning: a first look at a station should show what is in it. */
static way_code create_group(consume *s, way_err *e)
{
    way_answer a = {0};

    way_buf_reset(&s->path);
    way_path(&s->path, "/v1/stations/", s->station, "/groups", NULL);
    way_buf_reset(&s->body);
    way_json_open(&s->body, '{');
    way_json_kv_str(&s->body, "name", s->group);
    way_json_kv_str(&s->body, "start", "all");
    way_json_close(&s->body, '}');
    way_code rc = way_client_json(s->c->client, WAY_CLI_API, "POST", s->path.data, &s->body, &a, e);
    way_answer_fini(&a);
    if (rc == WAY_OK && s->c->tty_err)
        fprintf(stderr, "group %s made, from the first message on\n", s->group);
    return rc == WAY_E_EXISTS ? WAY_OK : rc; /* somebody else was faster */
}

static way_code fetch(consume *s, int64_t max, int64_t wait_ms, way_answer *a, way_err *e)
{
    const char *path = group_path(s, "/fetch");

    way_buf_reset(&s->body);
    way_json_open(&s->body, '{');
    way_json_kv_int(&s->body, "max", max);
    way_json_kv_int(&s->body, "wait_ms", wait_ms);
    way_json_kv_str(&s->body, "payload", "base64");
    way_json_close(&s->body, '}');
    memset(a, 0, sizeof *a);
    return way_client_json(s->c->client, WAY_CLI_REST, "POST", path, &s->body, a, e);
}

static void add_receipts(consume *s, const char *op, const cJSON *messages)
{
    const cJSON *m;

    way_buf_reset(&s->body);
    way_json_open(&s->body, '{');
    way_json_key(&s->body, op);
    way_json_open(&s->body, '[');
    cJSON_ArrayForEach(m, messages) way_json_str(&s->body, way_get_text(m, "receipt"));
    way_json_close(&s->body, ']');
    way_json_close(&s->body, '}');
}

/* Some receipts may fail while others are done: then the answer says how many, and they come again. */
static way_code settle(consume *s, const char *op, const cJSON *messages, way_err *e)
{
    way_answer a = {0};

    add_receipts(s, op, messages);
    way_code rc = way_client_json(s->c->client, WAY_CLI_REST, "POST", group_path(s, "/settle"), &s->body, &a, e);
    if (cJSON_IsNumber(way_get(a.json, "failed"))) {
        s->unsettled += (uint64_t)way_get_number(a.json, "failed");
        rc = WAY_OK;
    } else if (rc != WAY_OK) {
        s->unsettled += (uint64_t)cJSON_GetArraySize(messages);
    }
    way_answer_fini(&a);
    return rc;
}

/* The whole batch, and flushed; false: standard output does not take it. */
static bool write_batch(consume *s, const cJSON *messages)
{
    const cJSON *m;

    cJSON_ArrayForEach(m, messages)
    {
        way_buf_reset(&s->line);
        way_delivery_write(m, s->c->json, s->verbose, &s->line);
        if (s->line.failed)
            errno = ENOMEM;
        if (s->line.failed || fwrite(s->line.data, 1, s->line.len, stdout) != s->line.len)
            return false;
    }
    return fflush(stdout) == 0;
}

static int output_failed(consume *s, const cJSON *messages)
{
    way_err e;
    int error = errno;
    bool back = s->no_ack || settle(s, "nak", messages, &e) == WAY_OK;

    fprintf(stderr, "waystation: standard output: %s; %d message%s %s\n", strerror(error), cJSON_GetArraySize(messages),
            cJSON_GetArraySize(messages) == 1 ? "" : "s", back ? "went back to the group" : "will come again after the ack wait");
    return WAY_EXIT_FAILED;
}

static void pause_after_error(const way_err *e)
{
    struct timespec ts = {RETRY_MS / 1000, RETRY_MS % 1000 * 1000000};
    fprintf(stderr, "waystation: %s; trying again\n", e->text);
    nanosleep(&ts, NULL); /* an interrupt ends it early */
}

/* One round.  -1: go on; else the exit code. */
static int take_batch(consume *s, int64_t max, int64_t wait_ms, int *got)
{
    way_answer a;
    way_err e = {0};
    int code = -1;

    *got = 0;
    way_code rc = fetch(s, max, wait_ms, &a, &e);
    if (rc == WAY_E_NOT_FOUND && s->create) {
        s->create = false;
        way_answer_fini(&a);
        rc = create_group(s, &e);
        if (rc == WAY_OK)
            rc = fetch(s, max, wait_ms, &a, &e);
    }
    if (rc != WAY_OK) {
        way_answer_fini(&a);
        if (s->timeout_ms < 0 && way_code_retry(rc) && !interrupted) {
            pause_after_error(&e);
            return -1;
        }
        return way_cli_fail(s->c, &e);
    }
    const cJSON *messages = way_get(a.json, "messages");
    *got = cJSON_GetArraySize(messages);
    if (*got > 0 && !write_batch(s, messages)) {
        code = output_failed(s, messages);
    } else if (*got > 0) {
        s->got += (uint64_t)*got;
        if (!s->no_ack && settle(s, "ack", messages, &e) != WAY_OK) {
            if (s->timeout_ms >= 0 || !way_code_retry(e.code))
                code = way_cli_fail(s->c, &e);
            else
                pause_after_error(&e);
        }
    }
    way_answer_fini(&a);
    return code;
}

static int run(consume *s)
{
    int64_t last_ms = way_mono_ms();
    int code = -1, got;

    while (code < 0 && !interrupted && (s->count == 0 || s->got < (uint64_t)s->count)) {
        int64_t max = s->batch, wait_ms = WAIT_MAX_MS;
        if (s->count > 0 && s->count - (int64_t)s->got < max)
            max = s->count - (int64_t)s->got;
        if (s->timeout_ms >= 0) {
            int64_t left = last_ms + s->timeout_ms - way_mono_ms();
            wait_ms = left < 0 ? 0 : left < wait_ms ? left : wait_ms;
        }
        code = take_batch(s, max, wait_ms, &got);
        if (got > 0)
            last_ms = way_mono_ms();
        else if (code < 0 && s->timeout_ms >= 0 && way_mono_ms() - last_ms >= s->timeout_ms)
            break;
    }
    if (s->unsettled > 0) {
        fprintf(stderr, "waystation: %" PRIu64 " message%s written but not confirmed as acknowledged: they may come again\n",
                s->unsettled, s->unsettled == 1 ? " was" : "s were");
        if (code < 0)
            code = WAY_EXIT_FAILED;
    }
    if (code >= 0)
        return code;
    if (s->count > 0 && s->got < (uint64_t)s->count) {
        fprintf(stderr, "waystation: %" PRIu64 " of %lld messages%s\n", s->got, (long long)s->count,
                interrupted ? " when interrupted" : " came in time (--timeout waits longer, --follow for ever)");
        return WAY_EXIT_FAILED;
    }
    if (s->got == 0 && s->c->tty_err && !interrupted)
        fprintf(stderr, "nothing new for group %s (--follow waits)\n", s->group);
    return WAY_EXIT_OK;
}

static int usage_error(const way_usage *u, const char *text)
{
    fprintf(stderr, "waystation: %s\n  %s   (--help says more)\n", text, u->line);
    return WAY_EXIT_USAGE;
}

int way_cli_consume(way_cli *c, int argc, char **argv)
{
    way_arg_int count = {0}, timeout = {0}, batch = {0};
    bool follow = false, no_ack = false, no_create = false, verbose = false;
    const char *group = NULL;
    const way_arg args[] = {
        {"group", 'g', WAY_ARG_TEXT, &group, "GROUP", "consumer group; a missing one is made, from the first message on"},
        {"count", 'n', WAY_ARG_INT, &count, "N", "end after N messages (exit code 1 when fewer came)"},
        {"follow", 'F', WAY_ARG_BOOL, &follow, NULL, "wait for new messages until interrupted"},
        {"timeout", 't', WAY_ARG_DURATION, &timeout, "TIME", "end when no message came for TIME (default 5s)"},
        {"no-ack", 0, WAY_ARG_BOOL, &no_ack, NULL, "do not acknowledge: they come again after the ack wait"},
        {"no-create", 0, WAY_ARG_BOOL, &no_create, NULL, "a missing group is an error"},
        {"batch", 'b', WAY_ARG_INT, &batch, "N", "take up to N at once (default 256)"},
        {"verbose", 'v', WAY_ARG_BOOL, &verbose, NULL, "partition, sequence, time, key and headers before each payload"},
    };
    const way_usage usage = {
        "waystation consume STATION --group GROUP [flags]",
        "Writes the payload of each message and a line feed; with --json a line of JSON\n"
        "with partition, seq, key, time, deliveries, headers and data (data_b64 when it\n"
        "is no text).  A message is acknowledged after it was written.\n"
        "`waystation get` looks without consuming.\n\n"
        "  waystation consume orders --group kitchen --count 1\n"
        "  waystation consume orders --group audit --follow --json >> audit.ndjson",
        args, WAY_COUNT(args), 1, 1};
    struct sigaction act = {.sa_handler = on_interrupt, .sa_flags = SA_RESETHAND};
    const char *words[1];
    int n, code;

    if (!way_verb_begin(&usage, argc, argv, words, &n, &code))
        return code;
    if (!group)
        return usage_error(&usage, "--group is missing");
    if (count.set && count.v < 1)
        return usage_error(&usage, "--count is a number from 1");
    if (batch.set && (batch.v < 1 || batch.v > BATCH_MAX))
        return usage_error(&usage, "--batch is a number from 1 to 10000");
    if (follow && timeout.set)
        return usage_error(&usage, "--follow waits for ever, --timeout does not: give one");
    consume s = {.c = c,
                 .station = words[0],
                 .group = group,
                 .count = count.v,
                 .timeout_ms = follow ? -1 : timeout.set ? timeout.v : TIMEOUT_DEFAULT_MS,
                 .batch = batch.set ? batch.v : BATCH_DEFAULT,
                 .no_ack = no_ack,
                 .create = !no_create,
                 .verbose = verbose};
    way_buf_init(&s.path, 0);
    way_buf_init(&s.body, 0);
    way_buf_init(&s.line, 0);
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of a write here */
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    code = run(&s);
    way_buf_fini(&s.path);
    way_buf_fini(&s.body);
    way_buf_fini(&s.line);
    return code;
}
