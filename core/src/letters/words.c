/* SPDX-License-Identifier: MIT */
#include "letters/words.h"

#include "base/error.h"
#include "letters/layout.h"

#include <string.h>

fct_slice fct_words_label(const struct fct_words *words, const char *key, const fct_view *view)
{
    fct_slice text = fct_catalogue_text(fct_locale_catalogue(words->locale), key), result;
    fct_buf out = {0};

    if (!memchr(text.ptr, '{', text.len))
        return text;
    fct_template_label(text, view, &out);
    result = fct_arena_take(words->arena, &out);
    fct_buf_done(&out);
    return result;
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
    fct_buf out = {0};
    fct_slice result;

    if (!a.len || !b.len)
        return a.len ? a : b;
    fct_buf_add_slice(&out, a);
    fct_buf_add_text(&out, separator);
    fct_buf_add_slice(&out, b);
    result = fct_arena_take(words->arena, &out);
    fct_buf_done(&out);
    return result;
}

fct_slice fct_words_pairs(const struct fct_words *words, const struct fct_list *pairs,
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
    fct_buf out = {0};
    fct_slice result;

    if (!text.len)
        return text;
    fct_buf_add_text(&out, "  ");
    for (size_t i = 0; i < text.len; i++) {
        fct_buf_add_char(&out, text.ptr[i]);
        if (text.ptr[i] == '\n')
            fct_buf_add_text(&out, "  ");
    }
    result = fct_arena_take(words->arena, &out);
    fct_buf_done(&out);
    return result;
}

int fct_words_render(const struct fct_words *words, const char *name, const fct_view *view,
                     fct_buf *out, facteur_error **error)
{
    const struct fct_catalogue *catalogue = fct_locale_catalogue(words->locale);
    const fct_template *made;
    fct_buf raw = {0};
    size_t len = strlen(name);
    int result = fct_template_get(name, &made, error);

    if (result)
        return result;
    if (len >= 5 && strcmp(name + len - 5, ".html") == 0) {
        fct_template_render(made, view, catalogue, out);
    } else {
        fct_template_render(made, view, catalogue, &raw);
        out->failed = out->failed || raw.failed;
        fct_layout_fold(out, (fct_slice){raw.ptr, raw.len});
        fct_buf_done(&raw);
    }
    return out->failed ? fct_error_nomem(error) : 0;
}
