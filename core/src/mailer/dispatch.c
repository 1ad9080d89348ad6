/* SPDX-License-Identifier: MIT */
/* The way of one message: freeze it, ask the policy, hand it to what takes it, write the receipt.
 */
#include "mailer/dispatch.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "mailer/receipt.h"
#include "mime/message.h"

#include <string.h>
#include <time.h>

#define DEADLINE_MAX_S 86400.0

int fct_dispatch_open(const facteur_mailer *mailer, facteur_error **error)
{
    if (!atomic_load(&mailer->closed))
        return 0;
    return fct_error_set(error, FACTEUR_ECLOSED, NULL, "%s", facteur_error_text(FACTEUR_ECLOSED));
}

static uint64_t deadline_of(const fct_plan *plan, double seconds)
{
    uint64_t now_us = fct_driver_now_us();

    /* Written so that a NaN takes the option's way. */
    if (!(seconds > 0))
        return now_us + (uint64_t)fct_options_get(&plan->options, FCT_OPT_deadline)->number;
    return now_us + (uint64_t)((seconds < DEADLINE_MAX_S ? seconds : DEADLINE_MAX_S) * 1e6);
}

int fct_dispatch_run(facteur_mailer *mailer, struct fct_errand *errand, const char *sender,
                     double deadline, facteur_error **error)
{
    fct_engine *engine = mailer->engine;
    uint64_t deadline_us = deadline_of(&engine->plan, deadline);
    fct_runtime *runtime = fct_engine_runtime(engine);
    int err;

    if (!runtime)
        return fct_error_nomem(error);
    pthread_mutex_lock(&runtime->lock);
    err = fct_plan_complete(&engine->plan, sender, error);
    pthread_mutex_unlock(&runtime->lock);
    if (err)
        return err;
    errand->job.deadline_us = deadline_us;
    err = fct_driver_run(runtime->driver, errand);
    return err ? fct_error_set(error, err, NULL, "%s", facteur_error_text(err)) : 0;
}

/* ---- Relay ----------------------------------------------------------------------------------- */

struct passage {
    facteur_receipt *receipt;
    int untried; /* the error of a mail for which no connection was tried, else 0 */
};

static void take_outcome(struct fct_errand *errand, const fct_outcome *outcome)
{
    struct passage *passage = errand->user;

    if (outcome->class == FCT_TEMPORARY && errand->job.attempts == 0 &&
        (outcome->error == FACTEUR_ECLOSED || outcome->error == FACTEUR_ECONFIG))
        passage->untried = outcome->error;
    if (errand->job.relay)
        fct_receipt_name_relay(passage->receipt, errand->job.relay);
    fct_receipt_fill(passage->receipt, outcome, errand->job.attempts, errand->job.transcript);
}

/* The TLS layer puts the option at fault before its sentence: "ca_file: …". */
static int refuse_untried(const struct passage *passage, facteur_error **error)
{
    const char *message = facteur_receipt_error(passage->receipt);
    size_t len = strcspn(message, ":");
    int option = fct_option_find(message, len);

    if (passage->untried == FACTEUR_ECONFIG && option >= 0)
        return fct_error_set(error, FACTEUR_ECONFIG, facteur_option_name((size_t)option), "%s",
                             message);
    return fct_error_set(error, passage->untried, NULL, "%s", message);
}

static int send_to_relay(facteur_mailer *mailer, fct_mail *mail, double deadline,
                         facteur_receipt *receipt, facteur_error **error)
{
    struct passage passage = {.receipt = receipt};
    struct fct_errand errand = {.job = {.mail = mail}, .take = take_outcome, .user = &passage};
    int err = fct_dispatch_run(mailer, &errand, fct_mail_sender(mail), deadline, error);

    return !err && passage.untried ? refuse_untried(&passage, error) : err;
}

/* ---- Sinks ----------------------------------------------------------------------------------- */

static int send_to_memory(facteur_mailer *mailer, fct_mail *mail, facteur_receipt *receipt,
                          facteur_error **error)
{
    fct_runtime *runtime = fct_engine_runtime(mailer->engine);
    int err;

    if (!runtime)
        return fct_error_nomem(error);
    pthread_mutex_lock(&runtime->lock);
    err = fct_memory_add(&runtime->memory, mail, error);
    pthread_mutex_unlock(&runtime->lock);
    if (!err)
        fct_receipt_fill_sent(receipt, "");
    return err;
}

