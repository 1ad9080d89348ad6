/* SPDX-License-Identifier: MIT */
/*
 * Templates: a small Mustache.  {{name}} is a value, escaped; {{$key}} a text of the catalogue;
 * {{#name}} … {{/name}} a section or loop, {{^name}} … {{/name}} its inverse; {{> name}} another
 * template; {{! … }} a comment.  There is no unescaped value.
 */
#ifndef FCT_TEMPLATE_H
#define FCT_TEMPLATE_H

#include "base/bytes.h"
#include "facteur.h"
#include "letters/arena.h"
#include "letters/catalogue.h"

typedef struct fct_template fct_template;

/* Named values: texts, and lists of further views.  Names that a view lacks are sought in the outer
 * ones. */
typedef struct fct_view {
    struct fct_view_field *fields;
    size_t count;
    size_t cap;
    fct_arena *arena; /* where it grows; NULL: not at all */
} fct_view;

struct fct_view_field {
    fct_slice name;
    fct_slice text;
    fct_view *list;
    size_t list_count;
};

/* An empty view with room for `cap` fields at first; false when memory ran out. */
bool fct_view_init(fct_view *view, fct_arena *arena, size_t cap);
/* The section of an empty text or list is not shown; it hides a field of an outer view all the
 * same. `name` must outlive the view. */
void fct_view_text(fct_view *view, const char *name, fct_slice text);
void fct_view_list(fct_view *view, const char *name, fct_view *views, size_t count);

/*
 * Compile.  FACTEUR_ECONFIG: not a template; `where` is its name, the message has the line.
 *
 * name   One that ends in ".html" escapes for HTML (line feeds become <br>); others do not escape.
 * text   Must outlive the template.
 */
int fct_template_new(const char *name, fct_slice text, fct_template **out, facteur_error **error);
void fct_template_free(fct_template *made);

/* An embedded template, compiled at its first use and shared from then on. */
int fct_template_get(const char *name, const fct_template **out, facteur_error **error);

/* Append the rendered text; a failure stays in out->failed. */
void fct_template_render(const fct_template *made, const fct_view *view,
                         const struct fct_catalogue *catalogue, fct_buf *out);

/* Append a catalogue text with the {names} in it filled from the view, unescaped. */
void fct_template_label(fct_slice text, const fct_view *view, fct_buf *out);

#endif
