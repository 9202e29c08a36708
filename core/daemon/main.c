/* Entry: configuration, then the verb.
 *
 * Flags of the configuration table are taken wherever they stand for `serve` and `config`, and before the verb for
 * every other one: what follows a command-line verb is that verb's own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/daemon/config_verb.h"
#include "core/daemon/serve.h"
#include "gateway/cli/cli.h"

static void help(void)
{
    printf("waystation %s: stations, consumer groups and HTTP on a stock NATS JetStream\n\n"
           "usage: waystation [flags] verb …\n\n"
           "  serve        run the daemon (waystation serve --help lists its flags)\n"
           "  config show  print the configuration in force, secrets masked\n\n",
           WAY_VERSION);
    way_cli_help();
    printf("\n  --config FILE, --help, --version\n");
}

static void serve_help(void)
{
    printf("usage: waystation serve [--config FILE] [flags]\n\n"
           "Runs until SIGTERM or SIGINT. Exit code: 0 stopped, 1 could not start, 2 wrong "
           "configuration.\n\n");
    way_config_help();
}

/* The file is below the flags, so it has to be known before the first of them is read. */
static const char *find_config_file(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            break;
        if (strncmp(argv[i], "--config=", 9) == 0)
            return argv[i] + 9;
        if (strcmp(argv[i], "--config") == 0)
            return i + 1 < argc ? argv[i + 1] : "";
    }
    const char *env = getenv("WAYSTATION_CONFIG");
    return env && *env ? env : NULL;
}

static bool own_verb(const char *verb)
{
    return strcmp(verb, "serve") == 0 || strcmp(verb, "config") == 0;
}

/* Moves what is not a configuration flag to the front of argv (from index 1) and returns how many are left there. */
static way_code take_flags(way_config *cfg, int argc, char **argv, int *left, way_err *e)
{
    int kept = 1;
    for (int i = 1; i < argc;) {
        bool cli_verb = kept > 1 && !own_verb(argv[1]);
        int used = 0;
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            i += 2;
            continue;
        }
        if (strncmp(argv[i], "--config=", 9) == 0) {
            i++;
            continue;
        }
        if (!cli_verb) {
            way_code rc = way_config_flag(cfg, argc - i, argv + i, &used, e);
            if (rc != WAY_OK)
                return rc;
        }
        if (used > 0)
            i += used;
        else
            argv[kept++] = argv[i++];
    }
    *left = kept;
    return WAY_OK;
}

static int run(const way_config *cfg, int argc, char **argv)
{
    if (argc < 2) {
        help();
        return WAY_EXIT_USAGE;
    }
    const char *verb = argv[1];
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0 ||
        (strcmp(verb, "help") == 0 && argc == 2)) {
        help();
        return WAY_EXIT_OK;
    }
    if (strcmp(verb, "--version") == 0 || strcmp(verb, "version") == 0) {
        printf("waystation %s\n", WAY_VERSION);
        return WAY_EXIT_OK;
    }
    if (strcmp(verb, "config") == 0)
        return way_config_verb(cfg, argc - 1, argv + 1);
    if (strcmp(verb, "serve") == 0) {
        if (argc == 2)
            return way_serve(cfg);
        if (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0) {
            serve_help();
            return WAY_EXIT_OK;
        }
        fprintf(stderr, "waystation: serve does not know '%s' (waystation serve --help)\n",
                argv[2]);
        return WAY_EXIT_USAGE;
    }
    if (way_cli_has(verb))
        return way_cli_main(cfg, argc - 1, argv + 1);
    fprintf(stderr, "waystation: no verb '%s' (waystation --help)\n", verb);
    return WAY_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    way_config cfg;
    way_err e = {0};
    int left = 0;

    way_config_init(&cfg);
    const char *file = find_config_file(argc, argv);
    way_code rc = file ? way_config_load_file(&cfg, file, &e) : WAY_OK;
    if (rc == WAY_OK)
        rc = way_config_load_env(&cfg, &e);
    if (rc == WAY_OK)
        rc = take_flags(&cfg, argc, argv, &left, &e);
    int code = WAY_EXIT_USAGE;
    if (rc == WAY_OK)
        code = run(&cfg, left, argv);
    else
        fprintf(stderr, "waystation: %s\n", e.text);
    way_config_fini(&cfg);
    return code;
}
