/* SPDX-License-Identifier: MIT */
/* facteur outbox suppress, resume, bounce: whom and which relay no mail goes to, and why. */
#include "cli/fail.h"
#include "cli/input.h"
#include "cli/outbox.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BARS_MAX 1000 /* that the library gives at once */

static const char *text_of(const json_t *bar, const char *key)
{
    const char *text = json_string_value(json_object_get(bar, key));

    return text ? text : "";
}

static void print_bar(const json_t *bar)
{
    put_plain(stdout, text_of(bar, "name"));
    printf("  since %.19s", text_of(bar, "since"));
    if (*text_of(bar, "until"))
        printf("  until %.19s", text_of(bar, "until"));
    fputs("  ", stdout);
    put_plain(stdout, text_of(bar, "reason"));
    putchar('\n');
}

/* Up to 1,000 bars behind a name. */
static int read_bars(facteur_outbox *outbox, const char *what, const char *after, json_t **bars)
{
    facteur_error *error = NULL;
    char *json = NULL;
    int code = facteur_outbox_bars(outbox, what, after, &json, &error);

    if (code)
        return fail_error(NULL, code, error);
    *bars = json_loads(json, 0, NULL);
    facteur_free(json);
    return *bars ? 0 : fail_nomem();
}

/* Every bar in turn, or its name to `act`. */
static int each_bar(const struct args *args, facteur_outbox *outbox, const char *what,
                    int (*act)(facteur_outbox *outbox, const char *what, const char *name))
{
    bool json = args_has(args, FLAG_JSON) && !act;
    json_t *all = json_array(), *bars = NULL;
    int result = all ? 0 : fail_nomem();

    do {
        size_t had = json_array_size(all);
        const char *after = had ? text_of(json_array_get(all, had - 1), "name") : NULL;

        json_decref(bars);
        bars = NULL;
        if (!result)
            result = read_bars(outbox, what, after, &bars);
        for (size_t i = 0; !result && i < json_array_size(bars); i++) {
            json_t *bar = json_array_get(bars, i);

            if (json_array_append(all, bar))
                result = fail_nomem();
            else if (act)
                result = act(outbox, what, text_of(bar, "name"));
            else if (!json)
                print_bar(bar);
        }
    } while (!result && json_array_size(bars) == BARS_MAX);
    if (!result && json) {
        json_dumpf(all, stdout, JSON_COMPACT);
        putchar('\n');
    }
    json_decref(bars);
    json_decref(all);
    return result;
}

int outbox_suppressed(const struct args *args, facteur_outbox *outbox)
{
    return each_bar(args, outbox, "address", NULL);
}

int outbox_paused(const struct args *args, facteur_outbox *outbox)
{
    return each_bar(args, outbox, "relay", NULL);
}

int outbox_suppress(const struct args *args, facteur_outbox *outbox)
{
    const char *reason = args_value(args, FLAG_REASON);
    facteur_error *error = NULL;
    int code;

    if (args->file_count < 2)
        return fail(EXIT_USAGE, NULL, "expected: facteur outbox suppress ADDRESS …");
    for (size_t i = 1; i < args->file_count; i++) {
        code = facteur_outbox_suppress(outbox, args->files[i], reason ? reason : "by hand", &error);
        if (code)
            return fail_error(args->files[i], code, error);
        printf("%s suppressed\n", args->files[i]);
    }
    return 0;
}

static int unbar(facteur_outbox *outbox, const char *what, const char *name)
{
    facteur_error *error = NULL;
    int found = 0, code = facteur_outbox_unbar(outbox, what, name, &found, &error);

    if (code)
        return fail_error(name, code, error);
    if (!found)
        return fail(EXIT_DATA, NULL, "%s is not on the list", name);
    put_plain(stdout, name);
    puts(" free");
    return 0;
}

static int unbar_all(const struct args *args, facteur_outbox *outbox, const char *what)
{
    int result = 0;

    for (size_t i = 1; i < args->file_count; i++) {
        int one = unbar(outbox, what, args->files[i]);

        result = result ? result : one;
    }
    return result;
}

int outbox_unsuppress(const struct args *args, facteur_outbox *outbox)
{
    if (args->file_count < 2)
        return fail(EXIT_USAGE, NULL, "expected: facteur outbox unsuppress ADDRESS …");
    return unbar_all(args, outbox, "address");
}

int outbox_resume(const struct args *args, facteur_outbox *outbox)
{
    return args->file_count > 1 ? unbar_all(args, outbox, "relay")
                                : each_bar(args, outbox, "relay", unbar);
}

/* ---- Reports ----------------------------------------------------------------------------------
 */

static void print_report(const json_t *report)
{
    const json_t *recipients = json_object_get(report, "recipients");

    for (size_t i = 0; i < json_array_size(recipients); i++) {
        const json_t *one = json_array_get(recipients, i);

        printf("%lld %s  ", (long long)json_integer_value(json_object_get(report, "id")),
               text_of(one, "event"));
        put_plain(stdout, text_of(one, "address"));
        if (json_is_true(json_object_get(one, "suppressed")))
            fputs("  suppressed", stdout);
        if (*text_of(one, "text")) {
            fputs("  ", stdout);
            put_plain(stdout, text_of(one, "text"));
        }
        putchar('\n');
    }
}

static int read_report(const struct args *args, facteur_outbox *outbox, const char *path)
{
    facteur_error *error = NULL;
    char *text = NULL, *json = NULL;
    json_t *report;
    size_t len = 0;
    int code, result = input_read(path, &text, &len);

    if (result)
        return result;
    code = facteur_outbox_bounce(outbox, text, len, &json, &error);
    free(text);
    if (code)
        return fail_error(input_name(path), code, error);
    report = json_loads(json, 0, NULL);
    if (args_has(args, FLAG_JSON))
        puts(json);
    else
        print_report(report);
    facteur_free(json);
    json_decref(report);
    return report ? 0 : fail_nomem();
}

/* Every file, or standard input: a bounce address is mostly a pipe in a mail server. */
int outbox_bounce(const struct args *args, facteur_outbox *outbox)
{
    int result = 0;

    if (args->file_count < 2)
        return read_report(args, outbox, "-");
    for (size_t i = 1; i < args->file_count; i++) {
        int one = read_report(args, outbox, args->files[i]);

        result = result ? result : one;
    }
    return result;
}
