/* SPDX-License-Identifier: MIT */
/* mime/terms: what may be asked of a relay, each form on both sides of its limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "mime/terms.h"

/* The terms after one field; all zero when it was refused. */
static fct_terms set(const char *field, const char *value, bool good)
{
    fct_terms terms = {0}, none = {0};
    facteur_error *error = NULL;
    int result = fct_terms_set(&terms, field, fct_slice_of(value), &error);

    if (result != (good ? 0 : FACTEUR_EMESSAGE))
        fail_msg("%s=%s: %d", field, value, result);
    if (!good) {
        assert_memory_equal(&terms, &none, sizeof terms);
        assert_string_equal(facteur_error_where(error), field);
    }
    assert_true(fct_terms_good(&terms));
    facteur_error_free(error);
    return terms;
}

static void notifications_are_chosen(void **state)
{
    static const char *const bad[] = {
        ",", "never,success", "success,", "all", "success;delay", "successdelay", "neve", "never,"};

    assert_int_equal(set("dsn_notify", "never", true).notify, FCT_NOTIFY_NEVER);
    assert_int_equal(set("dsn_notify", "SUCCESS", true).notify, FCT_NOTIFY_SUCCESS);
    assert_int_equal(set("dsn_notify", "failure", true).notify, FCT_NOTIFY_FAILURE);
    assert_int_equal(set("dsn_notify", " delay , failure ", true).notify,
                     FCT_NOTIFY_DELAY | FCT_NOTIFY_FAILURE);
    assert_int_equal(set("dsn_notify", "success,failure,delay", true).notify, 14);
    assert_int_equal(set("dsn_notify", "delay", true).asked, FCT_TERM_NOTIFY);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        set("dsn_notify", bad[i], false);
}

static void returns_are_full_or_headers(void **state)
{
    assert_true(set("dsn_return", "FULL", true).return_full);
    assert_false(set("dsn_return", "headers", true).return_full);
    assert_int_equal(set("dsn_return", "headers", true).asked, FCT_TERM_RETURN);
    set("dsn_return", "hdrs", false);
    set("dsn_return", "ful", false);
}

/* RFC 3461 section 4: what is no letter, digit or mark becomes "+" and two digits. */
static void envelope_ids_are_xtext(void **state)
{
    char value[102];
    fct_buf out = {0};

    assert_string_equal(set("envelope_id", "order 42+1=~!", true).envid, "order+2042+2B1+3D~!");
    for (int byte = 0; byte < 256; byte++) {
        char one = (char)byte, expected[4];
        bool plain = byte > ' ' && byte <= '~' && byte != '+' && byte != '=';

        snprintf(expected, sizeof expected, plain ? "%c" : "+%02X", (unsigned)byte);
        fct_buf_clear(&out);
        fct_xtext_add(&out, (fct_slice){&one, 1});
        assert_string_equal(out.ptr, expected);
    }
    fct_buf_done(&out);
    memset(value, 'x', sizeof value);
    value[100] = '\0';
    assert_string_equal(set("envelope_id", value, true).envid, value);
    value[0] = '+';
    set("envelope_id", value, false);
    value[98] = '\0';
    assert_int_equal(strlen(set("envelope_id", value, true).envid), 100);
    value[0] = value[98] = value[100] = 'x';
    value[101] = '\0';
    set("envelope_id", value, false);
    set("envelope_id", "\xc3\xa9", false);
}

static void tls_is_required_or_not(void **state)
{
    assert_int_equal(set("require_tls", "1", true).asked, FCT_TERM_REQUIRETLS);
    assert_int_equal(set("require_tls", "0", true).asked, 0);
    set("require_tls", "2", false);
    set("require_tls", "true", false);
    set("require_tls", "1?", false);
    set("require_tls", "0?", false);
}

static void a_time_has_nine_digits(void **state)
{
    static const char *const bad[] = {
        "0",    "1000000000",          "x", "-1", "1;", "1;X", "1;NN", ";N", "4294967297",
        "1 ;N", "18446744073709551617"};

    assert_int_equal(set("deliver_by", "1", true).by_s, 1);
    assert_int_equal(set("deliver_by", "999999999", true).by_s, 999999999);
    assert_false(set("deliver_by", "60", true).by_notify);
    assert_false(set("deliver_by", "60;r", true).by_notify);
    assert_true(set("deliver_by", "60;n", true).by_notify);
    assert_int_equal(set("deliver_by", "60;N", true).by_s, 60);
    assert_int_equal(set("deliver_by", "60", true).asked, FCT_TERM_DELIVERBY);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        set("deliver_by", bad[i], false);
}

static void priorities_go_from_minus_nine_to_nine(void **state)
{
    static const char *const bad[] = {"10", "-10", "-", "--1", "+1", "1x", "x", "0x1", "1.0"};

    for (int priority = -9; priority <= 9; priority++) {
        char value[8];

        snprintf(value, sizeof value, "%d", priority);
        assert_int_equal(set("mt_priority", value, true).priority, priority);
    }
    assert_int_equal(set("mt_priority", "0", true).asked, FCT_TERM_MT_PRIORITY);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        set("mt_priority", bad[i], false);
}

