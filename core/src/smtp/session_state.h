/* SPDX-License-Identifier: MIT */
/* The inside of a session, shared by its files only. */
#ifndef FCT_SESSION_STATE_H
#define FCT_SESSION_STATE_H

#include "base/list.h"
#include "smtp/capability.h"
#include "smtp/known.h"
#include "smtp/reply.h"
#include "smtp/sasl.h"
#include "smtp/session.h"
#include "smtp/transcript.h"
#include "smtp/wire.h"

#define FCT_PIPELINE_DEPTH_MAX 256u
/*
 * Leave a connection before a relay's own limit on commands that bring no mail.  Exim hangs up at
 * the eleventh (smtp_accept_max_nonmail), and a mail in flight after it would be in doubt.
 */
#define FCT_IDLE_COMMANDS_MAX 10u
#define FCT_QUIT_US 2000000u
#define FCT_BODY_STEP (64u * 1024) /* bytes of content for which body_us is the limit */

enum fct_session_state {
    FCT_STATE_GREET, /* greeting, EHLO, STARTTLS's reply */
    FCT_STATE_TLS,   /* the caller does the handshake */
    FCT_STATE_AUTH,
    FCT_STATE_READY,
    FCT_STATE_QUIT,
    FCT_STATE_DEAD
};

/* The command that a reply answers. */
enum fct_command {
    FCT_COMMAND_GREETING,
    FCT_COMMAND_EHLO,
    FCT_COMMAND_HELO,
    FCT_COMMAND_STARTTLS,
    FCT_COMMAND_AUTH,
    FCT_COMMAND_CANCEL, /* the "*" that ends a login (RFC 4954 section 4) */
    FCT_COMMAND_RSET,
    FCT_COMMAND_NOOP,
    FCT_COMMAND_QUIT,
    FCT_COMMAND_MAIL,
    FCT_COMMAND_RCPT,
    FCT_COMMAND_DATA,
    FCT_COMMAND_FINAL, /* the final dot */
    FCT_COMMAND_PROBE, /* "BDAT 0": does it know BDAT? */
    FCT_COMMAND_BDAT,
    FCT_COMMAND_LONE_DOT /* ends a DATA without a recipient; its reply means nothing */
};

typedef struct fct_transaction fct_transaction;

struct fct_expected {
    enum fct_command command;
    unsigned count; /* so many of the same command */
    fct_transaction *mail;
};

/* What is known about one recipient. */
enum fct_mark {
    FCT_MARK_PENDING,
    FCT_MARK_ASKED,    /* RCPT is written */
    FCT_MARK_ACCEPTED, /* in this run */
    FCT_MARK_REFUSED,  /* by the relay, or by us: it offers no SMTPUTF8 */
    FCT_MARK_FULL,     /* too many recipients: goes to another run */
    FCT_MARK_SENT
};

enum fct_mail_state { FCT_MAIL_QUEUED, FCT_MAIL_ACTIVE, FCT_MAIL_DONE };

/*
 * One mail.  It is run once, and again for recipients beyond the relay's limit, or when it failed
 * only because of the mail before it.
 */
struct fct_transaction {
    fct_list link;
    fct_mail *mail;
    fct_outcome *outcome;
    fct_outcome *early; /* told before it, when the deadline passed; or NULL */
    uint64_t deadline_us;
    uint64_t span_us; /* 0, or: the deadline is at least so long after the last verdict before it */
    uint64_t size;
    fct_outgoing body;
    enum fct_mail_state state;
    unsigned hold; /* enum fct_hold, of each run */
    bool gate_told;
    bool bdat;
    bool probe;  /* BDAT must be proven before the content is written */
    bool behind; /* it began before the mail before it was answered */
    bool mail_refused;
    fct_reply refusal; /* the reply to MAIL, when mail_refused */
    bool rerun;        /* this run does not decide the mail */
    bool run_before;   /* it must not follow an unanswered mail any more */
    bool answered;     /* a reply to one of its commands came */
    bool given_up;     /* nobody waits for it: it is not run again */
    size_t recipient_count;
    size_t asked;     /* recipients before this one were asked or need not be */
    size_t heard;     /* recipients before this one were answered */
    size_t waiting;   /* RCPT replies outstanding */
    size_t accepted;  /* in this run */
    uint64_t mark_us; /* the end of the last phase */
    uint64_t body_us,
        handed_us; /* when the content was queued, its terminator written; 0: not yet */
    struct fct_wire_share share;
    unsigned char marks[]; /* enum fct_mark */
};

