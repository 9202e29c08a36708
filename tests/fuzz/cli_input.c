/* Any bytes as input of `produce`: lines put together again are the input; elements of an array are JSON on one line. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/json.h"
#include "core/base/mem.h"
#include "gateway/cli/input.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void cut(const unsigned char *data, size_t size, way_input_form form)
{
    int fd = memfd_create("input", 0);
    const char *m;
    size_t len, put = 0;
    uint64_t number, last = 0;
    way_input_result r;
    way_err e;

    WAY_ASSERT(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    way_input *in = way_input_new(fd, form, 1 << 20);
    while ((r = way_input_next(in, -1, &m, &len, &number, &e)) == WAY_INPUT_MESSAGE) {
        WAY_ASSERT(number == ++last);
        if (form == WAY_INPUT_ARRAY) {
            WAY_ASSERT(way_json_check(m, len, &e) == WAY_OK && memchr(m, '\n', len) == NULL);
            continue;
        }
        WAY_ASSERT(put + len <= size && memcmp(data + put, m, len) == 0);
        put += len + (form == WAY_INPUT_LINES);
    }
    WAY_ASSERT(form == WAY_INPUT_ARRAY || r == WAY_INPUT_END);
    /* a last line may have had no line feed */
    WAY_ASSERT(form == WAY_INPUT_ARRAY || put == size || put == size + 1);
    way_input_free(in);
    close(fd);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    if (size > 1 << 19)
        return 0;
    cut(data, size, WAY_INPUT_LINES);
    cut(data, size, WAY_INPUT_ARRAY);
    cut(data, size, WAY_INPUT_WHOLE);
    return 0;
}
