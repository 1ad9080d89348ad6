/* SPDX-License-Identifier: MIT */
/* URLs of shops: those that a mail may have, and what can be made of the others. */
#ifndef FCT_LINK_H
#define FCT_LINK_H

#include "letters/arena.h"

enum fct_link_verdict {
    FCT_LINK_GOOD,   /* http or https, with a host, of bytes that a URL may have */
    FCT_LINK_MENDED, /* bytes that no URL has were percent-encoded (RFC 3986 section 2.1) */
    FCT_LINK_USELESS /* nothing that a mail reader could open: relative, another scheme, no host */
};

/*
 * Read a URL.  White space around it is ignored.
 *
 * cid   Whether "cid:…" (RFC 2392) is taken, too.
 * out   Borrowed from `text`, or in the arena; empty when the URL is useless.
 */
enum fct_link_verdict fct_link_read(fct_arena *arena, fct_slice text, bool cid, fct_slice *out);

#endif
