/* SPDX-License-Identifier: MIT */
/* Reads config, mail and "=" lines into their fields; what is played stays a line. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dialogue_script.h"
#include "mime/mend.h"

void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

char *unescape(const char *text)
{
    char *out = must(malloc(strlen(text) + 1)), *to = out;

    for (; *text; text++) {
        if (*text != '\\' || !text[1]) {
            *to++ = *text;
            continue;
        }
        text++;
        if (*text == 'x' && text[1] && text[2]) {
            char hex[3] = {text[1], text[2], 0};

            *to++ = (char)strtol(hex, NULL, 16);
            text += 2;
        } else {
            *to++ = *text == 'r' ? '\r' : *text == 'n' ? '\n' : *text == 's' ? ' ' : *text;
        }
    }
    *to = '\0';
    return out;
}

static char *text_of(const char *line, const char *key);

/* What the line asks beside the delivery. */
static bool set_terms(facteur_message *message, const char *line)
{
    static const char *const fields[] = {"dsn_notify",  "dsn_return", "envelope_id",
                                         "require_tls", "deliver_by", "mt_priority"};
    bool ok = true;

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
        char *value = text_of(line, fields[i]);

        if (value)
            ok = facteur_message_set(message, fields[i], value, strlen(value), NULL) == 0 && ok;
        free(value);
    }
    return ok;
}

/* What the relay is to get: the mail, or with `adapted` its form for one that offers little. */
static fct_mail *mail_to_see(fct_mail *mail, const char *line)
{
    fct_mail *adapted = NULL;
    const char *why;
    unsigned done;
    char value[2];

    if (value_of(line, "adapted", value, sizeof(value)) &&
        fct_mail_adapt(mail, FCT_NEEDS_8BITMIME | FCT_NEEDS_SMTPUTF8, &adapted, &done, &why) == 0)
        return adapted;
    return fct_mail_ref(mail);
}

/* False: not a mail that the message layer takes. */
static bool freeze_mail(struct script_mail *out, const char *line, const char *from, char *to,
                        const char *first, const char *body, size_t size)
{
    struct fct_freeze facts = {.date_s = 1795000000};
    facteur_message *message = NULL;
    fct_mail_reader *reader;
    fct_mail *seen;
    fct_slice run;
    bool stable, start = true, ok;
    char *raw = must(malloc(strlen(first) + strlen(body) + size + 400));
    int len =
        sprintf(raw,
                "%sFrom: a@x.example\r\nTo: b@x.example\r\nSubject: s\r\nDate: Mon, 23 Nov 2026 "
                "10:00:00 +0000\r\nMessage-ID: <1@x.example>\r\n\r\n%s\r\n",
                first, body);

    for (size_t i = 0; i < size; i += 50)
        len += sprintf(raw + len, "%-48s\r\n", i % 200 ? "x" : ".");
    ok = facteur_message_from_bytes(raw, (size_t)len, &message, NULL) == 0 &&
         facteur_message_set(message, "envelope_from", from, strlen(from), NULL) == 0 &&
         set_terms(message, line);
    free(raw);
    for (char *word = strtok(to, ","); ok && word; word = strtok(NULL, ","))
        ok = facteur_message_add_recipient(message, word, strlen(word), NULL) == 0;
    ok = ok && fct_message_freeze(message, &facts, &out->mail, NULL) == 0;
    facteur_message_free(message);
    if (!ok)
        return false;
    seen = mail_to_see(out->mail, line);
    out->content = must(malloc((size_t)fct_mail_size(seen) + 1));
    out->stuffed = must(malloc((size_t)fct_mail_size(seen) * 2 + 4));
    reader = must(fct_mail_reader_new(seen));
    while (fct_mail_reader_next(reader, &run, &stable) == 1) {
        memcpy(out->content + out->content_len, run.ptr, run.len);
        out->content_len += run.len;
    }
    fct_mail_reader_free(reader);
    fct_mail_unref(seen);
    /* Written apart from the session's own stuffing, byte by byte. */
    for (size_t i = 0; i < out->content_len; i++) {
        if (start && out->content[i] == '.')
            out->stuffed[out->stuffed_len++] = '.';
        out->stuffed[out->stuffed_len++] = out->content[i];
        start = out->content[i] == '\n';
    }
    memcpy(out->stuffed + out->stuffed_len, ".\r\n", 3);
    out->stuffed_len += 3;
    return true;
}

char *value_of(const char *line, const char *key, char *out, size_t size)
{
    size_t len = strlen(key);
    const char *at = line;

    while ((at = strstr(at, key))) {
        if ((at == line || at[-1] == ' ') && (at[len] == '=' || at[len] == ' ' || !at[len])) {
            size_t value = at[len] == '=' ? strcspn(at + len + 1, " ") : 0;

            snprintf(out, size, "%.*s", (int)value, at[len] == '=' ? at + len + 1 : "");
            return out;
        }
        at += len;
    }
    return NULL;
}

static uint64_t number_of(const char *line, const char *key, uint64_t otherwise)
{
    char value[40];

    return value_of(line, key, value, sizeof(value)) ? strtoull(value, NULL, 0) : otherwise;
}

static char *text_of(const char *line, const char *key)
{
    char value[9000];

    return value_of(line, key, value, sizeof(value)) ? unescape(value) : NULL;
}

