/* SPDX-License-Identifier: MIT */
/* mailer/check: the facts of one relay, of several, and of what is no relay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <jansson.h>

#include "base/memory.h"
#include "facteur.h"
#include "support/mailer_fixture.h"
#include "support/smtp_peer.h"

static json_t *check(facteur_mailer *mailer)
{
    facteur_error *error = NULL;
    char *text = NULL;
    json_t *json;

    if (facteur_check(mailer, 60, &text, &error))
        fail_msg("%s", facteur_error_message(error));
    json = json_loads(text, 0, NULL);
    assert_non_null(json);
    facteur_free(text);
    return json;
}

static const char *text_of(const json_t *json, const char *key)
{
    return json_string_value(json_object_get(json, key));
}

static void expect_phases(const json_t *facts, const char *expected)
{
    char found[200] = "";
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(facts, "timings"), key, value)
    {
        assert_true(json_is_real(value) && json_real_value(value) >= 0);
        strcat(strcat(found, key), " ");
    }
    assert_string_equal(found, expected);
}

/* Twice: the second time the session is resumed. */
static void a_relay_with_tls_tells_all(void **state)
{
    struct certificate certificate = certificate_make(
        &(struct certificate_plan){.name = "x", .san = "DNS:x", .from_days = -1, .to_days = 2});
    struct server server = {.tls = server_context(&certificate),
                            .features = "250-test\r\n250-PIPELINING\r\n250 AUTH PLAIN\r\n"};
    facteur_mailer *mailer;
    char dsn[200], address[32];

    server_start(&server);
    snprintf(dsn, sizeof dsn,
             "smtps://ana:secret@127.0.0.1:%u?dangerous_no_verify=1&max_mails=1&pool_size=1",
             server.port);
    snprintf(address, sizeof address, "127.0.0.1:%u", server.port);
    mailer = open_mailer(dsn);
    for (int i = 0; i < 2; i++) {
        json_t *facts = check(mailer), *tls = json_object_get(facts, "tls");
        json_t *list = json_object_get(facts, "capabilities");

        assert_true(json_is_true(json_object_get(facts, "ok")));
        assert_string_equal(text_of(facts, "relay"), facteur_mailer_name(mailer));
        assert_string_equal(text_of(facts, "phase"), "auth");
        assert_string_equal(text_of(facts, "address"), address);
        assert_string_equal(text_of(facts, "auth"), "PLAIN");
        assert_string_equal(text_of(tls, "version"), "TLSv1.3");
        assert_non_null(strstr(text_of(tls, "cipher"), "TLS_"));
        assert_true(json_is_boolean(json_object_get(tls, "resumed")));
        assert_string_equal(text_of(json_object_get(facts, "certificate"), "subject"), "CN=x");
        assert_non_null(strstr(text_of(facts, "transcript"), "C: NOOP"));
        assert_int_equal(json_array_size(list), 2);
        assert_string_equal(json_string_value(json_array_get(list, 0)), "PIPELINING");
        assert_string_equal(json_string_value(json_array_get(list, 1)), "AUTH PLAIN");
        assert_true(json_is_null(json_object_get(facts, "error")));
        json_decref(facts);
    }
    facteur_mailer_free(mailer);
    server_stop(&server);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
}

/* The dialogue, a login refused in it, and everything that came before. */
static void what_was_learned_stays_when_the_login_fails(void **state)
{
    struct certificate certificate = certificate_make(&(struct certificate_plan){
        .name = "mail.example", .san = "DNS:mail.example", .from_days = -1, .to_days = 30});
    struct server server = {.starttls = server_context(&certificate),
                            .features = "250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n",
                            .no_login = 1};
    json_t *facts, *tls, *shown;
    facteur_mailer *mailer;
    char dsn[200], pin[64];
    int64_t days;

    spki_pin(&certificate, pin);
    server_start(&server);
    snprintf(dsn, sizeof dsn, "smtp://ana:s3cret-word@127.0.0.1:%u?tls=starttls&pin_sha256=%s",
             server.port, pin);
    mailer = open_mailer(dsn);
    facts = check(mailer);
    tls = json_object_get(facts, "tls");
    shown = json_object_get(facts, "certificate");
    assert_false(json_is_true(json_object_get(facts, "ok")));
    assert_string_equal(text_of(facts, "phase"), "auth");
    assert_string_equal(text_of(tls, "version"), "TLSv1.3");
    assert_non_null(strstr(text_of(tls, "cipher"), "TLS_"));
    assert_non_null(strstr(text_of(facts, "address"), "127.0.0.1:"));
    assert_int_equal(json_array_size(json_object_get(facts, "capabilities")), 2);
    assert_string_equal(text_of(shown, "subject"), "CN=mail.example");
    assert_string_equal(text_of(shown, "issuer"), "CN=mail.example");
    assert_string_equal(text_of(shown, "pin_sha256"), pin);
    assert_int_equal(strlen(text_of(shown, "not_after")), 20);
    days = json_integer_value(json_object_get(shown, "days_left"));
    assert_true(days == 29 || days == 30);
    assert_non_null(strstr(text_of(facts, "transcript"), "C: EHLO "));
    assert_non_null(strstr(text_of(facts, "transcript"), "535"));
    assert_null(strstr(text_of(facts, "transcript"), "s3cret-word"));
    assert_null(strstr(text_of(facts, "transcript"), "YW5h")); /* "ana" in base64 */
    json_decref(facts);
    facteur_mailer_free(mailer);
    server_stop(&server);
    SSL_CTX_free(server.starttls);
    certificate_free(&certificate);
}

