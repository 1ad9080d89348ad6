/* SPDX-License-Identifier: MIT */
/*
 * A sealed mail from its submission to its receipt: gives it to a driver or sink, tries it again
 * with a new token, waits for it, cancels it.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "drive/event_host.h"
#include "mailer/journal.h"
#include "mailer/own_try.h"
#include "mailer/prepare.h"
#include "mailer/receipt.h"
#include "mailer/registry.h"
#include "mime/message.h"

#include <string.h>

#define GATE_MAX 16 /* mails whose doubt one commit records */

struct facteur_host {
    facteur_mailer *mailer;
    fct_event_host *host; /* at the driver of this process; NULL: nothing was submitted yet */
};

struct facteur_delivery {
    struct fct_task task;     /* it has no driver: finished from the start */
    facteur_mailer *mailer;   /* its callback gives the token; NULL: no relay takes the mail */
    facteur_receipt *receipt; /* NULL after it was handed out */
    int untried;              /* the error of a mail for which no connection was tried, else 0 */
    const char *at_fault;     /* with it: the option at fault, or "" */
    struct fct_own_try *own;  /* the mail is in the outbox, leased to this try; or NULL */
    bool letter;              /* FACTEUR_LETTER */
    bool many;                /* FACTEUR_MANY */
    bool held;                /* prepared, but its token must be asked for first */
    bool asked;               /* its token was asked for and is not asked for again */
    bool ended;               /* its receipt has a verdict */
    bool logged;              /* the log has it, or none does */
    atomic_uint refs;         /* of the caller, and of the driver while the mail is in progress */
};

static facteur_delivery *delivery_of(struct fct_task *task)
{
    return FCT_ENTRY(task, facteur_delivery, task);
}

/* Whether the mailer's configuration and outbox are still there. */
static bool has_engine(const facteur_delivery *delivery)
{
    return delivery->mailer && delivery->mailer->engine;
}

static void write_log(facteur_delivery *delivery)
{
    delivery->logged = true;
    if (has_engine(delivery))
        fct_journal_mail(&delivery->mailer->engine->plan, delivery->receipt);
}

static void unref(facteur_delivery *delivery)
{
    if (atomic_fetch_sub(&delivery->refs, 1) != 1)
        return;
    if (delivery->own && has_engine(delivery))
        fct_own_leave(delivery->own, delivery->receipt);
    else
        fct_own_drop(delivery->own);
    /* Nobody waited for it.  The copy of a child is the parent's to log. */
    if (delivery->ended && !delivery->logged && has_engine(delivery) &&
        (!delivery->task.driver || fct_driver_is_ours(delivery->task.driver)))
        write_log(delivery);
    fct_mail_unref(delivery->task.mail);
    facteur_receipt_free(delivery->receipt);
    fct_mailer_unref(delivery->mailer);
    fct_event_host_unref(delivery->task.host);
    fct_free(delivery);
}

/* ---- To the driver --------------------------------------------------------------------------- */

/* `where` names an option, or is NULL. */
static void set_untried(facteur_delivery *delivery, int error, const char *where)
{
    int option = where ? fct_option_find(where, strlen(where)) : -1;

    delivery->untried = error;
    delivery->at_fault = facteur_option_name((size_t)option);
}

static void take(struct fct_task *task, const fct_outcome *outcome)
{
    facteur_delivery *delivery = delivery_of(task);

    if (outcome->class == FCT_TEMPORARY && !atomic_load(&task->cancel_wanted) &&
        ((outcome->error == FACTEUR_ECLOSED && task->attempts == 0) ||
         outcome->error == FACTEUR_ECONFIG))
        set_untried(delivery, outcome->error, outcome->where);
    if (task->relay)
        fct_receipt_name_relay(delivery->receipt, task->relay);
    fct_receipt_fill(delivery->receipt, outcome, task->attempts, task->transcript);
    delivery->ended = true;
    if (delivery->own)
        fct_own_judge(delivery->own, task, outcome, delivery->receipt);
    else if (atomic_load(&task->cancel_wanted))
        write_log(delivery); /* nobody waits any more */
}

