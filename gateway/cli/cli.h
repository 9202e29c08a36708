/* The command line: the same binary, a client of ports 9000 and 4444 like any other (libcurl).
 * Runs on the main thread only; prints to stdout, errors to stderr.
 * Exit codes: 0 done; 1 refused or failed; 2 usage; 3 not found; 4 conflict or exists; 5 not signed in or
 * forbidden; 6 the server cannot be reached or is overloaded (worth trying again). */
#ifndef WAY_GATEWAY_CLI_H
#define WAY_GATEWAY_CLI_H

#include <stdbool.h>

#include "core/base/config.h"

enum {
    WAY_EXIT_OK = 0,
    WAY_EXIT_FAILED = 1,
    WAY_EXIT_USAGE = 2,
    WAY_EXIT_NOT_FOUND = 3,
    WAY_EXIT_CONFLICT = 4,
    WAY_EXIT_AUTH = 5,
    WAY_EXIT_RETRY = 6
};

/* argv[0] is the verb: "station", "produce" … */
int way_cli_main(const way_config *cfg, int argc, char **argv);
bool way_cli_has(const char *verb);
void way_cli_help(void); /* the overview, to stdout */

#endif
