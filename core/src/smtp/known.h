/* SPDX-License-Identifier: MIT */
/* Traits of some servers, which are recognised by their greeting. */
#ifndef FCT_KNOWN_H
#define FCT_KNOWN_H

enum fct_known {
    FCT_KNOWN_READS_ON = 1,    /* it takes commands that follow a final dot in the same flight */
    FCT_KNOWN_ENDS = 2,        /* a refused final dot ends the transaction, so no RSET is needed */
    FCT_KNOWN_COUNTS_IDLE = 4, /* it hangs up after some commands that bring no mail */
};

/* Bits of enum fct_known for the text of a greeting, or of a whole reply to EHLO.  NULL is fine. */
unsigned fct_known_by_greeting(const char *text);
unsigned fct_known_by_ehlo(const char *text);

#endif
