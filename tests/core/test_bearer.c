/* SPDX-License-Identifier: MIT */
/* config/bearer: which tokens are taken, how long one is good, and who asks for the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "config/bearer.h"

/* What the callback gives next. */
static struct next {
    const char *text;
    size_t len;
    double life;
    const char *problem;
    int result, given;
    unsigned asked;
} next;

static int give(void *user, const char *relay, const char *username, facteur_token *token)
{
    assert_ptr_equal(user, &next);
    assert_string_equal(relay, "relay.example");
    assert_string_equal(username, "ana");
    next.asked++;
    if (next.text)
        next.given = facteur_token_give(token, next.text, next.len, next.life);
    if (next.problem)
        facteur_token_fail(token, next.problem);
    return next.result;
}

static const struct fct_bearer_callback callback = {give, &next};
static unsigned number;
static char problem[FCT_BEARER_TEXT];

static fct_bearer *ask(struct next what)
{
    fct_bearer *source = fct_bearer_new(NULL, "relay.example", "ana");

    assert_non_null(source);
    next = what;
    fct_bearer_ensure(source, &callback, UINT64_MAX);
    assert_int_equal(next.asked, 1);
    return source;
}

static void expect_token(fct_bearer *source, const char *text)
{
    fct_secret *secret = fct_bearer_current(source, &number, problem);

    if (!text) {
        assert_null(secret);
        return;
    }
    assert_non_null(secret);
    assert_true(fct_slice_equal(fct_secret_bytes(secret), fct_slice_of(text)));
    fct_secret_unref(secret);
}

/* Octet by octet: a token has no space, and nothing that is no printable ASCII. */
static void a_token_is_printable(void **state)
{
    for (int byte = 0; byte < 256; byte++) {
        char text[] = {'a', (char)byte, 'b', '\0'};
        bool good = byte > 0x20 && byte < 0x7f;
        fct_bearer *source = ask((struct next){.text = text, .len = 3});

        assert_int_equal(next.given, good ? 0 : FACTEUR_ECONFIG);
        expect_token(source, good ? text : NULL);
        fct_bearer_free(source);
    }
}

static void a_token_has_1_to_65536_octets(void **state)
{
    static const size_t lengths[] = {0, 1, 65536, 65537};
    static char text[65538];

    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < 4; i++) {
        fct_bearer *source = ask((struct next){.text = text, .len = lengths[i]});

        assert_int_equal(next.given, i == 1 || i == 2 ? 0 : FACTEUR_ECONFIG);
        fct_bearer_free(source);
    }
    fct_bearer_free(ask((struct next){.text = "", .len = FACTEUR_NTS}));
    assert_int_equal(next.given, FACTEUR_ECONFIG);
}

static void a_token_is_good_for_nine_tenths_of_its_life(void **state)
{
    static const struct {
        double life;
        bool good;
    } rows[] = {{0, true},    {-1, true},  {1e-9, false},   {3600, true},
                {1e12, true}, {NAN, true}, {INFINITY, true}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fct_bearer *source = ask((struct next){"t0k3n", FACTEUR_NTS, .life = rows[i].life});

        assert_int_equal(fct_bearer_is_good(source), rows[i].good);
        /* Whoever sends with it may have it still. */
        expect_token(source, "t0k3n");
        assert_int_equal(number, 1);
        fct_bearer_ensure(source, &callback, UINT64_MAX);
        assert_int_equal(next.asked, rows[i].good ? 1 : 2);
        fct_bearer_free(source);
    }
}

static void a_refused_token_is_not_used_again(void **state)
{
    fct_bearer *source = ask((struct next){"first", FACTEUR_NTS, .life = 0});

    expect_token(source, "first");
    fct_bearer_refuse(source, number + 1);
    assert_true(fct_bearer_is_good(source));
    fct_bearer_refuse(source, number);
    assert_false(fct_bearer_is_good(source));
    expect_token(source, NULL);
    assert_string_equal(problem, "the relay did not accept the token");
    next.text = "second";
    fct_bearer_ensure(source, &callback, UINT64_MAX);
    expect_token(source, "second");
    assert_int_equal(number, 2);
    fct_bearer_free(source);
}

