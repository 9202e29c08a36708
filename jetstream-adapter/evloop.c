/* evloop: flags set by cnats' callbacks, watchers moved by the loop. */
#include "jetstream-adapter/evloop.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"

/* Newer cnats leaves closing the socket, and dropping its own reference, to the adapter; 3.4 does both itself and does not
 * have these functions. */
void natsConnection_ProcessCloseEvent(natsSock *sock) __attribute__((weak));
void natsConnection_ProcessDetachedEvent(natsConnection *nc) __attribute__((weak));

struct way_evloop { /* the loop's, except where marked */
    struct ev_loop *loop; /* set at new */
    natsConnection *nc;   /* set at start */
    way_evloop_fns fns;
    void *arg;
    struct ev_io rd, wr;
    struct ev_prepare prepare;
    struct ev_async bell;
    atomic_bool want_write; /* cnats has bytes to write */
    pthread_mutex_t mu;
    natsSock sock;  /* {mu} cnats' own descriptor */
    int fd;         /* {mu} our duplicate; -1: none */
    natsConnection *attached_nc; /* {mu} NULL: never attached */
    pthread_t thread; /* {mu} the loop's, once started */
    bool started;     /* {mu} */
    bool gone;        /* {mu} detached: cnats calls nothing of ours any more */
};

/* {mu} held: so the object outlives the call, see on_bell */
static void ring(way_evloop *el)
{
    if (el->started)
        ev_async_send(el->loop, &el->bell);
}

/* ---- called by cnats, with its connection locked (detach: without) ---- */

static natsStatus on_attach(void **user, void *loop, natsConnection *nc, natsSock sock)
{
    way_evloop *el = loop;
    natsStatus s = NATS_OK;

    pthread_mutex_lock(&el->mu);
    el->sock = sock;
    el->fd = fcntl(sock, F_DUPFD_CLOEXEC, 0);
    if (el->fd < 0)
        s = NATS_IO_ERROR;
    else
        el->attached_nc = nc;
    pthread_mutex_unlock(&el->mu);
    *user = el;
    return s;
}

static natsStatus on_read(void *user, bool add)
{
    (void)user;
    (void)add; /* removing means that a detach follows */
    return NATS_OK;
}

static natsStatus on_write(void *user, bool add)
{
    way_evloop *el = user;

    atomic_store_explicit(&el->want_write, add, memory_order_release);
    if (add) { /* once per turn: cnats adds only when it has not yet */
        pthread_mutex_lock(&el->mu);
        if (el->started && !pthread_equal(pthread_self(), el->thread))
            ring(el); /* a ping, from cnats' timer thread */
        pthread_mutex_unlock(&el->mu);
    }
    return NATS_OK;
}

static natsStatus on_detach(void *user)
{
    way_evloop *el = user;

    pthread_mutex_lock(&el->mu);
    el->gone = true;
    ring(el);
    pthread_mutex_unlock(&el->mu);
    return NATS_OK;
}

/* ---- on the loop ---- */

static bool is_gone(way_evloop *el)
{
    bool gone;

    pthread_mutex_lock(&el->mu);
    gone = el->gone;
    pthread_mutex_unlock(&el->mu);
    return gone;
}

static void write_once(way_evloop *el)
{
    int left;

    natsConnection_ProcessWriteEvent(el->nc);
    left = natsConnection_Buffered(el->nc);
    el->fns.written(el->arg, left > 0 ? (size_t)left : 0);
}

void way_evloop_flush(way_evloop *el)
{
    if (ev_is_active(&el->wr) || !atomic_load_explicit(&el->want_write, memory_order_acquire))
        return;
    write_once(el);
    if (atomic_load_explicit(&el->want_write, memory_order_acquire))
        ev_io_start(el->loop, &el->wr); /* the socket is full */
}

static void on_prepare(struct ev_loop *loop, struct ev_prepare *w, int events)
{
    (void)loop;
    (void)events;
    way_evloop_flush(w->data);
}

