/* NKey: the public key that belongs to a user seed, which cnats wants beside the seed's file.
 *
 * No state; the seed's bytes are wiped before return.  Threads: any.  Private to jetstream-adapter. */
#ifndef WAY_ADAPTER_NKEY_H
#define WAY_ADAPTER_NKEY_H

#include <stddef.h>

#include "core/base/err.h"

#define WAY_NKEY_MAX 64

/* Finds the first user seed ("SU…") in the text of a seed file, decorated or bare.  WAY_E_INVAL: there is none, or its check
 * sum is wrong; the text never repeats what was read. */
WAY_MUST_CHECK way_code way_nkey_public(const char *text, size_t len, char out[WAY_NKEY_MAX], way_err *e);

#endif
