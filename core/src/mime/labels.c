/* SPDX-License-Identifier: MIT */
#include "mime/labels.h"

#include "base/error.h"
#include "mime/limits.h"
#include "mime/token.h"

#include <string.h>

void fct_labels_done(fct_labels *labels)
{
    fct_buf_done(&labels->text);
    *labels = (fct_labels){0};
}

int fct_labels_copy(fct_labels *to, const fct_labels *from)
{
    to->tag_count = from->tag_count;
    to->metadata_count = from->metadata_count;
    return from->text.len ? fct_buf_add(&to->text, from->text.ptr, from->text.len) : 0;
}

bool fct_labels_next(const fct_labels *labels, size_t *at, struct fct_label *label)
{
    if (*at >= labels->text.len)
        return false;
    label->name = labels->text.ptr + *at;
    label->value = label->name + strlen(label->name) + 1;
    *at = (size_t)(label->value - labels->text.ptr) + strlen(label->value) + 1;
    return true;
}

static bool is_there(const fct_labels *labels, fct_slice name)
{
    struct fct_label label;

    for (size_t at = 0; fct_labels_next(labels, &at, &label);) {
        if (label.name[0] && fct_slice_equal_nocase(name, fct_slice_of(label.name)))
            return true;
    }
    return false;
}

static int check(const fct_labels *labels, const char *field, fct_slice name, fct_slice value,
                 facteur_error **error)
{
    int result = 0;

    if (name.len) {
        if (is_there(labels, name))
            result = fct_error_set(
                error, FACTEUR_EMESSAGE, field,
                "a name of metadata can be given only once: \"%.*s\" is there already",
                (int)name.len, name.ptr);
    }
    if (!result)
        result = fct_token_check(FCT_TOKEN_LABEL, field, value, error);
    if (!result && labels->tag_count + labels->metadata_count >= FCT_MAX_LABELS)
        result = fct_error_set(error, FACTEUR_EMESSAGE, field,
                               "a message has at most %d tags and metadata", FCT_MAX_LABELS);
    return result;
}

int fct_labels_add(fct_labels *labels, const char *field, fct_slice name, fct_slice value,
                   facteur_error **error)
{
    int result = check(labels, field, name, value, error);

    if (result)
        return result;
    if (fct_buf_reserve(&labels->text, name.len + value.len + 2))
        return fct_error_nomem(error);
    fct_buf_add_slice(&labels->text, name);
    fct_buf_add_char(&labels->text, '\0');
    fct_buf_add_slice(&labels->text, value);
    fct_buf_add_char(&labels->text, '\0');
    *(name.len ? &labels->metadata_count : &labels->tag_count) += 1;
    return 0;
}
