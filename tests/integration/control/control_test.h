/* A control plane on a database of its own and a JetStream in memory (tests/unit/control/fake_js.h). */
#ifndef WAY_TEST_CONTROL_H
#define WAY_TEST_CONTROL_H

#include <criterion/criterion.h>

#include "core/control/op.h"
#include "core/control/ops.h"
#include "core/control/reconcile.h"
#include "tests/integration/store/store_test.h"
#include "tests/unit/control/fake_js.h"

typedef struct world {
    store s;
    fake_js *f;
    way_config cfg;
    way_hub *hub;
    way_control *ctl;
    way_work w;
    way_actor by;
    way_err e;
} world;

void world_open(world *x);
void world_close(world *x);
void world_deadline(world *x); /* a new job begins */
/* Another process on the same servers: its own control and tools. */
void world_other(const world *x, world *other);
void world_other_close(world *other);

cJSON *json(const char *text); /* ' stands for " */
way_code make_station(world *x, const char *body);
way_code make_group(world *x, const char *station, const char *body, uint64_t *dropped);
way_code edit_station(world *x, const char *name, const char *patch);
way_code edit_group(world *x, const char *station, const char *group, const char *patch, bool force);
const way_station *in_catalog(world *x, const char *internal); /* borrowed until the next call */
int64_t sql(world *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int reconcile(world *x); /* how many repairs; must work */

#define GOOD(call) cr_assert_eq((call), WAY_OK, "%s: %s", #call, x.e.text)
#define FAILS(call, code) cr_assert_eq((call), (code), "%s: %s", #call, x.e.text)

#endif
