/* login: a name and a password become a token.  The password is asked for without echo, or comes from a file or the
 * environment; never from a flag, which every process on the machine could read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/cli/verbs.h"

enum { PASSWORD_MAX = 512 };

static void cut_newline(char *s)
{
    s[strcspn(s, "\r\n")] = '\0';
}

static bool read_line(const char *path, char *out, size_t size)
{
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    bool ok = f && fgets(out, (int)size, f);
    if (f && f != stdin)
        fclose(f);
    if (ok)
        cut_newline(out);
    return ok;
}

/* What scripts/up wrote for its root user: lines root_user=… and root_password=…. */
static bool from_stack(char *user, size_t user_size, char *password, size_t size)
{
    char line[PASSWORD_MAX + 32];
    FILE *f = fopen(".waystation/credentials", "re");
    bool found = false;

    while (f && fgets(line, sizeof line, f)) {
        cut_newline(line);
        if (strncmp(line, "root_user=", 10) == 0)
            snprintf(user, user_size, "%.*s", (int)user_size - 1, line + 10);
        if (strncmp(line, "root_password=", 14) == 0) {
            snprintf(password, size, "%.*s", (int)size - 1, line + 14);
            found = true;
        }
    }
    if (f)
        fclose(f);
    return found;
}

static bool ask(const char *prompt, char *out, size_t size)
{
    struct termios old, quiet;
    bool silent = tcgetattr(STDIN_FILENO, &old) == 0;

    fprintf(stderr, "%s", prompt);
    if (silent) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    bool ok = fgets(out, (int)size, stdin) != NULL;
    if (silent)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
    fprintf(stderr, "\n");
    if (ok)
        cut_newline(out);
    return ok;
}

int way_cli_login(way_cli *c, int argc, char **argv)
{
    const char *user = NULL, *file = NULL;
    const way_arg args[] = {
        {"user", 'u', WAY_ARG_TEXT, &user, "NAME", "who signs in (default: root)"},
        {"password-file", 0, WAY_ARG_TEXT, &file, "FILE", "first line of FILE, - for standard input"},
    };
    const way_usage u = {
        "waystation login [--user NAME] [--password-file FILE]",
        "Signs in and keeps the token in ~/.config/waystation/credentials.json (mode 0600).\n"
        "The password comes from --password-file, WAYSTATION_PASSWORD, .waystation/credentials\n"
        "(what scripts/up wrote; root only), or is asked for.",
        args, 2, 0, 0};
    const char *words[1];
    char name[256] = "root", password[PASSWORD_MAX] = "";
    int count, code;

    if (!way_verb_begin(&u, argc, argv, words, &count, &code))
        return code;
    const char *env = getenv("WAYSTATION_PASSWORD");
    if (user)
        snprintf(name, sizeof name, "%s", user);
    if (file) {
        if (!read_line(file, password, sizeof password)) {
            fprintf(stderr, "waystation: %s cannot be read: %s\n", file, strerror(errno));
            return WAY_EXIT_FAILED;
        }
    } else if (env && *env) {
        snprintf(password, sizeof password, "%s", env);
    } else if (strcmp(name, "root") != 0 || !from_stack(name, sizeof name, password, sizeof password)) {
        char prompt[300];
        snprintf(prompt, sizeof prompt, "Password of %s: ", name);
        if (!ask(prompt, password, sizeof password))
            return WAY_EXIT_FAILED;
    }
    way_err e = {0};
    way_code rc = way_client_login(c->client, name, password, &e);
    explicit_bzero(password, sizeof password);
    if (rc != WAY_OK)
        return way_cli_fail(rc == WAY_E_UNAUTH ? NULL : c, &e);
    if (c->json)
        printf("{\"user\":\"%s\",\"api_url\":\"%s\"}\n", name, way_client_url(c->client, WAY_CLI_API));
    else
        printf("Signed in to %s as %s.\n", way_client_url(c->client, WAY_CLI_API), name);
    return WAY_EXIT_OK;
}
