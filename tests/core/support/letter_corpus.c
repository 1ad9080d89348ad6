/* SPDX-License-Identifier: MIT */
#include "support/letter_corpus.h"

int compose(struct composing *c, const char *kind, const char *json, size_t len)
{
    const struct fct_reading reading = {&c->arena, &c->error, NULL};
    const struct fct_letter_kind *found;
    int result = fct_letter_kind_find(kind, &found, &c->error);

    if (result == 0)
        result = fct_json_load(json, len, &c->json, NULL, &c->error);
    if (result)
        return result;
    return fct_composed_make(&c->composed, found, &reading, c->json, &c->options, NULL);
}

int compose_order(struct composing *c, const char *json, size_t len)
{
    return compose(c, "order_confirmation", json, len);
}

int compose_form(struct composing *c, const char *json, size_t len)
{
    return compose(c, "contact_form", json, len);
}

void composing_done(struct composing *c)
{
    fct_composed_done(&c->composed);
    json_decref(c->json);
    facteur_error_free(c->error);
    fct_arena_done(&c->arena);
}
