/* Private to core/control: what must be there before the first request, in Postgres. */
#ifndef WAY_CONTROL_BRINGUP_H
#define WAY_CONTROL_BRINGUP_H

#include "core/control/control.h"
#include "core/control/work.h"

typedef struct way_keys {
    unsigned char jwt[32];
    unsigned char receipt[32];
    char instance[WAY_INSTANCE_MAX];
} way_keys;

/* Schema, root user, shared secrets.  Idempotent; several daemons may do it at once.  */
WAY_MUST_CHECK way_code way_bringup(way_pg *pg, const way_config *cfg, const way_control_hooks *hooks, way_keys *out,
                                    way_err *e);
/* 32 bytes of the configured jwt_key; *set false: none is configured. */
WAY_MUST_CHECK way_code way_jwt_key_from_config(const way_config *cfg, const way_control_hooks *hooks,
                                                unsigned char out[32], bool *set, way_err *e);

#endif
