/* Message: how the command line shows one message object of the REST answers.  Main thread only. */
#ifndef WAY_CLI_MESSAGE_H
#define WAY_CLI_MESSAGE_H

#include "gateway/cli/client.h"

/* To stdout: with --json the object without its receipt, as one line; else the payload and a newline, after a line of
 * facts when `facts`.  Binary payloads are written as they are. */
void way_message_print(const way_cli *c, const cJSON *m, bool facts);

#endif
