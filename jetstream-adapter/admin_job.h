/* What the files of the port share: one call's inputs and progress, subjects, the words of errors.
 *
 * Private to admin.c, admin_stream.c and admin_consumer.c. */
#ifndef WAY_ADAPTER_ADMIN_JOB_H
#define WAY_ADAPTER_ADMIN_JOB_H

#include "core/control/js_port.h"
#include "jetstream-adapter/api.h"
#include "jetstream-adapter/codec.h"

/* One call of the port: what it was given, and how far each item is. */
typedef struct way_admin_job {
    way_api *api;
    const way_server_info *server;
    const char *verb; /* of ask functions that differ in nothing else */
    const way_js_stream *streams;
    const way_js_consumer *consumers;
    const char (*names)[WAY_STREAM_MAX + 1];
    const uint64_t *seqs;
    way_js_stream_info *stream_infos;
    way_js_consumer_info *consumer_infos;
    way_js_msg *messages;
    bool *made;
    bool *settled; /* updates: surely carries the new config */
    uint64_t removed;
    int32_t overlapped; /* the stream whose subject another one has; -1 none */
} way_admin_job;

way_api *way_admin_api(way_js_port *port);
/* Connects if need be; fills api and server. */
WAY_MUST_CHECK way_code way_admin_begin(way_js_port *port, way_admin_job *j, way_err *e);
WAY_MUST_CHECK way_code way_admin_run(way_js_port *port, way_admin_job *j, int32_t n,
                                      way_code (*ask)(void *, way_call *, way_err *),
                                      way_code (*answer)(void *, way_call *, const char *, size_t, way_err *),
                                      way_err *e);
/* "<verb>.<stream>[.<consumer>]"; WAY_E_INVAL for a name that would reach beyond its token. */
WAY_MUST_CHECK way_code way_admin_subject(way_call *c, const char *verb, const char *stream, const char *consumer,
                                          way_err *e);
/* consumer: NULL for what concerns the stream. */
way_code way_admin_refused(const way_js_fault *f, const char *stream, const char *consumer, way_err *e);
way_code way_admin_dropped(const way_admin_job *j, const char *stream, const char *consumer, const char *field,
                           way_err *e);
int32_t way_admin_settled(const bool *settled, int32_t n); /* how many from the first */

/* ---- the port's functions ---- */
way_code way_admin_streams_create(way_js_port *port, const way_js_stream *cfg, int32_t n, way_js_stream_info *out,
                                  bool *made, way_err *e);
way_code way_admin_streams_update(way_js_port *port, const way_js_stream *cfg, int32_t n, int32_t *done, way_err *e);
way_code way_admin_streams_info(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                                way_js_stream_info *out, way_err *e);
way_code way_admin_streams_delete(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n, way_err *e);
way_code way_admin_streams_purge(way_js_port *port, const char (*names)[WAY_STREAM_MAX + 1], int32_t n,
                                 uint64_t *removed, way_err *e);
way_code way_admin_consumers_create(way_js_port *port, const way_js_consumer *cfg, int32_t n, bool *made, way_err *e);
way_code way_admin_consumers_update(way_js_port *port, const way_js_consumer *cfg, int32_t n, int32_t *done,
                                    way_err *e);
way_code way_admin_consumers_info(way_js_port *port, const way_js_consumer *names, int32_t n,
                                  way_js_consumer_info *out, way_err *e);
way_code way_admin_consumers_delete(way_js_port *port, const way_js_consumer *names, int32_t n, way_err *e);

#endif
