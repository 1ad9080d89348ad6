/* SPDX-License-Identifier: MIT */
/* mime/: finished bytes written anew, for SMTP and for a relay that offers little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/memory.h"
#include "mime/content.h"
#include "mime/header.h"
#include "mime/mend.h"
#include "mime/mend_leaf.h"
#include "mime/message.h"
#include "mime/sealed.h"

#define BOTH (FCT_NEEDS_8BITMIME | FCT_NEEDS_SMTPUTF8)
#define XX "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" /* fifty */
#define LONG XX XX XX XX XX XX XX XX XX XX XX XX XX XX XX XX XX XX XX XX

static const struct fct_freeze facts = {.date_s = 1795424400, .random = "0123456789abcde"};

static void check_mended(const char *text, unsigned lacks, const char *expected)
{
    fct_buf out = {0};
    fct_mend mend = {.out = &out, .lacks = lacks};

    fct_mend_message(&mend, fct_slice_of(text));
    assert_false(out.failed);
    if (strcmp(out.ptr, expected) != 0)
        fail_msg("%s\nbecame\n%s\nnot\n%s", text, out.ptr, expected);
    assert_int_equal(strcmp(text, expected) != 0, mend.done != 0);
    assert_false(fct_mend_has_long_line((fct_slice){out.ptr, out.len}));
    fct_buf_done(&out);
}

/* A message of one field: what becomes of it. */
static void check_field(const char *field, unsigned lacks, const char *expected)
{
    fct_buf text = {0}, wanted = {0};

    fct_buf_addf(&text, "%s\r\n\r\nx\r\n", field);
    fct_buf_addf(&wanted, "%s%s\r\nx\r\n", expected, *expected ? "\r\n" : "");
    check_mended(text.ptr, lacks, wanted.ptr);
    fct_buf_done(&text);
    fct_buf_done(&wanted);
}

