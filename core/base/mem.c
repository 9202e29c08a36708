/* Allocation that cannot fail for the caller.  Used only where the size is ours, never a client's: running out there
 * leaves nothing sensible to do, and an abort with a message beats a crash later. */
#include "core/base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(size_t bytes)
{
    fprintf(stderr, "waystation: out of memory (%zu bytes wanted)\n", bytes);
    abort();
}

void *way_xmalloc(size_t bytes)
{
    void *p = malloc(bytes ? bytes : 1);
    if (p == NULL)
        out_of_memory(bytes);
    return p;
}

void *way_xcalloc(size_t count, size_t bytes)
{
    void *p = calloc(count ? count : 1, bytes ? bytes : 1);
    if (p == NULL)
        out_of_memory(bytes != 0 && count > SIZE_MAX / bytes ? SIZE_MAX : count * bytes);
    return p;
}

void *way_xrealloc(void *old, size_t bytes)
{
    void *p = realloc(old, bytes ? bytes : 1);
    if (p == NULL)
        out_of_memory(bytes);
    return p;
}

char *way_xstrdup(const char *s)
{
    return s == NULL ? NULL : way_xstrndup(s, strlen(s));
}

char *way_xstrndup(const char *s, size_t len)
{
    char *p = way_xmalloc(len + 1);
    if (len > 0)
        memcpy(p, s, len);
    p[len] = '\0';
    return p;
}

_Noreturn void way_assert_failed(const char *cond, const char *file, int line)
{
    fprintf(stderr, "waystation: %s:%d: broken invariant: %s\n", file, line, cond);
    abort();
}
