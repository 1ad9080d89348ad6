/* SPDX-License-Identifier: MIT */
/* What the tests of letters/ share: composing one, and freeing all that it takes. */
#ifndef TEST_LETTER_CORPUS_H
#define TEST_LETTER_CORPUS_H

#include "letters/composed.h"
#include "support/corpus.h"

/* One composition, with everything that has to be freed after it. */
struct composing {
    fct_arena arena;
    json_t *json;
    facteur_error *error;
    struct fct_letter_options options;
    struct fct_composed composed;
};

/* Read the JSON and compose a letter of that kind; 0 or an error's number, as the core gives it. */
int compose(struct composing *c, const char *kind, const char *json, size_t len);
int compose_order(struct composing *c, const char *json, size_t len);
int compose_form(struct composing *c, const char *json, size_t len);

void composing_done(struct composing *c);

#endif
