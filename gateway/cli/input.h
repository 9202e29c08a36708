/* Input: reads a file or a pipe and cuts it into messages, in bounded memory.
 *
 * Memory is one message plus one read, whatever the size of the input.  The descriptor is the caller's.  Main thread only. */
#ifndef WAY_CLI_INPUT_H
#define WAY_CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

typedef enum way_input_form {
    WAY_INPUT_LINES, /* a message ends at a line feed or at the end of the input; the line feed is not part of it */
    WAY_INPUT_ARRAY, /* one JSON array; each element is a message: its text as it stands, but for white space outside texts */
    WAY_INPUT_WHOLE  /* everything is one message */
} way_input_form;

typedef enum way_input_result {
    WAY_INPUT_MESSAGE,
    WAY_INPUT_IDLE, /* nothing came for wait_ms, or a signal did: a good moment to send what is gathered */
    WAY_INPUT_END,
    WAY_INPUT_FAILED
} way_input_result;

typedef struct way_input way_input;

way_input *way_input_new(int fd, way_input_form form, size_t message_max);
void way_input_free(way_input *in);
/* The next message, borrowed until the next call; its number counts from 1, empty lines included.  wait_ms -1: for ever.
 * WAY_INPUT_FAILED sets *e: reading failed, a message above message_max, an array that is none; *number is where. */
way_input_result way_input_next(way_input *in, int wait_ms, const char **message, size_t *len, uint64_t *number,
                                way_err *e);
uint64_t way_input_bytes(const way_input *in); /* read so far */

#endif
