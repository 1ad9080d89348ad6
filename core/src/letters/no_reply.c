/* SPDX-License-Identifier: MIT */
#include "letters/no_reply.h"

#include <string.h>

#define ADDRESS_MAX 320

/* How such addresses are called, without their points, hyphens and underscores. */
static const char *const names[] = {
    "noreply",       "noreplies",      "donotreply",   "dontreply",    "notreply",
    "neverreply",    "nepasrepondre",  "sansreponse",  "noresponder",  "norespond",
    "naoresponda",   "naoresponder",   "naorespond",   "keineantwort", "nichtantworten",
    "nonrispondere", "nietantwoorden", "geenantwoord", "mailerdaemon", "devnull",
};

bool fct_is_no_reply(fct_slice mailbox)
{
    const char *angle = memrchr(mailbox.ptr ? mailbox.ptr : "", '<', mailbox.len);
    size_t at = angle ? (size_t)(angle + 1 - mailbox.ptr) : 0, len = 0;
    char plain[ADDRESS_MAX + 1];

    for (; at < mailbox.len && len < ADDRESS_MAX; at++) {
        if (!strchr("-_.", mailbox.ptr[at]))
            plain[len++] = (char)fct_ascii_lower((unsigned char)mailbox.ptr[at]);
    }
    plain[len] = '\0';
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strstr(plain, names[i]))
            return true;
    }
    return false;
}
