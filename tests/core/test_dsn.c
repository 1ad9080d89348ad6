/* SPDX-License-Identifier: MIT */
/* config/dsn and config/host: what DSNs say, and how precisely broken ones are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "config/authority.h"
#include "config/dsn.h"
#include "config/host.h"

struct good {
    const char *dsn;
    enum fct_scheme scheme;
    const char *host;
    unsigned port;
    const char *path, *user, *password;
};

static const struct good goods[] = {
    {"smtps://ana:s3cret@smtp.example.com", FCT_SCHEME_SMTPS, "smtp.example.com", 0, NULL, "ana",
     "s3cret"},
    {"SMTP://Mail.Example.COM:2525/", FCT_SCHEME_SMTP, "mail.example.com", 2525, NULL, NULL, NULL},
    {"smtp://mail.example.com.", FCT_SCHEME_SMTP, "mail.example.com", 0, NULL, NULL, NULL},
    {"smtp://localhost", FCT_SCHEME_SMTP, "localhost", 0, NULL, NULL, NULL},
    {"smtp://mail_server:25", FCT_SCHEME_SMTP, "mail_server", 25, NULL, NULL, NULL},
    {"smtp://[::1]:1025", FCT_SCHEME_SMTP, "::1", 1025, NULL, NULL, NULL},
    {"smtp://u:p@[2001:DB8::25]", FCT_SCHEME_SMTP, "2001:db8::25", 0, NULL, "u", "p"},
    {"smtp://u:p@[FE80::1%25Eth0.7]:25", FCT_SCHEME_SMTP, "fe80::1%Eth0.7", 25, NULL, "u", "p"},
    {"smtp://[fe80::1%25%65th0]", FCT_SCHEME_SMTP, "fe80::1%eth0", 0, NULL, NULL, NULL},
    {"smtp://b\xc3\xbc"
     "cher.example",
     FCT_SCHEME_SMTP, "xn--bcher-kva.example", 0, NULL, NULL, NULL},
    {"smtps://ana%40shop.example:p%3Aq%2Fr@h.example", FCT_SCHEME_SMTPS, "h.example", 0, NULL,
     "ana@shop.example", "p:q/r"},
    {"smtps://ana@shop.example:p@ss@h.example", FCT_SCHEME_SMTPS, "h.example", 0, NULL,
     "ana@shop.example", "p@ss"},
    {"smtps://u:a/b+c#d=e@h.example", FCT_SCHEME_SMTPS, "h.example", 0, NULL, "u", "a/b+c#d=e"},
    {"smtps://u@h.example?password=a%26b@c", FCT_SCHEME_SMTPS, "h.example", 0, NULL, "u", "a&b@c"},
    {"smtp+unix:///run/mail%20er/smtp", FCT_SCHEME_UNIX, NULL, 0, "/run/mail er/smtp", NULL, NULL},
    {"smtp+unix://%40mailer", FCT_SCHEME_UNIX, NULL, 0, "@mailer", NULL, NULL},
    {"smtp+unix://@mailer", FCT_SCHEME_UNIX, NULL, 0, "@mailer", NULL, NULL},
    {"file:///var/mail/out", FCT_SCHEME_FILE, NULL, 0, "/var/mail/out", NULL, NULL},
    {"memory://", FCT_SCHEME_MEMORY, NULL, 0, NULL, NULL, NULL},
    {"null://", FCT_SCHEME_NULL, NULL, 0, NULL, NULL, NULL},
    {"null://null", FCT_SCHEME_NULL, NULL, 0, NULL, NULL, NULL},
    {"null://default", FCT_SCHEME_NULL, NULL, 0, NULL, NULL, NULL},
    {"sendgrid://SG.key", FCT_SCHEME_PRESET, "smtp.sendgrid.net", 0, NULL, "apikey", "SG.key"},
    {"postmark://token-1", FCT_SCHEME_PRESET, "smtp.postmarkapp.com", 0, NULL, NULL, "token-1"},
    {"ses://AKIA:se/cr+et@eu-west-3", FCT_SCHEME_PRESET, "email-smtp.eu-west-3.amazonaws.com", 0,
     NULL, "AKIA", "se/cr+et"},
    {"brevo://ana@shop.example:xsmtp-key", FCT_SCHEME_PRESET, "smtp-relay.brevo.com", 0, NULL,
     "ana@shop.example", "xsmtp-key"},
    {"mailgun://postmaster@mg.shop.example:key@eu", FCT_SCHEME_PRESET, "smtp.eu.mailgun.org", 0,
     NULL, "postmaster@mg.shop.example", "key"},
    {"mailjet://KEY:SECRET@default", FCT_SCHEME_PRESET, "in-v3.mailjet.com", 0, NULL, "KEY",
     "SECRET"},
    {"gmail://ana@gmail.com?password=p", FCT_SCHEME_PRESET, "smtp.gmail.com", 0, NULL,
     "ana@gmail.com", "p"},
    {"resend://re_1?username=other", FCT_SCHEME_PRESET, "smtp.resend.com", 0, NULL, "other",
     "re_1"},
};

static int parse(fct_dsn *dsn, fct_options *options, const char *text, facteur_error **error)
{
    return fct_dsn_parse(dsn, options, text, fct_slice_of(text), error);
}

static void same_text(const char *got, const char *wanted)
{
    if (wanted)
        assert_string_equal(got ? got : "(null)", wanted);
    else
        assert_null(got);
}

static void good_ones_are_read(void **state)
{
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        const struct good *good = &goods[i];
        facteur_error *error = NULL;
        fct_options options;
        fct_dsn dsn;
        fct_slice secret;

        assert_int_equal(fct_options_init(&options), 0);
        if (parse(&dsn, &options, good->dsn, &error))
            fail_msg("%s: %s", good->dsn, facteur_error_message(error));
        assert_int_equal(dsn.scheme, good->scheme);
        same_text(dsn.host, good->host);
        assert_int_equal(dsn.port, good->port);
        same_text(dsn.path, good->path);
        same_text(fct_options_get(&options, FCT_OPT_username)->text, good->user);
        secret = fct_secret_bytes(fct_options_get(&options, FCT_OPT_password)->secret);
        assert_true(fct_slice_equal(secret, fct_slice_of(good->password ? good->password : "")));
        fct_dsn_done(&dsn);
        fct_options_done(&options);
    }
}

struct bad {
    const char *dsn, *where, *message;
};

static const struct bad bads[] = {
    {"", "dsn", "does not start with a scheme"},
    {"smtp.example.com", "dsn", "does not start with a scheme"},
    {"ana:SECRET@smtp.example.com", "dsn", "does not start with a scheme"},
    {"a_b://h.example", "dsn", "does not start with a scheme"},
    {"_a://h.example", "dsn", "does not start with a scheme"},
    {"a-b://h.example", "dsn", "no scheme is called \"a-b\""},
    {"a+b://h.example", "dsn", "no scheme is called \"a+b\""},
    {"a.b://h.example", "dsn", "no scheme is called \"a.b\""},
    {"smpts://h.example", "dsn", "did you mean smtps://?"},
    {"brave://k", "dsn", "did you mean brevo://?"},
    {"smtps://u:SEC RET@h.example", "dsn", "a space at position 14"},
    {"smtps://u:SEC\nRET@h.example", "dsn", "control character 0x0a at position 14"},
    {"smtps://u:SECRET@h.example\n", "dsn", "control character 0x0a at position 27"},
    {"smtps://u:SEC\x7fRET@h.example", "dsn", "control character 0x7f at position 14"},
    {"smtps://u:SEC\x1fRET@h.example", "dsn", "control character 0x1f at position 14"},
    {"smtps://u:SEC%zzRET@h.example", "dsn", "'%' at position 14"},
    {"smtps://u:\xc3\xa9%4@h.example", "dsn", "'%' at position 12"},
    {"smtps://u:SEC%00RET@h.example", "dsn", "%00 at position 14"},
    {"smtps://u:SEC\xffRET@h.example", "dsn", "0xff at position 14"},
    {"smtps://u:SEC?RET@h.example", "dsn", "'?' at position 14"},
    {"smtps://ana:5?RETSEC@h.example", "dsn", "'?' at position 14"},
    {"smtps://u:SECRET", "dsn", "nor an '@' behind user and password, at position 11"},
    {"smtps://h.example?deadline=5?password=SECRET", "deadline", "seconds such as 10 or 2.5"},
    {"smtps://", "dsn", "the host is missing at position 9"},
    {"smtps://u:SECRET@", "dsn", "the host is missing at position 18"},
    {"smtps://u:SECRET@h.example:0", "dsn", "no port from 1 to 65535 at position 28"},
    {"smtps://u:SECRET@h.example:65536", "dsn", "no port from 1 to 65535"},
    {"smtps://u:SECRET@h.example:", "dsn", "no port from 1 to 65535"},
    {"smtps://u:SECRET@h!.example", "dsn", "a host name cannot have at position 19"},
    {"smtps://u:SECRET@a..example", "dsn", "an empty label"},
    {"smtps://u:SECRET@[::1", "dsn", "'[' without ']'"},
    {"smtps://u:SECRET@[::1]x", "dsn", "other than a port follows the host at position 23"},
    {"smtps://u:SECRET@[1::2::3]", "dsn", "no IPv6 address"},
    {"smtps://u:SECRET@[%25eth0]", "dsn", "no IPv6 address"},
    {"smtps://u:SECRET@[192.0.2.1%25eth0]", "dsn", "no IPv6 address"},
    {"smtps://u:SECRET@[fe80::1%eth0]", "dsn", "no zone such as %25eth0 at position 26"},
    {"smtps://u:SECRET@[fe80::1%25]", "dsn", "no zone such as %25eth0 at position 26"},
    {"smtps://u:SECRET@[fe80::1%25a/b]", "dsn", "that no zone has at position 29"},
    {"smtps://u:SECRET@[fe80::1%25a%25b]", "dsn", "that no zone has"},
    {"smtps://u:SECRET@[fe80::1%25a%zz]", "dsn", "two hexadecimal digits"},
    {"smtps://u:SECRET@[fe80::1%25abcdefghijklmnop]", "dsn", "zone is too long"},
    {"smtps://u:SECRET@fe80::1%25eth0", "dsn", "no port from 1 to 65535"},
    {"smtps://u:SECRET@h.example?dedline=3", "dedline", "did you mean deadline?"},
    {"smtps://u:SECRET@h.example?dedline=3@4", "dedline", "did you mean deadline?"},
    {"smtps://u@h.example?RET=3@4", "dsn", "there is no option at position 21"},
    {"smtps://u:SECRET@h.example?deadline=soon", "deadline", "seconds such as 10 or 2.5"},
    {"smtps://u:SECRET@h.example?deadline", "dsn", "position 28 of the DSN has no value"},
    {"smtp+unix://relative", "dsn", "an absolute path is missing at position 13"},
    {"file://", "dsn", "an absolute path is missing"},
    {"memory://x", "dsn", "at position 10"},
    {"null://x", "dsn", "at position 8"},
    {"ses+smtp://SEC:RET@default?region=eu-west-3", "dsn", "write ses://SMTP-USER:SMTP-PASSWORD@"},
    {"mailgun+smtps://SEC:RET@default", "dsn", "write mailgun://USER:PASSWORD@eu"},
    {"SendGrid+API://SECRET@default", "dsn", "write sendgrid://KEY"},
    {"native://default", "dsn", "write smtp://localhost"},
    {"sendmail://default", "dsn", "write smtp://localhost"},
    {"consolemail://", "dsn", "write file:///directory or memory://"},
    {"https://u:SECRET@h.example", "dsn", "smtps://host"},
    {"sendinblue+smtp://u:SECRET@default", "dsn", "write brevo://LOGIN:KEY"},
    {"mailersend+smtp://u:SECRET@default", "dsn", "write smtps://user:password@host"},
    {"smtp://u:SECRET@h.example?encryption=ssl", "encryption", "did you mean tls=implicit?"},
    {"smtp://u:SECRET@h.example?encryption=TLS", "encryption", "did you mean tls=starttls?"},
    {"smtp://u:SECRET@h.example?encryption=x", "encryption", "did you mean tls?"},
    {"smtp://u:SECRET@h.example?tls=ssl", "tls", "did you mean implicit?"},
    {"ses://KEY:x@eu-west-3?region=eu-west-1", "region", "behind its '@'"},
    {"ses://KEY:SECRET", "dsn", "ses needs its region"},
    {"ses://KEY:SECRET@eu.west", "dsn", "ses needs its region"},
};

static void bad_ones_are_refused_precisely_and_discreetly(void **state)
{
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        const struct bad *bad = &bads[i];
        facteur_error *error = NULL;
        fct_options options;
        fct_dsn dsn;

        assert_int_equal(fct_options_init(&options), 0);
        if (parse(&dsn, &options, bad->dsn, &error) != FACTEUR_ECONFIG)
            fail_msg("%s was accepted", bad->dsn);
        assert_string_equal(facteur_error_where(error), bad->where);
        if (!strstr(facteur_error_message(error), bad->message))
            fail_msg("%s: \"%s\"", bad->dsn, facteur_error_message(error));
        assert_null(strstr(facteur_error_message(error), "SEC"));
        assert_null(strstr(facteur_error_message(error), "RET"));
        assert_null(dsn.host);
        assert_null(dsn.path);
        facteur_error_free(error);
        fct_options_done(&options);
    }
}

static void every_allocation_may_fail(void **state)
{
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        int failed = 1;

        for (unsigned long nth = 1; failed; nth++) {
            facteur_error *error = NULL;
            fct_options options;
            fct_dsn dsn;
            int err;

            assert_int_equal(fct_options_init(&options), 0);
            fct_memory_fail_at(nth);
            err = parse(&dsn, &options, goods[i].dsn, &error);
            failed = fct_memory_failed();
            fct_memory_fail_at(0);
            if (failed)
                assert_int_equal(err, FACTEUR_ENOMEM);
            else
                assert_int_equal(err, 0);
            facteur_error_free(error);
            fct_dsn_done(&dsn);
            fct_options_done(&options);
        }
    }
}

/* Every beginning of a DSN is either read or refused, and leaves nothing behind. */
static void cut_anywhere(void **state)
{
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        for (size_t len = 0; len < strlen(goods[i].dsn); len++) {
            char *text = fct_strndup(goods[i].dsn, len);
            facteur_error *error = NULL;
            fct_options options;
            fct_dsn dsn;
            int err;

            assert_int_equal(fct_options_init(&options), 0);
            err = parse(&dsn, &options, text, &error);
            assert_true(err == 0 || err == FACTEUR_ECONFIG);
            assert_int_equal(err != 0, error != NULL);
            facteur_error_free(error);
            fct_dsn_done(&dsn);
            fct_options_done(&options);
            fct_free(text);
        }
    }
}

