/* The table of verbs and what they share. */
#include "gateway/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "gateway/cli/verbs.h"

static const way_verb verbs[] = {
    {"login", way_cli_login, "sign in; the token is kept for later calls"},
    {"station", way_cli_station, "add, ls, info, edit, rm, purge: the logs that messages are kept in"},
    {"group", way_cli_group, "add, ls, info, edit, rm, seek: consumer groups of a station"},
    {"produce", way_cli_produce, "send messages: arguments, standard input, files"},
    {"consume", way_cli_consume, "take messages of a group and acknowledge them"},
    {"get", way_cli_get, "look at stored messages; nothing is consumed"},
    {"status", way_cli_status, "what the daemon and its servers are doing"},
    {NULL, NULL, NULL},
};

static const way_verb *find(const way_verb *rows, const char *name)
{
    for (; rows->name; rows++)
        if (strcmp(rows->name, name) == 0)
            return rows;
    return NULL;
}

bool way_cli_has(const char *verb)
{
    return find(verbs, verb) != NULL;
}

void way_cli_help(void)
{
    for (const way_verb *v = verbs; v->name; v++)
        printf("  %-10s %s\n", v->name, v->help);
}

int way_verb_run(const char *parent, const way_verb *rows, way_cli *c, int argc, char **argv)
{
    const way_verb *row = argc > 0 ? find(rows, argv[0]) : NULL;
    if (row)
        return row->run(c, argc - 1, argv + 1);
    bool asked = argc > 0 && (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0);
    FILE *to = asked ? stdout : stderr;
    if (argc > 0 && !asked)
        fprintf(to, "waystation: %s has no verb '%s'\n", parent, argv[0]);
    fprintf(to, "Usage: waystation %s VERB\n\n", parent);
    for (; rows->name; rows++)
        fprintf(to, "  %-8s %s\n", rows->name, rows->help);
    fprintf(to, "\nwaystation %s VERB --help says more.\n", parent);
    return asked ? WAY_EXIT_OK : WAY_EXIT_USAGE;
}

bool way_verb_begin(const way_usage *u, int argc, char **argv, const char **words, int *count, int *code)
{
    way_err e = {0};
    bool done;

    if (way_args_parse(u, argc, argv, words, count, &done, &e) != WAY_OK) {
        fprintf(stderr, "waystation: %s\n  %s   (--help says more)\n", e.text, u->line);
        *code = WAY_EXIT_USAGE;
        return false;
    }
    *code = WAY_EXIT_OK;
    return !done;
}

int way_verb_call(way_cli *c, way_cli_door door, const char *method, const way_buf *path, way_buf *b, way_answer *a)
{
    way_err e = {0};
    memset(a, 0, sizeof *a);
    if (way_client_json(c->client, door, method, path->data, b, a, &e) == WAY_OK)
        return WAY_EXIT_OK;
    if (c->json && a->json)
        way_cli_print_json(a);
    way_answer_fini(a);
    return way_cli_fail(c, &e);
}

const cJSON *way_get(const cJSON *obj, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(obj, key);
}

const char *way_get_text(const cJSON *obj, const char *key)
{
    return cJSON_GetStringValue(way_get(obj, key));
}

double way_get_number(const cJSON *obj, const char *key)
{
    const cJSON *v = way_get(obj, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

bool way_get_bool(const cJSON *obj, const char *key)
{
    return cJSON_IsTrue(way_get(obj, key));
}

/* Takes the flags that every verb knows out of argv; what is left keeps its order. */
static int common_flags(int argc, char **argv, bool *json, const char **api_url, const char **rest_url)
{
    const struct {
        const char *name;
        const char **out;
    } urls[] = {{"--api-url", api_url}, {"--rest-url", rest_url}};
    int kept = 0;

    for (int i = 0; i < argc; i++) {
        bool used = false;
        if (strcmp(argv[i], "--") == 0) {
            while (i < argc)
                argv[kept++] = argv[i++];
            break;
        }
        if (strcmp(argv[i], "--json") == 0)
            used = *json = true;
        for (size_t u = 0; u < WAY_COUNT(urls) && !used; u++) {
            size_t len = strlen(urls[u].name);
            if (strncmp(argv[i], urls[u].name, len) != 0)
                continue;
            if (argv[i][len] == '=') {
                *urls[u].out = argv[i] + len + 1;
                used = true;
            } else if (argv[i][len] == '\0' && i + 1 < argc) {
                *urls[u].out = argv[++i];
                used = true;
            }
        }
        if (!used)
            argv[kept++] = argv[i];
    }
    return kept;
}

int way_cli_main(const way_config *cfg, int argc, char **argv)
{
    const way_verb *row = argc > 0 ? find(verbs, argv[0]) : NULL;
    const char *api_url = NULL, *rest_url = NULL;
    way_cli c = {.cfg = cfg, .tty_out = isatty(STDOUT_FILENO), .tty_err = isatty(STDERR_FILENO)};

    if (!row)
        return WAY_EXIT_USAGE;
    argc = common_flags(argc, argv, &c.json, &api_url, &rest_url);
    c.client = way_client_new(api_url, rest_url);
    int code = row->run(&c, argc - 1, argv + 1);
    way_client_free(c.client);
    if (fflush(stdout) != 0 && code == WAY_EXIT_OK) {
        perror("waystation: standard output");
        code = WAY_EXIT_FAILED;
    }
    return code;
}
