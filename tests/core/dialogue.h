/* SPDX-License-Identifier: MIT */
/*
 * A dialogue of tests/corpus/smtp/ played against a session.  The format is told in that folder's
 * README.  One play can split the streams anywhere, cut them anywhere, and says what became of the
 * mails.
 */
#ifndef DIALOGUE_H
#define DIALOGUE_H

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "mime/message.h"
#include "smtp/session.h"

#define MAILS_MAX 40
#define NO_LIMIT SIZE_MAX

enum class_wanted { WANT_NOTHING = -1 };

struct wanted {
    int class;
    char *rest; /* key=value … */
};

struct script_mail {
    fct_mail *mail;
    char *content;
    size_t content_len;
    char *stuffed; /* with the final dot */
    size_t stuffed_len;
    bool hold, later;
    uint64_t deadline_us;
    struct wanted wanted;
};

struct script {
    char *text;
    char *lines[4000];
    size_t line_count;
    struct fct_session_config config;
    struct script_mail mails[MAILS_MAX];
    size_t mail_count;
    char *close_wanted;
    bool binding;
};

/* Where in the two streams something was decided for a mail. */
struct mark {
    size_t mail;
    char kind; /* H handed over, R refused to be run again, V verdict */
    size_t at;
};

struct seen {
    int count;
    bool submitted;
    int class, error, phase, code;
    bool again, untouched;
    unsigned flights;
    char classes[64];
    char message[600];
    int64_t timing_us[FACTEUR_PHASE_COUNT];
};

/* What the connection does where a play is cut. */
enum ending { END_RST, END_FIN, END_STALL };

struct play {
    const struct script *script;
    enum ending ending;
    size_t feed_step, accept_step; /* bytes at a time */
    size_t client_limit, server_limit;
    bool lenient;     /* stop quietly where the session leaves the script */
    bool blind;       /* what the client writes is not compared */
    size_t successes; /* lines fed that could be a success */
    char line_start;
    size_t line_len;

    fct_session *session;
    uint64_t now_us;
    char *client;
    size_t client_len, client_cap, client_at;
    char *server;
    size_t server_len, server_cap;
    size_t allowance; /* `accept` */
    bool stopped, cut;
    struct seen seen[MAILS_MAX];
    size_t taken;
    bool ready, closed;
    unsigned noops;
    unsigned start_tls;
    int close_error, close_phase;
    char close_message[600];
    unsigned flights;
    char mechanism[40];
    char *transcript;
    struct mark marks[400];
    size_t mark_count;
    char failure[900];
};

/* ---- Reading ----------------------------------------------------------------------------------
 */

static void *must(void *block)
{
    if (!block)
        abort();
    return block;
}

static char *unescape(const char *text)
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

