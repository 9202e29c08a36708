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

static void configure(const own_server *s, const char *config)
{
    char path[96];
    FILE *f;

    snprintf(path, sizeof path, "%s/nats.conf", s->dir);
    f = fopen(path, "w");
    cr_assert(f);
    fprintf(f, "listen: \"127.0.0.1:%d\"\nports_file_dir: \"%s\"\njetstream { store_dir: \"%s/js\" }\n%s\n", s->port,
            s->dir, s->dir, config);
    fclose(f);
}

/* {"nats":["nats://127.0.0.1:34567"],…} in nats-server_<pid>.ports; 0: not written yet. */
static int chosen_port(const own_server *s)
{
    char path[160], text[512] = "";
    const char *at;
    FILE *f;
    int port = 0;

    snprintf(path, sizeof path, "%s/nats-server_%d.ports", s->dir, (int)s->pid);
    f = fopen(path, "r");
    if (!f)
        return 0;
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    at = strstr(text, "127.0.0.1:");
    if (at && strchr(at, '}'))
        port = atoi(at + 10);
    return port;
}

void own_server_again(own_server *s)
{
    const char *binary = getenv("WAY_TEST_NATS"); /* else the one in PATH */
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
    for (;;) {
        if (s->port < 0 && chosen_port(s) > 0)
            s->port = chosen_port(s);
        if (s->port > 0 && greets(s->port))
            return;
        cr_assert_lt(way_mono_ms(), until, "nats-server does not come up");
        cr_assert_eq(waitpid(s->pid, NULL, WNOHANG), 0, "nats-server ended");
        usleep(10000);
    }
}

/* The server picks its port itself: a number chosen here could be taken by a test beside this one. */
void own_server_start(own_server *s, const char *config)
{
    snprintf(s->dir, sizeof s->dir, "/tmp/way-nats-XXXXXX");
    cr_assert(mkdtemp(s->dir));
    s->port = -1;
    configure(s, config);
    own_server_again(s);
    configure(s, config); /* the next start takes the same port */
    snprintf(s->url, sizeof s->url, "nats://127.0.0.1:%d", s->port);
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
