/* Raw side of producing: JetStream publishes on one cnats connection, so many unanswered at a time, into n file streams.
 *
 *   raw_publish --url nats://… --window 64 --streams 1 --bytes 200 (--seconds 3 | --count N) [--keep 1] [--plain 1]
 *
 * One thread, cnats on epoll, one write per turn, replies on one inbox subscription: what a careful C program would do.  js_PublishAsync
 * is slower than this (it waits inside, and answers on a thread of its own). */
#include "bench.h"

int main(int argc, char **argv)
{
    const char *url = bench_flag(argc, argv, "--url", NULL);
    long window = bench_number(argc, argv, "--window", "64"), streams = bench_number(argc, argv, "--streams", "1");
    long bytes = bench_number(argc, argv, "--bytes", "200"), count = bench_number(argc, argv, "--count", "0");
    double seconds = (double)bench_number(argc, argv, "--seconds", "3");
    const char *prefix = bench_flag(argc, argv, "--prefix", "raw");
    bool keep = bench_number(argc, argv, "--keep", "0") != 0;
    bool plain = bench_number(argc, argv, "--plain", "0") != 0;
    char (*subjects)[80] = calloc((size_t)streams, sizeof *subjects), *body = malloc((size_t)bytes + 1);
    natsConnection *admin = NULL;
    natsSubscription *sub = NULL;
    natsInbox *inbox = NULL;
    bench_loop l;
    long sent = 0, acked = 0, limit = count > 0 ? count : 1L << 60;
    double from, until;

    if (!subjects || !body)
        bench_die("no memory");
    memset(body, 'x', (size_t)bytes);
    for (long i = 0; i < streams; i++)
        snprintf(subjects[i], sizeof *subjects, "%s$%ld.final", prefix, i + 1);
    BENCH_OK(natsConnection_ConnectTo(&admin, url));
    bench_streams(admin, prefix, streams, "DELETE", plain);
    bench_streams(admin, prefix, streams, "CREATE", plain);

    bench_loop_open(&l, url);
    BENCH_OK(natsInbox_Create(&inbox));
    BENCH_OK(natsConnection_SubscribeSync(&sub, l.nc, inbox));
    BENCH_OK(natsSubscription_SetPendingLimits(sub, -1, -1));
    from = bench_now();
    until = from + seconds;
    while (sent < window && sent < limit) {
        BENCH_OK(natsConnection_PublishRequest(l.nc, subjects[sent % streams], inbox, body, (int)bytes));
        sent++;
    }
    while (acked < sent) {
        natsMsg *msg = NULL;
        bool more;

        bench_loop_turn(&l);
        more = count > 0 || bench_now() < until;
        while (natsSubscription_NextMsg(&msg, sub, 0) == NATS_OK) {
            const char *data = natsMsg_GetData(msg);

            if (!data || !memmem(data, (size_t)natsMsg_GetDataLength(msg), "\"seq\":", 6))
                bench_die("not stored: %s", data ? data : "");
            natsMsg_Destroy(msg);
            acked++;
            if (more && sent < limit) {
                BENCH_OK(natsConnection_PublishRequest(l.nc, subjects[sent % streams], inbox, body, (int)bytes));
                sent++;
            }
        }
    }
    seconds = bench_now() - from;
    printf("{\"per_s\":%.1f,\"count\":%ld,\"seconds\":%.3f}\n", (double)acked / seconds, acked, seconds);
    fflush(stdout);
    if (!keep)
        bench_streams(admin, prefix, streams, "DELETE", plain);
    _exit(0); /* what is left is the kernel's: destroying a connection in event-loop mode wants more turns of the loop */
}
