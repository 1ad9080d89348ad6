/* SPDX-License-Identifier: MIT */
/* The recipients of a mail, each once, in the order in which they were given. */
#ifndef FCT_ENVELOPE_H
#define FCT_ENVELOPE_H

#include "mime/address.h"

typedef struct fct_envelope {
    const char **recipients; /* the lists' texts */
    size_t count;
    size_t *table; /* index + 1 by hash */
    size_t slots;  /* a power of two, at least twice the recipients */
} fct_envelope;

/* Make room for at most `most` recipients.  Returns 0 or FACTEUR_ENOMEM. */
int fct_envelope_init(fct_envelope *envelope, size_t most);
void fct_envelope_done(fct_envelope *envelope);

/*
 * Add the mailboxes of a list.  Domains are compared without regard to case (RFC 5321 section 2.4).
 */
void fct_envelope_add(fct_envelope *envelope, const fct_address_list *list);

#endif
