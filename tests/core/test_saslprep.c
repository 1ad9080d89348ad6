/* SPDX-License-Identifier: MIT */
/* SASLprep: the examples of RFC 4013 section 3, and what is no password. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "facteur.h"
#include "smtp/saslprep.h"

static const struct {
    const char *text, *prepared; /* NULL: refused */
} cases[] = {
    {"I\xc2\xadX", "IX"},
    {"user", "user"},
    {"USER", "USER"},
    {"\xc2\xaa", "a"},
    {"\xe2\x85\xa8", "IX"},
    {"a, =b~", "a, =b~"},
    {"a\xc2\xa0"
     "b",
     "a b"},                                                  /* a no-break space is a space */
    {"e\xcc\x81", "\xc3\xa9"},                                /* composed */
    {"\xe5\xaf\x86\xe7\xa0\x81", "\xe5\xaf\x86\xe7\xa0\x81"}, /* three octets a character */
    {"\xc3\xa9\xf0\x9f\x94\x91", NULL}, /* U+1F511 was not assigned in Unicode 3.2 */
    {"\x07", NULL},
    {"\xd8\xa7"
     "1",
     NULL}, /* right to left, and does not end so */
    {"", NULL},
    {"\xc2\xad", NULL}, /* empty when prepared */
    {"\xff", NULL},
    {"a\x7f", NULL},
    {"\xef\xbf\xbd", NULL}, /* U+FFFD */
};

static void the_examples_of_rfc_4013(void **state)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        fct_buf out = {0};
        int result = fct_saslprep(&out, fct_slice_of(cases[i].text));

        fct_buf_add(&out, "", 0);
        if (cases[i].prepared) {
            assert_int_equal(result, 0);
            assert_string_equal(out.ptr, cases[i].prepared);
        } else {
            assert_int_equal(result, FACTEUR_EMESSAGE);
            assert_int_equal(out.len, 0);
        }
        fct_buf_done(&out);
    }
}

static void long_texts_are_bounded(void **state)
{
    size_t len = 65536;
    char *text = malloc(len + 2);
    fct_buf out = {0};

    for (size_t i = 0; i < len; i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    assert_int_equal(fct_saslprep(&out, (fct_slice){text, len}), 0);
    assert_int_equal(out.len, len);
    assert_int_equal(fct_saslprep(&out, (fct_slice){text, len + 2}), FACTEUR_EMESSAGE);
    fct_buf_done(&out);
    free(text);
}

#ifdef FCT_FAULT_INJECTION
static void every_allocation_may_fail(void **state)
{
    for (unsigned long nth = 1; nth < 10; nth++) {
        fct_buf out = {0};
        bool failed;
        int result;

        fct_memory_fail_at(nth);
        result = fct_saslprep(&out, FCT_SLICE("\xe2\x85\xa8"));
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(result, failed ? FACTEUR_ENOMEM : 0);
        fct_buf_done(&out);
        if (!failed)
            return;
        assert_true(nth < 9);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_rfc_4013),
        cmocka_unit_test(long_texts_are_bounded),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(every_allocation_may_fail),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
