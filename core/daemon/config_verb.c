/* Renders way_config_keys three ways.  docs/config.md is exactly the output of `config doc`, so a key
 * cannot be added without its documentation. */
#include "core/daemon/config_verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/daemon/serve.h"

static const struct type_row {
    way_config_type type;
    const char *word;
} type_rows[] = {
    {WAY_CFG_TEXT, "text"},
    {WAY_CFG_INT, "number"},
    {WAY_CFG_BYTES, "bytes"},
    {WAY_CFG_MS, "duration"},
};

static const char *type_word(way_config_type type)
{
    for (size_t i = 0; i < WAY_COUNT(type_rows); i++)
        if (type_rows[i].type == type)
            return type_rows[i].word;
    return "";
}

void way_config_help(void)
{
    for (size_t i = 0; i < way_config_key_count; i++) {
        const way_config_key *k = &way_config_keys[i];
        if (k->flag)
            printf("  %-26s %s%s%s%s\n", k->flag, k->help, k->def && *k->def ? " [" : "",
                   k->def ? k->def : "", k->def && *k->def ? "]" : "");
    }
    printf("\nWithout a flag, since others could read it in the list of processes:\n");
    for (size_t i = 0; i < way_config_key_count; i++)
        if (!way_config_keys[i].flag)
            printf("  %-26s %s\n", way_config_keys[i].env, way_config_keys[i].help);
}

static void show(const way_config *cfg)
{
    way_buf value;
    way_buf_init(&value, 0);
    for (size_t i = 0; i < way_config_key_count; i++) {
        way_buf_reset(&value);
        way_config_show(cfg, &way_config_keys[i], &value);
        printf("%s = %s\n", way_config_keys[i].name, value.len ? value.data : "");
    }
    way_buf_fini(&value);
}

/* The same as one JSON object, of the form that --config reads. */
static void show_json(const way_config *cfg)
{
    way_buf value, out;
    way_buf_init(&value, 0);
    way_buf_init(&out, 0);
    way_json_open(&out, '{');
    for (size_t i = 0; i < way_config_key_count; i++) {
        const way_config_key *k = &way_config_keys[i];
        way_buf_reset(&value);
        way_config_show(cfg, k, &value);
        if (k->type == WAY_CFG_TEXT) {
            way_json_kv_str(&out, k->name, value.len ? value.data : "");
        } else {
            int64_t v;
            memcpy(&v, (const char *)cfg + k->offset, sizeof v);
            way_json_kv_int(&out, k->name, v);
        }
    }
    way_json_close(&out, '}');
    puts(out.data);
    way_buf_fini(&out);
    way_buf_fini(&value);
}

/* Bytes in the largest unit that divides them. */
static void print_bound(way_config_type type, int64_t v)
{
    static const struct unit {
        int64_t bytes;
        const char *word;
    } units[] = {{INT64_C(1) << 30, "GiB"}, {INT64_C(1) << 20, "MiB"}, {INT64_C(1) << 10, "KiB"}};
    for (size_t i = 0; type == WAY_CFG_BYTES && i < WAY_COUNT(units); i++) {
        if (v != 0 && v % units[i].bytes == 0) {
            printf("%" PRId64 " %s", v / units[i].bytes, units[i].word);
            return;
        }
    }
    printf("%" PRId64 "%s", v, type == WAY_CFG_MS ? " ms" : "");
}

/* A bar would end the cell. */
static void print_cell(const char *s)
{
    for (; s && *s; s++)
        printf(*s == '|' ? "\\|" : "%c", *s);
}

static void doc(void)
{
    printf("# Configuration\n\n"
           "This page is the output of `waystation config doc`; a test compares the two.\n\n"
           "A value comes from, later ones winning: the default, the file given by `--config` (or "
           "`WAYSTATION_CONFIG`), the environment, a flag. The file is one JSON object of key and "
           "value. "
           "Durations are milliseconds, or written like `500ms`, `30s`, `2m`; sizes are bytes, or "
           "written like "
           "`512k`, `8MiB`. "
           "`waystation config show` prints what is in force, with secrets masked.\n\n"
           "| key | flag | environment | type | default | bounds | meaning |\n"
           "|---|---|---|---|---|---|---|\n");
    for (size_t i = 0; i < way_config_key_count; i++) {
        const way_config_key *k = &way_config_keys[i];
        printf("| `%s` | ", k->name);
        if (k->flag)
            printf("`%s`", k->flag);
        if (k->flag2)
            printf(", `%s`", k->flag2);
        printf(" | `%s`", k->env);
        if (k->env2)
            printf(", `%s`", k->env2);
        printf(" | %s%s | ", type_word(k->type), k->flags & WAY_CFG_SECRET ? ", secret" : "");
        if (k->def && *k->def) {
            printf("`");
            print_cell(k->def);
            printf("`");
        }
        printf(" | ");
        if (k->type != WAY_CFG_TEXT) {
            print_bound(k->type, k->min);
            printf(" to ");
            print_bound(k->type, k->max);
        }
        printf(" | ");
        print_cell(k->help);
        printf(" |\n");
    }
}

int way_config_verb(const way_config *cfg, int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "show") == 0) {
        show(cfg);
        return WAY_EXIT_OK;
    }
    if (argc == 3 && strcmp(argv[1], "show") == 0 && strcmp(argv[2], "--json") == 0) {
        show_json(cfg);
        return WAY_EXIT_OK;
    }
    if (argc == 2 && strcmp(argv[1], "doc") == 0) {
        doc();
        return WAY_EXIT_OK;
    }
    fprintf(stderr, "usage: waystation config show [--json]\n");
    return WAY_EXIT_USAGE;
}
