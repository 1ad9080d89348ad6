/* SPDX-License-Identifier: MIT */
/*
 * The client side of one SMTP connection (RFC 5321), without socket and clock: bytes in, bytes out,
 * events out, time as an argument.  It never calls back and never blocks.
 *
 *   loop:  feed what came | send what output() shows, report it with sent() | read events with
 * next() | call tick() when deadline() has come
 *
 * Times are monotonic microseconds (a loopback phase is shorter than a millisecond).  After any
 * call that returned an error the session is dead: its unfinished mails have their outcome waiting
 * in next(), and the connection is to be closed without QUIT.
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
    FCT_TLS_OPPORTUNISTIC /* STARTTLS when offered; once offered, its failure is final */
};

enum fct_pipelining {
    FCT_PIPELINING_OFF,
    FCT_PIPELINING_ON,  /* when offered; behind a final dot only where the relay is known to read on
                         */
    FCT_PIPELINING_FULL /* behind every final dot */
};

/* Why the terminator of a mail's content must wait: the final dot's line, or a BDAT's last octets.
 */
enum fct_hold {
    FCT_HOLD_REPLY = 1, /* until the first reply to its flight */
    FCT_HOLD_GATE = 2   /* until fct_session_release(), which FCT_EVENT_GATE asks for */
};

struct fct_session_config {
    enum fct_tls_plan tls;
    const char *helo;     /* domain or address literal, checked by the options */
    const char *auth;     /* the one mechanism to try, or NULL: the strongest both know */
    const char *username; /* NULL: no AUTH */
    const char *host;     /* the relay's name, for OAUTHBEARER; or NULL */
    unsigned port;
    fct_secret *password;
    fct_secret *token;   /* OAuth 2.0 bearer token */
    bool tls_unverified; /* dangerous_no_verify */
    bool plaintext_auth; /* dangerous_plaintext_auth: AUTH without TLS */
    bool local;          /* loopback or unix socket: AUTH without TLS is fine */
    enum fct_pipelining pipelining;
    bool chunking;           /* use when offered */
    bool bdat_proven;        /* this relay has taken a BDAT before */
    unsigned pipeline_depth; /* mails begun before the first is answered, at least 1 */
    size_t pipeline_bytes;   /* content bytes of them, together */
    uint64_t greeting_us, command_us, body_us, final_us; /* absolute */
    unsigned char nonce[18];                             /* random, for SCRAM; wiped after use */
};

typedef struct fct_session fct_session;

/* What TLS gave, for the session's policy. */
struct fct_tls_facts {
    const void *channel_binding; /* tls-exporter (RFC 9266) or tls-unique bytes; may be NULL */
    size_t channel_binding_len;
    const char *binding_name; /* "tls-exporter", … */
};

/* A complete reply (RFC 5321 section 4.2).  The texts live as long as the outcome or event they are
 * in. */
typedef struct fct_reply {
    int code;          /* 0: none was heard */
    char enhanced[12]; /* RFC 3463 "2.1.5", or "" */
    char *text;        /* lines joined by "\n", without codes; printable; fct_malloc'ed or NULL */
} fct_reply;

/* What is certain about a recipient; S, T, P, A in tests/faults/table.py. */
enum fct_class { FCT_SENT, FCT_TEMPORARY, FCT_PERMANENT, FCT_IN_DOUBT };

struct fct_recipient_outcome {
    enum fct_class class;
    fct_reply reply; /* to its RCPT, or the one that decided for the whole transaction */
};

/* The end of one mail.  Owned by whoever took it from next(); fct_outcome_free(). */
typedef struct fct_outcome {
    void *tag;                /* as submitted */
    enum fct_class class;     /* of the mail: sent when at least one recipient is */
    int error;                /* FACTEUR_E code; 0 when sent */
    char *message;            /* one sentence; NULL when sent */
    enum facteur_phase phase; /* where the verdict fell */
    fct_reply reply;          /* the reply that decided */
    size_t recipient_count;
    struct fct_recipient_outcome *recipients; /* in the mail's order */
    bool untouched;   /* the connection failed before the relay answered any command of
                         this mail, and nothing of the terminator was sent or a 421
                         tells that it was not read; or a connection that had served
                         before ended with a 4yz to MAIL, which took nothing: may be
                         redone at once elsewhere */
    bool again;       /* temporary, and only because of what another mail or BDAT met on this
                         connection: may be submitted again elsewhere at once.  Recipients
                         beyond the relay's limit (RFC 5321 section 4.5.3.1.10) and mails
                         refused for the one before them are run again by the session */
    unsigned flights; /* writes followed by a wait that carried octets of this mail */
    int64_t timing_us[FACTEUR_PHASE_COUNT]; /* -1: phase not passed in this transaction */
} fct_outcome;

