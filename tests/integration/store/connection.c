/* The connection: migrations of several daemons at once, lost connections, a Postgres that is away or silent. */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/store/migrations.h"
#include "store_test.h"

static void *migrate(void *url)
{
    way_err e;
    way_pg *pg = way_pg_new(url);
    way_code rc = way_pg_migrate(pg, &e);
    if (rc != WAY_OK)
        fprintf(stderr, "migrate: %s\n", e.text);
    way_pg_free(pg);
    return (void *)(intptr_t)rc;
}

Test(connection, several_daemons_migrate_at_once)
{
    store s;
    pthread_t t[6];
    store_open(&s);
    store_sql(&s, "DROP SCHEMA public CASCADE");
    store_sql(&s, "CREATE SCHEMA public");
    for (int i = 0; i < 6; i++)
        cr_assert_eq(pthread_create(&t[i], NULL, migrate, s.url), 0);
    for (int i = 0; i < 6; i++) {
        void *rc = NULL;
        pthread_join(t[i], &rc);
        cr_expect_eq((intptr_t)rc, WAY_OK);
    }
    cr_expect_eq(store_sql(&s, "SELECT count(*) FROM schema_migrations"), (int64_t)way_migration_count);
    OK(way_pg_migrate(s.pg, &s.e));
    store_close(&s);
}

Test(connection, a_newer_schema_is_refused)
{
    store s;
    store_open(&s);
    store_sql(&s, "INSERT INTO schema_migrations (number, name) VALUES (9999, 'later')");
    CODE(way_pg_migrate(s.pg, &s.e), WAY_E_CONFLICT);
    cr_expect(strstr(s.e.text, "9999"), "%s", s.e.text);
    store_close(&s);
}

Test(connection, is_made_again_after_the_server_closed_it)
{
    store s;
    int64_t v, purged, id = 0;
    way_station_spec spec;
    store_open(&s);
    store_spec(&spec, "orders", 1);
    const char *end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                      " WHERE datname = current_database() AND pid <> pg_backend_pid()";
    store_sql(&s, end);
    OK(way_change_read(s.pg, &v, &purged, &s.e));
    store_sql(&s, end);
    /* a write may not be repeated, but one that was not sent yet may go out on a new connection */
    int64_t deadline = way_mono_ms() + 10000;
    way_code rc;
    do
        rc = way_station_insert(s.pg, &spec, &id, &s.e);
    while (rc == WAY_E_UNAVAILABLE && way_mono_ms() < deadline);
    cr_expect_eq(rc, WAY_OK, "%s", s.e.text);

    OK(way_pg_begin(s.pg, &s.e));
    OK(way_change_next(s.pg, &v, &s.e));
    store_sql(&s, end);
    CODE(way_change_next(s.pg, &v, &s.e), WAY_E_UNAVAILABLE);
    CODE(way_change_next(s.pg, &v, &s.e), WAY_E_UNAVAILABLE); /* never outside the transaction that was begun */
    way_pg_rollback(s.pg);
    deadline = way_mono_ms() + 10000;
    do
        rc = way_change_read(s.pg, &v, &purged, &s.e);
    while (rc == WAY_E_UNAVAILABLE && way_mono_ms() < deadline);
    cr_expect_eq(rc, WAY_OK, "%s", s.e.text);
    cr_expect_eq(v, 0, "the broken transaction left its number");
    way_station_spec_fini(&spec);
    store_close(&s);
}

Test(connection, a_failed_transaction_does_not_commit)
{
    store s;
    way_station_spec spec;
    int64_t id = 0, v = 0, purged = 0;
    store_open(&s);
    store_station(&s, "orders", 1);
    store_spec(&spec, "orders", 1);
    OK(way_change_read(s.pg, &v, &purged, &s.e));
    OK(way_pg_begin(s.pg, &s.e));
    int64_t next = 0, after = 0;
    OK(way_change_next(s.pg, &next, &s.e));
    CODE(way_station_insert(s.pg, &spec, &id, &s.e), WAY_E_EXISTS);
    CODE(way_pg_commit(s.pg, &s.e), WAY_E_CONFLICT);
    OK(way_change_read(s.pg, &after, &purged, &s.e));
    cr_expect_eq(after, v);
    way_station_spec_fini(&spec);
    store_close(&s);
}

