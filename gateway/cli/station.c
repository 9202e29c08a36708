/* station: add, ls, info, edit, rm, purge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "gateway/cli/verbs.h"

/* Flags that add and edit share, as they were given. */
typedef struct spec_flags {
    way_arg_int partitions, replicas, age, messages, bytes, window, max_message;
    const char *storage, *description;
    bool ack_based, no_ack_based;
    way_arg_list tags;
} spec_flags;

#define SHARED_FLAGS(f)                                                                                                \
    {"replicas", 'r', WAY_ARG_INT, &(f).replicas, "N", "copies of each partition: 1, 3 or 5"},                         \
    {"retention-age", 'a', WAY_ARG_DURATION, &(f).age, "7d", "drop messages older than this (0s: no limit)"},          \
    {"retention-messages", 0, WAY_ARG_INT, &(f).messages, "N", "keep at most N messages in the station"},              \
    {"retention-bytes", 0, WAY_ARG_BYTES, &(f).bytes, "SIZE", "keep at most SIZE bytes in the station"},               \
    {"ack-based", 0, WAY_ARG_BOOL, &(f).ack_based, NULL, "drop a message when every group acknowledged it"},           \
    {"dedup-window", 0, WAY_ARG_DURATION, &(f).window, "2m", "how long a message id is remembered"},                   \
    {"max-message", 0, WAY_ARG_BYTES, &(f).max_message, "SIZE", "largest message (file: 31MiB, memory: 63MiB)"},       \
    {"description", 'd', WAY_ARG_TEXT, &(f).description, "TEXT", "what it is for"},                                    \
    {"tag", 0, WAY_ARG_LIST, &(f).tags, "K=V", "label; may be given several times"}

static bool write_tags(way_buf *b, const way_arg_list *tags)
{
    way_json_key(b, "tags");
    way_json_open(b, '{');
    for (int i = 0; i < tags->n; i++) {
        const char *eq = strchr(tags->v[i], '=');
        if (!eq || eq == tags->v[i]) {
            fprintf(stderr, "waystation: --tag %s: not of the form KEY=VALUE\n", tags->v[i]);
            return false;
        }
        char *key = way_xstrndup(tags->v[i], (size_t)(eq - tags->v[i]));
        way_json_kv_str(b, key, eq + 1);
        free(key);
    }
    way_json_close(b, '}');
    return true;
}

/* Members of the open object: only what was given. */
static bool write_spec(way_buf *b, const spec_flags *f)
{
    if (f->partitions.set)
        way_json_kv_int(b, "partitions", f->partitions.v);
    if (f->storage)
        way_json_kv_str(b, "storage", f->storage);
    if (f->replicas.set)
        way_json_kv_int(b, "replicas", f->replicas.v);
    if (f->age.set || f->messages.set || f->bytes.set || f->ack_based || f->no_ack_based) {
        if (f->age.set && f->age.v % 1000 != 0) {
            fprintf(stderr, "waystation: --retention-age is counted in whole seconds\n");
            return false;
        }
        way_json_key(b, "retention");
        way_json_open(b, '{');
        if (f->age.set)
            way_json_kv_int(b, "max_age_sec", f->age.v / 1000);
        if (f->messages.set)
            way_json_kv_int(b, "max_messages", f->messages.v);
        if (f->bytes.set)
            way_json_kv_int(b, "max_bytes", f->bytes.v);
        if (f->ack_based || f->no_ack_based)
            way_json_kv_bool(b, "ack_based", f->ack_based);
        way_json_close(b, '}');
    }
    if (f->window.set)
        way_json_kv_int(b, "idempotency_window_ms", f->window.v);
    if (f->max_message.set)
        way_json_kv_int(b, "max_message_bytes", f->max_message.v);
    if (f->description)
        way_json_kv_str(b, "description", f->description);
    return f->tags.n == 0 || write_tags(b, &f->tags);
}

