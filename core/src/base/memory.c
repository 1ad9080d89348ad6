/* SPDX-License-Identifier: MIT */
#include "base/memory.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef FCT_FAULT_INJECTION
#include <malloc.h>
#include <stdatomic.h>

static _Thread_local unsigned long countdown;
static _Thread_local int failed;
static atomic_size_t blocks, bytes;

void fct_memory_fail_at(unsigned long nth)
{
    countdown = nth;
    failed = 0;
}

int fct_memory_failed(void)
{
    return failed;
}

size_t fct_memory_blocks(void)
{
    return atomic_load(&blocks);
}

size_t fct_memory_bytes(void)
{
    return atomic_load(&bytes);
}

static int must_fail(void)
{
    if (countdown == 0 || --countdown != 0)
        return 0;
    failed = 1;
    return 1;
}

static void *count_in(void *block)
{
    if (block) {
        atomic_fetch_add(&blocks, 1);
        atomic_fetch_add(&bytes, malloc_usable_size(block));
    }
    return block;
}

static void count_out(void *block)
{
    if (block) {
        atomic_fetch_sub(&blocks, 1);
        atomic_fetch_sub(&bytes, malloc_usable_size(block));
    }
}
#else
static int must_fail(void)
{
    return 0;
}

static void *count_in(void *block)
{
    return block;
}

static void count_out(void *block)
{
    (void)block;
}
#endif

void *fct_malloc(size_t size)
{
    return must_fail() ? NULL : count_in(malloc(size ? size : 1));
}

void *fct_calloc(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return must_fail() ? NULL : count_in(calloc(count ? count : 1, size ? size : 1));
}

void *fct_realloc(void *block, size_t size)
{
    void *moved;

    if (must_fail())
        return NULL;
    count_out(block);
    moved = realloc(block, size ? size : 1);
    /* When it failed, the block is still where it was. */
    count_in(moved ? moved : block);
    return moved;
}

void *fct_reallocarray(void *block, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return fct_realloc(block, count * size);
}

void fct_free(void *block)
{
    count_out(block);
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

void fct_text_wipe(char *text)
{
    fct_wipe(text, text ? strlen(text) : 0);
    fct_free(text);
}

bool fct_memory_lacked_by_openssl(void)
{
    bool lacked = false;
    unsigned long code;

    while ((code = ERR_get_error()) != 0)
        lacked = lacked || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    return lacked;
}
