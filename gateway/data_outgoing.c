/* Outgoing: checks, the choice of the partition, the publish.
 *
 * What a client sends becomes NATS header lines here, so this is where a CR, an LF or a reserved name has to stop. */
#include "gateway/data_outgoing.h"

#include <string.h>
#include <strings.h>

#include "core/base/mem.h"
#include "core/base/text.h"
#include "core/model/partition.h"

void way_outgoing_init(way_outgoing *m)
{
    /* the header array stays as it is: only header_count of it is ever read */
    m->data = NULL;
    m->len = 0;
    m->key = m->msg_id = NULL;
    m->key_len = m->msg_id_len = 0;
    m->partition = 0;
    m->header_count = 0;
}

static bool is_token_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Bytes that would end the header line. */
static bool breaks_line(const char *p, size_t len)
{
    return memchr(p, '\r', len) || memchr(p, '\n', len) || memchr(p, '\0', len);
}

way_code way_outgoing_header(way_outgoing *m, const char *name, size_t name_len, const char *value, size_t value_len,
                             way_err *e)
{
    static const char *const reserved[] = {"Nats-", "Way-", "$memphis"};

    if (m->header_count == WAY_MESSAGE_HEADERS_MAX)
        return way_fail(e, WAY_E_INVAL, "a message has at most %d headers", WAY_MESSAGE_HEADERS_MAX);
    if (name_len == 0 || name_len > 256)
        return way_fail(e, WAY_E_INVAL, "a header's name has 1 to 256 bytes, this one %zu", name_len);
    for (size_t i = 0; i < name_len; i++)
        if (!is_token_byte((unsigned char)name[i]))
            return way_fail(e, WAY_E_INVAL,
                            "a header's name holds letters, digits and !#$%%&'*+-.^_`|~ only (byte %zu does not)", i + 1);
    for (size_t i = 0; i < WAY_COUNT(reserved); i++)
        if (name_len >= strlen(reserved[i]) && strncasecmp(name, reserved[i], strlen(reserved[i])) == 0)
            return way_fail(e, WAY_E_INVAL, "header '%.*s': names that begin with %s are reserved", (int)name_len,
                            name, reserved[i]);
    if (name_len == 6 && strncasecmp(name, "Status", 6) == 0)
        return way_fail(e, WAY_E_INVAL, "header 'Status' is reserved: NATS clients take it for the server's word");
    if (value_len == 0)
        return way_fail(e, WAY_E_INVAL, "header '%.*s' is empty", (int)name_len, name);
    if (breaks_line(value, value_len))
        return way_fail(e, WAY_E_INVAL, "header '%.*s': a value holds no CR, LF or NUL", (int)name_len, name);
    if (is_blank(value[0]) || is_blank(value[value_len - 1]))
        return way_fail(e, WAY_E_INVAL, "header '%.*s': a value neither begins nor ends with a blank", (int)name_len,
                        name);
    for (size_t i = 0; i < m->header_count; i++)
        if (strcasecmp(m->headers[i].key, name) == 0)
            return way_fail(e, WAY_E_INVAL, "header '%.*s' is given twice", (int)name_len, name);
    m->headers[m->header_count++] = (way_header){name, value};
    return WAY_OK;
}

static way_code check_key(const way_outgoing *m, way_err *e)
{
    if (m->key_len == 0 || m->key_len > WAY_KEY_BYTES_MAX)
        return way_fail(e, WAY_E_INVAL, "key has 1 to %d bytes, this one %zu (it travels as a header)",
                        WAY_KEY_BYTES_MAX, m->key_len);
    if (breaks_line(m->key, m->key_len))
        return way_fail(e, WAY_E_INVAL, "key holds no CR, LF or NUL (it travels as a header)");
    if (is_blank(m->key[0]) || is_blank(m->key[m->key_len - 1]))
        return way_fail(e, WAY_E_INVAL, "key neither begins nor ends with a blank (it travels as a header)");
    return WAY_OK;
}

static way_code check_msg_id(const way_outgoing *m, way_err *e)
{
    if (m->msg_id_len == 0 || m->msg_id_len > WAY_MSG_ID_BYTES_MAX)
        return way_fail(e, WAY_E_INVAL, "msg_id has 1 to %d bytes, this one %zu", WAY_MSG_ID_BYTES_MAX, m->msg_id_len);
    for (size_t i = 0; i < m->msg_id_len; i++)
        if ((unsigned char)m->msg_id[i] < 0x20 || m->msg_id[i] == 0x7f)
            return way_fail(e, WAY_E_INVAL, "msg_id holds printable characters only (byte %zu is not)", i + 1);
    if (is_blank(m->msg_id[0]) || is_blank(m->msg_id[m->msg_id_len - 1]))
        return way_fail(e, WAY_E_INVAL, "msg_id neither begins nor ends with a blank");
    return WAY_OK;
}

