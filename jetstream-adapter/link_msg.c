/* way_msg: a natsMsg behind the adapter's own name, so that nats.h stays in this folder. */
#include "jetstream-adapter/link_priv.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

/* Not in nats.h, but in every libnats since 2.0; it is what the collector thread calls.  Where the symbol is missing the messages go
 * the long way. */
void natsMsg_free(void *object) __attribute__((weak));

void way_natsmsg_free(natsMsg *m)
{
    if (m && natsMsg_free)
        natsMsg_free(m);
    else
        natsMsg_Destroy(m);
}

void way_msg_init(way_msg *w, natsMsg *m)
{
    *w = (way_msg){.m = m, .status = -1};
}

void way_msg_fini(way_msg *w)
{
    if (!w->taken)
        way_natsmsg_free(w->m);
}

const char *way_msg_subject(const way_msg *w)
{
    return natsMsg_GetSubject(w->m);
}

const char *way_msg_reply(const way_msg *w)
{
    const char *reply = natsMsg_GetReply(w->m);

    return reply && *reply ? reply : NULL;
}

const char *way_msg_data(const way_msg *w, size_t *len)
{
    *len = (size_t)natsMsg_GetDataLength(w->m);
    return natsMsg_GetData(w->m);
}

const char *way_msg_header(const way_msg *w, const char *key)
{
    const char *value = NULL;

    return natsMsgHeader_Get(w->m, key, &value) == NATS_OK ? value : NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* cnats keeps headers in a hash table: the order among keys is gone, so it is at least made the same every time. */
void way_msg_headers(const way_msg *w, bool (*fn)(void *arg, const char *key, const char *value), void *arg)
{
    const char **keys = NULL;
    int count = 0;
    bool more = true;

    if (natsMsgHeader_Keys(w->m, &keys, &count) != NATS_OK)
        return;
    qsort((void *)keys, (size_t)count, sizeof *keys, by_text);
    for (int i = 0; more && i < count; i++) {
        const char **values = NULL;
        int n = 0;

        if (natsMsgHeader_Values(w->m, keys[i], &values, &n) != NATS_OK)
            continue;
        for (int k = 0; more && k < n; k++)
            more = fn(arg, keys[i], values[k]);
        free((void *)values);
    }
    free((void *)keys);
}

int way_msg_status(const way_msg *w)
{
    way_msg *mine = (way_msg *)w; /* a cache, see struct way_msg */

    if (mine->status < 0) {
        const char *text = NULL;

        mine->status = 0;
        if (natsMsg_GetDataLength(w->m) == 0 && natsMsgHeader_Get(w->m, "Status", &text) == NATS_OK && text)
            mine->status = (int)strtol(text, NULL, 10);
        if (mine->status < 100 || mine->status > 999)
            mine->status = 0;
    }
    return mine->status;
}

static bool add_header(void *arg, const char *key, const char *value)
{
    *(size_t *)arg += strlen(key) + strlen(value) + 4;
    return true;
}

size_t way_msg_bytes(const way_msg *w)
{
    size_t sum = (size_t)natsMsg_GetDataLength(w->m);

    way_msg_headers(w, add_header, &sum);
    return sum;
}

way_msg *way_msg_keep(way_msg *w)
{
    way_msg *kept = way_xmalloc(sizeof *kept);

    WAY_ASSERT(!w->taken);
    *kept = *w;
    w->taken = true;
    return kept;
}

void way_msg_free(way_msg *w)
{
    if (!w)
        return;
    way_msg_fini(w);
    free(w);
}
