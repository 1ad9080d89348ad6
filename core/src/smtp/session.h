/* SPDX-License-Identifier: MIT */
/*
 * The client side of one SMTP connection (RFC 5321), without socket and clock: bytes in, bytes out,
 * events out, time as an argument.  It never calls back and never blocks.
 *
 *   loop: feed() received bytes | write what output() shows and report it with sent() | take events
 * with next() | call tick() when deadline() has come
 *
 * Times are monotonic microseconds (a loopback phase is shorter than a millisecond).  After a call
 * that returned an error the session is dead: next() still gives the outcomes of its unfinished
 * mails, and the connection must be closed without QUIT.
 */
#ifndef FCT_SESSION_H
#define FCT_SESSION_H

#include "base/bytes.h"
#include "base/secret.h"
#include "facteur.h"
#include "mime/mail.h"

#include <stdint.h>

#define FCT_NEVER UINT64_MAX

enum fct_tls_plan {
    FCT_TLS_NONE,         /* never TLS */
    FCT_TLS_IMPLICIT,     /* TLS before the greeting (RFC 8314 section 3.3) */
    FCT_TLS_STARTTLS,     /* STARTTLS required (RFC 3207) */
    FCT_TLS_OPPORTUNISTIC /* STARTTLS when offered; if it then fails, the session fails */
};

enum fct_pipelining {
    FCT_PIPELINING_OFF,
    FCT_PIPELINING_ON,  /* when offered; behind a final dot only where the relay is known to read on
                         */
    FCT_PIPELINING_FULL /* behind every final dot */
};

/*
 * Why the terminator of a mail's content (the final dot's line, or the last octets of a BDAT) must
 * wait.
 */
enum fct_hold {
    FCT_HOLD_REPLY = 1, /* until the first reply to its flight */
    FCT_HOLD_GATE = 2   /* until fct_session_release(); FCT_EVENT_GATE asks for it */
};

struct fct_session_config {
    enum fct_tls_plan tls;
    const char *helo; /* domain or address literal; config/ has checked it.  NULL in a relay's: the
                       * literal of each connection's own address */
    const char *auth; /* the only mechanism to try, or NULL: the strongest that both sides know */
    const char *username; /* NULL: no AUTH */
    const char *authzid;  /* the identity to act as (RFC 4422 section 3.4.1), or NULL */
    const char *host;     /* the relay's name, for OAUTHBEARER; or NULL */
    unsigned port;
    fct_secret *password;
    fct_secret *token;   /* OAuth 2.0 bearer token */
    bool tls_unverified; /* dangerous_no_verify */
    bool plaintext_auth; /* dangerous_plaintext_auth: AUTH without TLS */
    bool local;          /* loopback or unix socket: AUTH without TLS is fine */
    enum fct_pipelining pipelining;
    bool chunking;           /* use it when offered */
    bool bdat_proven;        /* this relay has taken a BDAT before */
    unsigned pipeline_depth; /* mails that may begin before the first is answered, at least 1 */
    size_t pipeline_bytes;   /* their content bytes, together */
    uint64_t greeting_us, command_us, body_us, final_us; /* absolute */
    unsigned char nonce[18];                             /* random, for SCRAM; wiped after use */
};

typedef struct fct_session fct_session;

/* Facts about the TLS connection. */
struct fct_tls_facts {
    const void *channel_binding; /* tls-exporter (RFC 9266) or tls-unique bytes; may be NULL */
    size_t channel_binding_len;
    const char *binding_name; /* "tls-exporter", … */
};

/*
 * A complete reply (RFC 5321 section 4.2).  Its text is valid as long as the outcome or event that
 * has it.
 */
typedef struct fct_reply {
    int code;          /* 0: no reply came */
    char enhanced[12]; /* RFC 3463 "2.1.5", or "" */
    char *text;        /* lines joined by "\n", without codes; printable; fct_malloc'ed or NULL */
} fct_reply;

/* The certain result for a recipient; S, T, P, A in tests/faults/table.py. */
enum fct_class { FCT_SENT, FCT_TEMPORARY, FCT_PERMANENT, FCT_IN_DOUBT };

struct fct_recipient_outcome {
    enum fct_class class;
    fct_reply reply; /* to its RCPT, or the one that decided the whole transaction */
};

typedef struct fct_later fct_later; /* smtp/later.h */

/*
 * The end of one mail.  The caller that took it from next() owns it and frees it with
 * fct_outcome_free().
 */
