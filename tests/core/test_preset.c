/* SPDX-License-Identifier: MIT */
/* config/preset and config/plan: every preset makes a usable relay, and options settle into one
 * plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "config/host.h"
#include "config/plan.h"
#include "net/tls_pin.h"
#include "support/corpus.h"

#define PIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static void examples_of_all_presets_work(void **state)
{
    const struct fct_preset *preset;
    size_t count = 0;

    for (; (preset = fct_preset_at(count)); count++) {
        facteur_error *error = NULL;
        fct_plan plan;

        assert_ptr_equal(fct_preset_find(fct_slice_of(preset->name)), preset);
        if (fct_plan_init(&plan, preset->example, NULL, NULL, 0, &error))
            fail_msg("%s: %s", preset->example, facteur_error_message(error));
        assert_int_equal(plan.target, FCT_TARGET_RELAY);
        assert_true(fct_host_is_public_name(fct_slice_of(plan.members[0].relay.host)));
        assert_int_equal(plan.members[0].relay.port, preset->port);
        assert_int_equal(fct_relay_tls(&plan.members[0].relay, preset->port), preset->tls);
        assert_true(preset->tls == FCT_TLS_IMPLICIT || preset->tls == FCT_TLS_STARTTLS);
        assert_non_null(plan.members[0].relay.session.username);
        assert_true(plan.members[0].relay.session.password || plan.members[0].relay.session.token);
        assert_false(plan.members[0].relay.session.local);
        assert_string_equal(plan.members[0].relay.tls.name, plan.members[0].relay.host);
        fct_plan_done(&plan);
    }
    assert_true(count >= 10);
}

/* "| `brevo://LOGIN:KEY` | smtp-relay.brevo.com, 465". */
static void the_page_has_every_preset(void **state)
{
    const struct fct_preset *preset;
    fct_buf page = {0};

    corpus_read("../../docs/dsn", ".md", &page);
    for (size_t i = 0; (preset = fct_preset_at(i)); i++) {
        char row[256];
        fct_plan plan;

        assert_int_equal(fct_plan_init(&plan, preset->example, NULL, NULL, 0, NULL), 0);
        snprintf(row, sizeof row, "\n| `%s` | %s, %u%s%s", preset->example,
                 plan.members[0].relay.host, (unsigned)preset->port,
                 preset->tls == FCT_TLS_STARTTLS ? " with STARTTLS" : "",
                 preset->ports ? ", else " : "");
        for (const char *at = preset->ports ? strchr(preset->ports, ',') : NULL; at;
             at = strchr(at + 1, ','))
            snprintf(row + strlen(row), sizeof row - strlen(row), "%.*s%s",
                     (int)strcspn(at + 1, ","), at + 1, strchr(at + 1, ',') ? ", " : "");
        if (!strstr(page.ptr, row))
            fail_msg("docs/dsn.md lacks%s", row);
        fct_plan_done(&plan);
    }
    fct_buf_done(&page);
}

static void presets_know_their_limits(void **state)
{
    const char *name = "idle_timeout", *value = "30";
    fct_plan plan;

    assert_int_equal(fct_plan_init(&plan, "ses://K:S@eu-west-3", NULL, NULL, 0, NULL), 0);
    assert_int_equal(plan.members[0].relay.idle_us, 8000000);
    fct_plan_done(&plan);
    assert_int_equal(fct_plan_init(&plan, "ses://K:S@eu-west-3", &name, &value, 1, NULL), 0);
    assert_int_equal(plan.members[0].relay.idle_us, 30000000);
    fct_plan_done(&plan);
    assert_int_equal(fct_plan_init(&plan, "postmark://tok", NULL, NULL, 0, NULL), 0);
    assert_string_equal(plan.members[0].relay.session.username, "tok");
    fct_plan_done(&plan);
}