static void addresses_are_told_from_names(void **state)
{
    static const char *const loopback[] = {"localhost",        "LOCALHOST",   "db.localhost",
                                           "127.0.0.1",        "127.255.1.2", "127.0.0.0",
                                           "::ffff:127.9.8.7", "::1",         "0:0:0:0:0:0:0:1",
                                           "::ffff:127.0.0.1", "::1%lo"};
    static const char *const remote[] = {"localhost.example.com",
                                         "notlocalhost",
                                         "128.0.0.1",
                                         "127.0.0.1.example.com",
                                         "::2",
                                         "::ffff:10.0.0.1",
                                         "0127.0.0.1",
                                         "127.1",
                                         "126.255.255.255",
                                         "::ffff:128.0.0.1",
                                         "::7f00:1",
                                         "1::1",
                                         "::fffe:127.0.0.1",
                                         "",
                                         "xlocalhost",
                                         ".localhos"};

    for (size_t i = 0; i < sizeof loopback / sizeof loopback[0]; i++)
        assert_true(fct_host_is_loopback(fct_slice_of(loopback[i])));
    for (size_t i = 0; i < sizeof remote / sizeof remote[0]; i++)
        assert_false(fct_host_is_loopback(fct_slice_of(remote[i])));
}

/* `before`, so many times "x", `behind`: whether it is a DSN. */
static bool is_dsn(const char *before, size_t count, const char *behind)
{
    char *text = calloc(1, strlen(before) + count + strlen(behind) + 1);
    facteur_error *error = NULL;
    fct_options options;
    fct_dsn dsn;
    bool good;

    strcpy(text, before);
    memset(text + strlen(before), 'x', count);
    strcat(text, behind);
    assert_int_equal(fct_options_init(&options), 0);
    good = parse(&dsn, &options, text, &error) == 0;
    if (good)
        fct_dsn_done(&dsn);
    facteur_error_free(error);
    fct_options_done(&options);
    free(text);
    return good;
}

