/* Connections of the port: how it signs in, and what a call says when the server goes away under it. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "jetstream-adapter/admin.h"
#include "tests/integration/adapter/server.h"

/* A user seed made of the bytes 0 … 31, and its public key. */
#define SEED "SUAAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4H776Y"
#define PUBLIC_KEY "UAB2CB576PHBBPQ5ODORRZ2LYCMWPZGWGCN2KDK7DXOIMZASKUY3RLKK"

static way_code ask(way_config *c, way_err *e)
{
    way_js_port *js = way_admin_new(c);
    way_server_info s;
    way_code rc;

    js->deadline_ms = way_mono_ms() + 5000;
    rc = js->server(js, &s, e);
    way_admin_free(js);
    return rc;
}

static void write_file(const own_server *s, const char *name, const char *text, char *path, size_t size)
{
    FILE *f;

    snprintf(path, size, "%s/%s", s->dir, name);
    f = fopen(path, "w");
    cr_assert(f);
    fputs(text, f);
    fclose(f);
}

static void set(way_config *c, const char *key, const char *value)
{
    cr_assert_eq(way_config_set(c, key, value, NULL), WAY_OK);
}

#define EXPECT(c, want)                                                                            \
    do {                                                                                           \
        way_err err_ = {0};                                                                        \
        way_code rc_ = ask(c, &err_);                                                              \
        cr_expect_eq(rc_, want, "%s: %s", way_code_name(rc_), err_.text);                          \
        cr_expect_null(strstr(err_.text, "s3cret"));                                               \
    } while (0)

Test(connection, signs_in_with_user_and_password, .timeout = 60)
{
    own_server s;
    way_config c;
    char url[128];

    own_server_start(&s, "authorization { user: ann, password: s3cret }");
    way_config_init(&c);
    snprintf(url, sizeof url, "nats://ann:s3cret@127.0.0.1:%d", s.port);
    set(&c, "nats_url", url);
    EXPECT(&c, WAY_OK);
    snprintf(url, sizeof url, "nats://ann:wrong@127.0.0.1:%d,nats://bob:s3cret@127.0.0.1:%d", s.port, s.port);
    set(&c, "nats_url", url);
    EXPECT(&c, WAY_E_UNAVAILABLE);
    snprintf(url, sizeof url, "nats://127.0.0.1:1, nats://ann:s3cret@127.0.0.1:%d", s.port);
    set(&c, "nats_url", url);
    EXPECT(&c, WAY_OK);
    way_config_fini(&c);
    own_server_end(&s);
}

Test(connection, signs_in_with_a_token, .timeout = 60)
{
    own_server s;
    way_config c;
    char url[128];

    own_server_start(&s, "authorization { token: s3cret }");
    way_config_init(&c);
    set(&c, "nats_url", s.url);
    EXPECT(&c, WAY_E_UNAVAILABLE);
    snprintf(url, sizeof url, "nats://s3cret@127.0.0.1:%d", s.port);
    set(&c, "nats_url", url);
    EXPECT(&c, WAY_OK);
    way_config_fini(&c);
    own_server_end(&s);
}

Test(connection, signs_in_with_an_nkey, .timeout = 60)
{
    own_server s;
    way_config c;
    char path[128];

    own_server_start(&s, "authorization { users: [ { nkey: " PUBLIC_KEY " } ] }");
    way_config_init(&c);
    set(&c, "nats_url", s.url);
    write_file(&s, "seed", "-----BEGIN USER NKEY SEED-----\n" SEED "\n------END USER NKEY SEED------\n", path, sizeof path);
    set(&c, "nats_nkey", path);
    EXPECT(&c, WAY_OK);
    write_file(&s, "seed", SEED "\n", path, sizeof path);
    EXPECT(&c, WAY_OK);
    write_file(&s, "seed", "nothing\n", path, sizeof path);
    EXPECT(&c, WAY_E_INVAL);
    set(&c, "nats_nkey", "/nonexistent/seed");
    EXPECT(&c, WAY_E_INVAL);
    way_config_fini(&c);
    own_server_end(&s);
}

