/* group: add, ls, info, edit, rm, seek. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "gateway/cli/verbs.h"

typedef struct spec_flags {
    way_arg_int ack_wait, max_deliver, max_pending;
    way_arg_list backoff;
    bool ordered;
} spec_flags;

#define SHARED_FLAGS(f)                                                                                                \
    {"ack-wait", 'w', WAY_ARG_DURATION, &(f).ack_wait, "30s", "a message not settled by then is given again"},         \
    {"max-deliver", 'm', WAY_ARG_INT, &(f).max_deliver, "N", "deliveries before it becomes a dead letter"},            \
    {"backoff", 'b', WAY_ARG_LIST, &(f).backoff, "1s", "wait before each redelivery; give it once per step"},          \
    {"max-pending", 0, WAY_ARG_INT, &(f).max_pending, "N", "unsettled at once, per partition (-1: any)"}

/* Where a group starts or is moved to: one flag of these. */
typedef struct start_flags {
    bool all, fresh;
    way_arg_int last, ago;
    way_arg_list seq;
    const char *time;
} start_flags;

#define START_FLAGS(f)                                                                                                 \
    {"all", 0, WAY_ARG_BOOL, &(f).all, NULL, "from the oldest message"},                                               \
    {"new", 0, WAY_ARG_BOOL, &(f).fresh, NULL, "only what comes from now on"},                                         \
    {"last", 0, WAY_ARG_INT, &(f).last, "N", "the newest N messages of the station (10,000 at most)"},                 \
    {"seq", 0, WAY_ARG_LIST, &(f).seq, "SEQ|P:SEQ", "from a sequence, in every partition or in P"},                    \
    {"time", 0, WAY_ARG_TEXT, &(f).time, "RFC3339", "from a time: 2026-01-31T12:00:00Z"},                              \
    {"ago", 0, WAY_ARG_DURATION, &(f).ago, "1h", "from so long ago"}

static bool write_seq(way_buf *b, const way_arg_list *seq)
{
    int64_t v;
    way_json_open(b, '{');
    way_json_key(b, "seq");
    if (seq->n == 1 && way_i64_parse(seq->v[0], strlen(seq->v[0]), &v)) {
        way_json_int(b, v);
    } else {
        way_json_open(b, '{');
        for (int i = 0; i < seq->n; i++) {
            const char *colon = strchr(seq->v[i], ':');
            if (!colon || !way_i64_parse(colon + 1, strlen(colon + 1), &v)) {
                fprintf(stderr, "waystation: --seq %s: not PARTITION:SEQUENCE\n", seq->v[i]);
                return false;
            }
            char *partition = way_xstrndup(seq->v[i], (size_t)(colon - seq->v[i]));
            way_json_kv_int(b, partition, v);
            free(partition);
        }
        way_json_close(b, '}');
    }
    way_json_close(b, '}');
    return true;
}

/* "start": … when one was asked for.  required: say so when none was. */
static bool write_start(way_buf *b, const start_flags *f, bool required)
{
    int given = f->all + f->fresh + f->last.set + (f->seq.n > 0) + (f->time != NULL) + f->ago.set;
    if (given > 1 || (required && given == 0)) {
        fprintf(stderr, "waystation: give %s of --all, --new, --last, --seq, --time, --ago\n", given ? "only one" : "one");
        return false;
    }
    if (given == 0)
        return true;
    way_json_key(b, "start");
    if (f->all || f->fresh) {
        way_json_str(b, f->all ? "all" : "new");
        return true;
    }
    if (f->seq.n > 0)
        return write_seq(b, &f->seq);
    way_json_open(b, '{');
    if (f->last.set) {
        way_json_kv_int(b, "last", f->last.v);
    } else if (f->time) {
        way_json_kv_str(b, "time", f->time);
    } else {
        char text[WAY_RFC3339_MAX];
        way_rfc3339_from_ns((way_wall_ms() - f->ago.v) * 1000000, text);
        way_json_kv_str(b, "time", text);
    }
    way_json_close(b, '}');
    return true;
}

