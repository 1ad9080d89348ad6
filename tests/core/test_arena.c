/* SPDX-License-Identifier: MIT */
/* letters/arena: memory that is zero, aligned, and given back at once; and what a failure leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "letters/arena.h"

#define BLOCK 8192 /* what the arena asks for at a time */

/* Twice, so that the allocator gives memory that was in use. */
static void memory_is_zero_aligned_and_apart(void **state)
{
    static const size_t sizes[] = {1, 15, 16, 17, BLOCK - 16, 1, BLOCK, BLOCK + 1, 3 * BLOCK, 16};
    size_t count = sizeof sizes / sizeof sizes[0];

    for (int round = 0; round < 2; round++) {
        fct_arena arena = {0};
        unsigned char *made[10];

        for (size_t i = 0; i < count; i++) {
            made[i] = fct_arena_alloc(&arena, sizes[i], 1);
            assert_non_null(made[i]);
            assert_int_equal((uintptr_t)made[i] % _Alignof(max_align_t), 0);
            for (size_t at = 0; at < sizes[i]; at++)
                assert_int_equal(made[i][at], 0);
            memset(made[i], 0xe0 + (int)i, sizes[i]);
        }
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(made[i][0], 0xe0 + i);
            assert_int_equal(made[i][sizes[i] - 1], 0xe0 + i);
        }
        assert_false(arena.failed);
        fct_arena_done(&arena);
    }
}

static void small_ones_share_a_block(void **state)
{
    size_t blocks = fct_memory_blocks();
    fct_arena arena = {0};

    for (size_t i = 0; i < BLOCK / 32; i++)
        assert_non_null(fct_arena_alloc(&arena, 2, 16));
    assert_int_equal(fct_memory_blocks(), blocks + 1);
    assert_non_null(fct_arena_alloc(&arena, 1, 1));
    assert_int_equal(fct_memory_blocks(), blocks + 2);
    fct_arena_done(&arena);
    assert_int_equal(fct_memory_blocks(), blocks);
}

static void more_than_there_can_be_is_refused(void **state)
{
    static const struct {
        size_t count, size;
    } rows[] = {{SIZE_MAX, 1}, {SIZE_MAX / 2, 3}, {SIZE_MAX / 16 + 1, 16}, {SIZE_MAX - 16, 1}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_arena arena = {0};

        assert_null(fct_arena_alloc(&arena, rows[i].count, rows[i].size));
        assert_true(arena.failed);
        fct_arena_done(&arena);
        assert_false(arena.failed);
    }
}

static void texts_are_copied_whole(void **state)
{
    fct_arena arena = {0};
    fct_slice copy = fct_arena_copy(&arena, FCT_SLICE("a text"));

    assert_string_equal(copy.ptr, "a text");
    assert_int_equal(copy.len, 6);
    copy = fct_arena_copy(&arena, (fct_slice){NULL, 0});
    assert_string_equal(copy.ptr, "");
    assert_int_equal(copy.len, 0);
    fct_buf_add_text(&arena.scratch, "grown");
    copy = fct_arena_take(&arena, &arena.scratch);
    assert_string_equal(copy.ptr, "grown");
    assert_int_equal(arena.scratch.len, 0);
    fct_arena_done(&arena);
    assert_null(arena.scratch.ptr);
}

#ifdef FCT_FAULT_INJECTION
static void a_failure_stays(void **state)
{
    fct_arena arena = {0};
    fct_slice copy;

    fct_memory_fail_at(1);
    copy = fct_arena_copy(&arena, FCT_SLICE("a text"));
    fct_memory_fail_at(0);
    assert_null(copy.ptr);
    assert_int_equal(copy.len, 0);
    assert_true(arena.failed);
    assert_non_null(fct_arena_alloc(&arena, 1, 1));
    assert_true(arena.failed);
    fct_arena_done(&arena);
    arena.scratch.failed = true;
    copy = fct_arena_take(&arena, &arena.scratch);
    assert_null(copy.ptr);
    assert_int_equal(copy.len, 0);
    assert_true(arena.failed);
    assert_false(arena.scratch.failed);
    fct_arena_done(&arena);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zero_aligned_and_apart),
        cmocka_unit_test(small_ones_share_a_block),
        cmocka_unit_test(more_than_there_can_be_is_refused),
        cmocka_unit_test(texts_are_copied_whole),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(a_failure_stays),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
