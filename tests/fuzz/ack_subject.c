/* Any bytes as an ack subject: what is accepted can be given back, and means the same when read again. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/model/receipt.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    char stream[WAY_STREAM_MAX + 1], consumer[WAY_NAME_MAX + 1], internal[WAY_NAME_MAX + 1], again[WAY_ACK_SUBJECT_MAX];
    char *subject = way_xstrndup((const char *)data, size);
    way_receipt r, back;
    int32_t p;

    if (way_ack_subject_parse(subject, &r, stream, consumer) && way_stream_parse(stream, strlen(stream), internal, &p)) {
        WAY_ASSERT(r.partition == p && r.time_ns >= 0);
        way_receipt_subject(&r, internal, consumer, again);
        WAY_ASSERT(way_ack_subject_parse(again, &back, stream, consumer));
        WAY_ASSERT(memcmp(&r, &back, sizeof r) == 0);
    }
    free(subject);
    return 0;
}
