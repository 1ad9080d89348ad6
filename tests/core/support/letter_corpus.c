/* SPDX-License-Identifier: MIT */
/* Both kinds of letter go the same way. */
#include "support/letter_corpus.h"

int compose_order(struct composing *c, const char *json, size_t len)
{
    const struct fct_reading reading = {&c->arena, &c->error};
    int result = fct_json_load(json, len, &c->json, &c->error);

    if (result)
        return result;
    return fct_order_compose(&reading, c->json, &c->options, NULL, &c->order, &c->composed);
}

int compose_form(struct composing *c, const char *json, size_t len)
{
    const struct fct_reading reading = {&c->arena, &c->error};
    int result = fct_json_load(json, len, &c->json, &c->error);

    if (result)
        return result;
    return fct_contact_compose(&reading, c->json, &c->options, NULL, &c->form, &c->composed);
}

void composing_done(struct composing *c)
{
    fct_composed_done(&c->composed);
    json_decref(c->json);
    facteur_error_free(c->error);
    fct_arena_done(&c->arena);
}
