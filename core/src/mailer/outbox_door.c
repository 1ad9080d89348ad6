/* SPDX-License-Identifier: MIT */
/* The outbox of facteur.h: opening it, putting mails in, and working on it with a mailer. */
#include "mailer/outbox_door.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "mailer/engine.h"
#include "mailer/prepare.h"
#include "mailer/receipt.h"
#include "mime/sealed.h"
#include "mime/token.h"
#include "worker/worker.h"

#include <stdio.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)
#define TOKEN_US 30000000u
#define TIME_MAX_S 1e11

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

/* ---- Enqueue --------------------------------------------------------------------------------- */

/* Joined with ", ", as people read it. */
static char *join_recipients(const fct_mail *mail)
{
    fct_buf text = {0};

    for (size_t i = 0; i < fct_mail_recipient_count(mail); i++) {
        if (i)
            fct_buf_add_text(&text, ", ");
        fct_buf_add_text(&text, fct_mail_recipient(mail, i));
    }
    return fct_buf_take(&text, NULL);
}

static int fill_receipt(fct_store *store, int64_t id, bool duplicate, facteur_receipt *receipt,
                        facteur_error **error)
{
    struct fct_store_filter filter = {.id = id, .limit = 1};
    struct fct_store_rows rows = {0};
    char text[24];
    int result = duplicate ? fct_store_list(store, &filter, &rows, error) : 0;

    snprintf(text, sizeof text, "%lld", (long long)id);
    if (!result)
        fct_receipt_fill_queued(receipt, text,
                                !duplicate   ? NULL
                                : rows.count ? rows.rows[0].message_id
                                             : "");
    fct_store_rows_done(&rows);
    return result;
}

static int put(fct_store *store, fct_mail *mail, struct fct_store_mail *row,
               facteur_receipt *receipt, facteur_error **error)
{
    fct_buf bytes = {0};
    char *recipients = join_recipients(mail);
    bool duplicate = false;
    int64_t id = 0;
    int result = recipients ? fct_mail_store(mail, &bytes, error) : fct_error_nomem(error);

    row->sender = fct_mail_sender(mail);
    row->recipients = recipients;
    row->message_id = fct_mail_message_id(mail);
    row->bytes = (fct_slice){bytes.ptr, bytes.len};
    if (!result)
        result = fct_store_enqueue(store, row, fct_clock_date_us(), &id, &duplicate, error);
    if (!result)
        result = fill_receipt(store, id, duplicate, receipt, error);
    fct_buf_done(&bytes);
    fct_free(recipients);
    return result;
}

static int read_time(const char *name, double seconds, int64_t *us, facteur_error **error)
{
    if (!(seconds >= 0 && seconds < TIME_MAX_S))
        return fct_error_set(error, FACTEUR_EMESSAGE, name,
                             "%s: expected seconds since 1970, got %g", name, seconds);
    *us = (int64_t)(seconds * 1e6);
    return 0;
}

static int read_times(struct fct_store_mail *row, double not_before, double expires_at,
                      facteur_error **error)
{
    int64_t now_us = fct_clock_date_us();
    int result = read_time("not_before", not_before, &row->not_before_us, error);

    if (!result)
        result = read_time("expires_at", expires_at, &row->expires_us, error);
    if (!result && !row->expires_us)
        row->expires_us = (row->not_before_us > now_us ? row->not_before_us : now_us) + 2 * DAY_US;
    return result;
}

/* What a letter is called in its row. */
struct label {
    char kind[64];
    char key[64 + FCT_DIGEST_TEXT];
};

/*
 * The kind of a letter and its own key, both out of "order_confirmation:Shop:7".  A key that no row
 * may have becomes a digest.
 */
static int name_letter(struct fct_store_mail *row, const facteur_message *message,
                       struct label *label, facteur_error **error)
{
    const char *own = facteur_message_key(message);
    fct_slice key = fct_slice_of(own ? own : "");
    char digest[FCT_DIGEST_TEXT];

    snprintf(label->kind, sizeof label->kind, "%.*s", (int)strcspn(key.ptr, ":"), key.ptr);
    row->kind = label->kind;
    if (row->key || !key.len)
        return 0;
    row->key = key.ptr;
    if (key.len <= FCT_STORE_KEY_MAX && !fct_has_control(key))
        return 0;
    if (!fct_digest_text(&key, 1, digest))
        return fct_error_nomem(error);
    snprintf(label->key, sizeof label->key, "%s:%s", label->kind, digest);
    row->key = label->key;
    return 0;
}

int facteur_outbox_enqueue(facteur_outbox *outbox, facteur_mailer *mailer, facteur_message *message,
                           const char *key, double not_before, double expires_at, int priority,
                           facteur_receipt **receipt, facteur_error **error)
{
    struct fct_store_mail row = {
        .key = key, .priority = priority < 0 ? FCT_STORE_PRIORITY : (unsigned)priority};
    struct fct_prepared prepared;
    struct label label;
    int result = fct_mailer_check_open(mailer, error);

    if (!result)
        result = name_letter(&row, message, &label, error);
    if (!result)
        result = read_times(&row, not_before, expires_at, error);
    if (!result)
        result = fct_prepare(&mailer->engine->plan, message, 0, &prepared, error);
    if (result)
        return result;
    if (prepared.mail)
        result = put(outbox->store, prepared.mail, &row, prepared.receipt, error);
    fct_mail_unref(prepared.mail);
    if (result)
        facteur_receipt_free(prepared.receipt);
    else
        *receipt = prepared.receipt;
    return result;
}

/* ---- Work ------------------------------------------------------------------------------------ */

struct work {
    facteur_mailer *mailer;
    facteur_complaint complain;
    void *user;
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

static char *counts_json(const struct fct_worker_counts *counts)
{
    const struct {
        const char *name;
        uint64_t number;
    } all[] = {{"sent", counts->sent},       {"failed", counts->failed},
               {"retried", counts->retried}, {"expired", counts->expired},
               {"held", counts->held},       {"rescued", counts->rescued},
               {"stale", counts->stale},     {"quarantined", counts->quarantined}};
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
    if (!result && plan->background)
        result =
            fct_error_set(error, FACTEUR_ECONFIG, "background",
                          "background: a worker leads its mailer itself; leave the option out");
    return result;
}

static uint64_t grace_us(double seconds)
{
    return seconds > 0 ? (uint64_t)((seconds < 86400 ? seconds : 86400) * 1e6) : 0;
}

int facteur_outbox_work(facteur_outbox *outbox, facteur_mailer *mailer, int once, int stop_fd,
                        double grace, facteur_complaint told, void *user, char **json,
                        facteur_error **error)
{
    struct work work = {mailer, told, user};
    struct fct_worker_setup setup = {.store = outbox->store,
                                     .window = facteur_mailer_window(mailer),
                                     .doubt = FCT_DOUBT_RETRY,
                                     .prepare = prepare,
                                     .tell = tell,
                                     .complain = complain,
                                     .user = &work};
    fct_worker *worker;
    int result = check_mailer(mailer, error);

    if (!result)
        result = fct_engine_find_driver(mailer->engine, "", &setup.driver, error);
    if (result)
        return result;
    worker = fct_worker_new(&setup);
    if (!worker)
        return fct_error_nomem(error);
    result = fct_worker_run(worker, once != 0, stop_fd, grace_us(grace), error);
    if (!result) {
        *json = counts_json(fct_worker_counts(worker));
        result = *json ? 0 : fct_error_nomem(error);
    }
    fct_worker_free(worker);
    return result;
}
