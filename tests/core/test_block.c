/* SPDX-License-Identifier: MIT */
/* The portable form of base/block.h, which this machine may have no other use for. */
#undef __SSE2__

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/block.h"

static void masks_have_a_bit_for_each_byte(void **state)
{
    for (unsigned bits = 0; bits < 1U << FCT_BLOCK_SIZE; bits++) {
        fct_block mask = {0};
        size_t first = FCT_BLOCK_SIZE;

        for (size_t i = FCT_BLOCK_SIZE; i--;) {
            mask[i] = bits >> i & 1 ? -1 : 0;
            first = bits >> i & 1 ? i : first;
        }
        assert_int_equal(fct_block_bits(mask), bits);
        assert_int_equal(fct_block_first(mask), first);
        assert_int_equal(fct_block_any(mask), bits != 0);
    }
}

static void nothing_is_read_behind_the_end(void **state)
{
    static const char text[2 * FCT_BLOCK_SIZE] = "0123456789abcdefghijklmnopqrstu";

    for (size_t len = 0; len < sizeof text; len++) {
        fct_block block = fct_block_load_within(text, text + len);
        fct_block head = fct_block_head(len < FCT_BLOCK_SIZE ? len : FCT_BLOCK_SIZE);

        for (size_t i = 0; i < FCT_BLOCK_SIZE; i++) {
            assert_int_equal(block[i], i < len ? text[i] : 0);
            assert_int_equal(head[i], i < len ? -1 : 0);
        }
    }
}

static void each_byte_has_a_next_one(void **state)
{
    for (int byte = -128; byte < 128; byte++) {
        fct_block block = {0}, next;

        block[5] = (signed char)byte;
        next = fct_block_next(block);
        assert_int_equal(next[5], byte == 127 ? -128 : byte + 1);
        assert_int_equal(next[4], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_have_a_bit_for_each_byte),
        cmocka_unit_test(each_byte_has_a_next_one),
        cmocka_unit_test(nothing_is_read_behind_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