Test(connection, a_held_lock_ends_in_time)
{
    store s;
    int64_t v;
    store_open(&s);
    way_pg *other = way_pg_new(s.url);
    int64_t id = store_station(&s, "orders", 1);
    OK(way_pg_begin(other, &s.e));
    OK(way_change_next(other, &v, &s.e));
    way_pg_set_timeout(s.pg, 1000);
    int64_t from = way_mono_ms();
    CODE(way_station_move(s.pg, id, WAY_ACTIVE, WAY_DELETING, &s.e), WAY_E_TIMEOUT);
    cr_expect_lt(way_mono_ms() - from, 5000);
    way_pg_rollback(other);
    way_pg_free(other);
    OK(way_station_move(s.pg, id, WAY_ACTIVE, WAY_DELETING, &s.e)); /* the connection is as good as before */
    store_close(&s);
}

/* A port where somebody listens but never answers: what a stopped Postgres looks like. */
static int silent_port(int *fd)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(*fd >= 0 && bind(*fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(*fd, 64) == 0 &&
              getsockname(*fd, (struct sockaddr *)&a, &len) == 0);
    return ntohs(a.sin_port);
}

Test(connection, a_silent_server_costs_only_the_first_caller)
{
    char url[128];
    int fd;
    way_err e;
    snprintf(url, sizeof url, "postgresql://u:secret@127.0.0.1:%d/db?sslmode=disable", silent_port(&fd));
    way_pg *pg = way_pg_new(url);
    int64_t from = way_mono_ms();
    cr_expect_eq(way_pg_ping(pg, &e), WAY_E_UNAVAILABLE);
    cr_expect_lt(way_mono_ms() - from, 3000);
    for (int i = 0; i < 20; i++) {
        from = way_mono_ms();
        cr_expect_eq(way_pg_ping(pg, &e), WAY_E_UNAVAILABLE);
        cr_expect_lt(way_mono_ms() - from, 500);
        cr_expect_null(strstr(e.text, "secret"), "%s", e.text);
    }
    way_pg_free(pg);
    close(fd);
}

Test(connection, no_server_fails_at_once)
{
    char url[128];
    int fd;
    way_err e;
    int port = silent_port(&fd);
    close(fd);
    snprintf(url, sizeof url, "host=127.0.0.1 port=%d user=u password=secret dbname=db", port);
    way_pg *pg = way_pg_new(url);
    int64_t from = way_mono_ms();
    for (int i = 0; i < 20; i++)
        cr_expect_eq(way_pg_ping(pg, &e), WAY_E_UNAVAILABLE);
    cr_expect_lt(way_mono_ms() - from, 2000);
    cr_expect_null(strstr(e.text, "secret"), "%s", e.text);
    way_pg_free(pg);
}

Test(connection, a_wrong_url_is_not_repeated_in_the_error)
{
    static const char *const urls[] = {"postgres//u:secret@h/db", "postgresql://u:secret@h/db?nonsense=1", "secret"};
    for (size_t i = 0; i < 3; i++) {
        way_err e;
        way_pg *pg = way_pg_new(urls[i]);
        cr_expect_eq(way_pg_ping(pg, &e), WAY_E_UNAVAILABLE);
        cr_expect_null(strstr(e.text, "secret"), "%s", e.text);
        way_pg_free(pg);
    }
}

/* A relay in front of Postgres that can fall silent: connections stay open, nothing passes. */
typedef struct relay {
    int listening, port;
    int pair[16][2];
    int n;
    struct sockaddr_in to;
    atomic_bool silent, stop;
    pthread_t thread;
} relay;

static void pass(int from, int to)
{
    char b[65536];
    ssize_t n = recv(from, b, sizeof b, MSG_DONTWAIT);
    for (ssize_t sent = 0; n > 0 && sent < n;) {
        ssize_t k = send(to, b + sent, (size_t)(n - sent), MSG_NOSIGNAL);
        if (k <= 0)
            return;
        sent += k;
    }
    if (n == 0)
        shutdown(to, SHUT_RDWR);
}

