/* SPDX-License-Identifier: MIT */
#include "cli/args.h"

#include "cli/fail.h"

#include <facteur.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENQUEUE (1u << CMD_ENQUEUE)
#define SEND (1u << CMD_SEND | ENQUEUE)
#define LETTER (1u << CMD_LETTER)
#define ORDER (1u << CMD_ORDER)
#define CONTACT (1u << CMD_CONTACT)
#define RENDER (1u << CMD_RENDER)
#define CHECK (1u << CMD_CHECK)
#define OUTBOX (1u << CMD_OUTBOX)
#define WORKER (1u << CMD_WORKER)
#define SENDMAIL (1u << CMD_SENDMAIL)
#define QUEUES (ENQUEUE | SENT_LETTERS | SENDMAIL)
#define SENT_LETTERS (LETTER | ORDER | CONTACT)
#define LETTERS (SENT_LETTERS | RENDER)
#define EVERY ~0u

struct rule {
    const char *name;
    enum flag flag;
    bool takes_value;
    unsigned commands;
};

static const struct rule rules[] = {
    {"dsn", FLAG_DSN, true, EVERY},
    {"set", FLAG_SET, true, EVERY},
    {"json", FLAG_JSON, false, EVERY},
    {"verbose", FLAG_VERBOSE, false, EVERY},
    {"help", FLAG_HELP, false, EVERY},
    {"version", FLAG_VERSION, false, EVERY},
    {"from", FLAG_FROM, true, SEND | LETTERS},
    {"to", FLAG_TO, true, SEND | LETTERS},
    {"reply-to", FLAG_REPLY_TO, true, SEND | LETTERS},
    {"subject", FLAG_SUBJECT, true, SEND | LETTERS},
    {"date", FLAG_DATE, true, SEND | LETTERS},
    {"message-id", FLAG_MESSAGE_ID, true, SEND | LETTERS},
    {"locale", FLAG_LOCALE, true, LETTERS},
    {"word", FLAG_WORD, true, LETTERS},
    {"attach", FLAG_ATTACH, true, SEND | LETTERS},
    {"inline", FLAG_INLINE, true, SEND | LETTERS},
    {"header", FLAG_HEADER, true, SEND | LETTERS},
    {"cc", FLAG_CC, true, SEND | RENDER},
    {"bcc", FLAG_BCC, true, SEND | RENDER},
    {"envelope-from", FLAG_ENVELOPE_FROM, true, SEND | SENT_LETTERS},
    {"text", FLAG_TEXT, true, SEND},
    {"text-file", FLAG_TEXT_FILE, true, SEND | RENDER},
    {"html", FLAG_HTML, true, SEND},
    {"html-file", FLAG_HTML_FILE, true, SEND | RENDER},
    {"eml", FLAG_EML, true, SEND},
    {"text", FLAG_PART_TEXT, false, RENDER},
    {"html", FLAG_PART_HTML, false, RENDER},
    {"outbox", FLAG_OUTBOX, true, QUEUES | OUTBOX | WORKER},
    {"key", FLAG_KEY, true, QUEUES | OUTBOX},
    {"not-before", FLAG_NOT_BEFORE, true, QUEUES},
    {"expires-at", FLAG_EXPIRES_AT, true, QUEUES},
    {"queue-priority", FLAG_PRIORITY, true, QUEUES},
    {"once", FLAG_ONCE, false, WORKER},
    {"grace", FLAG_GRACE, true, WORKER},
    {"state", FLAG_STATE, true, OUTBOX},
    {"after", FLAG_AFTER, true, OUTBOX},
    {"limit", FLAG_LIMIT, true, OUTBOX},
    {"mail", FLAG_MAIL, false, OUTBOX},
    {"all", FLAG_ALL, false, OUTBOX},
    {"keep-bodies", FLAG_KEEP_BODIES, true, OUTBOX},
    {"keep-rows", FLAG_KEEP_ROWS, true, OUTBOX},
    {"reason", FLAG_REASON, true, OUTBOX},
    {"every", FLAG_EVERY, true, OUTBOX},
};
#define RULES (sizeof rules / sizeof rules[0])

