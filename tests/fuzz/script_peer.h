/* SPDX-License-Identifier: MIT */
/*
 * The relay's side of fuzz_script.c, written apart from the session: it reads back every byte that
 * the client wrote, as a command stream that must be a legal one, matches replies to commands by
 * counting, and says from these alone what may be claimed of each recipient.
 */
#ifndef SCRIPT_PEER_H
#define SCRIPT_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAILS 6
#define RECIPIENTS 3
#define COMMANDS 600
#define CLIENT_LINE 1100

/* Shows the dialogue of what is about to fail. */
static void show(void);

#define check(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            show();                                                                                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum verb {
    GREETING,
    EHLO,
    HELO,
    STARTTLS,
    AUTH,
    RESPONSE,
    MAIL,
    RCPT,
    DATA,
    PROBE, /* BDAT 0 */
    FINAL,
    BDAT,
    LONE_DOT,
    RSET,
    NOOP,
    QUIT
};

/* A command, or a reply to it; the nth reply that is fed answers the nth command. */
struct command {
    enum verb verb;
    int mail, rcpt;     /* MAIL … BDAT, RCPT */
    size_t end;         /* in the client's stream; 0: not yet whole */
    size_t handed_at;   /* the terminator's octet that counts was written; 0: not yet */
    int code;           /* of its reply; 0: none was fed, -1: malformed */
    size_t answered_at; /* client's bytes that were out then */
};

struct peer_mail {
    char *content, *stuffed;
    size_t len, stuffed_len;
    size_t recipients;
    bool has_command;   /* a line of it could be read as one */
    bool gated, let_go; /* its terminator waits for a release; one is to its credit */
};

struct peer {
    /* What the client may do. */
    bool pipelining, chunking, tls_required, auth_allowed;
    bool reads_on; /* commands may stand behind a final dot */
    unsigned depth;
    bool secured;
    struct peer_mail mails[MAILS];
    /* What was offered in the latest EHLO reply that was heard. */
    bool offers_pipelining, offers_chunking, offers_size;

    struct command commands[COMMANDS];
    size_t count;   /* commands begun */
    size_t replies; /* fed */
    size_t client_len;
    bool open, dirty; /* a transaction is; one may be, after a BDAT */
    int mail;         /* of it */
    size_t asked;     /* RCPTs in it */
    bool in_content;
    size_t content_at;
    char line[CLIENT_LINE];
    size_t line_len;
};

static inline struct command *last_command(struct peer *peer)
{
    return &peer->commands[peer->count - 1];
}

static struct command *begin_command(struct peer *peer, enum verb verb)
{
    check(peer->count < COMMANDS);
    peer->commands[peer->count] = (struct command){.verb = verb, .mail = peer->mail};
    return &peer->commands[peer->count++];
}

static void peer_init(struct peer *peer)
{
    begin_command(peer, GREETING)->end = 1;
}

static int kind(int code)
{
    return code / 100;
}

/* What must be the last of its group (RFC 2920 section 3.1; the client's own QUIT ends all). */
static bool ends_group(enum verb verb)
{
    return verb <= RESPONSE || verb == DATA || verb == PROBE || verb == NOOP || verb == QUIT;
}

static bool ends_content(enum verb verb)
{
    return verb == FINAL || verb == LONE_DOT;
}

/* A command may be written now: what was before it allows it unanswered. */
static void check_turn(struct peer *peer)
{
    bool group = peer->pipelining && peer->offers_pipelining;

    check(last_command(peer)->verb != QUIT);
    if (!group || ends_group(last_command(peer)->verb) ||
        (!peer->reads_on && ends_content(last_command(peer)->verb)))
        check(peer->replies >= peer->count);
}

/* How many mails were begun whose last command has no reply yet. */
static unsigned in_flight(const struct peer *peer)
{
    unsigned count = 0;

    for (size_t i = peer->replies; i < peer->count; i++)
        count += peer->commands[i].verb == FINAL || peer->commands[i].verb == BDAT;
    return count + (peer->open ? 1 : 0);
}

static void take_mail(struct peer *peer, const char *line)
{
    char end = 0;
    struct command *bdat = NULL;

    check(!peer->open);
    for (size_t i = peer->count; i-- > 0 && peer->commands[i].verb != RSET;) {
        check(peer->commands[i].verb != PROBE);
        if (peer->commands[i].verb == BDAT || peer->commands[i].verb == MAIL) {
            bdat = peer->commands[i].verb == BDAT ? &peer->commands[i] : NULL;
            break;
        }
    }
    /* Only what was taken, or a RSET, closes the transaction of a BDAT for sure. */
    check(!bdat || kind(bdat->code) == 2);
    check(sscanf(line, "MAIL FROM:<a%d@x.example%c", &peer->mail, &end) == 2 && end == '>');
    check(peer->mail >= 0 && peer->mail < MAILS && peer->mails[peer->mail].content);
    check(peer->offers_size || !strstr(line, " SIZE="));
    check(!peer->tls_required || peer->secured);
    check(in_flight(peer) < (peer->depth));
    peer->open = true;
    peer->asked = 0;
    begin_command(peer, MAIL);
}

