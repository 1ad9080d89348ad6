/* SPDX-License-Identifier: MIT */
/* facteur check: connect to the relay, log in, send nothing, print the facts. */
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/message.h"

#include <jansson.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static void line(const char *label, const char *value)
{
    if (!*value)
        return;
    printf("  %-13s ", label);
    put_plain(stdout, value);
    putchar('\n');
}

static void print_times(const json_t *timings)
{
    const char *phase, *before = "  time (ms)     ";
    json_t *seconds;

    json_object_foreach((json_t *)timings, phase, seconds)
    {
        printf("%s%s %.1f", before, phase, json_number_value(seconds) * 1000);
        before = ", ";
    }
    if (*before == ',')
        putchar('\n');
}

static void print_certificate(const json_t *certificate)
{
    long long days = json_integer_value(json_object_get(certificate, "days_left"));
    char until[80];

    if (!json_is_object(certificate))
        return;
    line("certificate", text_of(certificate, "subject"));
    line("issuer", text_of(certificate, "issuer"));
    snprintf(until, sizeof until, days < 0 ? "%s (expired %lld days ago)" : "%s (%lld days left)",
             text_of(certificate, "not_after"), days < 0 ? -days : days);
    line("valid until", until);
    line("pin_sha256", text_of(certificate, "pin_sha256"));
}

static void print_facts(const json_t *facts, bool verbose)
{
    const char *transcript = text_of(facts, "transcript");
    const json_t *tls = json_object_get(facts, "tls");
    const json_t *capabilities = json_object_get(facts, "capabilities");

    puts(json_is_true(json_object_get(facts, "ok")) ? "ok" : "not ok");
    line("relay", text_of(facts, "relay"));
    line("address", text_of(facts, "address"));
    line("proxy", text_of(facts, "proxy"));
    if (json_is_object(tls)) {
        line("tls", text_of(tls, "version"));
        line("cipher", text_of(tls, "cipher"));
    }
    print_certificate(json_object_get(facts, "certificate"));
    line("login", text_of(facts, "auth"));
    for (size_t i = 0; i < json_array_size(capabilities); i++) {
        const char *word = json_string_value(json_array_get(capabilities, i));

        line(i ? "" : "capabilities", word ? word : "");
    }
    if (!json_is_true(json_object_get(facts, "ok")))
        line("phase", text_of(facts, "phase"));
    print_times(json_object_get(facts, "timings"));
    if (verbose && *transcript)
        put_dialogue(stdout, transcript);
}

/* The exit code of a send that fails in the same way. */
static int tell_error(const char *relay, const json_t *error)
{
    static const int codes[] = {
#define CODE(name, value, kind, text) value,
        FACTEUR_ERRORS(CODE)
#undef CODE
    };
    const char *name = text_of(error, "code");

    fail(0, relay, "%s", text_of(error, "message"));
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(facteur_error_name(codes[i]), name) == 0)
            return exit_code_of(codes[i]);
    }
    return EXIT_RETRY;
}

/* Report each relay that failed; the first one decides the exit code. */
static int tell_failure(const json_t *facts)
{
    const json_t *relays = json_object_get(facts, "relays");
    int result = EXIT_DONE;

    if (json_is_true(json_object_get(facts, "ok")))
        return EXIT_DONE;
    if (!relays)
        return tell_error(NULL, json_object_get(facts, "error"));
    for (size_t i = 0; i < json_array_size(relays); i++) {
        const json_t *relay = json_array_get(relays, i), *error = json_object_get(relay, "error");
        int code = json_is_object(error) ? tell_error(text_of(relay, "relay"), error) : EXIT_DONE;

        result = result ? result : code;
    }
    return result;
}

static void print_all(const json_t *facts, bool verbose)
{
    const json_t *relays = json_object_get(facts, "relays");

    print_facts(facts, verbose);
    for (size_t i = 0; i < json_array_size(relays); i++) {
        putchar('\n');
        print_facts(json_array_get(relays, i), verbose);
    }
}

int cmd_check(const struct args *args)
{
    facteur_mailer *mailer = NULL;
    facteur_error *error = NULL;
    json_t *facts;
    char *json;
    int result, code;

    if (args->file_count)
        return fail(EXIT_USAGE, args->files[0], "check takes no file");
    result = mailer_open(args, NULL, &mailer);
    if (result)
        return result;
    code = facteur_check(mailer, 0, &json, &error);
    facteur_mailer_close(mailer, 2.0);
    facteur_mailer_free(mailer);
    if (code)
        return fail_error(NULL, code, error);
    facts = json_loads(json, 0, NULL);
    if (args_has(args, FLAG_JSON))
        puts(json);
    facteur_free(json);
    if (!facts)
        return fail_nomem();
    if (!args_has(args, FLAG_JSON))
        print_all(facts, args_has(args, FLAG_VERBOSE));
    result = tell_failure(facts);
    json_decref(facts);
    return result;
}