struct fct_session {
    struct fct_session_config config;
    enum fct_session_state state;
    uint64_t now_us;
    uint64_t since_us; /* when the present wait began */
    uint64_t begun_us; /* when the present phase began: greeting, EHLO, AUTH */
    size_t body_bytes; /* of contents, written since since_us */
    struct fct_tls_facts facts;
    fct_buf binding; /* facts.channel_binding */
    char binding_name[32];
    bool secured;
    fct_capabilities caps;
    fct_reply_parser parser;
    fct_sasl sasl;
    enum fct_mechanism mechanism;
    bool logged_in;
    bool first_waits;      /* the initial response waits for an empty challenge */
    bool first_sent;       /* it went with AUTH, and no challenge has come since */
    fct_buf last_response; /* the last response sent for AUTH, to keep an echo of it out of texts;
                              wiped */
    fct_wire wire;
    unsigned owed;                 /* replies that the relay owes for commands wholly written */
    struct fct_expected *expected; /* ring */
    size_t expected_cap, expected_first, expected_count;
    fct_list mails;   /* in the order of submission, with those done but not taken */
    fct_list kept;    /* taken, but a write may still use their memory */
    void **gate_tags; /* of the latest FCT_EVENT_GATE; room for pipeline_depth of them, made for the
                         first */
    unsigned mail_count;     /* not done */
    uint64_t mail_bytes;     /* of them */
    unsigned given_up_count; /* of them */
    unsigned untold;         /* outcomes that next() has not given yet */
    unsigned active_count;
    uint64_t active_bytes;
    unsigned mails_begun;
    unsigned idle_commands; /* NOOPs, and RSETs after mails that were refused */
    unsigned known;         /* bits of enum fct_known */
    unsigned noops_wanted, noops_done;
    bool start_tls_due, ready_due, close_due;
    bool rset_due;    /* a transaction may be open at the relay */
    bool reply_holds; /* a content is held until the next reply */
    bool heard;       /* a reply to a command of a mail */
    bool quit_wanted;
    bool chunking_refused;
    bool draining; /* BDAT was refused: replies cannot be trusted, no more commands are sent */
    bool leaving;  /* the rest of a mail is not written: it dies after the verdicts on those
                      before it */
    int stop;      /* no further mail: the error to die with when those begun have ended */
    bool flight_open;
    unsigned flights;
    int64_t timing_us[FACTEUR_PHASE_COUNT];
    fct_buf line;       /* the command being made */
    fct_buf message;    /* a sentence being made */
    fct_buf reply_text; /* of the reply being handled */
    char close_message[512];
    int error; /* of the close */
    enum facteur_phase error_phase;
    fct_reply error_reply;
    fct_transcript transcript;
};

/* ---- session.c: what is called from outside ---- */

/* The mail with this tag, or NULL. */
fct_transaction *fct_session_find(const fct_session *s, const void *tag);

/* ---- session_flow.c: what is written, and when ---- */

/*
 * Render a command line into s->line, then queue it.  Returns 0, or FACTEUR_ENOMEM; then the
 * session is dead.
 */
