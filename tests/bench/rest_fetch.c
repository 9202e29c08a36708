/* Fetches and settles over one REST connection until `count` messages are acknowledged.
 *
 *   rest_fetch --port 4444 --token T --station s --group g --count N --batch 256
 *
 * Looks for receipts only, as bytes: the client must not be what is measured. */
#include "bench.h"

/* Copies "receipt":"…" values as a JSON list; how many. */
static long collect(const char *p, size_t len, char *out, size_t *out_len)
{
    static const char key[] = "\"receipt\":\"";
    const char *end = p + len;
    size_t at = *out_len;
    long n = 0;

    while ((p = memmem(p, (size_t)(end - p), key, sizeof key - 1))) {
        const char *from = p + sizeof key - 2, *to = memchr(from + 1, '"', (size_t)(end - from - 1));

        if (!to)
            bench_die("an unfinished receipt");
        if (n++ > 0)
            out[at++] = ',';
        memcpy(out + at, from, (size_t)(to + 1 - from));
        at += (size_t)(to + 1 - from);
        p = to;
    }
    *out_len = at;
    return n;
}

int main(int argc, char **argv)
{
    const char *token = bench_flag(argc, argv, "--token", NULL), *station = bench_flag(argc, argv, "--station", NULL);
    const char *group = bench_flag(argc, argv, "--group", NULL);
    long count = bench_number(argc, argv, "--count", NULL), batch = bench_number(argc, argv, "--batch", "256"), got = 0;
    char fetch[256], settle[256], ask[64];
    size_t size = (size_t)batch * 600 + 64;
    char *body = malloc(size);
    bench_http h;
    double from, seconds, fetching = 0, turn;

    if (!body)
        bench_die("no memory");
    snprintf(fetch, sizeof fetch, "/v1/stations/%s/groups/%s/fetch", station, group);
    snprintf(settle, sizeof settle, "/v1/stations/%s/groups/%s/settle", station, group);
    bench_http_open(&h, (int)bench_number(argc, argv, "--port", NULL));
    from = bench_now();
    while (got < count) {
        size_t len = 8;
        char want[32];
        long n;
        int ask_len = snprintf(ask, sizeof ask, "{\"max\":%ld,\"wait_ms\":2000}", count - got < batch ? count - got : batch);

        turn = bench_now();
        if (bench_http_do(&h, "POST", fetch, token, ask, (size_t)ask_len) != 200)
            bench_die("fetch: %d %.*s", h.status, (int)h.body_len, h.body);
        fetching += bench_now() - turn;
        memcpy(body, "{\"ack\":[", 8);
        n = collect(h.body, h.body_len, body, &len);
        if (n == 0)
            bench_die("fetch: nothing came after %ld of %ld messages", got, count);
        memcpy(body + len, "]}", 2);
        if (bench_http_do(&h, "POST", settle, token, body, len + 2) != 200)
            bench_die("settle: %d %.*s", h.status, (int)h.body_len, h.body);
        snprintf(want, sizeof want, "\"ok\":%ld,", n);
        if (!memmem(h.body, h.body_len, want, strlen(want)))
            bench_die("settle: not all of %ld receipts: %.*s", n, (int)(h.body_len > 500 ? 500 : h.body_len), h.body + (h.body_len > 500 ? h.body_len - 500 : 0));
        got += n;
    }
    seconds = bench_now() - from;
    printf("{\"per_s\":%.1f,\"count\":%ld,\"seconds\":%.3f,\"fetching\":%.3f}\n", (double)got / seconds, got, seconds, fetching);
    bench_http_close(&h);
    free(body);
    return 0;
}
