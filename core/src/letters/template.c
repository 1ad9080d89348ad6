/* SPDX-License-Identifier: MIT */
/* Renders a compiled template with a view as text. */
#include "letters/template.h"

#include "base/block.h"
#include "base/memory.h"
#include "letters/template_ops.h"

#include <string.h>

struct render {
    const fct_template *made;
    const struct fct_catalogue *catalogue;
    fct_buf *out;
    const fct_view *views[FCT_TEMPLATE_DEPTH + 1];
    size_t depth; /* of the innermost view */
};

bool fct_view_init(fct_view *view, fct_arena *arena, size_t cap)
{
    *view = (fct_view){.fields = fct_arena_alloc(arena, cap, sizeof *view->fields), .arena = arena};
    view->cap = view->fields ? cap : 0;
    return view->fields != NULL;
}

static bool grow(fct_view *view)
{
    size_t cap = 2 * view->cap;
    struct fct_view_field *fields =
        cap && view->arena ? fct_arena_alloc(view->arena, cap, sizeof *fields) : NULL;

    if (!fields)
        return false;
    memcpy(fields, view->fields, view->count * sizeof *fields);
    view->fields = fields;
    view->cap = cap;
    return true;
}

static struct fct_view_field *add_field(fct_view *view, const char *name)
{
    struct fct_view_field *field;

    if (view->count == view->cap && !grow(view))
        return NULL;
    field = &view->fields[view->count++];
    *field = (struct fct_view_field){.name = fct_slice_of(name)};
    return field;
}

void fct_view_text(fct_view *view, const char *name, fct_slice text)
{
    struct fct_view_field *field = add_field(view, name);

    if (field)
        field->text = text;
}

void fct_view_list(fct_view *view, const char *name, fct_view *views, size_t count)
{
    struct fct_view_field *field = add_field(view, name);

    if (field) {
        field->list = views;
        field->list_count = count;
    }
}

static const struct fct_view_field *find_field(const fct_view *view, fct_slice name)
{
    for (size_t i = 0; i < view->count; i++) {
        const struct fct_view_field *field = &view->fields[i];

        if (field->name.len == name.len && memcmp(field->name.ptr, name.ptr, name.len) == 0)
            return field;
    }
    return NULL;
}

/* A field that is there but empty belongs to its view all the same: no outer one stands in for it.
 */
static bool is_given(const struct fct_view_field *field)
{
    return field && (field->text.len || field->list_count);
}

static const struct fct_view_field *look_up(const struct render *render, fct_slice name)
{
    for (size_t i = render->depth + 1; i-- > 0;) {
        const struct fct_view_field *field = find_field(render->views[i], name);

        if (field)
            return field;
    }
    return NULL;
}

static const char *entity(char byte)
{
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    case '\n':
        return "<br>\n";
    default:
        return NULL;
    }
}

/* How many bytes at the text's start need no entity. */
static size_t plain_len(fct_slice text)
{
    const char *end = text.ptr + text.len;
    size_t at = 0, first = FCT_BLOCK_SIZE;

    while (at < text.len && first == FCT_BLOCK_SIZE) {
        fct_block bytes = fct_block_load_within(text.ptr + at, end);

        first = fct_block_first((bytes == '&') | (bytes == '<') | (bytes == '>') | (bytes == '"') |
                                (bytes == '\'') | (bytes == '\n'));
        at += first;
    }
    return at < text.len ? at : text.len;
}

static void put(struct render *render, fct_slice text)
{
    while (text.len) {
        size_t len = render->made->html ? plain_len(text) : text.len;

        fct_buf_add(render->out, text.ptr, len);
        if (len < text.len)
            fct_buf_add_text(render->out, entity(text.ptr[len++]));
        text.ptr += len;
        text.len -= len;
    }
}

/* A catalogue text with its {names} filled in. */
static void put_label(struct render *render, fct_slice text)
{
    while (text.len) {
        const char *open = memchr(text.ptr, '{', text.len);
        const char *shut = open ? memchr(open, '}', (size_t)(text.ptr + text.len - open)) : NULL;
        const struct fct_view_field *field;

        if (!shut) {
            put(render, text);
            return;
        }
        put(render, (fct_slice){text.ptr, (size_t)(open - text.ptr)});
        field = look_up(render, (fct_slice){open + 1, (size_t)(shut - open - 1)});
        if (field)
            put(render, field->text);
        text.len -= (size_t)(shut + 1 - text.ptr);
        text.ptr = shut + 1;
    }
}

static void run(struct render *render, size_t from, size_t to);

static void run_section(struct render *render, size_t at)
{
    const struct fct_template_op *op = &render->made->ops[at];
    const struct fct_view_field *field = op->key == FCT_NO_KEY ? look_up(render, op->text) : NULL;
    bool given = op->key == FCT_NO_KEY ? is_given(field) : render->catalogue->texts[op->key][0];

    if (given == (op->kind == FCT_OP_INVERTED))
        return;
    if (!field || !field->list_count) {
        run(render, at + 1, op->end);
        return;
    }
    render->depth++;
    for (size_t i = 0; i < field->list_count; i++) {
        render->views[render->depth] = &field->list[i];
        run(render, at + 1, op->end);
    }
    render->depth--;
}

static void run(struct render *render, size_t from, size_t to)
{
    for (size_t at = from; at < to && !render->out->failed; at++) {
        const struct fct_template_op *op = &render->made->ops[at];
        const struct fct_view_field *field;

        switch (op->kind) {
        case FCT_OP_LITERAL:
            fct_buf_add_slice(render->out, op->text);
            break;
        case FCT_OP_VALUE:
            field = look_up(render, op->text);
            if (field)
                put(render, field->text);
            break;
        case FCT_OP_LABEL:
            put_label(render, fct_slice_of(render->catalogue->texts[op->key]));
            break;
        case FCT_OP_SECTION:
        case FCT_OP_INVERTED:
            run_section(render, at);
            at = op->end - 1;
            break;
        }
    }
}

void fct_template_render(const fct_template *made, const fct_view *view,
                         const struct fct_catalogue *catalogue, fct_buf *out)
{
    struct render render = {.made = made, .catalogue = catalogue, .out = out, .views = {view}};

    run(&render, 0, made->count);
}

void fct_template_label(fct_slice text, const fct_view *view, fct_buf *out)
{
    static const fct_template plain = {.html = false};
    struct render render = {.made = &plain, .out = out, .views = {view}};

    put_label(&render, text);
}
