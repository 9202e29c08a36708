/* Input: one read buffer; lines lie in it whole, array elements are copied out without their white space.
 *
 * The array is cut by a small state machine that follows brackets and quotes only: whether an element is valid JSON is
 * checked once it is whole, so that a broken file is told where it breaks. */
#include "gateway/cli/input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/mem.h"

#define READ_BYTES (256 * 1024)

enum array_state { BEFORE_ARRAY, BEFORE_FIRST, BEFORE_ELEMENT, IN_ELEMENT, AFTER_ARRAY };

struct way_input {
    int fd;
    way_input_form form;
    size_t message_max;
    way_buf buf;    /* read; [at, len) is not yet cut */
    size_t at;
    size_t scanned; /* of it, known to hold no line feed */
    uint64_t number, bytes;
    bool ended; /* the end was read */
    bool given; /* WHOLE: the message was given */
    /* ARRAY */
    enum array_state state;
    way_buf element;
    int depth;
    bool quoted, escaped, blank;
};

way_input *way_input_new(int fd, way_input_form form, size_t message_max)
{
    way_input *in = way_xcalloc(1, sizeof *in);
    in->fd = fd;
    in->form = form;
    in->message_max = message_max;
    way_buf_init(&in->buf, 0);
    way_buf_init(&in->element, 0);
    way_buf_reserve(&in->buf, READ_BYTES);
    return in;
}

void way_input_free(way_input *in)
{
    if (in == NULL)
        return;
    way_buf_fini(&in->buf);
    way_buf_fini(&in->element);
    free(in);
}

uint64_t way_input_bytes(const way_input *in)
{
    return in->bytes;
}

/* Reads once.  MESSAGE: more is there, or the end is known. */
static way_input_result read_more(way_input *in, int wait_ms, way_err *e)
{
    struct pollfd pfd = {.fd = in->fd, .events = POLLIN};

    if (in->at > 0) {
        way_buf_drop_front(&in->buf, in->at);
        in->scanned -= in->scanned < in->at ? in->scanned : in->at;
        in->at = 0;
    }
    if (!way_buf_reserve(&in->buf, READ_BYTES)) {
        way_fail(e, WAY_E_FULL, "no memory to read the input");
        return WAY_INPUT_FAILED;
    }
    for (;;) {
        int ready = poll(&pfd, 1, wait_ms);
        if (ready == 0)
            return WAY_INPUT_IDLE;
        ssize_t n = ready < 0 ? -1 : read(in->fd, in->buf.data + in->buf.len, READ_BYTES);
        if (n < 0 && errno == EINTR)
            return WAY_INPUT_IDLE; /* the caller looks whether it should stop */
        if (n < 0 && errno == EAGAIN)
            continue;
        if (n < 0) {
            way_fail(e, WAY_E_INVAL, "cannot read the input: %m");
            return WAY_INPUT_FAILED;
        }
        in->ended = n == 0;
        in->buf.len += (size_t)n;
        in->bytes += (uint64_t)n;
        return WAY_INPUT_MESSAGE;
    }
}

static way_input_result too_long(const way_input *in, const char *what, way_err *e)
{
    way_fail(e, WAY_E_TOO_LARGE, "%s has more than %zu bytes, the most that any station takes", what, in->message_max);
    return WAY_INPUT_FAILED;
}

static way_input_result next_line(way_input *in, int wait_ms, const char **message, size_t *len, way_err *e)
{
    for (;;) {
        const char *from = in->buf.data + in->at;
        size_t left = in->buf.len - in->at, skip = in->scanned > in->at ? in->scanned - in->at : 0;
        const char *end = left > skip ? memchr(from + skip, '\n', left - skip) : NULL;

        in->scanned = in->buf.len;
        if (end == NULL && in->ended && left == 0)
            return WAY_INPUT_END;
        if (end != NULL || in->ended) {
            size_t n = end != NULL ? (size_t)(end - from) : left;
            in->number++;
            in->at += n + (end != NULL);
            in->scanned = in->at;
            *message = from;
            *len = n;
            return n > in->message_max ? too_long(in, "a line", e) : WAY_INPUT_MESSAGE;
        }
        if (left > in->message_max) {
            in->number++;
            return too_long(in, "a line", e);
        }
        way_input_result r = read_more(in, wait_ms, e);
        if (r != WAY_INPUT_MESSAGE)
            return r;
    }
}

