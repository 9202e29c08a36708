#include "tests/integration/adapter/server.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"

static int free_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static bool greets(int port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char c;
    bool ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0 && read(fd, &c, 1) == 1;

    close(fd);
    return ok;
}

void own_server_again(own_server *s)
{
    const char *binary = getenv("NATS_SERVER"); /* else the one in PATH */
    char path[96];
    int64_t until = way_mono_ms() + 10000;

    snprintf(path, sizeof path, "%s/nats.conf", s->dir);
    s->pid = fork();
    if (s->pid == 0) {
        int null = open("/dev/null", O_RDWR);

        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that crashes leaves nothing behind */
        dup2(null, 1);
        dup2(null, 2);
        execlp(binary && *binary ? binary : "nats-server", "nats-server", "-c", path, (char *)NULL);
        _exit(127);
    }
    while (!greets(s->port)) {
        cr_assert_lt(way_mono_ms(), until, "nats-server does not come up");
        cr_assert_eq(waitpid(s->pid, NULL, WNOHANG), 0, "nats-server ended");
        usleep(10000); /* the condition is greets() */
    }
}

void own_server_start(own_server *s, const char *config)
{
    char path[96];
    FILE *f;

    snprintf(s->dir, sizeof s->dir, "/tmp/way-nats-XXXXXX");
    cr_assert(mkdtemp(s->dir));
    s->port = free_port();
    snprintf(s->url, sizeof s->url, "nats://127.0.0.1:%d", s->port);
    snprintf(path, sizeof path, "%s/nats.conf", s->dir);
    f = fopen(path, "w");
    cr_assert(f);
    fprintf(f, "listen: \"127.0.0.1:%d\"\njetstream { store_dir: \"%s/js\" }\n%s\n", s->port, s->dir, config);
    fclose(f);
    own_server_again(s);
}

void own_server_kill(own_server *s)
{
    kill(s->pid, SIGKILL);
    waitpid(s->pid, NULL, 0);
}

void own_server_freeze(own_server *s)
{
    kill(s->pid, SIGSTOP);
    waitpid(s->pid, NULL, WUNTRACED); /* its threads stop one after the other: all of them have */
}

void own_server_thaw(own_server *s)
{
    kill(s->pid, SIGCONT);
}

static int drop(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st, (void)kind, (void)walk;
    return remove(path);
}

void own_server_end(own_server *s)
{
    own_server_kill(s);
    nftw(s->dir, drop, 16, FTW_DEPTH | FTW_PHYS);
}