static void print_retention(const cJSON *st, way_buf *out)
{
    const cJSON *r = way_get(st, "retention");
    double age = way_get_number(r, "max_age_sec"), messages = way_get_number(r, "max_messages"),
           bytes = way_get_number(r, "max_bytes");
    const char *sep = "";
    if (age > 0) {
        way_text_ms(out, (int64_t)age * 1000);
        sep = ", ";
    }
    if (messages > 0) {
        way_buf_str(out, sep);
        way_text_count(out, (uint64_t)messages);
        way_buf_str(out, " messages");
        sep = ", ";
    }
    if (bytes > 0) {
        way_buf_str(out, sep);
        way_text_bytes(out, (uint64_t)bytes);
        sep = ", ";
    }
    if (way_get_bool(r, "ack_based")) {
        way_buf_str(out, sep);
        way_buf_str(out, "until acknowledged");
        sep = ", ";
    }
    if (!*sep)
        way_buf_str(out, "for ever");
}

static void print_partitions(const cJSON *st)
{
    static const char *const heads[] = {">PARTITION", ">MESSAGES", ">SIZE", ">FIRST", ">LAST", NULL};
    const cJSON *list = way_get(st, "partition_list"), *p;
    way_table t;

    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) == 0)
        return;
    way_table_init(&t, heads);
    cJSON_ArrayForEach(p, list)
    {
        way_table_count(&t, (uint64_t)way_get_number(p, "partition"));
        way_table_count(&t, (uint64_t)way_get_number(p, "messages"));
        way_table_bytes(&t, (uint64_t)way_get_number(p, "bytes"));
        way_table_count(&t, (uint64_t)way_get_number(p, "first_seq"));
        way_table_count(&t, (uint64_t)way_get_number(p, "last_seq"));
    }
    printf("\n");
    way_table_print(&t);
    way_table_fini(&t);
}

static void print_station(const cJSON *st)
{
    way_buf b;
    const cJSON *v;

    way_buf_init(&b, 0);
    printf("Station %s (%s)\n", way_get_text(st, "name"), way_get_text(st, "state"));
    const char *description = way_get_text(st, "description");
    if (description && *description)
        printf("  %s\n", description);
    printf("  partitions       %.0f\n", way_get_number(st, "partitions"));
    printf("  storage          %s, replicas %.0f\n", way_get_text(st, "storage"), way_get_number(st, "replicas"));
    print_retention(st, &b);
    printf("  retention        %s\n", b.data);
    way_buf_reset(&b);
    way_text_ms(&b, (int64_t)way_get_number(st, "idempotency_window_ms"));
    printf("  dedup window     %s\n", b.data);
    way_buf_reset(&b);
    way_text_bytes(&b, (uint64_t)way_get_number(st, "max_message_bytes"));
    printf("  largest message  %s\n", b.data);
    way_buf_reset(&b);
    way_text_count(&b, (uint64_t)way_get_number(st, "messages"));
    way_buf_str(&b, ", ");
    way_text_bytes(&b, (uint64_t)way_get_number(st, "bytes"));
    printf("  messages         %s\n", b.data);
    if (way_get_bool(way_get(st, "hold"), "in_place")) {
        const char *since = way_get_text(way_get(st, "hold"), "since");
        printf("  held             %.0f messages wait for the first group%s%s\n",
               way_get_number(way_get(st, "hold"), "held_messages"), since ? ", since " : "", since ? since : "");
    }
    cJSON_ArrayForEach(v, way_get(st, "tags"))
        printf("  tag              %s=%s\n", v->string, v->valuestring ? v->valuestring : "");
    cJSON_ArrayForEach(v, way_get(st, "problems"))
        printf("  PROBLEM          partition %.0f: %s\n", way_get_number(v, "partition"), way_get_text(v, "text"));
    way_buf_fini(&b);
    print_partitions(st);
}

static int show(way_cli *c, way_answer *a, const char *did)
{
    if (c->json) {
        way_cli_print_json(a);
    } else {
        if (did)
            printf("%s\n", did);
        print_station(a->json);
    }
    way_answer_fini(a);
    return WAY_EXIT_OK;
}

