/* SPDX-License-Identifier: MIT */
/*
 * Every dialogue of tests/corpus/smtp/, whole, in bytes, cut at every offset of both directions
 * (cuts_at() leaves some of long ones out), and with every allocation failing once.  What a cut
 * mail's class must be is computed from what had passed in each direction, not from what the
 * session believes.
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
#include <dirent.h>

#include "base/memory.h"
#include "support/dialogue.h"

static char *paths[400];
static size_t path_count;

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text;
    long size;

    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size = ftell(file);
    rewind(file);
    text = must(malloc((size_t)size + 1));
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    text[size] = '\0';
    fclose(file);
    return text;
}

static int error_named(const char *name)
{
    for (int code = 0; code > -40; code--) {
        if (strcmp(facteur_error_name(code), name) == 0)
            return code;
    }
    return 1;
}

static int phase_named(const char *name)
{
    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++) {
#define NAME(phase) #phase,
        static const char *const names[] = {FACTEUR_PHASES(NAME)};
#undef NAME
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

#define COMPLAIN(...)                                                                              \
    do {                                                                                           \
        printf("%s: ", path);                                                                      \
        printf(__VA_ARGS__);                                                                       \
        printf("\n%s\n", play->transcript ? play->transcript : "");                                \
        fail();                                                                                    \
    } while (0)

static int class_named(const char *name)
{
    static const char *const names[] = {"sent", "temporary", "permanent", "in_doubt"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(name, names[i]) == 0)
            return i;
    }
    return -1;
}

static void check_late(const char *path, const struct play *play, size_t i, const char *rest)
{
    const struct seen *seen = &play->seen[i];
    char value[20];
    bool wanted = value_of(rest, "late", value, sizeof(value)) != NULL;

    if (seen->late_count != wanted || (wanted && seen->late_class != class_named(value)))
        COMPLAIN("mail %zu: %d late outcomes, class %d", i + 1, seen->late_count,
                 seen->late_count ? seen->late_class : -1);
    if (value_of(rest, "late_code", value, sizeof(value)) && seen->late_code != atoi(value))
        COMPLAIN("mail %zu: late code %d", i + 1, seen->late_code);
}

static void check_mail(const char *path, const struct play *play, size_t i, bool with_flights)
{
    const struct wanted *wanted = &play->script->mails[i].wanted;
    const struct seen *seen = &play->seen[i];
    const char *rest = wanted->rest ? wanted->rest : "";
    const char *about = strstr(rest, "message~");
    char value[300];

    if (seen->count != 1)
        COMPLAIN("mail %zu has %d outcomes", i + 1, seen->count);
    if (seen->class != wanted->class)
        COMPLAIN("mail %zu: class %d, not %d (%s)", i + 1, seen->class, wanted->class,
                 seen->message);
    if ((seen->class == FCT_SENT) != (seen->error == 0))
        COMPLAIN("mail %zu: class %d with error %d", i + 1, seen->class, seen->error);
    if (value_of(rest, "error", value, sizeof(value)) && seen->error != error_named(value))
        COMPLAIN("mail %zu: error %d (%s)", i + 1, seen->error, seen->message);
    if (value_of(rest, "phase", value, sizeof(value)) && seen->phase != phase_named(value))
        COMPLAIN("mail %zu: phase %d", i + 1, seen->phase);
    if (value_of(rest, "code", value, sizeof(value)) && seen->code != atoi(value))
        COMPLAIN("mail %zu: code %d", i + 1, seen->code);
    if (value_of(rest, "recipients", value, sizeof(value)) && strcmp(seen->classes, value) != 0)
        COMPLAIN("mail %zu: recipients %s", i + 1, seen->classes);
    if (with_flights && value_of(rest, "flights", value, sizeof(value)) &&
        seen->flights != (unsigned)atoi(value))
        COMPLAIN("mail %zu: flights %u", i + 1, seen->flights);
    if (seen->again != (value_of(rest, "again", value, sizeof(value)) != NULL))
        COMPLAIN("mail %zu: again %d", i + 1, seen->again);
    if (seen->untouched != (value_of(rest, "untouched", value, sizeof(value)) != NULL))
        COMPLAIN("mail %zu: untouched %d", i + 1, seen->untouched);
    if (about && !strstr(seen->message, about + 8))
        COMPLAIN("mail %zu: message \"%s\"", i + 1, seen->message);
    check_late(path, play, i, rest);
}

static void check_close(const char *path, const struct play *play)
{
    const char *wanted = play->script->close_wanted;
    const char *about = wanted ? strstr(wanted, "message~") : NULL;
    char value[100];

    if (play->closed != (wanted != NULL))
        COMPLAIN(play->closed ? "closed: %s" : "not closed%s", play->close_message);
    if (!wanted)
        return;
    if (value_of(wanted, "error", value, sizeof(value)) &&
        play->close_error != (strcmp(value, "0") == 0 ? 0 : error_named(value)))
        COMPLAIN("close error %d: %s", play->close_error, play->close_message);
    if (value_of(wanted, "phase", value, sizeof(value)) && play->close_phase != phase_named(value))
        COMPLAIN("close phase %d", play->close_phase);
    if (about && !strstr(play->close_message, about + 8))
        COMPLAIN("close message \"%s\"", play->close_message);
}

static void check_secrets(const char *path, const struct play *play)
{
    static const char *const canaries[] = {"canary-password", "Y2FuYXJ5LXBhc3N3b3Jk",
                                           "AHVzZXIAY2FuYXJ5", "canary-token"};

    for (size_t i = 0; i < sizeof(canaries) / sizeof(*canaries); i++) {
        if (strstr(play->transcript, canaries[i]) || strstr(play->close_message, canaries[i]))
            COMPLAIN("a secret shows");
        for (size_t mail = 0; mail < play->script->mail_count; mail++) {
            if (strstr(play->seen[mail].message, canaries[i]))
                COMPLAIN("a secret shows in a sentence");
        }
    }
}

/* What the relay sends back is its own.  All else that holds a secret is wiped before it is freed.
 */
