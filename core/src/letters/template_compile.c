/* SPDX-License-Identifier: MIT */
/* Compiles a template's text into operations. */
#include "letters/template_ops.h"

#include "base/error.h"
#include "base/memory.h"

#include <stdatomic.h>
#include <string.h>

#define TEMPLATES_MAX 16

struct source {
    const char *name;
    fct_slice text;
    size_t at;
};

struct compile {
    fct_template *made;
    size_t open[FCT_TEMPLATE_DEPTH]; /* the open sections */
    size_t depth;
    size_t partials;
    facteur_error **error;
};

struct tag {
    char kind; /* '\0' for a value */
    fct_slice name;
    size_t start; /* of the braces */
    size_t end;   /* behind them */
};

static int refuse(struct compile *compile, const struct source *source, const char *why,
                  fct_slice name)
{
    size_t line = 1;

    for (size_t i = 0; i < source->at && i < source->text.len; i++)
        line += source->text.ptr[i] == '\n' ? 1 : 0;
    return fct_error_set(compile->error, FACTEUR_ECONFIG, source->name, "line %zu: %s \"%.*s\"",
                         line, why, (int)name.len, name.ptr);
}

static struct fct_template_op *add_op(struct compile *compile, enum fct_template_kind kind,
                                      fct_slice text)
{
    fct_template *made = compile->made;
    struct fct_template_op *op;

    if (made->count == made->cap) {
        size_t cap = made->cap ? made->cap * 2 : 64;
        struct fct_template_op *grown = fct_reallocarray(made->ops, cap, sizeof *grown);

        if (!grown)
            return NULL;
        made->ops = grown;
        made->cap = cap;
    }
    op = &made->ops[made->count++];
    *op = (struct fct_template_op){.kind = kind, .text = text, .key = FCT_NO_KEY};
    return op;
}

/* Find the next tag from source->at on.  Returns 1, 0 when there is none, or an error. */
static int next_tag(struct compile *compile, const struct source *source, struct tag *tag)
{
    const char *text = source->text.ptr, *end = text + source->text.len;
    const char *open = memmem(text + source->at, source->text.len - source->at, "{{", 2);
    const char *shut = open ? memmem(open + 2, (size_t)(end - open - 2), "}}", 2) : NULL;
    fct_slice inner;

    if (!open)
        return 0;
    if (!shut)
        return refuse(compile, source, "a tag is not closed:", FCT_SLICE("{{"));
    inner = fct_slice_trim((fct_slice){open + 2, (size_t)(shut - open - 2)});
    *tag = (struct tag){.start = (size_t)(open - text), .end = (size_t)(shut + 2 - text)};
    if (inner.len && strchr("#^/!>$", inner.ptr[0])) {
        tag->kind = inner.ptr[0];
        inner.ptr++;
        inner.len--;
    }
    tag->name = fct_slice_trim(inner);
    if (!tag->name.len && tag->kind != '!')
        return refuse(compile, source, "a tag without a name:", FCT_SLICE("{{}}"));
    return 1;
}

/*
 * If a section's tag, a comment or a partial is alone on its line, the line disappears with it:
 * widen [start, end) to the whole line with its line feed.
 */
static void take_line(const struct source *source, struct tag *tag)
{
    const char *text = source->text.ptr;
    size_t start = tag->start, end = tag->end;

    if (!tag->kind || tag->kind == '$')
        return;
    while (start > 0 && (text[start - 1] == ' ' || text[start - 1] == '\t'))
        start--;
    if (start > 0 && text[start - 1] != '\n')
        return;
    while (end < source->text.len && (text[end] == ' ' || text[end] == '\t'))
        end++;
    if (end < source->text.len && text[end] != '\n')
        return;
    tag->start = start < source->at ? source->at : start;
    tag->end = end < source->text.len ? end + 1 : end;
}

static int compile_source(struct compile *compile, struct source *source);

static int include(struct compile *compile, const struct source *source, fct_slice name)
{
    int result;

    if (compile->partials == FCT_TEMPLATE_DEPTH)
        return refuse(compile, source, "too many templates within each other at", name);
    for (size_t i = 0; i < fct_embedded_template_count; i++) {
        const struct fct_embedded *entry = &fct_embedded_templates[i];
        struct source inner = {.name = entry->name, .text = {entry->text, entry->len}};

        if (!fct_slice_equal(fct_slice_of(entry->name), name))
            continue;
        compile->partials++;
        result = compile_source(compile, &inner);
        compile->partials--;
        return result;
    }
    return refuse(compile, source, "there is no template", name);
}

