/* SPDX-License-Identifier: MIT */
/* What the tests of letters/ share: composing one, and freeing all that it takes. */
#ifndef LETTER_CORPUS_H
#define LETTER_CORPUS_H

#include "corpus.h"

#include "letters/composed.h"

/* One composition, with everything that has to be freed after it. */
struct composing {
    fct_arena arena;
    json_t *json;
    facteur_error *error;
    struct fct_letter_options options;
    struct fct_order order;
    struct fct_contact form;
    struct fct_composed composed;
};

static inline int compose_order(struct composing *c, const char *json, size_t len)
{
    const struct fct_reading reading = {&c->arena, &c->error};
    int result = fct_json_load(json, len, &c->json, &c->error);

    if (result)
        return result;
    return fct_order_compose(&reading, c->json, &c->options, NULL, &c->order, &c->composed);
}

static inline int compose_form(struct composing *c, const char *json, size_t len)
{
    const struct fct_reading reading = {&c->arena, &c->error};
    int result = fct_json_load(json, len, &c->json, &c->error);

    if (result)
        return result;
    return fct_contact_compose(&reading, c->json, &c->options, NULL, &c->form, &c->composed);
}

static inline void composing_done(struct composing *c)
{
    fct_composed_done(&c->composed);
    json_decref(c->json);
    facteur_error_free(c->error);
    fct_arena_done(&c->arena);
}

#endif
