#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <string.h>

#include "gateway/cli/args.h"

typedef struct seen {
    const char *text;
    way_arg_list list;
    bool flag;
    way_arg_int n, size, time;
    const char *words[16];
    int count;
    bool done;
} seen;

static way_code parse(seen *s, int max_words, way_err *e, int argc, char **argv)
{
    memset(s, 0, sizeof *s);
    const way_arg args[] = {
        {"text", 't', WAY_ARG_TEXT, &s->text, "T", "a text"},
        {"list", 0, WAY_ARG_LIST, &s->list, "L", "texts"},
        {"flag", 'f', WAY_ARG_BOOL, &s->flag, NULL, "yes"},
        {"n", 'n', WAY_ARG_INT, &s->n, "N", "a number"},
        {"size", 0, WAY_ARG_BYTES, &s->size, "SIZE", "bytes"},
        {"time", 0, WAY_ARG_DURATION, &s->time, "TIME", "a duration"},
    };
    const way_usage u = {"waystation test", "Tests.", args, 6, 1, max_words};
    return way_args_parse(&u, argc, argv, s->words, &s->count, &s->done, e);
}

#define PARSE(s, max, e, ...) \
    parse((s), (max), (e), (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[]){__VA_ARGS__})

Test(args, all_ways_to_write_them)
{
    seen s;
    way_err e;

    cr_expect_eq(PARSE(&s, 2, &e, "w", "--text", "a", "--list=x=y", "--list", "z", "-f", "-n5", "--size", "1MiB", "--time=1h"), WAY_OK);
    cr_expect_str_eq(s.text, "a");
    cr_expect(s.list.n == 2 && strcmp(s.list.v[0], "x=y") == 0 && strcmp(s.list.v[1], "z") == 0);
    cr_expect(s.flag && s.n.set && s.n.v == 5 && s.size.v == 1 << 20 && s.time.v == 3600000);
    cr_expect(s.count == 1 && !s.done);

    cr_expect_eq(PARSE(&s, -1, &e, "-t", "-x", "--", "--text", "-", "-f"), WAY_OK);
    cr_expect_str_eq(s.text, "-x");
    cr_expect(s.count == 3 && strcmp(s.words[0], "--text") == 0 && strcmp(s.words[1], "-") == 0 && !s.flag && !s.n.set);
}

Test(args, refusals_name_the_flag)
{
    seen s;
    way_err e;

    cr_expect(PARSE(&s, 1, &e, "w", "--nope") == WAY_E_INVAL && strstr(e.text, "--nope"));
    cr_expect(PARSE(&s, 1, &e, "w", "--texts", "x") == WAY_E_INVAL && strstr(e.text, "--texts"));
    cr_expect(PARSE(&s, 1, &e, "w", "-x") == WAY_E_INVAL && strstr(e.text, "-x"));
    cr_expect(PARSE(&s, 1, &e, "w", "--text") == WAY_E_INVAL && strstr(e.text, "--text"));
    cr_expect(PARSE(&s, 1, &e, "w", "--flag=1") == WAY_E_INVAL && strstr(e.text, "--flag"));
    cr_expect(PARSE(&s, 1, &e, "w", "-n", "5x") == WAY_E_INVAL && strstr(e.text, "5x"));
    cr_expect(PARSE(&s, 1, &e, "w", "--size", "big") == WAY_E_INVAL && strstr(e.text, "big"));
    cr_expect(PARSE(&s, 1, &e, "w", "--time", "5") == WAY_E_INVAL && strstr(e.text, "30s"));
    cr_expect(PARSE(&s, 1, &e, "w", "v") == WAY_E_INVAL && strstr(e.text, "'v'"));
    cr_expect(PARSE(&s, 1, &e, "-f") == WAY_E_INVAL && strstr(e.text, "missing"));
}

Test(args, help_ends_the_verb, .init = cr_redirect_stdout)
{
    seen s;
    way_err e;
    cr_expect_eq(PARSE(&s, 1, &e, "--help"), WAY_OK);
    cr_expect(s.done);
}