static void a_term_may_be_waived_and_taken_back(void **state)
{
    fct_terms terms = {0};

    assert_int_equal(fct_terms_set(&terms, "deliver_by", FCT_SLICE(" 60;N? "), NULL), 0);
    assert_int_equal(fct_terms_set(&terms, "mt_priority", FCT_SLICE("3"), NULL), 0);
    assert_int_equal(terms.asked, FCT_TERM_DELIVERBY | FCT_TERM_MT_PRIORITY);
    assert_int_equal(terms.waived, FCT_TERM_DELIVERBY);
    assert_true(terms.by_notify);
    assert_int_equal(fct_terms_set(&terms, "mt_priority", FCT_SLICE("?"), NULL), FACTEUR_EMESSAGE);
    assert_int_equal(fct_terms_set(&terms, "deliver_by", FCT_SLICE("61"), NULL), 0);
    assert_int_equal(terms.waived, 0);
    assert_int_equal(terms.by_s, 61);
    assert_int_equal(fct_terms_set(&terms, "deliver_by", FCT_SLICE(" "), NULL), 0);
    assert_int_equal(terms.asked, FCT_TERM_MT_PRIORITY);
    assert_int_equal(fct_terms_set(&terms, "mt_priority", FCT_SLICE("4?"), NULL), 0);
    assert_int_equal(fct_terms_set(&terms, "mt_priority", FCT_SLICE(""), NULL), 0);
    assert_int_equal(terms.asked, 0);
    assert_int_equal(terms.waived, 0);
}

/* What is read back from a store may be anything. */
static void terms_that_nobody_could_set_are_seen(void **state)
{
    static const struct {
        fct_terms terms;
        bool good;
    } rows[] = {
        {{0}, true},
        {{.asked = 64}, false},
        {{.waived = FCT_TERM_RETURN}, false},
        {{.asked = FCT_TERM_RETURN, .waived = FCT_TERM_RETURN}, true},
        {{.asked = FCT_TERM_REQUIRETLS}, true},
        {{.asked = FCT_TERM_REQUIRETLS, .waived = FCT_TERM_REQUIRETLS}, false},
        {{.asked = FCT_TERM_NOTIFY}, false},
        {{.asked = FCT_TERM_NOTIFY, .notify = 1}, true},
        {{.asked = FCT_TERM_NOTIFY, .notify = 3}, false},
        {{.asked = FCT_TERM_NOTIFY, .notify = 14}, true},
        {{.asked = FCT_TERM_NOTIFY, .notify = 16}, false},
        {{.asked = FCT_TERM_DELIVERBY}, false},
        {{.asked = FCT_TERM_DELIVERBY, .by_s = 1}, true},
        {{.asked = FCT_TERM_DELIVERBY, .by_s = 999999999}, true},
        {{.asked = FCT_TERM_DELIVERBY, .by_s = 1000000000}, false},
        {{.asked = FCT_TERM_MT_PRIORITY, .priority = -9}, true},
        {{.asked = FCT_TERM_MT_PRIORITY, .priority = 9}, true},
        {{.asked = FCT_TERM_MT_PRIORITY, .priority = -10}, false},
        {{.asked = FCT_TERM_MT_PRIORITY, .priority = 10}, false},
        {{.asked = FCT_TERM_ENVID}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "a+2B~!"}, true},
        {{.asked = FCT_TERM_ENVID, .envid = "+20"}, true},
        {{.asked = FCT_TERM_ENVID, .envid = "a b"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "a=b"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "a\x7f"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "+2"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "+"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "+2g"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "+G2"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "+2b"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "+AF"}, true},
        {{.asked = FCT_TERM_ENVID, .envid = "+/9"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "+9:"}, false},
        {{.asked = FCT_TERM_ENVID, .envid = "+9@"}, false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (fct_terms_good(&rows[i].terms) != rows[i].good)
            fail_msg("row %zu", i);
    }
}

#ifdef FCT_FAULT_INJECTION
static void without_memory_nothing_is_set(void **state)
{
    fct_terms terms = {0};

    fct_memory_fail_at(1);
    assert_int_equal(fct_terms_set(&terms, "envelope_id", FCT_SLICE("x"), NULL), FACTEUR_ENOMEM);
    fct_memory_fail_at(0);
    assert_int_equal(terms.asked, 0);
    assert_string_equal(terms.envid, "");
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notifications_are_chosen),
        cmocka_unit_test(returns_are_full_or_headers),
        cmocka_unit_test(envelope_ids_are_xtext),
        cmocka_unit_test(tls_is_required_or_not),
        cmocka_unit_test(a_time_has_nine_digits),
        cmocka_unit_test(priorities_go_from_minus_nine_to_nine),
        cmocka_unit_test(a_term_may_be_waived_and_taken_back),
        cmocka_unit_test(terms_that_nobody_could_set_are_seen),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(without_memory_nothing_is_set),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
