/* Names: checks and mappings.  What passes way_name_parse can be put into a subject as it is: it holds no wildcard, no
 * separator, no '$', no blank and no control byte. */
#include "core/model/names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/text.h"

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

way_code way_name_parse(const char *what, const char *raw, size_t len, char out[WAY_NAME_MAX + 1], way_err *e)
{
    char name[WAY_NAME_MAX + 1], quoted[WAY_QUOTE_MAX];

    if (len == 0)
        return way_fail(e, WAY_E_INVAL, "the %s name is empty; it has 1 to %d characters", what, WAY_NAME_MAX);
    if (len > WAY_NAME_MAX)
        return way_fail(e, WAY_E_INVAL, "the %s name has %zu characters; at most %d are allowed", what, len,
                        WAY_NAME_MAX);
    for (size_t i = 0; i < len; i++) {
        name[i] = lower(raw[i]);
        if (!is_alnum(name[i]) && (name[i] == '\0' || strchr("_.-", name[i]) == NULL))
            return way_fail(e, WAY_E_INVAL, "the %s name \"%s\" holds a character other than letters, digits and _ . -",
                            what, way_text_quote(raw, len, quoted));
    }
    if (!is_alnum(name[0]) || !is_alnum(name[len - 1]))
        return way_fail(e, WAY_E_INVAL, "the %s name \"%s\" must begin and end with a letter or digit", what,
                        way_text_quote(raw, len, quoted));
    name[len] = '\0';
    memcpy(out, name, len + 1);
    return WAY_OK;
}

static void replace(const char *from, char *to, char old, char new)
{
    size_t i = 0;
    for (; from[i] != '\0' && i < WAY_NAME_MAX; i++)
        to[i] = from[i] == old ? new : from[i];
    to[i] = '\0';
}

void way_name_internal(const char *name, char out[WAY_NAME_MAX + 1])
{
    replace(name, out, '.', '#');
}

void way_name_external(const char *internal, char out[WAY_NAME_MAX + 1])
{
    replace(internal, out, '#', '.');
}

void way_stream_name(const char *internal, int32_t partition, char out[WAY_STREAM_MAX + 1])
{
    WAY_ASSERT(partition > 0 && partition <= WAY_PARTITIONS_MAX);
    char *at = way_put_str(out, internal);
    *at++ = '$';
    *way_put_u64(at, (uint64_t)partition) = '\0';
}

void way_data_subject(const char *internal, int32_t partition, char out[WAY_SUBJECT_MAX + 1])
{
    way_stream_name(internal, partition, out);
    strcpy(out + strlen(out), ".final");
}

static bool is_internal(const char *s, size_t len)
{
    if (len == 0 || len > WAY_NAME_MAX || !is_alnum(s[0]) || !is_alnum(s[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(s[i]) && s[i] != '_' && s[i] != '-' && s[i] != '#')
            return false;
    return true;
}

bool way_stream_parse(const char *stream, size_t len, char internal[WAY_NAME_MAX + 1], int32_t *partition)
{
    const char *dollar = memchr(stream, '$', len);
    uint64_t p;

    if (dollar == NULL || !is_internal(stream, (size_t)(dollar - stream)))
        return false;
    size_t name_len = (size_t)(dollar - stream), digits = len - name_len - 1;
    /* no leading zero: each partition has one name only */
    if (digits == 0 || dollar[1] == '0' || !way_u64_parse(dollar + 1, digits, &p) || p > WAY_PARTITIONS_MAX)
        return false;
    memcpy(internal, stream, name_len);
    internal[name_len] = '\0';
    *partition = (int32_t)p;
    return true;
}

void way_redrive_durable(int64_t station_id, int64_t group_id, char out[WAY_NAME_MAX + 1])
{
    snprintf(out, WAY_NAME_MAX + 1, "%" PRId64 "-%" PRId64, station_id, group_id);
}
