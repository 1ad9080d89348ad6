/* SPDX-License-Identifier: MIT */
/*
 * The whole session, structured: the input chooses options, mails, what the relay offers, and then
 * step by step what both sides write, how far it comes, how time passes and how it ends.  Whatever
 * that is, script_peer.h must find the client's stream legal and each recipient's class right, the
 * one told at a deadline and the one told late.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "script_peer.h"

#include "base/memory.h"
#include "mime/content.h"
#include "smtp/session.h"

#define STEPS 400
#define REPLIES 600
#define MEMORY_MAX (2u << 20)
#define PASSWORD "canary-password"
#define PASSWORD_BASE64 "Y2FuYXJ5LXBhc3N3b3Jk"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct emitted {
    size_t end; /* in the relay's stream */
    int code;   /* -1: malformed */
    int offers; /* of an EHLO reply, -1: none are in it */
};

struct seen {
    bool submitted, again, untouched, at_gate, detached;
    unsigned count, second_count;
    const void *later; /* only compared */
    enum fct_class class, classes[RECIPIENTS];
};

struct play {
    const uint8_t *data;
    size_t len;
    fct_session *session;
    uint64_t now_us;
    struct peer peer;
    fct_mail *mails[MAILS];
    uint64_t deadline_us[MAILS];
    unsigned hold[MAILS];
    unsigned gates;  /* a bit for each mail */
    bool commanding; /* short contents have a line that could be a command */
    bool lets_go;    /* the user releases what waits whenever both sides converse */
    size_t mail_count, submitted;
    struct seen seen[MAILS];
    uint8_t offers[2];    /* before and behind TLS */
    int policy[QUIT + 1]; /* a choice of reply for each verb; 0: a good one */
    char *server;
    size_t server_len, server_cap, fed;
    struct emitted replies[REPLIES];
    size_t reply_count;
    size_t heard_least; /* when the session died within a feed, perhaps no more was heard */
    bool start_tls, closed, timed_out;
    size_t memory;
};

static struct play *current;

static const enum claim claims[] = {[FCT_SENT] = CLAIM_SENT,
                                    [FCT_TEMPORARY] = CLAIM_TEMPORARY,
                                    [FCT_PERMANENT] = CLAIM_PERMANENT,
                                    [FCT_IN_DOUBT] = CLAIM_IN_DOUBT};

static void show(void)
{
    fprintf(stderr, "%zu commands, %zu replies\n%s\n", current->peer.count, current->peer.replies,
            current->session ? fct_session_transcript(current->session) : "");
}

static unsigned take(struct play *play)
{
    if (play->len == 0)
        return 0;
    play->len--;
    return *play->data++;
}

static void *must(void *block)
{
    check(block);
    return block;
}

/* ---- The relay's replies ----------------------------------------------------------------------
 */

static void emit(struct play *play, const char *text, size_t len, int code, int offers)
{
    if (play->reply_count == REPLIES)
        return;
    if (play->server_len + len > play->server_cap) {
        play->server_cap = (play->server_len + len) * 2;
        play->server = must(realloc(play->server, play->server_cap));
    }
    memcpy(play->server + play->server_len, text, len);
    play->server_len += len;
    play->replies[play->reply_count++] = (struct emitted){play->server_len, code, offers};
}

static void emit_chosen(struct play *play, unsigned choice, unsigned form)
{
    static const int codes[] = {250, 220, 221, 251, 235, 334, 354, 399, 421, 450, 451, 452, 454,
                                500, 501, 502, 503, 530, 535, 550, 552, 554, 599, 200, 400};
    int code = codes[choice % (sizeof codes / sizeof *codes)], len = 0;
    char text[9000];

    switch (form % 7) {
    case 0:
        len = sprintf(text, "%d ok\r\n", code);
        break;
    case 1:
        len = sprintf(text, "%d-one\r\n%d two\r\n", code, code);
        break;
    case 2:
        len = sprintf(text, "%d\r\n", code);
        break;
    case 3:
        len = sprintf(text, "%d ok\n", code);
        break;
    case 4:
        len = sprintf(text, "%d %d.5.3 too many recipients\r\n", code, code / 100);
        break;
    case 5:
        len = sprintf(text, "%d dXNlcg==\r\n", code);
        break;
    default:
        len = sprintf(text, "%d %08000d\r\n", code, 1);
        break;
    }
    emit(play, text, (size_t)len, code, -1);
}

