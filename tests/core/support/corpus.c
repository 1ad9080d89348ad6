/* SPDX-License-Identifier: MIT */
/* Where the corpus lies is told by Meson in FCT_CORPUS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "support/corpus.h"

static void corpus_path(char *out, size_t size, const char *name, const char *ending)
{
    snprintf(out, size, "%s/%s%s", getenv("FCT_CORPUS"), name, ending);
}

void corpus_read(const char *name, const char *ending, fct_buf *out)
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

void corpus_expect(const char *name, const char *ending, fct_slice got)
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
