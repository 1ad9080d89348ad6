/* SPDX-License-Identifier: MIT */
/* facteur outbox top: what an outbox does, again and again. */
#include "cli/fail.h"
#include "cli/outbox.h"

#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVERY_S 1.0
#define CLEAR "\033[H\033[J"

static const json_t *states_of(const json_t *facts)
{
    return json_object_get(facts, "states");
}

/* The states that have mails, and how fast they change. */
static void print_states(const json_t *facts, const json_t *before, double seconds)
{
    const char *state;
    json_t *number;

    json_object_foreach((json_t *)states_of(facts), state, number)
    {
        long long now = json_integer_value(number);
        long long was =
            before ? json_integer_value(json_object_get(states_of(before), state)) : now;

        if (now || was)
            printf("%-12s %10lld  %+9.1f/s\n", state, now, (double)(now - was) / seconds);
    }
}

static void print_facts(const json_t *facts)
{
    const json_t *paused = json_object_get(facts, "paused");
    const char *oldest = json_string_value(json_object_get(facts, "oldest_ready_at"));

    if (oldest)
        printf("waits since %.19s, %lld s\n", oldest,
               (long long)json_integer_value(json_object_get(facts, "late_s")));
    for (size_t i = 0; i < json_array_size(paused); i++) {
        const json_t *relay = json_array_get(paused, i);

        fputs("paused ", stdout);
        put_plain(stdout, json_string_value(json_object_get(relay, "name")));
        printf(" until %.19s  ", json_string_value(json_object_get(relay, "until")));
        put_plain(stdout, json_string_value(json_object_get(relay, "reason")));
        putchar('\n');
    }
}

static void print_screen(const json_t *facts, const json_t *before, double seconds)
{
    time_t now = time(NULL);
    struct tm parts;
    char date[24] = "";

    if (gmtime_r(&now, &parts))
        strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    if (isatty(STDOUT_FILENO))
        fputs(CLEAR, stdout);
    puts(date);
    print_states(facts, before, seconds);
    print_facts(facts);
    fflush(stdout);
}

/* One look.  `facts` becomes what was seen; the one before is dropped. */
static int look(const struct args *args, facteur_outbox *outbox, double seconds, json_t **facts)
{
    facteur_error *error = NULL;
    char *json = NULL;
    json_t *seen;
    int code = facteur_outbox_stats(outbox, &json, &error);

    if (code)
        return fail_error(NULL, code, error);
    seen = json_loads(json, 0, NULL);
    if (args_has(args, FLAG_JSON))
        puts(json);
    else if (seen)
        print_screen(seen, *facts, seconds);
    fflush(stdout);
    facteur_free(json);
    json_decref(*facts);
    *facts = seen;
    return seen ? 0 : fail_nomem();
}

/* The signals that end it are blocked, so that none is missed between two waits. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigprocmask(SIG_BLOCK, set, NULL);
}

/* Whether a signal came. */
static bool wait_for(const sigset_t *set, double seconds)
{
    struct timespec span = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

    return sigtimedwait(set, NULL, &span) > 0;
}

int outbox_top(const struct args *args, facteur_outbox *outbox)
{
    sigset_t set;
    double seconds = EVERY_S, times = 0;
    json_t *facts = NULL;
    int result = flag_number(args, FLAG_EVERY, EVERY_S, &seconds);

    if (!result)
        result = flag_number(args, FLAG_LIMIT, 0, &times);
    if (!result && !(seconds >= 0.1 && seconds <= 86400))
        result = fail(EXIT_USAGE, "--every", "expected 0.1 to 86400 seconds");
    if (result)
        return result;
    block_signals(&set);
    for (double i = 1; !result; i++) {
        result = look(args, outbox, seconds, &facts);
        if (i == times || (!result && wait_for(&set, seconds)))
            break;
    }
    json_decref(facts);
    return result;
}