static void emit_malformed(struct play *play, unsigned choice)
{
    static const char *const texts[] = {
        "2500 ok\r\n",        "250ok\r\n", "25\r\n",    "\r\n",      "abc def\r\n",
        "250-a\r\n550 b\r\n", "150 x\r\n", "600 x\r\n", "250\t\r\n", "\n"};
    char line[8300];

    choice %= sizeof texts / sizeof *texts + 1;
    if (choice < sizeof texts / sizeof *texts) {
        emit(play, texts[choice], strlen(texts[choice]), -1, -1);
        return;
    }
    memset(line, 'x', sizeof line);
    memcpy(line, "250 ", 4);
    emit(play, line, sizeof line, -1, -1);
}

static void emit_capabilities(struct play *play)
{
    static const char *const words[] = {"PIPELINING",
                                        "CHUNKING",
                                        "SIZE 5000",
                                        "SIZE",
                                        "STARTTLS",
                                        "8BITMIME",
                                        "LIMITS RCPTMAX=2 MAILMAX=3",
                                        "AUTH LOGIN PLAIN CRAM-MD5 XOAUTH2"};
    int offers = play->offers[play->peer.secured], len = 0;
    char text[300];

    len += sprintf(text + len, "250-relay.example\r\n");
    for (int i = 0; i < 8; i++) {
        if (offers >> i & 1)
            len += sprintf(text + len, "250-%s\r\n", words[i]);
    }
    len += sprintf(text + len, "250 HELP\r\n");
    emit(play, text, (size_t)len, 250, offers);
}

static void answer_well(struct play *play, enum verb verb)
{
    static const char *const good[] = {[GREETING] = "220 relay.example ESMTP\r\n",
                                       [HELO] = "250 relay.example\r\n",
                                       [STARTTLS] = "220 go\r\n",
                                       [AUTH] = "235 2.7.0 welcome\r\n",
                                       [RESPONSE] = "235 2.7.0 welcome\r\n",
                                       [MAIL] = "250 2.1.0 ok\r\n",
                                       [RCPT] = "250 2.1.5 ok\r\n",
                                       [DATA] = "354 go\r\n",
                                       [PROBE] = "250 2.0.0 0 octets\r\n",
                                       [FINAL] = "250 2.0.0 queued\r\n",
                                       [BDAT] = "250 2.0.0 queued\r\n",
                                       [LONE_DOT] = "554 5.5.1 nobody\r\n",
                                       [RSET] = "250 2.0.0 ok\r\n",
                                       [NOOP] = "250 2.0.0 ok\r\n",
                                       [QUIT] = "221 2.0.0 bye\r\n"};

    if (verb == EHLO)
        emit_capabilities(play);
    else if (verb == GREETING && play->peer.reads_on)
        emit(play, "220 relay.example ESMTP Postfix\r\n", 33, 220, -1);
    else
        emit(play, good[verb], strlen(good[verb]), atoi(good[verb]), -1);
}

/* The commands that are wholly here and have no reply on its way. */
static size_t owed(const struct play *play)
{
    size_t whole = play->peer.count - (play->peer.commands[play->peer.count - 1].end ? 0 : 1);

    return whole > play->reply_count && play->reply_count < REPLIES ? whole - play->reply_count : 0;
}

static void answer_one(struct play *play)
{
    enum verb verb = play->peer.commands[play->reply_count].verb;
    int policy = play->policy[verb];

    if (policy)
        emit_chosen(play, (unsigned)policy % 32, (unsigned)policy / 32);
    else
        answer_well(play, verb);
}

