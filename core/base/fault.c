/* Fault points, in test builds only.  The environment is read once: a test starts a daemon per fault. */
#include "core/base/fault.h"

#ifdef WAY_FAULTS
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char point[128];  /* the point to act on; "" none */
static bool is_kill;     /* else pause */
static long pause_ms;
static long only_pass;   /* act on this pass only; 0: on every one */
static atomic_long passes;

/* "<point>=kill[@n]" or "<point>=pause:<ms>[@n]".  A text that is neither ends the process: a test that waits for a
 * fault which never comes would pass for the wrong reason. */
static void read_environment(void)
{
    const char *text = getenv("WAYSTATION_FAULT");
    if (text == NULL || *text == '\0')
        return;
    const char *eq = strchr(text, '=');
    const char *at = strchr(text, '@');
    if (at != NULL)
        only_pass = strtol(at + 1, NULL, 10);
    if (eq != NULL && (size_t)(eq - text) < sizeof point) {
        is_kill = strncmp(eq + 1, "kill", 4) == 0;
        if (strncmp(eq + 1, "pause:", 6) == 0)
            pause_ms = strtol(eq + 7, NULL, 10);
    }
    if (!is_kill && pause_ms <= 0) {
        fprintf(stderr, "waystation: WAYSTATION_FAULT=%s: want <point>=kill[@n] or <point>=pause:<ms>[@n]\n", text);
        _exit(2);
    }
    memcpy(point, text, (size_t)(eq - text));
}

void way_fault_point(const char *name)
{
    pthread_once(&once, read_environment);
    if (point[0] == '\0' || strcmp(point, name) != 0)
        return;
    long pass = atomic_fetch_add(&passes, 1) + 1;
    if (only_pass != 0 && pass != only_pass)
        return;
    fprintf(stderr, "waystation: fault point %s, pass %ld\n", name, pass);
    if (is_kill)
        kill(getpid(), SIGKILL);
    struct timespec ts = {pause_ms / 1000, (pause_ms % 1000) * 1000000};
    while (nanosleep(&ts, &ts) != 0)
        continue;
}
#else
typedef int way_no_faults; /* a translation unit may not be empty */
#endif
