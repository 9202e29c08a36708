/* Who is asking: passwords, signed tokens, receipts.  libsodium; no state but what is passed in.
 *
 * Comparisons of secrets are constant-time.  Nothing here is ever logged.
 * Threads: any, except where it says that a call is slow (worker). */
#ifndef WAY_AUTH_AUTH_H
#define WAY_AUTH_AUTH_H

#include <stdint.h>

#include "core/model/catalog.h"
#include "core/model/receipt.h"

WAY_MUST_CHECK way_code way_auth_init(way_err *e); /* once, before any thread */

/* ---- passwords: Argon2id, about 30 ms and 16 MiB each ---- */
#define WAY_PASSWORD_HASH_MAX 128
#define WAY_PASSWORD_MAX 128
WAY_MUST_CHECK way_code way_password_hash(const char *password, size_t len, char out[WAY_PASSWORD_HASH_MAX],
                                          way_err *e); /* worker: slow */
bool way_password_verify(const char *hash, const char *password, size_t len); /* worker: slow */
void way_password_waste(void); /* takes as long as verify: for unknown users */

/* ---- JWT, HS256 ---- */
typedef enum way_jwt_use { WAY_JWT_ACCESS, WAY_JWT_REFRESH } way_jwt_use;
typedef struct way_identity {
    int64_t user_id;
    int64_t epoch;
    char user[WAY_NAME_MAX + 1];
    char role[16];
} way_identity;
void way_jwt_issue(const unsigned char key[32], way_jwt_use use, const way_user *u, int64_t now_s, int64_t ttl_s,
                   way_buf *out);
/* Signature, expiry, use, then user and epoch against the catalog.  WAY_E_UNAUTH with a reason fit for the caller. */
WAY_MUST_CHECK way_code way_jwt_check(const unsigned char key[32], way_jwt_use use, const char *token, size_t len,
                                      int64_t now_s, const way_catalog *cat, way_identity *out, way_err *e);

/* ---- receipts: what a fetched message is settled with ---- */
#define WAY_RECEIPT_TEXT_MAX 512
/* Compact binary + 16-byte keyed BLAKE2b, base64url.  Appends to out. */
void way_receipt_add(const unsigned char key[32], const way_receipt *r, way_buf *out);
/* WAY_E_INVAL: malformed or wrong MAC (one text for both). */
WAY_MUST_CHECK way_code way_receipt_parse(const unsigned char key[32], const char *text, size_t len,
                                          way_receipt *out, way_err *e);
#endif
