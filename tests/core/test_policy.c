/* SPDX-License-Identifier: MIT */
/* config/policy: who gets mail in each mode, and the header fields that would go round it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "config/plan.h"
#include "mime/message.h"

static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};

static fct_plan plan_of(const char *query)
{
    facteur_error *error = NULL;
    fct_plan plan;
    char dsn[300];

    snprintf(dsn, sizeof dsn, "memory://?%s", query);
    if (fct_plan_init(&plan, dsn, NULL, NULL, 0, &error))
        fail_msg("%s: %s", dsn, facteur_error_message(error));
    return plan;
}

/* A mail to these, with one more header field. */
static fct_mail *mail_to(const char *recipients, const char *name, const char *value)
{
    facteur_message *message = facteur_message_new();
    facteur_error *error = NULL;
    fct_mail *mail = NULL;

    assert_int_equal(facteur_message_set(message, "from", "shop@example.com", FACTEUR_NTS, NULL),
                     0);
    assert_int_equal(facteur_message_set(message, "to", recipients, FACTEUR_NTS, NULL), 0);
    assert_int_equal(facteur_message_set(message, "text", "Hi", FACTEUR_NTS, NULL), 0);
    if (name)
        assert_int_equal(facteur_message_add_header(message, name, value, FACTEUR_NTS, NULL), 0);
    if (fct_message_freeze(message, &facts, &mail, &error))
        fail_msg("%s", facteur_error_message(error));
    facteur_message_free(message);
    return mail;
}

static void expect_list(const char *const *got, size_t count, const char *expected)
{
    char text[400] = "";

    for (size_t i = 0; i < count; i++)
        strcat(strcat(text, i ? " " : ""), got[i]);
    assert_string_equal(text, expected);
}

static void expect(const char *query, const char *recipients, const char *get, const char *refused)
{
    fct_plan plan = plan_of(query);
    fct_mail *mail = mail_to(recipients, NULL, NULL);
    struct fct_policy_verdict verdict;
    const char *left[16] = {0};
    size_t count;

    assert_int_equal(fct_policy_apply(&plan.policy, mail, &verdict), 0);
    assert_int_equal(!verdict.mail, !*get);
    count = verdict.mail ? fct_mail_recipient_count(verdict.mail) : 0;
    for (size_t i = 0; i < count; i++)
        left[i] = fct_mail_recipient(verdict.mail, i);
    expect_list(left, count, get);
    expect_list(verdict.refused, verdict.refused_count, refused);
    fct_free(verdict.refused);
    fct_mail_unref(verdict.mail);
    fct_mail_unref(mail);
    fct_plan_done(&plan);
}