static way_input_result not_an_array(way_err *e, const char *why)
{
    way_fail(e, WAY_E_INVAL, "the input is not one JSON array: %s", why);
    return WAY_INPUT_FAILED;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* May stand in a number, true, false or null. */
static bool is_bare(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

/* The element is complete: checked here, since the cutting looked at brackets and quotes only. */
static way_input_result give_element(way_input *in, bool last, const char **message, size_t *len, way_err *e)
{
    way_err inner;

    in->number++;
    in->state = last ? AFTER_ARRAY : BEFORE_ELEMENT;
    if (in->element.failed) {
        way_fail(e, WAY_E_FULL, "no memory for element %llu", (unsigned long long)in->number);
        return WAY_INPUT_FAILED;
    }
    if (way_json_check(in->element.data, in->element.len, &inner) != WAY_OK) {
        way_fail(e, WAY_E_INVAL, "element %llu of the array is %s", (unsigned long long)in->number, inner.text);
        return WAY_INPUT_FAILED;
    }
    *message = in->element.data;
    *len = in->element.len;
    return WAY_INPUT_MESSAGE;
}

/* Takes one byte of an element.  true: it ended before this byte, which is the ',' or ']' behind it. */
static bool take_byte(way_input *in, char c)
{
    if (in->quoted) {
        if (in->escaped)
            in->escaped = false;
        else if (c == '\\')
            in->escaped = true;
        else if (c == '"')
            in->quoted = false;
        way_buf_char(&in->element, c);
        return false;
    }
    if (in->depth == 0 && (c == ',' || c == ']'))
        return true;
    if (c == '"')
        in->quoted = true;
    else if (c == '{' || c == '[')
        in->depth++;
    else if ((c == '}' || c == ']') && in->depth > 0)
        in->depth--;
    if (is_blank(c)) {
        in->blank = true;
        return false;
    }
    /* between two bare words the blank is the mistake that the check has to see: [1 2] is not [12] */
    if (in->blank && in->element.len > 0 && is_bare(c) && is_bare(in->element.data[in->element.len - 1]))
        way_buf_char(&in->element, ' ');
    in->blank = false;
    way_buf_char(&in->element, c);
    return false;
}

static way_input_result next_element(way_input *in, int wait_ms, const char **message, size_t *len, way_err *e)
{
    if (in->state != IN_ELEMENT)
        way_buf_reset(&in->element);
    for (;;) {
        while (in->at < in->buf.len) {
            char c = in->buf.data[in->at++];
            if (in->state == IN_ELEMENT) {
                if (take_byte(in, c))
                    return give_element(in, c == ']', message, len, e);
                if (in->element.len > in->message_max) {
                    in->number++;
                    return too_long(in, "an element", e);
                }
                continue;
            }
            if (is_blank(c))
                continue;
            if (in->state == AFTER_ARRAY)
                return not_an_array(e, "something follows the ]");
            if (in->state == BEFORE_ARRAY) {
                if (c != '[')
                    return not_an_array(e, "it does not begin with [");
                in->state = BEFORE_FIRST;
                continue;
            }
            if (c == ']' && in->state == BEFORE_FIRST) {
                in->state = AFTER_ARRAY;
                continue;
            }
            if (c == ',' || c == ']')
                return not_an_array(e, "an element is missing beside a comma");
            in->state = IN_ELEMENT;
            in->depth = 0;
            in->quoted = in->escaped = in->blank = false;
            in->at--;
        }
        if (in->ended)
            return in->state == AFTER_ARRAY ? WAY_INPUT_END : not_an_array(e, "it ends before the closing ]");
        way_input_result r = read_more(in, wait_ms, e);
        if (r != WAY_INPUT_MESSAGE)
            return r;
    }
}

static way_input_result whole(way_input *in, int wait_ms, const char **message, size_t *len, way_err *e)
{
    if (in->given)
        return WAY_INPUT_END;
    while (!in->ended) {
        way_input_result r = read_more(in, wait_ms, e);
        if (r != WAY_INPUT_MESSAGE)
            return r;
        if (in->buf.len > in->message_max)
            return too_long(in, "the input", e);
    }
    in->given = true;
    in->number = 1;
    *message = in->buf.data;
    *len = in->buf.len;
    return WAY_INPUT_MESSAGE;
}

way_input_result way_input_next(way_input *in, int wait_ms, const char **message, size_t *len, uint64_t *number,
                                way_err *e)
{
    way_input_result r = in->form == WAY_INPUT_LINES   ? next_line(in, wait_ms, message, len, e)
                         : in->form == WAY_INPUT_ARRAY ? next_element(in, wait_ms, message, len, e)
                                                       : whole(in, wait_ms, message, len, e);
    *number = in->number;
    return r;
}
