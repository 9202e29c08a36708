/* What a station may ask of the nats-server that is connected now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/model/station.h"

/* Room that JetStream's own bookkeeping of one record takes beside subject, headers and payload. */
#define RECORD_BYTES 512

static int64_t storage_max(way_storage storage)
{
    return storage == WAY_STORAGE_FILE ? WAY_MSG_BYTES_MAX_FILE : WAY_MSG_BYTES_MAX_MEMORY;
}

static int64_t min64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static way_code check_message_size(way_station_spec *s, const way_station_spec *now, const way_server_info *srv,
                                   way_err *e)
{
    if (s->max_message_bytes == 0) {
        s->max_message_bytes = WAY_MSG_BYTES_DEFAULT;
        if (srv->max_payload > 0)
            s->max_message_bytes = min64(s->max_message_bytes, srv->max_payload);
    }
    /* a size that stays is not judged again: the server's setting may have been lowered since */
    if (now != NULL && now->max_message_bytes == s->max_message_bytes)
        return WAY_OK;
    if (s->max_message_bytes > storage_max(s->storage))
        return way_fail(e, WAY_E_INVAL,
                        "max_message_bytes is %" PRId64 "; a station with %s storage takes at most %" PRId64,
                        s->max_message_bytes, way_storage_name(s->storage), storage_max(s->storage));
    if (srv->max_payload > 0 && s->max_message_bytes > srv->max_payload)
        return way_fail(e, WAY_E_INVAL,
                        "max_message_bytes is %" PRId64 "; nats-server takes at most %" PRId64
                        " (its max_payload; raise it there first)",
                        s->max_message_bytes, srv->max_payload);
    return WAY_OK;
}

/* A partition's share of a bytes limit must hold one message of the largest size: JetStream acks a message that does
 * not fit and stores nothing.  The size limit counts headers as well as payload, so they need no room of their own. */
static way_code check_bytes_share(const way_station_spec *s, way_err *e)
{
    char subject[WAY_SUBJECT_MAX + 1];

    if (s->max_bytes == 0)
        return WAY_OK;
    way_data_subject(s->internal, s->partitions, subject);
    int64_t beside = (int64_t)strlen(subject) + RECORD_BYTES;
    int64_t need = s->max_message_bytes + beside;
    int64_t share = way_station_share(s->max_bytes, s->partitions);
    if (share >= need)
        return WAY_OK;

    char other_ways[160] = "";
    int n = 0;
    if (share > beside)
        n = snprintf(other_ways, sizeof other_ways, ", or max_message_bytes at most %" PRId64, share - beside);
    if (s->partitions > 1 && s->max_bytes >= need)
        snprintf(other_ways + n, sizeof other_ways - (size_t)n, ", or at most %" PRId64 " partitions",
                 s->max_bytes / need);
    return way_fail(e, WAY_E_INVAL,
                    "max_bytes is %" PRId64 ", that is %" PRId64 " for each of %d partitions: less than one message of %"
                    PRId64 " bytes; it must be at least %" PRId64 "%s",
                    s->max_bytes, share, s->partitions, s->max_message_bytes, need * s->partitions, other_ways);
}

way_code way_station_check(way_station_spec *s, const way_station_spec *now, const way_server_info *srv, way_err *e)
{
    if (srv->servers > 0 && s->replicas > srv->servers && (now == NULL || now->replicas != s->replicas))
        return way_fail(e, WAY_E_INVAL, "replicas is %d; the NATS cluster has %d server%s", s->replicas, srv->servers,
                        srv->servers == 1 ? "" : "s");
    if (now != NULL && now->ack_based != s->ack_based && !way_server_at_least(srv, 2, 10, 0))
        return way_fail(e, WAY_E_NEWER_SERVER,
                        "changing ack_based needs nats-server 2.10 or newer; connected is %s", srv->version);
    way_code rc = check_message_size(s, now, srv, e);
    if (rc != WAY_OK)
        return rc;
    if (now != NULL && now->max_bytes == s->max_bytes && now->max_message_bytes == s->max_message_bytes)
        return WAY_OK;
    return check_bytes_share(s, e);
}
