/* SPDX-License-Identifier: MIT */
/* The text alternative of an HTML body. */
#ifndef FCT_HTML_TEXT_H
#define FCT_HTML_TEXT_H

#include "base/bytes.h"
#include "facteur.h"

#include <stdint.h>

/*
 * Make plain text of what a reader of the HTML sees.  Lines end with "\n" and are not wrapped.
 * List items get a mark, quotes "> ", links a footnote; cells follow in reading order, two blanks
 * apart; an image becomes its alt text.  Hidden elements (display:none) are left out.
 *
 * html   UTF-8 without NUL bytes.
 * *text  Receives the text, fct_malloc'ed and NUL-terminated; *len receives its length in bytes.
 *
 * The time is linear in the HTML's length.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE (`where`
 * "html") when the HTML passes a cap of mime/limits.h.
 */
int fct_html_text(fct_slice html, char **text, size_t *len, facteur_error **error);

/* The code point of a named character reference ("eacute"), or 0. */
uint32_t fct_html_entity(const char *name);

#endif
