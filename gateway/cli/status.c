/* status: what the daemon and the servers behind it are doing. */
#include <stdio.h>

#include "gateway/cli/verbs.h"

static const char *up(const cJSON *part)
{
    return way_get_bool(part, "connected") ? "connected" : "AWAY";
}

int way_cli_status(way_cli *c, int argc, char **argv)
{
    const way_usage u = {"waystation status", "Shows the daemon, its servers and how busy it is.", NULL, 0, 0, 0};
    const char *words[1];
    way_buf path, text;
    way_answer a;
    int count, code;

    if (!way_verb_begin(&u, argc, argv, words, &count, &code))
        return code;
    way_buf_init(&path, 0);
    way_buf_init(&text, 0);
    way_buf_str(&path, "/v1/status");
    code = way_verb_call(c, WAY_CLI_API, "GET", &path, NULL, &a);
    if (code == WAY_EXIT_OK && c->json) {
        way_cli_print_json(&a);
    } else if (code == WAY_EXIT_OK) {
        const cJSON *nats = way_get(a.json, "nats"), *requests = way_get(a.json, "requests");
        const char *version = way_get_text(nats, "version");
        way_text_ms(&text, (int64_t)way_get_number(a.json, "uptime_ms"));
        printf("Waystation %s, up %s, %s\n", way_get_text(a.json, "version"), text.data,
               way_get_bool(a.json, "ready") ? "ready" : "NOT READY");
        way_buf_reset(&text);
        way_text_bytes(&text, (uint64_t)way_get_number(nats, "max_payload"));
        printf("  nats-server  %s%s%s, largest message %s\n", up(nats), version ? ", " : "", version ? version : "", text.data);
        printf("  postgres     %s\n", up(way_get(a.json, "postgres")));
        printf("  stations     %.0f\n", way_get_number(a.json, "stations"));
        printf("  jobs queued  %.0f\n", way_get_number(a.json, "jobs_queued"));
        if (requests)
            printf("  requests     %.0f of %.0f in flight\n", way_get_number(requests, "in_flight"),
                   way_get_number(requests, "max"));
    }
    if (code == WAY_EXIT_OK)
        way_answer_fini(&a);
    way_buf_fini(&path);
    way_buf_fini(&text);
    return code;
}