int fct_session_command(fct_session *s, enum fct_command command, fct_transaction *mail,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Queue s->line (without CRLF), shown in the transcript as `shown`. */
int fct_session_write(fct_session *s, enum fct_command command, fct_transaction *mail,
                      fct_slice shown, bool secret);
void fct_session_expect(fct_session *s, enum fct_command command, fct_transaction *mail);
/* Neither write nor expect any more of this mail, and of what is behind it. */
void fct_session_unsay(fct_session *s, const fct_transaction *mail);
/* Queue the commands of the mails that may begin now. */
void fct_session_begin_mails(fct_session *s);
/* Queue whatever else may be written now. */
void fct_session_pump(fct_session *s);
bool fct_session_uses(const fct_session *s, enum fct_offer offer);
/* Whether a command may follow a final dot in the same flight. */
bool fct_session_reads_on(const fct_session *s);

/* ---- session_greet.c, session_auth.c: until READY ---- */
void fct_session_on_greeting(fct_session *s, const fct_reply *reply);
void fct_session_on_ehlo(fct_session *s, const fct_reply *reply);
void fct_session_on_helo(fct_session *s, const fct_reply *reply);
void fct_session_on_starttls(fct_session *s, const fct_reply *reply, bool more);
void fct_session_say_ehlo(fct_session *s);
void fct_session_login(fct_session *s);
void fct_session_on_auth(fct_session *s, const fct_reply *reply);
void fct_session_on_cancel(fct_session *s, const fct_reply *reply);
void fct_session_now_ready(fct_session *s);
/* Replace everything that was sent for AUTH in a reply's text. */
void fct_session_mask(fct_session *s, fct_buf *text);

/* ---- session_gate.c: terminators that must wait ---- */

/* Whether everything left to write waits for fct_session_release(). */
bool fct_session_at_gate(const fct_session *s);
/* Fill in the event.  Returns false when there is none. */
bool fct_session_tell_gate(fct_session *s, struct fct_session_event *event);
/* A reply came, so no terminator waits for the first one any more. */
void fct_session_first_reply(fct_session *s);

/* ---- transaction.c: the replies to one mail ---- */
void fct_transaction_begin(fct_session *s, fct_transaction *mail);
void fct_transaction_on_reply(fct_session *s, fct_transaction *mail, enum fct_command command,
                              const fct_reply *reply);

/* ---- refusal.c: what the relay cannot take ---- */

/*
 * Returns 0, or an error with its sentence in s->message; then the mail must not begin.  What the
 * relay cannot take is encoded anew first, and a recipient outside ASCII is refused alone.
 */
int fct_session_refuses(fct_session *s, fct_transaction *mail);

/* ---- parameter.c: what a mail asks besides delivery ---- */

/* Like fct_session_refuses(), for the terms alone. */
int fct_session_refuses_terms(fct_session *s, const fct_terms *terms);
void fct_session_add_mail_terms(const fct_session *s, const fct_terms *terms, fct_buf *line);
void fct_session_add_rcpt_terms(const fct_session *s, const fct_terms *terms, const char *address,
                                fct_buf *line);

/* ---- outcome.c: outcomes, their sentences and times ---- */
fct_outcome *fct_outcome_new(size_t recipient_count);
const char *fct_outcome_quote(fct_session *s, const char *what, const fct_reply *reply);
void fct_transaction_phase_ends(fct_session *s, fct_transaction *mail, enum facteur_phase phase);

/* ---- transaction_end.c: what became of a mail ---- */

/* Handle a reply to the end of data (FINAL, BDAT), which may come in the middle of the content. */
void fct_transaction_on_verdict(fct_session *s, fct_transaction *mail, enum fct_command command,
                                const fct_reply *reply);
/* The same for a reply to any command when the session drains. */
void fct_transaction_on_drained(fct_session *s, fct_transaction *mail, enum fct_command command,
                                const fct_reply *reply);
/*
 * Fill mail->early with what is certain now, as at the connection's end; the mail goes on.  Whether
 * it is in doubt.
 */
bool fct_transaction_tell_early(fct_session *s, fct_transaction *mail, const char *sentence);
/* The connection is over; with `closing`, by a 421.  `culprit` as in fct_session_die(). */
void fct_transaction_on_end(fct_session *s, fct_transaction *mail, bool closing,
                            const fct_transaction *culprit);
/*
 * Give `class` to every recipient that is not decided yet, and end the mail.  `reply` may be NULL.
 */
void fct_transaction_end(fct_session *s, fct_transaction *mail, enum fct_class class, int error,
                         enum facteur_phase phase, const fct_reply *reply, const char *sentence);
/* End this run with the relay's refusal, a 4yz or 5yz. */
void fct_transaction_refused(fct_session *s, fct_transaction *mail, enum facteur_phase phase,
                             const fct_reply *reply);
/* The same when the relay refused the sender, or each recipient; `reply` is its last refusal. */
void fct_transaction_unwanted(fct_session *s, fct_transaction *mail, const fct_reply *reply);
/* End the session, because a reply cannot answer a command of this mail. */
void fct_transaction_breach(fct_session *s, fct_transaction *mail, enum facteur_phase phase,
                            const fct_reply *reply, const char *what);

/* ---- session_end.c: the end of a connection, whatever its cause ---- */

/*
 * Make the session dead.  `culprit` is the mail that caused it, or NULL.  `reply` may be NULL and
 * is copied.  The sentence may be s->message.ptr.
 */
void fct_session_die(fct_session *s, int error, enum facteur_phase phase, const fct_reply *reply,
                     const fct_transaction *culprit, const char *sentence);
void fct_session_leave_drained(fct_session *s);
void fct_session_closed_by_421(fct_session *s, const fct_reply *reply);
/* Note what the session dies of, as fct_session_die() does; the mails have no end yet. */
void fct_session_note_end(fct_session *s, int error, enum facteur_phase phase,
                          const fct_reply *reply, const char *sentence);
/* The phase of a mail that has begun: that of its oldest unanswered command. */
enum facteur_phase fct_transaction_phase(const fct_session *s, const fct_transaction *mail);
struct fct_expected *fct_session_front(fct_session *s);

/* ---- session_deadline.c: mails whose time is over ---- */

/* A mail has got its verdict. */
void fct_session_moved(fct_session *s);
/* Give up the mails whose deadline has passed. */
void fct_session_expire(fct_session *s);
/* End a mail that has no verdict, as fct_session_submit() says of one past its deadline. */
void fct_session_give_up(fct_session *s, fct_transaction *mail, int error, const char *sentence);
/* With `leaving`, when no mail is left: die. */
void fct_session_leave(fct_session *s);

#endif
