/* SPDX-License-Identifier: MIT */
/* The text alternative of an HTML body. */
#ifndef FCT_HTML_TEXT_H
#define FCT_HTML_TEXT_H

#include "base/bytes.h"
#include "facteur.h"

/*
 * What a reader of the HTML would read, as plain text: "\n" lines, not wrapped; lists marked,
 * quotes behind "> ", cells in reading order two blanks apart, links as footnotes, images by their
 * alt; what is hidden (display:none) left out.
 *
 * html   UTF-8 without NUL bytes.
 * *text  fct_malloc'ed, NUL-terminated; its length in *len.
 *
 * Linear in the HTML's length.  FACTEUR_EMESSAGE (where "html"): a cap below is passed;
 * FACTEUR_ENOMEM.
 */
int fct_html_text(fct_slice html, char **text, size_t *len, facteur_error **error);

#endif
