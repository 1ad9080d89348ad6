/* SPDX-License-Identifier: MIT */
#include "smtp/known.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * RFC 2920 section 3.1 lets the next mail's commands follow a final dot.  chasquid 1.11 and Courier
 * 1.0.16 lose them, Net::Server::Mail 0.28 stores them in the mail before, and Dovecot 2.3.19 takes
 * the mail and dies of an assertion.  So we send them only to the servers that were seen to take
 * them, in Debian 12's version where one is named.  tests/interop/test_reads_on.py shows what
 * is said here of the first five, on the wire and with the versions that are installed; no test
 * uses Sendmail and qpsmtpd.  OpenSMTPD 6.8 offers no PIPELINING.  go-smtp takes them, but many
 * others greet like it.  nginx's proxy depends on the server behind it.
 */
static const struct {
    const char *greets;
    unsigned traits;
} servers[] = {
    {" ESMTP Postfix", FCT_KNOWN_READS_ON | FCT_KNOWN_ENDS}, /* 3.7.11 */
    {" ESMTP Exim ", FCT_KNOWN_READS_ON | FCT_KNOWN_ENDS},   /* 4.96 */
    {" ESMTP OpenSMTPD", FCT_KNOWN_ENDS},                    /* 6.8.0 */
    {" Dovecot ", FCT_KNOWN_ENDS},                           /* 2.3.19 */
    {" ESMTP Haraka", FCT_KNOWN_READS_ON | FCT_KNOWN_ENDS},
    {" ESMTP Sendmail ", FCT_KNOWN_READS_ON | FCT_KNOWN_ENDS}, /* 8.17.1 */
    {" ESMTP qpsmtpd ", FCT_KNOWN_READS_ON | FCT_KNOWN_ENDS},  /* 0.94 */
    {"exim", FCT_KNOWN_COUNTS_IDLE},
};

unsigned fct_known_by_greeting(const char *text)
{
    unsigned traits = 0;

    for (size_t i = 0; text && i < sizeof servers / sizeof servers[0]; i++) {
        if (strcasestr(text, servers[i].greets))
            traits |= servers[i].traits;
    }
    return traits;
}

/*
 * An Exim with another banner: it answers EHLO with "host Hello client [address]" and offers
 * PIPECONNECT.  Sendmail adds words after the address; Exchange names no client before it.
 */
static bool answers_like_exim(const char *text)
{
    const char *end = text + strcspn(text, "\r\n"), *client = strstr(text, " Hello ");
    const char *address = client ? strstr(client + 7, " [") : NULL;

    return (address && address < end && end[-1] == ']') || strcasestr(end, "\nPIPECONNECT") ||
           strcasestr(end, "\nX_PIPE_CONNECT");
}

unsigned fct_known_by_ehlo(const char *text)
{
    return text && answers_like_exim(text) ? FCT_KNOWN_COUNTS_IDLE : 0;
}
