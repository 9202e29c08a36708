/* Listening socket of an island. */
#include "gateway/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/log.h"

enum { BACKLOG = 4096, ACCEPTS_PER_TURN = 64 };

static void set(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof value); /* each only makes it better */
}

static int bound_port(int fd)
{
    struct sockaddr_storage a;
    socklen_t len = sizeof a;

    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        return 0;
    return ntohs(a.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&a)->sin6_port
                                         : ((struct sockaddr_in *)&a)->sin_port);
}

way_code way_listen_open(way_listen *l, const char *address, int port, bool shared, way_err *e)
{
    struct addrinfo want = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *list = NULL;
    char service[16];
    int rc, fd = -1;

    l->fd = -1;
    snprintf(service, sizeof service, "%d", port);
    rc = getaddrinfo(address, service, &want, &list);
    if (rc != 0)
        return way_fail(e, WAY_E_INVAL, "cannot listen on '%s': %s", address, gai_strerror(rc));
    fd = socket(list->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        rc = errno;
        freeaddrinfo(list);
        return way_fail(e, WAY_E_INTERNAL, "cannot make a socket: %s", strerror(rc));
    }
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (shared)
        set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    rc = bind(fd, list->ai_addr, list->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0 ? errno : 0;
    freeaddrinfo(list);
    if (rc != 0) {
        close(fd);
        if (rc == EADDRINUSE)
            return way_fail(e, WAY_E_CONFLICT, "port %d on %s is in use by another process", port, address);
        return way_fail(e, WAY_E_INVAL, "cannot listen on port %d of %s: %s", port, address, strerror(rc));
    }
    l->fd = fd;
    l->port = bound_port(fd);
    return WAY_OK;
}

static void peer_text(const struct sockaddr_storage *a, char out[WAY_PEER_MAX])
{
    const void *ip = a->ss_family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr
                                              : (const void *)&((const struct sockaddr_in *)a)->sin_addr;

    if (inet_ntop(a->ss_family, ip, out, WAY_PEER_MAX) == NULL)
        snprintf(out, WAY_PEER_MAX, "unknown");
}

static void on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
    way_listen *l = w->data;

    (void)revents;
    for (int i = 0; i < ACCEPTS_PER_TURN && l->fd >= 0; i++) { /* the others must not starve */
        struct sockaddr_storage a;
        socklen_t len = sizeof a;
        char from[WAY_PEER_MAX];
        int fd = accept4(l->fd, (struct sockaddr *)&a, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                /* the socket stays readable: looking again at once would only burn the thread */
                way_warn("island", "accept", "port=%d error=%s", l->port, strerror(errno));
                ev_io_stop(loop, w);
                l->paused = true;
            }
            return;
        }
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 60);
        peer_text(&a, from);
        l->on_socket(l->arg, fd, from);
    }
}

void way_listen_start(way_listen *l, struct ev_loop *loop)
{
    ev_io_init(&l->io, on_readable, l->fd, EV_READ);
    l->io.data = l;
    ev_io_start(loop, &l->io);
}

void way_listen_tick(way_listen *l, struct ev_loop *loop)
{
    if (!l->paused || l->fd < 0)
        return;
    l->paused = false;
    ev_io_start(loop, &l->io);
}

void way_listen_close(way_listen *l, struct ev_loop *loop)
{
    if (l->fd < 0)
        return;
    ev_io_stop(loop, &l->io);
    close(l->fd);
    l->fd = -1;
}