/* Terminators leave only when their doubt is durable. */
static void gate(struct fct_job *const *jobs, size_t count)
{
    struct fct_own_try *tries[GATE_MAX];
    bool mine[GATE_MAX];

    for (size_t from = 0; from < count; from += GATE_MAX) {
        size_t some = count - from < GATE_MAX ? count - from : GATE_MAX;
        facteur_delivery *first = delivery_of(FCT_ENTRY(jobs[from], struct fct_task, job));
        bool recorded;

        for (size_t i = 0; i < some; i++)
            tries[i] = delivery_of(FCT_ENTRY(jobs[from + i], struct fct_task, job))->own;
        recorded = fct_own_doubt(first->mailer->engine, tries, mine, some);
        for (size_t i = 0; i < some; i++)
            jobs[from + i]->barred = !recorded || !mine[i];
    }
}

static void let_go(struct fct_task *task)
{
    unref(delivery_of(task));
}

/* Make a delivery of the prepared mail, which it takes over. */
static facteur_delivery *make(const struct fct_prepared *prepared, unsigned how)
{
    facteur_delivery *delivery = fct_calloc(1, sizeof *delivery);

    if (!delivery) {
        fct_mail_unref(prepared->mail);
        facteur_receipt_free(prepared->receipt);
        return NULL;
    }
    delivery->receipt = prepared->receipt;
    delivery->task.mail = prepared->mail;
    delivery->task.take = take;
    delivery->task.let_go = let_go;
    delivery->letter = (how & FACTEUR_LETTER) != 0;
    delivery->many = (how & FACTEUR_MANY) != 0;
    atomic_init(&delivery->refs, 1);
    return delivery;
}

/* Give it to the driver, because its token is there or was given up. */
static int go(facteur_delivery *delivery, facteur_error **error)
{
    fct_driver *driver = delivery->task.driver;
    facteur_error *cause = NULL;
    int err;

    delivery->held = false;
    atomic_store(&delivery->refs, 2);
    err = fct_driver_submit(driver, &delivery->task, &cause);
    /* What waits for its next handle has descriptors to give. */
    if (err == FACTEUR_ELIMIT && fct_registry_empty()) {
        facteur_error_free(cause);
        cause = NULL;
        err = fct_driver_submit(driver, &delivery->task, &cause);
    }
    if (err)
        atomic_store(&delivery->refs, 1);
    return fct_error_pass(error, err, cause);
}

/* The event loop's host at the driver of this process.  A child gets another than its parent. */
static int join(facteur_host *host, fct_driver *driver, struct fct_task *task)
{
    if (host->host && fct_event_host_driver(host->host) != driver) {
        fct_event_host_close(host->host);
        fct_event_host_unref(host->host);
        host->host = NULL;
    }
    if (!host->host)
        host->host = fct_event_host_new(driver);
    if (!host->host)
        return FACTEUR_ENOMEM;
    task->host = fct_event_host_ref(host->host);
    return 0;
}

/*
 * Put the mail into the outbox first.  `done`: nothing more is to be done with it here.  An outbox
 * that certainly has not taken the mail does not stop it.
 */
static int queue(facteur_mailer *mailer, const facteur_message *message, facteur_delivery *delivery,
                 bool *done, facteur_error **error)
{
    struct fct_task *task = &delivery->task;
    facteur_error *cause = NULL;
    int err = fct_own_put(mailer->engine, message, task->mail, delivery->receipt, task->deadline_us,
                          &delivery->own, &cause);

    *done = !err && !delivery->own;
    if (delivery->own)
        task->gate = gate;
    if (!err || !cause || strcmp(facteur_error_where(cause), "outbox") != 0)
        return fct_error_pass(error, err, cause);
    fct_receipt_note(delivery->receipt, "the mail was tried without the outbox: %s",
                     facteur_error_sentence(cause));
    facteur_error_free(cause);
    return 0;
}

/* Give a sealed mail to the driver.  host NULL: a thread waits for it. */
static int drive(facteur_mailer *mailer, facteur_host *host, facteur_delivery *delivery,
                 facteur_error **error)
{
    struct fct_task *task = &delivery->task;
    int err;

    err = fct_engine_find_driver(mailer->engine, fct_mail_sender(task->mail), &task->driver, error);
    if (!err && host)
        err = fct_error_standing(error, join(host, task->driver, task));
    if (err) {
        task->driver = NULL;
        return err;
    }
    if (delivery->many) {
        task->span_us = task->deadline_us - fct_clock_now_us();
        task->deadline_us = FCT_NEVER;
    }
    delivery->mailer = fct_mailer_ref(mailer);
    delivery->held = !fct_mailer_has_tokens(mailer);
    if (delivery->held && host)
        return 0;
    delivery->asked = delivery->held;
    if (delivery->held)
        facteur_delivery_ask(delivery);
    return go(delivery, error);
}

