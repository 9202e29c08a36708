/* Raw side of creating stations: one stream after the other on one cnats connection, then away with them.
 *
 *   raw_streams --url nats://… --count 1000 */
#include "bench.h"

int main(int argc, char **argv)
{
    const char *url = bench_flag(argc, argv, "--url", NULL);
    long count = bench_number(argc, argv, "--count", "1000");
    natsOptions *opts = NULL;
    natsConnection *nc = NULL;
    double from, seconds;

    BENCH_OK(natsOptions_Create(&opts));
    BENCH_OK(natsOptions_SetURL(opts, url));
    BENCH_OK(natsOptions_SetSendAsap(opts, true)); /* else each request waits for cnats' flusher */
    BENCH_OK(natsConnection_Connect(&nc, opts));
    bench_streams(nc, "rawmade", count, "DELETE", false);
    from = bench_now();
    bench_streams(nc, "rawmade", count, "CREATE", false);
    seconds = bench_now() - from;
    bench_streams(nc, "rawmade", count, "DELETE", false);
    printf("{\"per_s\":%.1f,\"count\":%ld,\"seconds\":%.3f}\n", (double)count / seconds, count, seconds);
    natsConnection_Destroy(nc);
    natsOptions_Destroy(opts);
    return 0;
}
