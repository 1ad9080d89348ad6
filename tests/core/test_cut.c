/* SPDX-License-Identifier: MIT */
/*
 * The dialogues cut-*.txt of tests/corpus/smtp/, cut at every byte of both directions, by FIN, by
 * RST and by silence.  What each recipient's class must be then is read out of the bytes that had
 * passed, as a relay's log would be read, with nothing that the session says of itself.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "support/dialogue.h"

#define RECIPIENTS 3

static const char *const dialogues[] = {"cut-data", "cut-data-refused", "cut-bdat", "cut-bdat-held",
                                        "cut-one-by-one"};

/* The log of one connection: complete replies in order, and what was said of each mail. */
struct log {
    const char *client;
    size_t client_len, at;
    int codes[60];
    size_t reply_count, next_reply;
    int mail; /* the one whose transaction is open, from 0 */
    struct {
        int rcpt[RECIPIENTS], final; /* codes; 0: none was heard */
        size_t rcpt_count;
        bool handed;
    } mails[2];
};

static void read_replies(struct log *log, const char *bytes, size_t len)
{
    const char *end;

    for (; (end = memchr(bytes, '\n', len)); len -= (size_t)(end + 1 - bytes), bytes = end + 1) {
        if (bytes[3] != '-')
            log->codes[log->reply_count++] = atoi(bytes);
    }
}

/* The code of the reply to the oldest unanswered command, 0 when it was not heard. */
static int answer(struct log *log)
{
    return log->next_reply < log->reply_count ? log->codes[log->next_reply++] : 0;
}

static void read_content(struct log *log, size_t len, size_t terminator)
{
    size_t passed = log->client_len - log->at;

    log->mails[log->mail].handed = passed >= terminator;
    log->at += passed < len ? passed : len;
    if (passed >= len)
        log->mails[log->mail].final = answer(log);
}

static void read_command(struct log *log, const struct script *script, const char *line)
{
    const struct script_mail *mail = &script->mails[log->mail];
    int code = answer(log);

    if (strncmp(line, "MAIL FROM:<a", 12) == 0) {
        log->mail = line[12] - '1';
    } else if (strncmp(line, "RCPT", 4) == 0) {
        log->mails[log->mail].rcpt[log->mails[log->mail].rcpt_count++] = code;
    } else if (strncmp(line, "BDAT", 4) == 0) {
        /* Its only reply is the verdict. */
        log->next_reply -= code ? 1 : 0;
        assert_int_equal(atoi(line + 5), mail->content_len);
        read_content(log, mail->content_len, mail->content_len);
    } else if (strncmp(line, "DATA", 4) == 0) {
        if (code == 354)
            read_content(log, mail->stuffed_len, mail->stuffed_len - 2);
        else
            assert_int_equal(log->at, log->client_len);
    }
}

static void read_log(struct log *log, const struct script *script, const struct play *play)
{
    const char *end;

    *log = (struct log){.client = play->client, .client_len = play->client_len};
    read_replies(log, play->server, play->server_len);
    answer(log); /* the greeting */
    while ((end = log->client_len > log->at
                      ? memchr(log->client + log->at, '\n', log->client_len - log->at)
                      : NULL)) {
        const char *line = log->client + log->at;

        log->at = (size_t)(end + 1 - log->client);
        read_command(log, script, line);
    }
}

static char class_of(const struct log *log, size_t mail, size_t recipient)
{
    int rcpt = log->mails[mail].rcpt[recipient], final = log->mails[mail].final;

    if (rcpt >= 400)
        return rcpt >= 500 ? 'P' : 'T';
    if (final)
        return final >= 500 ? 'P' : final >= 400 ? 'T' : 'S';
    return log->mails[mail].handed ? 'A' : 'T';
}

static int best_of(const char *classes)
{
    return strchr(classes, 'S')   ? FCT_SENT
           : strchr(classes, 'A') ? FCT_IN_DOUBT
           : strchr(classes, 'T') ? FCT_TEMPORARY
                                  : FCT_PERMANENT;
}

static void check_against_log(const char *name, const struct script *script,
                              const struct play *play)
{
    struct log log;

    read_log(&log, script, play);
    for (size_t mail = 0; mail < script->mail_count; mail++) {
        const struct seen *seen = &play->seen[mail];
        char right[RECIPIENTS + 1] = "";

        for (size_t i = 0; i < RECIPIENTS; i++)
            right[i] = class_of(&log, mail, i);
        /* A connection that is still whole owes nothing to mails that have not ended. */
        if (seen->count == 1 && strcmp(seen->classes, right) == 0 && seen->class == best_of(right))
            continue;
        fail_msg("%s, ending %d after %zu bytes of the client and %zu of the relay: mail %zu has "
                 "%d outcomes, %s (%d), where the bytes say %s\n%s",
                 name, (int)play->ending, play->client_len, play->server_len, mail + 1, seen->count,
                 seen->classes, seen->class, right, play->transcript);
    }
}

static void one_cut(const char *name, const struct script *script, struct play play)
{
    play_script(&play, script);
    check_against_log(name, script, &play);
    play_done(&play);
}

static struct script *read_dialogue(const char *name)
{
    const char *corpus = getenv("FCT_CORPUS");
    char path[1000], *text = must(calloc(1, 20000));
    FILE *file;

    snprintf(path, sizeof(path), "%s/smtp/%s.txt", corpus ? corpus : "tests/corpus", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_in_range(fread(text, 1, 20000, file), 100, 19999);
    fclose(file);
    return script_read(text);
}

static void every_byte_and_every_ending(void **state)
{
    for (size_t i = 0; i < sizeof(dialogues) / sizeof(*dialogues); i++) {
        struct script *script = read_dialogue(dialogues[i]);
        struct play whole = {0};

        assert_int_equal(script->mail_count, 2);
        play_script(&whole, script);
        assert_string_equal(whole.failure, "");
        check_against_log(dialogues[i], script, &whole);
        for (int ending = END_RST; ending <= END_STALL; ending++) {
            for (size_t at = 1; at < whole.client_len; at++) {
                one_cut(dialogues[i], script,
                        (struct play){.ending = (enum ending)ending, .client_limit = at});
                one_cut(dialogues[i], script,
                        (struct play){.ending = (enum ending)ending,
                                      .client_limit = at,
                                      .feed_step = 1,
                                      .accept_step = 1});
            }
            for (size_t at = 1; at < whole.server_len; at++)
                one_cut(dialogues[i], script,
                        (struct play){.ending = (enum ending)ending, .server_limit = at});
        }
        printf("%s: %zu + %zu bytes\n", dialogues[i], whole.client_len, whole.server_len);
        play_done(&whole);
        script_free(script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_byte_and_every_ending)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
