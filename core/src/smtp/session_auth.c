/* SPDX-License-Identifier: MIT */
/* Logging in (RFC 4954): one mechanism, once. */
#include "smtp/session_state.h"

#include "base/base64.h"
#include "base/memory.h"

#include <stdio.h>
#include <string.h>

/*
 * RFC 5321 section 4.5.3.1.4.  An initial response that would make the line longer waits for a 334.
 */
#define COMMAND_LINE_MAX 512u

static void fail(fct_session *s, const fct_reply *reply, const char *sentence)
{
    fct_session_die(s, FACTEUR_EAUTH, FACTEUR_PHASE_auth, reply, NULL, sentence);
}

static void no_memory(fct_session *s)
{
    fct_session_die(s, FACTEUR_ENOMEM, FACTEUR_PHASE_auth, NULL, NULL, "out of memory");
}

static void finish(fct_session *s)
{
    fct_sasl_done(&s->sasl);
    fct_wipe(s->config.nonce, sizeof(s->config.nonce));
    fct_buf_wipe(&s->last_response);
    fct_buf_wipe(&s->line);
}

/*
 * Replace every occurrence of a secret by "***", so that a secret which the relay echoes does not
 * reach a log.
 */
static void mask(fct_buf *text, fct_slice secret)
{
    char *at;

    if (secret.len < 3 || !text->ptr)
        return;
    while ((at = memmem(text->ptr, text->len, secret.ptr, secret.len))) {
        size_t offset = (size_t)(at - text->ptr);

        memcpy(at, "***", 3);
        memmove(at + 3, at + secret.len, text->len - offset - secret.len);
        fct_wipe(text->ptr + text->len - (secret.len - 3), secret.len - 3);
        text->len -= secret.len - 3;
        text->ptr[text->len] = '\0';
        if (memmem("***", 3, secret.ptr, secret.len))
            return;
    }
}

/* The base64 of some bytes without its end, which depends on the bytes that follow. */
static void mask_base64(fct_buf *text, const fct_buf *bytes)
{
    fct_buf coded = {0};

    if (!bytes->failed && bytes->len > 3 && !fct_buf_reserve(&coded, FCT_BASE64_LEN(bytes->len))) {
        size_t len = fct_base64_encode(coded.ptr, bytes->ptr, bytes->len);

        mask(text, (fct_slice){coded.ptr, len});
        mask(text, (fct_slice){coded.ptr, bytes->len / 3 * 4});
    }
    fct_buf_wipe(&coded);
}

/* Replace a secret as it was configured, and as PLAIN and LOGIN write it. */
static void mask_secret(fct_session *s, fct_buf *text, const fct_secret *secret)
{
    fct_slice bytes = secret ? fct_secret_bytes(secret) : (fct_slice){NULL, 0};
    fct_buf wire = {0};

    if (!bytes.len)
        return;
    mask(text, bytes);
    fct_buf_add_slice(&wire, bytes);
    mask_base64(text, &wire);
    fct_buf_wipe(&wire);
    fct_buf_add_text(&wire, s->config.authzid ? s->config.authzid : "");
    fct_buf_add_char(&wire, '\0');
    fct_buf_add_text(&wire, s->config.username ? s->config.username : "");
    fct_buf_add_char(&wire, '\0');
    fct_buf_add_slice(&wire, bytes);
    mask_base64(text, &wire);
    fct_buf_wipe(&wire);
}

void fct_session_mask(fct_session *s, fct_buf *text)
{
    mask(text, (fct_slice){s->last_response.ptr, s->last_response.len});
    mask_secret(s, text, s->config.password);
    mask_secret(s, text, s->config.token);
}

/* Ask the mechanism for its answer to a challenge.  Its base64 goes to s->last_response. */
static int answer(fct_session *s, fct_slice challenge)
{
    fct_buf raw = {0}, *text = &s->last_response;
    int result = fct_sasl_step(&s->sasl, challenge, &raw);

    fct_buf_wipe(text);
    if (result == 0)
        result = raw.failed ? FACTEUR_ENOMEM : fct_buf_reserve(text, FCT_BASE64_LEN(raw.len));
    if (result == 0) {
        text->len = fct_base64_encode(text->ptr, raw.ptr, raw.len);
        text->ptr[text->len] = '\0';
    }
    fct_buf_wipe(&raw);
    return result;
}

static void refuse_choice(fct_session *s)
{
    fct_buf *text = &s->message;

    fct_buf_clear(text);
    if (!s->secured &&
        (s->caps.offers & (FCT_OFFER_AUTH | FCT_OFFER_STARTTLS)) == FCT_OFFER_STARTTLS)
        fct_buf_add_text(text,
                         "a login is configured, and the relay offers no AUTH without TLS but "
                         "offers STARTTLS: write tls=starttls");
    else if (!(s->caps.offers & FCT_OFFER_AUTH))
        fct_buf_add_text(text,
                         "a login is configured and the relay does not offer AUTH; nothing is "
                         "sent without it (auth_unavailable)");
    else if (s->config.auth)
        fct_buf_addf(text, "the relay does not offer the mechanism of the option auth, %s",
                     s->config.auth);
    else
        fct_buf_addf(text, "the relay offers no mechanism for a %s%s",
                     s->config.token ? "token" : "password",
                     s->config.authzid ? " and the option authzid" : "");
    fail(s, NULL, text->ptr ? text->ptr : "no usable AUTH mechanism");
}