typedef struct fct_outcome {
    void *tag;            /* as submitted */
    enum fct_class class; /* of the mail: sent when it was sent to at least one recipient */
    int error;            /* FACTEUR_E code; 0 when sent */
    char *message;        /* one sentence; NULL when sent */
    const char *where;    /* FACTEUR_ECONFIG: the option at fault, or NULL; lent with the outcome */
    enum facteur_phase phase; /* the phase in which the mail was decided */
    fct_reply reply;          /* the reply that decided */
    size_t recipient_count;
    struct fct_recipient_outcome *recipients; /* in the mail's order */
    unsigned mended; /* what this relay could not take otherwise, bits of enum fct_mended */
    /*
     * The relay did not touch the mail, which may be tried elsewhere at once: the connection failed
     * before the relay answered any command of this mail, and no octet of the terminator was sent
     * or a 421 shows that it was not read; or the relay ended a connection that had served before
     * with a 4yz to MAIL.
     */
    bool untouched;
    /*
     * Temporary, and only because of another mail or of BDAT on this connection: may be submitted
     * elsewhere at once.  The session itself runs recipients beyond the relay's limit (RFC 5321
     * section 4.5.3.1.10), and mails refused because of the one before them, once more.
     */
    bool again;
    /*
     * The mail's time is over and its transaction goes on.  A second outcome follows, with the tag
     * NULL.
     */
    bool detached;
    /*
     * The second outcome of a mail that was given up in doubt: its verdict, or in doubt again if
     * the connection ended without one.
     */
    bool late;
    /*
     * In both outcomes of a mail with a recipient in doubt, else NULL.  Each has a reference to the
     * same object.
     */
    fct_later *later;
    unsigned flights; /* writes, each followed by a wait, that carried octets of this mail */
    int64_t timing_us[FACTEUR_PHASE_COUNT]; /* -1: phase not passed in this transaction */
} fct_outcome;

void fct_outcome_free(fct_outcome *outcome);

enum fct_session_event_kind {
    FCT_EVENT_START_TLS, /* all output is written: do the handshake now, then call
                            fct_session_secured() */
    FCT_EVENT_READY,     /* greeted, secured and authenticated: mails can be sent */
    FCT_EVENT_OUTCOME,   /* a mail's end; mails past their deadline overtake others */
    FCT_EVENT_NOOP,      /* the reply to fct_session_noop() */
    FCT_EVENT_GATE,      /* terminators wait for fct_session_release() */
    FCT_EVENT_CLOSE      /* close the connection now; nothing follows */
};

struct fct_session_event {
    enum fct_session_event_kind kind;
    fct_outcome *outcome; /* FCT_EVENT_OUTCOME: the caller owns it */
    void *const *tags;    /* FCT_EVENT_GATE: the mails whose terminators wait, in the order of
                             submission; valid until the next call of next() */
    size_t tag_count;
    int error; /* FCT_EVENT_CLOSE: the cause (0 after QUIT), with phase, reply and a sentence */
    enum facteur_phase phase;
    const fct_reply *reply; /* valid until the next call of next(), or NULL */
    const char *message;    /* valid as long as the session, or "" */
};

/*
 * Begin a session.  The strings of the config must live as long as the session, except the user
 * name, which is copied.  The session takes references of the secrets.  Returns NULL when memory
 * ran out.
 *
 * With FCT_TLS_IMPLICIT the handshake comes before the first feed(), without an event.
 * fct_session_secured() then passes its facts and starts the wait for the greeting.
 */
fct_session *fct_session_new(const struct fct_session_config *config, uint64_t now_us);
void fct_session_free(fct_session *session);

/*
 * Feed bytes received from the relay, decrypted when TLS is on.  They are read in full before the
 * call returns.  Returns 0, or an error such as FACTEUR_EPROTOCOL or FACTEUR_ENOMEM; then the
 * session is dead.
 */
int fct_session_feed(fct_session *session, const void *bytes, size_t len, uint64_t now_us);

/*
 * Show the bytes to write, in at most `max` slices (at least 1).  They stay valid until
 * fct_session_sent() reports them or the session is freed.  This call begins mails and gives up
 * those past their deadline, so there may be events afterwards.  Returns the number of slices, 0
 * when there is nothing to write now, or FACTEUR_EIO when a mail's content cannot be read any more;
 * then the session is dead and next() gives the outcome.
 */
int fct_session_output(fct_session *session, fct_slice *slices, int max, uint64_t now_us);

/*
 * Report that the kernel or the TLS layer took the first `len` bytes of what output() showed.
 * Report them before you feed bytes that were received later: a reply to a command that was not
 * sent breaks the dialogue.
 */
void fct_session_sent(fct_session *session, size_t len, uint64_t now_us);

/* Take the next event.  Returns 1 with an event, 0 when there is none. */
int fct_session_next(fct_session *session, struct fct_session_event *event);

/*
 * Report that the handshake succeeded.  After a failed one, call fct_session_lost() with
 * FACTEUR_ETLS instead.  Facts may be NULL.
 */
void fct_session_secured(fct_session *session, const struct fct_tls_facts *facts, uint64_t now_us);

/*
 * Report that the stream ended.  `error` is 0 for a clean end, else a FACTEUR_E code, with a
 * sentence.
 */
void fct_session_lost(fct_session *session, int error, const char *message, uint64_t now_us);

