/* SPDX-License-Identifier: MIT */
/*
 * mime/sealed, mailer/prepare: a mail that is prepared, stored and loaded is on the wire the one
 * that was prepared, and no bytes that a stranger wrote become a mail that could harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "support/certificates.h"

#include "base/digest.h"
#include "base/memory.h"
#include "config/plan.h"
#include "mailer/prepare.h"
#include "mailer/receipt.h"
#include "mime/message.h"
#include "mime/sealed.h"
#include "relays/provider.h"
#include "smtp/session.h"

/* RFC 8463 appendix A.1, the seed as PKCS #8. */
#define DKIM                                                                                       \
    "[{\"domain\":\"example.com\",\"selector\":\"s1\",\"key\":"                                    \
    "\"-----BEGIN PRIVATE KEY-----\\n"                                                             \
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\\n"                          \
    "-----END PRIVATE KEY-----\\n\"}]"
#define PIPELINED                                                                                  \
    "250-test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n"                    \
    "250-DELIVERBY\r\n250-MT-PRIORITY\r\n250 SIZE 100000000\r\n"
#define CHUNKED "250-test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250 CHUNKING\r\n"

/* ---- The wire -------------------------------------------------------------------------------- */

/* A relay that agrees to everything, and what it heard. */
struct agreeing {
    fct_session *session;
    const char *features;
    fct_buf heard;
    size_t at; /* what is answered of it */
    bool in_data;
    fct_outcome *outcome;
};

static void answer(struct agreeing *relay, const char *text)
{
    assert_int_equal(fct_session_feed(relay->session, text, strlen(text), 1), 0);
}

/* Answer what was heard in full; false when more must come first. */
static bool answer_next(struct agreeing *relay)
{
    const char *from = relay->heard.ptr + relay->at;
    const char *end =
        relay->heard.len > relay->at ? strstr(from, relay->in_data ? "\r\n.\r\n" : "\r\n") : NULL;

    if (!end)
        return false;
    if (!relay->in_data && strncmp(from, "BDAT", 4) == 0) {
        size_t len = (size_t)(end + 2 - from) + strtoul(from + 5, NULL, 10);

        if (relay->heard.len - relay->at < len)
            return false;
        relay->at += len;
        answer(relay, "250 2.0.0 ok\r\n");
        return true;
    }
    relay->at += (size_t)(end - from) + (relay->in_data ? 5 : 2);
    if (relay->in_data || strncmp(from, "DATA", 4) != 0)
        answer(relay, strncmp(from, "EHLO", 4) == 0 ? relay->features : "250 2.0.0 ok\r\n");
    else
        answer(relay, "354 go on\r\n");
    relay->in_data = !relay->in_data && strncmp(from, "DATA", 4) == 0;
    return true;
}

static bool hear(struct agreeing *relay)
{
    fct_slice slices[8];
    size_t len = 0;
    int count = fct_session_output(relay->session, slices, 8, 1);

    for (int i = 0; i < count; i++) {
        fct_buf_add_slice(&relay->heard, slices[i]);
        len += slices[i].len;
    }
    if (len)
        fct_session_sent(relay->session, len, 1);
    return len > 0;
}

