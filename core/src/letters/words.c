/* SPDX-License-Identifier: MIT */
#include "letters/words.h"

#include "base/error.h"
#include "letters/layout.h"

#include <string.h>

#define USUAL_SIZE ((size_t)8192) /* bytes reserved for a rendered part */

fct_slice fct_words_label(const struct fct_words *words, const char *key, const fct_view *view)
{
    fct_slice text = fct_catalogue_text(&words->catalogue, key);
    fct_buf *out = &words->arena->scratch;

    if (!memchr(text.ptr, '{', text.len))
        return text;
    fct_template_label(text, view, out);
    return fct_arena_take(words->arena, out);
}

fct_slice fct_words_with(const struct fct_words *words, const char *key, const char *a,
                         fct_slice a_text, const char *b, fct_slice b_text)
{
    struct fct_view_field fields[2] = {{.name = fct_slice_of(a), .text = a_text},
                                       {.name = fct_slice_of(b), .text = b_text}};
    const fct_view view = {.fields = fields, .count = b ? 2 : 1};

    return fct_words_label(words, key, &view);
}

fct_slice fct_words_join(const struct fct_words *words, fct_slice a, const char *separator,
                         fct_slice b)
{
    fct_buf *out = &words->arena->scratch;

    if (!a.len || !b.len)
        return a.len ? a : b;
    fct_buf_add_slice(out, a);
    fct_buf_add_text(out, separator);
    fct_buf_add_slice(out, b);
    return fct_arena_take(words->arena, out);
}

fct_slice fct_words_pairs(const struct fct_words *words, const struct fct_series *pairs,
                          const char *separator)
{
    const struct fct_pair *pair = pairs->at;
    fct_slice joined = {0};

    for (size_t i = 0; i < pairs->count; i++, pair++)
        joined =
            fct_words_join(words, joined, separator,
                           fct_words_with(words, "pair", "name", pair->name, "value", pair->value));
    return joined;
}

fct_slice fct_words_indent(const struct fct_words *words, fct_slice text)
{
    fct_buf *out = &words->arena->scratch;

    if (!text.len)
        return text;
    while (text.len) {
        const char *feed = memchr(text.ptr, '\n', text.len);
        size_t len = feed ? (size_t)(feed - text.ptr) + 1 : text.len;

        fct_buf_add_text(out, "  ");
        fct_buf_add(out, text.ptr, len);
        text.ptr += len;
        text.len -= len;
    }
    return fct_arena_take(words->arena, out);
}

int fct_words_render(const struct fct_words *words, const char *name, const fct_view *view,
                     fct_buf *out, facteur_error **error)
{
    const fct_template *made;
    fct_buf raw = {0};
    size_t len = strlen(name);
    int result = fct_template_get(name, &made, error);

    if (result)
        return result;
    fct_buf_reserve(out, USUAL_SIZE);
    if (len >= 5 && strcmp(name + len - 5, ".html") == 0) {
        fct_template_render(made, view, &words->catalogue, out);
    } else {
        fct_buf_reserve(&raw, USUAL_SIZE);
        fct_template_render(made, view, &words->catalogue, &raw);
        out->failed = out->failed || raw.failed;
        fct_layout_fold(out, (fct_slice){raw.ptr, raw.len});
        fct_buf_done(&raw);
    }
    return out->failed ? fct_error_nomem(error) : 0;
}
