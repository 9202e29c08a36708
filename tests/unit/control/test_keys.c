#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/control/bringup.h"
#include "core/control/seeking.h"

static void folded(const char *text, size_t len, unsigned char out[32])
{
    memset(out, 0, 32);
    for (size_t i = 0; i < len; i++)
        out[i % 32] ^= (unsigned char)text[i];
}

Test(jwt_key, from_the_configuration)
{
    way_config cfg = {0};
    way_control_hooks hooks = {0};
    unsigned char key[32];
    bool set;
    char text[80];

    cfg.jwt_key = text;
    text[0] = '\0';
    cr_assert_eq(way_jwt_key_from_config(&cfg, &hooks, key, &set, NULL), WAY_OK);
    cr_expect_not(set);
    memset(text, 'a', 64);
    text[64] = '\0';
    cr_assert_eq(way_jwt_key_from_config(&cfg, &hooks, key, &set, NULL), WAY_OK);
    cr_expect(set && key[0] == 0xaa && key[31] == 0xaa);
    strcpy(text, "exactly-thirty-two-bytes-of-text");
    cr_assert_eq(strlen(text), 32);
    cr_assert_eq(way_jwt_key_from_config(&cfg, &hooks, key, &set, NULL), WAY_OK);
    cr_expect_eq(memcmp(key, text, 32), 0);
    strcpy(text, "short");
    cr_expect_eq(way_jwt_key_from_config(&cfg, &hooks, key, &set, NULL), WAY_E_INVAL);
    hooks.key_from_text = folded;
    cr_assert_eq(way_jwt_key_from_config(&cfg, &hooks, key, &set, NULL), WAY_OK);
    cr_expect(set && key[0] == 's');
}

Test(seeking, reads_back_what_it_wrote)
{
    way_start start = {.kind = WAY_START_LAST, .last = 12};
    uint64_t seqs[3] = {0, 5, UINT64_C(9007199254740991)};
    way_seeking s = {0};
    way_buf b;

    way_buf_init(&b, 0);
    way_seeking_save(&start, seqs, 3, &b);
    cr_assert_eq(way_seeking_load(b.data, 3, &s, NULL), WAY_OK);
    cr_expect(s.start.kind == WAY_START_LAST && s.start.last == 12 && s.n == 3);
    cr_expect(s.seqs[0] == 0 && s.seqs[1] == 5 && s.seqs[2] == UINT64_C(9007199254740991));
    way_seeking_fini(&s);
    cr_expect_eq(way_seeking_load(b.data, 2, &s, NULL), WAY_E_INTERNAL, "of another number of partitions");
    cr_expect_eq(way_seeking_load("{", 3, &s, NULL), WAY_E_INTERNAL);
    cr_expect_eq(way_seeking_load(NULL, 3, &s, NULL), WAY_E_INTERNAL);
    way_buf_fini(&b);
}
