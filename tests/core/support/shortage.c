/* SPDX-License-Identifier: MIT */
/* Each library below is given allocators that fail when a thread has said so. */
#include <jansson.h>
#include <libxml/xmlmemory.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/memory.h"
#include "support/shortage.h"

bool shortage_met;

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

bool shortage_hook_libraries(void)
{
    json_set_alloc_funcs(library_malloc, free);
    return uv_replace_allocator(library_malloc, library_realloc, library_calloc, free) == 0 &&
           CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1 &&
           xmlMemSetup(free, library_malloc, library_realloc, library_strdup) == 0;
}

void shortage_begin(enum shortage_of whose, unsigned long nth)
{
    if (whose == SHORTAGE_OURS)
        fct_memory_fail_at(nth);
    shortage_library.nth = whose == SHORTAGE_LIBRARIES ? nth : 0;
    shortage_library.count = 0;
}

void shortage_end(void)
{
    shortage_met = fct_memory_failed() ||
                   (shortage_library.nth && shortage_library.count >= shortage_library.nth);
    fct_memory_fail_at(0);
    shortage_library.nth = 0;
}

unsigned long shortage_library_count(void)
{
    return shortage_library.count;
}
