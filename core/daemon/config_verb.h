/* `waystation config …`: the table of keys as people read it.  Main thread only; writes to stdout. */
#ifndef WAY_DAEMON_CONFIG_VERB_H
#define WAY_DAEMON_CONFIG_VERB_H

#include "core/base/config.h"

/* show: one "key = value" per line, secrets masked.  doc: docs/config.md.  Returns an exit code. */
int way_config_verb(const way_config *cfg, int argc, char **argv);
/* The flags with their defaults, for `waystation serve --help`. */
void way_config_help(void);

#endif