static int add(way_cli *c, int argc, char **argv)
{
    spec_flags f = {0};
    const way_arg args[] = {
        {"partitions", 'p', WAY_ARG_INT, &f.partitions, "N", "1 to 4096 (default 1)"},
        {"storage", 's', WAY_ARG_TEXT, &f.storage, "KIND", "file or memory (default file)"},
        SHARED_FLAGS(f),
    };
    const way_usage u = {"waystation station add NAME [flags]",
                         "Makes a station: a log of one or more partitions.  Without a retention flag messages are\n"
                         "kept for one hour.  Messages of one key go to one partition and keep their order.",
                         args, WAY_COUNT(args), 1, 1};
    const char *words[1];
    way_buf path, b;
    int count, code;

    way_buf_init(&path, 0);
    way_buf_init(&b, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        way_buf_str(&path, "/v1/stations");
        way_json_open(&b, '{');
        way_json_kv_str(&b, "name", words[0]);
        code = write_spec(&b, &f) ? WAY_EXIT_OK : WAY_EXIT_USAGE;
        way_json_close(&b, '}');
        if (code == WAY_EXIT_OK)
            code = way_verb_call(c, WAY_CLI_API, "POST", &path, &b, &a);
        if (code == WAY_EXIT_OK) {
            double parts = way_get_number(a.json, "partitions");
            bool skew = parts > 1 && (f.messages.set || f.bytes.set);
            code = show(c, &a, "Added.");
            if (skew && !c->json)
                fprintf(stderr, "Note: each partition keeps its share (1/%.0f) of the limit; with skewed keys the fullest drops "
                                "messages while others have room.\n", parts);
        }
    }
    way_buf_fini(&path);
    way_buf_fini(&b);
    return code;
}

static int edit(way_cli *c, int argc, char **argv)
{
    spec_flags f = {0};
    const way_arg args[] = {
        {"no-ack-based", 0, WAY_ARG_BOOL, &f.no_ack_based, NULL, "keep messages by the limits only"},
        SHARED_FLAGS(f),
    };
    const way_usage u = {"waystation station edit NAME [flags]",
                         "Changes what is named and keeps the rest.  Name, storage and partitions cannot change.", args,
                         WAY_COUNT(args), 1, 1};
    const char *words[1];
    way_buf path, b;
    int count, code;

    way_buf_init(&path, 0);
    way_buf_init(&b, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        way_path(&path, "/v1/stations/", words[0], NULL);
        way_json_open(&b, '{');
        code = write_spec(&b, &f) ? WAY_EXIT_OK : WAY_EXIT_USAGE;
        way_json_close(&b, '}');
        if (code == WAY_EXIT_OK && b.len == 2) {
            fprintf(stderr, "waystation: nothing to change; %s\n", u.line);
            code = WAY_EXIT_USAGE;
        }
        if (code == WAY_EXIT_OK)
            code = way_verb_call(c, WAY_CLI_API, "PATCH", &path, &b, &a);
        if (code == WAY_EXIT_OK)
            code = show(c, &a, "Changed.");
    }
    way_buf_fini(&path);
    way_buf_fini(&b);
    return code;
}

static void list_row(way_table *t, const cJSON *st)
{
    way_buf b;
    way_buf_init(&b, 0);
    way_table_text(t, way_get_text(st, "name"));
    way_table_count(t, (uint64_t)way_get_number(st, "partitions"));
    way_table_count(t, (uint64_t)way_get_number(st, "messages"));
    way_table_bytes(t, (uint64_t)way_get_number(st, "bytes"));
    print_retention(st, &b);
    way_table_text(t, b.data);
    const char *state = way_get_text(st, "state");
    way_table_text(t, cJSON_GetArraySize(way_get(st, "problems")) > 0 ? "PROBLEM" : state);
    way_buf_fini(&b);
}