/* ---- The session ------------------------------------------------------------------------------
 */

/* The mail of a second outcome, which has no tag: they come in the order of submission. */
static size_t mail_of_second(const struct play *play, const fct_outcome *outcome)
{
    size_t mail = 0;

    while (!play->seen[mail].detached || play->seen[mail].second_count)
        check(++mail < play->submitted);
    check(outcome->later == play->seen[mail].later);
    return mail;
}

/* What is told before the verdict is right at that moment. */
static void judge_early(const struct play *play, size_t mail)
{
    const struct seen *seen = &play->seen[mail];

    for (size_t i = 0; i < play->peer.mails[mail].recipients; i++)
        check(claim_fits(&play->peer, (int)mail, (int)i, claims[seen->classes[i]],
                         play->peer.replies));
}

static void note_outcome(struct play *play, fct_outcome *outcome)
{
    static const int order[] = {[FCT_SENT] = 3, [FCT_IN_DOUBT] = 2, [FCT_TEMPORARY] = 1};
    bool second = !outcome->tag;
    size_t mail = second ? mail_of_second(play, outcome) : (size_t)(uintptr_t)outcome->tag - 1;
    struct seen *seen = &play->seen[mail];
    int best = 0;

    check(mail < play->submitted && seen->count == (second ? 1 : 0));
    seen->count = 1;
    seen->second_count += second;
    check(second || !outcome->late);
    check(!second || outcome->late == (seen->class == FCT_IN_DOUBT));
    check(!second || !outcome->detached);
    seen->detached |= outcome->detached;
    seen->later = outcome->later;
    seen->class = outcome->class;
    seen->again = outcome->again;
    seen->untouched = outcome->untouched;

    check(outcome->recipient_count == play->peer.mails[mail].recipients);
    for (size_t i = 0; i < outcome->recipient_count; i++) {
        seen->classes[i] = outcome->recipients[i].class;
        if (order[seen->classes[i]] > best)
            best = order[seen->classes[i]];
    }
    check(order[outcome->class] == best);
    check((outcome->class == FCT_SENT) == (outcome->error == 0));
    check((outcome->class == FCT_SENT) == (outcome->message == NULL));
    check(outcome->class != FCT_SENT || kind(outcome->reply.code) == 2);
    check(outcome->class != FCT_PERMANENT || outcome->reply.code == 0 ||
          kind(outcome->reply.code) == 5);
    check(!outcome->untouched || outcome->class == FCT_TEMPORARY);
    check(!outcome->again || outcome->class == FCT_TEMPORARY);
    check(!outcome->message || !strstr(outcome->message, PASSWORD));
    check(!second || (!seen->again && !seen->untouched));
    if (outcome->detached)
        judge_early(play, mail);
    fct_outcome_free(outcome);
}

/* Only of mails that wait, and that were not told of before. */
static void note_gate(struct play *play, const struct fct_session_event *event)
{
    check(event->tag_count > 0);
    for (size_t i = 0; i < event->tag_count; i++) {
        size_t mail = (size_t)(uintptr_t)event->tags[i] - 1;

        check(mail < play->submitted && play->seen[mail].count == 0);
        check(play->peer.mails[mail].gated && !play->seen[mail].at_gate);
        check(i == 0 || event->tags[i - 1] < event->tags[i]);
        play->seen[mail].at_gate = true;
    }
}

static void release(struct play *play)
{
    for (size_t i = 0; i < play->submitted; i++) {
        play->peer.mails[i].let_go |= play->seen[i].at_gate;
        play->seen[i].at_gate = false;
    }
    fct_session_release(play->session, play->now_us);
}

