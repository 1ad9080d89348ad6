/* SPDX-License-Identifier: MIT */
/* mailer/address_check: the JSON that a form gets of what was typed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "facteur.h"

static void each_address_has_its_answer(void **state)
{
    static const char *const rows[][2] = {
        {"ana@example.com", "{\"valid\":true,\"address\":\"ana@example.com\",\"hint\":null,"
                            "\"reason\":null,\"smtputf8\":false}"},
        {"ana@gmial.com",
         "{\"valid\":true,\"address\":\"ana@gmial.com\",\"hint\":\"ana@gmail.com\","
         "\"reason\":\"the domain looks like a slip of the finger\","
         "\"smtputf8\":false}"},
        {"ana@localhost", "{\"valid\":true,\"address\":\"ana@localhost\",\"hint\":null,"
                          "\"reason\":\"the domain has no ending such as \\\".com\\\"\","
                          "\"smtputf8\":false}"},
        {"\xc3\xa9@example.com",
         "{\"valid\":true,\"address\":\"\xc3\xa9@example.com\",\"hint\":null,"
         "\"reason\":null,\"smtputf8\":true}"},
    };
    char *json = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(facteur_address_check(rows[i][0], FACTEUR_NTS, &json), 0);
        assert_string_equal(json, rows[i][1]);
        facteur_free(json);
    }
    assert_int_equal(facteur_address_check("ana@example.com, b", 15, &json), 0);
    assert_string_equal(json, rows[0][1]);
    facteur_free(json);
    assert_int_equal(facteur_address_check("ana", FACTEUR_NTS, &json), 0);
    assert_non_null(strstr(json, "{\"valid\":false,\"address\":null,\"hint\":null,\"reason\":\""));
    facteur_free(json);
    assert_int_equal(facteur_address_check("ana@gmial,com", FACTEUR_NTS, &json), 0);
    assert_non_null(strstr(json, "{\"valid\":false,\"address\":null,\"hint\":\"ana@gmail.com\""));
    facteur_free(json);
}

#ifdef FCT_FAULT_INJECTION
static void without_memory_there_is_no_answer(void **state)
{
    size_t blocks = fct_memory_blocks();
    bool failed = true;

    for (unsigned long nth = 1; failed; nth++) {
        char *json = NULL;
        int err;

        fct_memory_fail_at(nth);
        err = facteur_address_check("ana@gmial,com", FACTEUR_NTS, &json);
        failed = fct_memory_failed();
        /* Only the sentence of the refusal can be done without. */
        assert_true(err == 0 || (failed && err == FACTEUR_ENOMEM));
        fct_memory_fail_at(0);
        assert_int_equal(!json, err != 0);
        facteur_free(json);
        assert_int_equal(fct_memory_blocks(), blocks);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_has_its_answer),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(without_memory_there_is_no_answer),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
