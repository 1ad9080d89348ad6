/* SPDX-License-Identifier: MIT */
/* Row 128 of docs/faults.md: the process has so many descriptors left, at the first send and later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/error.h"
#include "base/shortage.h"
#include "support/expect.h"
#include "support/mailer_fixture.h"

#define LEFT_MAX 12
#define LIMIT 100

static int held[LIMIT];
static unsigned held_count;

/* Hold all descriptors but `left` of them. */
static void leave(unsigned left)
{
    const struct rlimit limit = {LIMIT, LIMIT};
    int fd;

    setrlimit(RLIMIT_NOFILE, &limit);
    while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        held[held_count++] = fd;
    for (; left > 0; left--)
        close(held[--held_count]);
}

static void release(void)
{
    while (held_count > 0)
        close(held[--held_count]);
}

/* Each case in a child: its descriptors are its own, and an abort is its own. */
static void for_each_number(void (*run)(unsigned left))
{
    for (unsigned left = 0; left <= LEFT_MAX; left++) {
        int status = -1;
        pid_t child = fork();

        if (child == 0) {
            run(left);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0)
            fail_msg("%u left: status %#x", left, status);
    }
}

static void expect_told(const facteur_receipt *receipt, unsigned left)
{
    const char *text = facteur_receipt_error(receipt);

    if (facteur_receipt_status(receipt) == FACTEUR_SENT)
        return;
    EXPECT(facteur_receipt_status(receipt) == FACTEUR_TEMPORARY, "%u left: %s", left,
           facteur_receipt_status_name(receipt));
    EXPECT(facteur_receipt_error_code(receipt) == FACTEUR_ELIMIT &&
               strstr(text, "no file descriptor left (RLIMIT_NOFILE is 100)"),
           "%u left: %s", left, text);
}

static facteur_receipt *send_one(facteur_mailer *mailer, unsigned left)
{
    facteur_message *message = make_message();
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;

    EXPECT(facteur_send(mailer, message, 20, &receipt, &error) == 0, "%u left: %s", left,
           error ? facteur_error_message(error) : "no error");
    facteur_message_free(message);
    return receipt;
}

/* Short at first, and well when there are descriptors again. */
static void send_twice(const char *query, unsigned left)
{
    facteur_mailer *mailer = open_relay(query);
    facteur_receipt *receipt;

    leave(left);
    receipt = send_one(mailer, left);
    expect_told(receipt, left);
    EXPECT(left < LEFT_MAX || facteur_receipt_status(receipt) == FACTEUR_SENT, "%u is enough",
           left);
    facteur_receipt_free(receipt);
    release();
    receipt = send_one(mailer, left);
    EXPECT(facteur_receipt_status(receipt) == FACTEUR_SENT, "%u were left: %s", left,
           facteur_receipt_error(receipt));
    facteur_receipt_free(receipt);
    facteur_mailer_free(mailer);
}

static void first_plain(unsigned left)
{
    send_twice("", left);
}

static void first_in_background(unsigned left)
{
    send_twice("?background=1", left);
}

static void first_with_slots(unsigned left)
{
    send_twice("?host_slots=4", left);
}

static void first_with_a_password_file(unsigned left)
{
    char query[128], path[] = "/tmp/facteur-descriptors-XXXXXX";
    int fd = mkstemp(path);

    EXPECT(write(fd, "secret\n", 7) == 7, "no file");
    close(fd);
    snprintf(query, sizeof query, "?username=ana&password_file=%s", path);
    send_twice(query, left);
    unlink(path);
}

static void the_first_send_is_told(void **state)
{
    for_each_number(first_plain);
    for_each_number(first_in_background);
    for_each_number(first_with_slots);
    for_each_number(first_with_a_password_file);
}

/* ---- Letters --------------------------------------------------------------------------------- */

static const char form[] =
    "{\"name\": \"Ana\", \"email\": \"ana@example.org\", \"message\": \"Hi\"}";

static void letter(unsigned left)
{
    static const char options[] = "{\"to\": \"shop@example.com\", \"from\": \"shop@example.com\"}";
    facteur_mailer *mailer = open_relay("");
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;

    leave(left);
    EXPECT(facteur_send_letter(mailer, "contact_form", form, sizeof form - 1, options,
                               sizeof options - 1, 20, &receipt, &error) == 0,
           "%u left: %s", left, error ? facteur_error_message(error) : "no error");
    expect_told(receipt, left);
    facteur_receipt_free(receipt);
    facteur_mailer_free(mailer);
}

static void a_letter_always_has_a_receipt(void **state)
{
    for_each_number(letter);
}

/* ---- Hosts and checks ------------------------------------------------------------------------ */