static void *relay_run(void *arg)
{
    relay *r = arg;
    while (!atomic_load(&r->stop)) {
        struct pollfd p[33] = {{.fd = r->listening, .events = POLLIN}};
        for (int i = 0; i < 2 * r->n; i++)
            p[1 + i] = (struct pollfd){.fd = r->pair[i / 2][i % 2], .events = POLLIN};
        poll(p, atomic_load(&r->silent) ? 0 : 1 + 2 * (nfds_t)r->n, 20);
        if (atomic_load(&r->silent))
            continue;
        for (int i = 0; i < 2 * r->n; i++)
            if (p[1 + i].revents)
                pass(r->pair[i / 2][i % 2], r->pair[i / 2][1 - i % 2]);
        if (p[0].revents && r->n < 16) {
            r->pair[r->n][0] = accept(r->listening, NULL, NULL);
            r->pair[r->n][1] = socket(AF_INET, SOCK_STREAM, 0);
            if (connect(r->pair[r->n][1], (struct sockaddr *)&r->to, sizeof r->to) == 0)
                r->n++;
        }
    }
    return NULL;
}

static void relay_open(relay *r, const store *s, char *url, size_t size)
{
    char *bad = NULL;
    const char *user = "", *password = "";
    memset(r, 0, sizeof *r);
    r->to.sin_family = AF_INET;
    r->to.sin_port = htons(5432);
    r->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    PQconninfoOption *all = PQconninfoParse(s->url, &bad);
    cr_assert_not_null(all, "%s", bad);
    for (PQconninfoOption *o = all; o->keyword; o++) {
        if (o->val && strcmp(o->keyword, "host") == 0)
            inet_pton(AF_INET, o->val, &r->to.sin_addr);
        else if (o->val && strcmp(o->keyword, "port") == 0)
            r->to.sin_port = htons((uint16_t)atoi(o->val));
        else if (o->val && strcmp(o->keyword, "user") == 0)
            user = o->val;
        else if (o->val && strcmp(o->keyword, "password") == 0)
            password = o->val;
    }
    r->port = silent_port(&r->listening);
    snprintf(url, size, "host=127.0.0.1 port=%d user='%s' password='%s' dbname='%s'", r->port, user, password, s->name);
    PQconninfoFree(all);
    cr_assert_eq(pthread_create(&r->thread, NULL, relay_run, r), 0);
}

static void relay_close(relay *r)
{
    atomic_store(&r->stop, true);
    pthread_join(r->thread, NULL);
    close(r->listening);
    for (int i = 0; i < 2 * r->n; i++)
        close(r->pair[i / 2][i % 2]);
}

/* One connection waits its whole time for a server that fell silent; the others know from it. */
Test(connection, silence_is_found_out_once)
{
    enum { N = 4 };
    store s;
    relay r;
    char url[512];
    way_pg *pg[N];
    int64_t v, purged, from;

    store_open(&s);
    int64_t station = store_station(&s, "orders", 1);
    relay_open(&r, &s, url, sizeof url);
    for (int i = 0; i < N; i++) {
        pg[i] = way_pg_new(url);
        OK(way_change_read(pg[i], &v, &purged, &s.e));
        way_pg_set_timeout(pg[i], 1500);
    }
    atomic_store(&r.silent, true);
    from = way_mono_ms();
    CODE(way_change_read(pg[0], &v, &purged, &s.e), WAY_E_UNAVAILABLE);
    cr_expect_lt(way_mono_ms() - from, 4000);
    for (int i = 0; i < 3 * N; i++) {
        from = way_mono_ms();
        CODE(way_station_move(pg[i % N], station, WAY_ACTIVE, WAY_DELETING, &s.e), WAY_E_UNAVAILABLE);
        cr_expect_lt(way_mono_ms() - from, 500, "call %d took %lld ms", i, (long long)(way_mono_ms() - from));
    }
    atomic_store(&r.silent, false);
    int64_t deadline = way_mono_ms() + 15000;
    for (int i = 0; i < N; i++) {
        way_code rc;
        do
            rc = way_change_read(pg[i], &v, &purged, &s.e);
        while (rc == WAY_E_UNAVAILABLE && way_mono_ms() < deadline);
        cr_expect_eq(rc, WAY_OK, "connection %d: %s", i, s.e.text);
        way_pg_free(pg[i]);
    }
    /* what was never sent did not happen later either */
    cr_expect_eq(store_sql(&s, "SELECT count(*) FROM stations WHERE state = 'active'"), 1);
    relay_close(&r);
    store_close(&s);
}
