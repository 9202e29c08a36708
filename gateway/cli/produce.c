/* produce: arguments, standard input or files become NDJSON uploads of about 4 MiB, one after the other.
 *
 * A request that fails is sent again only when the messages have ids: then what is stored already is recognised.  Without ids
 * the user is told from which line to go on instead, since only he knows whether a second copy matters. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/model/station.h"
#include "gateway/cli/input.h"
#include "gateway/cli/request.h"
#include "gateway/cli/verbs.h"

enum { IDLE_MS = 200, PROGRESS_MS = 200, ATTEMPTS = 8, FAILURES_SHOWN = 10, FAILURES_KEPT = 1000 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupted = 1; /* SA_RESETHAND: the second one ends the process */
}

typedef struct stored { /* per partition */
    uint64_t first_seq, last_seq, count;
} stored;

typedef struct upload {
    way_cli *c;
    way_request req;
    int64_t from_line;
    uint64_t number; /* lines of the inputs that are done with */
    /* so far */
    uint64_t sent, failed, duplicates, bytes;
    stored part[WAY_PARTITIONS_MAX];
    cJSON *failures; /* array, at most FAILURES_KEPT */
    int64_t started_ms, shown_ms;
    /* set when it is over */
    way_err e;
    uint64_t resume; /* first line that is not surely stored; 0: nothing to resume */
} upload;

/* ---- telling ---- */

static void text_of(char out[64], void (*write)(way_buf *, uint64_t), uint64_t v)
{
    way_buf b;
    way_buf_init(&b, 0);
    write(&b, v);
    snprintf(out, 64, "%s", b.data);
    way_buf_fini(&b);
}

static void facts(const upload *u, char out[256], bool total)
{
    char count[64], bytes[64], rate[64];
    int64_t ms = way_mono_ms() - u->started_ms;

    text_of(count, way_text_count, u->sent);
    text_of(bytes, way_text_bytes, u->bytes);
    text_of(rate, way_text_count, u->sent * 1000 / (uint64_t)(ms > 0 ? ms : 1));
    if (total)
        snprintf(out, 256, "%s in %lld.%lld s (%s/s)", bytes, (long long)ms / 1000, (long long)ms % 1000 / 100, rate);
    else
        snprintf(out, 256, "%s messages  %s  %s/s", count, bytes, rate);
}

static void show_progress(upload *u)
{
    char text[256];
    int64_t now = way_mono_ms();

    if (!u->c->tty_err || u->c->json || now - u->shown_ms < PROGRESS_MS)
        return;
    u->shown_ms = now;
    facts(u, text, false);
    fprintf(stderr, "\r%s\033[K", text);
}

static void clear_progress(const upload *u)
{
    if (u->shown_ms != 0)
        fputs("\r\033[K", stderr);
}

static void write_summary(const upload *u)
{
    way_buf b;

    way_buf_init(&b, 0);
    way_json_open(&b, '{');
    way_json_kv_uint(&b, "sent", u->sent);
    way_json_kv_uint(&b, "failed", u->failed);
    way_json_kv_uint(&b, "duplicates", u->duplicates);
    way_json_kv_uint(&b, "bytes", u->bytes);
    way_json_kv_int(&b, "ms", way_mono_ms() - u->started_ms);
    way_json_key(&b, "partitions");
    way_json_open(&b, '[');
    for (int p = 0; p < WAY_PARTITIONS_MAX; p++)
        if (u->part[p].count > 0) {
            way_json_open(&b, '{');
            way_json_kv_int(&b, "partition", p + 1);
            way_json_kv_uint(&b, "first_seq", u->part[p].first_seq);
            way_json_kv_uint(&b, "last_seq", u->part[p].last_seq);
            way_json_kv_uint(&b, "count", u->part[p].count);
            way_json_close(&b, '}');
        }
    way_json_close(&b, ']');
    char *failures = cJSON_PrintUnformatted(u->failures);
    way_json_key(&b, "failures");
    way_json_raw(&b, failures, strlen(failures));
    free(failures);
    if (u->e.code != WAY_OK) {
        way_json_kv_str(&b, "code", way_code_name(u->e.code));
        way_json_kv_str(&b, "message", u->e.text);
        way_json_kv_bool(&b, "retry", way_code_retry(u->e.code));
    }
    if (u->resume != 0)
        way_json_kv_uint(&b, "resume_line", u->resume);
    way_json_close(&b, '}');
    puts(b.data);
    way_buf_fini(&b);
}

