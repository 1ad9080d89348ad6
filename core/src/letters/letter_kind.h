/* SPDX-License-Identifier: MIT */
/*
 * Kinds of letters.  A folder of letters/ is one: NAME/NAME.c defines fct_letter_NAME, beside its
 * templates; scripts/embed-templates finds both and writes the tables below.
 */
#ifndef FCT_LETTER_KIND_H
#define FCT_LETTER_KIND_H

#include "letters/catalogue.h"
#include "letters/shape.h"
#include "letters/template.h"
#include "letters/words.h"

#define FCT_KEY_PARTS 3

/* A mailbox in the data, by the paths of its texts ("customer.email"); no address: there is none.
 */
struct fct_party {
    const char *name;
    const char *address;
};

struct fct_letter_kind {
    const char *name;
    const char *schema; /* core/schema/SCHEMA.json tells users what `shape` reads */
    const struct fct_shape *shape;
    const char *text, *html; /* names of the templates */

    /*
     * Who it is from and for, where neither the letter's options nor the mailer's say it.  A kind
     * whose `to` is empty goes to the site itself: the mailer's contact_to.
     */
    struct fct_party from, to, reply_to;

    /* A human wrote it, so it has no mark of RFC 3834: help desks drop what has one. */
    bool by_human;

    /* Paths of what makes two letters of the kind the same one; none: no two are. */
    const char *key[FCT_KEY_PARTS];

    /* Refuse what a shape cannot know to be wrong; NULL: nothing is. */
    int (*check)(const struct fct_reading *reading, void *data);

    /* Compute what was left out, once locale and currency are known; NULL: nothing can be. */
    int (*complete)(const struct fct_reading *reading, void *data, const fct_locale *locale);

    /* Fill the view that the templates are written for; returns the subject. */
    fct_slice (*show)(const struct fct_words *words, const void *data, fct_view *view);
};

/* What scripts/embed-templates writes into templates_data.c. */
extern const struct fct_letter_kind *const fct_letter_kinds[];
extern const char *const fct_letter_kind_names[]; /* sorted; NULL at the end */
extern const size_t fct_letter_kind_count;

/* FACTEUR_EMESSAGE: there is no such kind (`where` is "kind"; the nearest one, or all are told). */
int fct_letter_kind_find(const char *name, const struct fct_letter_kind **out,
                         facteur_error **error);

/* The kind's name and its key's values with colons between, "%" and ":" in them escaped as in a
 * URL; empty for a kind that has no key, or when one of the values is not given. */
fct_slice fct_letter_kind_key(const struct fct_letter_kind *kind, const void *data,
                              fct_arena *arena);

#endif
