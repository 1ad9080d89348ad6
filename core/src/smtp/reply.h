/* SPDX-License-Identifier: MIT */
/* Reads replies (RFC 5321 section 4.2) from any split of the stream, within fixed limits. */
#ifndef FCT_REPLY_H
#define FCT_REPLY_H

#include "base/bytes.h"
#include "smtp/session.h"

#define FCT_REPLY_LINE_MAX 8192u   /* bytes of one line, its end included */
#define FCT_REPLY_LINES_MAX 256u   /* lines of one reply */
#define FCT_REPLY_MAX (64u * 1024) /* bytes of one reply */

/* All-zero is a parser at the start of a stream. */
typedef struct fct_reply_parser {
    fct_buf line; /* the beginning of a line that has not ended yet */
    fct_buf text; /* the lines so far, without codes, joined by "\n", printable */
    int code;
    char first; /* byte of the reply */
    unsigned line_count;
    size_t len;
    bool complete;
    const char *problem; /* after FACTEUR_EPROTOCOL: what was wrong, static */
} fct_reply_parser;

/*
 * Read until a reply is complete.  Returns 1 when it is: code and text hold it until the next call,
 * and `*used` bytes were read.  Returns 0 when all bytes were read and more are needed.  After
 * FACTEUR_EPROTOCOL (malformed or too long) or FACTEUR_ENOMEM the parser cannot be used any more.
 */
int fct_reply_feed(fct_reply_parser *parser, const char *bytes, size_t len, size_t *used);

void fct_reply_parser_done(fct_reply_parser *parser);

/*
 * Give the complete reply.  Its enhanced status code (RFC 2034, RFC 3463) is taken out of the text,
 * which is stored in `text`.  When memory runs out the reply's text is NULL: the code alone is the
 * verdict.
 */
void fct_reply_read(const fct_reply_parser *parser, fct_buf *text, fct_reply *out);

/* Make a copy that owns its text.  `to` must be another reply or all-zero. */
void fct_reply_copy(const fct_reply *from, fct_reply *to);
void fct_reply_done(fct_reply *reply);

/* 2 for 2yz, … */
static inline int fct_reply_kind(int code)
{
    return code / 100;
}

#endif
