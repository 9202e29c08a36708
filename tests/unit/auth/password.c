/* Passwords: verified, salted, bounded. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/auth/auth.h"
#include "core/base/clock.h"

Test(password, is_verified)
{
    char hash[WAY_PASSWORD_HASH_MAX], again[WAY_PASSWORD_HASH_MAX];
    way_err e;
    cr_assert_eq(way_auth_init(&e), WAY_OK);
    cr_assert_eq(way_password_hash("correct horse", 13, hash, &e), WAY_OK);
    cr_expect(strncmp(hash, "$argon2id$", 10) == 0, "%s", hash);
    cr_expect(way_password_verify(hash, "correct horse", 13));
    cr_expect_not(way_password_verify(hash, "correct horsf", 13));
    cr_expect_not(way_password_verify(hash, "correct hors", 12));
    cr_expect_not(way_password_verify(hash, "", 0));
    cr_assert_eq(way_password_hash("correct horse", 13, again, &e), WAY_OK);
    cr_expect_str_neq(hash, again);
}

Test(password, bounds)
{
    char hash[WAY_PASSWORD_HASH_MAX], longest[WAY_PASSWORD_MAX + 1];
    way_err e;
    memset(longest, 'x', sizeof longest);
    cr_assert_eq(way_auth_init(&e), WAY_OK);
    cr_expect_eq(way_password_hash("", 0, hash, &e), WAY_E_INVAL);
    cr_expect_eq(way_password_hash(longest, WAY_PASSWORD_MAX + 1, hash, &e), WAY_E_INVAL);
    cr_expect_eq(way_password_hash(longest, WAY_PASSWORD_MAX, hash, &e), WAY_OK);
    cr_expect(way_password_verify(hash, longest, WAY_PASSWORD_MAX));
    cr_expect_not(way_password_verify(hash, longest, WAY_PASSWORD_MAX + 1));
    cr_expect_not(way_password_verify(NULL, "x", 1));
    cr_expect_not(way_password_verify("", "x", 1));
    cr_expect_not(way_password_verify("$argon2id$nonsense", "x", 1));
}

/* An unknown user must not be told from a wrong password by the time it takes. */
Test(password, an_unknown_user_takes_as_long)
{
    char hash[WAY_PASSWORD_HASH_MAX];
    way_err e;
    int64_t verify_us = INT64_MAX, waste_us = INT64_MAX;
    cr_assert_eq(way_auth_init(&e), WAY_OK);
    cr_assert_eq(way_password_hash("correct horse", 13, hash, &e), WAY_OK);
    for (int i = 0; i < 5; i++) {
        int64_t from = way_mono_us();
        cr_expect_not(way_password_verify(hash, "wrong", 5));
        int64_t middle = way_mono_us();
        way_password_waste();
        int64_t end = way_mono_us();
        verify_us = middle - from < verify_us ? middle - from : verify_us;
        waste_us = end - middle < waste_us ? end - middle : waste_us;
    }
    cr_log_info("verify %lld us, waste %lld us", (long long)verify_us, (long long)waste_us);
    cr_expect(waste_us * 2 > verify_us && verify_us * 2 > waste_us, "verify %lld us, waste %lld us",
              (long long)verify_us, (long long)waste_us);
}
