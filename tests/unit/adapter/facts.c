/* What servers say of themselves, and keys from seeds. */
#include <criterion/criterion.h>
#include <string.h>

#include "core/base/mem.h"
#include "jetstream-adapter/connect.h"
#include "jetstream-adapter/facts.h"
#include "jetstream-adapter/nkey.h"

Test(facts, reads_versions)
{
    static const struct {
        const char *text;
        bool ok;
        int major, minor, patch;
    } row[] = {
        {"2.9.10", true, 2, 9, 10}, {"v2.11.0", true, 2, 11, 0},    {"2.12.0-beta.1", true, 2, 12, 0},
        {"2.9", false, 0, 0, 0},    {"", false, 0, 0, 0},           {"x", false, 0, 0, 0},
        {"2..1", false, 0, 0, 0},   {"99999999999.0.0", false, 0, 0, 0},
    };

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        way_server_info s = {0};

        cr_expect_eq(way_facts_version(row[i].text, &s), row[i].ok, "%s", row[i].text);
        cr_expect(s.major == row[i].major && s.minor == row[i].minor && s.patch == row[i].patch, "%s", row[i].text);
    }
}

Test(facts, counts_servers)
{
    static const struct {
        const char *info;
        int32_t servers;
    } row[] = {
        {"{\"version\":\"2.9.10\",\"max_payload\":1048576}", 1},
        {"{\"version\":\"2.9.10\",\"cluster\":\"c\",\"connect_urls\":[\"a:1\",\"b:1\",\"c:1\",\"a:1\"]}", 3},
        {"{\"version\":\"2.9.10\",\"cluster\":\"c\"}", 0},
        {"{\"version\":\"2.9.10\",\"connect_urls\":[\"a:1\",\"b:1\"]}", 1},
    };

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        way_server_info s;

        cr_assert_eq(way_facts_parse(row[i].info, strlen(row[i].info), &s, NULL), WAY_OK);
        cr_expect_eq(s.servers, row[i].servers, "%s", row[i].info);
        cr_expect_str_eq(s.version, "2.9.10");
    }
    {
        way_server_info s;

        cr_expect_neq(way_facts_parse("{}", 2, &s, NULL), WAY_OK);
        cr_expect_neq(way_facts_parse("{\"version\":7}", 13, &s, NULL), WAY_OK);
    }
}

Test(nkey, derives_the_public_key)
{
    /* a seed of the bytes 0 … 31 */
    static const char seed[] = "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y";
    static const char want[] = "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK";
    static const char *const bad[] = {
        "", "SU", "nothing here", "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H777Y", /* check sum */
        "SAAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y",                          /* an account's */
        "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776YAA"};
    char out[WAY_NKEY_MAX], text[256];

    cr_assert_eq(way_nkey_public(seed, strlen(seed), out, NULL), WAY_OK);
    cr_expect_str_eq(out, want);
    snprintf(text, sizeof text, "# mine\n-----BEGIN USER NKEY SEED-----\n%s\n------END\n", seed);
    cr_assert_eq(way_nkey_public(text, strlen(text), out, NULL), WAY_OK);
    cr_expect_str_eq(out, want);
    for (size_t i = 0; i < WAY_COUNT(bad); i++)
        cr_expect_eq(way_nkey_public(bad[i], strlen(bad[i]), out, NULL), WAY_E_INVAL, "%s", bad[i]);
}

Test(connect, api_prefix)
{
    static const struct {
        const char *prefix, *domain, *want;
    } row[] = {{"", "", "$JS.API"}, {"", "hub", "$JS.hub.API"}, {"acc.JS", "hub", "acc.JS"}, {"acc.JS.", "", "acc.JS"}};

    for (size_t i = 0; i < WAY_COUNT(row); i++) {
        way_config c;
        char out[64];

        way_config_init(&c);
        cr_assert_eq(way_config_set(&c, "nats_api_prefix", row[i].prefix, NULL), WAY_OK);
        cr_assert_eq(way_config_set(&c, "nats_js_domain", row[i].domain, NULL), WAY_OK);
        way_connect_api_prefix(&c, out, sizeof out);
        cr_expect_str_eq(out, row[i].want);
        way_config_fini(&c);
    }
}

Test(connect, errors_hide_credentials)
{
    way_err e;

    cr_expect_eq(way_connect_fail(&e, NATS_NO_SERVER, "nats://ann:s3cret@h:1,nats://t@h:2 and nats://h:3"), WAY_E_UNAVAILABLE);
    cr_expect_null(strstr(e.text, "s3cret"), "%s", e.text);
    cr_expect_null(strstr(e.text, "t@"), "%s", e.text);
    cr_expect(strstr(e.text, "nats://h:3"), "%s", e.text);
}
