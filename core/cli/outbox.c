/* SPDX-License-Identifier: MIT */
/* facteur outbox: what an operator sees of an outbox, and does with it. */
#include "cli/outbox.h"

#include "cli/commands.h"
#include "cli/fail.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 100
#define DAY_S 86400.0
#define WAL_LARGE (64 << 20)

/* ---- Making -----------------------------------------------------------------------------------
 */

static int init(const struct args *args)
{
    const char *url = outbox_url(args);
    facteur_error *error = NULL;
    unsigned from = 0, to = 0;
    int code = url ? facteur_outbox_migrate(url, &from, &to, &error) : 0;

    if (!url)
        return EXIT_CONFIG;
    if (code)
        return fail_error(NULL, code, error);
    if (args_has(args, FLAG_JSON))
        printf("{\"from\":%u,\"to\":%u}\n", from, to);
    else if (from == to)
        printf("version %u, nothing to do\n", to);
    else
        printf(from ? "version %u, was %u\n" : "made, version %u\n", to, from);
    return 0;
}

/* ---- Printing ---------------------------------------------------------------------------------
 */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* A JSON text of the library, printed or read; it is freed. */
static int take_json(const struct args *args, char *json, json_t **out)
{
    *out = json_loads(json, 0, NULL);
    if (args_has(args, FLAG_JSON))
        puts(json);
    facteur_free(json);
    return *out ? 0 : fail_nomem();
}

static void put_cell(const char *text, int width)
{
    char cut[64];

    snprintf(cut, sizeof cut, "%.*s", width < 63 ? width : 63, text);
    put_plain(stdout, cut);
    for (size_t len = strlen(cut); len < (size_t)width; len++)
        putchar(' ');
    putchar(' ');
}

static void print_line(const json_t *row)
{
    const char *ended = text_of(row, "ended_at");

    printf("%-8lld ", number_of(row, "id"));
    put_cell(text_of(row, "state"), 11);
    printf("%3lld ", number_of(row, "attempts"));
    put_cell(*ended ? ended : text_of(row, "next_at"), 19);
    put_cell(text_of(row, "key"), 20);
    put_plain(stdout, text_of(row, "recipients"));
    if (*text_of(row, "reply")) {
        fputs("  ", stdout);
        put_plain(stdout, text_of(row, "reply"));
    }
    putchar('\n');
}

static void print_row(const json_t *row)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)row, name, value)
    {
        if (json_is_null(value) || json_is_object(value) || json_is_array(value))
            continue;
        printf("%-12s ", name);
        if (json_is_integer(value))
            printf("%lld", (long long)json_integer_value(value));
        else if (json_is_boolean(value))
            fputs(json_is_true(value) ? "yes" : "no", stdout);
        else
            put_plain(stdout, json_string_value(value));
        putchar('\n');
    }
}

static void print_event(const json_t *event)
{
    const char *at = text_of(event, "at");

    printf("  %-19.19s ", *at ? at : "now");
    put_cell(text_of(event, "what"), 10);
    if (number_of(event, "attempt"))
        printf(" try %lld", number_of(event, "attempt"));
    if (*text_of(event, "relay")) {
        fputs("  ", stdout);
        put_plain(stdout, text_of(event, "relay"));
    }
    if (*text_of(event, "text")) {
        fputs("  ", stdout);
        put_plain(stdout, text_of(event, "text"));
    }
    putchar('\n');
}

static void print_history(const json_t *events)
{
    puts("history (UTC)");
    for (size_t i = 0; i < json_array_size(events); i++)
        print_event(json_array_get(events, i));
}

/* ---- Looking ----------------------------------------------------------------------------------
 */

static int list(const struct args *args, facteur_outbox *outbox)
{
    double limit = LIST_MAX, after = 0;
    facteur_error *error = NULL;
    json_t *rows = NULL;
    char *json = NULL;
    int code, result = flag_number(args, FLAG_LIMIT, LIST_MAX, &limit);

    if (!result)
        result = flag_number(args, FLAG_AFTER, 0, &after);
    if (!result && (limit < 1 || limit > 1000))
        result = fail(EXIT_USAGE, "--limit", "expected 1 to 1000");
    if (result)
        return result;
    code = facteur_outbox_list(outbox, args_value(args, FLAG_STATE), args_value(args, FLAG_KEY),
                               (long long)after, (unsigned)limit, &json, &error);
    if (code)
        return fail_error(NULL, code, error);
    result = take_json(args, json, &rows);
    if (!args_has(args, FLAG_JSON) && json_array_size(rows))
        puts("ID       STATE       TRY WHEN (UTC)          KEY                  RECIPIENTS, REPLY");
    for (size_t i = 0; !args_has(args, FLAG_JSON) && i < json_array_size(rows); i++)
        print_line(json_array_get(rows, i));
    json_decref(rows);
    return result;
}