/* All octets of a session that sends the mail to a relay of this preset. */
static fct_buf wire_of(fct_mail *mail, const char *preset, const char *features)
{
    struct fct_session_config config = {.helo = "client.example",
                                        .local = true,
                                        .pipelining = true,
                                        .chunking = true,
                                        .pipeline_depth = 4,
                                        .pipeline_bytes = 1 << 20,
                                        .greeting_us = 9,
                                        .command_us = 9,
                                        .body_us = 9,
                                        .final_us = 9};
    struct agreeing relay = {.session = fct_session_new(&config, 1), .features = features};
    const struct fct_preset *known = preset ? fct_preset_find(fct_slice_of(preset)) : NULL;
    fct_mail *dressed = NULL;
    struct fct_session_event event;
    int tag;

    assert_int_equal(fct_provider_mail(known, mail, &dressed, NULL), 0);
    assert_int_equal(fct_session_submit(relay.session, dressed, FCT_NEVER, false, &tag, 1), 0);
    answer(&relay, "220 test ESMTP\r\n");
    while (hear(&relay) || answer_next(&relay)) {
        while (fct_session_next(relay.session, &event)) {
            if (event.kind == FCT_EVENT_OUTCOME)
                relay.outcome = event.outcome;
        }
    }
    assert_non_null(relay.outcome);
    if (relay.outcome->class != FCT_SENT)
        fail_msg("%s\n%s", relay.outcome->message, fct_session_transcript(relay.session));
    fct_outcome_free(relay.outcome);
    fct_session_free(relay.session);
    fct_mail_unref(dressed);
    return relay.heard;
}

static fct_mail *load(const fct_buf *stored)
{
    facteur_error *error = NULL;
    fct_mail *mail = NULL;

    if (fct_mail_load(stored->ptr, stored->len, &mail, &error))
        fail_msg("%s: %s", facteur_error_where(error), facteur_error_message(error));
    return mail;
}

static fct_buf store(fct_mail *mail)
{
    fct_buf stored = {0};

    assert_int_equal(fct_mail_store(mail, &stored, NULL), 0);
    return stored;
}

static void expect_same_wire(fct_mail *a, fct_mail *b)
{
    static const char *const presets[] = {NULL, "brevo", "mailgun", "sparkpost"};
    static const char *const features[] = {"250 test\r\n", PIPELINED, CHUNKED};
    /* A relay without SMTPUTF8 or DSN cannot take all of them. */
    bool plain = !fct_mail_needs(a) && !fct_mail_terms(a)->asked;

    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        for (size_t k = plain ? 0 : 1; k < (fct_mail_terms(a)->asked ? 2 : 3); k++) {
            fct_buf one = wire_of(a, presets[i], features[k]);
            fct_buf two = wire_of(b, presets[i], features[k]);

            if (one.len != two.len || memcmp(one.ptr, two.ptr, one.len) != 0)
                fail_msg("the wire differs:\n%s\n----\n%s", one.ptr, two.ptr);
            fct_buf_done(&one);
            fct_buf_done(&two);
        }
    }
}

/* ---- Preparing ------------------------------------------------------------------------------- */

static facteur_message *make_message(void)
{
    static const char *const fields[][2] = {{"from", "shop@example.com"},
                                            {"to", "Ana <ana@example.org>, bo@example.org"},
                                            {"bcc", "\"two words\"@example.net"},
                                            {"subject", "Votre commande n° 42"},
                                            {"text", ".a dot\nMAIL FROM:<x>\nMerci à vous.\n"},
                                            {"html", "<p>Merci à vous.</p>"}};
    facteur_message *message = facteur_message_new();

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        assert_int_equal(
            facteur_message_set(message, fields[i][0], fields[i][1], FACTEUR_NTS, NULL), 0);
    return message;
}

static struct fct_prepared prepare(facteur_message *message, const char *dsn, const char *name,
                                   const char *value)
{
    struct fct_prepared prepared = {0};
    facteur_error *error = NULL;
    fct_plan plan;

    if (fct_plan_init(&plan, dsn, &name, &value, name ? 1 : 0, &error) ||
        fct_prepare(&plan, message, 0, &prepared, &error))
        fail_msg("%s", facteur_error_message(error));
    fct_plan_done(&plan);
    facteur_message_free(message);
    return prepared;
}

static void prepared_done(struct fct_prepared *prepared)
{
    fct_mail_unref(prepared->mail);
    facteur_receipt_free(prepared->receipt);
}

/* Prepared, stored, loaded: what comes of it is given back, the prepared one is compared and gone.
 */
