/* SPDX-License-Identifier: MIT */
/* What is known of some servers from the words with which they greet. */
#ifndef FCT_KNOWN_H
#define FCT_KNOWN_H

enum fct_known {
    FCT_KNOWN_READS_ON = 1,    /* it takes commands behind a final dot in the same flight */
    FCT_KNOWN_ENDS = 2,        /* a refused final dot ends the transaction: it needs no RSET */
    FCT_KNOWN_COUNTS_IDLE = 4, /* it hangs up after some commands that bring it no mail */
};

/* The text of its greeting, and of its reply to EHLO with the first line.  NULL is fine. */
unsigned fct_known_by_greeting(const char *text);
unsigned fct_known_by_ehlo(const char *text);

#endif
