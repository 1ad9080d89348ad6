/* SPDX-License-Identifier: MIT */
#include "config/bearer_command.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 64
#define OUTPUT_MAX 65536
#define LOOK_MS 50   /* how often facteur looks whether the command has ended */
#define GRACE_MS 250 /* for the command's end after the end of its output */

extern char **environ;

static int refuse(facteur_token *token, const char *what, const char *why)
{
    char sentence[160];

    snprintf(sentence, sizeof sentence, "token_command %s%s%s", what, *why ? ": " : "", why);
    facteur_token_fail(token, sentence);
    return -1;
}

static int remaining_ms(uint64_t deadline_us)
{
    uint64_t now_us = fct_clock_now_us();

    if (now_us >= deadline_us)
        return 0;
    return deadline_us - now_us > 86400000000U ? 86400000
                                               : (int)((deadline_us - now_us) / 1000) + 1;
}

/* Spaces separate the words; `words` point into `line`. */
static size_t split(char *line, char *words[WORDS_MAX + 1])
{
    size_t count = 0;

    for (char *rest = NULL, *word = strtok_r(line, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        if (count == WORDS_MAX)
            return WORDS_MAX + 1;
        words[count++] = word;
    }
    words[count] = NULL;
    return count;
}

static int spawn(char *const words[], int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int err = posix_spawn_file_actions_init(&actions);

    if (err)
        return err;
    err = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!err)
        err = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (!err)
        err = posix_spawnp(pid, words[0], &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

struct child {
    pid_t pid;
    int output;
    bool ended;
    bool failed;
};

/* If the application has waited for the child itself, its status is not known: no failure. */
static bool has_ended(struct child *child)
{
    int status = 0;
    pid_t got = child->ended ? 0 : waitpid(child->pid, &status, WNOHANG);

    if (got == child->pid)
        child->failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    child->ended = child->ended || got == child->pid || (got < 0 && errno != EINTR);
    return child->ended;
}

/*
 * Read until the end of the output, or until the command has ended: a process that it left behind
 * may keep the output open.  Returns the length, or -1 when the time is over or the output is too
 * long.
 */
static ssize_t read_all(struct child *child, char *bytes, uint64_t deadline_us)
{
    size_t len = 0;

    while (len < OUTPUT_MAX) {
        struct pollfd ready = {.fd = child->output, .events = POLLIN};
        bool ended = has_ended(child);
        int left_ms = remaining_ms(deadline_us), turn_ms = left_ms < LOOK_MS ? left_ms : LOOK_MS;
        ssize_t got;

        if (poll(&ready, 1, ended ? 0 : turn_ms) == 0) {
            if (ended || left_ms == 0)
                return ended ? (ssize_t)len : -1;
            continue;
        }
        got = read(child->output, bytes + len, OUTPUT_MAX - len);
        if (got == 0)
            return (ssize_t)len;
        if (got < 0 && errno != EINTR)
            return -1;
        len += got > 0 ? (size_t)got : 0;
    }
    return -1;
}

/* "token\n" or "token\nseconds\n". */
static int give(facteur_token *token, char *bytes, size_t len)
{
    fct_slice text = {bytes, len};
    size_t end = 0;
    double life = 0;

    while (end < len && bytes[end] != '\n' && bytes[end] != '\r')
        end++;
    text.len = end;
    bytes[len] = '\0';
    while (end < len && (bytes[end] == '\n' || bytes[end] == '\r'))
        end++;
    /* Whole seconds: the decimal point of strtod() depends on the process's locale. */
    if (end < len)
        life = (double)strtoul(bytes + end, NULL, 10);
    return facteur_token_give(token, text.ptr, text.len, life) == 0
               ? 0
               : refuse(token, "printed no token on its first line", "");
}

/* A command that goes on after it has closed its output is killed. */
static void reap(struct child *child, bool kill_it)
{
    for (int i = 0; !kill_it && !has_ended(child) && i < GRACE_MS; i++)
        poll(NULL, 0, 1);
    if (child->ended)
        return;
    kill(child->pid, SIGKILL);
    while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

static int run(char *const words[], char *bytes, uint64_t deadline_us, facteur_token *token)
{
    struct child child = {.ended = false};
    int fds[2], err;
    ssize_t len;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return refuse(token, "could not be run", strerror(errno));
    child.output = fds[0];
    err = spawn(words, fds[1], &child.pid);
    close(fds[1]);
    if (err) {
        close(fds[0]);
        return refuse(token, "could not be run", strerror(err));
    }
    len = read_all(&child, bytes, deadline_us);
    close(fds[0]);
    reap(&child, len < 0);
    if (len < 0)
        return refuse(token, "did not end in time, or printed too much", "");
    if (child.failed)
        return refuse(token, "failed", "");
    return give(token, bytes, (size_t)len);
}

int fct_bearer_command_run(const char *command, uint64_t deadline_us, facteur_token *token)
{
    char *line = fct_strdup(command), *bytes = fct_malloc(OUTPUT_MAX + 1);
    char *words[WORDS_MAX + 1];
    size_t count = line ? split(line, words) : 0;
    int err;

    if (!line || !bytes)
        err = refuse(token, "could not be run", "out of memory");
    else if (!count)
        err = refuse(token, "is empty", "");
    else if (count > WORDS_MAX)
        err = refuse(token, "has more than 64 words", "put it into a script");
    else
        err = run(words, bytes, deadline_us, token);
    if (bytes)
        fct_wipe(bytes, OUTPUT_MAX + 1);
    fct_free(bytes);
    fct_free(line);
    return err;
}