static bool write_spec(way_buf *b, const spec_flags *f)
{
    if (f->ack_wait.set)
        way_json_kv_int(b, "ack_wait_ms", f->ack_wait.v);
    if (f->max_deliver.set)
        way_json_kv_int(b, "max_deliver", f->max_deliver.v);
    if (f->max_pending.set)
        way_json_kv_int(b, "max_ack_pending", f->max_pending.v);
    if (f->ordered)
        way_json_kv_bool(b, "ordered", true);
    if (f->backoff.n == 0)
        return true;
    way_json_key(b, "backoff_ms");
    way_json_open(b, '[');
    for (int i = 0; i < f->backoff.n; i++) {
        int64_t ms;
        if (!way_duration_to_ms(f->backoff.v[i], &ms)) {
            fprintf(stderr, "waystation: --backoff %s: not a duration, such as 500ms, 30s or 5m\n", f->backoff.v[i]);
            return false;
        }
        way_json_int(b, ms);
    }
    way_json_close(b, ']');
    return true;
}

static void table_age(way_table *t, const cJSON *obj)
{
    const cJSON *v = way_get(obj, "oldest_pending_ms");
    way_table_ms(t, cJSON_IsNumber(v) ? (int64_t)v->valuedouble : -1);
}

static void print_group(const cJSON *g)
{
    static const char *const heads[] = {">PARTITION", ">LAG", ">UNACKED", ">OLDEST", NULL};
    const cJSON *p;
    way_buf b;
    way_table t;

    way_buf_init(&b, 0);
    printf("Group %s (%s)\n", way_get_text(g, "name"), way_get_text(g, "state") ? way_get_text(g, "state") : "active");
    way_text_ms(&b, (int64_t)way_get_number(g, "ack_wait_ms"));
    printf("  ack wait         %s\n", b.data);
    printf("  max deliveries   %.0f\n", way_get_number(g, "max_deliver"));
    if (cJSON_GetArraySize(way_get(g, "backoff_ms")) > 0) {
        way_buf_reset(&b);
        cJSON_ArrayForEach(p, way_get(g, "backoff_ms"))
        {
            if (b.len)
                way_buf_str(&b, ", ");
            way_text_ms(&b, (int64_t)p->valuedouble);
        }
        printf("  back-off         %s\n", b.data);
    }
    if (way_get_number(g, "max_ack_pending") > 0)
        printf("  max pending      %.0f per partition\n", way_get_number(g, "max_ack_pending"));
    way_buf_reset(&b);
    way_text_count(&b, (uint64_t)way_get_number(g, "lag"));
    printf("  lag              %s not yet delivered\n", b.data);
    way_buf_reset(&b);
    way_text_count(&b, (uint64_t)way_get_number(g, "unacked"));
    printf("  unacked          %s\n\n", b.data);
    way_table_init(&t, heads);
    cJSON_ArrayForEach(p, way_get(g, "partitions"))
    {
        way_table_count(&t, (uint64_t)way_get_number(p, "partition"));
        way_table_count(&t, (uint64_t)way_get_number(p, "lag"));
        way_table_count(&t, (uint64_t)way_get_number(p, "unacked"));
        table_age(&t, p);
    }
    way_table_print(&t);
    way_table_fini(&t);
    way_buf_fini(&b);
}

static int show(way_cli *c, way_answer *a, const char *did)
{
    if (c->json) {
        way_cli_print_json(a);
    } else {
        if (did)
            printf("%s\n", did);
        print_group(a->json);
        if (way_get_number(a->json, "dropped") > 0)
            fprintf(stderr, "Note: %.0f messages that were held for the first group lie before its start and are gone.\n",
                    way_get_number(a->json, "dropped"));
        if (way_get_text(a->json, "note"))
            fprintf(stderr, "Note: %s\n", way_get_text(a->json, "note"));
    }
    way_answer_fini(a);
    return WAY_EXIT_OK;
}

