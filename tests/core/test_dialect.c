/* SPDX-License-Identifier: MIT */
/* config/dialect: the words of other libraries, in the spellings in which they are met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "config/dialect.h"
#include "config/options.h"

/* The beginning of what facteur says. */
static void options_of_others_have_our_word(void **state)
{
    static const char *const rows[][2] = {
        {"timeout", "deadline (of a whole send) or connect_timeout"},
        {"EMAIL_TIMEOUT", "deadline"},
        {"socketTimeout", "deadline"},
        {"user", "username"},
        {"EMAIL_HOST_USER", "username"},
        {"email_host_password", "password"},
        {"MAIL_HOST", "the host of the DSN"},
        {"EMAIL_HOST", "the host of the DSN"},
        {"EMAIL_PORT", "the port of the DSN"},
        {"use_tls", "tls=starttls"},
        {"EMAIL_USE_TLS", "tls=starttls"},
        {"EMAIL_USE_SSL", "tls=implicit"},
        {"use_ssl", "tls=implicit"},
        {"secure", "tls=implicit"},
        {"encryption", "tls"},
        {"MAIL_ENCRYPTION", "tls"},
        {"SMTPSecure", "tls"},
        {"verify_peer", "ca_file"},
        {"rejectUnauthorized", "ca_file"},
        {"tls_certcheck", "ca_file"},
        {"tls_starttls", "tls=starttls"},
        {"tls_trust_file", "ca_file"},
        {"local_domain", "helo"},
        {"local_hostname", "helo"},
        {"max_per_second", "max_rate"},
        {"ping_threshold", "fresh_ms"},
        {"restart_threshold", "max_mails"},
        {"auto_tls", "tls=opportunistic"},
        {"SMTPAutoTLS", "tls=opportunistic"},
        {"require_tls", "tls=starttls"},
        {"requireTLS", "tls=starttls"},
        {"ignoreTLS", "tls=none"},
        {"passwordeval", "password_file"},
        {"EMAIL_SSL_CERTFILE", "client_cert"},
        {"DEFAULT_FROM_EMAIL", "default_from"},
        {"region", "the region of a preset"},
        {"SMTPDebug", "the transcript"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *own = fct_dialect_option(rows[i][0], strlen(rows[i][0]));

        if (!own || strncmp(own, rows[i][1], strlen(rows[i][1])) != 0)
            fail_msg("%s: %s", rows[i][0], own ? own : "(no word)");
    }
}

static void other_words_have_none(void **state)
{
    static const char *const words[] = {
        "",        "email",
        "_",       "xyzzy",
        "deadlin", "a_word_that_is_longer_than_any_that_another_library_has_for_an_option"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_null(fct_dialect_option(words[i], strlen(words[i])));
    assert_null(fct_dialect_value("tls", FCT_SLICE("sslv9")));
    assert_null(fct_dialect_value("pipelining", FCT_SLICE("ssl")));
    assert_null(fct_dialect_scheme(FCT_SLICE("gopher")));
}

/* A word of ours must not be translated into another one. */
static void our_own_words_stay(void **state)
{
    for (size_t i = 0; i < facteur_option_count(); i++) {
        const char *name = facteur_option_name(i), *own = fct_dialect_option(name, strlen(name));

        if (own && strcmp(own, name) != 0)
            fail_msg("%s would be %s", name, own);
    }
}

/* Each value that we offer is one of the option's, or several of them. */
static void values_of_others_have_ours(void **state)
{
    static const char *const rows[][3] = {
        {"tls", "ssl", "implicit"},      {"tls", "SSL", "implicit"},
        {"tls", "tls", "starttls"},      {"tls", "true", "starttls or implicit"},
        {"tls", "false", "none"},        {"tls", "auto", "opportunistic"},
        {"auth", "CRAMMD5", "CRAM-MD5"}, {"auth", "oauth2", "XOAUTH2 or OAUTHBEARER"},
        {"mode", "sandbox", "capture"},  {"address_family", "4", "ipv4"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *own = fct_dialect_value(rows[i][0], fct_slice_of(rows[i][1]));
        char first[32];
        fct_options options;

        assert_non_null(own);
        assert_string_equal(own, rows[i][2]);
        snprintf(first, sizeof first, "%.*s", (int)strcspn(own, " "), own);
        assert_int_equal(fct_options_init(&options), 0);
        assert_int_equal(fct_options_set(&options, FCT_LEVEL_CALLER, rows[i][0], strlen(rows[i][0]),
                                         first, strlen(first), NULL),
                         0);
        fct_options_done(&options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_of_others_have_our_word),
        cmocka_unit_test(other_words_have_none),
        cmocka_unit_test(our_own_words_stay),
        cmocka_unit_test(values_of_others_have_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
