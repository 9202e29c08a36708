/* A link whose server comes and goes, while its loop publishes: connector thread, cnats' timer thread and loop meet.
 *
 * The main thread kills, restarts and freezes a nats-server of its own (WAY_TEST_NATS, else the one in PATH); the loop's thread publishes all
 * the time and closes the link in different moments of that.  Every accepted request must be answered exactly once. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "jetstream-adapter/link.h"

enum { WINDOW = 200, ROUNDS = 6, DEADLINE_MS = 60000 };

typedef struct loop_side { /* the loop's thread, except where marked */
    struct ev_loop *loop;
    way_config cfg;
    way_link *link;
    struct ev_timer timer;
    struct ev_async stop;
    uint64_t accepted, answered;
    int in_flight;
    atomic_ullong ok;   /* read by main */
} loop_side;

static int port;
static char folder[] = "/tmp/way-race-XXXXXX";

static pid_t server_start(void)
{
    const char *binary = getenv("WAY_TEST_NATS");
    char number[16];
    pid_t pid = fork();

    snprintf(number, sizeof number, "%d", port);
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, 1);
        dup2(null, 2);
        execlp(binary && *binary ? binary : "nats-server", "nats-server", "-a", "127.0.0.1", "-p", number, "-js", "-sd",
               folder, (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* Free now; that somebody takes it within a millisecond is possible and makes the program fail, not lie. */
static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    WAY_ASSERT(bind(fd, (struct sockaddr *)&a, len) == 0 && getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    close(fd);
    return ntohs(a.sin_port);
}

static void on_answer(void *arg, way_token owner, uint32_t tag, way_code code, way_msg *msg)
{
    loop_side *s = arg;

    (void)owner;
    (void)tag;
    s->answered++;
    s->in_flight--;
    WAY_ASSERT((code == WAY_OK) == (msg != NULL));
    if (code == WAY_OK || code == WAY_E_UNAVAILABLE) /* no responders count too: the server was there */
        atomic_fetch_add(&s->ok, code == WAY_OK ? 1 : 0);
}

static void on_timer(struct ev_loop *loop, struct ev_timer *w, int events)
{
    loop_side *s = w->data;
    const way_header h = {"Way-Key", "k"};
    way_request rq = {.subject = "$JS.API.INFO", .timeout_ms = 500, .fn = on_answer, .arg = s};

    (void)loop;
    (void)events;
    for (int i = 0; s->in_flight < WINDOW && i < 50; i++) {
        rq.headers = i % 2 ? &h : NULL;
        rq.header_count = i % 2;
        if (way_link_request(s->link, &rq, NULL) != WAY_OK)
            return;
        s->accepted++;
        s->in_flight++;
    }
}

static void on_stop(struct ev_loop *loop, struct ev_async *w, int events)
{
    (void)w;
    (void)events;
    ev_break(loop, EVBREAK_ALL);
}

static void *run(void *arg)
{
    loop_side *s = arg;

    ev_run(s->loop, 0);
    return NULL;
}

static void wait_for_more(loop_side *s)
{
    uint64_t before = atomic_load(&s->ok);
    int64_t until = way_mono_ms() + DEADLINE_MS;
    struct timespec nap = {.tv_nsec = 5000000};

    while (atomic_load(&s->ok) < before + 20) {
        WAY_ASSERT(way_mono_ms() < until);
        nanosleep(&nap, NULL);
    }
}

static void pause_ms(int ms)
{
    struct timespec nap = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000L};

    nanosleep(&nap, NULL); /* the disturbance itself, not a wait for something */
}

static void one_life(int round)
{
    loop_side s = {0};
    pthread_t thread;
    pid_t server = server_start();
    char url[64];

    way_config_init(&s.cfg);
    free(s.cfg.nats_url);
    snprintf(url, sizeof url, "nats://127.0.0.1:%d", port);
    s.cfg.nats_url = way_xstrdup(url);
    s.loop = ev_loop_new(EVBACKEND_EPOLL);
    WAY_ASSERT(way_link_open(&s.cfg, s.loop, "race", &s.link, NULL) == WAY_OK);
    ev_timer_init(&s.timer, on_timer, 0.001, 0.001);
    s.timer.data = &s;
    ev_timer_start(s.loop, &s.timer);
    ev_async_init(&s.stop, on_stop);
    ev_async_start(s.loop, &s.stop);
    WAY_ASSERT(pthread_create(&thread, NULL, run, &s) == 0);
    wait_for_more(&s);
    for (int i = 0; i < 2; i++) {
        kill(server, SIGKILL);
        waitpid(server, NULL, 0);
        pause_ms(30 + 70 * round);
        server = server_start();
        wait_for_more(&s);
    }
    if (round % 3 == 0) { /* closed while the server is frozen */
        kill(server, SIGSTOP);
        pause_ms(100);
    } else if (round % 3 == 1) { /* closed while it is away */
        kill(server, SIGKILL);
        pause_ms(150);
    }
    ev_async_send(s.loop, &s.stop);
    pthread_join(thread, NULL);
    way_link_close(s.link);
    WAY_ASSERT(s.accepted == s.answered && s.in_flight == 0);
    ev_loop_destroy(s.loop);
    way_config_fini(&s.cfg);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    printf("round %d: %llu requests, %llu answered by the server\n", round, (unsigned long long)s.accepted,
           (unsigned long long)atomic_load(&s.ok));
}

int main(void)
{
    char command[64];

    signal(SIGPIPE, SIG_IGN);
    way_log_set_level(WAY_LOG_ERROR);
    WAY_ASSERT(mkdtemp(folder) != NULL);
    port = free_port();
    for (int round = 0; round < ROUNDS; round++)
        one_life(round);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? 0 : 1;
}
