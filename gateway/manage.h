/* Management handlers: what the rows of the table of routes point to.
 *
 * Names end in _run (on the loop) or _job (on a worker, blocking).  Queries and bodies are read with the helpers below, so
 * that the same mistake gets the same words everywhere. */
#ifndef WAY_GATEWAY_MANAGE_H
#define WAY_GATEWAY_MANAGE_H

#include "core/control/ops.h"
#include "gateway/http.h"

void way_status_healthz_run(way_exchange *x);
void way_status_readyz_run(way_exchange *x);
void way_status_run(way_exchange *x);

way_code way_login_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_refresh_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);

way_code way_station_list_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_station_create_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_station_show_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_station_edit_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_station_delete_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_station_purge_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_station_partitions_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);

way_code way_group_list_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_group_create_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_group_show_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_group_edit_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_group_delete_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);
way_code way_group_seek_job(way_work *w, const way_api_request *rq, way_buf *out, int *status, way_err *e);

/* ---- helpers ---- */
#define WAY_PAGE_DEFAULT 100
#define WAY_PAGE_MAX 1000
/* A page of a list: ?limit= and ?after= (the opaque `next` of the page before, which is a name). */
typedef struct way_page {
    int64_t limit;
    char after[WAY_NAME_MAX + 1]; /* internal form; "" from the beginning */
} way_page;
WAY_MUST_CHECK way_code way_manage_page(const way_api_request *rq, const char *what, way_page *out, way_err *e);
/* The body as a JSON object; owned, cJSON_Delete.  may_be_empty: no body reads as {}. */
WAY_MUST_CHECK way_code way_manage_body(const way_api_request *rq, bool may_be_empty, cJSON **out, way_err *e);
/* A body that says nothing: empty or {}. */
WAY_MUST_CHECK way_code way_manage_no_body(const way_api_request *rq, way_err *e);
/* true, false, 1, 0 or, for a parameter without a value, true. */
WAY_MUST_CHECK way_code way_manage_flag(const way_api_request *rq, const char *name, bool *out, way_err *e);
way_actor way_manage_actor(const way_api_request *rq);
/* Members whose value may be unknown. */
void way_manage_time(way_buf *b, const char *key, int64_t wall_ns); /* 0: null */

#endif
