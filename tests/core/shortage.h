/* SPDX-License-Identifier: MIT */
/*
 * A stretch of a test in which the nth allocation of its thread fails: one of the core's own, or
 * one of the libraries below it (libuv, OpenSSL, jansson, libxml2).
 */
#ifndef TEST_SHORTAGE_H
#define TEST_SHORTAGE_H

#include <jansson.h>
#include <libxml/xmlmemory.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/memory.h"

enum shortage_of { SHORTAGE_OURS, SHORTAGE_LIBRARIES };

static bool shortage_met; /* whether the last stretch had an nth allocation */

static _Thread_local struct {
    unsigned long nth, count;
} shortage_library;

static bool library_lacks(void)
{
    return shortage_library.nth && ++shortage_library.count == shortage_library.nth;
}

static void *library_malloc(size_t size)
{
    return library_lacks() ? NULL : malloc(size);
}

static void *library_calloc(size_t count, size_t size)
{
    return library_lacks() ? NULL : calloc(count, size);
}

static void *library_realloc(void *block, size_t size)
{
    return library_lacks() ? NULL : realloc(block, size);
}

static char *library_strdup(const char *text)
{
    return library_lacks() ? NULL : strdup(text);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
    return library_malloc(size);
}

static void *openssl_realloc(void *block, size_t size, const char *file, int line)
{
    return library_realloc(block, size);
}

static void openssl_free(void *block, const char *file, int line)
{
    free(block);
}

/* Before any of them has allocated; false when one does not let itself be asked. */
static inline bool shortage_hook_libraries(void)
{
    json_set_alloc_funcs(library_malloc, free);
    return uv_replace_allocator(library_malloc, library_realloc, library_calloc, free) == 0 &&
           CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1 &&
           xmlMemSetup(free, library_malloc, library_realloc, library_strdup) == 0;
}

static inline void shortage_begin(enum shortage_of whose, unsigned long nth)
{
    if (whose == SHORTAGE_OURS)
        fct_memory_fail_at(nth);
    shortage_library.nth = whose == SHORTAGE_LIBRARIES ? nth : 0;
    shortage_library.count = 0;
}

static inline void shortage_end(void)
{
    shortage_met = fct_memory_failed() ||
                   (shortage_library.nth && shortage_library.count >= shortage_library.nth);
    fct_memory_fail_at(0);
    shortage_library.nth = 0;
}

#endif