static void say_summary(const upload *u)
{
    char count[64], text[256];
    int parts = 0, last = 0;

    for (int p = 0; p < WAY_PARTITIONS_MAX; p++)
        if (u->part[p].count > 0) {
            parts++;
            last = p;
        }
    if (u->sent == 1 && parts == 1) {
        printf("stored in %s: partition %d, sequence %" PRIu64 "%s\n", u->req.form->station, last + 1,
               u->part[last].last_seq, u->duplicates ? " (it was there already: same message id)" : "");
        return;
    }
    text_of(count, way_text_count, u->sent);
    facts(u, text, true);
    printf("%s messages stored in %s, %d partition%s, %s\n", count, u->req.form->station, parts, parts == 1 ? "" : "s", text);
    if (u->duplicates > 0) {
        text_of(count, way_text_count, u->duplicates);
        printf("%s of them were there already (same message id)\n", count);
    }
}

static void say_failures(const upload *u)
{
    const cJSON *f;
    int shown = 0;

    cJSON_ArrayForEach(f, u->failures)
    {
        if (shown++ == FAILURES_SHOWN)
            break;
        const char *text = way_get_text(f, "message");
        fprintf(stderr, "  line %.0f: %s\n", way_get_number(f, "line"), text ? text : "failed");
    }
    if (u->failed > FAILURES_SHOWN)
        fprintf(stderr, "  … %" PRIu64 " in all were not stored\n", u->failed);
}

static void say_how_to_go_on(const upload *u)
{
    if (u->resume == 0)
        return;
    if (u->sent == 0 && u->resume <= (uint64_t)u->from_line) { /* nothing to build on: the same command again is all there is */
        if (u->e.code == WAY_E_TIMEOUT && !u->req.form->msg_id_prefix)
            fprintf(stderr, "  Some of it may be stored all the same; --msg-id-prefix makes a repeat safe.\n");
        return;
    }
    if (u->req.form->msg_id_prefix)
        fprintf(stderr,
                "  The same command with --from-line %" PRIu64 " goes on; what is stored already is recognised by its\n"
                "  message id (for as long as the station's idempotency window).\n",
                u->resume);
    else
        fprintf(stderr,
                "  All lines before %" PRIu64 " are stored: --from-line %" PRIu64 " goes on there.  Lines behind it may be\n"
                "  stored too and would be stored again; --msg-id-prefix prevents that the next time.\n",
                u->resume, u->resume);
}

static int finish(upload *u)
{
    int code = WAY_EXIT_OK;

    clear_progress(u);
    if (u->c->json)
        write_summary(u);
    else if (u->sent > 0 || u->e.code == WAY_OK)
        say_summary(u);
    fflush(stdout);
    if (u->e.code != WAY_OK) {
        way_err head = u->e;
        if (u->failed > 0 && !u->c->json) /* the words stand with each line below */
            way_fail(&head, u->e.code, "%" PRIu64 " message%s not stored:", u->failed, u->failed == 1 ? " was" : "s were");
        code = way_cli_fail(u->c, &head);
        if (!u->c->json) {
            say_failures(u);
            say_how_to_go_on(u);
        }
    } else if (interrupted) {
        fprintf(stderr, "waystation: interrupted\n");
        if (!u->c->json)
            say_how_to_go_on(u);
        code = WAY_EXIT_FAILED;
    }
    return code;
}

