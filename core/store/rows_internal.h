/* Private to core/store: what the row files share. */
#ifndef WAY_STORE_ROWS_INTERNAL_H
#define WAY_STORE_ROWS_INTERNAL_H

#include "core/store/pg_exec.h"
#include "core/store/rows.h"

/* The next change number, as the first part of a statement.  It comes before the object's row everywhere, so that two
 * changes never wait for each other; a number that no row took in the end does no harm. */
#define NEXT_CHANGE "c AS (UPDATE changes SET v = v + 1 RETURNING v)"

#define MS(column) "(extract(epoch FROM " column ") * 1000)::bigint"

/* Texts for a parameter: the JSON of a spec.  Owned by b. */
WAY_MUST_CHECK way_code way_rows_station_json(const way_station_spec *s, way_buf *b, way_err *e);
WAY_MUST_CHECK way_code way_rows_group_json(const way_group_spec *g, way_buf *b, way_err *e);
/* A spec column read back; names come from the row's own columns, which decide.  out is initialised. */
WAY_MUST_CHECK way_code way_rows_station_spec(const char *name, const char *internal, const char *json,
                                              way_station_spec *out, way_err *e);
WAY_MUST_CHECK way_code way_rows_group_spec(const char *name, const char *internal, const char *json,
                                            way_group_spec *out, way_err *e);
WAY_MUST_CHECK way_code way_rows_state(const char *text, way_state *out, way_err *e);

#endif
