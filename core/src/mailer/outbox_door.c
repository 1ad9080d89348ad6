/* SPDX-License-Identifier: MIT */
/* The outbox of facteur.h: opening it, putting mails in, and working on it with a mailer. */
#include "mailer/outbox_door.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "mailer/engine.h"
#include "mailer/outbox_put.h"
#include "mailer/outbox_seal.h"
#include "mailer/receipt.h"
#include "worker/worker.h"

#include <stdio.h>
#include <string.h>

#define TOKEN_US 30000000u
#define QUIT_US 1000000u

int facteur_outbox_open(const char *url, int create, facteur_outbox **out, facteur_error **error)
{
    facteur_outbox *outbox = fct_calloc(1, sizeof *outbox);
    int result;

    if (!outbox)
        return fct_error_nomem(error);
    result = fct_store_open(url, create != 0, &outbox->store, error);
    if (result)
        fct_free(outbox);
    else
        *out = outbox;
    return result;
}

void facteur_outbox_close(facteur_outbox *outbox)
{
    if (!outbox)
        return;
    fct_store_close(outbox->store);
    fct_free(outbox);
}

int facteur_outbox_migrate(const char *url, unsigned *from, unsigned *to, facteur_error **error)
{
    int result = fct_store_migrate(url, from, error);

    if (!result)
        *to = FCT_STORE_SCHEMA;
    return result;
}

int facteur_outbox_schema(const char *dialect, char **sql, facteur_error **error)
{
    fct_buf text = {0};
    int result = fct_store_schema(dialect, &text, error);

    if (!result) {
        *sql = fct_buf_take(&text, NULL);
        result = *sql ? 0 : fct_error_nomem(error);
    }
    fct_buf_done(&text);
    return result;
}

/* ---- Enqueue --------------------------------------------------------------------------------- */

int facteur_outbox_enqueue(facteur_outbox *outbox, facteur_mailer *mailer, facteur_message *message,
                           const char *key, double not_before, double expires_at, int priority,
                           facteur_receipt **receipt, facteur_error **error)
{
    const struct fct_outbox_wish wish = {key, not_before, expires_at, priority};
    int64_t now_us = fct_clock_date_us();
    struct fct_outbox_seal seal;
    struct fct_put put;
    int result = fct_outbox_seal(mailer, message, &wish, now_us, &seal, error);

    if (result)
        return result;
    put = (struct fct_put){.mail = &seal.row, .receipt = seal.receipt};
    if (seal.mail)
        result = fct_put_all(outbox->store, &put, 1, now_us, error);
    if (!result)
        *receipt = fct_outbox_seal_take(&seal);
    fct_put_done(&put);
    fct_outbox_seal_done(&seal);
    return result;
}

/* ---- Work ------------------------------------------------------------------------------------ */

struct work {
    facteur_mailer *mailer;
    facteur_complaint complain;
    facteur_stop stop;
    void *user;
    uint64_t until_us; /* monotonic */
};

static void prepare(void *user)
{
    const struct work *work = user;

    if (!fct_mailer_has_tokens(work->mailer))
        fct_mailer_ask_tokens(work->mailer, fct_clock_now_us() + TOKEN_US);
}

static char *tell(void *user, struct fct_task *task, const fct_outcome *outcome)
{
    const struct work *work = user;
    facteur_receipt *receipt =
        fct_receipt_new(task->mail, work->mailer->engine->plan.target_name, NULL, 0, NULL);
    char *json;

    if (!receipt) {
        fct_free(task->transcript);
        return NULL;
    }
    if (task->relay)
        fct_receipt_name_relay(receipt, task->relay);
    fct_receipt_fill(receipt, outcome, task->attempts, task->transcript);
    json = facteur_receipt_json(receipt);
    facteur_receipt_free(receipt);
    return json;
}

static void complain(void *user, const facteur_error *error)
{
    const struct work *work = user;

    if (work->complain)
        work->complain(work->user, error);
}

static bool is_over(void *user)
{
    const struct work *work = user;

    return fct_clock_now_us() >= work->until_us || (work->stop && work->stop(work->user));
}

