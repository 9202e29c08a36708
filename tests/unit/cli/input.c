#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "gateway/cli/input.h"

/* Cuts text, written into a pipe by a child of its own in pieces, and joins the messages with '|'. */
static char *cut(const char *text, size_t len, size_t piece, way_input_form form, size_t max, way_input_result *end, way_err *e)
{
    int ends[2];
    way_buf out;
    const char *m;
    size_t n;
    uint64_t number, last = 0;

    cr_assert_eq(pipe(ends), 0);
    if (fork() == 0) {
        close(ends[0]);
        for (size_t at = 0; at < len; at += piece)
            if (write(ends[1], text + at, len - at < piece ? len - at : piece) < 0)
                break;
        _exit(0);
    }
    close(ends[1]);
    way_buf_init(&out, 0);
    way_buf_str(&out, "");
    way_input *in = way_input_new(ends[0], form, max);
    while ((*end = way_input_next(in, -1, &m, &n, &number, e)) == WAY_INPUT_MESSAGE) {
        cr_expect_eq(number, ++last);
        way_buf_add(&out, m, n);
        way_buf_char(&out, '|');
    }
    if (*end == WAY_INPUT_END)
        cr_expect_eq(way_input_bytes(in), len);
    way_input_free(in);
    close(ends[0]);
    return way_buf_take(&out, NULL);
}

Test(input, cuts)
{
    static const struct {
        way_input_form form;
        const char *text, *want, *says; /* says: it fails after want */
    } row[] = {
        {WAY_INPUT_LINES, "", "", NULL},
        {WAY_INPUT_LINES, "\n", "|", NULL},
        {WAY_INPUT_LINES, "a", "a|", NULL},
        {WAY_INPUT_LINES, "a\n", "a|", NULL},
        {WAY_INPUT_LINES, "a\n\nbc\r\nd", "a||bc\r|d|", NULL},
        {WAY_INPUT_WHOLE, "", "|", NULL},
        {WAY_INPUT_WHOLE, "a\nb\n", "a\nb\n|", NULL},
        {WAY_INPUT_ARRAY, "[]", "", NULL},
        {WAY_INPUT_ARRAY, " [ ] \n", "", NULL},
        {WAY_INPUT_ARRAY, "[1]", "1|", NULL},
        {WAY_INPUT_ARRAY, "[ {\"a\": 1,\n \"b\": \" x, ]\\\"\" } ,\t[1, [2]] , \"s\\\\\" , null , -1.5e3 ]",
         "{\"a\":1,\"b\":\" x, ]\\\"\"}|[1,[2]]|\"s\\\\\"|null|-1.5e3|", NULL},
        {WAY_INPUT_ARRAY, "[12345678901234567890123]", "12345678901234567890123|", NULL}, /* as it stands, not rounded */
        {WAY_INPUT_ARRAY, "", "", "ends before"},
        {WAY_INPUT_ARRAY, "{}", "", "begin with ["},
        {WAY_INPUT_ARRAY, "[1,2", "1|", "ends before"},
        {WAY_INPUT_ARRAY, "[1,]", "1|", "missing"},
        {WAY_INPUT_ARRAY, "[,1]", "", "missing"},
        {WAY_INPUT_ARRAY, "[1] 2", "1|", "follows"},
        {WAY_INPUT_ARRAY, "[1 2]", "", "element 1"},
        {WAY_INPUT_ARRAY, "[0,{\"a\":1 2}]", "0|", "element 2"},
        {WAY_INPUT_ARRAY, "[tr ue]", "", "element 1"},
        {WAY_INPUT_ARRAY, "[{\"a\":1]]", "", "element 1"},
        {WAY_INPUT_LINES, "ok\n12345678901", "ok|", "more than 10 bytes"},
        {WAY_INPUT_LINES, "12345678901\nok", "", "more than 10 bytes"},
        {WAY_INPUT_LINES, "1234567890\nok", "1234567890|ok|", NULL},
        {WAY_INPUT_WHOLE, "12345678901", "", "more than 10 bytes"},
        {WAY_INPUT_ARRAY, "[1,\"123456789\"]", "1|", "more than 10 bytes"},
    };
    static const size_t pieces[] = {1, 3, 1 << 20};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        for (size_t k = 0; k < 3; k++) {
            way_input_result end;
            way_err e = {WAY_OK, ""};
            size_t max = row[i].says && strstr(row[i].says, "10 bytes") ? 10 : 1000;
            char *got = cut(row[i].text, strlen(row[i].text), pieces[k], row[i].form, max, &end, &e);
            cr_expect_str_eq(got, row[i].want, "%s: %s", row[i].text, got);
            cr_expect_eq(end, row[i].says ? WAY_INPUT_FAILED : WAY_INPUT_END, "%s", row[i].text);
            if (row[i].says)
                cr_expect(strstr(e.text, row[i].says), "%s: %s", row[i].text, e.text);
            free(got);
        }
}

Test(input, lines_across_reads)
{
    way_buf text, want;
    way_input_result end;
    way_err e;

    way_buf_init(&text, 0);
    way_buf_init(&want, 0);
    for (int i = 0; i < 60000; i++) {
        way_buf_printf(&text, "line %d of many\n", i);
        way_buf_printf(&want, "line %d of many|", i);
    }
    char *got = cut(text.data, text.len, 70001, WAY_INPUT_LINES, 100, &end, &e);
    cr_expect(strcmp(got, want.data) == 0);
    free(got);
    way_buf_fini(&text);
    way_buf_fini(&want);
}

Test(input, a_quiet_pipe_is_idle)
{
    int ends[2];
    const char *m;
    size_t n;
    uint64_t number;
    way_err e;

    cr_assert_eq(pipe(ends), 0);
    way_input *in = way_input_new(ends[0], WAY_INPUT_LINES, 100);
    cr_assert_eq(write(ends[1], "one\ntw", 6), 6);
    cr_expect_eq(way_input_next(in, 10, &m, &n, &number, &e), WAY_INPUT_MESSAGE);
    cr_expect_eq(way_input_next(in, 10, &m, &n, &number, &e), WAY_INPUT_IDLE);
    cr_assert_eq(write(ends[1], "o\n", 2), 2);
    cr_expect_eq(way_input_next(in, 10, &m, &n, &number, &e), WAY_INPUT_MESSAGE);
    cr_expect(n == 3 && memcmp(m, "two", 3) == 0 && number == 2);
    close(ends[1]);
    cr_expect_eq(way_input_next(in, 10, &m, &n, &number, &e), WAY_INPUT_END);
    way_input_free(in);
    close(ends[0]);
}