/* SES and SparkPost say theirs; the others have the default. */
static void no_other_preset_has_limits(void **state)
{
    const struct fct_preset *preset;

    for (size_t i = 0; (preset = fct_preset_at(i)); i++) {
        bool ses = strcmp(preset->name, "ses") == 0;
        bool sparkpost = strcmp(preset->name, "sparkpost") == 0;
        fct_plan plan;

        assert_int_equal(fct_plan_init(&plan, preset->example, NULL, NULL, 0, NULL), 0);
        assert_int_equal(plan.members[0].relay.idle_us, (ses         ? 8
                                                         : sparkpost ? 50
                                                                     : 60) *
                                                            UINT64_C(1000000));
        assert_int_equal(plan.members[0].relay.max_mails, 100);
        fct_plan_done(&plan);
    }
}

/* A region is one of the preset's own, or has AWS's form. */
static void regions_have_their_hosts(void **state)
{
    static const struct {
        const char *dsn, *host;
    } rows[] = {{"ses://K:S@eu-west-3", "email-smtp.eu-west-3.amazonaws.com"},
                {"ses://K:S@us-gov-east-1/", "email-smtp.us-gov-east-1.amazonaws.com"},
                {"ses://K:S@default", NULL},
                {"ses://K:S@europe", NULL},
                {"ses://K:S@eu-west", NULL},
                {"ses://K:S@eu-west-", NULL},
                {"ses://K:S@eu-west-x1", NULL},
                {"ses://K:S@eu-west-123", NULL},
                {"ses://K:S@eu.west", NULL},
                {"ses://K:S@", NULL},
                {"mailgun://U:P", "smtp.mailgun.org"},
                {"mailgun://U:P@default", "smtp.mailgun.org"},
                {"mailgun://U:P@EU", "smtp.eu.mailgun.org"},
                {"mailgun://U:P@us", "smtp.mailgun.org"},
                {"mailgun://U:P@e", NULL},
                {"mailgun://U:P@eux", NULL},
                {"ionos://U:P@de", "smtp.ionos.de"},
                {"ionos://U:P@uk", "smtp.ionos.co.uk"},
                {"ionos://U:P@fr", "smtp.ionos.fr"},
                {"brevo://U:P@eu", NULL}};
    const struct fct_preset *ses = fct_preset_find(FCT_SLICE("ses"));
    char region[41] = "x-";
    fct_buf host = {0};
    fct_plan plan;

    memset(region + 2, 'x', sizeof region - 2);
    memcpy(region + 36, "-123", 4);
    assert_true(fct_preset_host(ses, (fct_slice){region, 39}, &host));
    memcpy(region + 37, "-12", 3);
    assert_false(fct_preset_host(ses, (fct_slice){region, 40}, &host));
    fct_buf_done(&host);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int err = fct_plan_init(&plan, rows[i].dsn, NULL, NULL, 0, NULL);

        if (err != (rows[i].host ? 0 : FACTEUR_ECONFIG))
            fail_msg("%s: %d", rows[i].dsn, err);
        if (err)
            continue;
        assert_string_equal(plan.members[0].relay.host, rows[i].host);
        fct_plan_done(&plan);
    }
}