static char *counts_json(const struct fct_worker_counts *counts)
{
    const struct {
        const char *name;
        uint64_t number;
    } all[] = {{"sent", counts->sent},
               {"failed", counts->failed},
               {"retried", counts->retried},
               {"expired", counts->expired},
               {"held", counts->held},
               {"paused", counts->paused},
               {"rescued", counts->rescued},
               {"stale", counts->stale},
               {"quarantined", counts->quarantined}};
    json_t *root = json_object();

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (fct_json_set(root, all[i].name, json_integer((json_int_t)all[i].number))) {
            json_decref(root);
            return NULL;
        }
    }
    return fct_json_take(root);
}

static int check_mailer(const facteur_mailer *mailer, facteur_error **error)
{
    const fct_plan *plan = &mailer->engine->plan;
    int result = fct_mailer_check_open(mailer, error);

    if (!result && plan->target != FCT_TARGET_RELAY)
        result = fct_error_set(error, FACTEUR_ECONFIG, "dsn",
                               "dsn: a worker needs a relay, such as smtps://user:password@"
                               "smtp.example.com; %s is none",
                               plan->target_name);
    return result;
}

static int check_led(const facteur_mailer *mailer, facteur_error **error)
{
    if (!mailer->engine->plan.background)
        return 0;
    return fct_error_set(error, FACTEUR_ECONFIG, "background",
                         "background: a worker leads its mailer itself; leave the option out");
}

static uint64_t grace_us(double seconds)
{
    return seconds > 0 ? (uint64_t)((seconds < 86400 ? seconds : 86400) * 1e6) : 0;
}

static struct fct_worker_setup setup_for(struct work *work, fct_store *store)
{
    const fct_plan *plan = &work->mailer->engine->plan;

    return (struct fct_worker_setup){.store = store,
                                     .plan = plan,
                                     .window = facteur_mailer_window(work->mailer),
                                     .doubt = plan->hold_doubts ? FCT_DOUBT_HOLD : FCT_DOUBT_RETRY,
                                     .prepare = prepare,
                                     .tell = tell,
                                     .complain = complain,
                                     .is_over = is_over,
                                     .user = work};
}

static int run(const struct fct_worker_setup *setup, bool once, int stop_fd, double grace,
               char **json, facteur_error **error)
{
    fct_worker *worker = fct_worker_new(setup);
    int result;

    if (!worker)
        return fct_error_nomem(error);
    result = fct_worker_run(worker, once, stop_fd, grace_us(grace), error);
    if (!result) {
        *json = counts_json(fct_worker_counts(worker));
        result = *json ? 0 : fct_error_nomem(error);
    }
    fct_worker_free(worker);
    return result;
}

int facteur_outbox_work(facteur_outbox *outbox, facteur_mailer *mailer, int once, int stop_fd,
                        double grace, facteur_complaint told, void *user, char **json,
                        facteur_error **error)
{
    struct work work = {.mailer = mailer, .complain = told, .user = user, .until_us = UINT64_MAX};
    struct fct_worker_setup setup = setup_for(&work, outbox->store);
    int result = check_mailer(mailer, error);

    if (!result)
        result = check_led(mailer, error);
    if (!result)
        result = fct_engine_find_driver(mailer->engine, "", &setup.driver, error);
    return result ? result : run(&setup, once != 0, stop_fd, grace, json, error);
}

/* Connections of its own: the mailer's may be in use by other threads. */
int facteur_work(facteur_mailer *mailer, double seconds, unsigned limit, double grace,
                 facteur_stop stop, void *user, char **json, facteur_error **error)
{
    struct work work = {.mailer = mailer, .stop = stop, .user = user, .until_us = UINT64_MAX};
    struct fct_worker_setup setup = setup_for(&work, NULL);
    fct_driver *shared = NULL;
    int result = check_mailer(mailer, error);

    if (!result)
        result = fct_mailer_check_outbox(mailer, error);
    if (!result)
        result = fct_engine_find_driver(mailer->engine, "", &shared, error);
    if (!result)
        result = fct_engine_take_store(mailer->engine, FCT_STORE_WAIT_US, &setup.store, error);
    if (result)
        return result;
    if (seconds > 0)
        work.until_us = fct_clock_now_us() + grace_us(seconds);
    setup.limit = limit;
    setup.driver = fct_driver_new(&mailer->engine->plan);
    if (setup.driver) {
        fct_driver_be_led(setup.driver);
        result = run(&setup, true, -1, grace, json, error);
        fct_driver_close(setup.driver, QUIT_US);
        fct_driver_free(setup.driver);
    } else {
        result = fct_error_nomem(error);
    }
    fct_engine_give_store(mailer->engine, setup.store, result == 0);
    return result;
}
