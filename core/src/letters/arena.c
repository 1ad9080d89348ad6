/* SPDX-License-Identifier: MIT */
#include "letters/arena.h"

#include "base/memory.h"

#include <stdint.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)8192)

struct fct_arena_block {
    struct fct_arena_block *next;
    size_t used;
    size_t size;
    max_align_t bytes[];
};

static struct fct_arena_block *grow(fct_arena *arena, size_t need)
{
    size_t size = need > BLOCK_SIZE ? need : BLOCK_SIZE;
    struct fct_arena_block *block;

    if (size > SIZE_MAX - sizeof *block)
        return NULL;
    block = fct_malloc(sizeof *block + size);
    if (!block)
        return NULL;
    block->used = 0;
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *fct_arena_alloc(fct_arena *arena, size_t count, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    struct fct_arena_block *block = arena->blocks;
    size_t need;
    char *at;

    if (size && count > (SIZE_MAX - align) / size) {
        arena->failed = true;
        return NULL;
    }
    need = (count * size + align - 1) / align * align;
    if (!block || block->size - block->used < need)
        block = grow(arena, need);
    if (!block) {
        arena->failed = true;
        return NULL;
    }
    at = (char *)block->bytes + block->used;
    block->used += need;
    memset(at, 0, need);
    return at;
}

fct_slice fct_arena_copy(fct_arena *arena, fct_slice text)
{
    char *copy = fct_arena_alloc(arena, text.len + 1, 1);

    if (!copy)
        return (fct_slice){0};
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    return (fct_slice){copy, text.len};
}

fct_slice fct_arena_take(fct_arena *arena, fct_buf *buf)
{
    fct_slice copy = {0};

    if (buf->failed)
        arena->failed = true;
    else
        copy = fct_arena_copy(arena, (fct_slice){buf->ptr, buf->len});
    fct_buf_clear(buf);
    return copy;
}

void fct_arena_done(fct_arena *arena)
{
    while (arena->blocks) {
        struct fct_arena_block *block = arena->blocks;

        arena->blocks = block->next;
        fct_free(block);
    }
    fct_buf_done(&arena->scratch);
    arena->failed = false;
}