static void on_writable(struct ev_loop *loop, struct ev_io *w, int events)
{
    way_evloop *el = w->data;

    (void)events;
    write_once(el);
    if (!atomic_load_explicit(&el->want_write, memory_order_acquire))
        ev_io_stop(loop, w);
}

static void on_readable(struct ev_loop *loop, struct ev_io *w, int events)
{
    way_evloop *el = w->data;

    (void)loop;
    (void)events;
    natsConnection_ProcessReadEvent(el->nc);
    el->fns.readable(el->arg);
}

/* Only here is a loss reported: never from inside a call into cnats, since whoever hears of it destroys the connection.  When
 * `gone` is seen under the lock, the thread that set it has left ring(). */
static void on_bell(struct ev_loop *loop, struct ev_async *w, int events)
{
    way_evloop *el = w->data;

    (void)loop;
    (void)events;
    if (is_gone(el)) {
        way_evloop_fns fns = el->fns;

        fns.lost(el->arg); /* el is free now */
    }
}

way_evloop *way_evloop_new(struct ev_loop *loop)
{
    way_evloop *el = way_xcalloc(1, sizeof *el);

    el->loop = loop;
    el->fd = -1;
    el->sock = -1;
    atomic_init(&el->want_write, false);
    pthread_mutex_init(&el->mu, NULL);
    ev_init(&el->rd, on_readable);
    ev_init(&el->wr, on_writable);
    ev_prepare_init(&el->prepare, on_prepare);
    ev_async_init(&el->bell, on_bell);
    ev_set_priority(&el->prepare, EV_MINPRI); /* after everybody else's prepare, which may still publish */
    el->rd.data = el->wr.data = el->prepare.data = el->bell.data = el;
    return el;
}

natsStatus way_evloop_set(way_evloop *el, natsOptions *opts)
{
    return natsOptions_SetEventLoop(opts, el, on_attach, on_read, on_write, on_detach);
}

void way_evloop_start(way_evloop *el, natsConnection *nc, const way_evloop_fns *fns, void *arg)
{
    el->nc = nc;
    el->fns = *fns;
    el->arg = arg;
    ev_io_set(&el->rd, el->fd, EV_READ);
    ev_io_set(&el->wr, el->fd, EV_WRITE);
    ev_io_start(el->loop, &el->rd);
    ev_prepare_start(el->loop, &el->prepare);
    ev_async_start(el->loop, &el->bell);
    pthread_mutex_lock(&el->mu);
    el->thread = pthread_self();
    el->started = true;
    pthread_mutex_unlock(&el->mu);
    ev_feed_event(el->loop, &el->bell, EV_ASYNC); /* it may have been lost between connect and now */
}

void way_evloop_drain(way_evloop *el, int64_t timeout_ms)
{
    int64_t until = way_mono_ms() + timeout_ms;

    while (!is_gone(el) && natsConnection_Buffered(el->nc) > 0) {
        struct pollfd p = {.fd = el->fd, .events = POLLOUT};
        int64_t left = until - way_mono_ms();

        if (left <= 0)
            return;
        if (poll(&p, 1, (int)left) > 0)
            natsConnection_ProcessWriteEvent(el->nc);
    }
}

void way_evloop_free(way_evloop *el)
{
    if (!el)
        return;
    if (el->started) {
        ev_io_stop(el->loop, &el->rd);
        ev_io_stop(el->loop, &el->wr);
        ev_prepare_stop(el->loop, &el->prepare);
        ev_async_stop(el->loop, &el->bell);
    }
    if (el->fd >= 0)
        close(el->fd);
    if (natsConnection_ProcessCloseEvent)
        natsConnection_ProcessCloseEvent(&el->sock);
    if (natsConnection_ProcessDetachedEvent && el->attached_nc)
        natsConnection_ProcessDetachedEvent(el->attached_nc);
    pthread_mutex_destroy(&el->mu);
    free(el);
}
