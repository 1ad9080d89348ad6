/* SPDX-License-Identifier: MIT */
/* What takes a mail: the relays, a directory, memory, nothing. */
#include "mailer/dispatch.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "mailer/receipt.h"
#include "mime/bounds.h"

#define DEADLINE_MAX_S 86400.0

int fct_dispatch_open(const facteur_mailer *mailer, facteur_error **error)
{
    if (!atomic_load(&mailer->closed))
        return 0;
    return fct_error_set(error, FACTEUR_ECLOSED, NULL, "%s", facteur_error_text(FACTEUR_ECLOSED));
}

static uint64_t deadline_of(const fct_plan *plan, double seconds)
{
    uint64_t now_us = fct_clock_now_us();

    /* Written so that a NaN takes the option's way. */
    if (!(seconds > 0))
        return now_us + (uint64_t)fct_options_get(&plan->options, FCT_OPT_deadline)->number;
    return now_us + (uint64_t)((seconds < DEADLINE_MAX_S ? seconds : DEADLINE_MAX_S) * 1e6);
}

int fct_dispatch_prepare(facteur_mailer *mailer, struct fct_errand *errand, const char *sender,
                         double deadline, facteur_error **error)
{
    fct_engine *engine = mailer->engine;
    fct_runtime *runtime = fct_engine_runtime(engine);
    int err;

    errand->job.deadline_us = deadline_of(&engine->plan, deadline);
    if (!runtime)
        return fct_error_nomem(error);
    pthread_mutex_lock(&runtime->lock);
    err = fct_plan_complete(&engine->plan, sender, error);
    pthread_mutex_unlock(&runtime->lock);
    errand->driver = runtime->driver;
    return err;
}

bool fct_dispatch_has_tokens(const facteur_mailer *mailer)
{
    const fct_plan *plan = &mailer->engine->plan;

    for (unsigned i = 0; i < plan->member_count; i++) {
        if (plan->members[i].tokens && !fct_bearer_is_good(plan->members[i].tokens))
            return false;
    }
    return true;
}

void fct_dispatch_ask(const facteur_mailer *mailer, uint64_t deadline_us)
{
    const fct_plan *plan = &mailer->engine->plan;

    for (unsigned i = 0; i < plan->member_count; i++) {
        if (plan->members[i].tokens)
            fct_bearer_ensure(plan->members[i].tokens, &mailer->callback, deadline_us);
    }
}

static int tell(int err, facteur_error **error)
{
    return err ? fct_error_set(error, err, NULL, "%s", facteur_error_text(err)) : 0;
}

int fct_dispatch_submit(struct fct_errand *errand, facteur_error **error)
{
    return tell(fct_driver_submit(errand->driver, errand), error);
}

int fct_dispatch_run(facteur_mailer *mailer, struct fct_errand *errand, const char *sender,
                     double deadline, facteur_error **error)
{
    int err = fct_dispatch_prepare(mailer, errand, sender, deadline, error);

    if (err)
        return err;
    fct_dispatch_ask(mailer, errand->job.deadline_us);
    return tell(fct_driver_run(errand->driver, errand), error);
}

/* ---- Relay ----------------------------------------------------------------------------------- */

void fct_dispatch_take(struct fct_errand *errand, const fct_outcome *outcome)
{
    facteur_delivery *delivery = errand->user;

    if (outcome->class == FCT_TEMPORARY && errand->job.attempts == 0 && !errand->unwanted &&
        (outcome->error == FACTEUR_ECLOSED || outcome->error == FACTEUR_ECONFIG))
        delivery->untried = outcome->error;
    if (errand->job.relay)
        fct_receipt_name_relay(delivery->receipt, errand->job.relay);
    fct_receipt_fill(delivery->receipt, outcome, errand->job.attempts, errand->job.transcript);
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

int fct_dispatch_sink(facteur_mailer *mailer, fct_mail *mail, facteur_receipt *receipt,
                      facteur_error **error)
{
    const fct_plan *plan = &mailer->engine->plan;

    if (plan->target == FCT_TARGET_FILE)
        return send_to_directory(plan, mail, receipt, error);
    if (plan->target == FCT_TARGET_MEMORY)
        return send_to_memory(mailer, mail, receipt, error);
    fct_receipt_fill_sent(receipt, "");
    return 0;
}

/* ---- Freezing -------------------------------------------------------------------------------- */

static uint64_t number_of(const fct_plan *plan, enum fct_option option)
{
    return (uint64_t)fct_options_get(&plan->options, option)->number;
}

static int check_bounds(const fct_plan *plan, const facteur_message *message, fct_mail **mail,
                        facteur_error **error)
{
    struct fct_bounds bounds = {
        .recipients = number_of(plan, FCT_OPT_max_recipients),
        .parts = number_of(plan, FCT_OPT_max_parts),
        .header_bytes = number_of(plan, FCT_OPT_max_header_bytes),
        .message_bytes = number_of(plan, FCT_OPT_max_message_bytes),
    };
    int err = fct_bounds_check(&bounds, message, *mail, error);

    if (err) {
        fct_mail_unref(*mail);
        *mail = NULL;
    }
    return err;
}

int fct_dispatch_freeze(const fct_plan *plan, facteur_message *message, fct_mail **mail,
                        facteur_error **error)
{
    struct fct_freeze facts = {
        .default_from = fct_options_get(&plan->options, FCT_OPT_default_from)->text,
        .date_s = fct_clock_date_s(),
    };
    int err = fct_message_lacks_id(message) ? fct_random(facts.random, sizeof facts.random) : 0;

    if (err)
        return fct_error_set(error, err, NULL, "the system gives no randomness");
    err = fct_message_freeze(message, &facts, mail, error);
    return err ? err : check_bounds(plan, message, mail, error);
}
