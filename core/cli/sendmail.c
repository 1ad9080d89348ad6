/* SPDX-License-Identifier: MIT */
/*
 * facteur sendmail: PHP's mail(), cron and other programs call it as /usr/sbin/sendmail, with the
 * options that Postfix documents.  There is no queue: either the relay accepts the mail, or the
 * caller gets an error.
 */
#include "cli/commands.h"
#include "cli/fail.h"
#include "cli/header.h"
#include "cli/input.h"
#include "cli/message.h"
#include "cli/print.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct submission {
    const char *sender; /* -f, or NULL */
    const char *full_name;
    const char *notify, *returned, *envelope_id;
    bool from_header; /* -t */
    bool dots_stay;   /* -i */
    bool verbose;
    char domain[256]; /* for names without one */
    char *from;       /* for a message without a From */
    char *envelope;   /* the sender with its domain; NULL: the message's own */
    char *recipients; /* those of the command line as one list, or NULL */
};

static int read_letter_o(struct submission *mail, const char *value)
{
    if (strcmp(value, "i") == 0)
        mail->dots_stay = true;
    return 0; /* -oem, -om, -o7 and similar options only concern a queue */
}

/* An address of the command line becomes part of a header, so it must not contain a line end. */
static int check_address(const char *text)
{
    for (const char *at = text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            return fail(EXIT_DATA, "sendmail", "an address cannot have control characters: %s",
                        text);
    }
    return 0;
}

static int read_option(struct submission *mail, int letter, const char *value)
{
    switch (letter) {
    case 'f':
    case 'r':
        mail->sender = strcmp(value, "<>") == 0 ? "" : value;
        return check_address(value);
    case 'F':
        mail->full_name = value;
        return 0;
    case 'N':
        mail->notify = value;
        return 0;
    case 'R':
        mail->returned = strcmp(value, "hdrs") == 0 ? "headers" : value;
        return 0;
    case 'V':
        mail->envelope_id = value;
        return 0;
    case 't':
        mail->from_header = true;
        return 0;
    case 'i':
        mail->dots_stay = true;
        return 0;
    case 'v':
        mail->verbose = true;
        return 0;
    case 'o':
        return read_letter_o(mail, value);
    case 'b':
        if (strcmp(value, "m") == 0)
            return 0;
        return fail(EXIT_USAGE, "sendmail",
                    "-b%s: there is no queue and no server here, mail is "
                    "sent only (-bm)",
                    value);
    case 'I':
    case 'q':
        return fail(EXIT_USAGE, "sendmail", "-%c: there is no queue and no alias table here",
                    letter);
    case '?':
    case ':':
        return fail(EXIT_USAGE, "sendmail",
                    letter == ':' ? "-%c needs a value"
                                  : "-%c: no such option; options of facteur (--dsn …) come first",
                    optopt);
    default:
        return 0; /* -A -B -C -G -h -L -m -n -O -p -U -X mean nothing without a queue */
    }
}

static void put_address(FILE *out, const char *text, const char *domain)
{
    header_qualify(out, text, strlen(text), domain);
}

/* "Name <address>", with the name quoted, without characters that end the quotes or the line. */
static void put_from(FILE *out, const struct submission *mail, const char *address)
{
    if (!mail->full_name) {
        put_address(out, address, mail->domain);
        return;
    }
    putc('"', out);
    for (const char *at = mail->full_name; *at; at++)
        putc(*at == '"' || *at == '\\' || (unsigned char)*at < ' ' ? ' ' : *at, out);
    fputs("\" <", out);
    put_address(out, address, mail->domain);
    putc('>', out);
}

/* The last value of a mailer's option on the command line, or NULL. */
static const char *flag_of(const struct args *args, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < args->option_count; i++) {
        if (strcmp(args->names[i], name) == 0)
            value = args->values[i];
    }
    return value;
}

/* A name without a domain gets the sender's domain, else this host's name. */
static void find_domain(struct submission *mail, const char *sender)
{
    const char *at = sender ? strrchr(sender, '@') : NULL;
    size_t len = at ? strcspn(at + 1, "> \t\r\n") : 0;

    if (len && len < sizeof mail->domain)
        snprintf(mail->domain, sizeof mail->domain, "%.*s", (int)len, at + 1);
    else if (gethostname(mail->domain, sizeof mail->domain - 1))
        strcpy(mail->domain, "localhost");
}