static void take_rcpt(struct peer *peer, const char *line)
{
    int mail = -1, rcpt = -1, used = 0;

    check(peer->open);
    sscanf(line, "RCPT TO:<r%d-%d@x.example>%n", &mail, &rcpt, &used);
    check(used && !line[used]);
    check(mail == peer->mail && rcpt >= 0 && (size_t)rcpt < peer->mails[mail].recipients);
    peer->asked++;
    begin_command(peer, RCPT)->rcpt = rcpt;
}

/* The relay has shown that it knows BDAT. */
static bool is_proven(const struct peer *peer)
{
    for (size_t i = 0; i < peer->replies; i++) {
        if ((peer->commands[i].verb == BDAT || peer->commands[i].verb == PROBE) &&
            kind(peer->commands[i].code) == 2)
            return true;
    }
    return false;
}

static void take_bdat(struct peer *peer, const char *line)
{
    unsigned long len = 0;
    int used = 0;

    check(peer->open && peer->asked && peer->chunking && peer->offers_chunking);
    if (strcmp(line, "BDAT 0") == 0) {
        check(peer->mails[peer->mail].has_command);
        begin_command(peer, PROBE)->end = peer->client_len;
        return;
    }
    check(!peer->mails[peer->mail].has_command || is_proven(peer));
    sscanf(line, "BDAT %lu LAST%n", &len, &used);
    check(used && !line[used] && len == peer->mails[peer->mail].len && len > 0);
    begin_command(peer, BDAT);
    peer->in_content = true;
    peer->content_at = 0;
}

/* One line that is no content, without its end. */
static void take_line(struct peer *peer, const char *line)
{
    const struct command *last = last_command(peer);
    enum verb verb = RESPONSE;

    check_turn(peer);
    if ((last->verb == AUTH || last->verb == RESPONSE) && last->code == 334) {
        check(strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
                  strlen(line) ||
              strcmp(line, "*") == 0);
        begin_command(peer, RESPONSE);
    } else if (last->verb == DATA && last->code == 354) {
        check(strcmp(line, ".") == 0);
        begin_command(peer, LONE_DOT);
        peer->open = false;
    } else if (strncmp(line, "MAIL ", 5) == 0) {
        take_mail(peer, line);
    } else if (strncmp(line, "RCPT ", 5) == 0) {
        take_rcpt(peer, line);
    } else if (strncmp(line, "BDAT ", 5) == 0) {
        take_bdat(peer, line);
        return;
    } else if (strncmp(line, "AUTH ", 5) == 0) {
        check(peer->auth_allowed || peer->secured);
        begin_command(peer, AUTH);
    } else {
        static const struct {
            const char *line;
            enum verb verb;
        } plain[] = {{"EHLO client.example", EHLO},
                     {"HELO client.example", HELO},
                     {"STARTTLS", STARTTLS},
                     {"DATA", DATA},
                     {"RSET", RSET},
                     {"NOOP", NOOP},
                     {"QUIT", QUIT}};
        size_t i = 0;

        while (i < sizeof plain / sizeof *plain && strcmp(line, plain[i].line) != 0)
            i++;
        check(i < sizeof plain / sizeof *plain);
        verb = plain[i].verb;
        check(verb != STARTTLS || !peer->secured);
        check(verb != DATA || (peer->open && peer->asked));
        begin_command(peer, verb);
        if (verb == RSET)
            peer->open = false;
    }
    last_command(peer)->end = peer->client_len;
}

/* Whether what follows a DATA is the mail; else only the lone dot may. */
static bool content_is_due(struct peer *peer)
{
    const struct command *last = last_command(peer);
    bool accepted = false;

    if (last->verb != DATA || last->code != 354 || peer->line_len)
        return false;
    for (const struct command *at = last; at->verb != MAIL; at--)
        accepted |= at->verb == RCPT && kind(at->code) == 2;
    return accepted;
}

static void begin_content(struct peer *peer)
{
    begin_command(peer, FINAL);
    peer->in_content = true;
    peer->content_at = 0;
}

static void take_content(struct peer *peer, char byte)
{
    struct command *command = last_command(peer);
    struct peer_mail *mail = &peer->mails[peer->mail];
    bool bdat = command->verb == BDAT;
    size_t len = bdat ? mail->len : mail->stuffed_len;

    check(byte == (bdat ? mail->content : mail->stuffed)[peer->content_at]);
    peer->content_at++;
    /* The dot of the final dot's line, or the last octet of the chunk. */
    if (peer->content_at == (bdat ? len : len - 2)) {
        check(!mail->gated || mail->let_go);
        mail->let_go = false;
        command->handed_at = peer->client_len;
    }
    if (peer->content_at < len)
        return;
    command->end = peer->client_len;
    peer->in_content = peer->open = false;
}

