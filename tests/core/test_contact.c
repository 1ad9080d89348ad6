/* SPDX-License-Identifier: MIT */
/* letters/: contact forms into text, HTML and a subject that a visitor cannot misuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/letter_corpus.h"

#include "base/memory.h"

static const char *const forms[] = {"forms/simple", "forms/french", "forms/hostile",
                                    "forms/brazil"};
#define FORMS (sizeof forms / sizeof forms[0])

static void forms_become_the_expected_parts(void **state)
{
    for (size_t i = 0; i < FORMS; i++) {
        struct composing c = {0};
        fct_buf json = {0};

        corpus_read(forms[i], ".json", &json);
        if (compose_form(&c, json.ptr, json.len))
            fail_msg("%s: %s: %s", forms[i], facteur_error_where(c.error),
                     facteur_error_message(c.error));
        assert_null(strstr(c.composed.html.ptr, "<script"));
        corpus_expect(forms[i], ".txt", (fct_slice){c.composed.text.ptr, c.composed.text.len});
        corpus_expect(forms[i], ".html", (fct_slice){c.composed.html.ptr, c.composed.html.len});
        composing_done(&c);
        fct_buf_done(&json);
    }
}

static void expect_subject(const char *json, const char *expected)
{
    struct composing c = {0};

    assert_int_equal(compose_form(&c, json, FACTEUR_NTS), 0);
    if (!fct_slice_equal(c.composed.subject, fct_slice_of(expected)))
        fail_msg("got \"%.*s\"", (int)c.composed.subject.len, c.composed.subject.ptr);
    composing_done(&c);
}

static void subjects_are_marked_collapsed_and_capped(void **state)
{
    char json[600], expected[300], words[301];

    expect_subject("{\"message\": \"m\"}", "Contact form: a new message");
    expect_subject("{\"message\": \"m\", \"name\": \"Ana\"}", "Contact form: a message from Ana");
    expect_subject("{\"message\": \"m\", \"name\": \"Ana\", \"locale\": \"fr\"}",
                   "Formulaire de contact\xc2\xa0: message de Ana");
    expect_subject("{\"message\": \"m\", \"name\": \"buy at pills.example\"}",
                   "Contact form: a new message");
    expect_subject("{\"message\": \"m\", \"subject\": \" a\\r\\nBcc: x@example.com\\t\\u0001b \"}",
                   "Contact form: a Bcc: x@example.com b");
    memset(words, 'a', 300);
    memcpy(words + 119, "é", 2);
    words[300] = '\0';
    snprintf(json, sizeof json, "{\"message\": \"m\", \"subject\": \"%s\"}", words);
    snprintf(expected, sizeof expected, "Contact form: %.119s…", words);
    expect_subject(json, expected);
}

static void refuses(const char *json, const char *where, const char *message)
{
    struct composing c = {0};

    assert_int_equal(compose_form(&c, json, FACTEUR_NTS), FACTEUR_EMESSAGE);
    assert_string_equal(facteur_error_where(c.error), where);
    assert_string_equal(facteur_error_message(c.error), message);
    composing_done(&c);
}

static void refusals_name_their_path(void **state)
{
    refuses("{}", "message", "missing, and no field has a value either");
    refuses("{\"message\": \" \\n\", \"fields\": [{\"name\": \"a\"}]}", "message",
            "missing, and no field has a value either");
    refuses("{\"message\": \"m\", \"trap\": \"x\"}", "trap",
            "filled in, so a program wrote this form: show the usual thanks and send nothing");
    refuses("{\"message\": \"m\", \"emial\": \"x\"}", "emial",
            "unknown field; did you mean \"email\"?");
    refuses("{\"message\": 1}", "message", "expected text, got 1");
    refuses("{\"fields\": [{\"name\": \"a\", \"value\": 1.5}]}", "fields[0].value",
            "expected text, got 1.5");
    refuses("{\"fields\": [{\"value\": \"x\"}]}", "fields[0].name", "missing");
}

#ifdef FCT_FAULT_INJECTION
static void every_allocation_may_fail(void **state)
{
    fct_buf json = {0};
    int failed = 1;

    corpus_read("forms/hostile", ".json", &json);
    for (unsigned long nth = 1; failed; nth++) {
        struct composing c = {0};
        int result;

        fct_memory_fail_at(nth);
        result = compose_form(&c, json.ptr, json.len);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(result, failed ? FACTEUR_ENOMEM : 0);
        composing_done(&c);
    }
    fct_buf_done(&json);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(every_allocation_may_fail),
#endif
        cmocka_unit_test(forms_become_the_expected_parts),
        cmocka_unit_test(subjects_are_marked_collapsed_and_capped),
        cmocka_unit_test(refusals_name_their_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