static int read_id(const char *word, long long *id)
{
    char *end;

    *id = strtoll(word, &end, 10);
    if (end == word || *end || *id < 1)
        return fail(EXIT_USAGE, NULL, "expected the number of a mail, got \"%s\"", word);
    return 0;
}

static int show_mail(facteur_outbox *outbox, long long id)
{
    facteur_error *error = NULL;
    char *bytes = NULL;
    size_t len = 0;
    int code = facteur_outbox_mail(outbox, id, &bytes, &len, &error);

    if (code)
        return fail_error(NULL, code, error);
    fwrite(bytes, 1, len, stdout);
    facteur_free(bytes);
    return 0;
}

static int show(const struct args *args, facteur_outbox *outbox)
{
    facteur_error *error = NULL;
    json_t *row = NULL;
    char *json = NULL;
    long long id = 0;
    int code, result;

    if (args->file_count != 2)
        return fail(EXIT_USAGE, NULL, "expected: facteur outbox show ID");
    result = read_id(args->files[1], &id);
    if (result)
        return result;
    if (args_has(args, FLAG_MAIL))
        return show_mail(outbox, id);
    code = facteur_outbox_show(outbox, id, &json, &error);
    if (code)
        return fail_error(NULL, code, error);
    result = take_json(args, json, &row);
    if (row && !args_has(args, FLAG_JSON)) {
        print_row(row);
        print_history(json_object_get(row, "history"));
    }
    json_decref(row);
    return result;
}

static int stats(const struct args *args, facteur_outbox *outbox)
{
    facteur_error *error = NULL;
    json_t *facts = NULL, *number;
    char *json = NULL;
    const char *state;
    int code = facteur_outbox_stats(outbox, &json, &error), result;

    if (code)
        return fail_error(NULL, code, error);
    result = take_json(args, json, &facts);
    if (facts && !args_has(args, FLAG_JSON)) {
        json_object_foreach(json_object_get(facts, "states"), state, number)
            printf("%-12s %lld\n", state, (long long)json_integer_value(number));
        print_row(facts);
    }
    json_decref(facts);
    return result;
}

/* Whether something is wrong: 75, with a sentence for each thing. */
static int health(const struct args *args, facteur_outbox *outbox)
{
    facteur_error *error = NULL;
    json_t *facts = NULL, *paused;
    char *json = NULL;
    long long quarantined;
    int code = facteur_outbox_stats(outbox, &json, &error), result;

    if (code)
        return fail_error(NULL, code, error);
    result = take_json(args, json, &facts);
    if (result)
        return result;
    quarantined = number_of(json_object_get(facts, "states"), "quarantined");
    if (number_of(facts, "late_s") > 300)
        result = fail(EXIT_RETRY, NULL, "mails wait since %s: is a worker running?",
                      text_of(facts, "oldest_ready_at"));
    if (quarantined)
        result = fail(EXIT_RETRY, NULL,
                      "%lld quarantined: their workers died over them; see facteur outbox list "
                      "--state quarantined",
                      quarantined);
    paused = json_object_get(facts, "paused");
    for (size_t i = 0; i < json_array_size(paused); i++)
        result = fail(EXIT_RETRY, NULL,
                      "%s refuses this site's mails and gets none until %s: %s; see facteur outbox "
                      "resume",
                      text_of(json_array_get(paused, i), "name"),
                      text_of(json_array_get(paused, i), "until"),
                      text_of(json_array_get(paused, i), "reason"));
    if (number_of(facts, "wal_bytes") > WAL_LARGE)
        result = fail(EXIT_RETRY, NULL,
                      "the log has %lld MB: another program keeps a read transaction open",
                      number_of(facts, "wal_bytes") >> 20);
    if (!json_is_true(json_object_get(facts, "fixed")))
        fail(0, "note",
             "%s can lose commits when another program checkpoints this file; facteur does not",
             text_of(facts, "database"));
    if (!result && !args_has(args, FLAG_JSON))
        puts("ok");
    json_decref(facts);
    return result;
}

/* ---- Actions ----------------------------------------------------------------------------------
 */

static int act_on(facteur_outbox *outbox, const char *action, long long id)
{
    facteur_error *error = NULL;
    const char *state = NULL;
    int done = 0, code = facteur_outbox_act(outbox, action, id, &done, &state, &error);

    if (code)
        return fail_error(NULL, code, error);
    if (!done)
        return fail(EXIT_DATA, NULL, "%lld is %s: %s is not possible, or its bytes were purged", id,
                    state, action);
    printf("%lld %s\n", id, action);
    return 0;
}