static void a_source_says_why_it_has_none(void **state)
{
    fct_bearer *source = fct_bearer_new(NULL, "relay.example", "ana");
    char sentence[300];

    expect_token(source, NULL);
    assert_string_equal(problem, "no token was asked for yet");
    assert_int_equal(number, 0);
    fct_bearer_ensure(source, &(struct fct_bearer_callback){0}, UINT64_MAX);
    expect_token(source, NULL);
    assert_string_equal(problem, "no callback was set with facteur_mailer_set_token_source()");
    fct_bearer_free(source);
    source = ask((struct next){.result = 0});
    expect_token(source, NULL);
    assert_string_equal(problem, "the token source gave no token");
    fct_bearer_free(source);
    /* What it gave before it failed does not count. */
    source = ask(
        (struct next){"t0k3n", FACTEUR_NTS, .result = -1, .problem = "a~\x1f\x7f\r\n\xc3\xa9 b"});
    expect_token(source, NULL);
    assert_string_equal(problem, "a~?????? b");
    fct_bearer_free(source);
    memset(sentence, 's', sizeof sentence - 1);
    sentence[sizeof sentence - 1] = '\0';
    source = ask((struct next){.result = -1, .problem = sentence});
    expect_token(source, NULL);
    assert_int_equal(strlen(problem), FCT_BEARER_TEXT - 1);
    fct_bearer_free(source);
}

/* An old token that is still good stays when the next asking fails. */
static void the_last_given_token_counts(void **state)
{
    fct_bearer *source = ask((struct next){"first", FACTEUR_NTS, .life = 1e-9});

    next = (struct next){.result = -1, .problem = "away"};
    fct_bearer_ensure(source, &callback, UINT64_MAX);
    expect_token(source, "first");
    assert_string_equal(problem, "away");
    next = (struct next){.text = "second", .len = FACTEUR_NTS};
    fct_bearer_ensure(source, &callback, UINT64_MAX);
    expect_token(source, "second");
    fct_bearer_free(source);
}

static fct_bearer *nested;
static char inner[FCT_BEARER_TEXT];
static int depth, callers[2];

/* A source that sends a mail for which it would have to ask itself. */
static int ask_itself(void *user, const char *relay, const char *username, facteur_token *token)
{
    struct fct_bearer_callback again = {ask_itself, user};
    unsigned none;

    if (depth++ == 0) {
        assert_true(fct_bearer_is_asked(nested));
        if (user)
            facteur_set_caller(&callers[1]);
        fct_bearer_ensure(nested, &again, UINT64_MAX);
        fct_secret_unref(fct_bearer_current(nested, &none, inner));
        facteur_set_caller(&callers[0]);
    }
    return facteur_token_give(token, "t0k3n", FACTEUR_NTS, 0);
}

static void a_source_that_needs_its_own_token_is_told(void **state)
{
    facteur_set_caller(&callers[0]);
    for (int other = 0; other < 2; other++) {
        depth = 0;
        nested = fct_bearer_new(NULL, NULL, NULL);
        fct_bearer_ensure(nested, &(struct fct_bearer_callback){ask_itself, other ? &depth : NULL},
                          UINT64_MAX);
        /* Another caller in the thread asks, too; the same one would wait for itself. */
        assert_int_equal(depth, other ? 2 : 1);
        assert_string_equal(inner, other ? "the relay did not accept the token"
                                         : "the token source sent a mail that needs its token");
        expect_token(nested, "t0k3n");
        assert_int_equal(number, other ? 2 : 1);
        assert_false(fct_bearer_is_asked(nested));
        fct_bearer_free(nested);
    }
    facteur_set_caller(NULL);
}