static fct_buf expect_kept(facteur_message *message, const char *name, const char *value)
{
    struct fct_prepared prepared = prepare(message, "smtp://localhost", name, value);
    fct_buf stored = store(prepared.mail), again;
    fct_mail *loaded = load(&stored);

    expect_same_wire(prepared.mail, loaded);
    assert_string_equal(fct_mail_message_id(loaded), fct_mail_message_id(prepared.mail));
    prepared_done(&prepared);
    again = store(loaded);
    assert_int_equal(again.len, stored.len);
    assert_memory_equal(again.ptr, stored.ptr, stored.len);
    fct_buf_done(&again);
    fct_mail_unref(loaded);
    return stored;
}

static void a_mail_is_the_same_after_storing(void **state)
{
    fct_buf stored = expect_kept(make_message(), NULL, NULL);

    (void)state;
    fct_buf_done(&stored);
}

static void labels_and_terms_are_kept(void **state)
{
    static const char *const terms[][2] = {
        {"dsn_notify", "success,delay?"},
        {"dsn_return", "full"},
        {"envelope_id", "order 42+1"},
        {"deliver_by", "3600;N?"},
        {"mt_priority", "-3?"},
        {"tags", "order"},
        {"envelope_from", ""},
        {"priority", "high"},
    };
    facteur_message *message = make_message();
    fct_mail *loaded;
    fct_buf stored;

    (void)state;
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
        assert_int_equal(facteur_message_set(message, terms[i][0], terms[i][1], FACTEUR_NTS, NULL),
                         0);
    assert_int_equal(
        facteur_message_add_metadata(message, "shop", 4, "fleurs à \"Nîmes\"", FACTEUR_NTS, NULL),
        0);
    stored = expect_kept(message, NULL, NULL);
    loaded = load(&stored);
    assert_int_equal(fct_mail_terms(loaded)->waived,
                     FCT_TERM_NOTIFY | FCT_TERM_DELIVERBY | FCT_TERM_MT_PRIORITY);
    assert_int_equal(fct_mail_terms(loaded)->priority, -3);
    assert_int_equal(fct_mail_labels(loaded)->tag_count, 1);
    assert_int_equal(fct_mail_labels(loaded)->metadata_count, 1);
    assert_string_equal(fct_mail_sender(loaded), "");
    fct_mail_unref(loaded);
    fct_buf_done(&stored);
}

/* Each of the flags by itself, and both. */
static void flags_are_kept_apart(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        facteur_message *message = make_message();
        fct_mail *loaded;
        fct_buf stored;

        assert_int_equal(facteur_message_set(message, "dsn_return", i & 1 ? "full" : "headers",
                                             FACTEUR_NTS, NULL),
                         0);
        assert_int_equal(
            facteur_message_set(message, "deliver_by", i & 2 ? "60;N" : "60", FACTEUR_NTS, NULL),
            0);
        stored = expect_kept(message, NULL, NULL);
        loaded = load(&stored);
        assert_int_equal(fct_mail_terms(loaded)->return_full, (i & 1) != 0);
        assert_int_equal(fct_mail_terms(loaded)->by_notify, (i & 2) != 0);
        fct_mail_unref(loaded);
        fct_buf_done(&stored);
    }
}

static void a_signature_is_kept(void **state)
{
    fct_buf stored = expect_kept(make_message(), "dkim", DKIM);

    (void)state;
    assert_non_null(memmem(stored.ptr, stored.len, "DKIM-Signature: v=1;", 20));
    fct_buf_done(&stored);
}