static const char *const commands[] = {"",        "send",   "letter", "order",
                                       "contact", "render", "check",  "sendmail",
                                       "enqueue", "outbox", "worker", "help"};

const char *command_name(enum command command)
{
    return commands[command];
}

bool args_has(const struct args *args, enum flag flag)
{
    for (size_t i = 0; i < args->given_count; i++) {
        if (args->given[i].flag == flag)
            return true;
    }
    return false;
}

const char *args_value(const struct args *args, enum flag flag)
{
    const char *value = NULL;

    for (size_t i = 0; i < args->given_count; i++) {
        if (args->given[i].flag == flag)
            value = args->given[i].value;
    }
    return value;
}

/* Whether the first `len` bytes are the option's name, with dashes for underscores. */
static bool is_option(const char *word, size_t len, const char *option)
{
    for (size_t i = 0; i < len; i++) {
        char byte = word[i] == '-' ? '_' : word[i];

        if (byte != option[i] || !option[i])
            return false;
    }
    return option[len] == '\0';
}

static const char *find_option(const char *word, size_t len, bool *is_bool)
{
    for (size_t i = 0; i < facteur_option_count(); i++) {
        if (!is_option(word, len, facteur_option_name(i)))
            continue;
        *is_bool = strcmp(facteur_option_type(i), "bool") == 0;
        return facteur_option_name(i);
    }
    return NULL;
}

static void add_option(struct args *args, const char *name, const char *value)
{
    args->names[args->option_count] = name;
    args->values[args->option_count++] = value;
}

/* "--set name=value", for scripts that keep both in variables. */
static int add_set(struct args *args, const char *pair)
{
    const char *equals = strchr(pair, '=');
    char *name;

    if (!equals || equals == pair)
        return fail(EXIT_USAGE, "--set", "expected name=value, got \"%s\"", pair);
    name = strndup(pair, (size_t)(equals - pair));
    if (!name)
        return fail_nomem();
    for (char *at = name; *at; at++)
        *at = *at == '-' ? '_' : *at;
    args->owned[args->owned_count++] = name;
    add_option(args, name, equals + 1);
    return 0;
}

static const struct rule *find_rule(enum command command, const char *word, size_t len)
{
    for (size_t i = 0; i < RULES; i++) {
        if (strlen(rules[i].name) == len && memcmp(rules[i].name, word, len) == 0 &&
            (rules[i].commands & (1u << command)))
            return &rules[i];
    }
    return NULL;
}

const char *args_flag_name(enum flag flag)
{
    size_t i = 0;

    while (rules[i].flag != flag)
        i++;
    return rules[i].name;
}

static size_t common(const char *word, size_t len, const char *other)
{
    size_t i = 0;

    while (i < len && other[i] && (word[i] == other[i] || (word[i] == '-' && other[i] == '_')))
        i++;
    return i;
}

/* Another program's word for an option goes before one that only begins alike. */
static int refuse_flag(enum command command, const char *word, size_t len)
{
    const char *best = NULL, *meant;
    size_t best_len = len / 2 > 2 ? len / 2 : 2;
    char nearest[64];

    snprintf(nearest, sizeof nearest, "%.*s", (int)len, word);
    meant = facteur_option_meant(nearest);
    if (meant)
        return fail(EXIT_USAGE, NULL, "--%.*s: no such option; did you mean %s?", (int)len, word,
                    meant);

    for (size_t i = 0; i < RULES; i++) {
        if ((rules[i].commands & (1u << command)) && common(word, len, rules[i].name) > best_len) {
            best = rules[i].name;
            best_len = common(word, len, best);
        }
    }
    for (size_t i = 0; i < facteur_option_count(); i++) {
        if (common(word, len, facteur_option_name(i)) > best_len) {
            best = facteur_option_name(i);
            best_len = common(word, len, best);
        }
    }
    if (!best)
        return fail(EXIT_USAGE, NULL,
                    "--%.*s: no such option; see facteur help %s, and facteur help options",
                    (int)len, word, command_name(command));
    snprintf(nearest, sizeof nearest, "%s", best);
    for (char *at = nearest; *at; at++)
        *at = *at == '_' ? '-' : *at;
    return fail(EXIT_USAGE, NULL, "--%.*s: no such option; did you mean --%s?", (int)len, word,
                nearest);
}