/* ---- sending ---- */

static void add_partitions(upload *u, const cJSON *list)
{
    const cJSON *p;

    cJSON_ArrayForEach(p, list)
    {
        double n = way_get_number(p, "partition");
        if (n < 1 || n > WAY_PARTITIONS_MAX)
            continue;
        stored *s = &u->part[(int)n - 1];
        uint64_t first = (uint64_t)way_get_number(p, "first_seq"), last = (uint64_t)way_get_number(p, "last_seq");
        if (s->count == 0 || first < s->first_seq)
            s->first_seq = first;
        if (last > s->last_seq)
            s->last_seq = last;
        s->count += (uint64_t)way_get_number(p, "count");
    }
}

/* Counts what an answer says.  false: it says that something failed. */
static bool add_answer(upload *u, const way_answer *a)
{
    const cJSON *f, *failures = way_get(a->json, "failures");
    uint64_t sent = (uint64_t)way_get_number(a->json, "sent"), failed = (uint64_t)way_get_number(a->json, "failed");

    u->sent += sent;
    u->failed += failed;
    u->duplicates += (uint64_t)way_get_number(a->json, "duplicates");
    /* of a request that half failed only the share is known */
    u->bytes += sent + failed > 0 ? (uint64_t)((double)u->req.bytes * (double)sent / (double)(sent + failed)) : 0;
    add_partitions(u, way_get(a->json, "partitions"));
    if (failed == 0)
        return true;
    double first = way_get_number(cJSON_GetArrayItem(failures, 0), "line");
    u->resume = first >= 1 ? (uint64_t)first : u->req.first_line;
    cJSON_ArrayForEach(f, failures)
    {
        if (cJSON_GetArraySize(u->failures) >= FAILURES_KEPT)
            break;
        cJSON_AddItemToArray(u->failures, cJSON_Duplicate(f, true));
    }
    return false;
}

static void back_off(int attempt)
{
    int64_t ms = attempt < 5 ? 200 << attempt : 5000;
    struct timespec ts = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&ts, NULL); /* an interrupt ends it early */
}

/* Nothing can have been stored by a request that was refused as a whole. */
static bool surely_refused(const way_err *e)
{
    return e->code == WAY_E_UNAUTH || e->code == WAY_E_FORBIDDEN || e->code == WAY_E_NOT_FOUND || e->code == WAY_E_INVAL;
}

/* Sends what is gathered.  false: over, u->e says why. */
static bool send_request(upload *u)
{
    way_answer a = {0};
    way_buf path;
    way_code rc = WAY_OK;
    bool ok = true;

    if (u->req.messages == 0) {
        way_request_reset(&u->req);
        return true;
    }
    way_buf_init(&path, 0);
    way_request_path(&u->req, &path);
    for (int attempt = 0;; attempt++) {
        way_answer_fini(&a);
        rc = way_client_call(u->c->client, WAY_CLI_REST, "POST", path.data, "application/x-ndjson", u->req.body.data,
                             u->req.body.len, &a, &u->e);
        if (rc == WAY_OK || !way_code_retry(rc) || !u->req.form->msg_id_prefix || attempt + 1 == ATTEMPTS || interrupted)
            break;
        clear_progress(u);
        fprintf(stderr, "waystation: %s; sending lines from %" PRIu64 " again\n", u->e.text, u->req.first_line);
        back_off(attempt);
    }
    bool has_summary = cJSON_IsNumber(way_get(a.json, "sent"));
    if (has_summary) {
        ok = add_answer(u, &a);
    } else if (rc == WAY_OK) {
        rc = way_fail(&u->e, WAY_E_INTERNAL, "%s does not answer like a Waystation", way_client_url(u->c->client, WAY_CLI_REST));
    }
    if (rc == WAY_OK)
        u->e.code = WAY_OK; /* an earlier attempt may have left its words */
    else if (!has_summary && !(u->sent == 0 && surely_refused(&u->e)))
        u->resume = u->req.first_line;
    way_answer_fini(&a);
    way_buf_fini(&path);
    way_request_reset(&u->req);
    show_progress(u);
    return ok && rc == WAY_OK;
}

