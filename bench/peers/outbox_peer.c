/* SPDX-License-Identifier: MIT */
/*
 * facteur's outbox from C.  Modes: queue, BENCH_MAILS mails with a key of their own into
 * BENCH_OUTBOX; work, send what is ready.  It says that it is ready, and begins with a line.
 */
#include <unistd.h>

#include "bench.h"
#include "facteur.h"

static facteur_mailer *mailer;
static facteur_outbox *outbox;

static void check(int code, facteur_error *error)
{
    if (code)
        fail(error ? facteur_error_message(error) : facteur_error_text(code));
}

static void open_both(void)
{
    const char *names[] = {"default_from", "tls", "ca_file", "max_mails"};
    const char *values[] = {"Shop <" SENDER ">", job("BENCH_TLS"), job("BENCH_CA"), "0"};
    char dsn[256];
    facteur_error *error = NULL;

    snprintf(dsn, sizeof dsn, "smtp://%s:%s", job("BENCH_HOST"), job("BENCH_PORT"));
    check(facteur_mailer_new(dsn, names, values, 4, &mailer, &error), error);
    check(facteur_outbox_open(job("BENCH_OUTBOX"), 1, &outbox, &error), error);
}

static void queue(size_t mails)
{
    uint32_t *spent = malloc((mails + 1) * sizeof *spent);
    size_t len;
    char *raw = job_file("order.eml", &len), key[64];
    uint64_t start;

    begin_together();
    start = now_us();
    for (size_t i = 0; spent && i < mails; i++) {
        facteur_error *error = NULL;
        facteur_message *message = NULL;
        facteur_receipt *receipt = NULL;
        uint64_t before = now_us();

        check(facteur_message_from_bytes(raw, len, &message, &error), error);
        snprintf(key, sizeof key, "order:%ld:%zu", (long)getpid(), i);
        check(facteur_outbox_enqueue(outbox, mailer, message, key, 0, 0, -1, &receipt, &error),
              error);
        if (facteur_receipt_status(receipt) != FACTEUR_QUEUED)
            fail("not queued");
        facteur_receipt_free(receipt);
        facteur_message_free(message);
        spent[i] = (uint32_t)(now_us() - before);
    }
    answer(now_us() - start, spent, mails);
}

static void work(size_t mails)
{
    facteur_error *error = NULL;
    char *json = NULL, wanted[64];
    uint64_t start;

    begin_together();
    start = now_us();
    check(facteur_outbox_work(outbox, mailer, 1, -1, 10, NULL, NULL, &json, &error), error);
    snprintf(wanted, sizeof wanted, "\"sent\":%zu,", mails);
    if (mails && !strstr(json, wanted))
        fail(json);
    answer(now_us() - start, NULL, 0);
}

int main(void)
{
    size_t mails = job_number("BENCH_MAILS");

    open_both();
    if (strcmp(job("BENCH_MODE"), "queue") == 0)
        queue(mails);
    else
        work(mails);
    facteur_outbox_close(outbox);
    facteur_mailer_close(mailer, 1);
    facteur_mailer_free(mailer);
    return 0;
}
