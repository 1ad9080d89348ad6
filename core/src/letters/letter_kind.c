/* SPDX-License-Identifier: MIT */
#include "letters/letter_kind.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

#define SHOWN_MAX 64 /* bytes of an unknown name that an error shows */

static int refuse(const char *name, facteur_error **error)
{
    const char *nearest =
        fct_nearest(name, strlen(name), fct_letter_kind_names, fct_letter_kind_count);
    fct_slice shown = fct_utf8_cut(fct_slice_of(name), SHOWN_MAX);
    fct_buf known = {0};
    int result;

    for (size_t i = 0; i < fct_letter_kind_count; i++)
        fct_buf_addf(&known, "%s%s", i ? ", " : "", fct_letter_kind_names[i]);
    if (known.failed)
        result = fct_error_nomem(error);
    else
        result = fct_error_set(error, FACTEUR_EMESSAGE, "kind",
                               "no letter is called \"%.*s\"%s%s%s; known are %s", (int)shown.len,
                               shown.ptr, nearest ? " (did you mean \"" : "",
                               nearest ? nearest : "", nearest ? "\"?)" : "", known.ptr);
    fct_buf_done(&known);
    return result;
}

int fct_letter_kind_find(const char *name, const struct fct_letter_kind **out,
                         facteur_error **error)
{
    for (size_t i = 0; i < fct_letter_kind_count; i++) {
        if (strcmp(fct_letter_kind_names[i], name) == 0) {
            *out = fct_letter_kinds[i];
            return 0;
        }
    }
    return refuse(name, error);
}

static void add_escaped(fct_buf *out, fct_slice value)
{
    size_t from = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] != '%' && value.ptr[i] != ':')
            continue;
        fct_buf_add(out, value.ptr + from, i - from);
        fct_buf_add_text(out, value.ptr[i] == '%' ? "%25" : "%3A");
        from = i + 1;
    }
    fct_buf_add(out, value.ptr + from, value.len - from);
}

fct_slice fct_letter_kind_key(const struct fct_letter_kind *kind, const void *data,
                              fct_arena *arena)
{
    fct_buf *out = &arena->scratch;

    if (!kind->key[0])
        return (fct_slice){0};
    fct_buf_add_text(out, kind->name);
    for (size_t i = 0; i < FCT_KEY_PARTS && kind->key[i]; i++) {
        fct_slice value = fct_shape_text(kind->shape, data, kind->key[i]);

        if (!value.len) {
            fct_buf_clear(out);
            return (fct_slice){0};
        }
        fct_buf_add_char(out, ':');
        add_escaped(out, value);
    }
    return fct_arena_take(arena, out);
}
