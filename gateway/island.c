/* Island: life of one door's thread and loop, and what crosses into it.
 *
 * The loop outlives its thread until `free`: a worker that has just posted an answer may ring the bell after the
 * mailbox was drained for the last time. */
#include "gateway/island.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "gateway/island_priv.h"

#define TICK_S 0.25
#define STOP_TICK_S 0.02
#define PROTOCOL "http"

enum { MAILBOX_ITEMS = 4096, SERV_BUF = 65536, TX_PACKET = 1024 * 1024 };

static const struct lws_protocols protocols[] = {
    {.name = PROTOCOL, .callback = way_conn_callback, .per_session_data_size = sizeof(way_conn), .rx_buffer_size = 1024,
     .tx_packet_size = TX_PACKET},
    {.name = NULL},
};

/* ---- totals of the process ---- */

static pthread_mutex_t started_mu = PTHREAD_MUTEX_INITIALIZER;
static way_island *started_list; /* {started_mu} */
static atomic_llong since_ms;

static void list_add(way_island *isl)
{
    pthread_mutex_lock(&started_mu);
    isl->next_started = started_list;
    started_list = isl;
    pthread_mutex_unlock(&started_mu);
}

static void list_remove(way_island *isl)
{
    pthread_mutex_lock(&started_mu);
    for (way_island **at = &started_list; *at != NULL; at = &(*at)->next_started) {
        if (*at == isl) {
            *at = isl->next_started;
            break;
        }
    }
    pthread_mutex_unlock(&started_mu);
}

void way_island_totals_get(way_island_totals *out)
{
    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&started_mu);
    for (way_island *isl = started_list; isl != NULL; isl = isl->next_started) {
        out->connections += atomic_load_explicit(&isl->connections, memory_order_relaxed);
        out->exchanges += atomic_load_explicit(&isl->exchanges, memory_order_relaxed);
        out->served += atomic_load_explicit(&isl->served, memory_order_relaxed);
        out->refused += atomic_load_explicit(&isl->refused, memory_order_relaxed);
        out->connections_max += isl->parts.cfg->connections_max;
        out->exchanges_max += isl->parts.cfg->requests_max;
    }
    pthread_mutex_unlock(&started_mu);
}

int64_t way_island_since_ms(void)
{
    return atomic_load_explicit(&since_ms, memory_order_relaxed);
}

/* ---- the loop ---- */

const way_island_parts *way_island_get(way_island *isl)
{
    return &isl->parts;
}

const way_catalog *way_island_catalog(way_island *isl)
{
    const way_catalog *before = isl->catalog;

    /* once per turn: what a handler found stays valid until it returns */
    if (isl->catalog == NULL || isl->catalog_turn != isl->turn) {
        isl->catalog_turn = isl->turn;
        way_hub_read(isl->parts.hub, &isl->catalog);
        if (isl->catalog != before && isl->parts.dispatch != NULL)
            way_dispatch_catalog(isl->parts.dispatch, isl->catalog);
    }
    return isl->catalog;
}

static void on_turn(struct ev_loop *loop, ev_check *w, int revents)
{
    way_island *isl = w->data;

    (void)loop;
    (void)revents;
    isl->turn++;
}