Test(connection, reads_a_context_of_the_nats_command, .timeout = 60)
{
    own_server s;
    way_config c;
    char path[128], text[512];

    own_server_start(&s, "authorization { user: ann, password: s3cret }");
    setenv("XDG_CONFIG_HOME", s.dir, 1);
    snprintf(path, sizeof path, "%s/nats", s.dir);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/nats/context", s.dir);
    mkdir(path, 0700);
    snprintf(text, sizeof text,
             "{\"description\":\"\",\"url\":\"%s\",\"user\":\"ann\",\"password\":\"s3cret\",\"creds\":\"\",\"color_scheme\":\"\"}",
             s.url);
    write_file(&s, "nats/context/mine.json", text, path, sizeof path);
    way_config_init(&c);
    set(&c, "nats_context", "mine"); /* the url is the built-in default: the context's counts */
    EXPECT(&c, WAY_OK);
    set(&c, "nats_url", "nats://127.0.0.1:1");
    EXPECT(&c, WAY_E_UNAVAILABLE);
    set(&c, "nats_context", "none");
    EXPECT(&c, WAY_E_INVAL);
    set(&c, "nats_context", "../mine");
    EXPECT(&c, WAY_E_INVAL);
    way_config_fini(&c);
    own_server_end(&s);
}

Test(connection, uses_the_domain_and_says_when_jetstream_is_silent, .timeout = 60)
{
    own_server s;
    way_config c;

    own_server_start(&s, "");
    way_config_init(&c);
    set(&c, "nats_url", s.url);
    set(&c, "nats_js_domain", "hub");
    EXPECT(&c, WAY_E_UNAVAILABLE); /* nobody answers on $JS.hub.API */
    way_config_fini(&c);
    own_server_end(&s);
}

Test(connection, a_frozen_server_is_a_timeout_and_later_calls_work, .timeout = 60)
{
    own_server s;
    way_config c;
    way_js_port *js;
    way_js_stream_info info;
    char name[1][WAY_STREAM_MAX + 1] = {"a$1"};
    int64_t from;

    own_server_start(&s, "");
    way_config_init(&c);
    set(&c, "nats_url", s.url);
    js = way_admin_new(&c);
    js->deadline_ms = way_mono_ms() + 5000;
    cr_assert_eq(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])name, 1, &info, NULL), WAY_OK);
    own_server_freeze(&s);
    from = way_mono_ms();
    js->deadline_ms = from + 300;
    cr_expect_eq(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])name, 1, &info, NULL), WAY_E_TIMEOUT);
    cr_expect_leq(way_mono_ms() - from, 2000);
    own_server_thaw(&s);
    js->deadline_ms = way_mono_ms() + 10000;
    cr_expect_eq(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])name, 1, &info, NULL), WAY_OK);
    way_admin_free(js);
    way_config_fini(&c);
    own_server_end(&s);
}

static void *kill_soon(void *arg)
{
    own_server *s = arg;

    usleep(200000); /* long enough for the request to be out: it cannot be answered before */
    own_server_kill(s);
    return NULL;
}

Test(connection, a_lost_server_is_unavailable_and_the_next_call_connects_again, .timeout = 60)
{
    own_server s;
    way_config c;
    way_js_port *js;
    way_js_stream st = {.name = "a$1", .subject = "a$1.>", .replicas = 1, .allow_direct = true};
    way_js_stream_info info;
    char name[1][WAY_STREAM_MAX + 1] = {"a$1"};
    pthread_t t;

    own_server_start(&s, "");
    way_config_init(&c);
    set(&c, "nats_url", s.url);
    js = way_admin_new(&c);
    js->deadline_ms = way_mono_ms() + 5000;
    cr_assert_eq(js->streams_create(js, &st, 1, NULL, NULL, NULL), WAY_OK);
    own_server_freeze(&s); /* so that the request is surely in flight when the server dies */
    pthread_create(&t, NULL, kill_soon, &s);
    js->deadline_ms = way_mono_ms() + 5000;
    cr_expect_eq(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])name, 1, &info, NULL), WAY_E_UNAVAILABLE);
    pthread_join(t, NULL);
    js->deadline_ms = way_mono_ms() + 3000;
    cr_expect_eq(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])name, 1, &info, NULL), WAY_E_UNAVAILABLE);
    own_server_again(&s);
    js->deadline_ms = way_mono_ms() + 5000;
    cr_expect_eq(js->streams_info(js, (const char (*)[WAY_STREAM_MAX + 1])name, 1, &info, NULL), WAY_OK);
    cr_expect(info.exists);
    way_admin_free(js);
    way_config_fini(&c);
    own_server_end(&s);
}
