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

    for (char *rest = NULL, *word = strtok_r(line, " ", &rest); word && count < WORDS_MAX;
         word = strtok_r(NULL, " ", &rest))
        words[count++] = word;
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

/*
 * Read the output to its end.  Returns its length, or -1 when the time is over or it is too long.
 */
static ssize_t read_all(int fd, char *bytes, uint64_t deadline_us)
{
    size_t len = 0;

    while (len < OUTPUT_MAX) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int left_ms = remaining_ms(deadline_us);
        ssize_t got;

        if (left_ms == 0 || poll(&ready, 1, left_ms) == 0)
            return -1;
        got = read(fd, bytes + len, OUTPUT_MAX - len);
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

/*
 * Wait for the child's end.  Returns -1 when it failed.  The result is unknown if somebody else has
 * waited for it.
 */
static int reap(pid_t pid, bool kill_it)
{
    int status = 0;
    pid_t got;

    if (kill_it)
        kill(pid, SIGKILL);
    do
        got = waitpid(pid, &status, 0);
    while (got < 0 && errno == EINTR);
    return got == pid && !(WIFEXITED(status) && WEXITSTATUS(status) == 0) ? -1 : 0;
}

static int run(char *const words[], char *bytes, uint64_t deadline_us, facteur_token *token)
{
    int fds[2], err;
    ssize_t len;
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) != 0)
        return refuse(token, "could not be run", strerror(errno));
    err = spawn(words, fds[1], &pid);
    close(fds[1]);
    if (err) {
        close(fds[0]);
        return refuse(token, "could not be run", strerror(err));
    }
    len = read_all(fds[0], bytes, deadline_us);
    close(fds[0]);
    if (reap(pid, len < 0) != 0 && len >= 0)
        return refuse(token, "failed", "");
    if (len < 0)
        return refuse(token, "did not end in time, or printed too much", "");
    return give(token, bytes, (size_t)len);
}

int fct_bearer_command_run(const char *command, uint64_t deadline_us, facteur_token *token)
{
    char *line = fct_strdup(command), *bytes = fct_malloc(OUTPUT_MAX + 1);
    char *words[WORDS_MAX + 1];
    int err;

    if (!line || !bytes)
        err = refuse(token, "could not be run", "out of memory");
    else if (!split(line, words))
        err = refuse(token, "is empty", "");
    else
        err = run(words, bytes, deadline_us, token);
    if (bytes)
        fct_wipe(bytes, OUTPUT_MAX + 1);
    fct_free(bytes);
    fct_free(line);
    return err;
}