/* Its key is what somebody who is to trust it needs. */
static void a_refused_certificate_is_shown(void **state)
{
    struct certificate certificate = certificate_make(&(struct certificate_plan){
        .name = "Caf\xe9", .san = "DNS:x", .from_days = -9, .to_days = -2});
    struct server server = {.tls = server_context(&certificate), .features = "250 test\r\n"};
    facteur_mailer *mailer;
    char dsn[200], pin[64];
    json_t *facts, *shown;
    int64_t days;

    spki_pin(&certificate, pin);
    server_start(&server);
    snprintf(dsn, sizeof dsn, "smtps://127.0.0.1:%u", server.port);
    mailer = open_mailer(dsn);
    facts = check(mailer);
    shown = json_object_get(facts, "certificate");
    assert_string_equal(text_of(facts, "phase"), "tls");
    assert_true(json_is_null(json_object_get(facts, "tls")));
    assert_string_equal(text_of(shown, "subject"), "CN=Caf\xc3\xa9");
    assert_string_equal(text_of(shown, "pin_sha256"), pin);
    days = json_integer_value(json_object_get(shown, "days_left"));
    assert_true(days == -3 || days == -2);
    json_decref(facts);
    facteur_mailer_free(mailer);
    server_stop(&server);
    SSL_CTX_free(server.tls);
    certificate_free(&certificate);
}

/* A relay that falls silent after it has told what it can do. */
static void a_check_past_its_deadline_keeps_its_facts(void **state)
{
    struct server server = {.mute = 1};
    facteur_error *error = NULL;
    facteur_mailer *mailer;
    char dsn[200], *text = NULL;
    json_t *facts;

    server_start(&server);
    snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u", server.port);
    mailer = open_mailer(dsn);
    assert_int_equal(facteur_check(mailer, 0.2, &text, &error), 0);
    facts = json_loads(text, 0, NULL);
    assert_string_equal(text_of(facts, "phase"), "greeting");
    assert_non_null(strstr(text_of(facts, "address"), "127.0.0.1:"));
    assert_true(json_is_null(json_object_get(facts, "certificate")));
    json_decref(facts);
    facteur_free(text);
    facteur_mailer_free(mailer);
    server_stop(&server);
}

/* "ok" is for all of them; each has its own facts. */
static void several_relays_are_all_checked(void **state)
{
    struct server good = {0}, bad = {.greeting = "554 5.3.2 go away\r\n"};
    char dsn[200];

    server_start(&good);
    server_start(&bad);
    for (int all = 0; all < 2; all++) {
        facteur_mailer *mailer;
        json_t *facts, *list, *one;

        snprintf(dsn, sizeof dsn,
                 "failover(smtp://127.0.0.1:%u?tls=none smtp://localhost:%u?tls=none)", good.port,
                 all ? good.port : bad.port);
        mailer = open_mailer(dsn);
        facts = check(mailer);
        list = json_object_get(facts, "relays");
        assert_string_equal(text_of(facts, "relay"), facteur_mailer_name(mailer));
        assert_int_equal(json_is_true(json_object_get(facts, "ok")), all);
        assert_int_equal(json_array_size(list), 2);
        one = json_array_get(list, 0);
        assert_true(json_is_true(json_object_get(one, "ok")));
        assert_non_null(strstr(text_of(one, "relay"), "smtp://127.0.0.1:"));
        expect_phases(one, "resolve connect greeting ehlo ");
        one = json_array_get(list, 1);
        assert_non_null(strstr(text_of(one, "relay"), "smtp://localhost:"));
        assert_int_equal(json_is_true(json_object_get(one, "ok")), all);
        if (!all) {
            json_t *reply = json_object_get(one, "reply"), *error = json_object_get(one, "error");

            assert_string_equal(text_of(one, "phase"), "greeting");
            assert_int_equal(json_integer_value(json_object_get(reply, "code")), 554);
            assert_string_equal(text_of(reply, "enhanced"), "5.3.2");
            assert_string_equal(text_of(reply, "text"), "go away");
            assert_non_null(text_of(error, "code"));
            assert_non_null(strstr(text_of(error, "message"), "go away"));
        }
        json_decref(facts);
        facteur_mailer_free(mailer);
    }
    server_stop(&good);
    server_stop(&bad);
}