/* Whatever a preset has or has not, its host never stands in for one that somebody named. */
static void what_follows_the_at_is_known_or_refused(void **state)
{
    static const char *const wrong[] = {
        "u:CANARY@xx", "u:CANARY@europe", "u:CANARY@example.org", "u:CANARY@relay.example:465",
        "u:CANARY@",   "u:CAN@ARY@xx",    "CANARY@nowhere",       "CANARY@"};
    const struct fct_preset *preset;
    fct_buf named = {0};

    fct_preset_add_regions(fct_preset_find(FCT_SLICE("mailgun")), &named);
    assert_string_equal(named.ptr, "us, eu");
    fct_buf_done(&named);
    for (size_t i = 0; (preset = fct_preset_at(i)); i++) {
        char host[80], dsn[160];
        fct_buf regions = {0};

        snprintf(host, sizeof host, "u:CANARY@%s", preset->host);
        fct_preset_add_regions(preset, &regions);
        for (size_t j = 0; j <= sizeof wrong / sizeof wrong[0]; j++) {
            bool last = j == sizeof wrong / sizeof wrong[0];
            facteur_error *error = NULL;
            fct_plan plan;

            snprintf(dsn, sizeof dsn, "%s://%s", preset->name, last ? host : wrong[j]);
            if (fct_plan_init(&plan, dsn, NULL, NULL, 0, &error) != FACTEUR_ECONFIG)
                fail_msg("%s was accepted", dsn);
            assert_string_equal(facteur_error_where(error), "dsn");
            assert_null(strstr(facteur_error_message(error), "CAN"));
            assert_non_null(strstr(facteur_error_message(error), preset->example));
            assert_non_null(strstr(facteur_error_message(error), regions.len ? regions.ptr
                                                                 : *preset->regions
                                                                     ? "needs its region"
                                                                     : preset->host));
            facteur_error_free(error);
        }
        fct_buf_done(&regions);
    }
}

/* A login without its password may be a mail address. */
static void an_address_is_a_login(void **state)
{
    static const struct {
        const char *dsn, *user, *password;
    } rows[] = {{"gmail://ana@gmail.com:app", "ana@gmail.com", "app"},
                {"gmail://ana@gmail.com?password=p", "ana@gmail.com", "p"},
                {"mailgun://postmaster@mg.shop.example:p", "postmaster@mg.shop.example", "p"},
                {"mailgun://post@mg.shop.example@eu?password=p", "post@mg.shop.example", "p"},
                {"gmail://ana:p%40ss", "ana", "p@ss"},
                {"mandrill://ana@shop.example:KEY", "ana@shop.example", "KEY"},
                {"gmail://ana@smtp.gmail.com?password=p", NULL, NULL},
                {"mailgun://ana@smtp.eu.mailgun.org:465", NULL, NULL},
                {"ses://ana@email-smtp.eu-west-3.amazonaws.com:p", NULL, NULL},
                {"sendgrid://KEY@relay.example:465", NULL, NULL},
                {"sendgrid://KEY@relay.example", NULL, NULL},
                {"postmark://KEY@relay.example", NULL, NULL}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_plan plan;
        int err = fct_plan_init(&plan, rows[i].dsn, NULL, NULL, 0, NULL);

        if (err != (rows[i].user ? 0 : FACTEUR_ECONFIG))
            fail_msg("%s: %d", rows[i].dsn, err);
        if (err)
            continue;
        assert_string_equal(plan.members[0].relay.session.username, rows[i].user);
        assert_string_equal(fct_secret_bytes(plan.members[0].relay.session.password).ptr,
                            rows[i].password);
        fct_plan_done(&plan);
    }
}