static bool add_message(upload *u, const char *message, size_t len)
{
    way_err why;

    u->number++;
    if (u->number < (uint64_t)u->from_line)
        return true;
    if (!way_request_fits(&u->req, len) && !send_request(u))
        return false;
    if (way_request_add(&u->req, message, len, u->number, &why) == WAY_OK)
        return true;
    uint64_t at = u->number;
    if (!send_request(u)) /* what came before it is good */
        return false;
    u->resume = at;
    way_fail(&u->e, why.code, "line %" PRIu64 ": %s", at, why.text);
    return false;
}

/* One file or pipe to its end. */
static bool send_input(upload *u, int fd, way_input_form form)
{
    size_t max = u->req.form->objects ? 2 * (size_t)WAY_MSG_BYTES_MAX_MEMORY : (size_t)WAY_MSG_BYTES_MAX_MEMORY;
    way_input *in = way_input_new(fd, form, max);
    const char *message = NULL;
    size_t len = 0;
    uint64_t number, before = u->number;
    bool ok = true, more = true;
    way_err why;

    while (ok && more && !interrupted) {
        /* a slow producer at the other end of a pipe should not wait until 4 MiB have come together */
        switch (way_input_next(in, u->req.body.len > 0 ? IDLE_MS : -1, &message, &len, &number, &why)) {
        case WAY_INPUT_MESSAGE:
            ok = add_message(u, message, len);
            break;
        case WAY_INPUT_IDLE:
            ok = send_request(u);
            break;
        case WAY_INPUT_END:
            more = false;
            break;
        case WAY_INPUT_FAILED:
            ok = send_request(u);
            if (ok) {
                u->resume = u->sent > 0 ? before + number : 0;
                way_fail(&u->e, why.code, "%s", why.text);
            }
            ok = false;
            break;
        }
    }
    way_input_free(in);
    return ok;
}

static bool send_file(upload *u, const char *path, way_input_form form)
{
    if (strcmp(path, "-") == 0)
        return send_input(u, STDIN_FILENO, form);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        bool ok = send_request(u);
        if (ok)
            way_fail(&u->e, WAY_E_INVAL, "cannot open %s: %s", path, strerror(errno));
        return false;
    }
    bool ok = send_input(u, fd, form);
    close(fd);
    return ok;
}

static void send_all(upload *u, const char **words, int count, const way_arg_list *files, way_input_form form)
{
    bool ok = true;

    for (int i = 0; i < count && ok && !interrupted; i++)
        ok = add_message(u, words[i], strlen(words[i]));
    for (int i = 0; i < files->n && ok && !interrupted; i++)
        ok = send_file(u, files->v[i], form);
    if (count == 0 && files->n == 0) {
        if (isatty(STDIN_FILENO))
            fprintf(stderr, "one message per line; Ctrl-D ends\n");
        ok = send_input(u, STDIN_FILENO, form);
    }
    if (ok && send_request(u) && interrupted)
        u->resume = u->number + 1;
}

static int usage_error(const way_usage *u, const char *text)
{
    fprintf(stderr, "waystation: %s\n  %s   (--help says more)\n", text, u->line);
    return WAY_EXIT_USAGE;
}

