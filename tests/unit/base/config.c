#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/config.h"

static void clear_environment(void)
{
    for (size_t i = 0; i < way_config_key_count; i++) {
        unsetenv(way_config_keys[i].env);
        if (way_config_keys[i].env2)
            unsetenv(way_config_keys[i].env2);
    }
}

TestSuite(config, .init = clear_environment);

Test(config, the_table_is_sound)
{
    for (size_t i = 0; i < way_config_key_count; i++) {
        const way_config_key *k = &way_config_keys[i];
        char flag[80] = "--", env[80] = "WAYSTATION_";
        size_t f = 2, n = strlen(env);
        for (const char *c = k->name; *c; c++) {
            flag[f++] = *c == '_' ? '-' : *c;
            env[n++] = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
        }
        flag[f] = env[n] = '\0';
        cr_expect_str_eq(k->env, env);
        if (k->flags & WAY_CFG_SECRET)
            cr_expect_null(k->flag, "%s: a secret on a command line is seen by every user", k->name);
        else
            cr_expect_str_eq(k->flag, flag);
        cr_expect(k->help && *k->help && !strchr(k->help, '\n'), "%s", k->name);
        for (size_t j = 0; j < i; j++) {
            cr_expect_str_neq(k->name, way_config_keys[j].name);
            cr_expect_neq(k->offset, way_config_keys[j].offset);
        }
    }
    /* every member has its row */
    cr_expect_eq(way_config_key_count * 8, sizeof(way_config));
}

Test(config, defaults)
{
    way_config c;
    way_config_init(&c);
    cr_expect_str_eq(c.nats_url, "nats://127.0.0.1:4222");
    cr_expect_str_eq(c.database_url, "postgres://127.0.0.1:5432/waystation");
    cr_expect_str_eq(c.listen, "127.0.0.1");
    cr_expect(c.rest_port == 4444 && c.api_port == 9000 && c.metrics_port == 7777);
    cr_expect(c.publish_buffer_bytes == 256 << 20 && c.json_body_bytes_max == 16 << 20);
    cr_expect(c.connections_max == 12000 && c.requests_max == 4096 && c.publishes_max == 65535);
    cr_expect_str_eq(c.root_password, "");
    way_config_fini(&c);
}

Test(config, environment)
{
    way_config c;
    way_err e;
    way_config_init(&c);
    setenv("NATS_URL", "nats://second", 1);
    setenv("WAYSTATION_REST_PORT", "5555", 1);
    setenv("WAYSTATION_LEASE_MS", "20s", 1);
    setenv("WAYSTATION_JSON_BODY_BYTES_MAX", "1MiB", 1);
    setenv("WAYSTATION_API_PORT", "", 1);
    cr_expect_eq(way_config_load_env(&c, &e), WAY_OK);
    cr_expect_str_eq(c.nats_url, "nats://second");
    cr_expect(c.rest_port == 5555 && c.lease_ms == 20000 && c.json_body_bytes_max == 1 << 20);
    cr_expect_eq(c.api_port, 9000, "empty counts as not set");
    setenv("WAYSTATION_NATS_URL", "nats://first", 1);
    cr_expect_eq(way_config_load_env(&c, &e), WAY_OK);
    cr_expect_str_eq(c.nats_url, "nats://first");
    setenv("WAYSTATION_REST_PORT", "70000", 1);
    cr_expect_eq(way_config_load_env(&c, &e), WAY_E_INVAL);
    cr_expect_str_eq(e.text, "WAYSTATION_REST_PORT is 70000; it must be between 0 and 65535");
    way_config_fini(&c);
}

