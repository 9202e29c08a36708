/* Flags from a table.  One loop serves every verb, so that all of them feel the same. */
#include "gateway/cli/args.h"

#include <stdio.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/text.h"

static const way_arg *find(const way_usage *u, const char *name, size_t len)
{
    for (int i = 0; i < u->count; i++)
        if (strlen(u->args[i].name) == len && memcmp(u->args[i].name, name, len) == 0)
            return &u->args[i];
    return NULL;
}

static const way_arg *find_letter(const way_usage *u, char letter)
{
    for (int i = 0; i < u->count; i++)
        if (u->args[i].letter == letter)
            return &u->args[i];
    return NULL;
}

static way_code store(const way_arg *a, const char *value, way_err *e)
{
    way_arg_int *n = a->out;
    way_arg_list *list = a->out;

    switch (a->type) {
    case WAY_ARG_TEXT:
        *(const char **)a->out = value;
        return WAY_OK;
    case WAY_ARG_LIST:
        if (list->n == WAY_ARG_LIST_MAX)
            return way_fail(e, WAY_E_INVAL, "--%s is given more than %d times", a->name, WAY_ARG_LIST_MAX);
        list->v[list->n++] = value;
        return WAY_OK;
    case WAY_ARG_BOOL:
        *(bool *)a->out = true;
        return WAY_OK;
    case WAY_ARG_INT:
        if (!way_i64_parse(value, strlen(value), &n->v))
            return way_fail(e, WAY_E_INVAL, "--%s %s: not a whole number", a->name, value);
        break;
    case WAY_ARG_BYTES:
        if (!way_bytes_parse(value, &n->v))
            return way_fail(e, WAY_E_INVAL, "--%s %s: not a size, such as 512k, 64MB or 1GiB", a->name, value);
        break;
    case WAY_ARG_DURATION:
        if (!way_duration_to_ms(value, &n->v))
            return way_fail(e, WAY_E_INVAL, "--%s %s: not a duration, such as 500ms, 30s, 1h30m or 7d", a->name, value);
        break;
    }
    n->set = true;
    return WAY_OK;
}

/* One flag at argv[*i]; *i ends on its last word. */
static way_code take(const way_usage *u, int argc, char **argv, int *i, way_err *e)
{
    const char *word = argv[*i];
    const char *value = NULL;
    const way_arg *a;

    if (word[1] == '-') {
        const char *eq = strchr(word, '=');
        a = find(u, word + 2, eq ? (size_t)(eq - word - 2) : strlen(word + 2));
        value = eq ? eq + 1 : NULL;
    } else {
        a = find_letter(u, word[1]);
        value = word[2] != '\0' ? word + 2 : NULL;
    }
    if (!a)
        return way_fail(e, WAY_E_INVAL, "unknown flag %s", word);
    if (a->type == WAY_ARG_BOOL) {
        if (value)
            return way_fail(e, WAY_E_INVAL, "--%s takes no value", a->name);
    } else if (!value) {
        if (*i + 1 >= argc)
            return way_fail(e, WAY_E_INVAL, "--%s needs a value", a->name);
        value = argv[++*i];
    }
    return store(a, value, e);
}

way_code way_args_parse(const way_usage *u, int argc, char **argv, const char **words, int *count, bool *done,
                        way_err *e)
{
    bool flags = true;

    *count = 0;
    *done = false;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (flags && strcmp(word, "--") == 0) {
            flags = false;
        } else if (flags && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            way_args_help(u);
            *done = true;
            return WAY_OK;
        } else if (flags && word[0] == '-' && word[1] != '\0') {
            way_code rc = take(u, argc, argv, &i, e);
            if (rc != WAY_OK)
                return rc;
        } else if (u->max_words >= 0 && *count == u->max_words) {
            return way_fail(e, WAY_E_INVAL, "'%s' is one word too many: %s", word, u->line);
        } else {
            words[(*count)++] = word;
        }
    }
    if (*count < u->min_words)
        return way_fail(e, WAY_E_INVAL, "something is missing: %s", u->line);
    return WAY_OK;
}

void way_args_help(const way_usage *u)
{
    printf("Usage: %s\n\n%s\n", u->line, u->about);
    if (u->count > 0)
        printf("\nFlags:\n");
    for (int i = 0; i < u->count; i++) {
        const way_arg *a = &u->args[i];
        char left[64];
        char letter[8] = "    ";
        if (a->letter)
            snprintf(letter, sizeof letter, "-%c, ", a->letter);
        snprintf(left, sizeof left, "%s--%s%s%s", letter, a->name, a->value ? " " : "", a->value ? a->value : "");
        printf("  %-32s %s\n", left, a->help);
    }
    printf("\nEverywhere: --json, --api-url URL, --rest-url URL, --help\n");
}