int way_cli_produce(way_cli *c, int argc, char **argv)
{
    way_arg_list files = {.n = 0}, headers = {.n = 0};
    way_arg_int partition = {0}, from_line = {0};
    way_request_form form = {0};
    bool ndjson = false, raw = false, array = false;
    const way_arg args[] = {
        {"file", 'f', WAY_ARG_LIST, &files, "PATH", "read PATH, - is standard input; may be given several times"},
        {"json-array", 0, WAY_ARG_BOOL, &array, NULL, "the file is a JSON array: each element is a message, on one line"},
        {"raw", 0, WAY_ARG_BOOL, &raw, NULL, "the whole file is one message, of any bytes"},
        {"ndjson", 0, WAY_ARG_BOOL, &ndjson, NULL, "lines are {\"data\"|\"data_b64\",\"key\",\"msg_id\",\"headers\"}"},
        {"key", 'k', WAY_ARG_TEXT, &form.key, "KEY", "key of all messages: same key, same partition"},
        {"key-from", 0, WAY_ARG_TEXT, &form.key_from, "POINTER", "take the key from the message, such as /customer/id"},
        {"partition", 'p', WAY_ARG_INT, &partition, "P", "send to this partition, keys or not"},
        {"header", 'H', WAY_ARG_LIST, &headers, "NAME:VALUE", "header of all messages; may be given several times"},
        {"msg-id-prefix", 0, WAY_ARG_TEXT, &form.msg_id_prefix, "PREFIX", "message ids PREFIX-<line>: a repeat is not stored twice"},
        {"from-line", 0, WAY_ARG_INT, &from_line, "N", "begin with line N, to go on after a failure"},
    };
    const way_usage usage = {
        "waystation produce STATION [BODY…] [flags]",
        "Each BODY is a message.  Without one, each line of the files, or of standard\n"
        "input, is; empty lines are left out.  Lines are numbered from 1 through all\n"
        "of them (with --json-array: elements, with --raw: files).\n"
        "Ends with 0 only if nats-server has confirmed every message.\n\n"
        "  waystation produce orders '{\"id\":1}' --key alice\n"
        "  tail -f app.log | waystation produce logs\n"
        "  waystation produce flights --file flights.json --json-array --key-from /origin\n"
        "  waystation produce orders --file big.ndjson --msg-id-prefix import-7",
        args, WAY_COUNT(args), 1, -1};
    const char **words = way_xcalloc((size_t)argc + 1, sizeof *words);
    struct sigaction act = {.sa_handler = on_interrupt, .sa_flags = SA_RESETHAND};
    int count, code;
    way_err e;

    if (!way_verb_begin(&usage, argc, argv, words, &count, &code)) {
        free(words);
        return code;
    }
    form.station = words[0];
    form.headers = &headers;
    form.partition = partition.v;
    form.objects = ndjson;
    form.wrap = !ndjson && (raw || headers.n > 0 || count > 1);
    if (way_request_form_check(&form, &e) != WAY_OK)
        code = usage_error(&usage, e.text);
    else if (ndjson + raw + array > 1)
        code = usage_error(&usage, "--ndjson, --raw and --json-array exclude each other");
    else if (count > 1 && (files.n > 0 || ndjson || raw || array))
        code = usage_error(&usage, "messages come as arguments or from files, not both");
    else if (partition.set && (partition.v < 1 || partition.v > WAY_PARTITIONS_MAX))
        code = usage_error(&usage, "--partition is a number from 1 to 4096");
    else if (from_line.set && from_line.v < 1)
        code = usage_error(&usage, "--from-line is a number from 1");
    if (code == WAY_EXIT_OK) {
        upload *u = way_xcalloc(1, sizeof *u);
        u->c = c;
        u->from_line = from_line.set ? from_line.v : 1;
        u->started_ms = way_mono_ms();
        u->failures = cJSON_CreateArray();
        way_request_init(&u->req, &form);
        sigaction(SIGINT, &act, NULL);
        send_all(u, words + 1, count - 1, &files, raw ? WAY_INPUT_WHOLE : array ? WAY_INPUT_ARRAY : WAY_INPUT_LINES);
        code = finish(u);
        cJSON_Delete(u->failures);
        way_request_fini(&u->req);
        free(u);
    }
    free(words);
    return code;
}