Test(config, flags)
{
    way_config c;
    way_err e;
    int used;
    way_config_init(&c);
    cr_expect_eq(way_config_flag(&c, 2, (char *[]){"--rest-port", "1234"}, &used, &e), WAY_OK);
    cr_expect(used == 2 && c.rest_port == 1234);
    cr_expect_eq(way_config_flag(&c, 1, (char *[]){"--rest-port=99"}, &used, &e), WAY_OK);
    cr_expect(used == 1 && c.rest_port == 99);
    cr_expect_eq(way_config_flag(&c, 2, (char *[]){"--server", "nats://x"}, &used, &e), WAY_OK);
    cr_expect(used == 2 && strcmp(c.nats_url, "nats://x") == 0);
    cr_expect_eq(way_config_flag(&c, 2, (char *[]){"--rest-ports", "1"}, &used, &e), WAY_OK);
    cr_expect_eq(used, 0);
    cr_expect_eq(way_config_flag(&c, 0, NULL, &used, &e), WAY_OK);
    cr_expect_eq(used, 0);
    cr_expect_eq(way_config_flag(&c, 1, (char *[]){"--rest-port"}, &used, &e), WAY_E_INVAL);
    cr_expect_eq(way_config_flag(&c, 2, (char *[]){"--log-level", "loud"}, &used, &e), WAY_E_INVAL);
    cr_expect_eq(way_config_flag(&c, 2, (char *[]){"--root-password", "x"}, &used, &e), WAY_OK);
    cr_expect_eq(used, 0, "no flag for secrets");
    cr_expect_eq(way_config_set(&c, "no_such", "1", &e), WAY_E_INVAL);
    way_config_fini(&c);
}

static way_code load(way_config *c, const char *text, way_err *e)
{
    char path[] = "/tmp/way-config-XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    way_code rc = way_config_load_file(c, path, e);
    unlink(path);
    return rc;
}

Test(config, file)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"{\"rest_prot\":1}", "unknown key \"rest_prot\""}, {"{\"rest_port\":true}", "rest_port must be a whole number"},
        {"{\"rest_port\":-1}", "between 0 and 65535"},       {"{\"listen\":5}", "listen must be a text"},
        {"[1]", "object"},                                   {"{\"rest_port\":1", "not valid JSON"},
        {"{\"rest_port\":1,\"rest_port\":2}", "twice"},      {"{\"rest_port\":1.5}", "whole number"},
    };
    way_config c;
    way_err e;
    way_config_init(&c);
    cr_expect_eq(load(&c, "{\"rest_port\":1,\"idle_timeout_ms\":\"90s\",\"listen\":\"::\",\"pulled_bytes_max\":2097152}", &e),
                 WAY_OK);
    cr_expect(c.rest_port == 1 && c.idle_timeout_ms == 90000 && c.pulled_bytes_max == 2097152);
    cr_expect_str_eq(c.listen, "::");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        cr_expect_eq(load(&c, row[i].text, &e), WAY_E_INVAL, "%s", row[i].text);
        cr_expect(strstr(e.text, row[i].says) && strstr(e.text, "/tmp/way-config"), "%s: %s", row[i].text, e.text);
    }
    cr_expect_eq(way_config_load_file(&c, "/no/such/file", &e), WAY_E_NOT_FOUND);
    way_config_fini(&c);
}

Test(config, show_masks_secrets)
{
    static const struct {
        const char *name, *value, *shown;
    } row[] = {
        {"root_password", "hunter2", "********"},
        {"root_password", "", ""},
        {"nats_url", "nats://user:pw@host:4222,nats://tok@b:1/x,nats://c", "nats://user:********@host:4222,nats://********@b:1/x,nats://c"},
        {"nats_url", "host:4222", "host:4222"},
        {"database_url", "postgres://u:p@ss@h/db?sslmode=require&password=x&a=b", "postgres://u:********@h/db?sslmode=require&password=********&a=b"},
        {"database_url", "postgresql://u@h/db", "postgresql://u@h/db"},
        {"database_url", "host=h password=secret dbname=d", "host=h password=******** dbname=d"},
        {"database_url", "password='a \\' b' host=h", "password=******** host=h"},
        {"lease_ms", "5s", "5000"},
    };
    way_config c;
    way_err e;
    way_config_init(&c);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        way_buf b;
        way_buf_init(&b, 0);
        cr_assert_eq(way_config_set(&c, row[i].name, row[i].value, &e), WAY_OK);
        way_config_show(&c, way_config_find(row[i].name), &b);
        cr_expect_str_eq(b.data ? b.data : "", row[i].shown);
        way_buf_fini(&b);
    }
    way_config_fini(&c);
}
