/* The verbs: each is one function, called with the words after its name; the answer is the exit code (cli.h).
 * The table of them is in cli.c.  Main thread only. */
#ifndef WAY_CLI_VERBS_H
#define WAY_CLI_VERBS_H

#include "gateway/cli/args.h"
#include "gateway/cli/cli.h"
#include "gateway/cli/client.h"
#include "gateway/cli/table.h"

int way_cli_login(way_cli *c, int argc, char **argv);
int way_cli_station(way_cli *c, int argc, char **argv);
int way_cli_group(way_cli *c, int argc, char **argv);
int way_cli_produce(way_cli *c, int argc, char **argv);
int way_cli_consume(way_cli *c, int argc, char **argv);
int way_cli_get(way_cli *c, int argc, char **argv);
int way_cli_status(way_cli *c, int argc, char **argv);

/* A verb of verbs: "station add …".  rows end with a NULL name. */
typedef struct way_verb {
    const char *name;
    int (*run)(way_cli *c, int argc, char **argv);
    const char *help;
} way_verb;
int way_verb_run(const char *parent, const way_verb *rows, way_cli *c, int argc, char **argv);

/* The start of every verb: flags and words of u.  false: it is over, with exit code *code. */
bool way_verb_begin(const way_usage *u, int argc, char **argv, const char **words, int *count, int *code);
/* One request without a body, or with the JSON in b; prints an error and gives its exit code, else 0 (a is then the caller's). */
int way_verb_call(way_cli *c, way_cli_door door, const char *method, const way_buf *path, way_buf *b, way_answer *a);

/* Members of an answer; a missing one gives NULL, 0 or false. */
const char *way_get_text(const cJSON *obj, const char *key);
double way_get_number(const cJSON *obj, const char *key);
bool way_get_bool(const cJSON *obj, const char *key);
const cJSON *way_get(const cJSON *obj, const char *key);

#endif
