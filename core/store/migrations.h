/* The numbered files of schema/sql as text, embedded at build time (scripts/lib/embed_sql.cmake). */
#ifndef WAY_STORE_MIGRATIONS_H
#define WAY_STORE_MIGRATIONS_H

#include <stddef.h>

typedef struct way_migration {
    int number;
    const char *name;
    const char *sql;
} way_migration;
extern const way_migration way_migrations[];
extern const size_t way_migration_count;

#endif
