/* Settle: the body of a settle request, read in place.
 *
 * {"ack":[receipt…],"nak":[…],"delay_ms":n,"term":[…],"reason":"…","progress":[…]}, each receipt a string.  What a receipt says is not
 * looked at here.  Threads: any. */
#ifndef WAY_GATEWAY_DATA_SETTLE_H
#define WAY_GATEWAY_DATA_SETTLE_H

#include "gateway/data_scan.h"

#include <stdint.h>

#define WAY_SETTLE_MAX 10000
#define WAY_SETTLE_REASON_MAX 1024
#define WAY_SETTLE_DELAY_MAX_MS (24 * 3600 * 1000)

typedef enum way_settle_op { WAY_SETTLE_ACK, WAY_SETTLE_NAK, WAY_SETTLE_TERM, WAY_SETTLE_PROGRESS } way_settle_op;
const char *way_settle_op_name(way_settle_op op);

typedef struct way_settle_item {
    way_slice receipt; /* as it stands between the quotes: fit to be written into JSON again */
    uint8_t op;        /* way_settle_op */
    uint8_t step, result; /* the caller's */
    uint8_t code;         /* the caller's: way_code */
    uint32_t before;      /* the caller's: the item before it in its run, + 1; 0 none */
    const char *why;      /* the caller's */
} way_settle_item;

typedef struct way_settle {
    way_settle_item *items; /* owned: free */
    size_t count;
    int64_t delay_ms;
    char reason[WAY_SETTLE_REASON_MAX + 1];
} way_settle;

/* items borrow from text.  WAY_E_INVAL, also above WAY_SETTLE_MAX receipts. */
WAY_MUST_CHECK way_code way_settle_parse(const char *text, size_t len, way_settle *out, way_err *e);

#endif
