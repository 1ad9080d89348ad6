/* SPDX-License-Identifier: MIT */
/* facteur from C.  Modes: default; best, connections without a limit of mails. */
#include <unistd.h>

#include "bench.h"
#include "facteur.h"

static char *text, *html, *raw, *order, *pdf; /* pdf: NULL when the job has none */
static size_t text_len, html_len, raw_len, order_len, pdf_len;
static char file[4096]; /* of the job, too large to be read before it is sent; empty for none */
static facteur_mailer *mailer;

static void check(int code, facteur_error *error)
{
    if (code)
        fail(error ? facteur_error_message(error) : facteur_error_text(code));
}

static void set(facteur_message *message, const char *field, const char *value, size_t len)
{
    facteur_error *error = NULL;
    check(facteur_message_set(message, field, value, len, &error), error);
}

static facteur_message *compose(const char *work, size_t number)
{
    facteur_message *message = NULL;
    facteur_error *error = NULL;
    if (!strcmp(work, "raw")) {
        check(facteur_message_from_bytes(raw, raw_len, &message, &error), error);
        set(message, "envelope_from", SENDER, FACTEUR_NTS);
        check(facteur_message_add_recipient(message, RECIPIENT, FACTEUR_NTS, &error), error);
        return message;
    }
    size_t len;
    if (!strcmp(work, "letter")) {
        char *json = job_fill(order, order_len, number, &len);
        check(facteur_order_confirmation(mailer, json, len, NULL, 0, &message, &error), error);
        free(json);
        return message;
    }
    char subject[64];
    message = facteur_message_new();
    snprintf(subject, sizeof subject, "Order %zu: thank you, Zoë", number);
    set(message, "from", "Shop <" SENDER ">", FACTEUR_NTS);
    set(message, "to", "Zoë <" RECIPIENT ">", FACTEUR_NTS);
    set(message, "subject", subject, FACTEUR_NTS);
    char *filled = job_fill(text, text_len, number, &len);
    set(message, "text", filled, len);
    free(filled);
    filled = job_fill(html, html_len, number, &len);
    set(message, "html", filled, len);
    free(filled);
    if (pdf)
        check(facteur_message_attach_bytes(message, pdf, pdf_len, "invoice.pdf", "application/pdf",
                                           NULL, &error),
              error);
    if (*file)
        check(facteur_message_attach_path(message, file, "catalogue.zip", "application/zip", NULL,
                                          &error),
              error);
    return message;
}

static void open_mailer(void)
{
    const char *names[8], *values[8];
    size_t count = 0;
    char dsn[256];
    facteur_error *error = NULL;
    snprintf(dsn, sizeof dsn, "smtp://%s:%s", job("BENCH_HOST"), job("BENCH_PORT"));
#define OPTION(name, value) (names[count] = (name), values[count++] = (value))
    OPTION("default_from", "Shop <" SENDER ">");
    OPTION("tls", job("BENCH_TLS"));
    OPTION("ca_file", job("BENCH_CA"));
    OPTION("deadline", "120"); /* bench/instructions runs it under valgrind */
    if (job_number("BENCH_LOGIN")) {
        OPTION("username", USER);
        OPTION("password", PASSWORD);
    }
    if (!strcmp(job("BENCH_MODE"), "best"))
        OPTION("max_mails", "0");
    check(facteur_mailer_new(dsn, names, values, count, &mailer, &error), error);
}

static void take(facteur_receipt *receipt)
{
    if (facteur_receipt_status(receipt) != FACTEUR_SENT)
        fail("not sent");
    facteur_receipt_free(receipt);
}

static void one_by_one(const char *work, size_t mails)
{
    uint32_t *spent = malloc((mails + 1) * sizeof *spent);
    uint64_t begin = now_us();
    for (size_t i = 0; spent && i < mails; i++) {
        uint64_t before = now_us();
        facteur_receipt *receipt = NULL;
        facteur_error *error = NULL;
        facteur_message *message = compose(work, i);
        check(facteur_send(mailer, message, 0, &receipt, &error), error);
        take(receipt);
        facteur_message_free(message);
        spent[i] = (uint32_t)(now_us() - before);
    }
    answer(now_us() - begin, spent, mails);
}

/* `depth` mails are under way; the oldest is waited for. */
static void in_flight(const char *work, size_t mails, size_t depth)
{
    facteur_delivery **ring = calloc(depth, sizeof *ring);
    uint64_t begin = now_us();
    for (size_t i = 0; ring && i < mails + depth; i++) {
        facteur_delivery **slot = &ring[i % depth];
        facteur_error *error = NULL;
        if (*slot) {
            facteur_receipt *receipt = NULL;
            if (facteur_delivery_wait(*slot, -1, &receipt, &error) != 1)
                check(FACTEUR_EINDOUBT, error);
            take(receipt);
            facteur_delivery_free(*slot);
            *slot = NULL;
        }
        if (i < mails) {
            facteur_message *message = compose(work, i);
            check(facteur_submit(mailer, message, 0, 0, slot, &error), error);
            facteur_message_free(message);
        }
    }
    answer(now_us() - begin, NULL, 0);
}

int main(void)
{
    const char *work = job("BENCH_WORK");
    size_t mails = job_number("BENCH_MAILS"), depth = job_number("BENCH_DEPTH");
    text = job_file("order.txt", &text_len);
    html = job_file("order.html", &html_len);
    raw = job_file("order.eml", &raw_len);
    order = job_file("order.json", &order_len);
    pdf = job_file_if_there("order.pdf", &pdf_len);
    snprintf(file, sizeof file, "%s/order.zip", job("BENCH_DIR"));
    if (access(file, F_OK))
        *file = '\0';
    open_mailer();
    if (depth == 1)
        one_by_one(work, mails);
    else
        in_flight(work, mails, depth);
    facteur_mailer_close(mailer, 1);
    facteur_mailer_free(mailer);
    return 0;
}
