/* Raw side of fetching: pull 256, acknowledge each, pull again, on one cnats connection, until `count` messages are done.
 *
 *   raw_pull --url nats://… --stream raw$1 --count N --batch 256 [--confirm 1]
 *
 * --confirm 1: each acknowledgement is a request, and the next pull waits until all are answered: what a settle promises.
 *
 * The stream is there already and holds the messages (raw_publish --keep 1).  Ends when nats-server counts every message as
 * acknowledged. */
#include "bench.h"

int main(int argc, char **argv)
{
    const char *url = bench_flag(argc, argv, "--url", NULL), *stream = bench_flag(argc, argv, "--stream", "raw$1");
    long count = bench_number(argc, argv, "--count", NULL), batch = bench_number(argc, argv, "--batch", "256");
    bool confirm = bench_number(argc, argv, "--confirm", "0") != 0;
    char subject[200], body[512], reply[128], confirmed[128], wild[128];
    natsConnection *plain = NULL;
    natsSubscription *sub = NULL;
    natsInbox *inbox = NULL;
    bench_loop l;
    long got = 0, open = 0, unconfirmed = 0;
    double from, seconds;

    BENCH_OK(natsConnection_ConnectTo(&plain, url));
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DELETE.%s.bench", stream);
    bench_api(plain, subject, "", "10014");
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.CREATE.%s.bench.%s.final", stream, stream);
    snprintf(body, sizeof body,
             "{\"stream_name\":\"%s\",\"config\":{\"name\":\"bench\",\"durable_name\":\"bench\",\"ack_policy\":\"explicit\","
             "\"ack_wait\":30000000000,\"max_deliver\":10,\"max_ack_pending\":-1,\"filter_subject\":\"%s.final\"}}",
             stream, stream);
    bench_api(plain, subject, body, NULL);

    bench_loop_open(&l, url);
    BENCH_OK(natsInbox_Create(&inbox));
    snprintf(wild, sizeof wild, "%s.*", inbox);
    snprintf(reply, sizeof reply, "%s.1", inbox);
    snprintf(confirmed, sizeof confirmed, "%s.2", inbox);
    BENCH_OK(natsConnection_SubscribeSync(&sub, l.nc, wild));
    BENCH_OK(natsSubscription_SetPendingLimits(sub, -1, -1));
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.MSG.NEXT.%s.bench", stream);
    from = bench_now();
    while (got < count || unconfirmed > 0) {
        natsMsg *msg = NULL;
        natsStatus s;

        if (open == 0 && unconfirmed == 0) {
            open = count - got < batch ? count - got : batch;
            snprintf(body, sizeof body, "{\"batch\":%ld,\"expires\":5000000000}", open);
            BENCH_OK(natsConnection_PublishRequestString(l.nc, subject, reply, body));
        }
        bench_loop_turn(&l);
        while ((s = natsSubscription_NextMsg(&msg, sub, 0)) == NATS_OK) {
            const char *ack = natsMsg_GetReply(msg);

            if (strcmp(natsMsg_GetSubject(msg), confirmed) == 0) {
                natsMsg_Destroy(msg);
                unconfirmed--;
                continue;
            }
            if (!ack || strncmp(ack, "$JS.ACK.", 8) != 0)
                bench_die("the pull ended early after %ld of %ld messages", got, count);
            if (confirm)
                BENCH_OK(natsConnection_PublishRequest(l.nc, ack, confirmed, "+ACK", 4));
            else
                BENCH_OK(natsConnection_Publish(l.nc, ack, "+ACK", 4));
            unconfirmed += confirm;
            natsMsg_Destroy(msg);
            got++;
            open--;
        }
        if (s != NATS_TIMEOUT)
            bench_die("pulling: %s", natsStatus_GetText(s));
    }
    natsConnection_ProcessWriteEvent(l.nc);
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.INFO.%s.bench", stream);
    for (bool done = false; !done;) { /* acknowledgements have no answer: the last is there when nothing is pending */
        natsMsg *msg = NULL;

        BENCH_OK(natsConnection_RequestString(&msg, plain, subject, "", 10000));
        done = strstr(natsMsg_GetData(msg), "\"num_ack_pending\":0,") != NULL;
        natsMsg_Destroy(msg);
        if (bench_now() - from > 60)
            bench_die("acknowledgements are missing");
    }
    seconds = bench_now() - from;
    printf("{\"per_s\":%.1f,\"count\":%ld,\"seconds\":%.3f}\n", (double)got / seconds, got, seconds);
    fflush(stdout);
    _exit(0);
}