way_code way_outgoing_check(const way_outgoing *m, const way_station *st, way_err *e)
{
    way_code rc = WAY_OK;

    if (m->key)
        rc = check_key(m, e);
    if (rc == WAY_OK && m->msg_id)
        rc = check_msg_id(m, e);
    if (rc == WAY_OK && (m->partition < 0 || m->partition > st->spec.partitions))
        rc = way_fail(e, WAY_E_INVAL, "partition %lld: the station '%s' has partitions 1 to %d",
                      (long long)m->partition, st->spec.name, (int)st->spec.partitions);
    return rc;
}

int32_t way_outgoing_fixed(const way_outgoing *m, const way_station *st)
{
    if (m->partition)
        return (int32_t)m->partition;
    if (st->spec.partitions == 1)
        return 1;
    if (m->key)
        return way_partition_for_key(m->key, m->key_len, st->spec.partitions);
    if (m->msg_id)
        return way_partition_for_key(m->msg_id, m->msg_id_len, st->spec.partitions);
    return 0;
}

int32_t way_outgoing_next(const way_station *st)
{
    /* An island is one thread.  Two stations that meet in one slot start anew at random each time: still evenly spread. */
    static _Thread_local struct counter {
        int64_t station_id;
        uint32_t n;
    } counters[512];
    struct counter *c = &counters[(uint64_t)st->id % WAY_COUNT(counters)];

    if (c->station_id != st->id) {
        c->station_id = st->id;
        way_random_bytes(&c->n, sizeof c->n);
    }
    return (int32_t)(c->n++ % (uint32_t)st->spec.partitions) + 1;
}

/* "Name: value\r\n" each, between "NATS/1.0\r\n" and an empty line. */
size_t way_outgoing_bytes(const way_outgoing *m, size_t *header_bytes)
{
    size_t n = 0;

    if (m->key)
        n += sizeof WAY_HEADER_KEY - 1 + m->key_len + 4;
    if (m->msg_id)
        n += sizeof WAY_HEADER_MSG_ID - 1 + m->msg_id_len + 4;
    for (size_t i = 0; i < m->header_count; i++)
        n += strlen(m->headers[i].key) + strlen(m->headers[i].value) + 4;
    if (n)
        n += 12;
    if (header_bytes)
        *header_bytes = n;
    return n + m->len;
}

way_code way_outgoing_fits(const way_outgoing *m, const way_station *st, int64_t max_payload, way_err *e)
{
    size_t header_bytes, bytes = way_outgoing_bytes(m, &header_bytes);
    int64_t max = st->spec.max_message_bytes;

    if (header_bytes > WAY_HEADER_BYTES_MAX)
        return way_fail(e, WAY_E_TOO_LARGE, "the headers have %zu bytes together, a message takes %d", header_bytes,
                        WAY_HEADER_BYTES_MAX);
    if (max > 0 && bytes > (size_t)max)
        return way_fail(e, WAY_E_TOO_LARGE,
                        "the message has %zu bytes with its headers, the station '%s' takes %lld (max_message_bytes)",
                        bytes, st->spec.name, (long long)max);
    if (max_payload > 0 && bytes > (size_t)max_payload)
        return way_fail(e, WAY_E_TOO_LARGE,
                        "the message has %zu bytes with its headers, nats-server takes %lld (max_payload)", bytes,
                        (long long)max_payload);
    return WAY_OK;
}

way_code way_outgoing_send(way_island *isl, const way_station *st, way_outgoing *m, int32_t partition, way_reply_fn fn,
                           way_token owner, uint32_t tag, way_err *e)
{
    const way_island_parts *parts = way_island_get(isl);
    char subject[WAY_SUBJECT_MAX + 1];
    size_t count = m->header_count;
    way_code rc = way_outgoing_fits(m, st, way_link_max_payload(parts->pub), e);

    if (rc != WAY_OK)
        return rc;
    if (m->key)
        m->headers[count++] = (way_header){WAY_HEADER_KEY, m->key};
    if (m->msg_id)
        m->headers[count++] = (way_header){WAY_HEADER_MSG_ID, m->msg_id};
    way_data_subject(st->spec.internal, partition, subject);
    return way_link_request(parts->pub,
                            &(way_request){.subject = subject,
                                           .headers = m->headers,
                                           .header_count = count,
                                           .data = m->data,
                                           .len = m->len,
                                           .timeout_ms = parts->cfg->request_timeout_ms,
                                           .fn = fn,
                                           .arg = isl,
                                           .owner = owner,
                                           .tag = tag},
                            e);
}

way_code way_outgoing_answer(way_code code, const way_msg *msg, way_puback *out, way_err *e)
{
    size_t len;

    if (code == WAY_OK) {
        const char *data = way_msg_data(msg, &len);
        return way_puback_parse(data, len, out, e);
    }
    if (code == WAY_E_TIMEOUT)
        return way_fail(e, code, "no acknowledgement came in time: the message may be stored or not; with a msg_id it can "
                                 "be sent again without a second copy");
    if (code == WAY_E_UNAVAILABLE)
        return way_fail(e, code, "nats-server or the partition's stream is not reachable: the message may be stored or "
                                 "not; with a msg_id it can be sent again without a second copy");
    return way_fail(e, code, "nats-server did not take the message");
}
