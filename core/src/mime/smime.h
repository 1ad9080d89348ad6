/* SPDX-License-Identifier: MIT */
/*
 * S/MIME (RFC 8551) over a frozen mail: signed (multipart/signed), encrypted, or signed and then
 * encrypted.  The header fields stay outside, but for those of the content.
 */
#ifndef FCT_SMIME_H
#define FCT_SMIME_H

#include "base/secret.h"
#include "mime/mail.h"

#include <stdint.h>

typedef struct fct_smime fct_smime;

/* One that does nothing yet; NULL when memory ran out. */
fct_smime *fct_smime_new(void);
void fct_smime_free(fct_smime *smime); /* NULL is fine */

/* What a text was refused for. */
struct fct_smime_fault {
    const char *member; /* "certificate", "key" or "chain" */
    const char *why;    /* a sentence, static */
};

/*
 * Sign with this certificate.
 *
 * certificate, key, chain   PEM; the chain may be empty.
 * passphrase                Of an encrypted key, or NULL.
 *
 * 0, or FACTEUR_ECONFIG with a fault: no PEM, a key that is not the certificate's, a weak key, one
 * that is neither RSA nor EC.
 */
int fct_smime_set_signer(fct_smime *smime, fct_slice certificate, fct_slice key,
                         const fct_secret *passphrase, fct_slice chain,
                         struct fct_smime_fault *fault);

/*
 * Encrypt, and for these: every recipient of a mail must be among them.
 *
 * address       Whose the certificates are, in wire form; NULL: they say it themselves.
 * certificates  PEM, one or more.
 *
 * 0, FACTEUR_ECONFIG with a fault, FACTEUR_ENOMEM.
 */
int fct_smime_add_recipient(fct_smime *smime, const char *address, fct_slice certificates,
                            struct fct_smime_fault *fault);

/* AES-128-GCM (RFC 5083) in place of AES-256-CBC. */
void fct_smime_use_gcm(fct_smime *smime);

/*
 * The same mail, protected.  It has no head yet (fct_mail_with_head).
 *
 * now_s   Unix seconds; certificates must be valid then.
 *
 * FACTEUR_ECONFIG: a certificate has expired, a recipient has none; `where` begins with "smime".
 * FACTEUR_EMESSAGE: bytes above 127 in what is to be signed.  FACTEUR_EIO, FACTEUR_ENOMEM.
 */
int fct_smime_protect(const fct_smime *smime, fct_mail *mail, int64_t now_s, fct_mail **out,
                      facteur_error **error);

#endif