static void a_sink_is_good_when_it_can_be_written(void **state)
{
    char base[] = "/tmp/facteur-test-XXXXXX", dsn[128], *text = NULL;
    facteur_mailer *mailer = open_mailer("memory://");
    facteur_error *error = NULL;
    json_t *facts = check(mailer);

    assert_true(json_is_true(json_object_get(facts, "ok")));
    assert_string_equal(text_of(facts, "relay"), "memory://");
    assert_string_equal(text_of(facts, "phase"), "final");
    assert_string_equal(text_of(facts, "address"), "");
    assert_string_equal(text_of(facts, "auth"), "");
    assert_true(json_is_null(json_object_get(facts, "tls")));
    assert_true(json_is_null(json_object_get(facts, "error")));
    assert_int_equal(json_array_size(json_object_get(facts, "capabilities")), 0);
    expect_phases(facts, "");
    json_decref(facts);
    facteur_mailer_free(mailer);

    assert_non_null(mkdtemp(base));
    snprintf(dsn, sizeof dsn, "file://%s", base);
    mailer = open_mailer(dsn);
    json_decref(check(mailer));
    facteur_mailer_free(mailer);
    assert_int_equal(rmdir(base), 0);
    fclose(fopen(base, "w"));
    mailer = open_mailer(dsn);
    assert_int_equal(facteur_check(mailer, 60, &text, &error), FACTEUR_ECONFIG);
    assert_non_null(strstr(facteur_error_message(error), base));
    facteur_error_free(error);
    facteur_mailer_free(mailer);
    unlink(base);
}

static void a_closed_mailer_checks_nothing(void **state)
{
    facteur_mailer *mailer = open_mailer("memory://");
    char *text = NULL;

    facteur_mailer_close(mailer, 0);
    assert_int_equal(facteur_check(mailer, 60, &text, NULL), FACTEUR_ECLOSED);
    assert_null(text);
    facteur_mailer_free(mailer);
}

#ifdef FCT_FAULT_INJECTION
static void without_memory_it_is_an_error(void **state)
{
    static const char *const dsns[] = {"memory://", "smtp://127.0.0.1:1",
                                       "failover(smtp://127.0.0.1:1 smtp://127.0.0.2:1)"};

    for (size_t i = 0; i < sizeof dsns / sizeof dsns[0]; i++) {
        int failed = 1;

        /* Also the memory of jansson, which takes its own elsewhere otherwise. */
        json_set_alloc_funcs(fct_malloc, fct_free);
        for (unsigned long nth = 1; failed; nth++) {
            facteur_mailer *mailer = open_mailer(dsns[i]);
            char *text = NULL;
            int err;

            fct_memory_fail_at(nth);
            err = facteur_check(mailer, 60, &text, NULL);
            failed = fct_memory_failed();
            fct_memory_fail_at(0);
            assert_true(err == 0 || (failed && err == FACTEUR_ENOMEM));
            assert_int_equal(!text, err != 0);
            facteur_free(text);
            facteur_mailer_free(mailer);
        }
        json_set_alloc_funcs(malloc, free);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_with_tls_tells_all),
        cmocka_unit_test(what_was_learned_stays_when_the_login_fails),
        cmocka_unit_test(a_refused_certificate_is_shown),
        cmocka_unit_test(a_check_past_its_deadline_keeps_its_facts),
        cmocka_unit_test(several_relays_are_all_checked),
        cmocka_unit_test(a_sink_is_good_when_it_can_be_written),
        cmocka_unit_test(a_closed_mailer_checks_nothing),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(without_memory_it_is_an_error),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
