/* Credentials: what `login` keeps between calls, in ~/.config/waystation/credentials.json (XDG_CONFIG_HOME is honoured),
 * mode 0600.  A password is never stored.  Main thread only. */
#ifndef WAY_CLI_CREDENTIALS_H
#define WAY_CLI_CREDENTIALS_H

#include <stdint.h>

#include "core/base/err.h"

typedef struct way_credentials { /* texts owned; NULL: none */
    char *api_url, *rest_url;
    char *token, *refresh_token;
    int64_t expires_ms; /* wall */
} way_credentials;

void way_credentials_load(way_credentials *c); /* empty when there is no (readable) file */
void way_credentials_fini(way_credentials *c);
/* Replaces the file as a whole: a crash leaves the old one. */
WAY_MUST_CHECK way_code way_credentials_save(const way_credentials *c, way_err *e);
/* Says on stderr how to sign in here. */
void way_credentials_hint(void);

#endif