static void set_date(way_island *isl)
{
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    isl->date_len = strftime(isl->date, sizeof isl->date, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
}

static void drain_mailbox(way_island *isl)
{
    way_item *next;

    for (way_item *item = way_mailbox_drain(isl->mailbox); item != NULL; item = next) {
        way_posted *a = WAY_CONTAINER(item, way_posted, item);

        next = item->next;
        a->arrive(isl, a);
    }
}

static void begin_stop(way_island *isl)
{
    isl->stopping = true;
    isl->stop_by_ms = way_mono_ms() + isl->parts.cfg->stop_timeout_ms;
    way_listen_close(&isl->listen, isl->parts.loop);
    way_conn_stop_idle(isl);
    isl->tick.repeat = STOP_TICK_S;
    ev_timer_again(isl->parts.loop, &isl->tick);
}

static void break_when_done(way_island *isl)
{
    if (isl->stopping && (isl->conn_count == 0 || way_mono_ms() >= isl->stop_by_ms))
        ev_break(isl->parts.loop, EVBREAK_ALL);
}

static void on_bell(struct ev_loop *loop, ev_async *w, int revents)
{
    way_island *isl = w->data;

    (void)loop;
    (void)revents;
    drain_mailbox(isl);
    if (atomic_load(&isl->stop_asked) && !isl->stopping)
        begin_stop(isl);
    break_when_done(isl);
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int revents)
{
    way_island *isl = w->data;

    (void)revents;
    set_date(isl);
    way_island_catalog(isl); /* dispatchers hear of changes without a request, too */
    way_listen_tick(&isl->listen, loop);
    way_conn_tick(isl, way_mono_ms());
    break_when_done(isl);
}

static void on_socket(void *arg, int fd, const char from[WAY_PEER_MAX])
{
    way_island *isl = arg;
    lws_sock_file_fd_type sock = {.sockfd = fd};

    if (isl->conn_count >= isl->parts.cfg->connections_max + WAY_CONN_SPARE) {
        atomic_fetch_add_explicit(&isl->refused, 1, memory_order_relaxed);
        close(fd);
        return;
    }
    isl->adopt_refused = isl->conn_count >= isl->parts.cfg->connections_max;
    memcpy(isl->adopt_from, from, sizeof isl->adopt_from);
    lws_adopt_descriptor_vhost(isl->vhost, LWS_ADOPT_SOCKET, sock, PROTOCOL, NULL); /* closes fd if it fails */
}

/* ---- life ---- */

static void lws_line(int level, const char *line)
{
    size_t len = strcspn(line, "\r\n");

    way_log_line(level == LLL_ERR ? WAY_LOG_WARN : WAY_LOG_DEBUG, "lws", "said", "text=%.*s", (int)len, line);
}

static way_code open_lws(way_island *isl, way_err *e)
{
    void *loops[1] = {isl->parts.loop};
    struct lws_context_creation_info info;

    lws_set_log_level(LLL_ERR, lws_line);
    memset(&info, 0, sizeof info);
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.options = LWS_SERVER_OPTION_LIBEV | LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS;
    info.foreign_loops = loops;
    info.count_threads = 1;
    info.pt_serv_buf_size = SERV_BUF;
    info.user = isl;
    info.gid = (gid_t)-1;
    info.uid = (uid_t)-1;
    info.vhost_name = PROTOCOL;
    /* fd_limit_per_thread stays unset: it would turn every lookup into a linear scan */
    isl->lws = lws_create_context(&info);
    if (isl->lws == NULL)
        return way_fail(e, WAY_E_INTERNAL, "libwebsockets did not start; is its libev plugin installed?");
    isl->vhost = lws_get_vhost_by_name(isl->lws, PROTOCOL);
    return WAY_OK;
}

static way_code open_links(way_island *isl, way_err *e)
{
    way_island_parts *p = &isl->parts;
    way_code rc;

    if (p->door != WAY_DOOR_REST)
        return WAY_OK; /* management goes through workers */
    rc = way_link_open(p->cfg, p->loop, "waystation-rest", &p->pub, e);
    if (rc == WAY_OK)
        rc = way_link_open(p->cfg, p->loop, "waystation-rest-pull", &p->pull, e);
    if (rc == WAY_OK)
        p->dispatch = way_dispatch_new(p->cfg, p->loop, p->pull, p->pub);
    return rc;
}

/* Everything the loop thread made or used; on that thread, or in start when it never ran. */
static void close_inside(way_island *isl)
{
    way_island_parts *p = &isl->parts;

    way_listen_close(&isl->listen, p->loop);
    way_conn_kill_all(isl);
    if (p->dispatch != NULL)
        way_dispatch_free(p->dispatch);
    if (p->pull != NULL)
        way_link_close(p->pull);
    if (p->pub != NULL)
        way_link_close(p->pub);
    p->dispatch = NULL;
    p->pull = p->pub = NULL;
    if (isl->lws != NULL)
        lws_context_destroy(isl->lws);
    isl->lws = NULL;
    way_mailbox_close(isl->mailbox);
    ev_async_stop(p->loop, &isl->bell);
    ev_check_stop(p->loop, &isl->turn_watch);
    ev_timer_stop(p->loop, &isl->tick);
    way_exchange_pool_free(isl);
    way_bearer_cache_fini(&isl->bearers);
    way_buf_fini(&isl->scratch);
    if (isl->catalog != NULL)
        way_catalog_unref(isl->catalog);
    isl->catalog = NULL;
}

static void *thread_main(void *arg)
{
    way_island *isl = arg;

    ev_run(isl->parts.loop, 0);
    close_inside(isl);
    return NULL;
}

static void ring(void *arg)
{
    way_island *isl = arg;

    ev_async_send(isl->parts.loop, &isl->bell);
}

way_island *way_island_new(const way_config *cfg, way_control *ctl, way_hub *hub, way_door door, int port)
{
    way_island *isl = way_xcalloc(1, sizeof *isl);
    long long unset = 0;

    atomic_compare_exchange_strong(&since_ms, &unset, way_mono_ms());
    isl->parts.cfg = cfg;
    isl->parts.ctl = ctl;
    isl->parts.hub = hub;
    isl->parts.door = door;
    isl->port = port;
    isl->listen.fd = -1;
    isl->turn = 1;
    isl->slots = way_slots_new((uint32_t)cfg->requests_max);
    way_buf_init(&isl->scratch, 0);
    set_date(isl);
    return isl;
}

static void start_watchers(way_island *isl)
{
    struct ev_loop *loop = isl->parts.loop;

    isl->mailbox = way_mailbox_new(MAILBOX_ITEMS, ring, isl);
    ev_async_init(&isl->bell, on_bell);
    isl->bell.data = isl;
    ev_async_start(loop, &isl->bell);
    ev_check_init(&isl->turn_watch, on_turn);
    isl->turn_watch.data = isl;
    ev_set_priority(&isl->turn_watch, EV_MAXPRI);
    ev_check_start(loop, &isl->turn_watch);
    ev_timer_init(&isl->tick, on_tick, TICK_S, TICK_S);
    isl->tick.data = isl;
    ev_timer_start(loop, &isl->tick);
}

way_code way_island_start(way_island *isl, way_err *e)
{
    const way_config *cfg = isl->parts.cfg;
    bool shared = isl->parts.door == WAY_DOOR_REST && cfg->rest_islands > 1;
    way_code rc;
    int no;

    isl->parts.loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
    if (isl->parts.loop == NULL)
        return way_fail(e, WAY_E_INTERNAL, "no event loop: epoll is not available");
    start_watchers(isl);
    rc = way_listen_open(&isl->listen, cfg->listen, isl->port, shared, e);
    if (rc == WAY_OK)
        rc = open_lws(isl, e);
    if (rc == WAY_OK)
        rc = open_links(isl, e);
    if (rc != WAY_OK)
        goto undo;
    isl->listen.on_socket = on_socket;
    isl->listen.arg = isl;
    isl->port = isl->listen.port;
    way_listen_start(&isl->listen, isl->parts.loop);
    list_add(isl);
    no = pthread_create(&isl->thread, NULL, thread_main, isl);
    if (no != 0) {
        list_remove(isl);
        rc = way_fail(e, WAY_E_INTERNAL, "no thread for the door: %s", strerror(no));
        goto undo;
    }
    isl->started = true;
    return WAY_OK;

undo:
    close_inside(isl);
    return rc;
}

int way_island_port(const way_island *isl)
{
    return isl->port;
}

void way_island_stop(way_island *isl)
{
    if (isl == NULL || !isl->started)
        return;
    list_remove(isl);
    atomic_store(&isl->stop_asked, true);
    ring(isl);
    pthread_join(isl->thread, NULL);
    isl->started = false;
}

void way_island_free(way_island *isl)
{
    if (isl == NULL)
        return;
    way_island_stop(isl);
    if (isl->mailbox != NULL)
        way_mailbox_free(isl->mailbox);
    if (isl->parts.loop != NULL)
        ev_loop_destroy(isl->parts.loop);
    way_slots_free(isl->slots);
    free(isl);
}

void way_island_answer(way_island *isl, way_item **item)
{
    if (way_mailbox_post_answer(isl->mailbox, item) == WAY_OK)
        return;
    (*item)->drop(*item);
    *item = NULL;
}
