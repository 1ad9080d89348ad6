/* SPDX-License-Identifier: MIT */
/*
 * Catalogues: the words of the letters, one file for each locale in core/templates.  A text may
 * name values of the view in braces: "Your order {number} at {merchant_name}".
 */
#ifndef FCT_CATALOGUE_H
#define FCT_CATALOGUE_H

#include "base/bytes.h"

struct fct_catalogue {
    const char *tag; /* BCP 47 tag: "fr", "pt-BR" */
    const char *const *texts;
};

/* Tables that scripts/embed-templates writes into templates_data.c. */
struct fct_embedded {
    const char *name;
    const char *text;
    size_t len;
};
extern const struct fct_embedded fct_embedded_templates[];
extern const size_t fct_embedded_template_count;
extern const char *const fct_catalogue_keys[]; /* sorted */
extern const size_t fct_catalogue_key_count;
extern const struct fct_catalogue fct_catalogues[];
extern const size_t fct_catalogue_count;

#define FCT_NO_KEY ((size_t)-1)

/* The index of a key into `texts`, or FCT_NO_KEY. */
size_t fct_catalogue_key(fct_slice key);

/*
 * The catalogue for a BCP 47 tag: the locale's own; else that of its language and script; else that
 * of its language ("pt" for "pt-BR", and "pt-BR" for "pt", because CLDR takes "pt" for "pt-BR");
 * else the English one.
 */
const struct fct_catalogue *fct_catalogue_for(const char *tag);

/* Whether a locale's dates and plurals fit among the catalogue's words. */
bool fct_catalogue_suits(const struct fct_catalogue *catalogue, const char *tag);

/* The text of a key that exists. */
fct_slice fct_catalogue_text(const struct fct_catalogue *catalogue, const char *key);

#endif
