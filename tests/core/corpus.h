/* SPDX-License-Identifier: MIT */
/* Files of tests/corpus, and comparing with the expected ones. */
#ifndef CORPUS_H
#define CORPUS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

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

#endif
