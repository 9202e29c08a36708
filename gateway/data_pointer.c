/* Pointer: the one scalar of a document that a JSON pointer names, found in the same pass that checks the document. */
#include "gateway/data_scan.h"

#include <stdint.h>
#include <string.h>

#include "core/base/text.h"

way_code way_pointer_parse(const char *text, way_pointer *out, way_err *e)
{
    size_t len = strlen(text);
    char *o = out->text;

    if (len > WAY_POINTER_MAX)
        return way_fail(e, WAY_E_INVAL, "a JSON pointer has at most %d bytes", WAY_POINTER_MAX);
    if (len && *text != '/')
        return way_fail(e, WAY_E_INVAL, "a JSON pointer is empty or begins with '/': /customer/id");
    out->parts = 0;
    while (*text) {
        if (out->parts == WAY_POINTER_PARTS_MAX)
            return way_fail(e, WAY_E_INVAL, "a JSON pointer has at most %d parts", WAY_POINTER_PARTS_MAX);
        way_slice *part = &out->part[out->parts++];
        part->p = o;
        for (text++; *text && *text != '/'; text++) {
            if (*text == '~' && text[1] != '0' && text[1] != '1')
                return way_fail(e, WAY_E_INVAL, "in a JSON pointer '~' is written ~0 and '/' is written ~1");
            *o++ = *text != '~' ? *text : (char)(*++text == '0' ? '~' : '/');
        }
        part->len = (size_t)(o - part->p);
    }
    *o = '\0';
    return WAY_OK;
}

typedef struct search {
    const way_pointer *ptr;
    bool found;
    way_scan_kind kind;
    way_slice raw;
} search;

static bool find_in(way_scan *s, search *f, int at);

/* A key twice on the way: readers of JSON differ in which one counts, so neither may choose a partition. */
static bool find_in_object(way_scan *s, search *f, int at)
{
    const way_slice *part = &f->ptr->part[at];
    bool seen = false;
    way_scan_kind kind;
    way_slice raw;

    s->p++;
    if (way_scan_take(s, '}'))
        return true;
    do {
        way_scan_text key;
        if (!way_scan_string(s, &key) || !way_scan_want(s, ':'))
            return false;
        if (!way_scan_is(&key, part->p, part->len)) {
            if (!way_scan_value(s, &kind, &raw))
                return false;
            continue;
        }
        if (seen)
            return way_scan_fail(s, "the same key twice");
        seen = true;
        if (!find_in(s, f, at + 1))
            return false;
    } while (way_scan_take(s, ','));
    return way_scan_want(s, '}');
}

static bool find_in_array(way_scan *s, search *f, int at)
{
    const way_slice *part = &f->ptr->part[at];
    bool number = part->len > 0 && (part->p[0] != '0' || part->len == 1);
    uint64_t want = 0, i = 0;
    way_scan_kind kind;
    way_slice raw;

    number = number && way_u64_parse(part->p, part->len, &want);
    s->p++;
    if (way_scan_take(s, ']'))
        return true;
    do {
        if (!(number && i++ == want ? find_in(s, f, at + 1) : way_scan_value(s, &kind, &raw)))
            return false;
    } while (way_scan_take(s, ','));
    return way_scan_want(s, ']');
}

/* Recursion as deep as the pointer has parts. */
static bool find_in(way_scan *s, search *f, int at)
{
    char c = way_scan_peek(s);
    way_scan_kind kind;
    way_slice raw;

    if (at < f->ptr->parts && c == '{')
        return find_in_object(s, f, at);
    if (at < f->ptr->parts && c == '[')
        return find_in_array(s, f, at);
    if (!way_scan_value(s, &kind, &raw))
        return false;
    if (at == f->ptr->parts) {
        f->found = true;
        f->kind = kind;
        f->raw = raw;
    }
    return true;
}

way_code way_pointer_find(const way_pointer *ptr, const char *json, size_t len, char *out, size_t cap, size_t *out_len,
                          way_err *e)
{
    static const char *const kinds[] = {[WAY_SCAN_NULL] = "null", [WAY_SCAN_OBJECT] = "an object",
                                        [WAY_SCAN_ARRAY] = "an array"};
    search f = {.ptr = ptr};
    way_scan s;

    way_scan_init(&s, json, len);
    if (!find_in(&s, &f, 0) || !way_scan_done(&s))
        return way_scan_error(&s, e);
    if (!f.found)
        return way_fail(e, WAY_E_INVAL, "key_from points at nothing in this line");
    if (f.kind >= WAY_SCAN_NULL)
        return way_fail(e, WAY_E_INVAL, "key_from points at %s; a key is a string, a number, true or false",
                        kinds[f.kind]);
    way_scan_text t = {.raw = f.raw};
    if (f.kind == WAY_SCAN_TEXT) {
        t.raw.p++;
        t.raw.len -= 2;
        t.escaped = memchr(t.raw.p, '\\', t.raw.len) != NULL;
    }
    /* an escape never grows, so what is raw and fits needs no second look; else decode only if it may still fit */
    if (t.raw.len > cap * 6)
        return way_fail(e, WAY_E_INVAL, "key_from points at more than %zu bytes", cap);
    if (t.raw.len <= cap) {
        *out_len = way_scan_decode(&t, out);
        return WAY_OK;
    }
    char wide[6 * 1024];
    size_t n = t.escaped && t.raw.len <= sizeof wide ? way_scan_decode(&t, wide) : t.raw.len;
    if (n > cap)
        return way_fail(e, WAY_E_INVAL, "key_from points at more than %zu bytes", cap);
    memcpy(out, wide, n);
    *out_len = n;
    return WAY_OK;
}
