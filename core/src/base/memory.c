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
static atomic_size_t blocks, bytes, spilt;
static const char *watched[4];

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

void fct_memory_watch(const char *secret)
{
    size_t count = 0;

    if (!secret)
        memset(watched, 0, sizeof watched);
    while (watched[count] && count < 3)
        count++;
    watched[count] = secret;
    atomic_store(&spilt, 0);
}

size_t fct_memory_spilt(void)
{
    return atomic_load(&spilt);
}

static void look_for_watched(const void *block, size_t size)
{
    for (size_t i = 0; i < 4 && watched[i]; i++) {
        if (memmem(block, size, watched[i], strlen(watched[i])))
            atomic_fetch_add(&spilt, 1);
    }
}

/* What somebody else left in the memory is not ours. */
static void *forget(void *block, size_t kept)
{
    if (block && watched[0] && malloc_usable_size(block) > kept)
        memset((char *)block + kept, 0, malloc_usable_size(block) - kept);
    return block;
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

/* Returns the size of the block. */
static size_t count_out(void *block)
{
    size_t size = block ? malloc_usable_size(block) : 0;

    if (block) {
        look_for_watched(block, size);
        atomic_fetch_sub(&blocks, 1);
        atomic_fetch_sub(&bytes, size);
    }
    return size;
}
#else
static int must_fail(void)
{
    return 0;
}

static void *forget(void *block, size_t kept)
{
    (void)kept;
    return block;
}

static void *count_in(void *block)
{
    return block;
}

static size_t count_out(void *block)
{
    (void)block;
    return 0;
}
#endif

void *fct_malloc(size_t size)
{
    return must_fail() ? NULL : count_in(forget(malloc(size ? size : 1), 0));
}

void *fct_calloc(size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return must_fail() ? NULL : count_in(calloc(count ? count : 1, size ? size : 1));
}

void *fct_realloc(void *block, size_t size)
{
    size_t before;
    void *moved;

    if (must_fail())
        return NULL;
    before = count_out(block);
    moved = realloc(block, size ? size : 1);
    if (moved)
        return count_in(forget(moved, before));
    count_in(block);
    return NULL;
}

void *fct_reallocarray(void *block, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        return NULL;
    return fct_realloc(block, count * size);
}

void fct_free(void *block)
{
    (void)count_out(block);
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