static void parts_have_their_lengths(void **state)
{
    static const struct {
        const char *before, *behind;
        size_t most;
    } rows[] = {
        {"smtp://[fe80::1%25", "]", 15},
        {"smtp+unix:///", "", 106},
        {"smtp://ana:", "@relay.example", FCT_AUTHORITY_MAX - 25},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!is_dsn(rows[i].before, rows[i].most, rows[i].behind) ||
            is_dsn(rows[i].before, rows[i].most + 1, rows[i].behind))
            fail_msg("row %zu", i);
    }
}

static void a_socket_may_have_a_login(void **state)
{
    static const char *const rows[][3] = {
        {"smtp+unix://ana:se%40cret@/run/smtp", "/run/smtp", "se@cret"},
        {"smtp+unix://ana:a@b@/run/smtp", "/run/smtp", "a@b"},
        {"smtp+unix:///run/s%20p", "/run/s p", NULL},
        {"smtp+unix:///run/a@b", "/run/a@b", NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct fct_option_value *password;
        facteur_error *error = NULL;
        fct_options options;
        fct_dsn dsn;

        assert_int_equal(fct_options_init(&options), 0);
        if (parse(&dsn, &options, rows[i][0], &error))
            fail_msg("%s: %s", rows[i][0], facteur_error_message(error));
        assert_string_equal(dsn.path, rows[i][1]);
        password = fct_options_get(&options, FCT_OPT_password);
        if (rows[i][2])
            assert_true(
                fct_slice_equal(fct_secret_bytes(password->secret), fct_slice_of(rows[i][2])));
        else
            assert_null(password->secret);
        fct_dsn_done(&dsn);
        fct_options_done(&options);
    }
}

/* RFC 1035 section 2.3.4, RFC 1123 section 2.1. */
static void domains_have_their_lengths(void **state)
{
    static const char *const good[] = {"a", "1", "a-b", "a--b", "a.b", "A9.z0", "1.2.3.4.5"};
    static const char *const bad[] = {".",    "a.",   ".a",  "a..b", "-a",       "a-",
                                      "a-.b", "a.-b", "a_b", "a b",  "\xc3\xa9", "a/b",
                                      "a:b",  "a@b",  "a[b", "a`b",  "a{b"};
    char name[256];

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (!fct_host_is_helo(fct_slice_of(good[i])))
            fail_msg("%s was refused", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (fct_host_is_helo(fct_slice_of(bad[i])))
            fail_msg("%s was accepted", bad[i]);
    }
    memset(name, 'x', sizeof name);
    assert_true(fct_host_is_helo((fct_slice){name, 63}));
    assert_false(fct_host_is_helo((fct_slice){name, 64}));
    for (size_t at = 63; at < sizeof name; at += 64)
        name[at] = '.';
    assert_true(fct_host_is_helo((fct_slice){name, 253}));
    assert_true(fct_host_is_public_name((fct_slice){name, 253}));
    assert_false(fct_host_is_helo((fct_slice){name, 254}));
}

static void private_names_are_known(void **state)
{
    static const char *const reserved[] = {"localhost", "local",   "localdomain",
                                           "internal",  "lan",     "home",
                                           "home.arpa", "invalid", "arpa"};
    char name[40];

    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        snprintf(name, sizeof name, "web1.%s", reserved[i]);
        assert_false(fct_host_is_public_name(fct_slice_of(name)));
        snprintf(name, sizeof name, "web1.x%s", reserved[i]);
        assert_int_equal(fct_host_is_public_name(fct_slice_of(name)),
                         strcmp(name, "web1.xhome.arpa") != 0);
    }
    assert_true(fct_host_is_public_name(FCT_SLICE("a.b")));
}

