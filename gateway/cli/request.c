/* Request: composing lines.  The server picks keys itself from plain lines; from wrapped ones they are picked here, since an
 * object carries its key beside the payload. */
#include "gateway/cli/request.h"

#include <stdio.h>
#include <string.h>

#include "core/base/json.h"
#include "core/base/mem.h"
#include "core/base/text.h"
#include "gateway/cli/client.h"

#define LINE_OVERHEAD 256 /* the object around a payload, but for headers */

static size_t header_name_len(const char *header)
{
    const char *colon = strchr(header, ':');
    return colon ? (size_t)(colon - header) : 0;
}

static const char *header_value(const char *header)
{
    const char *v = header + header_name_len(header) + 1;
    return v + strspn(v, " \t");
}

way_code way_request_form_check(const way_request_form *f, way_err *e)
{
    if (f->key && f->key_from)
        return way_fail(e, WAY_E_INVAL, "--key and --key-from are two ways to say the same: give one");
    if (f->key_from && *f->key_from != '\0' && *f->key_from != '/')
        return way_fail(e, WAY_E_INVAL, "--key-from %s: a JSON pointer begins with /, such as /%s", f->key_from, f->key_from);
    if (f->objects && (f->key_from || (f->headers && f->headers->n > 0)))
        return way_fail(e, WAY_E_INVAL, "with --ndjson each line is {\"data\":…,\"key\":…,\"headers\":{…}}: "
                                        "keys and headers stand there, not in --key-from and --header");
    for (int i = 0; f->headers && i < f->headers->n; i++)
        if (header_name_len(f->headers->v[i]) == 0)
            return way_fail(e, WAY_E_INVAL, "--header %s: want NAME:VALUE", f->headers->v[i]);
    return WAY_OK;
}

void way_request_init(way_request *r, const way_request_form *f)
{
    memset(r, 0, sizeof *r);
    r->form = f;
    way_buf_init(&r->body, 0);
}

void way_request_fini(way_request *r)
{
    way_buf_fini(&r->body);
}

void way_request_reset(way_request *r)
{
    if (r->body.cap > 4 * WAY_REQUEST_BYTES) /* one huge message should not hold its memory for the rest of the input */
        way_buf_fini(&r->body);
    way_buf_reset(&r->body);
    r->first_line = r->messages = r->bytes = 0;
}

bool way_request_fits(const way_request *r, size_t len)
{
    /* base64 makes four bytes of three */
    size_t need = r->form->wrap ? len + len / 3 + LINE_OVERHEAD : len + 1;
    return r->body.len == 0 || r->body.len + need <= WAY_REQUEST_BYTES;
}

/* The scalar at key_from, as text.  Numbers beyond what a double holds exactly are refused, not rounded. */
static way_code pick_key(const char *pointer, const char *message, size_t len, way_buf *key, way_err *e)
{
    cJSON *v = NULL;
    int64_t n;
    way_err why;

    if (way_json_parse(message, len, len, &v, &why) != WAY_OK)
        return way_fail(e, WAY_E_INVAL, "--key-from %s: the message is %s", pointer, why.text);
    const cJSON *at = way_json_pointer(v, pointer);
    way_code rc = WAY_OK;
    if (cJSON_IsString(at))
        way_buf_str(key, at->valuestring);
    else if (cJSON_IsBool(at))
        way_buf_str(key, cJSON_IsTrue(at) ? "true" : "false");
    else if (way_json_integer(at, &n))
        way_buf_i64(key, n);
    else
        rc = way_fail(e, WAY_E_INVAL, "--key-from %s: the message has no text or whole number there", pointer);
    cJSON_Delete(v);
    return rc;
}

static void write_headers(const way_arg_list *headers, way_buf *out)
{
    char name[256];

    if (!headers || headers->n == 0)
        return;
    way_json_key(out, "headers");
    way_json_open(out, '{');
    for (int i = 0; i < headers->n; i++) {
        const char *h = headers->v[i];
        snprintf(name, sizeof name, "%.*s", (int)header_name_len(h), h);
        way_json_kv_str(out, name, header_value(h));
    }
    way_json_close(out, '}');
}

static way_code add_wrapped(way_request *r, const char *message, size_t len, way_err *e)
{
    const way_request_form *f = r->form;
    way_buf key;
    way_code rc = WAY_OK;

    way_buf_init(&key, 0);
    if (f->key_from)
        rc = pick_key(f->key_from, message, len, &key, e);
    if (rc == WAY_OK) {
        way_json_open(&r->body, '{');
        if (f->key_from)
            way_json_kv_str(&r->body, "key", key.data ? key.data : "");
        if (way_utf8_valid(message, len) && memchr(message, '\0', len) == NULL) {
            way_json_key(&r->body, "data");
            way_json_text(&r->body, message, len);
        } else {
            way_json_key(&r->body, "data_b64");
            way_buf_char(&r->body, '"');
            way_b64_add(&r->body, message, len);
            way_buf_char(&r->body, '"');
        }
        write_headers(f->headers, &r->body);
        way_json_close(&r->body, '}');
        way_buf_char(&r->body, '\n');
    }
    way_buf_fini(&key);
    return rc;
}

way_code way_request_add(way_request *r, const char *message, size_t len, uint64_t number, way_err *e)
{
    if (r->form->wrap) {
        way_code rc = add_wrapped(r, message, len, e);
        if (rc != WAY_OK)
            return rc;
    } else {
        way_buf_add(&r->body, message, len);
        way_buf_char(&r->body, '\n');
    }
    if (r->body.failed)
        return way_fail(e, WAY_E_FULL, "no memory for a message of %zu bytes", len);
    if (r->first_line == 0)
        r->first_line = number;
    /* what the server takes for an empty line counts as a line and not as a message */
    r->messages += r->form->wrap || (len > 0 && !(len == 1 && message[0] == '\r'));
    r->bytes += len;
    return WAY_OK;
}

void way_request_path(const way_request *r, way_buf *out)
{
    const way_request_form *f = r->form;

    way_path(out, "/v1/stations/", f->station, "/messages:batch", NULL);
    if (!f->wrap && !f->objects) {
        way_path_query(out, "lines", "data");
        way_path_query(out, "key_from", f->key_from);
    }
    way_path_query(out, "key", f->key);
    if (f->partition > 0)
        way_path_query_int(out, "partition", f->partition);
    way_path_query(out, "msg_id_prefix", f->msg_id_prefix);
    way_path_query_int(out, "first_line", (int64_t)r->first_line);
}