static void take_events(struct play *play)
{
    struct fct_session_event event;

    while (fct_session_next(play->session, &event)) {
        check(!play->closed);
        if (event.kind == FCT_EVENT_OUTCOME)
            note_outcome(play, event.outcome);
        if (event.kind == FCT_EVENT_GATE)
            note_gate(play, &event);
        play->start_tls |= event.kind == FCT_EVENT_START_TLS;
        play->closed |= event.kind == FCT_EVENT_CLOSE;
    }
#ifdef FCT_FAULT_INJECTION
    check(fct_memory_bytes() <= play->memory + MEMORY_MAX);
#endif
}

/* Let the client write at most so many bytes. */
static bool drain(struct play *play, size_t most)
{
    fct_slice slices[5];
    bool moved = false;
    int count;

    while (most && !play->closed &&
           (count = fct_session_output(play->session, slices, 5, play->now_us)) > 0) {
        size_t total = 0;

        check(!play->start_tls && play->peer.count < COMMANDS - 20);
        for (int i = 0; i < count && total < most; i++) {
            size_t part = slices[i].len < most - total ? slices[i].len : most - total;

            peer_take(&play->peer, slices[i].ptr, part);
            total += part;
        }
        most -= total;
        moved = true;
        fct_session_sent(play->session, total, play->now_us);
        take_events(play);
    }
    take_events(play);
    return moved;
}

/* What the relay's bytes up to `fed` have completed. */
static void hear(struct play *play)
{
    struct peer *peer = &play->peer;

    while (peer->replies < play->reply_count && play->replies[peer->replies].end <= play->fed) {
        const struct emitted *reply = &play->replies[peer->replies];
        struct command *command = &peer->commands[peer->replies];

        /* A refusal may come before the content's first octet. */
        if (peer->replies == peer->count && !peer->in_content && content_is_due(peer))
            begin_content(peer);
        if (peer->replies == peer->count) {
            check(play->closed); /* nobody asked */
            return;
        }
        command->code = reply->code;
        command->answered_at = peer->client_len;
        if (command->verb == EHLO || command->verb == HELO) {
            peer->offers_pipelining = reply->offers >= 0 && reply->offers & 1;
            peer->offers_chunking = reply->offers >= 0 && reply->offers & 2;
            peer->offers_size = reply->offers >= 0 && reply->offers & 12;
        }
        peer->replies++;
        check(reply->code != -1 || play->closed);
        check(play->closed || command->end || (command->verb == FINAL && command->handed_at));
    }
}

static bool feed(struct play *play, size_t most)
{
    size_t len = play->server_len - play->fed;
    char *copy;

    if (len > most)
        len = most;
    if (len == 0 || play->closed)
        return false;
    play->heard_least = play->peer.replies;
    /* A block of its own, so that a read past its end is seen. */
    copy = must(malloc(len));
    memcpy(copy, play->server + play->fed, len);
    check((fct_session_feed(play->session, copy, len, play->now_us) == 0) ||
          fct_session_deadline(play->session) == FCT_NEVER);
    free(copy);
    play->fed += len;
    take_events(play);
    hear(play);
    if (!play->closed)
        play->heard_least = play->peer.replies;
    return true;
}

static void secure(struct play *play)
{
    static const struct fct_tls_facts facts = {"channel-binding-data", 20, "tls-exporter"};

    if (!play->start_tls || play->closed)
        return;
    play->start_tls = false;
    play->peer.secured = true;
    fct_session_secured(play->session, &facts, play->now_us);
    take_events(play);
}

/* Both sides say what they have to say, until they wait for something else. */
static void converse(struct play *play, size_t step)
{
    bool moved = true;

    for (int turns = 0; moved && turns < 200 && !play->closed; turns++) {
        if (play->lets_go)
            release(play);
        moved = drain(play, SIZE_MAX);
        while (owed(play))
            answer_one(play);
        while (feed(play, step))
            moved = true;
        secure(play);
    }
}

static void submit(struct play *play)
{
    size_t i = play->submitted;

    if (i == play->mail_count || play->closed)
        return;
    if (fct_session_submit(play->session, play->mails[i], play->deadline_us[i], play->hold[i],
                           (void *)(uintptr_t)(i + 1), play->now_us)) {
        play->submitted = play->mail_count = i;
        return;
    }
    play->seen[i].submitted = true;
    play->submitted++;
    take_events(play);
}