static void smime_is_kept(void **state)
{
    struct certificate_plan plan = {.name = "shop",
                                    .san = "email:shop@example.com",
                                    .usage = "emailProtection",
                                    .from_days = -2,
                                    .to_days = 30,
                                    .rsa_bits = 2048};
    struct certificate made = certificate_make(&plan);
    char path[64], json[600];
    fct_buf stored;

    (void)state;
    certificate_write(&made, true, path);
    snprintf(json, sizeof json,
             "{\"sign\":{\"certificate_file\":\"%s\",\"key_file\":\"%s\"},\"encrypt\":"
             "{\"recipients\":[{\"address\":\"ana@example.org\",\"certificate_file\":\"%s\"},"
             "{\"address\":\"bo@example.org\",\"certificate_file\":\"%s\"},"
             "{\"address\":\"\\\"two words\\\"@example.net\",\"certificate_file\":\"%s\"}]}}",
             path, path, path, path, path);
    stored = expect_kept(make_message(), "smime", json);
    assert_non_null(memmem(stored.ptr, stored.len, "application/pkcs7-mime", 22));
    unlink(path);
    fct_buf_done(&stored);
    certificate_free(&made);
}

static long read_once(void *arg, void *into, size_t len)
{
    size_t *left = arg, taken = *left < len ? *left : len;

    memset(into, 'x', taken);
    *left -= taken;
    return (long)taken;
}

/* The file may be gone when the mail is sent. */
static void files_are_in_the_bytes(void **state)
{
    facteur_message *message = make_message();
    char path[] = "/tmp/facteur-test-XXXXXX", bytes[3000];
    int fd = mkstemp(path);
    struct fct_prepared prepared;
    size_t spooled = 100000;
    facteur_error *error = NULL;
    fct_buf stored, wire, broken = {0};
    fct_mail *loaded;

    (void)state;
    memset(bytes, 0xab, sizeof bytes);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    close(fd);
    assert_int_equal(facteur_message_attach_path(message, path, "bill.pdf", NULL, NULL, NULL), 0);
    assert_int_equal(
        facteur_message_attach_stream(message, read_once, &spooled, "log", NULL, NULL, NULL), 0);
    prepared = prepare(message, "smtp://localhost", "dkim", DKIM);
    stored = store(prepared.mail);
    wire = wire_of(prepared.mail, NULL, PIPELINED);
    unlink(path);
    assert_int_equal(fct_mail_store(prepared.mail, &broken, &error), FACTEUR_EIO);
    assert_string_equal(facteur_error_where(error), "attachments");
    facteur_error_free(error);
    fct_buf_done(&broken);
    prepared_done(&prepared);
    loaded = load(&stored);
    broken = wire_of(loaded, NULL, PIPELINED);
    assert_int_equal(broken.len, wire.len);
    assert_memory_equal(broken.ptr, wire.ptr, wire.len);
    fct_mail_unref(loaded);
    fct_buf_done(&broken);
    fct_buf_done(&wire);
    fct_buf_done(&stored);
}

static void finished_bytes_are_kept(void **state)
{
    static const char text[] = "From: a@example.com\nTo: b@example.org\nMessage-ID: <x \001 y>\n"
                               "Subject: caf\xc3\xa9\n\nd\xe9j\xe0 vu\n.\nQUIT\n";
    facteur_message *message = NULL;
    fct_buf stored;

    (void)state;
    assert_int_equal(facteur_message_from_bytes(text, sizeof text - 1, &message, NULL), 0);
    stored = expect_kept(message, NULL, NULL);
    fct_buf_done(&stored);
}

static facteur_message *make_noted(size_t count)
{
    facteur_message *message = make_message();

    for (size_t i = 0; i < count; i++)
        fct_message_note(message, "note %zu", i);
    return message;
}

