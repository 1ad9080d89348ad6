/* SPDX-License-Identifier: MIT */
/*
 * work SHAPE BYTES: give one parser an input of a hostile shape, so that what it costs can be
 * counted for two sizes.  Only what the parser does is counted (callgrind is off before and after).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "facteur.h"
#include "smtp/capability.h"
#include "smtp/reply.h"

static char *made;
static size_t made_len;

static void add(const char *text)
{
    size_t len = strlen(text);

    memcpy(made + made_len, text, len + 1);
    made_len += len;
}

/* begin, then unit after unit, then end: `bytes` in all, or a unit less. */
static void make(const char *begin, const char *unit, const char *end, size_t bytes)
{
    made = malloc(bytes + 1);
    made_len = 0;
    if (!made)
        exit(69);
    made[0] = '\0';
    add(begin);
    while (made_len + strlen(unit) + strlen(end) <= bytes)
        add(unit);
    add(end);
}

static void set(const char *field)
{
    facteur_message *message = facteur_message_new();
    char *bytes = NULL;
    size_t len;

    facteur_message_set(message, "from", "a@example.com", FACTEUR_NTS, NULL);
    facteur_message_set(message, field, made, made_len, NULL);
    if (facteur_message_bytes(message, &bytes, &len, NULL) == 0)
        facteur_free(bytes);
    facteur_message_free(message);
}

static void header(const char *name)
{
    facteur_message *message = facteur_message_new();
    char *bytes = NULL;
    size_t len;

    facteur_message_set(message, "from", "a@example.com", FACTEUR_NTS, NULL);
    facteur_message_add_header(message, name, made, made_len, NULL);
    if (facteur_message_bytes(message, &bytes, &len, NULL) == 0)
        facteur_free(bytes);
    facteur_message_free(message);
}

static void raw(const char *unused)
{
    facteur_message *message = NULL;
    char *bytes = NULL;
    size_t len;

    (void)unused;
    if (facteur_message_from_bytes(made, made_len, &message, NULL))
        return;
    if (facteur_message_bytes(message, &bytes, &len, NULL) == 0)
        facteur_free(bytes);
    facteur_message_free(message);
}

static void check_address(const char *unused)
{
    char *json = NULL;

    (void)unused;
    if (facteur_address_check(made, made_len, &json) == 0)
        facteur_free(json);
}

static void dsn(const char *unused)
{
    facteur_mailer *mailer = NULL;

    (void)unused;
    if (facteur_mailer_new(made, NULL, NULL, 0, &mailer, NULL) == 0)
        facteur_mailer_free(mailer);
}

static void letter(const char *unused)
{
    facteur_message *message = NULL;

    (void)unused;
    if (facteur_letter(NULL, "order_confirmation", made, made_len, NULL, 0, &message, NULL) == 0)
        facteur_message_free(message);
}

static void form(const char *unused)
{
    facteur_message *message = NULL;

    (void)unused;
    if (facteur_letter(NULL, "contact_form", made, made_len, NULL, 0, &message, NULL) == 0)
        facteur_message_free(message);
}

static void reply(const char *unused)
{
    fct_reply_parser parser = {0};

    (void)unused;
    for (size_t at = 0, used; at < made_len; at += used) {
        if (fct_reply_feed(&parser, made + at, made_len - at, &used) < 0 || !used)
            break;
    }
    fct_reply_parser_done(&parser);
}

static void drip(const char *unused)
{
    fct_reply_parser parser = {0};

    (void)unused;
    for (size_t at = 0, used; at < made_len; at++) {
        if (fct_reply_feed(&parser, made + at, 1, &used) < 0)
            break;
    }
    fct_reply_parser_done(&parser);
}

static void capabilities(const char *unused)
{
    fct_capabilities caps;

    (void)unused;
    memset(&caps, 0, sizeof caps);
    if (fct_capabilities_read(&caps, (fct_slice){made, made_len}) == 0)
        fct_capabilities_done(&caps);
}

