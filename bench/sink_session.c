/* SPDX-License-Identifier: MIT */
/* The sink's dialogue: every mail is accepted, none is kept, and what breaks the rules is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sink.h"

static void say(struct connection *c, const char *text, size_t len)
{
    memcpy(c->out + c->out_len, text, len);
    c->out_len += len;
}
#define SAY(c, text) say(c, text, sizeof(text) - 1)

static void violation(struct connection *c, const char *text, size_t len)
{
    count.violations++;
    say(c, text, len);
}
#define REFUSE(c, text) violation(c, text, sizeof(text) - 1)

static void forget_mail(struct connection *c)
{
    c->mail = c->refused = false;
    c->recipients = 0;
    c->size = 0;
}

static void end_of_mail(struct connection *c)
{
    char text[64];
    if (count.mails++ == 0)
        count.flights_to_first = count.flights;
    count.flights_to_mail = count.flights;
    count.recipients += c->recipients;
    count.bytes += c->size;
    int len = snprintf(text, sizeof text, "250 2.0.0 queued as %jX\r\n", (uintmax_t)count.mails);
    say(c, text, (size_t)len);
    forget_mail(c);
}

static void on_ehlo(struct connection *c)
{
    char text[REPLY_ROOM];
    bool secret = c->ssl != NULL;
    int len = snprintf(
        text, sizeof text, "250-sink.example\r\n%s%s%s%s%s%s%s250 ENHANCEDSTATUSCODES\r\n",
        option.pipelining ? "250-PIPELINING\r\n" : "", option.chunking ? "250-CHUNKING\r\n" : "",
        option.size ? "250-SIZE 67108864\r\n" : "", option.eightbit ? "250-8BITMIME\r\n" : "",
        option.smtputf8 ? "250-SMTPUTF8\r\n" : "",
        option.auth && secret ? "250-AUTH PLAIN LOGIN\r\n" : "",
        c->port == PORT_STARTTLS && !secret ? "250-STARTTLS\r\n" : "");
    forget_mail(c);
    say(c, text, (size_t)len);
}

static void on_auth(struct connection *c, const char *arg, size_t len)
{
    if (!option.auth || !c->ssl)
        REFUSE(c, "502 5.5.1 no AUTH here\r\n");
    else if (len >= 5 && strncasecmp(arg, "PLAIN", 5) == 0) {
        if (len > 6) {
            count.auths++;
            SAY(c, "235 2.7.0 welcome\r\n");
        } else {
            c->state = AUTH_PLAIN;
            SAY(c, "334 \r\n");
        }
    } else if (len >= 5 && strncasecmp(arg, "LOGIN", 5) == 0) {
        c->state = len > 6 ? AUTH_LOGIN_PASS : AUTH_LOGIN_USER;
        if (len > 6)
            SAY(c, "334 UGFzc3dvcmQ6\r\n");
        else
            SAY(c, "334 VXNlcm5hbWU6\r\n");
    } else
        REFUSE(c, "504 5.5.4 which mechanism?\r\n");
}

static void on_auth_line(struct connection *c, const char *line, size_t len)
{
    if (len == 1 && *line == '*') {
        c->state = COMMAND;
        SAY(c, "501 5.7.0 given up\r\n");
    } else if (c->state == AUTH_LOGIN_USER) {
        c->state = AUTH_LOGIN_PASS;
        SAY(c, "334 UGFzc3dvcmQ6\r\n");
    } else {
        c->state = COMMAND;
        count.auths++;
        SAY(c, "235 2.7.0 welcome\r\n");
    }
}

/* RFC 1870: a mail that announces too much is refused at MAIL. */
static bool announces_too_much(const char *line, size_t len)
{
    static const char word[] = " SIZE=";
    for (size_t i = 0; i + sizeof word - 1 < len; i++)
        if (strncasecmp(line + i, word, sizeof word - 1) == 0)
            return strtoull(line + i + sizeof word - 1, NULL, 10) > SIZE_LIMIT;
    return false;
}

static void on_mail(struct connection *c, const char *line, size_t len)
{
    if (c->mail)
        REFUSE(c, "503 5.5.1 nested MAIL\r\n");
    else if (len < 12 || strncasecmp(line, "MAIL FROM:<", 11) != 0)
        REFUSE(c, "501 5.5.4 MAIL FROM:<address>\r\n");
    else if (option.size && announces_too_much(line, len))
        SAY(c, "552 5.3.4 too big\r\n");
    else {
        c->mail = true;
        SAY(c, "250 2.1.0 ok\r\n");
    }
}

static void on_rcpt(struct connection *c, const char *line, size_t len)
{
    if (!c->mail)
        REFUSE(c, "503 5.5.1 MAIL first\r\n");
    else if (len < 11 || strncasecmp(line, "RCPT TO:<", 9) != 0)
        REFUSE(c, "501 5.5.4 RCPT TO:<address>\r\n");
    else {
        c->recipients++;
        SAY(c, "250 2.1.5 ok\r\n");
    }
}

static void on_data(struct connection *c)
{
    if (!c->recipients)
        REFUSE(c, "503 5.5.1 RCPT first\r\n");
    else {
        c->state = DATA;
        c->size = 0; /* of a chunk that was refused before */
        c->dot = 2;  /* the stream before the body ends with the CRLF of DATA */
        SAY(c, "354 go\r\n");
    }
}