/* Each count around the limit, where the last note counts those that are missing. */
static void notes_are_kept(void **state)
{
    (void)state;
    for (size_t count = 0; count < FCT_NOTES_MAX + 3; count++) {
        fct_buf stored = expect_kept(make_noted(count), NULL, NULL);
        fct_mail *loaded = load(&stored);
        facteur_receipt *receipt = fct_receipt_new(loaded, "r", NULL, 0, NULL);
        size_t kept = count < FCT_NOTES_MAX ? count : FCT_NOTES_MAX;

        assert_int_equal(facteur_receipt_note_count(receipt), kept);
        assert_string_equal(facteur_receipt_note(receipt, 0), count ? "note 0" : "");
        fct_receipt_note(receipt, "of the relay");
        if (count == FCT_NOTES_MAX + 2)
            assert_string_equal(facteur_receipt_note(receipt, kept - 1), "and 4 more notes");
        else if (count < FCT_NOTES_MAX)
            assert_string_equal(facteur_receipt_note(receipt, count), "of the relay");
        facteur_receipt_free(receipt);
        fct_mail_unref(loaded);
        fct_buf_done(&stored);
    }
}

/* ---- The policy ------------------------------------------------------------------------------ */

static void who_is_refused_is_in_the_receipt_alone(void **state)
{
    struct fct_prepared prepared =
        prepare(make_message(), "smtp://localhost?mode=allowlist", "allow", "bo@example.org");
    fct_buf stored = store(prepared.mail);
    fct_mail *loaded = load(&stored);

    (void)state;
    assert_int_equal(facteur_receipt_rejected_count(prepared.receipt), 2);
    assert_string_equal(facteur_receipt_rejected(prepared.receipt, 0), "ana@example.org");
    assert_int_equal(fct_mail_recipient_count(loaded), 1);
    assert_string_equal(fct_mail_recipient(loaded, 0), "bo@example.org");
    fct_mail_unref(loaded);
    fct_buf_done(&stored);
    prepared_done(&prepared);
}

static void nobody_allowed_is_a_receipt_without_a_mail(void **state)
{
    struct fct_prepared prepared =
        prepare(make_message(), "smtp://localhost?mode=allowlist", "allow", "x.example");

    (void)state;
    assert_null(prepared.mail);
    assert_int_equal(facteur_receipt_status(prepared.receipt), FACTEUR_PERMANENT);
    prepared_done(&prepared);
}

static void a_redirected_mail_needs_what_its_new_address_needs(void **state)
{
    facteur_message *message = make_message();
    struct fct_prepared prepared;

    (void)state;
    prepared =
        prepare(message, "smtp://localhost?mode=redirect", "redirect_to", "josé@example.com");
    assert_true(fct_mail_needs(prepared.mail) & FCT_NEEDS_SMTPUTF8);
    prepared_done(&prepared);
}

/* ---- Strangers' bytes ------------------------------------------------------------------------ */

static void expect_refused(const char *bytes, size_t len, const char *why)
{
    facteur_error *error = NULL;
    fct_mail *mail = NULL;

    if (fct_mail_load(bytes, len, &mail, &error) != FACTEUR_EMESSAGE)
        fail_msg("loaded all the same: %s", why ? why : "");
    assert_null(mail);
    assert_string_equal(facteur_error_where(error), "stored mail");
    if (why && !strstr(facteur_error_message(error), why))
        fail_msg("\"%s\" is not in: %s", why, facteur_error_message(error));
    facteur_error_free(error);
}

static void whatever_is_cut_or_changed_is_refused(void **state)
{
    fct_buf stored = expect_kept(make_message(), "dkim", DKIM);

    (void)state;
    for (size_t len = 0; len < stored.len; len++)
        expect_refused(stored.ptr, len, NULL);
    for (size_t at = 0; at < stored.len; at++) {
        stored.ptr[at] = (char)(stored.ptr[at] ^ 1 << at % 8);
        expect_refused(stored.ptr, stored.len, at < 7 ? "is none" : at == 7 ? "form" : "damaged");
        stored.ptr[at] = (char)(stored.ptr[at] ^ 1 << at % 8);
    }
    fct_buf_add_char(&stored, '\0');
    expect_refused(stored.ptr, stored.len, "damaged");
    fct_buf_done(&stored);
}

