/* Outgoing: one message on its way into a station, from any route that produces.
 *
 * The order of calls: fill in, way_outgoing_check, way_outgoing_fixed (or way_outgoing_next), way_outgoing_send.  Texts are borrowed
 * until send returns: what is sent has been copied into the link's buffer.
 * Owner: an island's loop thread. */
#ifndef WAY_GATEWAY_DATA_OUTGOING_H
#define WAY_GATEWAY_DATA_OUTGOING_H

#include "gateway/island.h"

/* The bounds of what travels in a header.  A value is never empty and neither begins nor ends with a blank: NATS clients cut
 * blanks off, and cnats reads the line after an empty value as that value. */
#define WAY_KEY_BYTES_MAX 1024
#define WAY_MSG_ID_BYTES_MAX 256
#define WAY_MESSAGE_HEADERS_MAX 128

typedef struct way_outgoing {
    const char *data;
    size_t len;
    const char *key; /* NUL-terminated, NULL: none; key_len tells of a NUL inside */
    size_t key_len;
    const char *msg_id; /* the same */
    size_t msg_id_len;
    int64_t partition; /* as asked for; 0: none */
    way_header headers[WAY_MESSAGE_HEADERS_MAX + 2]; /* NUL-terminated; the two are key and message id, added by send */
    size_t header_count;
} way_outgoing;

void way_outgoing_init(way_outgoing *m);
/* Adds a message header after checking name and value.  WAY_E_INVAL. */
WAY_MUST_CHECK way_code way_outgoing_header(way_outgoing *m, const char *name, size_t name_len, const char *value,
                                            size_t value_len, way_err *e);
/* Key, message id and partition number against their bounds.  WAY_E_INVAL. */
WAY_MUST_CHECK way_code way_outgoing_check(const way_outgoing *m, const way_station *st, way_err *e);
/* The partition this message has to go to (number > key > message id; the only one there is); 0: any. */
int32_t way_outgoing_fixed(const way_outgoing *m, const way_station *st);
/* Round robin: one counter per station and thread, from a random start. */
int32_t way_outgoing_next(const way_station *st);
/* Bytes that JetStream counts: payload and header block. */
size_t way_outgoing_bytes(const way_outgoing *m, size_t *header_bytes);
/* WAY_E_TOO_LARGE names the size and the limit. */
WAY_MUST_CHECK way_code way_outgoing_fits(const way_outgoing *m, const way_station *st, int64_t max_payload, way_err *e);
/* Publishes; fn gets `arg` = isl and the stream's answer (way_puback_parse).  Errors as way_link_request and way_outgoing_fits. */
WAY_MUST_CHECK way_code way_outgoing_send(way_island *isl, const way_station *st, way_outgoing *m, int32_t partition,
                                          way_reply_fn fn, way_token owner, uint32_t tag, way_err *e);
/* What an answer to a publish means: way_puback_parse, or a text for a code without a message. */
WAY_MUST_CHECK way_code way_outgoing_answer(way_code code, const way_msg *msg, way_puback *out, way_err *e);

#endif
