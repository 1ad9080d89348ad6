/* SPDX-License-Identifier: MIT */
/*
 * Templates in a small Mustache.  {{name}} is a value, escaped.  {{$key}} is a text of the
 * catalogue.  {{#name}} … {{/name}} is a section or loop, {{^name}} … {{/name}} its inverse; with
 * the name "$key" it asks whether that text is not empty.  {{> name}} inserts another template,
 * {{! … }} is a comment.  No value is unescaped.
 */
#ifndef FCT_TEMPLATE_H
#define FCT_TEMPLATE_H

#include "base/bytes.h"
#include "facteur.h"
#include "letters/arena.h"
#include "letters/catalogue.h"

typedef struct fct_template fct_template;

/*
 * Named values: texts, and lists of other views.  A name that a view lacks is looked up in the
 * outer views.
 */
typedef struct fct_view {
    struct fct_view_field *fields;
    size_t count;
    size_t cap;
    fct_arena *arena; /* where it grows; NULL: it cannot grow */
} fct_view;

struct fct_view_field {
    fct_slice name;
    fct_slice text;
    fct_view *list;
    size_t list_count;
};

/* Make an empty view with room for `cap` fields at first.  False when memory ran out. */
bool fct_view_init(fct_view *view, fct_arena *arena, size_t cap);
/*
 * Add a text or a list.  The section of an empty one is not shown, and it still hides a field of
 * this name in an outer view.  `name` must outlive the view.
 */
void fct_view_text(fct_view *view, const char *name, fct_slice text);
void fct_view_list(fct_view *view, const char *name, fct_view *views, size_t count);

/*
 * Compile a template.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_ECONFIG when it is malformed; `where`
 * is its name, and the message has the line.
 *
 * name   If it ends in ".html", values are escaped for HTML (line feeds become <br>); else they are
 *        not.
 * text   Must live as long as the template.
 */
int fct_template_new(const char *name, fct_slice text, fct_template **out, facteur_error **error);
void fct_template_free(fct_template *made);

/* An embedded template, compiled at its first use and shared from then on. */
int fct_template_get(const char *name, const fct_template **out, facteur_error **error);

/* Append the rendered text.  A failure sets out->failed. */
void fct_template_render(const fct_template *made, const fct_view *view,
                         const struct fct_catalogue *catalogue, fct_buf *out);

/* Append a catalogue text and replace its {names} by values of the view, unescaped. */
void fct_template_label(fct_slice text, const fct_view *view, fct_buf *out);

#endif
