/* SPDX-License-Identifier: MIT */
/*
 * The choke point for what strangers type.  A wire token is checked by its kind and refused when it
 * is malformed; display text is cleaned.  Nothing reaches a header without passing one of these
 * functions.
 */
#ifndef FCT_TOKEN_H
#define FCT_TOKEN_H

#include "base/bytes.h"
#include "facteur.h"

#include <stdint.h>

enum fct_token {
    FCT_TOKEN_HEADER_NAME, /* ftext of RFC 5322 section 3.6.8 */
    FCT_TOKEN_FILE_NAME,   /* UTF-8 without control characters */
    FCT_TOKEN_ID,          /* a message id without its angle brackets */
    FCT_TOKEN_CONTENT_ID,  /* the name of an inline part: UTF-8 without control characters */
    FCT_TOKEN_MEDIA_TYPE,  /* type/subtype with parameters (RFC 2045 section 5.1) */
    FCT_TOKEN_ENVELOPE_ID, /* printable ASCII, spaces too (RFC 3461 section 4.4) */
    FCT_TOKEN_LABEL_NAME,  /* the name of a metadatum: letters, digits, "_", "-", "." */
    FCT_TOKEN_LABEL,       /* a tag or a metadatum's value: UTF-8 without control characters */
    FCT_TOKEN_URI          /* https: or mailto: in printable ASCII (RFC 2369 section 2) */
};

/*
 * Returns 0, or FACTEUR_EMESSAGE with a sentence that names the place.  `field` is the error's
 * `where`.
 */
int fct_token_check(enum fct_token kind, const char *field, fct_slice value, facteur_error **error);

/*
 * Returns 0, or FACTEUR_EMESSAGE when the text is not UTF-8 or is longer than `max` bytes (0: no
 * limit).
 */
int fct_text_check(const char *field, fct_slice text, size_t max, facteur_error **error);

/*
 * Append display text.  A run of white space with a control character in it becomes one space;
 * spaces at both ends are removed.  The text must have passed fct_text_check().
 */
int fct_text_clean(fct_buf *out, fct_slice text);

/*
 * The same for any bytes: U+FFFD stands for each malformed character.  Returns 0 or FACTEUR_ENOMEM.
 */
int fct_text_mend(fct_buf *out, fct_slice text);

/* C0, DEL, C1, and the two Unicode separators that some parsers take for line ends. */
bool fct_is_control(uint32_t code_point);
bool fct_has_control(fct_slice text);
/* atext of RFC 5322 section 3.2.3; tokens of RFC 2045 section 5.1. */
bool fct_is_atext(unsigned char byte);
bool fct_is_mime_token(unsigned char byte);
/* ASCII from space to tilde only. */
bool fct_is_printable(fct_slice text);

#endif
