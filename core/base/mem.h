/* Memory for start-up and small fixed structs: these abort with a message when there is none.
 * Buffers whose size comes from outside use plain malloc and return WAY_E_FULL instead.
 * Threads: any. */
#ifndef WAY_BASE_MEM_H
#define WAY_BASE_MEM_H

#include <stddef.h> /* size_t, and offsetof for WAY_CONTAINER */

void *way_xmalloc(size_t bytes);
void *way_xcalloc(size_t count, size_t bytes);
void *way_xrealloc(void *p, size_t bytes);
char *way_xstrdup(const char *s);              /* NULL gives NULL */
char *way_xstrndup(const char *s, size_t len); /* always NUL-terminated */

/* A broken invariant: on in every build; logs where and aborts. */
#define WAY_ASSERT(cond) ((cond) ? (void)0 : way_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void way_assert_failed(const char *cond, const char *file, int line);

#define WAY_COUNT(a) (sizeof(a) / sizeof *(a))
#define WAY_CONTAINER(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
