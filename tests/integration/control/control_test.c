#include "tests/integration/control/control_test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/json.h"

static way_js_port *js_new(void *arg)
{
    return &((fake_js *)arg)->port;
}

static void js_free(way_js_port *js)
{
    (void)js;
}

static void equip(world *x)
{
    way_control_hooks hooks = {.js_new = js_new, .js_free = js_free, .arg = x->f};
    x->hub = way_hub_new();
    x->ctl = way_control_new(&x->cfg, x->hub, &hooks);
    way_control_set_instance(x->ctl, "0123456789abcdef");
    way_work_init(&x->w, x->ctl);
    world_deadline(x);
    snprintf(x->by.user, sizeof x->by.user, "tester");
    snprintf(x->by.from, sizeof x->by.from, "127.0.0.1");
    cr_assert_eq(way_sync_now(&x->w, &x->e), WAY_OK, "%s", x->e.text);
}

void world_open(world *x)
{
    memset(x, 0, sizeof *x);
    store_open(&x->s);
    x->f = fake_js_new();
    way_config_init(&x->cfg);
    free(x->cfg.database_url);
    x->cfg.database_url = strdup(x->s.url);
    x->cfg.catalog_poll_ms = 10;
    x->cfg.control_timeout_ms = 20000;
    equip(x);
}

void world_close(world *x)
{
    way_work_fini(&x->w);
    way_control_free(x->ctl);
    way_hub_free(x->hub);
    way_config_fini(&x->cfg);
    fake_js_free(x->f);
    store_close(&x->s);
}

void world_other(const world *x, world *other)
{
    memset(other, 0, sizeof *other);
    other->f = x->f;
    other->cfg = x->cfg;
    equip(other);
}

void world_other_close(world *other)
{
    way_work_fini(&other->w);
    way_control_free(other->ctl);
    way_hub_free(other->hub);
}

void world_deadline(world *x)
{
    way_work_deadline(&x->w, way_mono_ms() + x->cfg.control_timeout_ms);
}

cJSON *json(const char *text)
{
    char *copy = strdup(text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    cJSON *v = cJSON_Parse(copy);
    cr_assert_not_null(v, "%s", copy);
    free(copy);
    return v;
}

way_code make_station(world *x, const char *body)
{
    way_station_spec spec;
    cJSON *v = json(body);
    way_station_spec_init(&spec);
    world_deadline(x);
    way_code rc = way_station_parse(v, &spec, &x->e);
    if (rc == WAY_OK)
        rc = way_op_station_create(&x->w, &x->by, &spec, &x->e);
    way_station_spec_fini(&spec);
    cJSON_Delete(v);
    return rc;
}

way_code make_group(world *x, const char *station, const char *body, uint64_t *dropped)
{
    way_group_spec spec;
    cJSON *v = json(body);
    uint64_t none;
    way_group_spec_init(&spec);
    world_deadline(x);
    way_code rc = way_group_parse(v, 4096, &spec, &x->e);
    if (rc == WAY_OK)
        rc = way_op_group_create(&x->w, &x->by, station, &spec, dropped ? dropped : &none, &x->e);
    way_group_spec_fini(&spec);
    cJSON_Delete(v);
    return rc;
}

way_code edit_station(world *x, const char *name, const char *patch)
{
    cJSON *v = json(patch);
    world_deadline(x);
    way_code rc = way_op_station_edit(&x->w, &x->by, name, v, &x->e);
    cJSON_Delete(v);
    return rc;
}

way_code edit_group(world *x, const char *station, const char *group, const char *patch, bool force)
{
    char note[256];
    cJSON *v = json(patch);
    world_deadline(x);
    way_code rc = way_op_group_edit(&x->w, &x->by, station, group, v, force, note, sizeof note, &x->e);
    if (rc == WAY_OK)
        snprintf(x->e.text, sizeof x->e.text, "%s", note);
    cJSON_Delete(v);
    return rc;
}

const way_station *in_catalog(world *x, const char *internal)
{
    static const way_catalog *held;
    return way_catalog_station(way_hub_read(x->hub, &held), internal);
}

int64_t sql(world *x, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return store_sql(&x->s, text);
}

int reconcile(world *x)
{
    int repaired = 0;
    cr_assert_eq(way_reconcile_run(&x->w, &repaired, &x->e), WAY_OK, "%s", x->e.text);
    return repaired;
}
