/* SPDX-License-Identifier: MIT */
/* What a relay offers: the keywords of its EHLO reply (RFC 5321 section 4.1.1.1). */
#ifndef FCT_CAPABILITY_H
#define FCT_CAPABILITY_H

#include "base/bytes.h"
#include "smtp/sasl.h"

#include <stdint.h>

enum fct_offer {
    FCT_OFFER_PIPELINING = 1,    /* RFC 2920 */
    FCT_OFFER_CHUNKING = 2,      /* RFC 3030 */
    FCT_OFFER_SIZE = 4,          /* RFC 1870 */
    FCT_OFFER_8BITMIME = 8,      /* RFC 6152 */
    FCT_OFFER_SMTPUTF8 = 16,     /* RFC 6531 */
    FCT_OFFER_STARTTLS = 32,     /* RFC 3207 */
    FCT_OFFER_AUTH = 64,         /* RFC 4954 */
    FCT_OFFER_ENHANCED = 128,    /* RFC 2034 */
    FCT_OFFER_DSN = 256,         /* RFC 3461 */
    FCT_OFFER_REQUIRETLS = 512,  /* RFC 8689 */
    FCT_OFFER_DELIVERBY = 1024,  /* RFC 2852 */
    FCT_OFFER_MT_PRIORITY = 2048 /* RFC 6710 */
};

typedef struct fct_capabilities {
    unsigned offers;
    uint64_t size_max;       /* 0: the relay gave no limit */
    unsigned mechanisms;     /* bits 1u << enum fct_mechanism */
    unsigned mail_max;       /* RFC 9422 LIMITS: mails per connection, 0: not given */
    unsigned rcpt_max;       /* recipients per mail, 0: not given */
    unsigned domain_max;     /* their domains per mail, 0: not given */
    unsigned deliver_by_min; /* seconds, 0: not given */
    fct_buf text;            /* the keyword lines as sent, joined by "\n" */
} fct_capabilities;

/*
 * Read the text of a whole EHLO reply, whose first line is the relay's name.  Earlier capabilities
 * are forgotten.  Returns 0 or FACTEUR_ENOMEM.
 */
int fct_capabilities_read(fct_capabilities *caps, fct_slice text);
void fct_capabilities_done(fct_capabilities *caps);

#endif