/* given   A sender with or without a domain; NULL: the user at this host. */
static int write_sender(struct submission *mail, const char *given)
{
    const struct passwd *user = given ? NULL : getpwuid(getuid());
    size_t len;
    FILE *out = open_memstream(&mail->from, &len);

    if (!out)
        return fail_nomem();
    find_domain(mail, given);
    if (given && strchr(given, '<'))
        put_address(out, given, mail->domain);
    else
        put_from(out, mail, given ? given : user ? user->pw_name : "root");
    if (fclose(out))
        return fail_nomem();
    if (!mail->sender || !*mail->sender)
        return 0;
    out = open_memstream(&mail->envelope, &len);
    if (!out)
        return fail_nomem();
    put_address(out, mail->sender, mail->domain);
    return fclose(out) ? fail_nomem() : 0;
}

static int find_sender(const struct args *args, struct submission *mail)
{
    const char *given =
        mail->sender && *mail->sender ? mail->sender : flag_of(args, "default_from");
    char *usual = given && *given ? NULL : facteur_default_option("default_from");
    int result = write_sender(mail, given && *given ? given : usual);

    facteur_free(usual);
    return result;
}

static int find_recipients(struct submission *mail, int count, char **words)
{
    size_t len;
    FILE *out;

    for (int i = 0; i < count; i++) {
        if (check_address(words[i]))
            return EXIT_DATA;
    }
    if (!count && !mail->from_header)
        return fail(EXIT_USAGE, "sendmail",
                    "no recipient: give addresses, or -t to take those of the header");
    if (!count)
        return 0;
    out = open_memstream(&mail->recipients, &len);
    if (!out)
        return fail_nomem();
    for (int i = 0; i < count; i++) {
        fputs(i ? ", " : "", out);
        put_address(out, words[i], mail->domain);
    }
    return fclose(out) ? fail_nomem() : 0;
}

static int set(facteur_message *message, const char *field, const char *value)
{
    facteur_error *error = NULL;
    int code = value ? facteur_message_set(message, field, value, FACTEUR_NTS, &error) : 0;

    return code ? fail_error("sendmail", code, error) : 0;
}

/* Ask for a notification only where the relay offers them: sendmail's callers expect no more. */
static int set_wish(facteur_message *message, const char *field, const char *value)
{
    char wish[160];

    if (!value)
        return 0;
    snprintf(wish, sizeof wish, "%s?", value);
    return set(message, field, wish);
}

/* Add one recipient of the command line: "root@example.com" or "Ana <ana@example.com>". */
static int add_recipient(facteur_message *message, const char *at, const char *end,
                         facteur_error **error)
{
    const char *open;

    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    open = end > at && end[-1] == '>' ? memrchr(at, '<', (size_t)(end - at)) : NULL;
    if (open) {
        at = open + 1;
        end--;
    }
    return facteur_message_add_recipient(message, at, (size_t)(end - at), error);
}

static int add_recipients(facteur_message *message, const char *list, facteur_error **error)
{
    const char *end = list + strlen(list);
    int code = 0;

    while (code == 0 && list < end) {
        const char *stop = header_address_end(list, end);

        code = add_recipient(message, list, stop, error);
        list = stop + (stop < end);
    }
    return code;
}

static int compose(const struct submission *mail, facteur_message **out)
{
    const struct header_rules rules = {!mail->dots_stay, mail->from, mail->domain,
                                       mail->from_header ? mail->recipients : NULL};
    facteur_error *error = NULL;
    char *text, *whole;
    size_t len;
    int result = input_read("-", &text, &len), code;

    if (result)
        return result;
    result = header_complete(text, len, &rules, &whole, &len);
    free(text);
    if (result)
        return result;
    code = facteur_message_from_bytes(whole, len, out, &error);
    free(whole);
    if (!code && !mail->from_header)
        code = add_recipients(*out, mail->recipients, &error);
    if (code)
        return fail_error("standard input", code, error);
    result = set(*out, "envelope_from", mail->envelope ? mail->envelope : mail->sender);
    result = result ? result : set_wish(*out, "dsn_notify", mail->notify);
    result = result ? result : set_wish(*out, "dsn_return", mail->returned);
    return result ? result : set_wish(*out, "envelope_id", mail->envelope_id);
}

static int read_options(const struct args *args, struct submission *mail, char **words)
{
    int letter, result = 0;

    opterr = 0;
    while (result == 0 &&
           (letter = getopt((int)args->file_count + 1, words,
                            "+:A:B:C:F:GIL:N:O:R:UV:X:b:e:f:h:imno:p:q::r:tv")) != -1)
        result = read_option(mail, letter, optarg);
    if (result == 0)
        result = find_sender(args, mail);
    return result ? result
                  : find_recipients(mail, (int)args->file_count + 1 - optind, words + optind);
}

