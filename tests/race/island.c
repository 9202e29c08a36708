/* Islands started and stopped under fire: threads post answers for exchanges that never were, clients send requests, and
 * the island goes in the middle of it.  Every item must end exactly once, every client must see whole answers or a
 * closed connection.  No servers. */
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "gateway/http.h"

enum { ROUNDS = 10, POSTERS = 3, CLIENTS = 3, POSTS = 3000 };

static const char HEALTHY[] = "{\"status\":\"ok\"}";

static void answer_run(way_exchange *x)
{
    way_x_reply_bytes(x, 200, "application/json", HEALTHY, sizeof HEALTHY - 1);
}

/* Stays open until the connection goes: stopping has to end it. */
static atomic_int waiting_ended;
static void ended(void *state)
{
    atomic_fetch_add((atomic_int *)state, 1);
}
static void wait_run(way_exchange *x)
{
    way_x_set_state(x, &waiting_ended, ended);
}

const way_route way_routes[] = {
    {.method = WAY_GET, .pattern = "/healthz", .doors = WAY_DOOR_API, .flags = WAY_ROUTE_OPEN | WAY_ROUTE_ALWAYS,
     .run = answer_run},
    {.method = WAY_GET, .pattern = "/wait", .doors = WAY_DOOR_API, .flags = WAY_ROUTE_OPEN | WAY_ROUTE_ALWAYS,
     .run = wait_run},
};
const size_t way_route_count = WAY_COUNT(way_routes);

typedef struct shot {
    way_posted posted;
    atomic_int *done;
} shot;

static void drop(way_item *item)
{
    shot *s = WAY_CONTAINER(WAY_CONTAINER(item, way_posted, item), shot, posted);

    atomic_fetch_add(s->done, 1);
    free(s);
}

static void arrive(way_island *isl, way_posted *p)
{
    WAY_ASSERT(way_x_find(isl, (way_token){.slot = UINT32_MAX, .gen = 7}) == NULL);
    drop(&p->item);
}

typedef struct side { /* of one round */
    way_island *isl;
    int port;
    atomic_int done, answers, broken;
    atomic_bool over;
} side;

static void *post(void *arg)
{
    side *s = arg;

    for (int i = 0; i < POSTS; i++) {
        shot *shot_ = way_xcalloc(1, sizeof *shot_);
        way_item *item = &shot_->posted.item;

        shot_->posted.arrive = arrive;
        shot_->posted.item.drop = drop;
        shot_->done = &s->done;
        way_island_answer(s->isl, &item);
        WAY_ASSERT(item == NULL);
    }
    return NULL;
}

static int dial(int port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

static void *client(void *arg)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", wait[] = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
    side *s = arg;

    while (!atomic_load(&s->over)) {
        char answer[1024];
        int fd = dial(s->port);
        ssize_t n = 0;

        if (fd < 0)
            break;
        while (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) > 0 && (n = recv(fd, answer, sizeof answer - 1, 0)) > 0) {
            answer[n] = '\0';
            if (strncmp(answer, "HTTP/1.1 200", 12) != 0 || strstr(answer, HEALTHY) == NULL)
                atomic_fetch_add(&s->broken, 1);
            if (atomic_fetch_add(&s->answers, 1) % 64 == 63)
                break;
        }
        if (n > 0 && send(fd, wait, sizeof wait - 1, MSG_NOSIGNAL) < 0)
            n = 0;
        close(fd);
    }
    return NULL;
}

static void run_round(const way_config *cfg, way_hub *hub)
{
    pthread_t posters[POSTERS], clients[CLIENTS];
    static side s;
    way_err e;

    memset(&s, 0, sizeof s);
    s.isl = way_island_new(cfg, NULL, hub, WAY_DOOR_API, 0);
    WAY_ASSERT(way_island_start(s.isl, &e) == WAY_OK);
    s.port = way_island_port(s.isl);
    for (int i = 0; i < CLIENTS; i++)
        pthread_create(&clients[i], NULL, client, &s);
    for (int i = 0; i < POSTERS; i++)
        pthread_create(&posters[i], NULL, post, &s);
    while (atomic_load(&s.answers) < 200) /* the alarm is the deadline */
        sched_yield();
    way_island_stop(s.isl);
    atomic_store(&s.over, true);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(posters[i], NULL);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(clients[i], NULL);
    way_island_free(s.isl);
    WAY_ASSERT(atomic_load(&s.done) == POSTERS * POSTS);
    WAY_ASSERT(atomic_load(&s.broken) == 0);
}

int main(void)
{
    way_config cfg;
    way_hub *hub = way_hub_new();
    way_island *other;
    way_err e;

    alarm(100);
    signal(SIGPIPE, SIG_IGN);
    way_config_init(&cfg);
    cfg.stop_timeout_ms = 300;
    for (int i = 0; i < ROUNDS; i++)
        run_round(&cfg, hub);

    /* a port in use is named, and nothing is left of the attempt */
    way_island *first = way_island_new(&cfg, NULL, hub, WAY_DOOR_API, 0);
    WAY_ASSERT(way_island_start(first, &e) == WAY_OK);
    other = way_island_new(&cfg, NULL, hub, WAY_DOOR_API, way_island_port(first));
    WAY_ASSERT(way_island_start(other, &e) == WAY_E_CONFLICT);
    way_island_free(other);
    way_island_free(first);
    way_hub_free(hub);
    way_config_fini(&cfg);
    printf("%d islands, %d waiting requests ended\n", ROUNDS, atomic_load(&waiting_ended));
    return 0;
}
