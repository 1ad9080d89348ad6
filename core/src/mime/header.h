/* SPDX-License-Identifier: MIT */
/*
 * Writes one header field.  Lines are folded at 78 columns, words outside ASCII become RFC 2047
 * encoded words in UTF-8, parameters follow RFC 2231.  A shortage of memory marks the buffer as
 * failed.
 */
#ifndef FCT_HEADER_H
#define FCT_HEADER_H

#include "base/bytes.h"
#include "mime/address.h"

typedef struct fct_header {
    fct_buf *out;
    size_t column; /* of the line being written */
    size_t start;  /* the column after the name; 0 on all later lines */
    bool has_word; /* the line has an encoded word, so it must be shorter (RFC 2047 section 2) */
} fct_header;

void fct_header_begin(fct_header *header, fct_buf *out, const char *name); /* "Name:" */
void fct_header_end(fct_header *header);                                   /* CRLF */

/* Write a token after a space, or on a line of its own when it does not fit. */
void fct_header_token(fct_header *header, fct_slice token);
/* Write a byte ("," or ";") without a space before it.  fct_header_token() leaves room for one. */
void fct_header_glue(fct_header *header, char byte);

/*
 * Write unstructured text that has been cleaned.  The text is encoded when it is not printable
 * ASCII, when it could be taken for an encoded word, or when one of its words is longer than
 * `word_max`.  If `word_max` is no longer than a line, a word that does not fit beside the field's
 * name is too long as well.
 */
void fct_header_text(fct_header *header, fct_slice text, size_t word_max);

/* Write a display name as atoms, as a quoted string or as encoded words. */
void fct_header_phrase(fct_header *header, fct_slice name);
void fct_header_addresses(fct_header *header, const fct_address_list *list);

/*
 * Write the value of a List- field (RFC 2919, RFC 2369): what is in angle brackets stays outside
 * the encoded words, because programs read it.
 */
void fct_header_list(fct_header *header, fct_slice text);

/* Write encoded words, B or Q, whichever is shorter.  No character is split. */
void fct_header_encoded(fct_header *header, fct_slice text);

/* Write "; name=value", where needed in the form of RFC 2231 with an ASCII fallback. */
void fct_header_param(fct_header *header, const char *name, fct_slice value);
/* The same for readers without RFC 2231, such as old Outlook: encoded words inside the quotes. */
void fct_header_param_outlook(fct_header *header, const char *name, fct_slice value);

#endif