/* Each with a value that is nobody's default. */
static void each_setting_has_its_place(void **state)
{
    static const char dsn[] =
        "smtps://ana:secret@relay.example?connect_timeout=1&greeting_timeout=2&command_timeout=3&"
        "body_timeout=4&final_timeout=7&pool_size=6&warm=3&host_slots=8&max_mails=9&max_age=11&"
        "idle_timeout=12&fresh_ms=13&breaker_failures=14&breaker_pause=15&max_rate=2.5&"
        "pipeline_depth=17&pipeline_bytes=170000&pipelining=full&chunking=0&auth=LOGIN&"
        "tls_name=n.example&ca_file=/ca&client_cert=/c&client_key=/k&tls_session_file=/s&"
        "dangerous_plaintext_auth=1";
    facteur_error *error = NULL;
    fct_plan plan;
    const fct_member *member;
    const fct_relay *relay;

    if (fct_plan_init(&plan, dsn, NULL, NULL, 0, &error))
        fail_msg("%s", facteur_error_message(error));
    member = &plan.members[0];
    relay = &member->relay;
    assert_int_equal(relay->connect_us, 1000000);
    assert_int_equal(relay->session.greeting_us, 2000000);
    assert_int_equal(relay->session.command_us, 3000000);
    assert_int_equal(relay->session.body_us, 4000000);
    assert_int_equal(relay->session.final_us, 7000000);
    assert_int_equal(relay->pool_size, 6);
    assert_int_equal(relay->warm, 3);
    assert_int_equal(relay->host_slots, 8);
    assert_int_equal(relay->max_mails, 9);
    assert_int_equal(relay->max_age_us, 11000000);
    assert_int_equal(relay->idle_us, 12000000);
    assert_int_equal(relay->fresh_us, 13000);
    assert_int_equal(member->lane.breaker_failures, 14);
    assert_int_equal(member->lane.breaker_pause_us, 15000000);
    assert_true(member->lane.max_rate == 2.5);
    assert_int_equal(relay->session.pipeline_depth, 17);
    assert_int_equal(relay->session.pipeline_bytes, 170000);
    assert_int_equal(relay->session.pipelining, FCT_PIPELINING_FULL);
    assert_false(relay->session.chunking);
    assert_true(relay->session.plaintext_auth);
    assert_int_equal(member->window, 17 * 6);
    assert_string_equal(relay->session.auth, "LOGIN");
    assert_string_equal(relay->session.username, "ana");
    assert_int_equal(fct_secret_bytes(relay->session.password).len, 6);
    assert_null(relay->session.token);
    assert_string_equal(relay->session.host, "relay.example");
    assert_int_equal(relay->session.port, 465);
    assert_string_equal(relay->tls.name, "n.example");
    assert_string_equal(relay->tls.ca_file, "/ca");
    assert_string_equal(relay->tls.client_cert, "/c");
    assert_string_equal(relay->tls.client_key, "/k");
    assert_string_equal(relay->tls.session_file, "/s");
    assert_null(relay->tls.pin_sha256);
    assert_false(relay->tls.no_verify);
    assert_false(relay->session.tls_unverified);
    assert_false(member->asks_caller);
    assert_null(member->tokens);
    fct_plan_done(&plan);
}

/* What follows from a setting that is not the default's. */
static void settings_bring_others_along(void **state)
{
    fct_plan plan;

    assert_int_equal(fct_plan_init(&plan,
                                   "smtps://ana@relay.example?token_callback=1&pipelining=0&"
                                   "client_cert=/c&pool_size=4&dangerous_no_verify=1",
                                   NULL, NULL, 0, NULL),
                     0);
    assert_true(plan.members[0].asks_caller);
    assert_non_null(plan.members[0].tokens);
    assert_int_equal(plan.members[0].window, 4);
    assert_int_equal(plan.members[0].relay.session.pipelining, FCT_PIPELINING_OFF);
    assert_string_equal(plan.members[0].relay.tls.client_key, "/c");
    assert_true(plan.members[0].relay.tls.no_verify);
    assert_true(plan.members[0].relay.session.tls_unverified);
    assert_string_equal(plan.members[0].relay.tls.name, "relay.example");
    fct_plan_done(&plan);
    assert_int_equal(fct_plan_init(&plan,
                                   "smtps://relay.example?dangerous_no_verify=1&pin_sha256=" PIN,
                                   NULL, NULL, 0, NULL),
                     0);
    assert_false(plan.members[0].relay.session.tls_unverified);
    assert_string_equal(plan.members[0].relay.tls.pin_sha256, PIN);
    fct_plan_done(&plan);
}

struct tls_case {
    const char *dsn;
    enum fct_tls_plan tls;
    unsigned port;
    const char *name;
};