/* Write AUTH, with the initial response when the mechanism has one and it fits the line. */
static void begin(fct_session *s)
{
    const char *name = fct_mechanism_name(s->sasl.mechanism);
    bool begins = fct_sasl_begins(&s->sasl), fits;
    char shown[40];
    int len, result = begins ? answer(s, (fct_slice){NULL, 0}) : 0;

    if (result) {
        if (result == FACTEUR_ENOMEM)
            no_memory(s);
        else
            fail(s, NULL, s->sasl.problem);
        return;
    }
    fits = begins &&
           s->last_response.len + strlen(name) + sizeof("AUTH  \r\n") - 1 <= COMMAND_LINE_MAX;
    s->first_waits = begins && !fits;
    s->first_sent = fits;
    fct_buf_wipe(&s->line);
    fct_buf_addf(&s->line, "AUTH %s", name);
    if (fits) {
        /* "=" is an empty initial response (RFC 4954 section 4). */
        fct_buf_add_char(&s->line, ' ');
        fct_buf_add_text(&s->line, s->last_response.len ? s->last_response.ptr : "=");
    }
    len = snprintf(shown, sizeof(shown), "AUTH %s%s", name, fits ? " ***" : "");
    fct_session_write(s, FCT_COMMAND_AUTH, NULL, (fct_slice){shown, (size_t)len}, true);
}

void fct_session_login(fct_session *s)
{
    bool bound = s->secured && s->facts.channel_binding;
    int mechanism = fct_sasl_choose(&s->config, s->caps.mechanisms, bound);

    s->state = FCT_STATE_AUTH;
    s->begun_us = s->now_us;
    if (!s->secured && !s->config.plaintext_auth && !s->config.local) {
        fail(s, NULL,
             "a login is configured and the connection is not secured by TLS: set tls, or "
             "dangerous_plaintext_auth");
        return;
    }
    if (mechanism < 0) {
        refuse_choice(s);
        return;
    }
    fct_sasl_init(&s->sasl, (enum fct_mechanism)mechanism, &s->config, s->caps.mechanisms,
                  bound ? &s->facts : NULL);
    s->mechanism = (enum fct_mechanism)mechanism;
    begin(s);
}

static void cancel(fct_session *s)
{
    fct_session_command(s, FCT_COMMAND_CANCEL, NULL, "*");
}

/* RFC 4954 section 4: 334 and a challenge in base64, which may be empty. */
static void on_challenge(fct_session *s)
{
    fct_slice text = {s->parser.text.ptr, s->parser.text.len};
    fct_buf challenge = {0};
    int result = 0;

    /*
     * An empty challenge asks for the initial response.  Some relays ask for it although they have
     * it.
     */
    if (s->first_waits || (s->first_sent && text.len == 0)) {
        s->first_waits = false;
    } else {
        result = fct_base64_decode(&challenge, text);
        if (result == 0)
            result = answer(s, (fct_slice){challenge.ptr, challenge.len});
        else if (result == FACTEUR_EPROTOCOL)
            s->sasl.problem = "the relay's challenge is not base64";
    }
    s->first_sent = false;
    fct_buf_done(&challenge);
    if (result == FACTEUR_ENOMEM) {
        no_memory(s);
    } else if (result) {
        cancel(s);
    } else {
        fct_buf_wipe(&s->line);
        fct_buf_add(&s->line, s->last_response.ptr, s->last_response.len);
        fct_session_write(s, FCT_COMMAND_AUTH, NULL, FCT_SLICE("***"), true);
    }
}

static void on_success(fct_session *s, const fct_reply *reply)
{
    if (!fct_sasl_may_succeed(&s->sasl)) {
        fail(s, reply,
             "the relay reports a successful login without having proved that it knows the "
             "password");
        return;
    }
    finish(s);
    s->logged_in = true;
    s->timing_us[FACTEUR_PHASE_auth] = (int64_t)(s->now_us - s->begun_us);
    fct_session_now_ready(s);
}

void fct_session_on_auth(fct_session *s, const fct_reply *reply)
{
    if (reply->code == 334)
        on_challenge(s);
    else if (reply->code == 235)
        on_success(s, reply);
    else if (fct_reply_kind(reply->code) >= 4)
        fail(s, reply,
             fct_outcome_quote(s,
                               s->sasl.problem ? s->sasl.problem
                                               : "the relay did not accept user name and password",
                               reply));
    else
        fct_session_die(s, FACTEUR_EPROTOCOL, FACTEUR_PHASE_auth, reply, NULL,
                        fct_outcome_quote(s, "not a reply to AUTH", reply));
}

void fct_session_on_cancel(fct_session *s, const fct_reply *reply)
{
    fail(s, reply, s->sasl.problem);
}