/* What a fiber that is gone asked for, another caller asks for again; no other thread waits. */
static int ask_and_vanish(void *user, const char *relay, const char *username, facteur_token *token)
{
    unsigned none;

    if (depth++ == 0) {
        facteur_forget_callers();
        facteur_set_caller(&callers[0]);
        assert_false(fct_bearer_is_asked(nested));
        fct_bearer_ensure(nested, &(struct fct_bearer_callback){ask_and_vanish, user}, UINT64_MAX);
        fct_secret_unref(fct_bearer_current(nested, &none, inner));
        longjmp(user, 1);
    }
    return facteur_token_give(token, "t0k3n", FACTEUR_NTS, 0);
}

static void a_caller_that_is_gone_is_forgotten(void **state)
{
    jmp_buf fatal;

    facteur_set_caller(&callers[0]);
    depth = 0;
    nested = fct_bearer_new(NULL, NULL, NULL);
    if (setjmp(fatal) == 0)
        fct_bearer_ensure(nested, &(struct fct_bearer_callback){ask_and_vanish, fatal}, UINT64_MAX);
    assert_int_equal(depth, 2);
    assert_false(fct_bearer_is_asked(nested));
    expect_token(nested, "t0k3n");
    fct_bearer_free(nested);
    facteur_forget_callers();
}

static void a_command_is_run(void **state)
{
    fct_bearer *source = fct_bearer_new("echo t0k3n", "relay.example", "ana");

    fct_bearer_ensure(source, &(struct fct_bearer_callback){0}, UINT64_MAX);
    expect_token(source, "t0k3n");
    fct_bearer_free(source);
    fct_bearer_free(NULL);
}

#ifdef FCT_FAULT_INJECTION
static void a_source_is_whole_or_none(void **state)
{
    size_t blocks = fct_memory_blocks();
    fct_bearer *source = NULL;

    for (unsigned long nth = 1; !source; nth++) {
        fct_memory_fail_at(nth);
        source = fct_bearer_new("echo t0k3n", "relay.example", "ana");
        assert_int_equal(!source, fct_memory_failed());
        fct_memory_fail_at(0);
        if (!source)
            assert_int_equal(fct_memory_blocks(), blocks);
    }
    assert_int_equal(fct_memory_blocks(), blocks + 4);
    fct_bearer_free(source);
    assert_int_equal(fct_memory_blocks(), blocks);
}

static void without_memory_there_is_no_token(void **state)
{
    fct_bearer *source = fct_bearer_new(NULL, "relay.example", "ana");

    fct_memory_fail_at(1);
    fct_bearer_ensure(source, &callback, UINT64_MAX);
    fct_memory_fail_at(1);
    assert_false(fct_bearer_is_good(source));
    fct_memory_fail_at(1);
    expect_token(source, NULL);
    assert_string_equal(problem, "out of memory");
    fct_memory_fail_at(2); /* behind the state */
    fct_bearer_ensure(source, &callback, UINT64_MAX);
    fct_memory_fail_at(0);
    expect_token(source, NULL);
    assert_string_equal(problem, "out of memory");
    fct_bearer_free(source);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_printable),
        cmocka_unit_test(a_token_has_1_to_65536_octets),
        cmocka_unit_test(a_token_is_good_for_nine_tenths_of_its_life),
        cmocka_unit_test(a_refused_token_is_not_used_again),
        cmocka_unit_test(a_source_says_why_it_has_none),
        cmocka_unit_test(the_last_given_token_counts),
        cmocka_unit_test(a_source_that_needs_its_own_token_is_told),
        cmocka_unit_test(a_caller_that_is_gone_is_forgotten),
        cmocka_unit_test(a_command_is_run),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(a_source_is_whole_or_none),
        cmocka_unit_test(without_memory_there_is_no_token),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
