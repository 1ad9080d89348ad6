/* SPDX-License-Identifier: MIT */
/*
 * Kinds of letters.  Each folder of letters/ is a kind: NAME/NAME.c defines fct_letter_NAME, and
 * the templates are beside it.  scripts/embed-templates finds both and writes the tables below.
 */
#ifndef FCT_LETTER_KIND_H
#define FCT_LETTER_KIND_H

#include "letters/catalogue.h"
#include "letters/shape.h"
#include "letters/template.h"
#include "letters/words.h"

#define FCT_KEY_PARTS 3

/*
 * A mailbox in the data, given by the paths of its texts ("customer.email").  Without an address
 * there is none.
 */
struct fct_party {
    const char *name;
    const char *address;
    bool own; /* the site's own name, which is kept as it is; a stranger's may not have a link */
};

struct fct_letter_kind {
    const char *name;
    const char *schema; /* core/schema/SCHEMA.json describes to users what `shape` reads */
    const struct fct_shape *shape;
    const char *text, *html; /* names of the templates */

    /*
     * Sender and recipients, if neither the letter's options nor the mailer's give them.  A kind
     * whose `to` is empty goes to the site itself: the mailer's contact_to.
     */
    struct fct_party from, to, reply_to;

    /* A human wrote it, so it is not marked as automatic (RFC 3834): help desks drop such mail. */
    bool by_human;

    /*
     * Paths of the values that identify a letter: two letters of the kind with the same values are
     * the same.  None: no two letters are the same.
     */
    const char *key[FCT_KEY_PARTS];

    /* Refuse data that is wrong although the shape accepts it; NULL: no check. */
    int (*check)(const struct fct_reading *reading, void *data);

    /* Compute values that were left out, when locale and currency are known; NULL: none. */
    int (*complete)(const struct fct_reading *reading, void *data, const fct_locale *locale);

    /* Fill the view for the templates; returns the subject. */
    fct_slice (*show)(const struct fct_words *words, const void *data, fct_view *view);
};

/* What scripts/embed-templates writes into templates_data.c. */
extern const struct fct_letter_kind *const fct_letter_kinds[];
extern const char *const fct_letter_kind_names[]; /* sorted; NULL at the end */
extern const size_t fct_letter_kind_count;

/*
 * Find a kind.  Returns 0, or FACTEUR_EMESSAGE with "kind" as `where` when there is none of this
 * name; the error gives the nearest one, or all.
 */
int fct_letter_kind_find(const char *name, const struct fct_letter_kind **out,
                         facteur_error **error);

/*
 * The idempotency key: the kind's name and the values of its key, separated by colons, with "%" and
 * ":" in them escaped as in a URL.  Empty when the kind has no key or a value is missing.
 */
fct_slice fct_letter_kind_key(const struct fct_letter_kind *kind, const void *data,
                              fct_arena *arena);

#endif