static void tls_and_port_follow_from_the_dsn(void **state)
{
    static const struct tls_case cases[] = {
        {"smtps://u:p@h.example", FCT_TLS_IMPLICIT, 465, "smtps://h.example:465"},
        {"smtp://u:p@h.example", FCT_TLS_STARTTLS, 587, "smtp://h.example:587"},
        {"smtp://h.example:25", FCT_TLS_STARTTLS, 25, "smtp://h.example:25"},
        {"smtp://localhost", FCT_TLS_NONE, 25, "smtp://localhost:25"},
        {"smtp://u:p@127.0.0.1:1025", FCT_TLS_NONE, 1025, "smtp://127.0.0.1:1025"},
        {"smtp://[::1]", FCT_TLS_NONE, 25, "smtp://[::1]:25"},
        {"smtp://[::1%25lo]", FCT_TLS_NONE, 25, "smtp://[::1%25lo]:25"},
        {"smtps://[FE80::1%25Eth0]", FCT_TLS_IMPLICIT, 465, "smtps://[fe80::1%25Eth0]:465"},
        {"smtp://localhost?tls=starttls", FCT_TLS_STARTTLS, 25, "smtp://localhost:25"},
        {"smtp://localhost:1025?tls=implicit", FCT_TLS_IMPLICIT, 1025, "smtps://localhost:1025"},
        {"smtps://localhost", FCT_TLS_IMPLICIT, 465, "smtps://localhost:465"},
        {"smtp://h.example?tls=none", FCT_TLS_NONE, 25, "smtp://h.example:25"},
        {"smtp://u:p@h.example?tls=opportunistic", FCT_TLS_OPPORTUNISTIC, 587,
         "smtp://h.example:587"},
        {"smtp://u:p@h.example?tls=none&dangerous_plaintext_auth=1", FCT_TLS_NONE, 25,
         "smtp://h.example:25"},
        {"smtp+unix:///run/smtp", FCT_TLS_NONE, 25, "smtp+unix:///run/smtp"},
        {"smtp+ssl://u:p@h.example", FCT_TLS_IMPLICIT, 465, "smtps://h.example:465"},
        {"submissions://u:p@h.example", FCT_TLS_IMPLICIT, 465, "smtps://h.example:465"},
        {"smtp+tls://u:p@h.example", FCT_TLS_STARTTLS, 587, "smtp://h.example:587"},
        {"smtp+tls://localhost", FCT_TLS_STARTTLS, 25, "smtp://localhost:25"},
        {"smtp+starttls://u:p@h.example:2525", FCT_TLS_STARTTLS, 2525, "smtp://h.example:2525"},
        {"submission://localhost", FCT_TLS_STARTTLS, 587, "smtp://localhost:587"},
        {"submission://h.example:25", FCT_TLS_STARTTLS, 25, "smtp://h.example:25"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        facteur_error *error = NULL;
        fct_plan plan;

        if (fct_plan_init(&plan, cases[i].dsn, NULL, NULL, 0, &error))
            fail_msg("%s: %s", cases[i].dsn, facteur_error_message(error));
        assert_int_equal(plan.members[0].relay.session.tls, cases[i].tls);
        assert_int_equal(plan.members[0].relay.port, cases[i].port);
        assert_string_equal(plan.name, cases[i].name);
        if (plan.members[0].relay.host)
            assert_null(strchr(plan.members[0].relay.tls.name, '%'));
        fct_plan_done(&plan);
    }
}

/* What is taken here is taken again when the relay's context is made. */
static void pins_are_read_one_way(void **state)
{
    static const char *const lists[] = {PIN, "SHA256//" PIN, PIN "," PIN,
                                        "sha256//" PIN "%20,%20sha256//" PIN};
    char many[32 + 17 * sizeof PIN] = "smtps://h.example?pin_sha256=" PIN;
    fct_plan plan;

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        facteur_error *error = NULL;
        fct_tls_pins pins;
        char dsn[200];

        snprintf(dsn, sizeof dsn, "smtps://h.example?pin_sha256=%s", lists[i]);
        if (fct_plan_init(&plan, dsn, NULL, NULL, 0, &error))
            fail_msg("%s: %s", lists[i], facteur_error_message(error));
        assert_int_equal(fct_tls_pins_parse(&pins, plan.members[0].relay.tls.pin_sha256, NULL), 0);
        assert_int_equal(pins.count, strchr(lists[i], ',') ? 2 : 1);
        fct_plan_done(&plan);
    }
    for (int i = 1; i < FCT_TLS_PINS_MAX; i++)
        strcat(many, "," PIN);
    assert_int_equal(fct_plan_init(&plan, many, NULL, NULL, 0, NULL), 0);
    fct_plan_done(&plan);
    strcat(many, "," PIN);
    assert_int_equal(fct_plan_init(&plan, many, NULL, NULL, 0, NULL), FACTEUR_ECONFIG);
}