/* Nothing may end a microsecond before its time, and something must when the time is there. */
static void let_time_pass(struct play *play)
{
    uint64_t deadline = fct_session_deadline(play->session);

    if (deadline == FCT_NEVER || play->closed)
        return;
    if (deadline > play->now_us + 1) {
        play->now_us = deadline - 1;
        fct_session_tick(play->session, play->now_us);
        take_events(play);
        check(!play->closed);
    }
    if (deadline > play->now_us)
        play->now_us = deadline;
    fct_session_tick(play->session, play->now_us);
    take_events(play);
    check(play->closed || fct_session_deadline(play->session) > play->now_us);
}

/* What is taken back is certainly not sent; no mail is in doubt for it. */
static void cancel(struct play *play, size_t mail)
{
    bool handed = false;
    size_t i = play->peer.count;

    while (i-- > play->peer.replies)
        handed |= play->peer.commands[i].handed_at != 0;
    if (!fct_session_cancel(play->session, (void *)(uintptr_t)(mail + 1), play->now_us))
        return;
    take_events(play);
    check(!play->seen[mail].count || play->seen[mail].class == FCT_TEMPORARY ||
          play->peer.mails[mail].recipients > 1);
    check(!play->closed || !handed);
}

static void step(struct play *play)
{
    unsigned op = take(play) % 16, arg;

    switch (op) {
    case 0:
    case 1:
        converse(play, SIZE_MAX);
        break;
    case 2:
        converse(play, 1 + take(play));
        break;
    case 3:
        if (owed(play))
            answer_one(play);
        break;
    case 4:
        arg = take(play);
        emit_chosen(play, arg % 32, arg / 32);
        break;
    case 5:
        arg = take(play);
        drain(play, arg < 200 ? arg : (arg - 199) * 1500);
        break;
    case 6:
        arg = take(play);
        feed(play, arg < 255 ? arg : SIZE_MAX);
        break;
    case 7:
        emit_malformed(play, take(play));
        break;
    case 8:
        let_time_pass(play);
        break;
    case 9:
        submit(play);
        break;
    case 10:
        if (take(play) % 2)
            fct_session_quit(play->session, play->now_us);
        else
            fct_session_noop(play->session, play->now_us);
        take_events(play);
        break;
    case 11:
        arg = take(play);
        play->policy[arg % (QUIT + 1)] = (int)take(play);
        break;
    case 12:
        secure(play);
        break;
    case 14:
        release(play);
        break;
    case 15:
        cancel(play, take(play) % MAILS);
        break;
    default:
        play->now_us += take(play) * 10;
        break;
    }
}

/* ---- Setting the scene ------------------------------------------------------------------------
 */

static void make_content(struct peer_mail *mail, unsigned choice, bool commanding)
{
    static const char *const texts[] = {"S: x\r\n\r\nx\r\n", "S: x\r\n\r\n.\r\n..a\r\n.b\r\n",
                                        "\r\n", ""};
    static const char command[] = "S: x\r\n\r\nMAIL FROM:<a0@x.example>\r\n";
    size_t long_len = choice % 6 == 4 ? 3000 : 70000, at = 0;
    bool start = true;

    mail->has_command = commanding && choice % 6 < 4;
    if (choice % 6 < 4) {
        mail->content = must(strdup(mail->has_command ? command : texts[choice % 6]));
        mail->len = strlen(mail->content);
    } else {
        mail->content = must(malloc(long_len + 2));
        while (mail->len < long_len) {
            memcpy(mail->content + mail->len, mail->len % 500 ? "x\r\n.." : ".\r\nSS", 5);
            mail->len += 5;
        }
        memcpy(mail->content + mail->len, "\r\n", 2);
        mail->len += 2;
    }
    mail->stuffed = must(malloc(mail->len * 2 + 4));
    for (size_t i = 0; i < mail->len; i++) {
        if (start && mail->content[i] == '.')
            mail->stuffed[at++] = '.';
        mail->stuffed[at++] = mail->content[i];
        start = mail->content[i] == '\n';
    }
    memcpy(mail->stuffed + at, ".\r\n", 3);
    mail->stuffed_len = at + 3;
}