static void peer_take(struct peer *peer, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        peer->client_len++;
        if (!peer->in_content && content_is_due(peer)) {
            check_turn(peer);
            begin_content(peer);
        }
        if (peer->in_content) {
            take_content(peer, bytes[i]);
            continue;
        }
        check(peer->line_len < sizeof peer->line - 1 && bytes[i]);
        peer->line[peer->line_len++] = bytes[i];
        if (bytes[i] != '\n')
            continue;
        check(peer->line_len > 1 && peer->line[peer->line_len - 2] == '\r');
        peer->line[peer->line_len - 2] = '\0';
        check(!strpbrk(peer->line, "\r\n"));
        peer->line_len = 0;
        take_line(peer, peer->line);
    }
}

/* ---- What the bytes say -----------------------------------------------------------------------
 */

enum claim { CLAIM_SENT, CLAIM_TEMPORARY, CLAIM_PERMANENT, CLAIM_IN_DOUBT };

/* One run of one mail, as far as `heard` replies tell. */
struct run {
    int mail_code, rcpt_code, data_code, final_code;
    bool asked, handed, early, bdat, wanted;
};

static int heard_code(const struct peer *peer, size_t at, size_t heard)
{
    return at < heard ? peer->commands[at].code : 0;
}

/* Read the run that begins with the MAIL at *at, and move to what is behind it. */
static struct run read_run(const struct peer *peer, size_t *at, int rcpt, size_t heard)
{
    struct run run = {.mail_code = heard_code(peer, *at, heard)};
    bool accepted = false;

    for (++*at; *at < peer->count; ++*at) {
        const struct command *command = &peer->commands[*at];
        int code = heard_code(peer, *at, heard);

        if (command->verb == RCPT) {
            accepted |= kind(code) == 2;
            if (command->rcpt == rcpt) {
                run.asked = true;
                run.rcpt_code = code;
            }
        } else if (command->verb == DATA) {
            run.data_code = code;
        } else if (command->verb == PROBE) {
            continue;
        } else if (command->verb == FINAL || command->verb == BDAT) {
            run.bdat = command->verb == BDAT;
            run.handed = command->handed_at != 0;
            /* Answered before it could be. */
            run.early = !run.handed || (code && command->answered_at < command->handed_at);
            run.final_code = code;
            break;
        } else {
            break;
        }
    }
    run.wanted = accepted && kind(run.mail_code) == 2;
    return run;
}

/* The first BDAT that the relay does not know, after which no success is believed; or the end. */
static size_t drained_at(const struct peer *peer, size_t heard)
{
    for (size_t i = 0; i < peer->count; i++) {
        size_t at = i;
        struct run run;

        if (peer->commands[i].verb != MAIL)
            continue;
        run = read_run(peer, &at, -1, heard);
        if (run.bdat && run.wanted &&
            (run.final_code == 500 || run.final_code == 502 || run.final_code == 503))
            return at;
    }
    return SIZE_MAX;
}

/* Whether the last run that asked for a recipient bears a claim other than "sent". */
static bool fits_run(const struct run *run, enum claim claim, bool drained, bool told)
{
    int final = kind(run->final_code);
    /* Behind a BDAT that is not known only the refusal of another one is believed. */
    bool verdict = drained ? run->bdat && final >= 4 : final == 2 || final >= 4;
    bool unheard = run->handed && !told && !verdict;
    bool refused = kind(run->mail_code) >= 4 || kind(run->rcpt_code) >= 4;
    bool decided =
        verdict && !drained && !run->bdat && kind(run->mail_code) == 2 && kind(run->rcpt_code) == 2;

    if (claim == CLAIM_IN_DOUBT)
        return unheard && (!refused || run->mail_code == 503);
    if (unheard && !refused)
        return false;
    return !decided || final == (claim == CLAIM_PERMANENT ? 5 : 4);
}

/* Whether the bytes and the first `heard` replies bear what is claimed of one recipient. */
static bool claim_fits(const struct peer *peer, int mail, int rcpt, enum claim claim, size_t heard)
{
    size_t drained = drained_at(peer, heard);
    bool told = heard && peer->commands[heard - 1].code == 421;
    bool sent = false, asked = false, five = false, fits = claim != CLAIM_IN_DOUBT;

    for (size_t i = 0; i < peer->count;) {
        struct run run;

        if (peer->commands[i].verb != MAIL || peer->commands[i].mail != mail) {
            i++;
            continue;
        }
        run = read_run(peer, &i, rcpt, heard);
        asked = true;
        five |= kind(run.mail_code) == 5 || kind(run.rcpt_code) == 5 || kind(run.data_code) == 5 ||
                kind(run.final_code) == 5;
        if (!run.asked)
            continue;
        check(!sent); /* who has it is never sent it again */
        sent = kind(run.final_code) == 2 && !run.early && kind(run.rcpt_code) == 2 && i < drained;
        fits = fits_run(&run, claim, i > drained, told);
    }
    if (sent || claim == CLAIM_SENT)
        return sent && claim == CLAIM_SENT;
    return fits && !(claim == CLAIM_PERMANENT && asked && !five);
}

#endif
