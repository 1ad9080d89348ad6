/* SPDX-License-Identifier: MIT */
/* facteur enqueue, letters and sendmail with --outbox; facteur worker: the two ends of an outbox.
 */
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/message.h"
#include "cli/outbox.h"
#include "cli/print.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GRACE_S 30

/* ---- What is shared ---------------------------------------------------------------------------
 */

const char *outbox_url(const struct args *args)
{
    const char *given = args_value(args, FLAG_OUTBOX), *set = getenv("FACTEUR_OUTBOX");

    if (given)
        return given;
    if (set && *set)
        return set;
    fail(0, NULL,
         "no outbox: give --outbox sqlite:///var/lib/shop/outbox.db, or set FACTEUR_OUTBOX");
    return NULL;
}

int outbox_open(const struct args *args, bool create, facteur_outbox **out)
{
    const char *url = outbox_url(args);
    facteur_error *error = NULL;
    int code = url ? facteur_outbox_open(url, create, out, &error) : 0;

    if (!url)
        return EXIT_CONFIG;
    return code ? fail_error(NULL, code, error) : 0;
}

int flag_number(const struct args *args, enum flag flag, double fallback, double *out)
{
    const char *text = args_value(args, flag);
    char *end = NULL;

    *out = text ? strtod(text, &end) : fallback;
    if (text && (end == text || *end || !(*out >= 0 && *out < 1e10)))
        return fail(EXIT_USAGE, NULL, "--%s: expected a number, got \"%s\"", args_flag_name(flag),
                    text);
    return 0;
}

/* ---- Enqueue ----------------------------------------------------------------------------------
 */

/* "--not-before 60" is in a minute. */
static int flag_time(const struct args *args, enum flag flag, double *out)
{
    int result = flag_number(args, flag, 0, out);

    if (!result && args_has(args, flag))
        *out += (double)time(NULL);
    return result;
}

struct terms {
    double not_before, expires_at, priority;
};

static int read_terms(const struct args *args, struct terms *terms)
{
    int result = flag_time(args, FLAG_NOT_BEFORE, &terms->not_before);
    double priority;

    if (!result)
        result = flag_time(args, FLAG_EXPIRES_AT, &terms->expires_at);
    if (!result)
        result = flag_number(args, FLAG_PRIORITY, -1, &terms->priority);
    priority = terms->priority;
    if (!result && priority != -1 && !(priority >= 0 && priority <= 9 && priority == (int)priority))
        result = fail(EXIT_USAGE, "--queue-priority", "expected 0 (first) to 9 (last)");
    return result;
}

static int enqueue(const struct args *args, const struct terms *terms, facteur_outbox *outbox,
                   facteur_mailer *mailer, facteur_message *message, bool print)
{
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    int result, code = facteur_outbox_enqueue(outbox, mailer, message, args_value(args, FLAG_KEY),
                                              terms->not_before, terms->expires_at,
                                              (int)terms->priority, &receipt, &error);

    if (code)
        return fail_error(NULL, code, error);
    result = print ? print_receipt(receipt, args_has(args, FLAG_JSON), args_has(args, FLAG_VERBOSE))
                   : print_failure(receipt);
    facteur_receipt_free(receipt);
    return result;
}

int queue_message(const struct args *args, facteur_mailer *mailer, facteur_message *message,
                  bool print)
{
    facteur_outbox *outbox = NULL;
    struct terms terms = {0};
    int result = read_terms(args, &terms);

    /* A flag that is wrong makes no file. */
    if (!result)
        result = outbox_open(args, true, &outbox);
    if (!result)
        result = enqueue(args, &terms, outbox, mailer, message, print);
    facteur_outbox_close(outbox);
    return result;
}

/* ---- Worker -----------------------------------------------------------------------------------
 */

static int stop_ends[2];

static void on_signal(int number)
{
    int before = errno;

    (void)number;
    if (write(stop_ends[1], "x", 1) < 0)
        errno = before; /* it is full: the worker knows */
    errno = before;
}

static int watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    if (pipe2(stop_ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return fail(EXIT_RETRY, NULL, "no pipe for signals: %s", strerror(errno));
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    return 0;
}

static void complain(void *user, const facteur_error *error)
{
    (void)user;
    fail(0, NULL, "%s", facteur_error_sentence(error));
}

static int work(const struct args *args, facteur_outbox *outbox, facteur_mailer *mailer)
{
    facteur_error *error = NULL;
    double grace = 0;
    char *json = NULL;
    int code, result = flag_number(args, FLAG_GRACE, GRACE_S, &grace);

    if (!result)
        result = watch_signals();
    if (result)
        return result;
    code = facteur_outbox_work(outbox, mailer, args_has(args, FLAG_ONCE), stop_ends[0], grace,
                               complain, NULL, &json, &error);
    if (code)
        return fail_error(NULL, code, error);
    if (args_has(args, FLAG_JSON))
        puts(json);
    facteur_free(json);
    return 0;
}

int cmd_worker(const struct args *args)
{
    facteur_outbox *outbox = NULL;
    facteur_mailer *mailer = NULL;
    int result;

    if (args->file_count)
        return fail(EXIT_USAGE, args->files[0], "worker takes no file");
    result = mailer_open(args, NULL, &mailer);
    if (!result)
        result = outbox_open(args, true, &outbox);
    if (!result)
        result = work(args, outbox, mailer);
    if (mailer)
        facteur_mailer_close(mailer, 2.0);
    facteur_mailer_free(mailer);
    facteur_outbox_close(outbox);
    return result;
}