static int ls(way_cli *c, int argc, char **argv)
{
    static const char *const heads[] = {"NAME", ">PARTS", ">MESSAGES", ">SIZE", "RETENTION", "STATE", NULL};
    const way_usage u = {"waystation station ls", "Lists all stations.", NULL, 0, 0, 0};
    const char *words[1];
    way_buf path;
    way_table t;
    int count, code;
    char *after = NULL;
    cJSON *all = c->json ? cJSON_CreateArray() : NULL;

    if (!way_verb_begin(&u, argc, argv, words, &count, &code)) {
        cJSON_Delete(all);
        return code;
    }
    way_buf_init(&path, 0);
    way_table_init(&t, heads);
    do {
        way_answer a;
        way_buf_reset(&path);
        way_buf_str(&path, "/v1/stations?limit=500");
        way_path_query(&path, "after", after);
        free(after);
        after = NULL;
        code = way_verb_call(c, WAY_CLI_API, "GET", &path, NULL, &a);
        if (code != WAY_EXIT_OK)
            break;
        cJSON *list = cJSON_DetachItemFromObjectCaseSensitive(a.json, "stations"), *st;
        while (c->json && (st = cJSON_DetachItemFromArray(list, 0)) != NULL)
            cJSON_AddItemToArray(all, st);
        cJSON_ArrayForEach(st, list)
            list_row(&t, st);
        after = way_xstrdup(way_get_text(a.json, "next"));
        cJSON_Delete(list);
        way_answer_fini(&a);
    } while (after);
    if (code == WAY_EXIT_OK && c->json) {
        char *text = cJSON_PrintUnformatted(all);
        printf("{\"stations\":%s}\n", text);
        free(text);
    } else if (code == WAY_EXIT_OK && t.count == 0) {
        fprintf(stderr, "No stations yet: waystation station add NAME\n");
    } else if (code == WAY_EXIT_OK) {
        way_table_print(&t);
    }
    free(after);
    cJSON_Delete(all);
    way_table_fini(&t);
    way_buf_fini(&path);
    return code;
}

static int info(way_cli *c, int argc, char **argv)
{
    const way_usage u = {"waystation station info NAME", "Shows one station with its partitions.", NULL, 0, 1, 1};
    const char *words[1];
    way_buf path;
    int count, code;

    way_buf_init(&path, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        way_path(&path, "/v1/stations/", words[0], NULL);
        code = way_verb_call(c, WAY_CLI_API, "GET", &path, NULL, &a);
        if (code == WAY_EXIT_OK)
            code = show(c, &a, NULL);
    }
    way_buf_fini(&path);
    return code;
}

/* Asks on a terminal; without one --force is needed. */
static bool confirmed(const char *what, const char *name, bool force)
{
    char line[16];
    if (force)
        return true;
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "waystation: this cannot be undone; --force does it without asking\n");
        return false;
    }
    fprintf(stderr, "%s %s? This cannot be undone. [y/N] ", what, name);
    return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static int destroy(way_cli *c, int argc, char **argv, const way_usage *base, const char *method, const char *tail,
                   const char *question)
{
    bool force = false;
    const way_arg args[] = {{"force", 'f', WAY_ARG_BOOL, &force, NULL, "do not ask"}};
    way_usage u = *base;
    const char *words[1];
    way_buf path;
    int count, code;

    u.args = args;
    u.count = 1;
    way_buf_init(&path, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        code = confirmed(question, words[0], force) ? WAY_EXIT_OK : WAY_EXIT_USAGE;
        way_path(&path, "/v1/stations/", words[0], tail, NULL);
        if (code == WAY_EXIT_OK)
            code = way_verb_call(c, WAY_CLI_API, method, &path, NULL, &a);
        if (code == WAY_EXIT_OK) {
            if (c->json)
                puts(a.len ? a.body : "{}");
            else if (way_get(a.json, "removed"))
                printf("Removed %.0f messages.\n", way_get_number(a.json, "removed"));
            else
                printf("Removed.\n");
            way_answer_fini(&a);
        }
    }
    way_buf_fini(&path);
    return code;
}

static int rm(way_cli *c, int argc, char **argv)
{
    const way_usage u = {"waystation station rm NAME [--force]", "Removes a station with its messages and groups.", NULL, 0, 1, 1};
    return destroy(c, argc, argv, &u, "DELETE", NULL, "Remove station");
}

static int purge(way_cli *c, int argc, char **argv)
{
    const way_usage u = {"waystation station purge NAME [--force]", "Removes all messages and keeps the station and its groups.",
                         NULL, 0, 1, 1};
    return destroy(c, argc, argv, &u, "POST", "/purge", "Remove all messages of");
}

int way_cli_station(way_cli *c, int argc, char **argv)
{
    static const way_verb rows[] = {
        {"add", add, "make a station"},
        {"ls", ls, "list stations"},
        {"info", info, "show one with its partitions"},
        {"edit", edit, "change settings"},
        {"rm", rm, "remove a station and its messages"},
        {"purge", purge, "remove its messages only"},
        {NULL, NULL, NULL},
    };
    return way_verb_run("station", rows, c, argc, argv);
}