/* False: not a mail that the message layer takes. */
static bool freeze_mail(struct script_mail *out, const char *line, const char *from, char *to,
                        const char *first, const char *body, size_t size)
{
    struct fct_freeze facts = {.date_s = 1795000000};
    facteur_message *message = NULL;
    fct_mail_reader *reader;
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
    out->content = must(malloc((size_t)fct_mail_size(out->mail) + 1));
    out->stuffed = must(malloc((size_t)fct_mail_size(out->mail) * 2 + 4));
    reader = must(fct_mail_reader_new(out->mail));
    while (fct_mail_reader_next(reader, &run, &stable) == 1) {
        memcpy(out->content + out->content_len, run.ptr, run.len);
        out->content_len += run.len;
    }
    fct_mail_reader_free(reader);
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

/* The value of key= in a line of words; "" when the bare word is there, NULL when nothing is. */
static char *value_of(const char *line, const char *key, char *out, size_t size)
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
    config->pipelining = number_of(line, "pipelining", config->pipelining);
    config->chunking = number_of(line, "chunking", config->chunking);
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
    mail->hold = value_of(line, "hold", word, sizeof(word)) != NULL;
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

/* Takes over the text. */
static struct script *script_read(char *text)
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

static void script_free(struct script *script)
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

/* ---- Playing ----------------------------------------------------------------------------------
 */

static void fail_play(struct play *play, const char *line, const char *what)
{
    if (!play->failure[0] && !play->lenient && !play->cut)
        snprintf(play->failure, sizeof(play->failure),
                 "at \"%.200s\": %s; unread from the client: \"%.300s\"", line, what,
                 play->client ? play->client + play->client_at : "");
    play->stopped = true;
}

static void note_outcome(struct play *play, fct_outcome *outcome)
{
    static const char letters[] = "STPA";
    size_t index = (size_t)(uintptr_t)outcome->tag - 1;
    struct seen *seen = &play->seen[index];

    if (index < play->taken)
        snprintf(play->failure, sizeof(play->failure), "outcome %zu came late", index + 1);
    play->taken = index + 1;
    seen->count++;
    seen->class = (int)outcome->class;
    seen->error = outcome->error;
    seen->phase = (int)outcome->phase;
    seen->code = outcome->reply.code;
    seen->again = outcome->again;
    seen->untouched = outcome->untouched;
    seen->flights = outcome->flights;
    memcpy(seen->timing_us, outcome->timing_us, sizeof(seen->timing_us));
    snprintf(seen->message, sizeof(seen->message), "%s", outcome->message ? outcome->message : "");
    for (size_t i = 0; i < outcome->recipient_count && i < sizeof(seen->classes) - 1; i++)
        seen->classes[i] = letters[outcome->recipients[i].class];
    fct_outcome_free(outcome);
}

static void take_events(struct play *play)
{
    struct fct_session_event event;

    while (fct_session_next(play->session, &event)) {
        if (play->closed)
            snprintf(play->failure, sizeof(play->failure), "an event after CLOSE");
        switch (event.kind) {
        case FCT_EVENT_START_TLS:
            play->start_tls++;
            break;
        case FCT_EVENT_READY:
            play->ready = true;
            break;
        case FCT_EVENT_NOOP:
            play->noops++;
            break;
        case FCT_EVENT_OUTCOME:
            note_outcome(play, event.outcome);
            break;
        case FCT_EVENT_CLOSE:
            play->closed = true;
            play->close_error = event.error;
            play->close_phase = (int)event.phase;
            snprintf(play->close_message, sizeof(play->close_message), "%s", event.message);
            break;
        }
    }
}

static void lose(struct play *play, int error)
{
    if (!play->stopped) {
        fct_session_lost(play->session, error, NULL, play->now_us);
        take_events(play);
    }
    play->stopped = true;
}

static void keep(char **kept, size_t *kept_len, size_t *cap, const char *bytes, size_t len)
{
    if (*kept_len + len + 1 > *cap) {
        *cap = (*kept_len + len + 1) * 2;
        *kept = must(realloc(*kept, *cap));
    }
    memcpy(*kept + *kept_len, bytes, len);
    *kept_len += len;
    (*kept)[*kept_len] = '\0';
}

static void drain(struct play *play);

/* Nothing passes any more, and nobody says so: time does. */
static void stall(struct play *play)
{
    for (int i = 0; i < 10 && !play->closed; i++) {
        uint64_t deadline = fct_session_deadline(play->session);

        drain(play);
        if (deadline == FCT_NEVER)
            break;
        play->now_us = deadline;
        fct_session_tick(play->session, deadline);
        take_events(play);
    }
    play->stopped = true;
}

static void cut(struct play *play)
{
    play->cut = true;
    if (play->ending == END_STALL && !play->stopped)
        stall(play);
    else
        lose(play, play->ending == END_FIN ? 0 : FACTEUR_ECONNECT);
}

static void drain(struct play *play)
{
    fct_slice slices[8];
    int count;

    while (!play->stopped && play->allowance &&
           (count = fct_session_output(play->session, slices, 8, play->now_us)) > 0) {
        size_t total = 0,
               most = play->accept_step < play->allowance ? play->accept_step : play->allowance;

        if (most > play->client_limit - play->client_len)
            most = play->client_limit - play->client_len;
        for (int i = 0; i < count && total < most; i++) {
            size_t part = slices[i].len < most - total ? slices[i].len : most - total;

            keep(&play->client, &play->client_len, &play->client_cap, slices[i].ptr, part);
            total += part;
        }
        if (play->allowance != NO_LIMIT)
            play->allowance -= total;
        play->now_us += 10;
        fct_session_sent(play->session, total, play->now_us);
        take_events(play);
        if (play->client_len == play->client_limit) {
            play->allowance = 0;
            cut(play);
        }
    }
}

/* Lines that begin with a 2: each may be one verdict at the most. */
static void count_successes(struct play *play, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (play->line_len++ == 0)
            play->line_start = bytes[i];
        if (bytes[i] == '\n') {
            play->successes += play->line_start == '2';
            play->line_len = 0;
        }
    }
}