static void fields_become_ascii(void **state)
{
    static const struct {
        const char *field, *expected;
    } cases[] = {
        {"Subject: plain", "Subject: plain"},
        {"Subject: Gr\xc3\xbc\xc3\x9f"
         "e",
         "Subject: =?utf-8?B?R3LDvMOfZQ==?="},
        /* windows-1252, and a byte that it does not have. */
        {"Subject: Gr\xfc\xdf"
         "e \x80\x93",
         "Subject: =?utf-8?B?R3LDvMOfZSDigqzigJw=?="},
        {"X-A: a\x81", "X-A: =?utf-8?B?Ye+/vQ==?="},
        /* Tokens fold behind a comma, a semicolon and an id, but not within an id. */
        {"List-Post: " XX "," XX "\xc3\xa9", "List-Post: " XX ",\r\n " XX "%C3%A9"},
        {"List-Post: " XX ";" XX "\xc3\xa9", "List-Post: " XX ";\r\n " XX "%C3%A9"},
        {"List-Post: <" XX "><" XX "\xc3\xa9>", "List-Post: <" XX ">\r\n <" XX "%C3%A9>"},
        {"List-Post: <" XX "," XX "\xc3\xa9>", "List-Post: <" XX "," XX "%C3%A9>"},
        /* Encoded words that are there already stay, and the blank beside them is kept. */
        {"Subject: =?utf-8?B?R3LDvMOfZQ==?= f\xc3\xbcr Ana",
         "Subject: =?utf-8?B?R3LDvMOfZQ==?= =?utf-8?B?IGbDvHI=?= Ana"},
        {"Subject: a\r\n \xc3\xa4 =?utf-8?Q?b?=", "Subject: a =?utf-8?B?w6Qg?= =?utf-8?Q?b?="},
        {"From: M\xc3\xbcller <a@b.example>", "From: =?utf-8?Q?M=C3=BCller?= <a@b.example>"},
        {"From: \"M\xc3\xbcller, \\\"A\\\"\" <a@b.example>, b@c.example",
         "From: =?utf-8?B?TcO8bGxlciwgIkEi?= <a@b.example>, b@c.example"},
        {"From: =?utf-8?Q?Ana?= M\xfcller <a@b.example>",
         "From: =?utf-8?Q?Ana?= =?utf-8?Q?_M=C3=BCller?= <a@b.example>"},
        {"To: Caf\xc3\xa9 [VIP] <a@b.example>; c@d.example",
         "To: =?utf-8?B?Q2Fmw6kgW1ZJUF0=?= <a@b.example>, c@d.example"},
        {"Cc: a@b.example (M\xc3\xbcller)", "Cc: a@b.example ( =?utf-8?Q?M=C3=BCller?= )"},
        {"Cc: <a@b.example> (M\xc3\xbc)", "Cc: <a@b.example> ( =?utf-8?B?TcO8?= )"},
        /* Nothing is behind the last backslash of what no quote ends. */
        {"From: \"M\xc3\xbc \\", "From: =?utf-8?B?TcO8IFw=?="},
        {"To: Z\xc3\xbcge: a@b.example, c@d.example;",
         "To: =?utf-8?B?WsO8Z2U=?= : a@b.example, c@d.example;"},
        {"To: Friends: \xc3\x84 <a@b.example>, c@d.example;, e@f.example",
         "To: Friends : =?utf-8?B?w4Q=?= <a@b.example>, c@d.example;, e@f.example"},
        {"To: \xc3\x9cnknown", "To: =?utf-8?Q?=C3=9Cnknown?="},
        {"To: ana@ex\xc3\xa4mple.example", "To: ana@xn--exmple-cua.example"},
        {"List-Id: M\xc3\xbcnchen <m.example>", "List-Id: =?utf-8?Q?M=C3=BCnchen?= <m.example>"},
        {"Message-ID: <1@m\xc3\xbcller>", "Message-ID: <1@m%C3%BCller>"},
        {"List-Unsubscribe: <https://a.example/\xc3\xa9>",
         "List-Unsubscribe: <https://a.example/%C3%A9>"},
        {"Content-Type: text/plain; charset=utf-8; name=\"\xc3\xa9.txt\"",
         "Content-Type: text/plain; charset=utf-8;\r\n name=\"=?utf-8?B?w6kudHh0?=\""},
        {"Content-Disposition: attachment; filename=R\xe9sum\xe9.pdf; size=12",
         "Content-Disposition: attachment; filename*=utf-8''R%C3%A9sum%C3%A9.pdf;\r\n "
         "filename=\"R_sum_.pdf\"; size=12"},
        {"Content-Type: a/b; x=\"\xe9", "Content-Type: a/b; x*=utf-8''%C3%A9; x=\"_\""},
        {"Content-Disposition: attachment; \xc3\xa9", "Content-Disposition: attachment; %C3%A9"},
        /* In a list that is otherwise none, a group keeps its colon. */
        {"To: a)b@c.example, Z\xc3\xbcge:; x", "To: a)b@c.example, =?utf-8?B?WsO8Z2U=?= :;, x"},
        {"To: Z\xc3\xbcge, \x0f, b@c.example", "To: =?utf-8?B?WsO8Z2U=?=, b@c.example"},
        /* What is open in one item is not closed by the next. */
        {"To: <, <\xc3\xa9@a", "To: \"<\", =?utf-8?B?PMOpQGE=?= :;"},
        {"To: \", \xc3\xa9@a, (b", "To: \xc3\xa9@a, \"(b\""},
        {"To: (, \xc3\xa9@a (c", "To: \"(\", =?utf-8?B?w6lAYSAoYw==?= :;"},
        /* What is no address in the end is shown, and nothing more. */
        {"To: \xc3\xa9 \xc3\xa9 <a b\xc3\xa9@>",
         "To: =?utf-8?B?w6kgw6k=?= =?utf-8?B?YSBiw6lA?= :;"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_field(cases[i].field, 0, cases[i].expected);
}

static void windows_1252_is_read_whole(void **state)
{
    static const char expected[] =
        "\xe2\x82\xac\xef\xbf\xbd\xe2\x80\x9a\xc6\x92\xe2\x80\x9e\xe2\x80\xa6"
        "\xe2\x80\xa0\xe2\x80\xa1\xcb\x86\xe2\x80\xb0\xc5\xa0\xe2\x80\xb9"
        "\xc5\x92\xef\xbf\xbd\xc5\xbd\xef\xbf\xbd\xef\xbf\xbd\xe2\x80\x98"
        "\xe2\x80\x99\xe2\x80\x9c\xe2\x80\x9d\xe2\x80\xa2\xe2\x80\x93\xe2\x80\x94"
        "\xcb\x9c\xe2\x84\xa2\xc5\xa1\xe2\x80\xba\xc5\x93\xef\xbf\xbd"
        "\xc5\xbe\xc5\xb8";
    fct_buf out = {0};
    char text[32];

    for (int i = 0; i < 32; i++)
        text[i] = (char)(0x80 + i);
    fct_mend_to_utf8(&out, (fct_slice){text, sizeof text});
    assert_false(out.failed);
    assert_string_equal(out.ptr, expected);
    fct_buf_done(&out);
}

static void addresses_that_a_relay_cannot_take(void **state)
{
    static const struct {
        const char *field, *with, *without;
    } cases[] = {
        {"To: Ren\xc3\xa9 <ren\xc3\xa9@x.example>, b@c.example",
         "To: =?utf-8?B?UmVuw6k=?= <ren\xc3\xa9@x.example>, b@c.example",
         "To: =?utf-8?B?UmVuw6k=?= =?utf-8?B?cmVuw6lAeC5leGFtcGxl?= :;, b@c.example"},
        {"Cc: ren\xc3\xa9@x.example", "Cc: ren\xc3\xa9@x.example",
         "Cc: =?utf-8?B?cmVuw6lAeC5leGFtcGxl?= :;"},
        {"Reply-To: ren\xc3\xa9@x.example", "Reply-To: ren\xc3\xa9@x.example", ""},
        {"Reply-To: ren\xc3\xa9@x.example, b@c.example",
         "Reply-To: ren\xc3\xa9@x.example, b@c.example", "Reply-To: b@c.example"},
        {"Sender: ren\xc3\xa9@x.example", "Sender: ren\xc3\xa9@x.example", ""},
        {"To: Friends: ren\xc3\xa9@x.example, b@c.example;",
         "To: Friends: ren\xc3\xa9@x.example, b@c.example;", "To: Friends : b@c.example;"},
        {"From: ren\xc3\xa9@x.example", "From: ren\xc3\xa9@x.example",
         "From: ren\xc3\xa9@x.example"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_buf out = {0};
        fct_mend mend = {.out = &out};

        fct_mend_field(&mend, fct_slice_of(cases[i].field));
        assert_true(mend.utf8_addresses);
        fct_buf_clear(&out);
        mend = (fct_mend){.out = &out, .lacks = FCT_NEEDS_SMTPUTF8};
        fct_buf_addf(&out, "%s\r\n", cases[i].field);
        check_field(cases[i].field, 0, cases[i].with);
        check_field(cases[i].field, FCT_NEEDS_SMTPUTF8, cases[i].without);
        fct_buf_done(&out);
    }
}

static void bodies_in_seven_bits(void **state)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        /* Nothing says what it is. */
        {"Subject: a\r\n\r\ncaf\xc3\xa9\r\n",
         "Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n"},
        {"Subject: a\r\n\r\ncaf\xe9\r\n",
         "Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"windows-1252\"\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=E9\r\n"},
        {"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii; format=flowed\r\n"
         "Content-Transfer-Encoding: 8bit\r\n\r\ncaf\xc3\xa9\r\n",
         "MIME-Version: 1.0\r\nContent-Type: text/plain; format=flowed; charset=\"utf-8\"\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9\r\n"},
        /* What it says stays. */
        {"Mime-Version: 1.0\r\nContent-Type: text/plain; name=\"\xc3\xa9.txt\"\r\n\r\n\xc3\xa9\r\n",
         "Mime-Version: 1.0\r\nContent-Type: text/plain;\r\n name=\"=?utf-8?B?w6kudHh0?=\"; "
         "charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n"},
        {"Mime-Version: 1.0\r\nContent-Type: multipart/mixed; \x01"
         "boundary=b\r\n\r\n--b\r\n\r\n\xc3\xa9\r\n--b--\r\n",
         "Mime-Version: 1.0\r\nContent-Type: multipart/mixed; "
         "\x01"
         "boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; "
         "charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n\r\nw6k=\r\n--b--\r\n"},
        /* What stands before the first part. */
        {"Content-Type: multipart/mixed; boundary=b\r\n\r\n\xc3\xa9\r\n--b\r\n\r\nx\r\n--b--\r\n",
         "Content-Type: multipart/mixed; boundary=b\r\n\r\n??\r\n--b\r\n\r\nx\r\n--b--\r\n"},
        {"Mime-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-15\r\n\r\n\xa4\r\n",
         "Mime-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-15\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n=A4\r\n"},
        {"Mime-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>\xe9\r\n",
         "Mime-Version: 1.0\r\nContent-Type: text/html\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>=E9\r\n"},
        {"Mime-Version: 1.0\r\nContent-Type: text/html\r\n\r\n<p>\xc3\xa9\r\n",
         "Mime-Version: 1.0\r\nContent-Type: text/html; charset=\"utf-8\"\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>=C3=A9\r\n"},
        {"Mime-Version: 1.0\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n",
         "Mime-Version: 1.0\r\nContent-Type: image/png\r\n"
         "Content-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n"},
        /* Broken quoted-printable and base64. */
        {"Content-Transfer-Encoding: quoted-printable\r\n\r\na=C3=A9 \xc3\xa9=\r\nb\r\n",
         "Content-Transfer-Encoding: quoted-printable\r\n\r\na=C3=A9 =C3=A9=\r\nb\r\n"},
        {"Content-Transfer-Encoding: base64 (x)\r\n\r\nYW\xc2\xa0Jj\r\nZA==\r\n",
         "Content-Transfer-Encoding: base64 (x)\r\n\r\nYWJjZA==\r\n"},
        /* Parts, with text beside them. */
        {"Content-Type: multipart/mixed; boundary=\"b\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
         "\xc3\xa9\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xa9\r\n--b "
         "\r\n\r\n"
         "plain\r\n--b\r\nContent-Type: a/b\r\n\r\n\xff\r\n--b--\r\n\xc3\xa9\r\n",
         "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n"
         "??\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n"
         "Content-Transfer-Encoding: base64\r\n\r\nw6k=\r\n--b \r\n\r\n"
         "plain\r\n--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n/w==\r\n"
         "--b--\r\n??\r\n"},
        /* No boundary ends it. */
        {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\n\r\n"
         "\xff\r\n",
         "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\n"
         "Content-Transfer-Encoding: base64\r\n\r\n/w0K\r\n"},
        /* Its boundary is not there: what a reader shows is the whole. */
        {"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\xc3\xa9\r\n",
         "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n"},
        /* A message within has no encoding; in it no address is outside ASCII. */
        {"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
         "MIME-Version: 1.0\r\nFrom: \xc3\xa9@x.example\r\nContent-Type: text/plain; charset=a\r\n"
         "\r\n\xc3\xa9\r\n",
         "Content-Type: message/rfc822\r\n\r\n"
         "MIME-Version: 1.0\r\nFrom: =?utf-8?B?w6lAeC5leGFtcGxl?= :;\r\n"
         "Content-Type: text/plain; charset=a\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n"},
        {"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nMIME-Version: 1\r\n"
         "Content-Type: a/b; charset=x\r\n\r\n\xc3\xa9\r\n--b--\r\n",
         "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nMIME-Version: 1\r\n"
         "Content-Type: a/b; charset=x\r\nContent-Transfer-Encoding: base64\r\n\r\nw6k=\r\n"
         "\r\n--b--\r\n"},
        /* Signed parts stay, whatever they hold. */
        {"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xc3\xa9\r\n--b--\r\n",
         "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xc3\xa9\r\n--b--\r\n"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_mended(cases[i].text, BOTH, cases[i].expected);
}

static void lines_that_are_too_long(void **state)
{
    static const struct {
        const char *text, *begins;
    } cases[] = {
        {"Subject: a\r\n\r\n" LONG "\r\n",
         "Subject: a\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: "
         "quoted-printable\r\n\r\nxxx"},
        {"Content-Transfer-Encoding: base64\r\n\r\n" LONG "\r\n",
         "Content-Transfer-Encoding: base64\r\n\r\nxxx"},
        {"Content-Transfer-Encoding: Quoted-Printable\r\n\r\n" LONG "=C3=A9\r\n",
         "Content-Transfer-Encoding: Quoted-Printable\r\n\r\nxxx"},
        {"Subject: " LONG "\r\n\r\nx\r\n", "Subject: =?utf-8?Q?xxx"},
        {"Subject: =?utf-8?Q?a?= " LONG "\r\n\r\nx\r\n", "Subject: =?utf-8?Q?a?= =?utf-8?Q?_"},
        {"Subject: " XX " " LONG " " XX "\r\n\r\nx\r\n", "Subject: =?utf-8?Q?xxx"},
        {"X-A: " XX " " XX XX XX XX XX XX XX XX XX XX " " XX XX XX XX XX XX XX XX XX XX
         "\r\n\r\nx\r\n",
         "X-A: " XX "\r\n " XX},
        {"Content-Type: a/b; name=\"" LONG ".txt\"\r\n\r\nx\r\n",
         "Content-Type: a/b;\r\n name=\"=?utf-8?Q?xxx"},
        {"Content-Disposition: attachment; filename=" LONG "\r\n\r\nx\r\n",
         "Content-Disposition: attachment;\r\n filename*0*=utf-8''xxx"},
        {"Content-Type: multipart/mixed; boundary=b\r\n\r\n" XX " " XX " " LONG "\r\n--b--\r\n",
         NULL},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_buf out = {0};
        fct_mend mend = {.out = &out};

        fct_mend_message(&mend, fct_slice_of(cases[i].text));
        if (!cases[i].begins) {
            /* One word beside the parts: nothing may break it. */
            assert_true(fct_mend_has_long_line((fct_slice){out.ptr, out.len}));
        } else {
            assert_false(fct_mend_has_long_line((fct_slice){out.ptr, out.len}));
            assert_memory_equal(out.ptr, cases[i].begins, strlen(cases[i].begins));
        }
        fct_buf_done(&out);
    }
}

/* Two hundred recipients without a blank, as PHP's implode(',') writes them. */
static void a_long_list_is_folded(void **state)
{
    fct_buf text = {0}, out = {0};
    fct_mend mend = {.out = &out};
    size_t count = 0;

    fct_buf_add_text(&text, "To:");
    for (int i = 0; i < 200; i++)
        fct_buf_addf(&text, "%sreader-%d@shop.example", i ? "," : "", i);
    fct_buf_add_text(&text, "\r\n");
    fct_mend_field(&mend, (fct_slice){text.ptr, text.len});
    assert_false(fct_mend_has_long_line((fct_slice){out.ptr, out.len}));
    for (const char *at = out.ptr; (at = strstr(at, "@shop.example")); at++)
        count++;
    assert_int_equal(count, 200);
    fct_buf_done(&text);
    fct_buf_done(&out);
}

/* Each level is a part of the one above it; the text within has a byte beyond ASCII. */
static bool is_mended_below(unsigned levels)
{
    fct_buf text = {0}, out = {0};
    fct_mend mend = {.out = &out, .lacks = FCT_NEEDS_8BITMIME};
    bool mended;

    for (unsigned i = 0; i < levels; i++)
        fct_buf_addf(&text, "Content-Type: multipart/mixed; boundary=b%ue\r\n\r\n--b%ue\r\n", i, i);
    fct_buf_add_text(&text, "Content-Type: text/plain; charset=utf-8\r\n\r\n\xc3\xa9\r\n");
    for (unsigned i = levels; i-- > 0;)
        fct_buf_addf(&text, "--b%ue--\r\n", i);
    fct_mend_message(&mend, (fct_slice){text.ptr, text.len});
    assert_false(out.failed);
    mended = strstr(out.ptr, "\xc3\xa9") == NULL;
    fct_buf_done(&text);
    fct_buf_done(&out);
    return mended;
}

static void parts_within_parts_have_a_bound(void **state)
{
    assert_true(is_mended_below(1));
    assert_true(is_mended_below(32));
    assert_false(is_mended_below(33));
}

/* What a relay may carry as it is stays, to its last octet. */
static void a_quoted_line_of_998_octets_stays(void **state)
{
    for (size_t len = 997; len <= 999; len++) {
        fct_slice line = {LONG, len};
        fct_buf out = {0};

        fct_mend_requote(&out, line);
        assert_int_equal(fct_slice_equal((fct_slice){out.ptr, out.len}, line), len <= 998);
        fct_buf_done(&out);
    }
}

/* A line of 8-bit text that is quoted-printable already: no line has more than 76 characters. */
static void a_quoted_line_is_folded_again(void **state)
{
    static const char text[] = XX XX XX XX "\xc3\xa9=3D" XX;
    fct_buf out = {0};
    size_t lines = 0;

    fct_mend_requote(&out, fct_slice_of(text));
    assert_false(out.failed);
    for (const char *at = out.ptr; (at = strstr(at, "=\r\n")) != NULL; at += 3) {
        lines++;
        assert_int_equal((size_t)(at - out.ptr) + 3 - lines * 78, 0);
    }
    assert_int_equal(lines, 3);
    fct_buf_done(&out);
}

/* A link that fits no line is encoded, as any long word is. */
static void a_long_link_fits_its_lines(void **state)
{
    char link[1500];
    fct_header header;
    fct_buf out = {0};
    size_t len = 0;

    (void)state;
    memset(link, 'a', sizeof link);
    link[0] = '<';
    link[sizeof link - 1] = '>';
    fct_header_begin(&header, &out, "List-Help");
    fct_header_list(&header, (fct_slice){link, sizeof link});
    fct_header_end(&header);
    for (size_t i = 0; i < out.len; i++) {
        len = out.ptr[i] == '\n' ? 0 : len + 1;
        assert_true(len <= 999);
    }
    fct_buf_done(&out);
}

/* ---- Mails ----------------------------------------------------------------------------------- */

static fct_mail *mail_of(const char *raw)
{
    facteur_message *message = NULL;
    fct_mail *mail = NULL;

    assert_int_equal(facteur_message_from_bytes(raw, strlen(raw), &message, NULL), 0);
    assert_int_equal(fct_message_freeze(message, &facts, &mail, NULL), 0);
    facteur_message_free(message);
    return mail;
}

static void check_bytes(fct_mail *mail, const char *expected)
{
    fct_buf bytes = {0};

    assert_int_equal(fct_mail_read(mail, &bytes, NULL), 0);
    assert_string_equal(bytes.ptr, expected);
    fct_buf_done(&bytes);
}

#define HEAD "Date: x\r\nMessage-ID: <1@a.example>\r\nFrom: a@a.example\r\nTo: b@b.example\r\n"

static void a_mail_fits_a_relay(void **state)
{
    fct_mail *mail = mail_of(HEAD "Reply-To: \xc3\xa9@x.example\r\n\r\n\xc3\xa9\r\n"), *made = NULL;
    fct_mail *head;
    const char *why = NULL;
    unsigned done = 0;

    assert_int_equal(fct_mail_content_needs(mail), BOTH);
    head = fct_mail_with_head(mail, "X-Tag: a\r\n", 10);
    fct_mail_unref(mail);
    assert_int_equal(fct_mail_adapt(head, BOTH, &made, &done, &why), 0);
    assert_int_equal(done, FCT_MENDED_BODY | FCT_MENDED_HEADER | FCT_MENDED_REPLY_TO);
    assert_int_equal(fct_mail_needs(made), 0);
    check_bytes(made, "X-Tag: a\r\n" HEAD
                      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=\"utf-8\"\r\n"
                      "Content-Transfer-Encoding: quoted-printable\r\n\r\n=C3=A9\r\n");
    fct_mail_unref(made);
    assert_int_equal(fct_mail_adapt(head, FCT_NEEDS_8BITMIME, &made, &done, &why), 0);
    assert_int_equal(fct_mail_needs(made), BOTH);
    fct_mail_unref(made);
    fct_mail_unref(head);
}

static void a_mail_that_fits_no_such_relay(void **state)
{
    static const struct {
        const char *raw, *why;
    } cases[] = {
        {"DKIM-Signature: x\r\n" HEAD "\r\n\xc3\xa9\r\n", "it is signed"},
        {"arc-message-signature : x\r\n" HEAD "\r\n\xc3\xa9\r\n", "it is signed"},
        {HEAD "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xc3\xa9\r\n--b--\r\n",
         "a part of it is signed"},
        {"Date: x\r\nMessage-ID: <1@a.example>\r\nFrom: \xc3\xa9@a.example\r\nTo: "
         "b@b.example\r\n\r\nx\r\n",
         "its sender is outside ASCII"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fct_mail *mail = mail_of(cases[i].raw), *made = NULL;
        const char *why = NULL;
        unsigned done = 0;

        assert_int_equal(fct_mail_adapt(mail, BOTH, &made, &done, &why), FACTEUR_EMESSAGE);
        assert_string_equal(why, cases[i].why);
        check_bytes(mail, cases[i].raw);
        fct_mail_unref(mail);
    }
}

/* Our own signature is in the head before the content; a form signed apart takes its place. */
static void a_signed_form_is_kept(void **state)
{
    fct_mail *mail = mail_of(HEAD "Reply-To: \xc3\xa9@x.example\r\n\r\nx\r\n");
    fct_mail *plain = mail_of("DKIM-Signature: b\r\n" HEAD "\r\nx\r\n"), *sealed, *other,
             *made = NULL;
    fct_mail *eight = mail_of("DKIM-Signature: b\r\n" HEAD "\r\n\xc3\xa9\r\n");
    fct_mail *loaded = NULL, *refused = NULL;
    const char *to = "c@c.example", *why = NULL;
    fct_buf stored = {0};
    unsigned done = 0;

    sealed = fct_mail_with_head(mail, "DKIM-Signature: a\r\n", 19);
    assert_int_equal(fct_mail_adapt(sealed, BOTH, &made, &done, &why), FACTEUR_EMESSAGE);
    fct_mail_set_plain(sealed, plain, FCT_MENDED_REPLY_TO);
    other = fct_mail_with_recipients(sealed, &to, 1);
    assert_int_equal(fct_mail_store(other, &stored, NULL), 0);
    assert_int_equal(fct_mail_load(stored.ptr, stored.len, &loaded, NULL), 0);
    assert_int_equal(fct_mail_adapt(loaded, FCT_NEEDS_SMTPUTF8, &made, &done, &why), 0);
    assert_int_equal(done, FCT_MENDED_REPLY_TO);
    assert_string_equal(fct_mail_recipient(made, 0), to);
    check_bytes(made, "DKIM-Signature: b\r\n" HEAD "\r\nx\r\n");
    check_bytes(loaded, "DKIM-Signature: a\r\n" HEAD "Reply-To: \xc3\xa9@x.example\r\n\r\nx\r\n");
    for (size_t len = 0; len < stored.len; len++)
        assert_int_not_equal(fct_mail_load(stored.ptr, len, &mail, NULL), 0);
    /* No signed form is for a relay that cannot take its body. */
    fct_mail_set_plain(mail, eight, 0);
    assert_int_equal(fct_mail_adapt(mail, BOTH, &refused, &done, &why), FACTEUR_EMESSAGE);
    assert_string_equal(why, "it is signed");
    fct_mail_unref(eight);
    fct_mail_unref(made);
    fct_mail_unref(loaded);
    fct_mail_unref(other);
    fct_mail_unref(sealed);
    fct_mail_unref(plain);
    fct_mail_unref(mail);
    fct_buf_done(&stored);
}

#ifdef FCT_FAULT_INJECTION
static void each_failed_allocation_is_told(void **state)
{
    static const char raw[] =
        "Subject: =?utf-8?Q?a?= \xc3\xa9\r\nFrom: \"\xe9\" <a@a.example> (\xe9)\r\n"
        "Reply-To: \xc3\xa9@x.example\r\nTo: A: b@b.example;\r\nCc: \xc3\xa9 =?utf-8?Q?a?= "
        "<b@c.example>\r\n"
        "Message-ID: <\xc3\xa9@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: text/plain; name=\"\xe9\"\r\n\r\n\xc3\xa9\r\n--b--\r\n";

    for (unsigned long nth = 1;; nth++) {
        facteur_message *message = NULL;
        fct_mail *mail = NULL, *made = NULL;
        const char *why = NULL;
        unsigned done = 0;
        bool failed;
        int err;

        fct_memory_fail_at(nth);
        err = facteur_message_from_bytes(raw, sizeof raw - 1, &message, NULL);
        if (!err)
            err = fct_message_freeze(message, &facts, &mail, NULL);
        if (!err)
            err = fct_mail_adapt(mail, BOTH, &made, &done, &why);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        fct_mail_unref(made);
        fct_mail_unref(mail);
        facteur_message_free(message);
        assert_int_equal(err, failed ? FACTEUR_ENOMEM : 0);
        if (!failed)
            break;
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_become_ascii),
        cmocka_unit_test(windows_1252_is_read_whole),
        cmocka_unit_test(addresses_that_a_relay_cannot_take),
        cmocka_unit_test(bodies_in_seven_bits),
        cmocka_unit_test(lines_that_are_too_long),
        cmocka_unit_test(a_long_list_is_folded),
        cmocka_unit_test(a_long_link_fits_its_lines),
        cmocka_unit_test(parts_within_parts_have_a_bound),
        cmocka_unit_test(a_quoted_line_of_998_octets_stays),
        cmocka_unit_test(a_quoted_line_is_folded_again),
        cmocka_unit_test(a_mail_fits_a_relay),
        cmocka_unit_test(a_mail_that_fits_no_such_relay),
        cmocka_unit_test(a_signed_form_is_kept),
#ifdef FCT_FAULT_INJECTION
        cmocka_unit_test(each_failed_allocation_is_told),
#endif
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