/* What never became a mail has no line in the log but this one. */
static void log_failure(facteur_mailer *mailer)
{
    char text[2200];

    snprintf(text, sizeof text, "status=failed error=%s", fail_last());
    facteur_mailer_log(mailer, text);
}

/* Without a mailer there is only what says where to log. */
static void log_without_mailer(const struct args *args)
{
    static const char *const wanted[] = {"syslog", "logfile"};
    const char *names[2], *values[2];
    facteur_mailer *mailer = NULL;
    size_t count = 0;

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        const char *value = flag_of(args, wanted[i]);

        if (!value)
            continue;
        names[count] = wanted[i];
        values[count++] = value;
    }
    if (facteur_mailer_new("null://", names, values, count, &mailer, NULL) == 0)
        log_failure(mailer);
    facteur_mailer_free(mailer);
}

/* The others have the mail, so the exit code says nothing of these. */
static void tell_refused(const facteur_receipt *receipt)
{
    for (size_t i = 0; i < facteur_receipt_rejected_count(receipt); i++) {
        int code = facteur_receipt_rejected_code(receipt, i);
        const char *enhanced = facteur_receipt_rejected_enhanced(receipt, i);
        char number[16] = "";

        if (code)
            snprintf(number, sizeof number, "%d ", code);
        fail(0, NULL, "refused: <%s>: %s%s%s%s", facteur_receipt_rejected(receipt, i), number,
             enhanced, *enhanced ? " " : "", facteur_receipt_rejected_text(receipt, i));
    }
}

/* Errors are told and change nothing: the mail has its verdict. */
static void bounce(facteur_mailer *mailer, const facteur_receipt *receipt)
{
    facteur_message *message = NULL;
    facteur_receipt *answer = NULL;
    facteur_error *error = NULL;
    int code = facteur_receipt_bounce(receipt, &message, &error);

    if (!code && message)
        code = facteur_send(mailer, message, 0, &answer, &error);
    if (code)
        fail_error("notification", code, error);
    else if (answer)
        print_failure(answer);
    facteur_receipt_free(answer);
    facteur_message_free(message);
}

static int tell(const struct args *args, const struct submission *mail, facteur_mailer *mailer,
                const facteur_receipt *receipt)
{
    int result;

    tell_refused(receipt);
    if (mail->verbose || args_has(args, FLAG_JSON))
        result = print_receipt(receipt, args_has(args, FLAG_JSON), mail->verbose);
    else
        result = print_failure(receipt);
    if (facteur_mailer_bounces(mailer))
        bounce(mailer, receipt);
    return result;
}

static int send_it(const struct args *args, const struct submission *mail, facteur_mailer *mailer)
{
    facteur_message *message = NULL;
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;
    int result = compose(mail, &message), code;

    if (result == 0 && args_has(args, FLAG_OUTBOX)) {
        result = queue_message(args, mailer, message, mail->verbose || args_has(args, FLAG_JSON));
    } else if (result == 0) {
        code = facteur_send(mailer, message, 0, &receipt, &error);
        if (code)
            result = fail_error("sendmail", code, error);
    }
    if (receipt)
        result = tell(args, mail, mailer, receipt);
    else if (result)
        log_failure(mailer);
    facteur_receipt_free(receipt);
    facteur_message_free(message);
    return result;
}

int cmd_sendmail(const struct args *args)
{
    char **words = calloc(args->file_count + 2, sizeof *words);
    struct submission mail = {0};
    facteur_mailer *mailer = NULL;
    int result = words ? 0 : fail_nomem();

    for (size_t i = 0; words && i < args->file_count; i++)
        words[i + 1] = (char *)(size_t)args->files[i];
    if (result == 0) {
        words[0] = "sendmail";
        result = read_options(args, &mail, words);
    }
    if (result == 0)
        result = mailer_open(args, args_has(args, FLAG_OUTBOX) ? "null://" : NULL, &mailer);
    if (result && !mailer)
        log_without_mailer(args);
    if (result == 0)
        result = send_it(args, &mail, mailer);
    if (mailer)
        facteur_mailer_close(mailer, 2.0);
    facteur_mailer_free(mailer);
    free(mail.from);
    free(mail.envelope);
    free(mail.recipients);
    free(words);
    /* As sendmail's exit code, 75 means "queued", which PHP's mail() takes for success. */
    return result == EXIT_RETRY ? EXIT_REFUSED : result;
}
