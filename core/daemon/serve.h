/* Serve: the daemon's life from start to stop.  Main thread only. */
#ifndef WAY_DAEMON_SERVE_H
#define WAY_DAEMON_SERVE_H

#include "core/base/config.h"
#include "gateway/cli/cli.h" /* exit codes */

/* Runs until SIGTERM, SIGINT or SIGHUP; a second one while it stops ends the process at once.  Returns an exit code. */
int way_serve(const way_config *cfg);

#endif
