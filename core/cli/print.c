/* SPDX-License-Identifier: MIT */
#include "cli/print.h"

#include "cli/fail.h"

#include <stdlib.h>

static void line(const char *label, const char *value)
{
    if (!*value)
        return;
    printf("  %-11s ", label);
    put_plain(stdout, value);
    putchar('\n');
}

static void print_reply(const char *label, int code, const char *enhanced, const char *text)
{
    if (!code)
        return;
    printf("  %-11s %d%s%s ", label, code, *enhanced ? " " : "", enhanced);
    put_plain(stdout, text);
    putchar('\n');
}

static void print_recipients(const facteur_receipt *receipt)
{
    for (size_t i = 0; i < facteur_receipt_accepted_count(receipt); i++)
        line("accepted", facteur_receipt_accepted(receipt, i));
    for (size_t i = 0; i < facteur_receipt_rejected_count(receipt); i++) {
        line("rejected", facteur_receipt_rejected(receipt, i));
        print_reply("", facteur_receipt_rejected_code(receipt, i),
                    facteur_receipt_rejected_enhanced(receipt, i),
                    facteur_receipt_rejected_text(receipt, i));
    }
    for (size_t i = 0; i < facteur_receipt_in_doubt_count(receipt); i++)
        line("in doubt", facteur_receipt_in_doubt(receipt, i));
}

static void print_times(const facteur_receipt *receipt)
{
    double all = 0;
    bool any = false;

    for (int i = 0; i < FACTEUR_PHASE_COUNT; i++) {
        double seconds = facteur_receipt_timing(receipt, (enum facteur_phase)i);

        if (seconds < 0)
            continue;
        printf(any ? ", %s %.1f" : "  time (ms)   %s %.1f",
               facteur_phase_name((enum facteur_phase)i), seconds * 1000);
        all += seconds;
        any = true;
    }
    if (any)
        printf("; %.1f in all\n", all * 1000);
}

static void print_plain(const facteur_receipt *receipt, bool verbose)
{
    printf("%s\n", facteur_receipt_status_name(receipt));
    line("message id", facteur_receipt_message_id(receipt));
    line("queue id", facteur_receipt_queue_id(receipt));
    line("relay", facteur_receipt_relay(receipt));
    print_reply("reply", facteur_receipt_reply_code(receipt),
                facteur_receipt_reply_enhanced(receipt), facteur_receipt_reply_text(receipt));
    print_recipients(receipt);
    if (!facteur_receipt_ok(receipt))
        line("phase", facteur_phase_name(facteur_receipt_phase(receipt)));
    if (facteur_receipt_attempts(receipt))
        printf("  %-11s %u in %u attempt%s\n", "flights", facteur_receipt_flights(receipt),
               facteur_receipt_attempts(receipt),
               facteur_receipt_attempts(receipt) == 1 ? "" : "s");
    print_times(receipt);
    if (verbose && *facteur_receipt_transcript(receipt))
        put_dialogue(stdout, facteur_receipt_transcript(receipt));
}

/* Only a mail in doubt can be delivered twice when the caller simply tries again. */
static int tell_failure(const facteur_receipt *receipt)
{
    enum facteur_status status = facteur_receipt_status(receipt);
    int code = facteur_receipt_error_code(receipt);

    if (status == FACTEUR_IN_DOUBT)
        return fail(EXIT_RETRY, NULL,
                    "in doubt: %s; if you send it again, give --message-id %s so that a second "
                    "copy can be recognised",
                    facteur_receipt_error(receipt), facteur_receipt_message_id(receipt));
    fail(0, NULL, "not sent: %s", facteur_receipt_error(receipt));
    if (status == FACTEUR_PERMANENT)
        return EXIT_REFUSED;
    return code == FACTEUR_EAUTH ? EXIT_LOGIN : code == FACTEUR_ECONFIG ? EXIT_CONFIG : EXIT_RETRY;
}

int print_failure(const facteur_receipt *receipt)
{
    return facteur_receipt_ok(receipt) ? EXIT_DONE : tell_failure(receipt);
}

static void print_json(const facteur_receipt *receipt)
{
    char *text = facteur_receipt_json(receipt);

    if (text)
        puts(text);
    else
        fail_nomem();
    facteur_free(text);
}

void print_note(const char *note)
{
    fail(0, "note", "%s", note);
}

int print_receipt(const facteur_receipt *receipt, bool json, bool verbose)
{
    if (json) {
        print_json(receipt);
    } else {
        print_plain(receipt, verbose);
        for (size_t i = 0; i < facteur_receipt_note_count(receipt); i++)
            print_note(facteur_receipt_note(receipt, i));
    }
    /* The mail is sent even if nobody could read the receipt; sent again, it would arrive twice. */
    flush_output();
    return print_failure(receipt);
}