/* All rows in a state; those that cannot be moved are passed by. */
static int act_on_all(facteur_outbox *outbox, const char *action, const char *state)
{
    long long after = 0;
    int result = 0;

    for (;;) {
        facteur_error *error = NULL;
        json_t *rows = NULL;
        char *json = NULL;
        size_t count;
        int code = facteur_outbox_list(outbox, state, NULL, after, LIST_MAX, &json, &error);

        if (code)
            return fail_error(NULL, code, error);
        rows = json_loads(json, 0, NULL);
        facteur_free(json);
        if (!rows)
            return fail_nomem();
        count = json_array_size(rows);
        for (size_t i = 0; i < count; i++) {
            int one;

            after = number_of(json_array_get(rows, i), "id");
            one = act_on(outbox, action, after);
            if (one && one != EXIT_DATA) {
                json_decref(rows);
                return one;
            }
            result |= one;
        }
        json_decref(rows);
        if (count < LIST_MAX)
            return result ? EXIT_DATA : 0;
    }
}

static int act_all(facteur_outbox *outbox, const char *action)
{
    static const char *const states[][4] = {{"retry", "failed", "expired", "quarantined"},
                                            {"release", "held"}};
    int result = EXIT_USAGE;

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        for (size_t k = 1; strcmp(states[i][0], action) == 0 && k < 4 && states[i][k]; k++) {
            int one = act_on_all(outbox, action, states[i][k]);

            if (one && one != EXIT_DATA)
                return one;
            result = result == EXIT_USAGE || one ? one : result;
        }
    }
    if (result == EXIT_USAGE)
        return fail(EXIT_USAGE, "--all", "%s takes the numbers of mails", action);
    return result;
}

static int act(const struct args *args, facteur_outbox *outbox)
{
    const char *action = args->files[0];
    int result = 0;

    if (args_has(args, FLAG_ALL))
        return act_all(outbox, action);
    if (args->file_count < 2)
        return fail(EXIT_USAGE, NULL, "expected: facteur outbox %s ID …", action);
    for (size_t i = 1; i < args->file_count; i++) {
        long long id = 0;
        int one = read_id(args->files[i], &id);

        if (!one)
            one = act_on(outbox, action, id);
        result = result ? result : one;
    }
    return result;
}

static int purge(const struct args *args, facteur_outbox *outbox)
{
    double bodies_kept = 0, rows_kept = 0;
    facteur_error *error = NULL;
    size_t bodies = 0, rows = 0;
    int code, result = flag_number(args, FLAG_KEEP_BODIES, 7, &bodies_kept);

    if (!result)
        result = flag_number(args, FLAG_KEEP_ROWS, 90, &rows_kept);
    if (result)
        return result;
    code = facteur_outbox_purge(outbox, bodies_kept * DAY_S, rows_kept * DAY_S, &bodies, &rows,
                                &error);
    if (code)
        return fail_error(NULL, code, error);
    printf(args_has(args, FLAG_JSON) ? "{\"bodies\":%zu,\"rows\":%zu}\n" : "%zu mails, %zu rows\n",
           bodies, rows);
    return 0;
}

static int check(const struct args *args, facteur_outbox *outbox)
{
    (void)outbox;
    puts(args_has(args, FLAG_JSON) ? "{\"ok\":true}" : "ok");
    return 0;
}

/* ---- The command ------------------------------------------------------------------------------
 */

int cmd_outbox(const struct args *args)
{
    static const struct {
        const char *name;
        int (*run)(const struct args *args, facteur_outbox *outbox);
    } known[] = {{"check", check},
                 {"list", list},
                 {"show", show},
                 {"retry", act},
                 {"cancel", act},
                 {"release", act},
                 {"purge", purge},
                 {"stats", stats},
                 {"health", health},
                 {"suppressed", outbox_suppressed},
                 {"suppress", outbox_suppress},
                 {"unsuppress", outbox_unsuppress},
                 {"paused", outbox_paused},
                 {"resume", outbox_resume},
                 {"bounce", outbox_bounce},
                 {"top", outbox_top}};
    const char *word = args->file_count ? args->files[0] : "";
    facteur_outbox *outbox = NULL;
    int result;

    if (strcmp(word, "init") == 0 || strcmp(word, "migrate") == 0)
        return init(args);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, word) != 0)
            continue;
        result = outbox_open(args, false, &outbox);
        if (!result)
            result = known[i].run(args, outbox);
        facteur_outbox_close(outbox);
        return result;
    }
    return fail(
        EXIT_USAGE, NULL,
        "expected: facteur outbox init, migrate, check, list, show, retry, cancel, release, "
        "purge, stats, health, suppressed, suppress, unsuppress, paused, resume, bounce or top; "
        "see "
        "facteur "
        "help outbox");
}