/* Another text of the same length in the stored form, with a checksum that fits it. */
static void forge(fct_buf *stored, const char *from, const char *to, size_t len)
{
    char *at = memmem(stored->ptr, stored->len, from, len);
    size_t covered = stored->len - FCT_DIGEST_SIZE;

    assert_non_null(at);
    memcpy(at, to, len);
    assert_true(
        fct_digest((fct_slice){stored->ptr, covered}, (unsigned char *)stored->ptr + covered));
}

/* As one who may write the store, and would have the relay hear commands or smuggled mails. */
static void a_forger_gets_no_command_through(void **state)
{
    static const struct {
        const char *from, *to;
        size_t len;
        const char *why;
    } rows[] = {
        {"ana@example.org", "a>\r\nQUIT\r\n.org", 15, NULL},
        {"ana@example.org", "<na@example.org", 15, NULL},
        {"ana@example.org", "ana@exa ple.org", 15, NULL},
        {"ana@example.org", "ana@EXAMPLE.\0rg", 15, NULL},
        {"shop@example.com", "s>SIZE=1@ex\r.com", 16, NULL},
        {"Subject: ", "Su\nject: ", 9, "lines that no message may have"},
        {"Subject: ", "Su\rject: ", 9, "lines that no message may have"},
        {"Subject: ", "Su\0ject: ", 9, "lines that no message may have"},
        {"\r\nSubject: ", "\n.Subject: ", 11, "lines that no message may have"},
        {"abcdefgh", "abc+2ggh", 8, "what does not exist"},
        {"abcdefgh", "abc fgh=", 8, "what does not exist"},
        {"order\0", "or\r\ne", 6, "cannot have control characters"},
        {"shop\0\x03", "sh p\0\x03", 6, "name of a metadatum"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        facteur_message *message = make_message();
        fct_buf stored;

        assert_int_equal(facteur_message_set(message, "envelope_id", "abcdefgh", 8, NULL), 0);
        assert_int_equal(facteur_message_set(message, "tags", "order", 5, NULL), 0);
        assert_int_equal(facteur_message_add_metadata(message, "shop", 4, "abc", 3, NULL), 0);
        stored = expect_kept(message, NULL, NULL);
        forge(&stored, rows[i].from, rows[i].to, rows[i].len);
        expect_refused(stored.ptr, stored.len, rows[i].why);
        fct_buf_done(&stored);
    }
}

/* In the form of version 1 nothing lies between labels and size. */
static void the_first_form_is_read(void **state)
{
    struct fct_prepared prepared = prepare(make_message(), "smtp://localhost", "dkim", DKIM);
    fct_buf stored = store(prepared.mail);
    size_t notes = 8, after = (size_t)fct_mail_size(prepared.mail) + 8 + FCT_DIGEST_SIZE;
    char *at = stored.ptr + stored.len - after - notes;
    fct_mail *loaded;

    (void)state;
    memmove(at, at + notes, after);
    stored.len -= notes;
    forge(&stored, "fctmail\x02", "fctmail\x01", 8);
    loaded = load(&stored);
    expect_same_wire(prepared.mail, loaded);
    assert_int_equal(fct_mail_notes(loaded)->count, 0);
    fct_mail_unref(loaded);
    forge(&stored, "fctmail\x01", "fctmail\x04", 8);
    expect_refused(stored.ptr, stored.len, "has the form 4, and this release");
    forge(&stored, "fctmail\x04", "fctmail\0", 8);
    expect_refused(stored.ptr, stored.len, "has the form 0, and this release");
    fct_buf_done(&stored);
    prepared_done(&prepared);
}

static void a_forger_writes_no_note(void **state)
{
    static const struct {
        size_t count;
        const char *from, *to;
        size_t len;
        const char *why;
    } rows[] = {
        {2, "note 1", "note 0", 6, "notes that facteur does not write"},
        {2, "note 1", "note\n1", 6, "notes that facteur does not write"},
        {2, "\6\0\0\0note 1", "\0\0\0\0\0ote 1", 10, "notes that facteur does not write"},
        {2, "\2\0\0\0\0\0\0\0\6\0\0\0note 0", "\2\0\0\0\1\0\0\0\6\0\0\0note 0", 18,
         "too many notes"},
        {2, "\2\0\0\0\0\0\0\0\6\0\0\0note 0", "!\0\0\0\0\0\0\0\6\0\0\0note 0", 18,
         "too many notes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fct_buf stored = expect_kept(make_noted(rows[i].count), NULL, NULL);

        forge(&stored, rows[i].from, rows[i].to, rows[i].len);
        expect_refused(stored.ptr, stored.len, rows[i].why);
        fct_buf_done(&stored);
    }
}

static void a_forger_cannot_understate_needs(void **state)
{
    static const char eight_bits[] = "caf\xc3\xa9 ou th\xc3\xa9.", ascii[] = "cafes ou thes.";
    char text[200];
    facteur_message *message = NULL;
    struct fct_prepared prepared;
    fct_mail *loaded;
    fct_buf stored;

    (void)state;
    snprintf(text, sizeof text, "From: a@example.com\nTo: b@example.org\n\n%s\n", ascii);
    assert_int_equal(facteur_message_from_bytes(text, strlen(text), &message, NULL), 0);
    prepared = prepare(message, "smtp://localhost", NULL, NULL);
    assert_int_equal(fct_mail_needs(prepared.mail), 0);
    stored = store(prepared.mail);
    forge(&stored, ascii, eight_bits, sizeof ascii - 1);
    loaded = load(&stored);
    assert_int_equal(fct_mail_needs(loaded), FCT_NEEDS_8BITMIME);
    fct_mail_unref(loaded);
    fct_buf_done(&stored);
    prepared_done(&prepared);
}

static void every_allocation_may_fail(void **state)
{
#ifdef FCT_FAULT_INJECTION
    struct fct_prepared prepared = prepare(make_noted(3), "smtp://localhost", NULL, NULL);
    int failed = 1;

    (void)state;
    for (unsigned long nth = 1; failed; nth++) {
        fct_buf stored = {0};
        fct_mail *mail = NULL;
        int err;

        fct_memory_fail_at(nth);
        err = fct_mail_store(prepared.mail, &stored, NULL);
        if (!err)
            err = fct_mail_load(stored.ptr, stored.len, &mail, NULL);
        failed = fct_memory_failed();
        fct_memory_fail_at(0);
        assert_int_equal(err, failed ? FACTEUR_ENOMEM : 0);
        fct_mail_unref(mail);
        fct_buf_done(&stored);
    }
    prepared_done(&prepared);
#else
    (void)state;
    print_message("built without -Dfaults=true\n");
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mail_is_the_same_after_storing),
        cmocka_unit_test(labels_and_terms_are_kept),
        cmocka_unit_test(flags_are_kept_apart),
        cmocka_unit_test(a_signature_is_kept),
        cmocka_unit_test(smime_is_kept),
        cmocka_unit_test(files_are_in_the_bytes),
        cmocka_unit_test(finished_bytes_are_kept),
        cmocka_unit_test(notes_are_kept),
        cmocka_unit_test(who_is_refused_is_in_the_receipt_alone),
        cmocka_unit_test(nobody_allowed_is_a_receipt_without_a_mail),
        cmocka_unit_test(a_redirected_mail_needs_what_its_new_address_needs),
        cmocka_unit_test(whatever_is_cut_or_changed_is_refused),
        cmocka_unit_test(a_forger_gets_no_command_through),
        cmocka_unit_test(the_first_form_is_read),
        cmocka_unit_test(a_forger_writes_no_note),
        cmocka_unit_test(a_forger_cannot_understate_needs),
        cmocka_unit_test(every_allocation_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