/*
 * Queue a mail.  Exactly one FCT_EVENT_OUTCOME with this tag follows, also when the session dies.
 * A mail that this relay cannot take (SIZE, SMTPUTF8) is refused before a byte of it is written.
 *
 * deadline_us   FCT_NEVER for none.  When it passes, the mail gets its outcome, and its neighbours
 *               keep their own time:
 *               - not begun: temporary (EDEADLINE), and the session goes on;
 *               - begun, and no octet of its terminator written: temporary.  What was written of it
 *                 cannot be taken back, so the mails behind it may be submitted elsewhere
 *                 (`again`), those before it get their verdicts, and then the session dies;
 *               - handed over: in doubt, and `detached`.  The session serves its other mails, and
 *                 takes no new one until the late verdict has come.  If it never comes, the
 *                 relay's own limits (command_us, final_us) end the connection.
 * hold          Bits of enum fct_hold, or 0.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_ECLOSED when the session is dead or quitting.  After an
 * error nothing was queued.
 */
int fct_session_submit(fct_session *session, fct_mail *mail, uint64_t deadline_us, unsigned hold,
                       void *tag, uint64_t now_us);

/*
 * Give a mail that was just submitted a span of time instead of a fixed deadline: each verdict of a
 * mail before it moves its deadline to `span_us` after that verdict.  `span_us` is above 0 and
 * agrees with the present deadline.
 */
void fct_session_renew(fct_session *session, const void *tag, uint64_t span_us);

/*
 * Report time in which nobody read or wrote.  It does not count for mails with a span, nor for the
 * relay's own limits (command_us …).
 */
void fct_session_rested(fct_session *session, uint64_t rest_us, uint64_t now_us);

/*
 * Release the terminators that FCT_EVENT_GATE reported.
 *
 * With FCT_HOLD_GATE everything before the terminator is written.  Then the event reports the mail
 * and all mails after it whose whole content is queued: the mails of a CHUNKING flight come in one
 * event, with DATA each mail has its own.  Until the release the relay cannot have taken any of
 * them.  When its deadline passes, when it is cancelled or when the connection ends, the mail's
 * outcome is temporary, never in doubt.  The relay's timeouts rest while only the gate is waited
 * for.  A mail that has its outcome has left the gate.  One that is run again for more recipients
 * comes to the gate again.
 */
void fct_session_release(fct_session *session, uint64_t now_us);

/*
 * Take a mail back.  Its outcome is temporary (ECLOSED).  If it had begun, the other mails go on as
 * after a deadline.
 *
 * Returns false, and does nothing, when there is no such mail, or when its terminator has begun.
 */
bool fct_session_cancel(fct_session *session, const void *tag, uint64_t now_us);

/*
 * Forget the tag of a mail for which nobody waits any more.  The mail goes on; its events have the
 * tag NULL, and its outcome is `late`.
 */
void fct_session_disown(fct_session *session, const void *tag);

/* How many more mails would be put in flight now.  0 while the session is not ready, or full. */
unsigned fct_session_room(const fct_session *session);

/* Whether any octet of the terminator of the mail with this tag was written. */
bool fct_session_handed_over(const fct_session *session, const void *tag);

/* Queue a NOOP.  FCT_EVENT_NOOP follows its reply. */
int fct_session_noop(fct_session *session, uint64_t now_us);

/*
 * Send QUIT when all mails have their outcome.  FCT_EVENT_CLOSE follows the reply, or comes after 2
 * s.
 */
void fct_session_quit(fct_session *session, uint64_t now_us);

/* The phase in which it waits, or in which it died. */
enum facteur_phase fct_session_phase(const fct_session *session);

/* Whether it writes commands in groups: PIPELINING is offered and may be used. */
bool fct_session_pipelines(const fct_session *session);

/* Whether the relay has answered a command of any mail. */
bool fct_session_heard(const fct_session *session);

/* Whether it is ready and waits for nothing. */
bool fct_session_idle(const fct_session *session);

/* The time at which tick() is due.  FCT_NEVER when the session waits for nothing. */
uint64_t fct_session_deadline(const fct_session *session);
void fct_session_tick(fct_session *session, uint64_t now_us);

/*
 * Whether the relay has taken a BDAT, so that later sessions may set bdat_proven.  Without
 * bdat_proven, no line that a server could take for a command is written before the relay has shown
 * that it knows BDAT.
 */
bool fct_session_bdat_proven(const fct_session *session);

/*
 * Whether the relay offered CHUNKING but refused BDAT.  Do not use it with this relay for a while.
 */
bool fct_session_chunking_refused(const fct_session *session);

/* Facts for check() and receipts. */
const char *fct_session_mechanism(const fct_session *session); /* the SASL mechanism used, or "" */
/* EHLO keywords with parameters, a line each. */
const char *fct_session_capabilities(const fct_session *session);
/* For the phases greeting, ehlo and auth; -1 when the phase was not passed. */
int64_t fct_session_timing_us(const fct_session *session, enum facteur_phase phase);
/* Whether the relay owes a reply to a command that is wholly written. */
bool fct_session_is_owed(const fct_session *session);
unsigned fct_session_flights(const fct_session *session); /* since the connection began */
/* The last 16 KiB of the redacted dialogue.  Valid until the next call on the session. */
const char *fct_session_transcript(const fct_session *session);

#endif
