/* SPDX-License-Identifier: MIT */
/* EHLO keywords: known, unknown, repeated, in any case and with odd parameters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "smtp/capability.h"

static fct_capabilities read_text(const char *text)
{
    fct_capabilities caps = {0};

    assert_int_equal(fct_capabilities_read(&caps, fct_slice_of(text)), 0);
    return caps;
}

static void everything(void **state)
{
    fct_capabilities caps =
        read_text("relay.example greets you\nPIPELINING\nCHUNKING\nsize 35882577\n8bitmime\n"
                  "SMTPUTF8\nSTARTTLS\nAUTH PLAIN login X-OWN SCRAM-SHA-256-PLUS\n"
                  "ENHANCEDSTATUSCODES\nDSN\nREQUIRETLS\nLIMITS RCPTMAX=20 MAILMAX=5 X=1\nX-OWN");

    assert_int_equal(caps.offers, 1023);
    assert_true(caps.size_max == 35882577);
    assert_int_equal(caps.mechanisms, 1u << FCT_MECHANISM_PLAIN | 1u << FCT_MECHANISM_LOGIN |
                                          1u << FCT_MECHANISM_SCRAM_SHA_256_PLUS);
    assert_int_equal(caps.mail_max, 5);
    assert_int_equal(caps.rcpt_max, 20);
    assert_non_null(strstr(caps.text.ptr, "X-OWN"));
    assert_null(strstr(caps.text.ptr, "greets"));
    fct_capabilities_done(&caps);
}

static void the_first_line_is_a_name(void **state)
{
    fct_capabilities caps = read_text("PIPELINING");

    assert_int_equal(caps.offers, 0);
    assert_string_equal(caps.text.ptr, "");
    fct_capabilities_done(&caps);
}

static void a_second_reading_forgets_the_first(void **state)
{
    fct_capabilities caps = read_text("x\nSTARTTLS\nSIZE 10\nAUTH PLAIN");

    assert_int_equal(fct_capabilities_read(&caps, fct_slice_of("x\nPIPELINING")), 0);
    assert_int_equal(caps.offers, FCT_OFFER_PIPELINING);
    assert_true(caps.size_max == 0 && caps.mechanisms == 0);
    assert_string_equal(caps.text.ptr, "PIPELINING");
    fct_capabilities_done(&caps);
}

static void odd_parameters(void **state)
{
    static const struct {
        const char *text;
        uint64_t size;
    } sizes[] = {{"x\nSIZE", 0},
                 {"x\nSIZE 0", 0},
                 {"x\nSIZE -1", 0},
                 {"x\nSIZE 12x", 0},
                 {"x\nSIZE 99999999999999999999999", 0},
                 {"x\nSIZE\t7", 7},
                 {"x\nSIZE \t 7 ", 7}};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        fct_capabilities caps = read_text(sizes[i].text);

        assert_int_equal(caps.offers, FCT_OFFER_SIZE);
        assert_true(caps.size_max == sizes[i].size);
        fct_capabilities_done(&caps);
    }
}

static void old_and_partial_keywords(void **state)
{
    fct_capabilities caps = read_text("x\nAUTH=LOGIN PLAIN\nPIPELININGX\nXPIPELINING\nLIMITS "
                                      "RCPTMAX MAILMAX=99999999999 =\n\n \n");

    assert_int_equal(caps.offers, FCT_OFFER_AUTH);
    assert_int_equal(caps.mechanisms, 1u << FCT_MECHANISM_LOGIN | 1u << FCT_MECHANISM_PLAIN);
    assert_int_equal(caps.rcpt_max, 0);
    assert_int_equal(caps.mail_max, 0);
    fct_capabilities_done(&caps);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything),
        cmocka_unit_test(the_first_line_is_a_name),
        cmocka_unit_test(a_second_reading_forgets_the_first),
        cmocka_unit_test(odd_parameters),
        cmocka_unit_test(old_and_partial_keywords),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
