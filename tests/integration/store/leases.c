/* Leases, locks, secrets, root: what all daemons share. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "store_test.h"

Test(leases, one_holder_at_a_time)
{
    store s;
    bool held = false;
    int64_t epoch = 0, left = 0, second = 0;
    store_open(&s);
    OK(way_lease_take(s.pg, "reconcile", "a", 60000, &held, &epoch, &left, &s.e));
    cr_expect(held && epoch == 1 && left > 50000 && left <= 60000);
    OK(way_lease_take(s.pg, "reconcile", "b", 60000, &held, &second, &left, &s.e));
    cr_expect_not(held);
    OK(way_lease_take(s.pg, "reconcile", "a", 60000, &held, &second, &left, &s.e));
    cr_expect(held && second == epoch);

    OK(way_pg_begin(s.pg, &s.e));
    OK(way_lease_check(s.pg, "reconcile", "a", epoch, &s.e));
    OK(way_pg_commit(s.pg, &s.e));
    OK(way_pg_begin(s.pg, &s.e));
    CODE(way_lease_check(s.pg, "reconcile", "a", epoch + 1, &s.e), WAY_E_CONFLICT);
    way_pg_rollback(s.pg);

    OK(way_lease_drop(s.pg, "reconcile", "a", epoch, &s.e));
    OK(way_lease_take(s.pg, "reconcile", "b", 60000, &held, &second, &left, &s.e));
    cr_expect(held && second == epoch + 1);
    OK(way_lease_drop(s.pg, "reconcile", "a", epoch, &s.e)); /* no longer a's: nothing happens */
    OK(way_lease_take(s.pg, "reconcile", "a", 60000, &held, &second, &left, &s.e));
    cr_expect_not(held);
    store_close(&s);
}

Test(leases, run_out)
{
    store s;
    bool held = false;
    int64_t epoch = 0, left = 0;
    store_open(&s);
    OK(way_lease_take(s.pg, "reconcile", "a", 200, &held, &epoch, &left, &s.e));
    cr_assert(held);
    int64_t deadline = way_mono_ms() + 10000;
    do
        OK(way_lease_take(s.pg, "reconcile", "b", 60000, &held, &epoch, &left, &s.e));
    while (!held && way_mono_ms() < deadline);
    cr_expect(held && epoch == 2);
    OK(way_pg_begin(s.pg, &s.e));
    CODE(way_lease_check(s.pg, "reconcile", "a", 1, &s.e), WAY_E_CONFLICT);
    way_pg_rollback(s.pg);
    store_close(&s);
}

Test(leases, a_name_is_locked_until_commit)
{
    store s;
    store_open(&s);
    way_pg *other = way_pg_new(s.url);
    OK(way_pg_begin(s.pg, &s.e));
    OK(way_lock_name(s.pg, "orders", &s.e));
    OK(way_pg_begin(other, &s.e));
    OK(way_lock_name(other, "payments", &s.e)); /* another name is free */
    CODE(way_lock_name_within(other, "orders", 200, &s.e), WAY_E_TIMEOUT);
    OK(way_pg_commit(s.pg, &s.e));
    OK(way_lock_name(other, "orders", &s.e));
    way_pg_rollback(other);
    way_pg_free(other);
    store_close(&s);
}

typedef struct asker {
    const char *url;
    unsigned char fresh[32], got[32];
    size_t len;
} asker;

static void *ask(void *arg)
{
    asker *a = arg;
    way_err e;
    way_pg *pg = way_pg_new(a->url);
    if (way_secret_get(pg, "jwt", a->fresh, sizeof a->fresh, a->got, sizeof a->got, &a->len, &e) != WAY_OK)
        a->len = 0;
    way_pg_free(pg);
    return NULL;
}

Test(secrets, everybody_gets_the_same)
{
    store s;
    enum { N = 8 };
    asker a[N];
    pthread_t t[N];
    store_open(&s);
    for (int i = 0; i < N; i++) {
        a[i] = (asker){.url = s.url};
        memset(a[i].fresh, 'a' + i, sizeof a[i].fresh);
        cr_assert_eq(pthread_create(&t[i], NULL, ask, &a[i]), 0);
    }
    for (int i = 0; i < N; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < N; i++) {
        cr_expect_eq(a[i].len, 32);
        cr_expect_eq(memcmp(a[i].got, a[0].got, 32), 0);
    }
    store_close(&s);
}

Test(users, root_is_made_once_and_replaced_by_force)
{
    store s;
    bool changed = false;
    char *hash = NULL;
    int64_t epoch = 0;
    store_open(&s);
    CODE(way_user_hash(s.pg, "root", &hash, &epoch, &s.e), WAY_E_NOT_FOUND);
    OK(way_user_put_root(s.pg, "one", false, &changed, &s.e));
    cr_expect(changed);
    OK(way_user_put_root(s.pg, "two", false, &changed, &s.e));
    cr_expect_not(changed);
    OK(way_user_hash(s.pg, "root", &hash, &epoch, &s.e));
    cr_expect_str_eq(hash, "one");
    cr_expect_eq(epoch, 1);
    free(hash);
    OK(way_user_put_root(s.pg, "two", true, &changed, &s.e));
    cr_expect(changed);
    OK(way_user_hash(s.pg, "root", &hash, &epoch, &s.e));
    cr_expect_str_eq(hash, "two");
    cr_expect_eq(epoch, 2);
    free(hash);
    store_close(&s);
}

Test(audit, keeps_who_did_what)
{
    store s;
    store_open(&s);
    way_audit_row row = {.actor = "root", .address = "127.0.0.1", .action = "station.create", .object = "orders",
                         .after = "{\"name\":\"orders\"}"};
    OK(way_audit_add(s.pg, &row, &s.e));
    cr_expect_eq(store_sql(&s, "SELECT count(*) FROM audit WHERE actor = 'root' AND before IS NULL"
                               " AND after ->> 'name' = 'orders'"), 1);
    store_close(&s);
}