struct refusal {
    const char *dsn, *where;
};

static void plans_that_make_no_sense_are_refused(void **state)
{
    static const struct refusal refusals[] = {
        {"smtp://u:p@h.example?tls=none", "tls"},
        {"smtps://h.example?tls=none", "tls"},
        {"smtps://u@h.example", "password"},
        {"smtps://h.example?password=p", "username"},
        {"smtps://u:p@h.example?token=t", "token"},
        {"smtps://u:p@h.example?password_env=FCT_TEST_UNSET", "password_env"},
        {"smtps://u@h.example?password_env=FCT_TEST_UNSET", "password_env"},
        {"smtps://u:p@h.example?auth=XOAUTH2", "auth"},
        {"smtps://u@h.example?token=t&auth=PLAIN", "auth"},
        {"smtps://h.example?auth=PLAIN", "auth"},
        {"smtps://h.example?authzid=b", "authzid"},
        {"smtps://u:p@h.example?auth=LOGIN&authzid=b", "authzid"},
        {"smtps://u@h.example?token=t&auth=XOAUTH2&authzid=b", "authzid"},
        {"brevo://key-alone", "password"},
        {"sendgrid://", "password"},
        {"smtps://h.example?client_key=/k.pem", "client_cert"},
        {"smtps://h.example?client_key_password=k", "client_cert"},
        {"smtps://h.example?pin_sha256=abcd", "pin_sha256"},
        {"smtps://h.example?pin_sha256=" PIN ",", "pin_sha256"},
        {"smtps://h.example?pin_sha256=," PIN, "pin_sha256"},
        {"smtps://h.example?pin_sha256=" PIN ";" PIN, "pin_sha256"},
        {"smtps://h.example?pin_sha256=sha256//", "pin_sha256"},
        {"smtps://h.example?pin_sha256=sha1//" PIN, "pin_sha256"},
        {"smtps://h.example?tls_name=a%20b", "tls_name"},
        {"smtp+unix:///run/smtp?tls=starttls", "tls_name"},
        {"smtps://h.example?helo=a_b", "helo"},
        {"smtps://h.example?default_from=nobody", "default_from"},
        {"smtps://h.example?default_from=a@b.example,c@d.example", "default_from"},
        {"smtps://h.example?contact_to=%3Ca@", "contact_to"},
        {"memory://?pool_size=3", "pool_size"},
        {"null://?deadline=3&tls=none", "tls"},
        {"file:///tmp?username=a&password=b", "username"},
        {"null://?mode=redirect", "redirect_to"},
        {"null://?mode=redirect&redirect_to=x", "redirect_to"},
        {"null://?mode=allowlist", "allow"},
        {"null://?mode=allowlist&allow=a..example", "allow"},
        {"null://?mode=allowlist&allow=,", "allow"},
    };

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        facteur_error *error = NULL;
        fct_plan plan;

        if (fct_plan_init(&plan, refusals[i].dsn, NULL, NULL, 0, &error) != FACTEUR_ECONFIG)
            fail_msg("%s was accepted", refusals[i].dsn);
        if (strcmp(facteur_error_where(error), refusals[i].where) != 0)
            fail_msg("%s: %s: %s", refusals[i].dsn, facteur_error_where(error),
                     facteur_error_message(error));
        facteur_error_free(error);
    }
}