static void address_literals_are_closed(void **state)
{
    static const char *const bad[] = {"[",
                                      "[]",
                                      "[1",
                                      "1]",
                                      "[1.2.3.4",
                                      "1.2.3.4]",
                                      "[::1]",
                                      "[IPv6:]",
                                      "[IPv6:1.2.3.4]",
                                      "[IPv6::]x",
                                      "[IPv4:1.2.3.4]"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (fct_host_is_helo(fct_slice_of(bad[i])))
            fail_msg("%s was accepted", bad[i]);
    }
    assert_true(fct_host_is_helo(FCT_SLICE("[ipv6:::1]")));
    assert_true(fct_host_is_helo(FCT_SLICE("[1.2.3.4]")));
}

static void ehlo_names(void **state)
{
    assert_true(fct_host_is_helo(FCT_SLICE("shop.example.com")));
    assert_true(fct_host_is_helo(FCT_SLICE("[192.0.2.1]")));
    assert_true(fct_host_is_helo(FCT_SLICE("[IPv6:2001:db8::1]")));
    assert_false(fct_host_is_helo(FCT_SLICE("[192.0.2]")));
    assert_false(fct_host_is_helo(FCT_SLICE("")));
    assert_false(fct_host_is_helo(FCT_SLICE("a b")));
    assert_false(fct_host_is_helo(FCT_SLICE("-a.example")));
    assert_true(fct_host_is_public_name(FCT_SLICE("web1.shop.example.com")));
    assert_false(fct_host_is_public_name(FCT_SLICE("web1")));
    assert_false(fct_host_is_public_name(FCT_SLICE("web1.local")));
    assert_false(fct_host_is_public_name(FCT_SLICE("ip-10-0-0-1.eu-west-3.compute.internal")));
    assert_false(fct_host_is_public_name(FCT_SLICE("10.0.0.1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_ones_are_read),
        cmocka_unit_test(bad_ones_are_refused_precisely_and_discreetly),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(addresses_are_told_from_names),
        cmocka_unit_test(parts_have_their_lengths),
        cmocka_unit_test(a_socket_may_have_a_login),
        cmocka_unit_test(domains_have_their_lengths),
        cmocka_unit_test(private_names_are_known),
        cmocka_unit_test(address_literals_are_closed),
        cmocka_unit_test(ehlo_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
