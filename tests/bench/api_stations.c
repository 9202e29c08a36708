/* Creates (or deletes) stations of one partition over the API, with several callers at once.
 *
 *   api_stations --port 9000 --token T --count 1000 --callers 8 [--prefix bench] [--delete 1] */
#include "bench.h"

#include <pthread.h>

static struct {
    int port;
    const char *token, *prefix;
    long count, callers;
    bool delete;
} cfg;

static void *caller(void *arg)
{
    long first = (long)(intptr_t)arg;
    bench_http h;

    bench_http_open(&h, cfg.port);
    for (long i = first; i < cfg.count; i += cfg.callers) {
        char path[128], body[128];
        int want = cfg.delete ? 204 : 201, status;

        if (cfg.delete) {
            snprintf(path, sizeof path, "/v1/stations/%s-%ld", cfg.prefix, i);
            status = bench_http_do(&h, "DELETE", path, cfg.token, "", 0);
        } else {
            int n = snprintf(body, sizeof body, "{\"name\":\"%s-%ld\"}", cfg.prefix, i);

            status = bench_http_do(&h, "POST", "/v1/stations", cfg.token, body, (size_t)n);
        }
        if (status != want)
            bench_die("station %ld: %d %.*s", i, status, (int)h.body_len, h.body);
    }
    bench_http_close(&h);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[64];
    double from, seconds;

    cfg.port = (int)bench_number(argc, argv, "--port", NULL);
    cfg.token = bench_flag(argc, argv, "--token", NULL);
    cfg.prefix = bench_flag(argc, argv, "--prefix", "bench");
    cfg.count = bench_number(argc, argv, "--count", "1000");
    cfg.callers = bench_number(argc, argv, "--callers", "8");
    cfg.delete = bench_number(argc, argv, "--delete", "0") != 0;
    if (cfg.callers < 1 || cfg.callers > 64)
        bench_die("--callers is 1 to 64");
    from = bench_now();
    for (long i = 0; i < cfg.callers; i++)
        if (pthread_create(&threads[i], NULL, caller, (void *)(intptr_t)i) != 0)
            bench_die("no thread");
    for (long i = 0; i < cfg.callers; i++)
        pthread_join(threads[i], NULL);
    seconds = bench_now() - from;
    printf("{\"per_s\":%.1f,\"count\":%ld,\"seconds\":%.3f}\n", (double)cfg.count / seconds, cfg.count, seconds);
    return 0;
}
