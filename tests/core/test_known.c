/* SPDX-License-Identifier: MIT */
/* smtp/known: each server by its words, and none by others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "smtp/known.h"

static void servers_are_known_by_their_greeting(void **state)
{
    static const struct {
        const char *greeting;
        unsigned traits;
    } rows[] = {
        {"mx.example ESMTP Postfix", 3},
        {"mx.example esmtp postfix (Debian/GNU)", 3},
        {"mx.example ESMTP Exim 4.96 Mon, 23 Nov 2026 10:00:00 +0000", 7},
        {"mx.example ESMTP OpenSMTPD", 2},
        {"mx.example Dovecot ready.", 2},
        {"mx.example ESMTP Haraka/3.0.5 ready", 3},
        {"mx.example ESMTP Sendmail 8.17.1.9", 3},
        {"mx.example ESMTP qpsmtpd 0.94 ready", 3},
        {"exim.example ESMTP", 4},
        {"mx.example ESMTP Exim", 4},
        {"mx.example ESMTP", 0},
        {"mx.example ESMTP Sendmail", 0},
        {"mx.example Dovecot", 0},
        {"", 0},
        {NULL, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(fct_known_by_greeting(rows[i].greeting), rows[i].traits);
}

static void exim_is_known_by_its_answer(void **state)
{
    static const struct {
        const char *answer;
        unsigned traits;
    } rows[] = {
        {"mx Hello client [192.0.2.1]", 4},
        {"mx Hello client [192.0.2.1]\nSIZE 1", 4},
        {"mx Hello client [192.0.2.1] hi\nSIZE 1", 0},
        {"mx Hello [192.0.2.1]", 0},
        {"mx hello client [192.0.2.1]", 0},
        {"mx\nAUTH Hello a [b]", 0},
        {"mx\nPIPECONNECT", 4},
        {"mx\nSIZE\nx_pipe_connect", 4},
        {"PIPECONNECT", 0},
        {"", 0},
        {NULL, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(fct_known_by_ehlo(rows[i].answer), rows[i].traits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_are_known_by_their_greeting),
        cmocka_unit_test(exim_is_known_by_its_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
