/* What link.c and link_msg.c share.  Private to these two. */
#ifndef WAY_ADAPTER_LINK_PRIV_H
#define WAY_ADAPTER_LINK_PRIV_H

#include <nats/nats.h>

#include "jetstream-adapter/link.h"

struct way_msg { /* on the stack during a callback; a copy on the heap once kept */
    natsMsg *m;
    int status; /* -1: not looked at yet */
    bool taken; /* m is destroyed by a kept copy; readable here while that lives */
};

void way_msg_init(way_msg *w, natsMsg *m); /* w borrows m until way_msg_fini destroys it or way_msg_keep takes it */
void way_msg_fini(way_msg *w);

/* Instead of natsMsg_Destroy, which hands each message to a collector thread of cnats and wakes it: with one message at a time, as
 * answers come here, that was more than half of what a publish cost (22 µs of CPU, 9 without).  NULL: nothing. */
void way_natsmsg_free(natsMsg *m);

#endif
