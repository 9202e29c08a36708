/* get: look at stored messages by sequence; no consumer is touched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "gateway/cli/delivery.h"
#include "gateway/cli/verbs.h"

int way_cli_get(way_cli *c, int argc, char **argv)
{
    way_arg_int partition = {0}, from = {0}, limit = {0};
    const char *contains = NULL, *header = NULL;
    bool full = false;
    const way_arg args[] = {
        {"partition", 'p', WAY_ARG_INT, &partition, "P", "only this partition (default: one after the other)"},
        {"from", 0, WAY_ARG_INT, &from, "SEQ", "first sequence to look at"},
        {"limit", 'n', WAY_ARG_INT, &limit, "N", "show at most N messages (default 20)"},
        {"contains", 0, WAY_ARG_TEXT, &contains, "TEXT", "only messages whose payload has TEXT"},
        {"header", 0, WAY_ARG_TEXT, &header, "K:V", "only messages with this header"},
        {"verbose", 'v', WAY_ARG_BOOL, &full, NULL, "partition, sequence, time, key and headers before each payload"},
    };
    const way_usage u = {"waystation get STATION [flags]",
                         "Shows stored messages, oldest first.  Nothing is consumed and nothing is deleted.\n"
                         "With --json each message is one line of JSON.",
                         args, WAY_COUNT(args), 1, 1};
    const char *words[1];
    way_buf path, line;
    int count, code;

    if (!way_verb_begin(&u, argc, argv, words, &count, &code))
        return code;
    int64_t left = limit.set ? limit.v : 20;
    char *after = NULL;
    way_buf_init(&path, 0);
    way_buf_init(&line, 0);
    do {
        way_answer a;
        const cJSON *m;
        way_buf_reset(&path);
        way_path(&path, "/v1/stations/", words[0], "/messages", NULL);
        way_path_query(&path, "payload", "base64"); /* whole, also with NUL bytes inside */
        way_path_query_int(&path, "limit", left < 1000 ? left : 1000);
        if (partition.set)
            way_path_query_int(&path, "partition", partition.v);
        if (from.set)
            way_path_query_int(&path, "from", from.v);
        way_path_query(&path, "contains", contains);
        way_path_query(&path, "header", header);
        way_path_query(&path, "after", after);
        free(after);
        after = NULL;
        code = way_verb_call(c, WAY_CLI_REST, "GET", &path, NULL, &a);
        if (code != WAY_EXIT_OK)
            break;
        cJSON_ArrayForEach(m, way_get(a.json, "messages"))
        {
            way_buf_reset(&line);
            way_delivery_write(m, c->json, full, &line);
            fwrite(line.data, 1, line.len, stdout);
            left--;
        }
        after = left > 0 ? way_xstrdup(way_get_text(a.json, "next")) : NULL;
        way_answer_fini(&a);
    } while (after);
    free(after);
    way_buf_fini(&path);
    way_buf_fini(&line);
    return code;
}
