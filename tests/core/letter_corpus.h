/* SPDX-License-Identifier: MIT */
/* What the tests of letters/ share: files of the corpus, and comparing with the expected ones. */
#ifndef LETTER_CORPUS_H
#define LETTER_CORPUS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "letters/composed.h"

static inline void corpus_path(char *out, size_t size, const char *name, const char *ending)
{
    snprintf(out, size, "%s/%s%s", getenv("FCT_CORPUS"), name, ending);
}

static inline void corpus_read(const char *name, const char *ending, fct_buf *out)
{
    char path[1024], chunk[4096];
    size_t len;
    FILE *file;

    corpus_path(path, sizeof path, name, ending);
    file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot open %s", path);
    while ((len = fread(chunk, 1, sizeof chunk, file)) > 0)
        fct_buf_add(out, chunk, len);
    fclose(file);
}

/* With FCT_WRITE_EXPECTED set, the expectation is written instead of compared. */
static inline void corpus_expect(const char *name, const char *ending, fct_slice got)
{
    fct_buf expected = {0};

    if (getenv("FCT_WRITE_EXPECTED")) {
        char path[1024];
        FILE *file;

        corpus_path(path, sizeof path, name, ending);
        file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(got.ptr, 1, got.len, file), got.len);
        fclose(file);
        return;
    }
    corpus_read(name, ending, &expected);
    if (!fct_slice_equal(got, (fct_slice){expected.ptr, expected.len}))
        fail_msg("%s%s differs from what was composed:\n%.*s", name, ending, (int)got.len, got.ptr);
    fct_buf_done(&expected);
}

/* One composition, with everything that has to be freed after it. */
struct composing {
    fct_arena arena;
    json_t *json;
    facteur_error *error;
    struct fct_letter_options options;
    struct fct_order order;
    struct fct_contact form;
    struct fct_composed composed;
};

static inline int compose_order(struct composing *c, const char *json, size_t len)
{
    const struct fct_reading reading = {&c->arena, &c->error};
    int result = fct_json_load(json, len, &c->json, &c->error);

    if (result)
        return result;
    return fct_order_compose(&reading, c->json, &c->options, NULL, &c->order, &c->composed);
}

static inline int compose_form(struct composing *c, const char *json, size_t len)
{
    const struct fct_reading reading = {&c->arena, &c->error};
    int result = fct_json_load(json, len, &c->json, &c->error);

    if (result)
        return result;
    return fct_contact_compose(&reading, c->json, &c->options, NULL, &c->form, &c->composed);
}

static inline void composing_done(struct composing *c)
{
    fct_composed_done(&c->composed);
    json_decref(c->json);
    facteur_error_free(c->error);
    fct_arena_done(&c->arena);
}

#endif