static int add(way_cli *c, int argc, char **argv)
{
    spec_flags f = {0};
    start_flags start = {0};
    const way_arg args[] = {
        START_FLAGS(start),
        SHARED_FLAGS(f),
        {"ordered", 0, WAY_ARG_BOOL, &f.ordered, NULL, "one unsettled message per partition: strict order"},
    };
    const way_usage u = {"waystation group add STATION GROUP [flags]",
                         "Makes a consumer group.  Its members share the messages of the station; without a start flag\n"
                         "it begins with the oldest message.",
                         args, WAY_COUNT(args), 2, 2};
    const char *words[2];
    way_buf path, b;
    int count, code;

    way_buf_init(&path, 0);
    way_buf_init(&b, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        way_path(&path, "/v1/stations/", words[0], "/groups", NULL);
        way_json_open(&b, '{');
        way_json_kv_str(&b, "name", words[1]);
        code = write_spec(&b, &f) && write_start(&b, &start, false) ? WAY_EXIT_OK : WAY_EXIT_USAGE;
        way_json_close(&b, '}');
        if (code == WAY_EXIT_OK)
            code = way_verb_call(c, WAY_CLI_API, "POST", &path, &b, &a);
        if (code == WAY_EXIT_OK)
            code = show(c, &a, "Added.");
    }
    way_buf_fini(&path);
    way_buf_fini(&b);
    return code;
}

static int edit(way_cli *c, int argc, char **argv)
{
    spec_flags f = {0};
    bool force = false;
    const way_arg args[] = {
        SHARED_FLAGS(f),
        {"force", 'f', WAY_ARG_BOOL, &force, NULL, "lower --max-deliver although messages are being redelivered"},
    };
    const way_usage u = {"waystation group edit STATION GROUP [flags]", "Changes what is named; `group seek` moves the start.", args,
                         WAY_COUNT(args), 2, 2};
    const char *words[2];
    way_buf path, b;
    int count, code;

    way_buf_init(&path, 0);
    way_buf_init(&b, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        way_path(&path, "/v1/stations/", words[0], "/groups/", words[1], NULL);
        if (force)
            way_path_query(&path, "force", "true");
        way_json_open(&b, '{');
        code = write_spec(&b, &f) ? WAY_EXIT_OK : WAY_EXIT_USAGE;
        way_json_close(&b, '}');
        if (code == WAY_EXIT_OK)
            code = way_verb_call(c, WAY_CLI_API, "PATCH", &path, &b, &a);
        if (code == WAY_EXIT_OK)
            code = show(c, &a, "Changed.");
    }
    way_buf_fini(&path);
    way_buf_fini(&b);
    return code;
}

static int ls(way_cli *c, int argc, char **argv)
{
    static const char *const heads[] = {"GROUP", ">LAG", ">UNACKED", ">OLDEST", ">ACK WAIT", ">MAX DELIVER", NULL};
    const way_usage u = {"waystation group ls STATION", "Lists the groups of a station with what each has still to do.", NULL, 0, 1, 1};
    const char *words[1];
    way_buf path;
    int count, code;

    way_buf_init(&path, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        way_path(&path, "/v1/stations/", words[0], "/groups", NULL);
        code = way_verb_call(c, WAY_CLI_API, "GET", &path, NULL, &a);
        if (code == WAY_EXIT_OK) {
            way_table t;
            const cJSON *g;
            way_table_init(&t, heads);
            cJSON_ArrayForEach(g, way_get(a.json, "groups"))
            {
                way_table_text(&t, way_get_text(g, "name"));
                way_table_count(&t, (uint64_t)way_get_number(g, "lag"));
                way_table_count(&t, (uint64_t)way_get_number(g, "unacked"));
                table_age(&t, g);
                way_table_ms(&t, (int64_t)way_get_number(g, "ack_wait_ms"));
                way_table_count(&t, (uint64_t)way_get_number(g, "max_deliver"));
            }
            if (c->json)
                way_cli_print_json(&a);
            else if (t.count == 0)
                fprintf(stderr, "No groups yet: waystation group add %s GROUP\n", words[0]);
            else
                way_table_print(&t);
            way_table_fini(&t);
            way_answer_fini(&a);
        }
    }
    way_buf_fini(&path);
    return code;
}

static int info(way_cli *c, int argc, char **argv)
{
    const way_usage u = {"waystation group info STATION GROUP", "Shows one group, partition by partition.", NULL, 0, 2, 2};
    const char *words[2];
    way_buf path;
    int count, code;

    way_buf_init(&path, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        way_path(&path, "/v1/stations/", words[0], "/groups/", words[1], NULL);
        code = way_verb_call(c, WAY_CLI_API, "GET", &path, NULL, &a);
        if (code == WAY_EXIT_OK)
            code = show(c, &a, NULL);
    }
    way_buf_fini(&path);
    return code;
}

