/* A stream's answer to a publish: comes from nats-server, or from anybody who may publish to our inboxes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "jetstream-adapter/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    way_puback ack = {0};
    way_err e = {0};
    char *exact = malloc(size ? size : 1); /* nothing behind it: reading further is seen */

    if (!exact)
        return 0;
    memcpy(exact, data, size);
    if (way_puback_parse(exact, size, &ack, &e) == WAY_OK)
        WAY_ASSERT(ack.seq > 0);
    else
        WAY_ASSERT(e.code != WAY_OK && e.text[0]);
    free(exact);
    return 0;
}