/* To the sink of a mailer without a relay, else over the outbox, if there is one. */
static int deliver(facteur_mailer *mailer, facteur_host *host, const facteur_message *message,
                   facteur_delivery *delivery, double deadline, facteur_error **error)
{
    fct_engine *engine = mailer->engine;
    bool done = !delivery->task.mail;
    int err = 0;

    if (!done && engine->plan.target != FCT_TARGET_RELAY)
        return fct_sink_take(mailer, delivery->task.mail, delivery->receipt, error);
    delivery->task.deadline_us = fct_engine_deadline_us(engine, deadline);
    if (!done && engine->plan.outbox && !delivery->many)
        err = queue(mailer, message, delivery, &done, error);
    return err || done ? err : drive(mailer, host, delivery, error);
}

/* The try has ended, or cannot begin: the outbox goes on with the mail, if it has not been sent. */
static void end_own(facteur_delivery *delivery)
{
    struct fct_own_try *own = delivery->own;

    delivery->own = NULL;
    if (own && has_engine(delivery))
        fct_own_end(own, delivery->receipt);
    else
        fct_own_drop(own);
    if (facteur_receipt_status(delivery->receipt) == FACTEUR_QUEUED)
        delivery->untried = 0;
}

/* What stopped the mail before it had a driver. */
static int answer(facteur_mailer *mailer, facteur_delivery *delivery, unsigned how, int err,
                  facteur_error *cause, facteur_error **error)
{
    if (!delivery->own)
        return fct_receipt_answer(delivery->receipt, how, err, cause, error);
    if (!delivery->mailer)
        delivery->mailer = fct_mailer_ref(mailer);
    delivery->task.driver = NULL;
    delivery->held = false;
    fct_receipt_fill_cause(delivery->receipt, FACTEUR_TEMPORARY, err, cause);
    facteur_error_free(cause);
    end_own(delivery);
    return 0;
}

static int submit(facteur_mailer *mailer, facteur_host *host, facteur_message *message,
                  double deadline, unsigned how, facteur_delivery **out, facteur_error **error)
{
    facteur_delivery *delivery;
    facteur_error *cause = NULL;
    struct fct_prepared prepared;
    int err = fct_mailer_check_open(mailer, error);

    fct_registry_sweep();
    if (!err)
        err = fct_prepare(&mailer->engine->plan, message, how, &prepared, error);
    if (err)
        return err;
    delivery = make(&prepared, how);
    if (!delivery)
        return fct_error_nomem(error);
    err = deliver(mailer, host, message, delivery, deadline, &cause);
    if (err)
        err = answer(mailer, delivery, how, err, cause, error);
    if (err) {
        unref(delivery);
        return err;
    }
    if (!delivery->mailer)
        fct_journal_mail(&mailer->engine->plan, delivery->receipt);
    *out = delivery;
    return 0;
}

/* Whether an error concerns this mail or this moment only, so that its receipt can tell it. */
static bool can_be_told(int err, unsigned how, const facteur_message *message)
{
    if (fct_receipt_is_shortage(err) && (err == FACTEUR_ELIMIT || how))
        return true;
    if ((how & FACTEUR_LETTER) &&
        (err == FACTEUR_EIO || (err == FACTEUR_EMESSAGE && fct_message_is_unaddressed(message))))
        return true;
    return (how & FACTEUR_MANY) &&
           (err == FACTEUR_EMESSAGE || err == FACTEUR_EIO || err == FACTEUR_ECONFIG);
}

/* Make a delivery that has ended.  Its receipt says why there is no mail of the message. */
static facteur_delivery *make_refused(const fct_plan *plan, const facteur_message *message, int err,
                                      const facteur_error *cause)
{
    facteur_delivery *delivery = fct_calloc(1, sizeof *delivery);
    facteur_receipt *receipt = fct_receipt_new(NULL, plan->target_name, NULL, 0, NULL);

    if (!delivery || !receipt) {
        facteur_receipt_free(receipt);
        fct_free(delivery);
        return NULL;
    }
    fct_receipt_fill_cause(receipt, err == FACTEUR_EMESSAGE ? FACTEUR_PERMANENT : FACTEUR_TEMPORARY,
                           err, cause);
    for (size_t i = 0; i < facteur_message_note_count(message); i++)
        fct_receipt_note(receipt, "%s", facteur_message_note(message, i));
    delivery->receipt = receipt;
    atomic_init(&delivery->refs, 1);
    return delivery;
}