static void the_strongest_secret_wins(void **state)
{
    const char *name = "token", *value = "tok";
    fct_plan plan;

    setenv("FACTEUR_PASSWORD_FILE", "/nowhere", 1);
    setenv("FCT_TEST_SECRET", "from-env", 1);
    assert_int_equal(fct_plan_init(&plan, "smtps://u:p@h.example", NULL, NULL, 0, NULL), 0);
    assert_string_equal(fct_secret_bytes(plan.members[0].relay.session.password).ptr, "p");
    assert_int_equal(fct_plan_complete(&plan, "", NULL), 0);
    fct_plan_done(&plan);
    assert_int_equal(fct_plan_init(&plan, "smtps://u:p@h.example", &name, &value, 1, NULL), 0);
    assert_null(plan.members[0].relay.session.password);
    assert_string_equal(fct_secret_bytes(plan.members[0].relay.session.token).ptr, "tok");
    fct_plan_done(&plan);
    assert_int_equal(fct_plan_init(&plan, "smtps://u@h.example?password_env=FCT_TEST_SECRET", NULL,
                                   NULL, 0, NULL),
                     0);
    assert_string_equal(fct_secret_bytes(plan.members[0].relay.session.password).ptr, "from-env");
    fct_plan_done(&plan);
    unsetenv("FACTEUR_PASSWORD_FILE");
    unsetenv("FCT_TEST_SECRET");
}

static char *write_temporary(const char *content)
{
    char *path = fct_strdup("/tmp/facteur-test-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    return path;
}

static void rewrite(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(content, file);
    assert_int_equal(fclose(file), 0);
}

static void files_are_read_at_the_first_send_only(void **state)
{
    static const struct refusal refusals[] = {
        {"smtps://u@h.example?password_file=/nowhere/pw", "password_file"},
        {"smtps://u@h.example?password_file=/tmp", "password_file"},
        {"smtps://h.example?ca_file=/nowhere/ca.pem", "ca_file"},
        {"smtps://h.example?client_cert=/nowhere/c.pem", "client_cert"},
        {"smtps://h.example?ca_path=/nowhere", "ca_path"},
        {"smtps://h.example?ca_path=/dev/null", "ca_path"},
        {"smtps://h.example?client_cert=/dev/null&client_key=/nowhere/k.pem", "client_key"},
    };
    char *path = write_temporary("s3cret\r\n");
    char dsn[128];
    fct_plan plan;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        facteur_error *error = NULL;

        assert_int_equal(fct_plan_init(&plan, refusals[i].dsn, NULL, NULL, 0, NULL), 0);
        assert_int_equal(fct_plan_complete(&plan, "", &error), FACTEUR_ECONFIG);
        assert_string_equal(facteur_error_where(error), refusals[i].where);
        assert_false(plan.members[0].ready);
        facteur_error_free(error);
        fct_plan_done(&plan);
    }
    snprintf(dsn, sizeof dsn, "postmark://?password_file=%s", path);
    assert_int_equal(fct_plan_init(&plan, dsn, NULL, NULL, 0, NULL), 0);
    assert_null(plan.members[0].relay.session.password);
    assert_int_equal(fct_plan_complete(&plan, "", NULL), 0);
    assert_string_equal(fct_secret_bytes(plan.members[0].relay.session.password).ptr, "s3cret");
    assert_string_equal(plan.members[0].relay.session.username, "s3cret");
    assert_false(fct_member_renew(&plan.members[0]));
    rewrite(path, "s3cond\n");
    assert_true(fct_member_renew(&plan.members[0]));
    assert_string_equal(fct_secret_bytes(plan.members[0].relay.session.password).ptr, "s3cond");
    assert_string_equal(plan.members[0].relay.session.username, "s3cond");
    assert_int_equal(plan.members[0].relay.generation, 1);
    fct_plan_done(&plan);
    unlink(path);
    fct_free(path);
}

