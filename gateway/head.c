/* Request head parser.  Our own, because lws 4.1 cannot list header fields it does not know (message headers
 * come as Way-Header-<Name>), rewrites paths, and drops a connection without an answer where a client needs to
 * read 411 or 431. */
#include "gateway/head.h"

#include <string.h>
#include <strings.h>

#include "core/base/mem.h"
#include "gateway/query.h"

/* RFC 9110: tchar */
static bool is_token_char(unsigned char c)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != '\0' && memchr(marks, c, sizeof marks - 1) != NULL;
}

size_t way_head_end(const char *bytes, size_t len, size_t seen)
{
    size_t from = seen > 3 ? seen - 3 : 0; /* the four bytes may lie across what came before */
    const char *at;

    if (len < 4 || from >= len)
        return 0;
    at = memmem(bytes + from, len - from, "\r\n\r\n", 4);
    return at != NULL ? (size_t)(at - bytes) + 4 : 0;
}

static const struct {
    const char *name;
    way_method method;
    bool no_body_back;
} methods[] = {
    {"GET", WAY_GET, false}, {"POST", WAY_POST, false},     {"PATCH", WAY_PATCH, false},
    {"PUT", WAY_PUT, false}, {"DELETE", WAY_DELETE, false}, {"HEAD", WAY_GET, true},
};

/* The path and query of "/p?q" or "http://host/p?q". */
static way_code parse_target(char *target, way_head *h, way_err *e)
{
    char *query;

    for (const char *c = target; *c != '\0'; c++)
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f)
            return way_fail(e, WAY_E_INVAL, "the request target has bytes that must be percent-encoded");
    if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0) {
        target = strchr(strstr(target, "//") + 2, '/');
        if (target == NULL)
            return way_fail(e, WAY_E_INVAL, "the request target has no path");
    }
    if (target[0] != '/')
        return way_fail(e, WAY_E_INVAL, "the request target must begin with '/'");
    query = strchr(target, '?');
    if (query != NULL)
        *query++ = '\0';
    h->path = target;
    h->path_len = way_path_plain(target, strlen(target));
    h->query = query != NULL ? query : target + strlen(target);
    return WAY_OK;
}

static way_code parse_request_line(char *line, way_head *h, way_err *e)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;

    if (version == NULL)
        return way_fail(e, WAY_E_INVAL, "the request line must be '<method> <target> HTTP/1.1'");
    *target++ = '\0';
    *version++ = '\0';
    if (strcmp(version, "HTTP/1.1") == 0)
        h->keep_alive = true;
    else if (strcmp(version, "HTTP/1.0") != 0)
        return way_fail(e, WAY_E_INVAL, "only HTTP/1.1 is spoken here");
    for (const char *c = line; *c != '\0'; c++)
        if (!is_token_char((unsigned char)*c))
            return way_fail(e, WAY_E_INVAL, "the method is not a token");
    if (*line == '\0')
        return way_fail(e, WAY_E_INVAL, "the request line has no method");
    h->method = WAY_METHOD_OTHER;
    for (size_t i = 0; i < WAY_COUNT(methods); i++) {
        if (strcmp(line, methods[i].name) == 0) {
            h->method = methods[i].method;
            h->no_body_back = methods[i].no_body_back;
        }
    }
    return parse_target(target, h, e);
}

static way_code set_length(way_head *h, const char *value, way_err *e)
{
    int64_t n = 0;

    if (h->content_length >= 0)
        return way_fail(e, WAY_E_INVAL, "Content-Length is given twice");
    if (*value == '\0')
        return way_fail(e, WAY_E_INVAL, "Content-Length is empty");
    for (const char *c = value; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || n > INT64_MAX / 10 - 1)
            return way_fail(e, WAY_E_INVAL, "Content-Length is not a number of bytes");
        n = n * 10 + (*c - '0');
    }
    h->content_length = n;
    return WAY_OK;
}

/* Is word one of the comma-separated tokens of value? */
static bool has_token(const char *value, const char *word)
{
    size_t want = strlen(word);

    while (*value != '\0') {
        size_t len;

        value += strspn(value, " \t,");
        len = strcspn(value, " \t,");
        if (len == want && strncasecmp(value, word, len) == 0)
            return true;
        value += len;
    }
    return false;
}