static int submit_or_tell(facteur_mailer *mailer, facteur_host *host, facteur_message *message,
                          double deadline, unsigned how, facteur_delivery **out,
                          facteur_error **error)
{
    facteur_error *cause = NULL;
    facteur_delivery *refused;
    int err;

    err = submit(mailer, host, message, deadline, how & FACTEUR_MANY ? how | FACTEUR_LETTER : how,
                 out, &cause);
    if (!can_be_told(err, how, message))
        return fct_error_pass(error, err, cause);
    refused = make_refused(&mailer->engine->plan, message, err, cause);
    facteur_error_free(cause);
    if (!refused)
        return fct_error_nomem(error);
    fct_journal_mail(&mailer->engine->plan, refused->receipt);
    *out = refused;
    return 0;
}

int facteur_submit(facteur_mailer *mailer, facteur_message *message, double deadline, unsigned how,
                   facteur_delivery **out, facteur_error **error)
{
    return submit_or_tell(mailer, NULL, message, deadline, how, out, error);
}

int facteur_host_submit(facteur_host *host, facteur_message *message, double deadline, unsigned how,
                        facteur_delivery **out, facteur_error **error)
{
    return submit_or_tell(host->mailer, host, message, deadline, how, out, error);
}

/* ---- The token ------------------------------------------------------------------------------- */

/* Whether it failed because a relay did not accept a token that was fetched before this mail. */
static bool is_stale(const facteur_delivery *delivery)
{
    const struct fct_task *task = &delivery->task;

    return facteur_delivery_ended(delivery) && task->token_refused && !delivery->asked &&
           !atomic_load(&task->cancel_wanted) && delivery->receipt &&
           facteur_receipt_status(delivery->receipt) == FACTEUR_TEMPORARY &&
           fct_clock_now_us() < task->deadline_us;
}

int facteur_delivery_needs_token(const facteur_delivery *delivery)
{
    return delivery->task.driver && fct_driver_is_ours(delivery->task.driver) &&
           !atomic_load(&delivery->mailer->closed) && (delivery->held || is_stale(delivery));
}

/* Until when a token may be waited for. */
static uint64_t patience_us(const facteur_delivery *delivery)
{
    const struct fct_task *task = &delivery->task;

    return task->span_us ? fct_clock_now_us() + task->span_us : task->deadline_us;
}

void facteur_delivery_ask(facteur_delivery *delivery)
{
    if (!atomic_load(&delivery->mailer->closed))
        fct_mailer_ask_tokens(delivery->mailer, patience_us(delivery));
}

double facteur_delivery_left(const facteur_delivery *delivery)
{
    uint64_t now_us = fct_clock_now_us(), until_us = patience_us(delivery);

    return until_us > now_us ? (double)(until_us - now_us) / 1e6 : 0;
}

void facteur_delivery_resume(facteur_delivery *delivery)
{
    facteur_error *cause = NULL;
    int err;

    delivery->asked = true;
    fct_receipt_reset(delivery->receipt);
    err = atomic_load(&delivery->mailer->closed) ? FACTEUR_ECLOSED : go(delivery, &cause);
    if (err) {
        delivery->held = false;
        delivery->task.driver = NULL;
        if (!fct_receipt_is_shortage(err))
            set_untried(delivery, err, NULL);
        fct_receipt_fill_cause(delivery->receipt, FACTEUR_TEMPORARY, err, cause);
    }
    facteur_error_free(cause);
}

/* ---- The verdict ----------------------------------------------------------------------------- */

static int refuse_untried(const facteur_delivery *delivery, facteur_error **error)
{
    return fct_error_set(error, delivery->untried, delivery->at_fault, "%s",
                         facteur_receipt_error(delivery->receipt));
}

/* Wait for the verdict.  Try once more if a new token can help. */
static bool settle(facteur_delivery *delivery, double timeout)
{
    struct fct_task *task = &delivery->task;
    uint64_t until_us = UINT64_MAX;

    if (timeout >= 0)
        until_us = fct_clock_now_us() + (uint64_t)((timeout < 86400 ? timeout : 86400) * 1e6);
    while (task->driver) {
        if (!delivery->held && !fct_driver_wait(task->driver, task, until_us))
            return false;
        if (!facteur_delivery_needs_token(delivery))
            return !delivery->held;
        facteur_delivery_ask(delivery);
        facteur_delivery_resume(delivery);
    }
    return true;
}