void fct_outcome_free(fct_outcome *outcome);

enum fct_session_event_kind {
    FCT_EVENT_START_TLS, /* output is written: shake hands now, then call fct_session_secured() */
    FCT_EVENT_READY,     /* greeted, secured, authenticated: mails move */
    FCT_EVENT_OUTCOME,   /* a mail's end, in the order of submission */
    FCT_EVENT_NOOP,      /* the reply to fct_session_noop() */
    FCT_EVENT_GATE,      /* terminators wait for fct_session_release() */
    FCT_EVENT_CLOSE      /* close the connection now; nothing follows */
};

struct fct_session_event {
    enum fct_session_event_kind kind;
    fct_outcome *outcome; /* FCT_EVENT_OUTCOME: yours */
    void *const *tags;    /* FCT_EVENT_GATE: whose terminators, in the order of submission; live
                             until the next call of next() */
    size_t tag_count;
    int error; /* FCT_EVENT_CLOSE: why (0 after QUIT), with phase, reply and a sentence */
    enum facteur_phase phase;
    const fct_reply *reply; /* lives until the next call of next(), or NULL */
    const char *message;    /* lives as long as the session, or "" */
};

/*
 * The strings of the config but for the user name, which is copied, must live as long as the
 * session; secrets are referenced.  NULL: no memory.
 *
 * With FCT_TLS_IMPLICIT the handshake comes before the first feed(), without an event;
 * fct_session_secured() then gives its facts and starts the wait for the greeting.
 */
fct_session *fct_session_new(const struct fct_session_config *config, uint64_t now_us);
void fct_session_free(fct_session *session);

/*
 * Feed bytes received from the relay (in clear text when TLS is on).  Read in full before the
 * return. 0, or FACTEUR_EPROTOCOL / FACTEUR_ENOMEM …: the session is dead.
 */
int fct_session_feed(fct_session *session, const void *bytes, size_t len, uint64_t now_us);

/*
 * The bytes to be written, gathered: at most `max` slices (at least 1).  They stay valid until
 * fct_session_sent() is told of them or the session is freed.  Mails are begun here, and those past
 * their deadline are not shown any more, so that there may be events afterwards.  Returns the
 * number of slices, 0 when there is nothing to write now, or FACTEUR_EIO when a mail's content
 * cannot be read any more (its outcome waits in next(), the session is dead).
 */
int fct_session_output(fct_session *session, fct_slice *slices, int max, uint64_t now_us);

/*
 * The kernel or the TLS layer took the first `len` bytes of what output() showed.  To be told
 * before any bytes received later are fed: a reply to what was never sent is a breach of the
 * dialogue.
 */
void fct_session_sent(fct_session *session, size_t len, uint64_t now_us);

/* 1 with an event, 0 when there is none. */
int fct_session_next(fct_session *session, struct fct_session_event *event);

/* The handshake is done (when it failed: fct_session_lost() with FACTEUR_ETLS).  Facts may be NULL.
 */
void fct_session_secured(fct_session *session, const struct fct_tls_facts *facts, uint64_t now_us);

/* The stream ended: `error` 0 for a clean end, else FACTEUR_E code with a sentence. */
void fct_session_lost(fct_session *session, int error, const char *message, uint64_t now_us);