static void watch_memory(const char *path)
{
#ifdef FCT_FAULT_INJECTION
    fct_memory_watch(NULL);
    if (strcmp(strrchr(path, '/'), "/auth-echo.txt") == 0)
        return;
    fct_memory_watch("canary-password");
    fct_memory_watch("canary-token");
    fct_memory_watch("Y2FuYXJ5LXBhc3N3b3Jk");
#endif
}

static void check_memory(void)
{
#ifdef FCT_FAULT_INJECTION
    assert_int_equal(fct_memory_spilt(), 0);
#endif
}

static void check_play(const char *path, const struct play *play, bool with_flights)
{
    if (play->failure[0])
        COMPLAIN("%s", play->failure);
    for (size_t i = 0; i < play->script->mail_count; i++)
        check_mail(path, play, i, with_flights);
    check_close(path, play);
    check_secrets(path, play);
}

/* The class that the truth allows for a mail after a cut. */
static int right_class(const struct play *whole, size_t mail, size_t client, size_t server)
{
    int handed = 0;

    for (size_t i = 0; i < whole->mark_count; i++) {
        const struct mark *mark = &whole->marks[i];

        if (mark->mail != mail || mark->at > (mark->kind == 'H' ? client : server))
            continue;
        if (mark->kind == 'V')
            return whole->seen[mail].class;
        handed += mark->kind == 'H' ? 1 : -1;
    }
    return handed > 0 ? FCT_IN_DOUBT : FCT_TEMPORARY;
}

static bool has_mark(const struct play *whole, size_t mail, char kind, size_t until)
{
    for (size_t i = 0; i < whole->mark_count; i++) {
        const struct mark *mark = &whole->marks[i];

        if (mark->mail == mail && mark->kind == kind && mark->at <= until)
            return true;
    }
    return false;
}

/* What was detached has a second outcome, which knows no more than what came before the cut. */
static void check_cut_late(const char *path, const struct play *play, const struct play *whole,
                           size_t i)
{
    const struct seen *seen = &play->seen[i];
    int right =
        has_mark(whole, i, 'L', play->server_len) ? whole->seen[i].late_class : FCT_IN_DOUBT;

    if (seen->late_count != (seen->detached ? 1 : 0) || (seen->detached && !seen->late))
        COMPLAIN("cut at %zu/%zu: mail %zu has %d late outcomes", play->client_len,
                 play->server_len, i + 1, seen->late_count);
    if (seen->detached && seen->late_class != right)
        COMPLAIN("cut at %zu/%zu: mail %zu is %d at last, not %d", play->client_len,
                 play->server_len, i + 1, seen->late_class, right);
}

static void check_cut(const char *path, const struct play *play, const struct play *whole)
{
    for (size_t i = 0; i < play->script->mail_count; i++) {
        if (!play->seen[i].submitted)
            continue;
        int right = right_class(whole, i, play->client_len, play->server_len);

        if (play->seen[i].count != 1)
            COMPLAIN("cut at %zu/%zu: mail %zu has %d outcomes", play->client_len, play->server_len,
                     i + 1, play->seen[i].count);
        check_cut_late(path, play, whole, i);
        /* What is decided without a verdict of the relay (a local refusal) may come at any time. */
        if (play->seen[i].class != right &&
            (has_mark(whole, i, 'V', SIZE_MAX) || play->seen[i].class != whole->seen[i].class))
            COMPLAIN("cut at %zu/%zu: mail %zu is %d, not %d", play->client_len, play->server_len,
                     i + 1, play->seen[i].class, right);
        if (play->seen[i].class == FCT_SENT && right != FCT_SENT)
            COMPLAIN("cut at %zu/%zu: mail %zu is sent without a verdict", play->client_len,
                     play->server_len, i + 1);
        if (right == FCT_IN_DOUBT && play->seen[i].class == FCT_TEMPORARY)
            COMPLAIN("cut at %zu/%zu: mail %zu is in doubt", play->client_len, play->server_len,
                     i + 1);
    }
}