int facteur_delivery_wait(facteur_delivery *delivery, double timeout, facteur_receipt **receipt,
                          facteur_error **error)
{
    if (!settle(delivery, timeout)) {
        if (fct_driver_is_ours(delivery->task.driver) && !delivery->held)
            return 0;
        return fct_error_set(error, FACTEUR_ECLOSED, NULL,
                             delivery->held
                                 ? "the mailer was closed before the mail was sent"
                                 : "the mail is sent by the process that forked this one");
    }
    if (!delivery->receipt)
        return fct_error_set(error, FACTEUR_ECLOSED, NULL, "the receipt was handed out already");
    if (delivery->own)
        end_own(delivery);
    if (has_engine(delivery))
        fct_own_catch_up(delivery->mailer->engine, false);
    if (delivery->untried && !(delivery->letter && delivery->untried == FACTEUR_ECONFIG)) {
        delivery->logged = true; /* the error says it, and the caller logs that */
        return refuse_untried(delivery, error);
    }
    if (!delivery->logged)
        write_log(delivery);
    *receipt = delivery->receipt;
    delivery->receipt = NULL;
    return 1;
}

int facteur_delivery_ended(const facteur_delivery *delivery)
{
    fct_driver *driver = delivery->task.driver;

    return !delivery->held && (!driver || fct_driver_is_finished(driver, &delivery->task));
}

void facteur_delivery_cancel(facteur_delivery *delivery)
{
    if (delivery->held) {
        delivery->held = false;
        delivery->ended = fct_driver_is_ours(delivery->task.driver);
        delivery->task.driver = NULL;
        fct_receipt_fill_failed(delivery->receipt, FACTEUR_TEMPORARY, FACTEUR_ECLOSED,
                                "cancelled before it was sent");
    } else if (delivery->task.driver) {
        fct_driver_cancel(delivery->task.driver, &delivery->task);
    }
}

void facteur_delivery_free(facteur_delivery *delivery)
{
    if (!delivery)
        return;
    facteur_delivery_cancel(delivery);
    if (delivery->own && facteur_delivery_ended(delivery))
        end_own(delivery);
    fct_event_host_forget(&delivery->task);
    unref(delivery);
}

static int send_and_wait(facteur_mailer *mailer, facteur_message *message, double deadline,
                         unsigned how, facteur_receipt **receipt, facteur_error **error)
{
    facteur_delivery *delivery = NULL;
    int err = facteur_submit(mailer, message, deadline, how, &delivery, error);

    if (err == FACTEUR_ENOMEM && (how & FACTEUR_LETTER))
        return fct_receipt_tell_shortage(err, receipt, error);
    if (err)
        return err;
    err = facteur_delivery_wait(delivery, -1, receipt, error);
    facteur_delivery_free(delivery);
    return err < 0 ? err : 0;
}

int facteur_send(facteur_mailer *mailer, facteur_message *message, double deadline,
                 facteur_receipt **receipt, facteur_error **error)
{
    return send_and_wait(mailer, message, deadline, 0, receipt, error);
}

int facteur_send_composed(facteur_mailer *mailer, facteur_message *message, double deadline,
                          facteur_receipt **receipt, facteur_error **error)
{
    return send_and_wait(mailer, message, deadline, FACTEUR_LETTER, receipt, error);
}

/* ---- A host's event loop --------------------------------------------------------------------- */

int facteur_host_new(facteur_mailer *mailer, facteur_host **out, facteur_error **error)
{
    facteur_host *host = fct_calloc(1, sizeof *host);

    if (!host)
        return fct_error_nomem(error);
    host->mailer = mailer;
    *out = host;
    return 0;
}

void facteur_host_free(facteur_host *host)
{
    if (!host)
        return;
    if (host->host)
        fct_event_host_close(host->host);
    fct_event_host_unref(host->host);
    fct_free(host);
}

int facteur_host_fd(const facteur_host *host)
{
    return host->host ? fct_event_host_fd(host->host) : -1;
}

double facteur_host_timeout(facteur_host *host)
{
    uint64_t timeout_us = host->host ? fct_event_host_timeout_us(host->host) : UINT64_MAX;

    return timeout_us == UINT64_MAX ? -1 : (double)timeout_us / 1e6;
}

void facteur_host_step(facteur_host *host)
{
    fct_registry_sweep();
    if (host->host)
        fct_event_host_step(host->host);
    fct_own_catch_up(host->mailer->engine, false);
}

facteur_delivery *facteur_host_done(facteur_host *host)
{
    struct fct_task *task = host->host ? fct_event_host_done(host->host) : NULL;

    return task ? delivery_of(task) : NULL;
}