/*
 * Queue a mail.  Exactly one FCT_EVENT_OUTCOME with this tag follows, also when the session dies.
 * A mail that this relay cannot take (SIZE, SMTPUTF8) is refused without a byte written.
 *
 * deadline_us   Past it: before the terminator temporary (EDEADLINE), after it in doubt; the
 *               session dies of it if the mail had begun.  FCT_NEVER for none.
 * hold          Bits of enum fct_hold, or 0.
 *
 * FACTEUR_ENOMEM, FACTEUR_ECLOSED (session dead or quitting): nothing was queued.
 */
int fct_session_submit(fct_session *session, fct_mail *mail, uint64_t deadline_us, unsigned hold,
                       void *tag, uint64_t now_us);

/*
 * A mail just submitted has so long from each verdict before its own: its deadline moves with them.
 * 0 < span_us, of the present deadline.
 */
void fct_session_renew(fct_session *session, const void *tag, uint64_t span_us);

/* Time that does not count for the mails with a span: nobody was there to read and write. */
void fct_session_rested(fct_session *session, uint64_t rest_us);

/*
 * Let go the terminators that FCT_EVENT_GATE told of.
 *
 * With FCT_HOLD_GATE everything before the terminator is written, then the event tells of the mail
 * and of all that stand behind it with their whole content: the mails of a CHUNKING flight come in
 * one event, with DATA each has its own.  Until the release none of them can have been taken: its
 * deadline, its cancelling and the end of the connection make it temporary, never in doubt.  While
 * only the gate is waited for, the relay's limits of time rest.  A mail whose outcome came is not
 * at the gate any more; one that is run again for further recipients comes to it once more.
 */
void fct_session_release(fct_session *session, uint64_t now_us);

/*
 * Take a mail back: its outcome is temporary (ECLOSED).  When it had begun the session dies of it,
 * and its neighbours may be submitted elsewhere (`again`).
 *
 * False, and nothing was done: there is no such mail, or the terminator of some mail in flight has
 * begun, which the end of the session would leave in doubt.
 */
bool fct_session_cancel(fct_session *session, const void *tag, uint64_t now_us);

/* Nobody waits for the mail with this tag any more: it goes on, and its events have the tag NULL.
 */
void fct_session_disown(fct_session *session, const void *tag);

/* How many more mails submit() would put in flight now; 0 while not ready or full. */
unsigned fct_session_room(const fct_session *session);

/* Whether anything of the terminator of the mail with this tag was written. */
bool fct_session_handed_over(const fct_session *session, const void *tag);

/* Queue a NOOP; FCT_EVENT_NOOP follows its reply. */
int fct_session_noop(fct_session *session, uint64_t now_us);

/* Say QUIT once all mails have their outcome; FCT_EVENT_CLOSE follows the reply or 2 s. */
void fct_session_quit(fct_session *session, uint64_t now_us);

/* What it waits for now, or what it died of. */
enum facteur_phase fct_session_phase(const fct_session *session);

/* Whether it writes commands in groups: PIPELINING is offered and may be used. */
bool fct_session_pipelines(const fct_session *session);

/* Whether it is ready and nothing is outstanding. */
bool fct_session_idle(const fct_session *session);

/* When tick() is due; FCT_NEVER when nothing is waited for. */
uint64_t fct_session_deadline(const fct_session *session);
void fct_session_tick(fct_session *session, uint64_t now_us);

/*
 * The relay has taken a BDAT: the next sessions may be given bdat_proven.  Without it no line that
 * a server could take for a command is written before the relay has shown that it knows BDAT.
 */
bool fct_session_bdat_proven(const fct_session *session);

/* The relay offered CHUNKING and refused BDAT: do not use it with this relay for a while. */
bool fct_session_chunking_refused(const fct_session *session);

/* Facts for check() and receipts. */
const char *fct_session_mechanism(const fct_session *session); /* the SASL mechanism used, or "" */
/* EHLO keywords with parameters, a line each. */
const char *fct_session_capabilities(const fct_session *session);
/* Of greeting, ehlo, auth; -1: not passed. */
int64_t fct_session_timing_us(const fct_session *session, enum facteur_phase phase);
unsigned fct_session_flights(const fct_session *session); /* since the connection began */
/* The redacted dialogue, its last 16 KiB; lives until the next call on the session. */
const char *fct_session_transcript(const fct_session *session);

#endif