static void each_mode_has_its_recipients(void **state)
{
    static const struct {
        const char *query, *recipients, *get, *refused;
    } rows[] = {
        {"mode=live", "a@x.example, b@y.example", "a@x.example b@y.example", ""},
        {"mode=capture", "a@x.example", "a@x.example", ""},
        {"mode=redirect&redirect_to=t@t.example", "a@x.example, b@y.example", "t@t.example", ""},
        {"mode=redirect&redirect_to=t@t.example,%20u@t.example,v@t.example", "a@x.example",
         "t@t.example u@t.example v@t.example", ""},
        {"mode=allowlist&allow=x.example", "a@x.example, b@X.example", "a@x.example b@X.example",
         ""},
        {"mode=allowlist&allow=x.example", "a@x.example, b@y.example, c@sub.x.example",
         "a@x.example", "b@y.example c@sub.x.example"},
        {"mode=allowlist&allow=@x.example", "a@y.example, b@z.example", "",
         "a@y.example b@z.example"},
        {"mode=allowlist&allow=Ana@x.example,,%20@y.example%20,z.example",
         "ana@X.example, bo@x.example, c@y.example, d@z.example",
         "ana@X.example c@y.example d@z.example", "bo@x.example"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        expect(rows[i].query, rows[i].recipients, rows[i].get, rows[i].refused);
}

static void a_domain_is_compared_in_wire_form(void **state)
{
    expect("mode=allowlist&allow=b\xc3\xbc"
           "cher.example",
           "a@xn--bcher-kva.example", "a@xn--bcher-kva.example", "");
}

static void each_list_that_is_none_is_refused(void **state)
{
    static const struct {
        const char *query, *where;
    } rows[] = {{"mode=redirect", "redirect_to"},
                {"mode=redirect&redirect_to=x", "redirect_to"},
                {"mode=redirect&redirect_to=t@t.example,x", "redirect_to"},
                {"mode=allowlist", "allow"},
                {"mode=allowlist&allow=a@", "allow"},
                {"mode=allowlist&allow=x.example,a..b", "allow"},
                {"mode=allowlist&allow=@", "allow"},
                {"mode=live&allow=a..b", "allow"},
                {"mode=live&redirect_to=x", "redirect_to"}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        facteur_error *error = NULL;
        char dsn[200];
        fct_plan plan;

        snprintf(dsn, sizeof dsn, "memory://?%s", rows[i].query);
        if (fct_plan_init(&plan, dsn, NULL, NULL, 0, &error) != FACTEUR_ECONFIG)
            fail_msg("%s", dsn);
        assert_non_null(strstr(facteur_error_where(error), rows[i].where));
        assert_int_equal(facteur_error_code(error), FACTEUR_ECONFIG);
        facteur_error_free(error);
    }
}

/* Mandrill, SendGrid and SparkPost read recipients from these. */
static void no_field_names_others(void **state)
{
    static const char *const modes[] = {"mode=live", "mode=capture",
                                        "mode=redirect&redirect_to=t@t.example",
                                        "mode=allowlist&allow=x.example"};
    static const struct {
        const char *name, *value;
        bool refused;
    } rows[] = {
        {"X-MC-BccAddress", "b@z.example", true},
        {"X-MC-Tags", "a", false},
        {"X-SMTPAPI", "{\"to\": [\"b@z.example\"]}", true},
        {"x-smtpapi", "{\"bcc\": [\"b@z.example\"]}", true},
        {"X-SMTPAPI", "{\"cc\": 1}", false},
        {"X-SMTPAPI", "{\"category\": \"to\"}", true},
        {"X-SMTPAPI", "{\"category\": \"x\"}", false},
        {"X-MSYS-API", "{\"cc\": 1}", true},
        {"X-MSYS-API", "{\"bcc\": 1}", true},
        {"X-MSYS-API", "{\"archive\": 1}", true},
        {"X-MSYS-API", "{\"to\": 1}", false},
        {"X-Shop", "\"to\" \"bcc\" \"cc\" \"archive\"", false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_mail *mail = mail_to("a@x.example", rows[i].name, rows[i].value);

        for (size_t k = 0; k < 4; k++) {
            fct_plan plan = plan_of(modes[k]);
            facteur_error *error = NULL;
            int err = fct_policy_check(&plan.policy, mail, &error);

            if (err != (rows[i].refused && k > 1 ? FACTEUR_EMESSAGE : 0))
                fail_msg("%s: %s in %s: %d", rows[i].name, rows[i].value, modes[k], err);
            if (err)
                assert_string_equal(facteur_error_where(error), "headers");
            facteur_error_free(error);
            fct_plan_done(&plan);
        }
        fct_mail_unref(mail);
    }
}

#ifdef FCT_FAULT_INJECTION
/* Nobody gets a mail because there was no memory to know who may. */
static void without_memory_nobody_gets_it(void **state)
{
    static const char *const queries[] = {"mode=redirect&redirect_to=t@t.example",
                                          "mode=allowlist&allow=x.example"};

    for (size_t i = 0; i < 2; i++) {
        fct_plan plan = plan_of(queries[i]);
        fct_mail *mail = mail_to("a@x.example, b@y.example", NULL, NULL);
        int err = 1;

        for (unsigned long nth = 1; err; nth++) {
            struct fct_policy_verdict verdict;

            fct_memory_fail_at(nth);
            err = fct_policy_apply(&plan.policy, mail, &verdict);
            assert_int_equal(err, fct_memory_failed() ? FACTEUR_ENOMEM : 0);
            fct_memory_fail_at(0);
            assert_int_equal(!verdict.mail, err != 0);
            assert_int_equal(!verdict.refused, err || i == 0);
            fct_free(verdict.refused);
            fct_mail_unref(verdict.mail);
        }
        fct_mail_unref(mail);
        fct_plan_done(&plan);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mode_has_its_recipients),
        cmocka_unit_test(a_domain_is_compared_in_wire_form),
        cmocka_unit_test(each_list_that_is_none_is_refused),
        cmocka_unit_test(no_field_names_others),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(without_memory_nobody_gets_it),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