static void make_mail(struct play *play)
{
    size_t i = play->mail_count++;
    struct peer_mail *mail = &play->peer.mails[i];
    unsigned choice = take(play);
    char sender[20], addresses[RECIPIENTS][20];
    const char *recipients[RECIPIENTS];
    fct_content content = {0};

    make_content(mail, choice, play->commanding);
    choice /= 6;
    mail->recipients = 1 + choice % 3;
    choice /= 3;
    play->hold[i] = choice & 1 ? FCT_HOLD_REPLY : 0;
    play->deadline_us[i] = choice & 2 ? 1000 + (choice >> 2) * 3000 : FCT_NEVER;
    mail->gated = play->gates >> i & 1;
    play->hold[i] |= mail->gated ? FCT_HOLD_GATE : 0;
    sprintf(sender, "a%zu@x.example", i);
    for (size_t n = 0; n < mail->recipients; n++) {
        sprintf(addresses[n], "r%zu-%zu@x.example", i, n);
        recipients[n] = addresses[n];
    }
    check(fct_buf_add(&content.bytes, mail->content, mail->len) == 0);
    play->mails[i] = must(fct_mail_new(&content, sender, recipients, mail->recipients, "1@x", 0));
}

static void set_options(struct play *play, struct fct_session_config *config)
{
    static const size_t bytes[] = {1 << 20, 0, 100, 5000};
    static const unsigned depths[] = {16, 1, 2, 3};
    static const char *const mechanisms[] = {NULL, "PLAIN", "LOGIN", "CRAM-MD5"};
    unsigned flags = take(play), auth = take(play);

    *config = (struct fct_session_config){.tls = (enum fct_tls_plan)(flags & 3),
                                          .helo = "client.example",
                                          .pipelining = flags & 4   ? FCT_PIPELINING_OFF
                                                        : auth & 64 ? FCT_PIPELINING_FULL
                                                                    : FCT_PIPELINING_ON,
                                          .chunking = !(flags & 8),
                                          .pipeline_depth = depths[flags >> 4 & 3],
                                          .pipeline_bytes = bytes[flags >> 6 & 3],
                                          .greeting_us = 3000,
                                          .command_us = 2000,
                                          .body_us = 2000,
                                          .final_us = 5000};
    if (auth & 1) {
        config->username = "user";
        config->auth = mechanisms[auth >> 1 & 3];
        config->local = auth & 8;
        config->plaintext_auth = auth & 16;
        if (auth & 32) {
            config->token = must(fct_secret_new(PASSWORD, strlen(PASSWORD)));
            config->auth = NULL;
        } else {
            config->password = must(fct_secret_new(PASSWORD, strlen(PASSWORD)));
        }
    }
    play->peer.pipelining = config->pipelining;
    play->peer.chunking = config->chunking;
    play->peer.reads_on = auth & 64 || auth & 128;
    play->peer.depth = config->pipeline_depth;
    play->peer.tls_required = config->tls == FCT_TLS_STARTTLS;
    play->peer.auth_allowed = config->local || config->plaintext_auth;
}

static void set_scene(struct play *play, struct fct_session_config *config, unsigned how)
{
    unsigned mails;

    set_options(play, config);
    play->offers[0] = (uint8_t)take(play);
    play->offers[1] = (uint8_t)take(play);
    peer_init(&play->peer);
    mails = take(play);
    play->gates = how >> 3 & 1 ? 0x3fU >> (how >> 5) : 0;
    play->lets_go = how >> 4 & 1;
    play->commanding = how >> 2 & 1;
    for (unsigned i = 0; i <= mails % MAILS; i++)
        make_mail(play);
#ifdef FCT_FAULT_INJECTION
    play->memory = fct_memory_bytes();
#endif
    play->now_us = 1000000;
    for (size_t i = 0; i < MAILS; i++)
        play->deadline_us[i] += play->deadline_us[i] == FCT_NEVER ? 0 : play->now_us;
    play->session = must(fct_session_new(config, play->now_us));
    if (config->tls == FCT_TLS_IMPLICIT) {
        play->start_tls = true;
        secure(play);
    }
    for (unsigned i = 0; i < mails / MAILS % (MAILS + 1); i++)
        submit(play);
}