static void read_config(struct script *script, const char *line)
{
    struct fct_session_config *config = &script->config;
    char *text;

    if ((text = text_of(line, "tls"))) {
        config->tls = strcmp(text, "none") == 0       ? FCT_TLS_NONE
                      : strcmp(text, "implicit") == 0 ? FCT_TLS_IMPLICIT
                      : strcmp(text, "starttls") == 0 ? FCT_TLS_STARTTLS
                                                      : FCT_TLS_OPPORTUNISTIC;
        free(text);
    }
    if ((text = text_of(line, "username"))) {
        free((char *)config->username);
        config->username = text;
    }
    if ((text = text_of(line, "auth"))) {
        free((char *)config->auth);
        config->auth = text;
    }
    if ((text = text_of(line, "password"))) {
        fct_secret_unref(config->password);
        config->password = must(fct_secret_new(text, strlen(text)));
        free(text);
    }
    if ((text = text_of(line, "token"))) {
        fct_secret_unref(config->token);
        config->token = must(fct_secret_new(text, strlen(text)));
        free(text);
    }
    config->tls_unverified = number_of(line, "unverified", config->tls_unverified);
    config->plaintext_auth = number_of(line, "plaintext", config->plaintext_auth);
    config->local = number_of(line, "local", config->local);
    config->pipelining = (enum fct_pipelining)number_of(line, "pipelining", config->pipelining);
    config->chunking = number_of(line, "chunking", config->chunking);
    config->bdat_proven = number_of(line, "proven", config->bdat_proven);
    config->pipeline_depth = (unsigned)number_of(line, "depth", config->pipeline_depth);
    config->pipeline_bytes = number_of(line, "bytes", config->pipeline_bytes);
    script->binding |= number_of(line, "binding", 0) != 0;
}

static void read_mail(struct script *script, const char *line)
{
    struct script_mail *mail = &script->mails[script->mail_count];
    char *to, *from, *first, *body;
    size_t size = (size_t)number_of(line, "size", 0);
    char word[8];

    if (script->mail_count == MAILS_MAX)
        return;
    to = text_of(line, "to");
    from = text_of(line, "from");
    first = text_of(line, "first");
    body = text_of(line, "body");
    if (!to)
        to = must(strdup("b@x.example"));
    if (freeze_mail(mail, line, from ? from : "a@x.example", to, first ? first : "",
                    body ? body : ".dot\r\n..two\r\n.", size < 100000 ? size : 0))
        script->mail_count++;
    if (value_of(line, "hold", word, sizeof(word)))
        mail->hold |= FCT_HOLD_REPLY;
    if (value_of(line, "gate", word, sizeof(word)))
        mail->hold |= FCT_HOLD_GATE;
    mail->later = value_of(line, "later", word, sizeof(word)) != NULL;
    mail->deadline_us = number_of(line, "deadline", FCT_NEVER);
    mail->wanted.class = WANT_NOTHING;
    free(to);
    free(from);
    free(first);
    free(body);
}

static void read_wanted(struct script *script, char *line)
{
    static const char *const names[] = {"sent", "temporary", "permanent", "in_doubt"};
    char class[20];
    int index = 0, used = 0;

    if (strncmp(line, "close", 5) == 0) {
        script->close_wanted = line + 5;
        return;
    }
    if (sscanf(line, "%d %19s%n", &index, class, &used) != 2 || index < 1 ||
        (size_t)index > script->mail_count)
        return;
    for (int i = 0; i < 4; i++) {
        if (strcmp(class, names[i]) == 0)
            script->mails[index - 1].wanted.class = i;
    }
    script->mails[index - 1].wanted.rest = line + used;
}

struct script *script_read(char *text)
{
    struct script *script = must(calloc(1, sizeof(*script)));
    char *rest = text, *line;

    script->text = text;
    script->config = (struct fct_session_config){.tls = FCT_TLS_NONE,
                                                 .helo = "client.example",
                                                 .pipelining = true,
                                                 .chunking = true,
                                                 .pipeline_depth = 16,
                                                 .pipeline_bytes = 1 << 20,
                                                 .greeting_us = 30000000,
                                                 .command_us = 60000000,
                                                 .body_us = 60000000,
                                                 .final_us = 600000000,
                                                 .nonce = "0123456789abcdefg"};
    while ((line = strsep(&rest, "\n"))) {
        if (!*line || *line == '#')
            continue;
        if (strncmp(line, "config ", 7) == 0)
            read_config(script, line + 7);
        else if (strncmp(line, "mail", 4) == 0)
            read_mail(script, line + 4);
        else if (strncmp(line, "= ", 2) == 0)
            read_wanted(script, line + 2);
        else if (script->line_count < sizeof(script->lines) / sizeof(*script->lines))
            script->lines[script->line_count++] = line;
    }
    return script;
}

void script_free(struct script *script)
{
    for (size_t i = 0; i < script->mail_count; i++) {
        fct_mail_unref(script->mails[i].mail);
        free(script->mails[i].content);
        free(script->mails[i].stuffed);
    }
    free((char *)script->config.username);
    free((char *)script->config.auth);
    fct_secret_unref(script->config.password);
    fct_secret_unref(script->config.token);
    free(script->text);
    free(script);
}
