/* How this daemon is: /healthz (alive), /readyz (may be sent requests), /v1/status (figures).
 *
 * All on the loop: they must answer when Postgres, nats-server or the workers do not. */
#include "core/base/clock.h"
#include "gateway/island.h"
#include "gateway/manage.h"

static const char HEALTHY[] = "{\"status\":\"ok\"}";

void way_status_healthz_run(way_exchange *x)
{
    way_x_reply_bytes(x, 200, "application/json", HEALTHY, sizeof HEALTHY - 1);
}

typedef struct readiness {
    bool started, postgres, nats;
    way_control_health health;
} readiness;

static bool is_ready(way_exchange *x, readiness *r)
{
    const way_island_parts *p = way_island_get(way_x_island(x));

    *r = (readiness){.started = false};
    if (p->ctl != NULL)
        way_control_health_get(p->ctl, &r->health);
    r->started = r->health.started;
    r->postgres = r->health.pg_ok;
    /* what carries this door's messages, where it has its own connections */
    r->nats = p->pub != NULL ? way_link_up(p->pub) && way_link_up(p->pull) : r->health.nats_ok;
    return r->started && r->postgres && r->nats;
}

void way_status_readyz_run(way_exchange *x)
{
    readiness r;
    bool ready = is_ready(x, &r);
    way_buf b;

    way_buf_init(&b, 0);
    way_json_open(&b, '{');
    way_json_kv_bool(&b, "ready", ready);
    way_json_kv_bool(&b, "started", r.started);
    way_json_kv_bool(&b, "postgres", r.postgres);
    way_json_kv_bool(&b, "nats", r.nats);
    way_json_close(&b, '}');
    way_x_json(x, ready ? 200 : 503, &b);
}

void way_status_run(way_exchange *x)
{
    way_island *isl = way_x_island(x);
    const way_island_parts *p = way_island_get(isl);
    const way_catalog *cat = way_island_catalog(isl);
    way_island_totals t;
    readiness r;
    bool ready = is_ready(x, &r);
    way_buf b;

    way_island_totals_get(&t);
    way_buf_init(&b, 0);
    way_json_open(&b, '{');
    way_json_kv_str(&b, "version", WAY_VERSION);
    way_json_kv_int(&b, "uptime_ms", way_mono_ms() - way_island_since_ms());
    way_json_kv_bool(&b, "ready", ready);
    way_json_key(&b, "nats");
    way_json_open(&b, '{');
    way_json_kv_bool(&b, "connected", r.nats);
    way_json_kv_str(&b, "version", r.health.server.version);
    way_json_kv_int(&b, "max_payload", r.health.server.max_payload);
    way_json_kv_int(&b, "servers", r.health.server.servers);
    way_json_close(&b, '}');
    way_json_key(&b, "postgres");
    way_json_open(&b, '{');
    way_json_kv_bool(&b, "connected", r.postgres);
    way_json_close(&b, '}');
    way_json_kv_int(&b, "catalog_version", cat->version);
    way_json_kv_uint(&b, "stations", cat->station_count);
    way_json_kv_uint(&b, "jobs_queued", r.health.jobs_queued);
    way_json_kv_int(&b, "jobs_max", p->cfg->jobs_max);
    way_json_key(&b, "requests");
    way_json_open(&b, '{');
    way_json_kv_int(&b, "in_flight", t.exchanges);
    way_json_kv_int(&b, "max", t.exchanges_max);
    way_json_kv_int(&b, "answered", t.served);
    way_json_kv_int(&b, "refused", t.refused);
    way_json_close(&b, '}');
    way_json_key(&b, "connections");
    way_json_open(&b, '{');
    way_json_kv_int(&b, "open", t.connections);
    way_json_kv_int(&b, "max", t.connections_max);
    way_json_close(&b, '}');
    way_json_close(&b, '}');
    way_x_json(x, 200, &b);
}
