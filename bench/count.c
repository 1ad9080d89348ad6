/* SPDX-License-Identifier: MIT */
/*
 * count: one part of the way of a mail, again and again, with neither network nor clock nor chance
 * in it, for bench/instructions to count and bench/run to time.  Linked with the layers themselves.
 */
#include "base/bytes.h"
#include "facteur.h"
#include "mime/dkim.h"
#include "mime/message.h"
#include "peers/bench.h"
#include "smtp/reply.h"
#include "smtp/session.h"

static const char greeting[] = "220 mx.example.net ESMTP ready\r\n";
static const char ehlo[] = "250-mx.example.net Hello\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n"
                           "250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n"
                           "250 CHUNKING\r\n";
static const char chunked[] =
    "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n250 2.0.0 Ok: queued as 4F1A2B3C4D\r\n";
static const char go_ahead[] =
    "250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n";
static const char accepted[] = "250 2.0.0 Ok: queued as 4F1A2B3C4D\r\n";

static const struct fct_freeze facts = {.date_s = 1795425600, .random = "0123456789abcde"};
static fct_session *session;

static void must(int code)
{
    if (code)
        fail(facteur_error_text(code));
}

/* ---- compose ---- */

static char *text, *html, *order, *raw;
static size_t text_len, html_len, order_len, raw_len;

static facteur_message *two_parts(void)
{
    facteur_message *message = facteur_message_new();
    if (!message)
        fail("memory");
    must(facteur_message_set(message, "from", "Shop <" SENDER ">", FACTEUR_NTS, NULL));
    must(facteur_message_set(message, "to", "Zoë <" RECIPIENT ">", FACTEUR_NTS, NULL));
    must(facteur_message_set(message, "subject", "Order 1042: thank you, Zoë", FACTEUR_NTS, NULL));
    must(facteur_message_set(message, "text", text, text_len, NULL));
    must(facteur_message_set(message, "html", html, html_len, NULL));
    return message;
}

static facteur_message *letter(void)
{
    facteur_message *message = NULL;
    must(facteur_order_confirmation(NULL, order, order_len, NULL, 0, &message, NULL));
    return message;
}

static fct_mail *frozen(facteur_message *message)
{
    fct_mail *mail = NULL;
    must(fct_message_freeze(message, &facts, &mail, NULL));
    facteur_message_free(message);
    return mail;
}

static void compose_message(void)
{
    fct_mail_unref(frozen(two_parts()));
}

static void compose_letter(void)
{
    fct_mail_unref(frozen(letter()));
}

static void read_bytes(void)
{
    facteur_message *message = NULL;
    must(facteur_message_from_bytes(raw, raw_len, &message, NULL));
    facteur_message_free(message);
}

static fct_mail *ready_mail;

/* ---- sign ---- */

/* The key of RFC 8463 appendix A.2, known to everybody. */
static const char key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                              "-----END PRIVATE KEY-----\n";

static void sign(void)
{
    static fct_dkim_key *key;
    const char *fault = "is missing";
    fct_mail *mail = NULL;
    if (!key)
        key = fct_dkim_key_new((fct_slice){key_pem, sizeof key_pem - 1}, NULL, &fault);
    if (!key)
        fail(fault);
    struct fct_dkim_signature signature = {
        .domain = "example.com", .selector = "bench", .key = key, .timestamp = true};
    must(fct_dkim_sign(ready_mail, &signature, 1, facts.date_s, &mail, NULL));
    fct_mail_unref(mail);
}

/* ---- frame ---- */

static void hear(const char *bytes, size_t len)
{
    must(fct_session_feed(session, bytes, len, 1));
}

/* Take what is to be written, to the last octet. */
static void drain(void)
{
    fct_slice slices[64];
    int count;
    while ((count = fct_session_output(session, slices, 64, 1)) > 0) {
        size_t len = 0;
        for (int i = 0; i < count; i++)
            len += slices[i].len;
        fct_session_sent(session, len, 1);
    }
    must(count);
}

static void open_session(bool chunking)
{
    static struct fct_session_config config = {.helo = "shop.example.com",
                                               .pipelining = true,
                                               .pipeline_depth = 1,
                                               .pipeline_bytes = 1 << 20,
                                               .greeting_us = FCT_NEVER,
                                               .command_us = FCT_NEVER,
                                               .body_us = FCT_NEVER,
                                               .final_us = FCT_NEVER};
    struct fct_session_event event;
    config.chunking = chunking;
    session = fct_session_new(&config, 0);
    if (!session)
        fail("memory");
    hear(greeting, sizeof greeting - 1);
    drain();
    hear(ehlo, sizeof ehlo - 1);
    while (fct_session_next(session, &event))
        if (event.kind == FCT_EVENT_CLOSE)
            fail("closed");
}

static void take_outcome(void)
{
    struct fct_session_event event;
    if (fct_session_next(session, &event) != 1 || event.kind != FCT_EVENT_OUTCOME ||
        event.outcome->class != FCT_SENT)
        fail("not sent");
    fct_outcome_free(event.outcome);
}

static void frame_bdat(void)
{
    must(fct_session_submit(session, ready_mail, FCT_NEVER, 0, NULL, 1));
    drain();
    hear(chunked, sizeof chunked - 1);
    take_outcome();
}

static void frame_data(void)
{
    must(fct_session_submit(session, ready_mail, FCT_NEVER, 0, NULL, 1));
    drain();
    hear(go_ahead, sizeof go_ahead - 1);
    drain();
    hear(accepted, sizeof accepted - 1);
    take_outcome();
}

/* ---- parse ---- */

static void parse(void)
{
    static fct_reply_parser parser;
    static fct_buf words;
    const char *const heard[] = {ehlo, chunked};
    for (int i = 0; i < 2; i++)
        for (size_t len = strlen(heard[i]), at = 0; at < len;) {
            size_t used = 0;
            fct_reply reply = {0};
            if (fct_reply_feed(&parser, heard[i] + at, len - at, &used) != 1)
                fail("no reply");
            fct_reply_read(&parser, &words, &reply);
            at += used;
        }
}

/* ---- the way here ---- */

static const struct {
    const char *name;
    void (*work)(void);
} works[] = {
    {"message", compose_message}, {"letter", compose_letter}, {"bytes", read_bytes}, {"sign", sign},
    {"frame-bdat", frame_bdat},   {"frame-data", frame_data}, {"parse", parse},
};

int main(int argc, char **argv)
{
    size_t times = argc == 3 ? strtoul(argv[2], NULL, 10) : 0, len;
    char *filled;
    if (!times)
        fail("usage: BENCH_DIR=FOLDER count message|letter|bytes|sign|frame-bdat|frame-data|parse "
             "TIMES");
    filled = job_file("order.json", &len);
    order = job_fill(filled, len, 1042, &order_len);
    filled = job_file("order.txt", &len);
    text = job_fill(filled, len, 1042, &text_len);
    filled = job_file("order.html", &len);
    html = job_fill(filled, len, 1042, &html_len);
    raw = job_file("order.eml", &raw_len);
    ready_mail = frozen(two_parts());
    open_session(strcmp(argv[1], "frame-data") != 0);
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (!strcmp(works[i].name, argv[1])) {
            works[i].work(); /* what only the first one pays */
            uint64_t begin = now_us();
            for (size_t n = 0; n < times; n++)
                works[i].work();
            printf("%.3f\n", (double)(now_us() - begin) / (double)times);
            return 0;
        }
    fail("no such work");
}