/* Whether something was decided for a mail within a byte of this offset. */
static bool is_near_mark(const struct play *whole, size_t at)
{
    for (size_t i = 0; i < whole->mark_count; i++) {
        if (whole->marks[i].at + 1 >= at && whole->marks[i].at <= at + 1)
            return true;
    }
    return false;
}

/*
 * Every offset of a client stream up to 3,000 bytes.  Of a longer one, which is long by its
 * content: those within a byte of a line's end or of a mark, and about 500 others by chance.
 */
static bool cuts_at(const struct play *whole, size_t at)
{
    const char *end = whole->client + whole->client_len, *from = whole->client + at - 1;

    if (whole->client_len < 3000)
        return true;
    return memchr(from, '\n', from + 3 < end ? 3 : (size_t)(end - from)) ||
           is_near_mark(whole, at) || (size_t)random() % whole->client_len < 500;
}

static void cut_everywhere(const char *path, const struct script *script, const struct play *whole)
{
    srandom(1);
    for (size_t at = 1; at < whole->client_len; at++) {
        struct play play = {.client_limit = at};

        if (!cuts_at(whole, at))
            continue;
        play_script(&play, script);
        check_cut(path, &play, whole);
        play_done(&play);
    }
    for (size_t at = 1; at < whole->server_len && whole->server_len < 20000; at++) {
        struct play play = {.server_limit = at};

        play_script(&play, script);
        check_cut(path, &play, whole);
        play_done(&play);
    }
}

#ifdef FCT_FAULT_INJECTION
static void fail_everywhere(const char *path, const struct script *script, const struct play *whole)
{
    for (unsigned long nth = 1;; nth++) {
        struct play lenient = {.lenient = true}, *play = &lenient;
        bool failed;

        fct_memory_fail_at(nth);
        play_script(play, script);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        for (size_t i = 0; i < play->script->mail_count; i++) {
            if (!play->seen[i].submitted)
                continue;
            if (play->seen[i].count != 1)
                COMPLAIN("allocation %lu failed: mail %zu has %d outcomes", nth, i + 1,
                         play->seen[i].count);
            if (play->seen[i].class == FCT_SENT &&
                right_class(whole, i, play->client_len, play->server_len) != FCT_SENT)
                COMPLAIN("allocation %lu failed: mail %zu is sent without a verdict", nth, i + 1);
        }
        play_done(play);
        if (!failed)
            return;
    }
}
#endif

static void a_dialogue(void **state)
{
    const char *path = *state;
    struct play whole = {0}, bytes = {.feed_step = 1}, trickle = {.feed_step = 1, .accept_step = 1};
    struct script *script;

    /* Before the mails are made, or what is left in the memory that they get is taken for theirs.
     */
    watch_memory(path);
    script = script_read(read_whole(path));
    play_script(&whole, script);
    check_play(path, &whole, true);
    play_script(&bytes, script);
    check_play(path, &bytes, true);
    play_script(&trickle, script);
    check_play(path, &trickle, true);
    cut_everywhere(path, script, &whole);
#ifdef FCT_FAULT_INJECTION
    fail_everywhere(path, script, &whole);
#endif
    play_done(&whole);
    play_done(&bytes);
    play_done(&trickle);
    script_free(script);
    check_memory();
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    const char *corpus = getenv("FCT_CORPUS");
    char folder[1000];
    struct CMUnitTest tests[400];
    struct dirent *entry;
    DIR *dir;
    int result;

    snprintf(folder, sizeof(folder), "%s/smtp", corpus ? corpus : "tests/corpus");
    dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        size_t len = strlen(entry->d_name);

        if (len < 5 || strcmp(entry->d_name + len - 4, ".txt") != 0 || path_count == 400 ||
            (argc > 1 && !strstr(entry->d_name, argv[1])))
            continue;
        if (asprintf(&paths[path_count++], "%s/%s", folder, entry->d_name) < 0)
            return 1;
    }
    if (dir)
        closedir(dir);
    if (path_count == 0)
        return 1;
    qsort(paths, path_count, sizeof(*paths), by_name);
    for (size_t i = 0; i < path_count; i++)
        tests[i] =
            (struct CMUnitTest){strrchr(paths[i], '/') + 1, a_dialogue, NULL, NULL, paths[i]};
    result = _cmocka_run_group_tests("dialogues", tests, path_count, NULL, NULL);
    for (size_t i = 0; i < path_count; i++)
        free(paths[i]);
    return result;
}