static void serve(struct play *play, const char *bytes, size_t len)
{
    while (len && !play->stopped) {
        size_t part = len < play->feed_step ? len : play->feed_step;
        char *copy;

        if (part > play->server_limit - play->server_len)
            part = play->server_limit - play->server_len;
        /* A block of its own, so that a read past its end is seen. */
        count_successes(play, bytes, part);
        copy = must(malloc(part ? part : 1));
        memcpy(copy, bytes, part);
        play->now_us += 10;
        fct_session_feed(play->session, copy, part, play->now_us);
        keep(&play->server, &play->server_len, &play->server_cap, copy, part);
        free(copy);
        take_events(play);
        bytes += part;
        len -= part;
        if (play->server_len == play->server_limit)
            cut(play);
    }
}

static void add_mark(struct play *play, char kind, size_t mail, size_t at)
{
    if (play->mark_count < sizeof(play->marks) / sizeof(*play->marks))
        play->marks[play->mark_count++] = (struct mark){mail, kind, at};
}

/* "S: text", "V1,2: text": a reply line; the marks are set at its end, ahead of the play. */
static void server_line(struct play *play, const char *line)
{
    const char *colon = strchr(line, ':');
    char *text = unescape(colon + 1 + (colon[1] == ' '));
    size_t len = strlen(text);

    text = must(realloc(text, len + 3));
    memcpy(text + len, "\r\n", 3);
    if (line[0] != 'S') {
        for (const char *at = line + 1; at < colon; at += strcspn(at, ",:") + 1)
            add_mark(play, line[0], strtoul(at, NULL, 10) - 1, play->server_len + len + 2);
    }
    drain(play);
    serve(play, text, len + 2);
    free(text);
}

static void client_line(struct play *play, const char *line)
{
    char *end, *got;

    drain(play);
    if (play->cut || play->stopped)
        return;
    end = play->client_at < play->client_len ? memmem(play->client + play->client_at,
                                                      play->client_len - play->client_at, "\r\n", 2)
                                             : NULL;
    if (!end) {
        fail_play(play, line, "the client writes nothing");
        return;
    }
    got = must(
        strndup(play->client + play->client_at, (size_t)(end - play->client) - play->client_at));
    if (fnmatch(line + 3, got, 0) != 0)
        fail_play(play, line, "the client writes something else");
    else
        play->client_at = (size_t)(end - play->client) + 2;
    free(got);
}

/* "C.1" the content for BDAT, "C..1" for DATA, with the final dot. */
static void client_content(struct play *play, const char *line)
{
    bool stuffed = line[2] == '.';
    size_t index = strtoul(line + (stuffed ? 3 : 2), NULL, 10) - 1;
    const struct script_mail *mail = &play->script->mails[index];
    const char *bytes = stuffed ? mail->stuffed : mail->content;
    size_t len = stuffed ? mail->stuffed_len : mail->content_len;

    add_mark(play, 'H', index, play->client_at + len - (stuffed ? 2 : 0));
    drain(play);
    if (play->cut || play->stopped)
        return;
    if (play->client_len - play->client_at < len ||
        memcmp(play->client + play->client_at, bytes, len) != 0)
        fail_play(play, line, "the content differs");
    else
        play->client_at += len;
}

static void submit(struct play *play, size_t index)
{
    const struct script_mail *mail;

    if (index >= play->script->mail_count || play->seen[index].submitted || index < play->taken)
        return;
    mail = &play->script->mails[index];
    if (fct_session_submit(play->session, mail->mail, mail->deadline_us, mail->hold,
                           (void *)(uintptr_t)(index + 1), play->now_us) != 0)
        fail_play(play, "submit", "refused");
    else
        play->seen[index].submitted = true;
    take_events(play);
}