/* The fields that say how to read the request.  seen_host: counts Host. */
static way_code note_field(way_head *h, const way_field *f, int *hosts, way_err *e)
{
    const char *name = h->text + f->name, *value = h->text + f->value;

    switch (f->name_len) {
    case 4:
        if (strcasecmp(name, "Host") == 0 && ++*hosts > 1)
            return way_fail(e, WAY_E_INVAL, "Host is given twice");
        break;
    case 6:
        if (strcasecmp(name, "Expect") == 0 && strcasecmp(value, "100-continue") == 0)
            h->expect_continue = true;
        break;
    case 10:
        if (strcasecmp(name, "Connection") == 0) {
            if (has_token(value, "close"))
                h->keep_alive = h->named_keep_alive = false;
            else if (!h->keep_alive && has_token(value, "keep-alive"))
                h->keep_alive = h->named_keep_alive = true;
        }
        break;
    case 12:
        if (strcasecmp(name, "Content-Type") == 0)
            h->content_type = value;
        break;
    case 13:
        if (strcasecmp(name, "Authorization") == 0) {
            if (h->authorization != NULL)
                return way_fail(e, WAY_E_INVAL, "Authorization is given twice");
            h->authorization = value;
        }
        break;
    case 14:
        if (strcasecmp(name, "Content-Length") == 0)
            return set_length(h, value, e);
        break;
    case 17:
        if (strcasecmp(name, "Transfer-Encoding") == 0)
            h->transfer_encoding = true;
        break;
    default:
        break;
    }
    return WAY_OK;
}

static way_code parse_field(way_head *h, char *line, size_t len, int *hosts, way_err *e)
{
    size_t name_len = 0;
    char *value, *end = line + len;
    way_field *f;

    while (name_len < len && is_token_char((unsigned char)line[name_len]))
        name_len++;
    if (name_len == 0 || name_len == len || line[name_len] != ':')
        return way_fail(e, WAY_E_INVAL, "a header line is not '<name>: <value>'");
    if (h->field_count == WAY_HEAD_FIELDS_MAX)
        return way_fail(e, WAY_E_HEADERS, "more than %d header fields", WAY_HEAD_FIELDS_MAX);
    value = line + name_len + 1;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (const char *c = value; c < end; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
            return way_fail(e, WAY_E_INVAL, "a header value has control characters");
    line[name_len] = '\0';
    *end = '\0'; /* at most the CR of this line */
    f = &h->fields[h->field_count++];
    f->name = (uint16_t)(line - h->text);
    f->name_len = (uint16_t)name_len;
    f->value = (uint16_t)(value - h->text);
    f->value_len = (uint16_t)(end - value);
    return note_field(h, f, hosts, e);
}

way_code way_head_parse(char *text, size_t len, way_head *out, way_err *e)
{
    char *line = text, *end;
    bool first = true, is_10;
    int hosts = 0;
    way_code rc;

    memset(out, 0, offsetof(way_head, fields));
    out->text = text;
    out->end = text + len;
    out->content_length = -1;
    if (len < 4 || len > WAY_HEAD_BYTES_MAX)
        return way_fail(e, WAY_E_HEADERS, "the request head is larger than %d bytes", WAY_HEAD_BYTES_MAX);
    end = text + len - 2; /* the empty line */
    if (memchr(text, '\0', len) != NULL)
        return way_fail(e, WAY_E_INVAL, "the request head has a NUL byte");

    while (line < end) {
        char *cr = memchr(line, '\r', (size_t)(end - line));

        /* there is a CR before `end`: the head ends in CRLF CRLF */
        if (cr == NULL || cr[1] != '\n')
            return way_fail(e, WAY_E_INVAL, "lines must end in CR LF");
        if (memchr(line, '\n', (size_t)(cr - line)) != NULL)
            return way_fail(e, WAY_E_INVAL, "lines must end in CR LF");
        *cr = '\0';
        rc = first ? parse_request_line(line, out, e) : parse_field(out, line, (size_t)(cr - line), &hosts, e);
        if (rc != WAY_OK)
            return rc;
        first = false;
        line = cr + 2;
    }
    if (first)
        return way_fail(e, WAY_E_INVAL, "the request line is missing");
    is_10 = !out->keep_alive || out->named_keep_alive;
    if (hosts == 0 && !is_10)
        return way_fail(e, WAY_E_INVAL, "Host is missing");
    return WAY_OK;
}