/* ---- The end ----------------------------------------------------------------------------------
 */

static void end(struct play *play, unsigned how)
{
    if (how % 3 == 0) {
        for (int i = 0; i < 20 && !play->closed; i++)
            let_time_pass(play);
    }
    if (!play->closed) {
        fct_session_lost(play->session, how % 3 == 2 ? FACTEUR_ECONNECT : 0, NULL, play->now_us);
        take_events(play);
    }
    check(play->closed);
    for (size_t i = 0; i < play->submitted; i++)
        check(play->seen[i].count == 1 &&
              play->seen[i].second_count == (play->seen[i].detached ? 1 : 0));
    check(strlen(fct_session_transcript(play->session)) <= 16 * 1024);
    check(!strstr(fct_session_transcript(play->session), PASSWORD));
    check(!strstr(fct_session_transcript(play->session), PASSWORD_BASE64));
}

/* Whether what is said of all mails is right when so many replies were heard. */
static bool is_right(const struct play *play, size_t heard)
{
    const struct peer *peer = &play->peer;

    for (size_t i = 0; i < play->submitted; i++) {
        for (size_t n = 0; n < peer->mails[i].recipients; n++) {
            if (!claim_fits(peer, (int)i, (int)n, claims[play->seen[i].classes[n]], heard))
                return false;
        }
        for (size_t at = 0; play->seen[i].untouched && at < heard && at < peer->count; at++) {
            const struct command *command = &peer->commands[at];

            if (command->verb < MAIL || command->verb > BDAT || command->mail != (int)i)
                continue;
            if (command->verb == MAIL && kind(command->code) == 4)
                break;
            if (command->code != 421)
                return false;
        }
    }
    return true;
}

static void judge(const struct play *play)
{
    size_t heard = play->heard_least;

    while (heard <= play->peer.replies && !is_right(play, heard))
        heard++;
    if (heard <= play->peer.replies)
        return;
    for (size_t i = 0; i < play->submitted; i++) {
        fprintf(stderr, "mail %zu:", i);
        for (size_t n = 0; n < play->peer.mails[i].recipients; n++)
            fprintf(stderr, " %c", "STPA"[play->seen[i].classes[n]]);
        fprintf(stderr, "%s\n", play->seen[i].untouched ? " untouched" : "");
    }
    show();
    abort(); /* a class that the bytes do not bear */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct play *play;
    struct fct_session_config config;
    unsigned how;
#ifdef FCT_FAULT_INJECTION
    size_t blocks = fct_memory_blocks();
#endif

    if (size < 8 || size > 2000)
        return 0;
    play = must(calloc(1, sizeof *play));
    current = play;
    play->data = data;
    play->len = size;
    how = take(play);
    set_scene(play, &config, how);
    for (int i = 0; i < STEPS && play->len && !play->closed && play->peer.count < COMMANDS - 200;
         i++)
        step(play);
    end(play, how);
    judge(play);
    fct_session_free(play->session);
    fct_secret_unref(config.password);
    fct_secret_unref(config.token);
    for (size_t i = 0; i < MAILS; i++) {
        fct_mail_unref(play->mails[i]);
        free(play->peer.mails[i].content);
        free(play->peer.mails[i].stuffed);
    }
#ifdef FCT_FAULT_INJECTION
    check(fct_memory_blocks() == blocks);
#endif
    free(play->server);
    free(play);
    return 0;
}