static void on_bdat(struct connection *c, const char *line, size_t len)
{
    char *end;
    if (!option.chunking || len < 6 || line[5] < '0' || line[5] > '9') {
        REFUSE(c, "501 5.5.4 BDAT size [LAST]\r\n");
        return;
    }
    c->chunk = strtoull(line + 5, &end, 10);
    c->last = (size_t)(line + len - end) == 5 && strncasecmp(end, " LAST", 5) == 0;
    c->refused = !c->recipients;
    c->state = BDAT;
}

/* The bytes of a chunk are read even when they are refused (RFC 3030 section 2). */
static void end_of_chunk(struct connection *c)
{
    c->state = COMMAND;
    if (c->refused)
        REFUSE(c, "503 5.5.1 RCPT first\r\n");
    else if (c->last) {
        count.mails_bdat++;
        end_of_mail(c);
    } else
        SAY(c, "250 2.0.0 more\r\n");
}

static void on_starttls(struct connection *c)
{
    if (c->port != PORT_STARTTLS || c->ssl)
        REFUSE(c, "502 5.5.1 not here\r\n");
    else {
        c->start_tls = true;
        SAY(c, "220 2.0.0 go ahead\r\n");
    }
}

static bool is(const char *line, size_t len, const char *verb)
{
    size_t want = strlen(verb);
    return len >= want && strncasecmp(line, verb, want) == 0 && (len == want || line[want] == ' ');
}

/* `line` ends with a NUL where its CRLF began. */
static void on_command(struct connection *c, const char *line, size_t len)
{
    if (is(line, len, "MAIL"))
        on_mail(c, line, len);
    else if (is(line, len, "RCPT"))
        on_rcpt(c, line, len);
    else if (is(line, len, "BDAT"))
        on_bdat(c, line, len);
    else if (is(line, len, "DATA"))
        on_data(c);
    else if (is(line, len, "EHLO"))
        on_ehlo(c);
    else if (is(line, len, "HELO"))
        SAY(c, "250 sink.example\r\n");
    else if (is(line, len, "AUTH"))
        on_auth(c, line + (len > 5 ? 5 : len), len > 5 ? len - 5 : 0);
    else if (is(line, len, "STARTTLS"))
        on_starttls(c);
    else if (is(line, len, "RSET")) {
        forget_mail(c);
        SAY(c, "250 2.0.0 ok\r\n");
    } else if (is(line, len, "NOOP"))
        SAY(c, "250 2.0.0 ok\r\n");
    else if (is(line, len, "QUIT")) {
        c->state = CLOSING;
        SAY(c, "221 2.0.0 bye\r\n");
    } else
        REFUSE(c, "500 5.5.2 unknown command\r\n");
}

/*
 * Read the body of DATA up to CRLF . CRLF, which may be cut anywhere.  Returns the bytes used;
 * c->state is COMMAND again when the end was among them.
 */
static size_t eat_data(struct connection *c, const char *bytes, size_t len)
{
    size_t i = 0;
    while (i < len) {
        if (c->dot == 0) { /* nothing matters before the next CR */
            const char *cr = memchr(bytes + i, '\r', len - i);
            size_t skip = cr ? (size_t)(cr - bytes) - i + 1 : len - i;
            c->size += skip;
            i += skip;
            c->dot = cr ? 1 : 0;
            continue;
        }
        char byte = bytes[i++];
        c->size++;
        if (byte == "\r\n.\r\n"[c->dot]) {
            if (++c->dot == 5) {
                c->size -= 3;
                c->state = COMMAND;
                end_of_mail(c);
                return i;
            }
            continue;
        }
        if (c->dot == 3 || c->dot == 4)
            c->size--; /* a stuffed dot */
        c->dot = byte == '\r' ? 1 : 0;
    }
    return len;
}

bool session_process(struct connection *c)
{
    size_t at = 0;
    while (at < c->in_len && c->state != CLOSING && !c->start_tls) {
        if (OUT_SIZE - c->out_len < REPLY_ROOM) {
            if (!stream_flush(c))
                return false;
            if (c->out_len)
                break;
        }
        char *line = c->in + at;
        size_t left = c->in_len - at;
        if (c->state == DATA) {
            at += eat_data(c, line, left);
        } else if (c->state == BDAT) {
            size_t take = left < c->chunk ? left : (size_t)c->chunk;
            c->chunk -= take;
            c->size += take;
            at += take;
            if (!c->chunk)
                end_of_chunk(c);
        } else {
            char *lf = memchr(line, '\n', left);
            if (!lf)
                break;
            at += (size_t)(lf - line) + 1;
            size_t len = (size_t)(lf - line);
            if (len && line[len - 1] == '\r')
                len--;
            line[len] = '\0';
            if (c->state == COMMAND)
                on_command(c, line, len);
            else
                on_auth_line(c, line, len);
            if (c->state == BDAT && !c->chunk)
                end_of_chunk(c);
        }
    }
    c->in_len -= at;
    memmove(c->in, c->in + at, c->in_len);
    return c->in_len < IN_SIZE || c->out_len > 0; /* a line of 64 KiB is no line */
}

void session_greet(struct connection *c)
{
    SAY(c, "220 sink.example ESMTP\r\n");
}