static int rm(way_cli *c, int argc, char **argv)
{
    const way_usage u = {"waystation group rm STATION GROUP",
                         "Removes a group: what it has not acknowledged it will never see.  Messages stay.", NULL, 0, 2, 2};
    const char *words[2];
    way_buf path;
    int count, code;

    way_buf_init(&path, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        way_path(&path, "/v1/stations/", words[0], "/groups/", words[1], NULL);
        code = way_verb_call(c, WAY_CLI_API, "DELETE", &path, NULL, &a);
        if (code == WAY_EXIT_OK) {
            puts(c->json ? "{}" : "Removed.");
            way_answer_fini(&a);
        }
    }
    way_buf_fini(&path);
    return code;
}

static void print_seek(const cJSON *v, const char *station)
{
    static const char *const heads[] = {">PARTITION", ">FROM", ">TO", ">SKIPS", ">REPEATS", NULL};
    const cJSON *p;
    way_table t;
    bool dry = way_get_bool(v, "dry_run");

    way_table_init(&t, heads);
    cJSON_ArrayForEach(p, way_get(v, "partitions"))
    {
        way_table_count(&t, (uint64_t)way_get_number(p, "partition"));
        way_table_count(&t, (uint64_t)way_get_number(p, "from"));
        way_table_count(&t, (uint64_t)way_get_number(p, "to"));
        way_table_count(&t, (uint64_t)way_get_number(p, "skips"));
        way_table_count(&t, (uint64_t)way_get_number(p, "repeats"));
    }
    way_table_print(&t);
    way_table_fini(&t);
    printf("\n%s %s: %.0f messages %s skipped, %.0f repeated.\n", dry ? "Dry run on" : "Moved the group on", station,
           way_get_number(v, "skips"), dry ? "would be" : "are", way_get_number(v, "repeats"));
}

static int seek(way_cli *c, int argc, char **argv)
{
    start_flags start = {0};
    bool dry = false;
    const way_arg args[] = {
        START_FLAGS(start),
        {"dry-run", 'n', WAY_ARG_BOOL, &dry, NULL, "only say how many messages would be skipped or repeated"},
    };
    const way_usage u = {"waystation group seek STATION GROUP --all|--new|--last|--seq|--time|--ago [--dry-run]",
                         "Moves a group.  What was fetched before and is not settled yet cannot be settled any more.", args,
                         WAY_COUNT(args), 2, 2};
    const char *words[2];
    way_buf path, b;
    int count, code;

    way_buf_init(&path, 0);
    way_buf_init(&b, 0);
    if (way_verb_begin(&u, argc, argv, words, &count, &code)) {
        way_answer a;
        way_path(&path, "/v1/stations/", words[0], "/groups/", words[1], ":seek", NULL);
        way_json_open(&b, '{');
        code = write_start(&b, &start, true) ? WAY_EXIT_OK : WAY_EXIT_USAGE;
        way_json_kv_bool(&b, "dry_run", dry);
        way_json_close(&b, '}');
        if (code == WAY_EXIT_OK)
            code = way_verb_call(c, WAY_CLI_API, "POST", &path, &b, &a);
        if (code == WAY_EXIT_OK) {
            if (c->json)
                way_cli_print_json(&a);
            else
                print_seek(a.json, words[0]);
            way_answer_fini(&a);
        }
    }
    way_buf_fini(&path);
    way_buf_fini(&b);
    return code;
}

int way_cli_group(way_cli *c, int argc, char **argv)
{
    static const way_verb rows[] = {
        {"add", add, "make a group"},
        {"ls", ls, "list the groups of a station"},
        {"info", info, "show one, partition by partition"},
        {"edit", edit, "change settings"},
        {"rm", rm, "remove a group"},
        {"seek", seek, "move it to a sequence, a time, all or new"},
        {NULL, NULL, NULL},
    };
    return way_verb_run("group", rows, c, argc, argv);
}
