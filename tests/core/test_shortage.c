/* SPDX-License-Identifier: MIT */
/*
 * Memory runs short: each allocation of a whole errand fails once, from the new mailer over TLS and
 * AUTH to the last receipt.  What became of each mail is compared with what the relays kept, and
 * the next errand must succeed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/memory.h"
#include "facteur.h"
#include "support/shortage.h"
#include "support/smtp_peer.h"

#define RELAYS 2
#define MAILS 3 /* of an errand at most; the next errand's are numbered from here */
#define UNTRIED (-1000)
#define STRIDE 60 /* between those of a library's that fail, on average */

/* RFC 8463 appendix A.1, the seed as PKCS #8. */
#define DKIM                                                                                       \
    "[{\"domain\":\"shop.example\",\"selector\":\"s1\",\"key\":\"-----BEGIN PRIVATE KEY-----\\n"   \
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\\n"                          \
    "-----END PRIVATE KEY-----\\n\"}]"

struct errand {
    const char *name, *library_name;
    unsigned count;
    /* Compose and send mails to mail<first>@, …; results are errors or statuses. */
    void (*run)(facteur_mailer *mailer, unsigned first, int *results);
    bool failover; /* the first of two relays hangs up */
    const char *dkim;
    bool pinned; /* the relay's key, in place of a ca_file */
};

static struct certificate certificate;
static char ca_path[64], pin[64];
static struct server relays[RELAYS];

/* ---- Errands --------------------------------------------------------------------------------- */

static int verdict(int error, facteur_receipt *receipt)
{
    int result = error < 0 ? error : (int)facteur_receipt_status(receipt);

    facteur_receipt_free(receipt);
    return result;
}

/* What becomes of a message, which is freed, unless composing it has failed. */
static int conclude(facteur_mailer *mailer, facteur_message *message, bool letter, int err)
{
    facteur_receipt *receipt = NULL;

    if (!err)
        err = (letter ? facteur_send_composed : facteur_send)(mailer, message, 20, &receipt, NULL);
    facteur_message_free(message);
    return verdict(err, receipt);
}

static int fill(facteur_message *message, unsigned number)
{
    char to[40];
    int err;

    snprintf(to, sizeof to, "Ana <mail%u@x.example>", number);
    if ((err = facteur_message_set(message, "from", "shop@shop.example", FACTEUR_NTS, NULL)) ||
        (err = facteur_message_set(message, "to", to, FACTEUR_NTS, NULL)) ||
        (err = facteur_message_set(message, "subject", "Caf\303\251", FACTEUR_NTS, NULL)) ||
        (err = facteur_message_set(message, "html", "<p>Thank you.</p>", FACTEUR_NTS, NULL)))
        return err;
    return facteur_message_attach_bytes(message, "1;2\n", 4, "a.csv", "text/csv", NULL, NULL);
}

static void send_composed(facteur_mailer *mailer, unsigned first, int *results)
{
    facteur_message *message = facteur_message_new();

    *results = conclude(mailer, message, false, message ? fill(message, first) : FACTEUR_ENOMEM);
}

static void send_order(facteur_mailer *mailer, unsigned first, int *results)
{
    facteur_message *message = NULL;
    char order[512];
    int err;

    snprintf(order, sizeof order,
             "{\"number\":\"42\",\"currency\":\"EUR\",\"locale\":\"fr\","
             "\"merchant\":{\"name\":\"Shop\",\"email\":\"shop@shop.example\"},"
             "\"customer\":{\"name\":\"Ana\",\"email\":\"mail%u@x.example\"},"
             "\"items\":[{\"name\":\"Tea\",\"quantity\":2,\"unit_price\":\"4.50\"}]}",
             first);
    err = facteur_order_confirmation(mailer, order, FACTEUR_NTS, NULL, 0, &message, NULL);
    *results = conclude(mailer, message, true, err);
}

static void send_finished(facteur_mailer *mailer, unsigned first, int *results)
{
    facteur_message *message = NULL;
    char bytes[256];
    int err;

    snprintf(bytes, sizeof bytes,
             "From: shop@shop.example\r\nTo: mail%u@x.example\r\nSubject: x\r\n\r\nThank you.\r\n",
             first);
    err = facteur_message_from_bytes(bytes, strlen(bytes), &message, NULL);
    *results = conclude(mailer, message, false, err);
}

static void send_many(facteur_mailer *mailer, unsigned first, int *results)
{
    facteur_message *messages[MAILS];
    facteur_delivery *deliveries[MAILS] = {NULL};

    for (unsigned i = 0; i < MAILS; i++) {
        messages[i] = facteur_message_new();
        results[i] = messages[i] ? fill(messages[i], first + i) : FACTEUR_ENOMEM;
        if (!results[i])
            results[i] = facteur_submit(mailer, messages[i], 20, 0, &deliveries[i], NULL);
    }
    for (unsigned i = 0; i < MAILS; i++) {
        facteur_receipt *receipt = NULL;

        if (deliveries[i]) {
            int err = facteur_delivery_wait(deliveries[i], -1, &receipt, NULL);

            results[i] = verdict(err, receipt);
        }
        facteur_delivery_free(deliveries[i]);
        facteur_message_free(messages[i]);
    }
}

static const struct errand errands[] = {
    {"composed", "composed, libraries", 1, send_composed, .dkim = NULL},
    {"finished bytes", "finished bytes, libraries", 1, send_finished, .pinned = true},
    {"many", "many, libraries", MAILS, send_many, .dkim = NULL},
    {"signed", "signed, libraries", 1, send_composed, .dkim = DKIM},
    {"failover", "failover, libraries", 1, send_composed, .failover = true},
    {"order", "order, libraries", 1, send_order, .dkim = NULL},
};
#define ERRANDS (sizeof errands / sizeof *errands)

