/* SPDX-License-Identifier: MIT */
/*
 * Writing one header field: folded at 78 columns, words outside ASCII as RFC 2047 encoded words in
 * UTF-8, parameters as RFC 2231 has them.  Failures stay in the buffer.
 */
#ifndef FCT_HEADER_H
#define FCT_HEADER_H

#include "base/bytes.h"
#include "mime/address.h"

typedef struct fct_header {
    fct_buf *out;
    size_t column; /* of the line being written */
    size_t start;  /* the column behind the name, 0 on every other line */
    bool has_word; /* the line has an encoded word, so it must be shorter (RFC 2047 section 2) */
} fct_header;

void fct_header_begin(fct_header *header, fct_buf *out, const char *name); /* "Name:" */
void fct_header_end(fct_header *header);                                   /* CRLF */

/* A token behind a space, or on a line of its own when it does not fit. */
void fct_header_token(fct_header *header, fct_slice token);
/* A byte glued to what precedes ("," or ";"); fct_header_token() leaves room for one. */
void fct_header_glue(fct_header *header, char byte);

/*
 * Unstructured text, cleaned already.  Encoded when it is not printable ASCII, when it could be
 * taken for an encoded word, or when a word of it is longer than `word_max` or, where that is no
 * more than a line, too long to stand beside the name.
 */
void fct_header_text(fct_header *header, fct_slice text, size_t word_max);

/* A display name: atoms, a quoted string, or encoded words. */
void fct_header_phrase(fct_header *header, fct_slice name);
void fct_header_addresses(fct_header *header, const fct_address_list *list);

/* Encoded words, B or Q, whichever is shorter; a character is never split. */
void fct_header_encoded(fct_header *header, fct_slice text);

/* "; name=value" (RFC 2231 with an ASCII fallback where needed). */
void fct_header_param(fct_header *header, const char *name, fct_slice value);
/* The same for readers without RFC 2231, as old Outlook: encoded words inside the quotes. */
void fct_header_param_outlook(fct_header *header, const char *name, fct_slice value);

#endif
