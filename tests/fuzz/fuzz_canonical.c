/* SPDX-License-Identifier: MIT */
/*
 * DKIM's canonical forms of any bytes: canonical again they stay the same, however they are cut;
 * the form is never longer than what it is made of and one line end.
 */
#include <stdlib.h>
#include <string.h>

#include "mime/canonical.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void require(int holds)
{
    if (!holds)
        abort();
}

static void append(void *user, const void *bytes, size_t len)
{
    require(fct_buf_add(user, bytes, len) == 0);
}

/* Fed whole, or in parts whose lengths are bytes of the text itself. */
static fct_buf body_form(fct_slice text, bool cut)
{
    fct_canonical_body state;
    fct_buf out = {0};

    fct_canonical_begin(&state, append, &out);
    while (text.len) {
        size_t part = cut ? 1 + ((unsigned char)*text.ptr & 15) : text.len;

        if (part > text.len)
            part = text.len;
        fct_canonical_feed(&state, (fct_slice){text.ptr, part});
        text.ptr += part;
        text.len -= part;
    }
    fct_canonical_end(&state);
    return out;
}

static void same(fct_buf *a, fct_buf *b)
{
    require(a->len == b->len && (!a->len || memcmp(a->ptr, b->ptr, a->len) == 0));
}

static void check_body(fct_slice text)
{
    fct_buf form = body_form(text, false), cut = body_form(text, true);
    fct_buf again = body_form((fct_slice){form.ptr, form.len}, true);

    same(&form, &cut);
    same(&form, &again);
    require(form.len <= text.len + 2);
    fct_buf_done(&form);
    fct_buf_done(&cut);
    fct_buf_done(&again);
}

static void check_field(fct_slice text)
{
    fct_buf form = {0}, again = {0};

    fct_canonical_field(&form, text);
    fct_canonical_field(&again, (fct_slice){form.ptr, form.len});
    same(&form, &again);
    require(form.len >= 2 && form.len <= text.len + 2);
    require(memcmp(form.ptr + form.len - 2, "\r\n", 2) == 0);
    require(!memchr(form.ptr, '\n', form.len - 2) && !memchr(form.ptr, '\t', form.len));
    fct_buf_done(&form);
    fct_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    fct_slice text = {(const char *)data, size};

    check_body(text);
    check_field(text);
    return 0;
}