/* Read one flag; `*next` is the argument after it or NULL, and becomes NULL when it is used. */
static int read_flag(struct args *args, const char *word, const char **next)
{
    const char *equals = strchr(word, '='), *name, *value;
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const struct rule *rule = find_rule(args->command, word, len);
    bool is_bool = false, is_no;

    if (rule && !rule->takes_value && equals)
        return fail(EXIT_USAGE, NULL, "--%s takes no value", rule->name);
    if (rule && !rule->takes_value) {
        args->given[args->given_count++] = (struct given){rule->flag, rule->name, ""};
        return 0;
    }
    name = rule ? rule->name : find_option(word, len, &is_bool);
    is_no = !name && len > 3 && strncmp(word, "no-", 3) == 0 && !equals &&
            (name = find_option(word + 3, len - 3, &is_bool)) != NULL && is_bool;
    if (!name || (!rule && strncmp(word, "no-", 3) == 0 && !is_no))
        return refuse_flag(args->command, word, len);
    if (is_bool && !equals) {
        add_option(args, name, is_no ? "0" : "1");
        return 0;
    }
    value = equals ? equals + 1 : *next;
    if (!value)
        return fail(EXIT_USAGE, NULL, "--%.*s needs a value", (int)len, word);
    if (!equals)
        *next = NULL;
    if (!rule)
        add_option(args, name, value);
    else if (rule->flag == FLAG_SET)
        return add_set(args, value);
    else
        args->given[args->given_count++] = (struct given){rule->flag, name, value};
    return 0;
}

static int read_command(struct args *args, const char *word)
{
    for (size_t i = 1; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i], word) == 0) {
            args->command = (enum command)i;
            return 0;
        }
    }
    return fail(EXIT_USAGE, NULL,
                "there is no command \"%s\"; known are send, letter, order, contact, render, "
                "check, sendmail, enqueue, outbox, worker, help",
                word);
}

static int make_room(struct args *args, size_t count)
{
    args->given = calloc(count, sizeof *args->given);
    args->files = calloc(count, sizeof *args->files);
    args->names = calloc(count, sizeof *args->names);
    args->values = calloc(count, sizeof *args->values);
    args->owned = calloc(count, sizeof *args->owned);
    if (!args->given || !args->files || !args->names || !args->values || !args->owned)
        return fail_nomem();
    return 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int args_parse(int argc, char **argv, struct args *args)
{
    bool flags_end = false;
    int i = 1, result = make_room(args, (size_t)argc + 1);

    if (argc && strcmp(base_name(argv[0]), "sendmail") == 0)
        args->command = CMD_SENDMAIL;
    else if (result == 0 && i < argc && argv[i][0] != '-')
        result = read_command(args, argv[i++]);
    for (; result == 0 && i < argc; i++) {
        const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
        const char *offered = next;

        if (args->command != CMD_SENDMAIL && strcmp(word, "-h") == 0)
            word = "--help";
        if (args->command == CMD_SENDMAIL && strncmp(word, "--", 2) != 0)
            flags_end = true;
        else if (args->command == CMD_SENDMAIL && !word[2] && !flags_end)
            args->files[args->file_count++] = word;
        if (flags_end || word[0] != '-' || word[1] == '\0') {
            args->files[args->file_count++] = word;
        } else if (strcmp(word, "--") == 0) {
            flags_end = true;
        } else if (word[1] != '-') {
            result = fail(EXIT_USAGE, word, "no such option; options have two dashes");
        } else {
            result = read_flag(args, word + 2, &next);
            i += next != offered;
        }
    }
    return result;
}

void args_done(struct args *args)
{
    for (size_t i = 0; i < args->owned_count; i++)
        free(args->owned[i]);
    free(args->owned);
    free(args->given);
    free(args->files);
    free(args->names);
    free(args->values);
}