static void step(struct play *play, const char *line)
{
    static const struct fct_tls_facts facts = {"channel-binding-data", 20, "tls-exporter"};

    if (play->blind && (line[0] == 'C' || line[0] == '-')) {
        drain(play);
    } else if (strncmp(line, "C: ", 3) == 0) {
        client_line(play, line);
    } else if (strncmp(line, "C.", 2) == 0) {
        client_content(play, line);
    } else if (strchr("SVR", line[0]) && strchr(line, ':') &&
               (line[1] == ':' || (line[1] >= '0' && line[1] <= '9'))) {
        server_line(play, line);
    } else if (strncmp(line, "S|", 2) == 0) {
        char *text = unescape(line + 2);

        drain(play);
        serve(play, text, strlen(text));
        free(text);
    } else if (strncmp(line, "flood ", 6) == 0) {
        const char *space = strchr(line + 6, ' ');
        size_t count = strtoul(line + 6, NULL, 10) % 10000;
        char *text = unescape(space ? space + 1 : "");

        drain(play);
        while (*text && count-- && !play->stopped && !play->closed)
            serve(play, text, strlen(text));
        free(text);
    } else if (strcmp(line, "--") == 0) {
        drain(play);
        if (!play->stopped && play->client_at != play->client_len)
            fail_play(play, line, "the client writes more in this flight");
    } else if (strcmp(line, "TLS") == 0) {
        drain(play);
        if (play->start_tls != 1 && play->script->config.tls != FCT_TLS_IMPLICIT)
            fail_play(play, line, "no START_TLS event");
        if (!play->stopped)
            fct_session_secured(play->session, play->script->binding ? &facts : NULL, play->now_us);
    } else if (strcmp(line, "EOF") == 0) {
        drain(play);
        lose(play, 0);
    } else if (strcmp(line, "LATE") == 0) {
        /* Everything before the deadline is too early, then it is the deadline. */
        drain(play);
        if (play->stopped)
            return;
        play->now_us = fct_session_deadline(play->session);
        if (play->now_us == FCT_NEVER) {
            fail_play(play, line, "waits for nothing");
            return;
        }
        fct_session_tick(play->session, play->now_us - 1);
        take_events(play);
        if (play->closed)
            fail_play(play, line, "ended before its deadline");
        fct_session_tick(play->session, play->now_us);
        take_events(play);
    } else if (strncmp(line, "accept ", 7) == 0) {
        play->allowance = strcmp(line + 7, "all") == 0 ? NO_LIMIT : strtoul(line + 7, NULL, 10);
    } else if (strncmp(line, "submit ", 7) == 0) {
        submit(play, strtoul(line + 7, NULL, 10) - 1);
    } else if (strcmp(line, "noop") == 0) {
        fct_session_noop(play->session, play->now_us);
    } else if (strcmp(line, "quit") == 0) {
        fct_session_quit(play->session, play->now_us);
    } else {
        fail_play(play, line, "not a line of a dialogue");
    }
}

static void play_script(struct play *play, const struct script *script)
{
    play->script = script;
    play->now_us = 1000000;
    play->allowance = NO_LIMIT;
    if (!play->feed_step)
        play->feed_step = NO_LIMIT;
    if (!play->accept_step)
        play->accept_step = NO_LIMIT;
    if (!play->client_limit)
        play->client_limit = NO_LIMIT;
    if (!play->server_limit)
        play->server_limit = NO_LIMIT;
    play->session = fct_session_new(&script->config, play->now_us);
    if (!play->session) {
        if (!play->lenient)
            abort();
        return;
    }
    for (size_t i = 0; i < script->mail_count; i++) {
        if (!script->mails[i].later)
            submit(play, i);
    }
    for (size_t i = 0; i < script->line_count && !play->stopped; i++) {
        step(play, script->lines[i]);
        if (!play->stopped)
            take_events(play);
    }
    if (!play->stopped)
        drain(play);
    play->flights = fct_session_flights(play->session);
    snprintf(play->mechanism, sizeof(play->mechanism), "%s", fct_session_mechanism(play->session));
    play->transcript = must(strdup(fct_session_transcript(play->session)));
    if (play->lenient && !play->closed) {
        fct_session_lost(play->session, FACTEUR_ECONNECT, NULL, play->now_us);
        take_events(play);
    }
}

static void play_done(struct play *play)
{
    fct_session_free(play->session);
    free(play->client);
    free(play->server);
    free(play->transcript);
}

#endif
