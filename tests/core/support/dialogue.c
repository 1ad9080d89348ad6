/* SPDX-License-Identifier: MIT */
/* Each line of a script is a step; `drain` moves what the session writes, `serve` what it reads. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/dialogue.h"

static void fail_play(struct play *play, const char *line, const char *what)
{
    if (!play->failure[0] && !play->lenient && !play->cut)
        snprintf(play->failure, sizeof(play->failure),
                 "at \"%.200s\": %s; unread from the client: \"%.300s\"", line, what,
                 play->client ? play->client + play->client_at : "");
    play->stopped = true;
}

/* The second one of a mail that was detached. */
static void note_second(struct play *play, const fct_outcome *outcome)
{
    for (size_t i = 0; i < play->script->mail_count; i++) {
        struct seen *seen = &play->seen[i];

        if (!outcome->later || outcome->later != seen->later)
            continue;
        seen->late_count++;
        seen->late = outcome->late;
        seen->late_class = (int)outcome->class;
        seen->late_code = outcome->reply.code;
    }
}

/* Only one that is given up, or that another's end leaves behind, overtakes those before it. */
static void check_order(struct play *play, size_t index, const fct_outcome *outcome)
{
    if (outcome->detached || outcome->error == FACTEUR_EDEADLINE ||
        outcome->error == FACTEUR_ECLOSED)
        return;
    if (index && play->seen[index - 1].submitted && !play->seen[index - 1].count)
        snprintf(play->failure, sizeof(play->failure), "outcome %zu came early", index + 1);
}

static void note_first(struct play *play, const fct_outcome *outcome)
{
    static const char letters[] = "STPA";
    size_t index = (size_t)(uintptr_t)outcome->tag - 1;
    struct seen *seen = &play->seen[index];

    check_order(play, index, outcome);
    seen->count++;
    seen->detached = outcome->detached;
    seen->later = outcome->later;
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
}

static void note_outcome(struct play *play, fct_outcome *outcome)
{
    if (outcome->tag)
        note_first(play, outcome);
    else
        note_second(play, outcome);
    fct_outcome_free(outcome);
}

/* "1,2": whose terminators wait. */
static void note_gate(struct play *play, const struct fct_session_event *event)
{
    size_t len = 0;

    if (play->gate[0])
        snprintf(play->failure, sizeof(play->failure), "a gate that the dialogue does not name");
    for (size_t i = 0; i < event->tag_count && len + 8 < sizeof(play->gate); i++)
        len += (size_t)snprintf(play->gate + len, sizeof(play->gate) - len, "%s%zu", i ? "," : "",
                                (size_t)(uintptr_t)event->tags[i]);
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
        case FCT_EVENT_GATE:
            note_gate(play, &event);
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
    fct_slice refused;

    for (int i = 0; i < 10 && !play->closed; i++) {
        uint64_t deadline;

        fct_session_output(play->session, &refused, 1, play->now_us);
        deadline = fct_session_deadline(play->session);
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
    /* A mail may have ended without an octet. */
    if (!play->stopped)
        take_events(play);
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

    if (index >= play->script->mail_count || play->seen[index].submitted || play->seen[index].count)
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
    } else if (strchr("SVRL", line[0]) && strchr(line, ':') &&
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
    } else if (strncmp(line, "pause ", 6) == 0) {
        play->now_us += strtoul(line + 6, NULL, 10);
    } else if (strncmp(line, "accept ", 7) == 0) {
        play->allowance = strcmp(line + 7, "all") == 0 ? NO_LIMIT : strtoul(line + 7, NULL, 10);
    } else if (strncmp(line, "submit ", 7) == 0) {
        submit(play, strtoul(line + 7, NULL, 10) - 1);
    } else if (strncmp(line, "GATE ", 5) == 0) {
        drain(play);
        take_events(play);
        if (!play->stopped && strcmp(play->gate, line + 5) != 0)
            fail_play(play, line, *play->gate ? play->gate : "nothing waits at the gate");
        play->gate[0] = '\0';
    } else if (strcmp(line, "release") == 0) {
        fct_session_release(play->session, play->now_us);
    } else if (strncmp(line, "cancel ", 7) == 0 || strncmp(line, "keep ", 5) == 0) {
        bool keep = line[0] == 'k';
        uintptr_t tag = strtoul(strchr(line, ' '), NULL, 10);

        drain(play);
        if (!play->stopped && fct_session_cancel(play->session, (void *)tag, play->now_us) == keep)
            fail_play(play, line, keep ? "was cancelled" : "cannot be cancelled");
    } else if (strcmp(line, "noop") == 0) {
        fct_session_noop(play->session, play->now_us);
    } else if (strcmp(line, "quit") == 0) {
        fct_session_quit(play->session, play->now_us);
    } else {
        fail_play(play, line, "not a line of a dialogue");
    }
}

void play_script(struct play *play, const struct script *script)
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

void play_done(struct play *play)
{
    fct_session_free(play->session);
    free(play->client);
    free(play->server);
    free(play->transcript);
}
