/* SPDX-License-Identifier: MIT */
/*
 * Sixteen bytes at once, in the compiler's own vectors: whatever the machine has for them, and
 * words where it has nothing.  A mask has all bits of a byte set, or none.
 */
#ifndef FCT_BLOCK_H
#define FCT_BLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FCT_BLOCK_SIZE ((size_t)16)

/* Signed, so that one comparison with the space finds controls and bytes outside ASCII. */
typedef signed char fct_block __attribute__((vector_size(16)));

static inline fct_block fct_block_load(const char *at)
{
    fct_block block;

    memcpy(&block, at, sizeof block);
    return block;
}

/* Zeros stand for what lies behind `end`. */
static inline fct_block fct_block_load_within(const char *at, const char *end)
{
    fct_block block = {0};

    if ((size_t)(end - at) >= sizeof block)
        return fct_block_load(at);
    memcpy(&block, at, (size_t)(end - at));
    return block;
}

/* The first `len` bytes, at most FCT_BLOCK_SIZE. */
static inline fct_block fct_block_head(size_t len)
{
    static const signed char edge[2 * FCT_BLOCK_SIZE] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                         -1, -1, -1, -1, -1, -1, -1, -1};

    return fct_block_load((const char *)edge + FCT_BLOCK_SIZE - len);
}

/* How many bytes of a mask are set. */
static inline size_t fct_block_count(fct_block mask)
{
    const uint64_t ones = 0x0101010101010101U;
    uint64_t half[2];

    memcpy(half, &mask, sizeof half);
    return (size_t)(((half[0] & ones) + (half[1] & ones)) * ones >> 56);
}

/* The index of the first byte of a mask that is set; FCT_BLOCK_SIZE when none is. */
static inline size_t fct_block_first(fct_block mask)
{
    uint64_t half[2];

    memcpy(half, &mask, sizeof half);
    for (size_t i = 0; i < 2; i++) {
        if (half[i])
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
            return 8 * i + (size_t)__builtin_ctzll(half[i]) / 8;
#else
            return 8 * i + (size_t)__builtin_clzll(half[i]) / 8;
#endif
    }
    return FCT_BLOCK_SIZE;
}

#endif