static void host(unsigned left)
{
    facteur_mailer *mailer = open_relay("");
    facteur_host *loop = open_host(mailer);
    facteur_message *message = make_message();
    facteur_delivery *delivery = NULL;
    facteur_receipt *receipt = NULL;
    facteur_error *error = NULL;

    leave(left);
    EXPECT(facteur_host_submit(loop, message, 20, 0, &delivery, &error) == 0, "%u left: %s", left,
           error ? facteur_error_message(error) : "no error");
    while (!facteur_delivery_ended(delivery))
        host_turn(loop);
    EXPECT(facteur_delivery_wait(delivery, 0, &receipt, NULL) == 1, "%u left: no receipt", left);
    expect_told(receipt, left);
    facteur_receipt_free(receipt);
    facteur_delivery_free(delivery);
    release();
    delivery = host_submit(loop);
    while (!facteur_delivery_ended(delivery))
        host_turn(loop);
    EXPECT(delivery_settle(delivery, 0) == FACTEUR_SENT, "%u were left", left);
    facteur_host_free(loop);
    facteur_message_free(message);
    facteur_mailer_free(mailer);
}

static void check(unsigned left)
{
    facteur_mailer *mailer = open_relay("");
    facteur_error *error = NULL;
    char *json = NULL;

    leave(left);
    EXPECT(facteur_check(mailer, 20, &json, &error) == 0, "%u left: %s", left,
           error ? facteur_error_message(error) : "no error");
    EXPECT(strstr(json, "\"ok\":true") || strstr(json, "no file descriptor left"), "%u left: %s",
           left, json);
    facteur_free(json);
    facteur_mailer_free(mailer);
}

static void event_loops_and_checks_are_told(void **state)
{
    for_each_number(host);
    for_each_number(check);
}

/* ---- Later on -------------------------------------------------------------------------------- */

/* The loop is there; each mail needs a new connection. */
static void next_connection(unsigned left)
{
    facteur_mailer *mailer = open_relay("?max_mails=1");
    facteur_receipt *receipt = send_one(mailer, left);

    facteur_receipt_free(receipt);
    leave(left);
    for (unsigned i = 0; i < 8; i++) {
        receipt = send_one(mailer, left);
        expect_told(receipt, left);
        facteur_receipt_free(receipt);
    }
    release();
    /* Nobody was blamed for it: no pause of the relay's is waited for. */
    EXPECT(mailer_send(mailer), "%u were left", left);
    facteur_mailer_free(mailer);
}

/* One connection works, and further ones cannot be had: it takes all mails. */
static void further_connections(unsigned left)
{
    facteur_mailer *mailer = open_relay("?pool_size=4");
    facteur_delivery *deliveries[8];

    EXPECT(mailer_send(mailer), "the first");
    leave(left);
    for (unsigned i = 0; i < 8; i++)
        deliveries[i] = mailer_submit(mailer, 0);
    for (unsigned i = 0; i < 8; i++)
        EXPECT(delivery_settle(deliveries[i], -1) == FACTEUR_SENT, "%u left: mail %u", left, i);
    release();
    facteur_mailer_free(mailer);
}

/* A name has to be asked for: what is said is not that it is unknown. */
static void name(unsigned left)
{
    facteur_mailer *mailer = NULL;
    facteur_receipt *receipt;

    EXPECT(facteur_mailer_new("smtp://relay.invalid:2525?tls=none", NULL, NULL, 0, &mailer, NULL) ==
               0,
           "no mailer");
    leave(left);
    receipt = send_one(mailer, left);
    EXPECT(facteur_receipt_status(receipt) == FACTEUR_TEMPORARY, "%u left", left);
    if (left < 8)
        expect_told(receipt, left);
    facteur_receipt_free(receipt);
    facteur_mailer_free(mailer);
}

static void later_connections_are_told(void **state)
{
    for_each_number(next_connection);
    for_each_number(further_connections);
    for_each_number(name);
}

/* ---- What waits for its next handle gives way ------------------------------------------------ */

static void resting(unsigned left)
{
    facteur_mailer *mailer = NULL;
    char dsn[64];

    for (unsigned i = 0; i < 2; i++) {
        snprintf(dsn, sizeof dsn, "smtp://127.0.0.1:%u?helo=tenant%u.example.com", relay.port, i);
        EXPECT(facteur_mailer_shared(dsn, NULL, NULL, 0, &mailer, NULL) == 0, "no mailer");
        if (i == 1)
            leave(left);
        EXPECT(left < 6 || mailer_send(mailer), "%u left: tenant %u", left, i);
        facteur_mailer_free(mailer);
    }
}

static void a_resting_engine_gives_its_descriptors(void **state)
{
    for_each_number(resting);
}

/* ---- Sentences ------------------------------------------------------------------------------- */

static void threads_have_a_sentence_of_their_own(void **state)
{
    char text[FCT_SHORTAGE_TEXT];
    facteur_error *error = NULL;

    assert_non_null(strstr(fct_shortage_text(EAGAIN, text), "no thread could be started"));
    assert_non_null(strstr(fct_shortage_text(ENFILE, text), "fs.file-max"));
    assert_int_equal(fct_shortage_set(&error, ENOMEM), FACTEUR_ENOMEM);
    assert_string_equal(facteur_error_message(error), "out of memory");
    facteur_error_free(error);
    assert_true(fct_shortage_is(EMFILE) && !fct_shortage_is(EACCES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RELAY(the_first_send_is_told),
        WITH_RELAY(a_letter_always_has_a_receipt),
        WITH_RELAY(event_loops_and_checks_are_told),
        WITH_RELAY(later_connections_are_told),
        WITH_RELAY(a_resting_engine_gives_its_descriptors),
        cmocka_unit_test(threads_have_a_sentence_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
