/* Flags of a verb: a table drives parsing and --help.
 *
 * Values are borrowed from argv.  `--flag value`, `--flag=value` and, for a flag with a short letter, `-f value`; a
 * boolean takes no value; `--` ends the flags.  Anything else is a positional argument.  Main thread only. */
#ifndef WAY_CLI_ARGS_H
#define WAY_CLI_ARGS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

typedef enum way_arg_type {
    WAY_ARG_TEXT,     /* const char * */
    WAY_ARG_LIST,     /* way_arg_list: may be given several times */
    WAY_ARG_BOOL,     /* bool */
    WAY_ARG_INT,      /* way_arg_int */
    WAY_ARG_BYTES,    /* way_arg_int: "64MB" */
    WAY_ARG_DURATION, /* way_arg_int, in ms: "1h30m", "7d" */
} way_arg_type;

typedef struct way_arg_int {
    bool set;
    int64_t v;
} way_arg_int;

#define WAY_ARG_LIST_MAX 64
typedef struct way_arg_list {
    const char *v[WAY_ARG_LIST_MAX];
    int n;
} way_arg_list;

typedef struct way_arg {
    const char *name; /* "partitions" for --partitions */
    char letter;      /* 0: none */
    way_arg_type type;
    void *out;
    const char *value; /* how --help calls the value: "N"; NULL for a boolean */
    const char *help;
} way_arg;

typedef struct way_usage {
    const char *line;  /* "waystation station add NAME [flags]" */
    const char *about; /* a few lines */
    const way_arg *args;
    int count;
    int min_words, max_words; /* positional arguments; max -1: any number */
} way_usage;

/* Sorts argv (after the verb) into flags and words.  words has room for max_words entries
 * (argc when that is -1).
 * *done: --help was printed, the verb is over with exit code 0.
 * WAY_E_INVAL: usage, with a text that names the flag. */
WAY_MUST_CHECK way_code way_args_parse(const way_usage *u, int argc, char **argv, const char **words, int *count,
                                       bool *done, way_err *e);
void way_args_help(const way_usage *u);

#endif
