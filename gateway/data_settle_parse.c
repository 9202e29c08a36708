/* Settle: reading the body.  A body has up to 10,000 receipts and nothing else of size: slices into it are all that is made. */
#include "gateway/data_settle.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"

static const char *const op_names[] = {"ack", "nak", "term", "progress"}; /* by way_settle_op */

enum { DELAY = WAY_COUNT(op_names), REASON };

const char *way_settle_op_name(way_settle_op op)
{
    return op_names[op];
}

static way_code read_list(way_scan *s, way_settle_op op, way_settle *out, size_t *cap, way_err *e)
{
    way_scan_kind kind;
    way_slice raw;

    if (way_scan_peek(s) == 'n')
        return way_scan_value(s, &kind, &raw) ? WAY_OK : way_scan_error(s, e);
    if (!way_scan_want(s, '['))
        return way_scan_error(s, e);
    if (way_scan_take(s, ']'))
        return WAY_OK;
    do {
        way_scan_text t;
        if (way_scan_peek(s) != '"' || !way_scan_string(s, &t))
            return way_fail(e, WAY_E_INVAL, "'%s' is a list of receipts (strings)", op_names[op]);
        if (out->count == WAY_SETTLE_MAX)
            return way_fail(e, WAY_E_INVAL, "at most %d receipts in one request", WAY_SETTLE_MAX);
        if (out->count == *cap) {
            *cap = *cap ? 2 * *cap : 256;
            out->items = way_xrealloc(out->items, *cap * sizeof *out->items);
        }
        out->items[out->count++] = (way_settle_item){.receipt = t.raw, .op = (uint8_t)op};
    } while (way_scan_take(s, ','));
    return way_scan_want(s, ']') ? WAY_OK : way_scan_error(s, e);
}

static way_code read_delay(way_scan *s, way_settle *out, way_err *e)
{
    way_scan_kind kind;
    way_slice raw;

    if (!way_scan_value(s, &kind, &raw))
        return way_scan_error(s, e);
    if (kind == WAY_SCAN_NULL)
        return WAY_OK;
    if (kind != WAY_SCAN_NUMBER || !way_i64_parse(raw.p, raw.len, &out->delay_ms) || out->delay_ms < 0 ||
        out->delay_ms > WAY_SETTLE_DELAY_MAX_MS)
        return way_fail(e, WAY_E_INVAL, "'delay_ms' is a whole number from 0 to %d", WAY_SETTLE_DELAY_MAX_MS);
    return WAY_OK;
}

static way_code read_reason(way_scan *s, way_settle *out, way_err *e)
{
    char wide[WAY_SETTLE_REASON_MAX * 6];
    way_scan_kind kind;
    way_slice raw;
    way_scan_text t;

    if (way_scan_peek(s) == 'n')
        return way_scan_value(s, &kind, &raw) ? WAY_OK : way_scan_error(s, e);
    if (way_scan_peek(s) != '"')
        return way_fail(e, WAY_E_INVAL, "'reason' is a string");
    if (!way_scan_string(s, &t))
        return way_scan_error(s, e);
    size_t n = t.raw.len <= sizeof wide ? way_scan_decode(&t, wide) : sizeof wide;
    if (n > WAY_SETTLE_REASON_MAX || memchr(wide, '\0', n))
        return way_fail(e, WAY_E_INVAL, "'reason' has at most %d bytes, none of them NUL", WAY_SETTLE_REASON_MAX);
    memcpy(out->reason, wide, n);
    out->reason[n] = '\0';
    return WAY_OK;
}

static way_code read_members(way_scan *s, way_settle *out, way_err *e)
{
    unsigned seen = 0;
    size_t cap = 0;

    if (!way_scan_want(s, '{'))
        return way_scan_error(s, e);
    if (way_scan_take(s, '}'))
        return WAY_OK;
    do {
        way_scan_text name;
        unsigned which = 0;
        way_code rc;
        if (!way_scan_string(s, &name))
            return way_scan_error(s, e);
        while (which < WAY_COUNT(op_names) && !way_scan_equals(&name, op_names[which]))
            which++;
        if (which == WAY_COUNT(op_names))
            which = way_scan_equals(&name, "delay_ms") ? DELAY : way_scan_equals(&name, "reason") ? REASON : REASON + 1;
        if (which > REASON)
            return way_fail(e, WAY_E_INVAL, "a field that is not known: a settle has ack, nak, delay_ms, term, reason, progress");
        if (seen & 1u << which)
            return way_fail(e, WAY_E_INVAL, "a field is given twice");
        seen |= 1u << which;
        if (!way_scan_want(s, ':'))
            return way_scan_error(s, e);
        if (which == DELAY)
            rc = read_delay(s, out, e);
        else if (which == REASON)
            rc = read_reason(s, out, e);
        else
            rc = read_list(s, (way_settle_op)which, out, &cap, e);
        if (rc != WAY_OK)
            return rc;
    } while (way_scan_take(s, ','));
    return way_scan_want(s, '}') ? WAY_OK : way_scan_error(s, e);
}

way_code way_settle_parse(const char *text, size_t len, way_settle *out, way_err *e)
{
    way_code rc;
    way_scan s;

    memset(out, 0, sizeof *out);
    way_scan_init(&s, text, len);
    rc = read_members(&s, out, e);
    if (rc == WAY_OK && !way_scan_done(&s))
        rc = way_scan_error(&s, e);
    if (rc != WAY_OK) {
        free(out->items);
        memset(out, 0, sizeof *out);
    }
    return rc;
}