/* ---- One attempt, and what is true of it ----------------------------------------------------- */

static int open_mailer(const struct errand *errand, facteur_mailer **mailer)
{
    const char *names[] = {errand->pinned ? "pin_sha256" : "ca_file", "pool_size", "dkim"};
    const char *values[] = {errand->pinned ? pin : ca_path, "1", errand->dkim};
    char dsn[160];

    if (errand->failover)
        snprintf(dsn, sizeof dsn,
                 "failover(smtps://ana:secret@127.0.0.1:%u smtps://ana:secret@127.0.0.1:%u)",
                 relays[1].port, relays[0].port);
    else
        snprintf(dsn, sizeof dsn, "smtps://ana:secret@127.0.0.1:%u", relays[0].port);
    return facteur_mailer_new(dsn, names, values, errand->dkim ? 3 : 2, mailer, NULL);
}

static int kept(unsigned number)
{
    return relays[0].kept[number] + relays[1].kept[number];
}

static void check_truth(const struct errand *errand, unsigned long nth, const int *results)
{
    for (unsigned i = 0; i < errand->count; i++) {
        bool clean = results[i] == FACTEUR_ENOMEM || results[i] == FACTEUR_SENT ||
                     results[i] == FACTEUR_TEMPORARY || results[i] == FACTEUR_IN_DOUBT;
        bool told =
            results[i] == FACTEUR_IN_DOUBT ? kept(i) <= 1 : kept(i) == (results[i] == FACTEUR_SENT);

        if (!clean || !told)
            fail_msg("%s, allocation %lu: mail %u is %d, and was kept %d times", errand->name, nth,
                     i, results[i], kept(i));
    }
}

/* Everything with allocation nth failing, then once more with all of them working. */
static void attempt(const struct errand *errand, enum shortage_of whose, unsigned long nth)
{
    int results[MAILS] = {UNTRIED, UNTRIED, UNTRIED}, next[MAILS];
    facteur_mailer *mailer = NULL;
    int err;

    for (unsigned i = 0; i < NUMBERED_MAX; i++)
        relays[0].kept[i] = relays[1].kept[i] = 0;
    shortage_begin(whose, nth);
    err = open_mailer(errand, &mailer);
    if (!err)
        errand->run(mailer, 0, results);
    for (unsigned i = 0; err && i < errand->count; i++)
        results[i] = err;
    shortage_end();
    if (err)
        assert_int_equal(open_mailer(errand, &mailer), 0);
    errand->run(mailer, MAILS, next);
    facteur_mailer_free(mailer);
    for (unsigned i = 0; i < RELAYS; i++)
        server_settle(&relays[i]);
    check_truth(errand, nth, results);
    for (unsigned i = 0; i < errand->count; i++) {
        if (next[i] != FACTEUR_SENT || kept(MAILS + i) != 1)
            fail_msg("%s, allocation %lu: the next mail is %d", errand->name, nth, next[i]);
        if (!shortage_met && results[i] != FACTEUR_SENT)
            fail_msg("%s: mail %u is %d", errand->name, i, results[i]);
    }
}

static void every_allocation_may_fail(void **state)
{
    const struct errand *errand = *state;
    size_t blocks = 0;
    unsigned long nth = 0;

    do {
        attempt(errand, SHORTAGE_OURS, ++nth);
        if (nth == 1)
            blocks = fct_memory_blocks();
        if (fct_memory_blocks() != blocks)
            fail_msg("%s, allocation %lu: %zu blocks, not %zu", errand->name, nth,
                     fct_memory_blocks(), blocks);
    } while (shortage_met);
}

/* Thousands, so a sample of them. */
static void the_libraries_may_lack_memory(void **state)
{
    const struct errand *errand = *state;
    unsigned long count;

    srandom(1);
    attempt(errand, SHORTAGE_LIBRARIES, ULONG_MAX);
    count = shortage_library_count();
    for (unsigned long nth = 1; nth <= count; nth += 1 + (unsigned long)random() % (2 * STRIDE)) {
        attempt(errand, SHORTAGE_LIBRARIES, nth);
    }
}

static int start_relays(void **state)
{
    static const char features[] =
        "250-test\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 AUTH PLAIN\r\n";

    certificate = certificate_make(&(struct certificate_plan){
        .name = "127.0.0.1", .san = "IP:127.0.0.1", .from_days = -1, .to_days = 2});
    certificate_write(&certificate, false, ca_path);
    spki_pin(&certificate, pin);
    for (unsigned i = 0; i < RELAYS; i++) {
        relays[i].tls = server_context(&certificate);
        relays[i].features = features;
        relays[i].hang_up = i == 1 ? INT_MAX : 0;
        server_start(&relays[i]);
    }
    return 0;
}

static int stop_relays(void **state)
{
    for (unsigned i = 0; i < RELAYS; i++) {
        server_stop(&relays[i]);
        SSL_CTX_free(relays[i].tls);
    }
    certificate_free(&certificate);
    unlink(ca_path);
    return 0;
}

int main(int argc, char **argv)
{
    struct CMUnitTest tests[2 * ERRANDS];

    if (!shortage_hook_libraries())
        return 1;
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    for (size_t i = 0; i < ERRANDS; i++) {
        void *errand = (void *)(uintptr_t)&errands[i];

        tests[i] =
            (struct CMUnitTest){errands[i].name, every_allocation_may_fail, NULL, NULL, errand};
        tests[ERRANDS + i] = (struct CMUnitTest){errands[i].library_name,
                                                 the_libraries_may_lack_memory, NULL, NULL, errand};
    }
    return cmocka_run_group_tests(tests, start_relays, stop_relays);
}
