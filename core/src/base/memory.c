/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <openssl/crypto.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef FCT_FAULT_INJECTION
static _Thread_local unsigned long countdown;
static _Thread_local int failed;

void fct_memory_fail_at(unsigned long nth)
{
    countdown = nth;
    failed = 0;
}

int fct_memory_failed(void)
{
    return failed;
}

static int must_fail(void)
{
    if (countdown == 0 || --countdown != 0)
        return 0;
    failed = 1;
    return 1;
}
#else
static int must_fail(void)
{
    return 0;
}
#endif

void *fct_malloc(size_t size)
{
    return must_fail() ? NULL : malloc(size ? size : 1);
}

void *fct_calloc(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return must_fail() ? NULL : calloc(count ? count : 1, size ? size : 1);
}

void *fct_realloc(void *block, size_t size)
{
    return must_fail() ? NULL : realloc(block, size ? size : 1);
}

void *fct_reallocarray(void *block, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return fct_realloc(block, count * size);
}

void fct_free(void *block)
{
    free(block);
}

char *fct_strndup(const char *text, size_t len)
{
    char *copy = fct_malloc(len + 1);

    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *fct_strdup(const char *text)
{
    return fct_strndup(text, strlen(text));
}

void fct_wipe(void *block, size_t size)
{
    if (block)
        OPENSSL_cleanse(block, size);
}
