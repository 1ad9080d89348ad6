/* SPDX-License-Identifier: MIT */
/* Memory that is freed all at once.  A letter's model lives in one arena. */
#ifndef FCT_ARENA_H
#define FCT_ARENA_H

#include "base/bytes.h"

/* All-zero is a valid, empty arena.  `failed` stays set after an allocation has failed. */
typedef struct fct_arena {
    struct fct_arena_block *blocks;
    fct_buf scratch; /* empty between uses: texts grow here and are then taken */
    bool failed;
} fct_arena;

/* Zeroed memory that lives as long as the arena; NULL when memory ran out. */
void *fct_arena_alloc(fct_arena *arena, size_t count, size_t size);

/* A NUL-terminated copy; ptr is NULL when memory ran out. */
fct_slice fct_arena_copy(fct_arena *arena, fct_slice text);

/*
 * Move the buffer's bytes into the arena and empty the buffer.  ptr is NULL when one of the two had
 * failed.
 */
fct_slice fct_arena_take(fct_arena *arena, fct_buf *buf);

void fct_arena_done(fct_arena *arena);

#endif
