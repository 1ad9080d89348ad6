/* SPDX-License-Identifier: MIT */
/*
 * Sixteen bytes at once, in the compiler's own vectors: whatever the machine has for them, and
 * words where it has nothing.  A mask has all bits of a byte set, or none.
 */
#ifndef FCT_BLOCK_H
#define FCT_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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
    if ((size_t)(end - at) < FCT_BLOCK_SIZE) {
        fct_block block = {0};

        memcpy(&block, at, (size_t)(end - at));
        return block;
    }
    return fct_block_load(at);
}

/* The first `len` bytes, at most FCT_BLOCK_SIZE. */
static inline fct_block fct_block_head(size_t len)
{
    static const signed char edge[2 * FCT_BLOCK_SIZE] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                         -1, -1, -1, -1, -1, -1, -1, -1};

    return fct_block_load((const char *)edge + FCT_BLOCK_SIZE - len);
}

/* Add one to each byte; the lowest follows the highest. */
static inline fct_block fct_block_next(fct_block block)
{
    typedef unsigned char bytes __attribute__((vector_size(16)));

    return (fct_block)((bytes)block + 1);
}

/* A bit for each byte of a mask, the lowest for the first one. */
static inline unsigned fct_block_bits(fct_block mask)
{
#ifdef __SSE2__
    return (unsigned)_mm_movemask_epi8((__m128i)mask);
#else
    uint64_t half[2];

    memcpy(half, &mask, sizeof half);
    for (size_t i = 0; i < 2; i++) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        half[i] = __builtin_bswap64(half[i]);
#endif
        /* Moves the highest bit of each byte to a place of its own in the highest byte. */
        half[i] = (half[i] & 0x8080808080808080U) * 0x0002040810204081U >> 56;
    }
    return (unsigned)(half[0] | half[1] << 8);
#endif
}

/* The index of the first byte of a mask that is set; FCT_BLOCK_SIZE when none is. */
static inline size_t fct_block_first(fct_block mask)
{
    unsigned bits = fct_block_bits(mask);

    /* A branch, which processors foresee: the next block need not wait for this one's index. */
    return __builtin_expect(bits != 0, 0) ? (size_t)__builtin_ctz(bits) : FCT_BLOCK_SIZE;
}

static inline bool fct_block_any(fct_block mask)
{
    return fct_block_bits(mask) != 0;
}

#endif
