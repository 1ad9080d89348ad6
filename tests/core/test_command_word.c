/* SPDX-License-Identifier: MIT */
/* Lines that an SMTP server could take for commands, and texts that are encoded so that none is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mime/command_word.h"
#include "mime/encoding.h"

static const char *const commands[] = {
    "MAIL", "RCPT", "DATA",    "BDAT",     "RSET",     "NOOP",    "QUIT",    "VRFY",   "EXPN",
    "HELP", "HELO", "EHLO",    "LHLO",     "AUTH",     "ETRN",    "TURN",    "SEND",   "SOML",
    "SAML", "BURL", "XCLIENT", "XFORWARD", "ATRN",     "VERB",    "XEXCH50", "X-EXPS", "mail",
    "Mail", "dAtA", "sEnD",    "quit",     "STARTTLS", "startTLS"};

static const char *const innocent[] = {
    "",      "M",      "MAI",     "MA\nIL",   "Sender: x", "sending", "emails",  "x MAIL",
    "-MAIL", "=4DAIL", "Date: x", "Start it", "X-Mailer:", "{",       "@AIL",    "{AIL",
    "`AIL",  "[AIL",   "To: x",   "Message",  "Subject:",  "Reset",   "\x80MAIL"};

static bool begins(const char *line)
{
    return fct_command_word_begins(line, strlen(line));
}

static bool within(const char *text)
{
    return fct_command_word_within(text, strlen(text));
}

static void every_word_in_any_place(void **state)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        static const char *const ahead[] = {"", " ", "\t \t"}, *const behind[] = {"", " x", "\r\n",
                                                                                  ":", "-x"};

        for (size_t place = 0; place < 15; place++) {
            char line[100], text[200];

            snprintf(line, sizeof line, "%s%s%s", ahead[place / 5], commands[i], behind[place % 5]);
            assert_true(begins(line));
            assert_true(within(line));
            snprintf(text, sizeof text, "a\r\n%s", line);
            assert_true(within(text));
            snprintf(text, sizeof text, "a\n\n%s", line);
            assert_true(within(text));
            snprintf(text, sizeof text, "a\r%s", line);
            assert_true(within(text));
            snprintf(text, sizeof text, "a %s", line);
            assert_false(within(text));
        }
    }
    assert_true(begins("DATAbase"));
    assert_true(begins("mailing FROM:<a@x.example>"));
}

static void what_is_none(void **state)
{
    for (size_t i = 0; i < sizeof innocent / sizeof innocent[0]; i++) {
        assert_false(begins(innocent[i]));
        assert_false(within(innocent[i]));
    }
    /* Not a byte behind the end is looked at. */
    for (size_t len = 0; len < 4; len++) {
        char *exact = malloc(len ? len : 1);

        memcpy(exact, "MAIL", len);
        assert_false(fct_command_word_begins(exact, len));
        assert_false(fct_command_word_within(exact, len));
        free(exact);
    }
    for (size_t blanks = 1; blanks < 6; blanks++) {
        char *exact = malloc(blanks + 4);

        memset(exact, blanks % 2 ? ' ' : '\t', blanks);
        memcpy(exact + blanks, "MAIL", 4);
        assert_false(fct_command_word_begins(exact, blanks + 3));
        assert_true(fct_command_word_begins(exact, blanks + 4));
        free(exact);
        exact = malloc(blanks + 3);
        memset(exact, ' ', blanks);
        memcpy(exact + blanks, "MAI", 3);
        assert_false(fct_command_word_begins(exact, blanks + 3));
        free(exact);
    }
}

/* Lines of words, blanks and letters of any length, broken where it happens. */
static void no_encoded_text_has_one(void **state)
{
    srandom(7);
    for (int round = 0; round < 3000; round++) {
        fct_buf text = {0}, out = {0};

        while (text.len < 300) {
            static const char *const between[] = {" ",        "\n", "",    "x",  "\n ",
                                                  "\xc3\xa9", "=",  ".\n", " \n"};

            fct_buf_add_text(&text,
                             commands[(size_t)random() % (sizeof commands / sizeof commands[0])]);
            fct_buf_add_text(&text, between[random() % (round % 2 ? 9 : 5)]);
        }
        assert_true(fct_encoding_choose((fct_slice){text.ptr, text.len}) != FCT_7BIT);
        fct_encode_text(&out, FCT_QUOTED_PRINTABLE, (fct_slice){text.ptr, text.len});
        assert_false(fct_command_word_within(out.ptr, out.len));
        fct_buf_done(&text);
        fct_buf_done(&out);
    }
}

static void a_word_alone_is_coded(void **state)
{
    static const struct {
        const char *text, *coded;
    } lines[] = {{"Mail us:\nx@y.example\n", "=4Dail us:\r\nx@y.example\r\n"},
                 {"Hi\n Help\n", "Hi\r\n=20Help\r\n"},
                 {"Hi\n\tdata", "Hi\r\n=09data"}};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        fct_buf out = {0};

        assert_int_equal(fct_encoding_choose(fct_slice_of(lines[i].text)), FCT_QUOTED_PRINTABLE);
        fct_encode_text(&out, FCT_QUOTED_PRINTABLE, fct_slice_of(lines[i].text));
        assert_string_equal(out.ptr, lines[i].coded);
        fct_buf_done(&out);
    }
}

/* The cheap look never rules out a command, and it rules out other lines. */
static void two_bytes_rule_no_word_out(void **state)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        assert_true(fct_command_word_may_begin(commands[i]));
    assert_true(fct_command_word_may_begin(" MAIL") && fct_command_word_may_begin("\t MAIL"));
    assert_true(fct_command_word_may_begin("  \tMAIL"));
    assert_false(fct_command_word_may_begin("<td>") || fct_command_word_may_begin(" Returns"));
    assert_false(fct_command_word_may_begin("Dear") || fct_command_word_may_begin("\r\nMA"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_bytes_rule_no_word_out),
        cmocka_unit_test(every_word_in_any_place),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(no_encoded_text_has_one),
        cmocka_unit_test(a_word_alone_is_coded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
