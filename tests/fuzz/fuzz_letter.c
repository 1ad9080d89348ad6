/* SPDX-License-Identifier: MIT */
/* Orders and forms out of any bytes: the first one chooses which. */
#include "letters/composed.h"

#include "base/utf8.h"
#include "letters/json_quick.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was composed is UTF-8, whatever was read. */
static void check(const struct fct_composed *composed)
{
    fct_slice text = {composed->text.ptr, composed->text.len};
    fct_slice html = {composed->html.ptr, composed->html.len};

    if (fct_utf8_check(text) != text.len || fct_utf8_check(html) != html.len)
        abort();
}

/* Two readers: what the quick one takes, the other takes, and to the same end. */
static void compare(fct_slice text)
{
    json_t *quick = fct_json_quick(text);
    json_t *slow = quick ? json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (quick && !(slow && json_equal(quick, slow)))
        abort();
    json_decref(quick);
    json_decref(slow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fct_letter_options options = {0};
    struct fct_composed composed = {0};
    facteur_error *error = NULL;
    fct_arena arena = {0};
    fct_notes notes = {0};
    const struct fct_reading reading = {&arena, &error, &notes};
    const struct fct_letter_kind *kind;
    json_t *json = NULL;
    int result;

    if (!size)
        return 0;
    compare((fct_slice){(const char *)data + 1, size - 1});
    if (fct_letter_kind_find(data[0] == 'f' ? "contact_form" : "order_confirmation", &kind, NULL))
        abort();
    result = fct_json_load((const char *)data + 1, size - 1, &json, &notes, &error);
    if (result == 0)
        result = fct_composed_make(&composed, kind, &reading, json, &options, NULL);
    if (result == 0)
        check(&composed);
    else if (!error)
        abort();
    if (notes.count > FCT_NOTES_MAX || notes.text.failed)
        abort();
    fct_notes_done(&notes);
    facteur_error_free(error);
    fct_composed_done(&composed);
    json_decref(json);
    fct_arena_done(&arena);
    return 0;
}