#define HEAD "From: a@example.com\r\nTo: b@example.net\r\n"
#define ORDER                                                                                      \
    "{\"number\":\"1\",\"date\":\"2026-11-23\",\"currency\":\"EUR\",\"customer\":{\"email\":"      \
    "\"b@example.net\"},\"merchant\":{\"name\":\"M\",\"email\":\"m@example.com\"},"
#define ITEM "{\"name\":\"x\",\"unit_price\":\"1.10\"}"
#define FORM "{\"email\":\"a@example.com\",\"message\":"

static const struct {
    const char *name;
    void (*run)(const char *argument);
    const char *argument, *begin, *unit, *end;
} shapes[] = {
    {"addresses", set, "to", "", "a@b.example,", "c@d.example"},
    {"addresses with names", set, "to", "", "\"A, B\" <a@b.example>,", "c@d.example"},
    {"addresses, one mailbox again and again", set, "bcc", "", "a@b.example,", "a@b.example"},
    {"addresses, encoded words", set, "to", "", "=?utf-8?q?=C3=A9?= ", "<a@b.example>"},
    {"addresses, commas", set, "to", "", ",", "a@b.example"},
    {"addresses, open comments", set, "to", "", "(", ""},
    {"addresses, comments in comments", set, "to", "a@b.example (", "()", ")"},
    {"addresses, an open quote", set, "to", "\"", "a\\", ""},
    {"addresses, groups", set, "to", "", "g:a@b.example;,", "c@d.example"},
    {"addresses, open groups", set, "to", "", "g:", ""},
    {"addresses, angles", set, "to", "", "<", ""},
    {"addresses, ats", set, "to", "", "a@", ""},
    {"addresses, dots", set, "to", "a", ".", "@b.example"},
    {"addresses, words", set, "to", "", "a ", "<a@b.example>"},
    {"addresses, accents", set, "to", "a@", "\xc3\xa9.", "example"},
    {"check, dots", check_address, NULL, "a@", "a.", "example"},
    {"check, accents", check_address, NULL, "", "\xc3\xa9", "@example.com"},
    {"subject, accents", set, "subject", "", "\xc3\xa9", ""},
    {"subject, controls", set, "subject", "a", " \r\n", "b"},
    {"subject, half words", set, "subject", "", "=?", ""},
    {"subject, spaces", set, "subject", "a", " ", "b"},
    {"references", set, "references", "", "a@b ", "c@d"},
    {"header, words", header, "X-A", "", "word ", ""},
    {"header, addresses", header, "Resent-To", "", "a@b.example,", "c@d.example"},
    {"text, long line", set, "text", "", "a", ""},
    {"text, spaces", set, "text", "", "a \r\n", ""},
    {"text, CR", set, "text", "", "\r", ""},
    {"text, accents", set, "text", "", "\xc3\xa9", ""},
    {"HTML, elements", set, "html", "", "<p>a<a href=\"https://e.example/\">b</a>", ""},
    {"HTML, open tags", set, "html", "", "<", ""},
    {"HTML, entities", set, "html", "", "&amp;", ""},
    {"HTML, half entities", set, "html", "", "&", ""},
    {"HTML, comments", set, "html", "", "<!-- -->", ""},
    {"HTML, half comments", set, "html", "", "<!--", ""},
    {"HTML, ends", set, "html", "", "</p>", ""},
    {"HTML, tables", set, "html", "<table>", "<tr><td>a<td>b", "</table>"},
    {"HTML, breaks", set, "html", "", "<br>", ""},
    {"bytes, lines", raw, NULL, HEAD "\r\n", "some text\r\n", ""},
    {"bytes, bare LF", raw, NULL, HEAD "\n", "\n", ""},
    {"bytes, bare CR", raw, NULL, HEAD "\r\r", "\r", ""},
    {"bytes, headers", raw, NULL, HEAD, "X: y\r\n", "\r\n"},
    {"bytes, folds", raw, NULL, HEAD "X: y\r\n", " z\r\n", "\r\n"},
    {"bytes, Bcc", raw, NULL, HEAD, "Bcc: a@b.example\r\n", "\r\n"},
    {"bytes, Bcc folded", raw, NULL, HEAD "Bcc :\r\n", " a@b.example,\r\n", " c@d.example\r\n\r\n"},
    {"bytes, a long line", raw, NULL, HEAD "\r\n", "word ", "\r\n"},
    {"bytes, 8-bit words", raw, NULL, HEAD "X: ", "\xc3\xa9 x ", "\r\n\r\n"},
    {"bytes, 8-bit beside encoded words", raw, NULL, HEAD "X: \xe9", " =?a?q?b?= \xe9", "\r\n\r\n"},
    {"bytes, 8-bit names", raw, NULL, HEAD "X-A: a\r\nCc: ", "\xe9 <a@b.example>, ", "\r\n\r\n"},
    {"bytes, 8-bit comments", raw, NULL, HEAD "Cc: \xe9", "(", "\r\n\r\n"},
    {"bytes, 8-bit quotes", raw, NULL, HEAD "Cc: \xe9", "\\\"<", "\r\n\r\n"},
    {"bytes, 8-bit parameters", raw, NULL, HEAD "Content-Type: a/b", "; a=\xe9", "\r\n\r\n"},
    {"bytes, 8-bit parts", raw, NULL, HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
     "--b\r\n\r\n\xe9\r\n", "--b--\r\n"},
    {"bytes, parts in parts", raw, NULL, HEAD "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
     "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\xe9\r\n", "--b--\r\n"},
    {"bytes, messages in messages", raw, NULL,
     HEAD "X: \xe9\r\nContent-Type: message/rfc822\r\n\r\n", "Content-Type: message/rfc822\r\n\r\n",
     "\r\n"},
    {"bytes, Message-ID", raw, NULL, HEAD, "Message-ID: <a@b>\r\n", "\r\n"},
    {"JSON, items", letter, NULL, ORDER "\"items\":[", ITEM ",", ITEM "]}"},
    {"JSON, arrays", letter, NULL, "", "[", ""},
    {"JSON, objects", letter, NULL, "", "{\"a\":", ""},
    {"JSON, spaces", letter, NULL, "{", " ", "}"},
    {"JSON, escapes", form, NULL, FORM "\"", "\\u00e9", "\"}"},
    {"JSON, text", form, NULL, FORM "\"", "a b\\n", "\"}"},
    {"JSON, digits", letter, NULL, ORDER "\"total\":", "9", "}"},
    {"JSON, unknown names", letter, NULL, ORDER "\"items\":[" ITEM "],\"x\":[", "1,", "1]}"},
    {"DSN, query", dsn, NULL, "smtp://h.example?", "&", ""},
    {"DSN, options", dsn, NULL, "smtp://h.example?", "helo=a&", ""},
    {"DSN, ats", dsn, NULL, "smtp://", "@", "h.example"},
    {"DSN, percents", dsn, NULL, "smtp://", "%41", "@h.example"},
    {"DSN, groups", dsn, NULL, "", "failover(", ""},
    {"DSN, members", dsn, NULL, "failover(", "null:// ", ")"},
    {"DSN, relays", dsn, NULL, "failover(", "smtp://h.example ", ")"},
    {"reply, lines", reply, NULL, "", "250-a\r\n", "250 b\r\n"},
    {"reply, a line", reply, NULL, "250 ", "a", "\r\n"},
    {"reply, drip", drip, NULL, "", "250-a\r\n", "250 b\r\n"},
    {"capabilities", capabilities, NULL, "h.example\n", "AUTH PLAIN\n", "SIZE 1"},
    {"capabilities, mechanisms", capabilities, NULL, "h.example\nAUTH", " X", "\nSIZE 1"},
};

int main(int count, char **words)
{
    size_t bytes = count > 1 ? strtoul(words[1], NULL, 10) : 0;

    if (!bytes)
        return 64;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        if (count > 2 && strcmp(words[2], shapes[i].name) != 0)
            continue;
        make(shapes[i].begin, shapes[i].unit, shapes[i].end, bytes);
        CALLGRIND_ZERO_STATS;
        shapes[i].run(shapes[i].argument);
        CALLGRIND_DUMP_STATS_AT(shapes[i].name);
        free(made);
        puts(shapes[i].name);
    }
    return 0;
}
