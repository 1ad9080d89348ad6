/* SPDX-License-Identifier: MIT */
/* Builds the letters' texts from catalogue texts and values. */
#ifndef FCT_WORDS_H
#define FCT_WORDS_H

#include "letters/locale.h"
#include "letters/shape.h"
#include "letters/template.h"

struct fct_words {
    fct_locale *locale;
    struct fct_catalogue catalogue; /* the locale's, with the site's own words */
    fct_arena *arena;
};

/* The catalogue's text of a key, with its {names} replaced by values of the view. */
fct_slice fct_words_label(const struct fct_words *words, const char *key, const fct_view *view);

/* The same with one or two values given here; `b` may be NULL. */
fct_slice fct_words_with(const struct fct_words *words, const char *key, const char *a,
                         fct_slice a_text, const char *b, fct_slice b_text);

/* `a`, `separator`, `b`; only one of them when the other is empty. */
fct_slice fct_words_join(const struct fct_words *words, fct_slice a, const char *separator,
                         fct_slice b);

/* "Colour: blue" for each pair, with the separator between them. */
fct_slice fct_words_pairs(const struct fct_words *words, const struct fct_series *pairs,
                          const char *separator);

/* The lines of a prose, each indented by two columns, for the text part. */
fct_slice fct_words_indent(const struct fct_words *words, fct_slice text);

/* Render an embedded template; text/plain is folded to its width. */
int fct_words_render(const struct fct_words *words, const char *name, const fct_view *view,
                     fct_buf *out, facteur_error **error);

#endif
