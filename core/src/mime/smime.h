/* SPDX-License-Identifier: MIT */
/*
 * S/MIME (RFC 8551) over a frozen mail: signed (multipart/signed), encrypted, or signed and then
 * encrypted.  Only the header fields that describe the content go inside; the others stay outside.
 */
#ifndef FCT_SMIME_H
#define FCT_SMIME_H

#include "base/secret.h"
#include "mime/mail.h"

#include <stdint.h>

typedef struct fct_smime fct_smime;

/* Make one that neither signs nor encrypts yet.  NULL when memory ran out. */
fct_smime *fct_smime_new(void);
void fct_smime_free(fct_smime *smime); /* NULL is fine */

/* The reason why a text was refused. */
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
 * Returns 0, or FACTEUR_ECONFIG with a fault when a text is not PEM, the key does not belong to the
 * certificate, is weak, or is neither RSA nor EC.
 */
int fct_smime_set_signer(fct_smime *smime, fct_slice certificate, fct_slice key,
                         const fct_secret *passphrase, fct_slice chain,
                         struct fct_smime_fault *fault);

/*
 * Encrypt for a recipient.  From the first call on, every recipient of a mail must have been added.
 *
 * address       The owner of the certificates, in wire form; NULL: use the addresses in the
 *               certificates.
 * certificates  PEM, one or more.
 *
 * Returns 0, FACTEUR_ECONFIG with a fault, or FACTEUR_ENOMEM.
 */
int fct_smime_add_recipient(fct_smime *smime, const char *address, fct_slice certificates,
                            struct fct_smime_fault *fault);

/* Encrypt with AES-128-GCM (RFC 5083) instead of AES-256-CBC. */
void fct_smime_use_gcm(fct_smime *smime);

/*
 * Make the same mail, protected.  `mail` must not have a head yet (fct_mail_with_head).
 *
 * now_s   Unix seconds.  The certificates must be valid at that time.
 *
 * Returns 0, FACTEUR_EIO, FACTEUR_ENOMEM, FACTEUR_EMESSAGE when the part to sign has bytes above
 * 127, or FACTEUR_ECONFIG when a certificate is not valid or a recipient has none; its `where`
 * begins with "smime".
 */
int fct_smime_protect(const fct_smime *smime, fct_mail *mail, int64_t now_s, fct_mail **out,
                      facteur_error **error);

#endif