/* Give the last operation the text of this key. */
static int set_key(struct compile *compile, const struct source *source, fct_slice name)
{
    size_t key = fct_catalogue_key(name);

    if (key == FCT_NO_KEY)
        return refuse(compile, source, "the catalogues have no text", name);
    compile->made->ops[compile->made->count - 1].key = key;
    return 0;
}

static int open_section(struct compile *compile, const struct source *source, const struct tag *tag)
{
    if (compile->depth == FCT_TEMPLATE_DEPTH)
        return refuse(compile, source, "too many sections within each other at", tag->name);
    if (!add_op(compile, tag->kind == '#' ? FCT_OP_SECTION : FCT_OP_INVERTED, tag->name))
        return fct_error_nomem(compile->error);
    compile->open[compile->depth++] = compile->made->count - 1;
    if (tag->name.ptr[0] == '$')
        return set_key(compile, source, (fct_slice){tag->name.ptr + 1, tag->name.len - 1});
    return 0;
}

static int close_section(struct compile *compile, const struct source *source, fct_slice name)
{
    struct fct_template_op *op;

    if (!compile->depth)
        return refuse(compile, source, "no section is open at", name);
    op = &compile->made->ops[compile->open[compile->depth - 1]];
    if (!fct_slice_equal(op->text, name))
        return refuse(compile, source, "another section is open at", name);
    op->end = compile->made->count;
    compile->depth--;
    return 0;
}

static int add_label(struct compile *compile, const struct source *source, fct_slice name)
{
    if (!add_op(compile, FCT_OP_LABEL, name))
        return fct_error_nomem(compile->error);
    return set_key(compile, source, name);
}

static int add_tag(struct compile *compile, const struct source *source, const struct tag *tag)
{
    switch (tag->kind) {
    case '#':
    case '^':
        return open_section(compile, source, tag);
    case '/':
        return close_section(compile, source, tag->name);
    case '>':
        return include(compile, source, tag->name);
    case '$':
        return add_label(compile, source, tag->name);
    case '!':
        return 0;
    default:
        return add_op(compile, FCT_OP_VALUE, tag->name) ? 0 : fct_error_nomem(compile->error);
    }
}

static int add_literal(struct compile *compile, const struct source *source, size_t end)
{
    fct_slice text = {source->text.ptr + source->at, end - source->at};

    if (!text.len)
        return 0;
    return add_op(compile, FCT_OP_LITERAL, text) ? 0 : fct_error_nomem(compile->error);
}

static int compile_source(struct compile *compile, struct source *source)
{
    size_t depth = compile->depth;
    struct tag tag = {0};
    int result;

    while ((result = next_tag(compile, source, &tag)) > 0) {
        take_line(source, &tag);
        result = add_literal(compile, source, tag.start);
        source->at = tag.start;
        if (result == 0)
            result = add_tag(compile, source, &tag);
        if (result)
            return result;
        source->at = tag.end;
    }
    if (result)
        return result;
    if (compile->depth != depth)
        return refuse(compile, source, "a section is not closed:",
                      compile->made->ops[compile->open[compile->depth - 1]].text);
    return add_literal(compile, source, source->text.len);
}

int fct_template_new(const char *name, fct_slice text, fct_template **out, facteur_error **error)
{
    struct source source = {.name = name, .text = text};
    struct compile compile = {.error = error};
    size_t len = strlen(name);
    int result;

    compile.made = fct_calloc(1, sizeof *compile.made);
    if (!compile.made)
        return fct_error_nomem(error);
    compile.made->html = len >= 5 && strcmp(name + len - 5, ".html") == 0;
    result = compile_source(&compile, &source);
    if (result) {
        fct_template_free(compile.made);
        return result;
    }
    *out = compile.made;
    return 0;
}

void fct_template_free(fct_template *made)
{
    if (!made)
        return;
    fct_free(made->ops);
    fct_free(made);
}

int fct_template_get(const char *name, const fct_template **out, facteur_error **error)
{
    static _Atomic(fct_template *) shared[TEMPLATES_MAX];
    size_t i = 0;
    fct_template *made, *other = NULL;
    int result;

    while (i < fct_embedded_template_count && strcmp(fct_embedded_templates[i].name, name) != 0)
        i++;
    if (i == fct_embedded_template_count || i >= TEMPLATES_MAX)
        return fct_error_set(error, FACTEUR_ECONFIG, name, "there is no such template");
    made = atomic_load(&shared[i]);
    if (!made) {
        fct_slice text = {fct_embedded_templates[i].text, fct_embedded_templates[i].len};

        result = fct_template_new(name, text, &made, error);
        if (result)
            return result;
        /* Two threads may compile at once; the first to publish wins. */
        if (!atomic_compare_exchange_strong(&shared[i], &other, made)) {
            fct_template_free(made);
            made = other;
        }
    }
    *out = made;
    return 0;
}