static int send_to_directory(const fct_plan *plan, fct_mail *mail, facteur_receipt *receipt,
                             facteur_error **error)
{
    const char *where = plan->policy.mode == FCT_MODE_CAPTURE ? "capture_dir" : "dsn";
    facteur_error *cause = NULL;
    fct_buf name = {0};
    int err = fct_directory_prepare(plan->directory, where, error);

    if (err)
        return err;
    err = fct_directory_write(plan->directory, mail, &name, &cause);
    if (!err)
        fct_receipt_fill_sent(receipt, name.ptr);
    else if (err == FACTEUR_ENOMEM)
        fct_error_nomem(error);
    else
        fct_receipt_fill_failed(receipt, FACTEUR_TEMPORARY, err,
                                cause ? facteur_error_message(cause) : NULL);
    fct_buf_done(&name);
    facteur_error_free(cause);
    return err == FACTEUR_ENOMEM ? err : 0;
}

static int deliver(facteur_mailer *mailer, fct_mail *mail, double deadline,
                   facteur_receipt *receipt, facteur_error **error)
{
    const fct_plan *plan = &mailer->engine->plan;

    switch (plan->target) {
    case FCT_TARGET_RELAY:
        return send_to_relay(mailer, mail, deadline, receipt, error);
    case FCT_TARGET_FILE:
        return send_to_directory(plan, mail, receipt, error);
    case FCT_TARGET_MEMORY:
        return send_to_memory(mailer, mail, receipt, error);
    case FCT_TARGET_NULL:
        break;
    }
    fct_receipt_fill_sent(receipt, "");
    return 0;
}

/* ---- Send ------------------------------------------------------------------------------------ */

static int freeze(const fct_plan *plan, facteur_message *message, fct_mail **mail,
                  facteur_error **error)
{
    struct fct_freeze facts = {
        .default_from = fct_options_get(&plan->options, FCT_OPT_default_from)->text,
        .date_s = (int64_t)time(NULL),
    };
    int err = fct_random(facts.random, sizeof facts.random);

    if (err)
        return fct_error_set(error, err, NULL, "the system gives no randomness");
    return fct_message_freeze(message, &facts, mail, error);
}

static int send_mail(facteur_mailer *mailer, fct_mail *mail, double deadline,
                     facteur_receipt **receipt, facteur_error **error)
{
    const fct_plan *plan = &mailer->engine->plan;
    struct fct_policy_verdict verdict;
    facteur_receipt *made = NULL;
    int err = fct_policy_apply(&plan->policy, mail, &verdict);

    if (!err) {
        made =
            fct_receipt_new(verdict.mail ? verdict.mail : mail, plan->target_name, verdict.refused,
                            verdict.refused_count, "not in the option allow (mode=allowlist)");
        err = made ? 0 : FACTEUR_ENOMEM;
    }
    if (err)
        fct_error_nomem(error);
    else if (verdict.mail)
        err = deliver(mailer, verdict.mail, deadline, made, error);
    else
        fct_receipt_fill_failed(made, FACTEUR_PERMANENT, FACTEUR_EPERMANENT,
                                "no recipient is in the option allow (mode=allowlist)");
    fct_mail_unref(verdict.mail);
    fct_free(verdict.refused);
    if (err)
        facteur_receipt_free(made);
    else
        *receipt = made;
    return err;
}

/* The refusal of a configuration, told as what became of the mail. */
static int tell_refusal(const fct_plan *plan, fct_mail *mail, facteur_error *cause,
                        facteur_receipt **receipt, facteur_error **error)
{
    *receipt = fct_receipt_new(mail, plan->target_name, NULL, 0, NULL);
    if (!*receipt)
        return fct_error_nomem(error);
    fct_receipt_fill_failed(*receipt, FACTEUR_TEMPORARY, FACTEUR_ECONFIG,
                            cause ? facteur_error_message(cause) : NULL);
    return 0;
}

int facteur_send(facteur_mailer *mailer, facteur_message *message, double deadline,
                 facteur_receipt **receipt, facteur_error **error)
{
    fct_mail *mail = NULL;
    int err = fct_dispatch_open(mailer, error);

    if (!err)
        err = freeze(&mailer->engine->plan, message, &mail, error);
    if (err)
        return err;
    err = send_mail(mailer, mail, deadline, receipt, error);
    fct_mail_unref(mail);
    return err;
}

int facteur_send_letter(facteur_mailer *mailer, facteur_message *message, double deadline,
                        facteur_receipt **receipt, facteur_error **error)
{
    fct_mail *mail = NULL;
    facteur_error *cause = NULL;
    int err = fct_dispatch_open(mailer, error);

    if (!err)
        err = freeze(&mailer->engine->plan, message, &mail, error);
    if (err)
        return err;
    err = send_mail(mailer, mail, deadline, receipt, &cause);
    if (err == FACTEUR_ECONFIG)
        err = tell_refusal(&mailer->engine->plan, mail, cause, receipt, error);
    else if (err)
        fct_error_set(error, err, NULL, "%s", facteur_error_text(err));
    facteur_error_free(cause);
    fct_mail_unref(mail);
    return err;
}
