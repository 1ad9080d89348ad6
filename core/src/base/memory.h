/* SPDX-License-Identifier: MIT */
/* The core's allocator: every allocation passes here, so that tests can make each of them fail. */
#ifndef FCT_MEMORY_H
#define FCT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* As the C library's; fct_calloc and fct_reallocarray refuse a product that overflows. */
void *fct_malloc(size_t size);
void *fct_calloc(size_t count, size_t size);
void *fct_realloc(void *block, size_t size);
void *fct_reallocarray(void *block, size_t count, size_t size);
void fct_free(void *block);

/* Copies, NUL-terminated; NULL when memory ran out. */
char *fct_strdup(const char *text);
char *fct_strndup(const char *text, size_t len);

/* Overwrite memory in a way that the compiler keeps. */
void fct_wipe(void *block, size_t size);

/* Wipe and free a text that may be a secret; NULL is fine. */
void fct_text_wipe(char *text);

/* True if one of this thread's OpenSSL errors means that memory ran out.  Clears the errors. */
bool fct_memory_lacked_by_openssl(void);

#ifdef FCT_FAULT_INJECTION
/* Make the nth allocation from now fail (1 is the next one) on this thread; 0 stops that. */
void fct_memory_fail_at(unsigned long nth);
/* Whether the failure armed by fct_memory_fail_at() has happened. */
int fct_memory_failed(void);
/* What is allocated now, by all threads: blocks, and the bytes that the C library set aside. */
size_t fct_memory_blocks(void);
size_t fct_memory_bytes(void);
/* Look for this text, which must stay, in every block that is freed or moved; NULL ends all. */
void fct_memory_watch(const char *secret);
/* In how many blocks it was. */
size_t fct_memory_spilt(void);
#endif

#endif