static void ehlo_has_a_name_that_means_something(void **state)
{
    fct_plan plan;

    assert_int_equal(
        fct_plan_init(&plan, "smtp://h.example?helo=shop.example", NULL, NULL, 0, NULL), 0);
    assert_int_equal(fct_plan_complete(&plan, "ana@other.example", NULL), 0);
    assert_string_equal(plan.members[0].relay.session.helo, "shop.example");
    fct_plan_done(&plan);
    assert_int_equal(fct_plan_init(&plan, "smtp://h.example", NULL, NULL, 0, NULL), 0);
    assert_int_equal(fct_plan_complete(&plan, "ana@other.example", NULL), 0);
    assert_true(fct_host_is_helo(fct_slice_of(plan.members[0].relay.session.helo)));
    assert_true(fct_host_is_public_name(fct_slice_of(plan.members[0].relay.session.helo)));
    fct_plan_done(&plan);
}

static bool equal(const char *a, const char *b)
{
    fct_plan one, two;
    bool same;

    assert_int_equal(fct_plan_init(&one, a, NULL, NULL, 0, NULL), 0);
    assert_int_equal(fct_plan_init(&two, b, NULL, NULL, 0, NULL), 0);
    same = fct_plan_equal(&one, &two);
    fct_plan_done(&one);
    fct_plan_done(&two);
    return same;
}

static void equal_plans_are_recognised(void **state)
{
    assert_true(equal("smtps://u:p@h.example", "SMTPS://u:%70@H.example:465/?deadline=10.0"));
    assert_false(equal("smtps://u:p@h.example", "smtps://u:q@h.example"));
    assert_false(equal("smtps://u:p@h.example", "smtps://v:p@h.example"));
    assert_false(equal("smtps://u:p@h.example", "smtps://u:p@h.example:466"));
    assert_false(equal("smtp://u:p@h.example", "smtp://u:p@h.example?tls=opportunistic"));
    assert_false(equal("smtps://h.example", "smtps://h.example?pin_sha256=" PIN));
    assert_false(equal("file:///a", "file:///b"));
    assert_false(equal("null://", "null://?mode=capture"));
}

static void allocations_may_fail(void **state)
{
    static const char *const dsn = "smtps://u:p@h.example?mode=redirect&redirect_to=a@b.example,"
                                   "c@d.example&allow=x.example,y@z.example&ca_file=/dev/null"
                                   "&default_from=A%20%3Ca@b.example%3E&pin_sha256=" PIN;
    int failed = 1;

    for (unsigned long nth = 1; failed; nth++) {
        facteur_error *error = NULL;
        fct_plan plan;
        int err;

        fct_memory_fail_at(nth);
        err = fct_plan_init(&plan, dsn, NULL, NULL, 0, &error);
        if (!err)
            err = fct_plan_complete(&plan, "a@b.example", &error);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(err, failed ? FACTEUR_ENOMEM : 0);
        facteur_error_free(error);
        fct_plan_done(&plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_all_presets_work),
        cmocka_unit_test(the_page_has_every_preset),
        cmocka_unit_test(presets_know_their_limits),
        cmocka_unit_test(no_other_preset_has_limits),
        cmocka_unit_test(regions_have_their_hosts),
        cmocka_unit_test(what_follows_the_at_is_known_or_refused),
        cmocka_unit_test(an_address_is_a_login),
        cmocka_unit_test(each_setting_has_its_place),
        cmocka_unit_test(settings_bring_others_along),
        cmocka_unit_test(tls_and_port_follow_from_the_dsn),
        cmocka_unit_test(pins_are_read_one_way),
        cmocka_unit_test(plans_that_make_no_sense_are_refused),
        cmocka_unit_test(the_strongest_secret_wins),
        cmocka_unit_test(files_are_read_at_the_first_send_only),
        cmocka_unit_test(ehlo_has_a_name_that_means_something),
        cmocka_unit_test(equal_plans_are_recognised),
        cmocka_unit_test(allocations_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
