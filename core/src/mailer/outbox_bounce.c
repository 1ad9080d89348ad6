/* SPDX-License-Identifier: MIT */
/*
 * What came back for a mail of the outbox: noted in its row, and whoever does not exist, or
 * complained, is put on the suppression list.  Anybody can write a report, so one counts only for a
 * row that it names, and for a recipient of that row.
 */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "mailer/outbox_json.h"
#include "mime/report.h"
#include "mime/token.h"
#include "relays/verdict.h"
#include "worker/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_MAX (64u << 20)
#define ROWS_MAX 100

/* ---- Which row ------------------------------------------------------------------------------- */

static int find_rows(fct_store *store, const struct fct_report *report, struct fct_store_rows *rows,
                     facteur_error **error)
{
    struct fct_store_filter filter = {.limit = ROWS_MAX};
    size_t prefix = strlen(FCT_WORK_ENVID);
    int result = 0;

    if (strncmp(report->envid, FCT_WORK_ENVID, prefix) == 0)
        filter.id = strtoll(report->envid + prefix, NULL, 10);
    if (*report->message_id)
        filter.message_id = report->message_id;
    if (filter.id > 0)
        result = fct_store_list(store, &filter, rows, error);
    /* The envelope id may be another outbox's. */
    filter.id = 0;
    if (!result && !rows->count && filter.message_id)
        result = fct_store_list(store, &filter, rows, error);
    return result;
}

/* Whether the row went to this address; its texts are joined with ", ". */
static bool went_to(const struct fct_store_row *row, const char *address)
{
    fct_slice wanted = fct_slice_of(address);
    const char *at = row->recipients;

    while (*at && wanted.len) {
        const char *end = strstr(at, ", ");
        size_t len = end ? (size_t)(end - at) : strlen(at);

        if (fct_slice_equal_nocase((fct_slice){at, len}, wanted))
            return true;
        at += len + (end ? 2 : 0);
    }
    return false;
}

/* The recipient of the row that this part of the report is about, or NULL. */
static const char *recipient_of(const struct fct_store_row *row,
                                const struct fct_report_recipient *recipient)
{
    if (went_to(row, recipient->address))
        return recipient->address;
    return went_to(row, recipient->final) ? recipient->final : NULL;
}

static const struct fct_store_row *choose_row(const struct fct_store_rows *rows,
                                              const struct fct_report *report)
{
    for (size_t i = 0; i < rows->count; i++) {
        for (size_t k = 0; k < report->recipient_count; k++) {
            if (recipient_of(&rows->rows[i], &report->recipients[k]))
                return &rows->rows[i];
        }
    }
    return rows->count ? &rows->rows[0] : NULL;
}

/* ---- What it means --------------------------------------------------------------------------- */

static bool says_gone(const char *text)
{
    static const fct_slice words[] = {
        FCT_SLICE("user unknown"),       FCT_SLICE("unknown user"),
        FCT_SLICE("no such user"),       FCT_SLICE("no such recipient"),
        FCT_SLICE("does not exist"),     FCT_SLICE("doesn't exist"),
        FCT_SLICE("no mailbox here"),    FCT_SLICE("mailbox not found"),
        FCT_SLICE("invalid recipient"),  FCT_SLICE("recipient not found"),
        FCT_SLICE("recipient unknown"),  FCT_SLICE("unknown recipient"),
        FCT_SLICE("user not found"),     FCT_SLICE("doesn't have a"),
        FCT_SLICE("no such mailbox"),    FCT_SLICE("no such address"),
        FCT_SLICE("unrouteable address")};

    for (const char *at = text; *at; at++) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            if (fct_slice_starts_nocase(fct_slice_of(at), words[i]))
                return true;
        }
    }
    return false;
}

/* Whether the address will never take a mail: not a full mailbox, not a policy, not our set-up. */
static bool is_gone(const struct fct_report_recipient *recipient)
{
    static const char *const gone[] = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"};
    static const char *const vague[] = {"", "5.0.0", "5.1.0", "5.2.0", "5.3.0", "5.4.4", "5.5.0"};
    fct_reply reply = {.code = 550, .text = recipient->diagnostic};

    snprintf(reply.enhanced, sizeof reply.enhanced, "%s", recipient->status);
    if (strcmp(recipient->action, "failed") != 0 || fct_verdict_is_setup(&reply))
        return false;
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        if (strcmp(recipient->status, gone[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof vague / sizeof vague[0]; i++) {
        if (strcmp(recipient->status, vague[i]) == 0)
            return says_gone(recipient->diagnostic);
    }
    return false;
}

static bool is_complaint(const char *feedback)
{
    return strcmp(feedback, "abuse") == 0 || strcmp(feedback, "fraud") == 0 ||
           strcmp(feedback, "opt-out") == 0 || strcmp(feedback, "opt-out-list") == 0;
}

static const char *event_of(const struct fct_report *report,
                            const struct fct_report_recipient *recipient)
{
    if (report->kind == FCT_REPORT_COMPLAINT)
        return "complained";
    if (strcmp(recipient->action, "failed") == 0)
        return "bounced";
    return strcmp(recipient->action, "delayed") == 0 ? "delayed" : "delivered";
}

/* ---- Recording ------------------------------------------------------------------------------- */

struct record {
    fct_store *store;
    const struct fct_report *report;
    const struct fct_store_row *row;
    json_t *list;
    int64_t now_us;
};

static int suppress(const struct record *r, const char *address, const char *reason,
                    facteur_error **error)
{
    struct fct_bar bar = {.reason = (char *)reason, .mail_id = r->row->id};
    int result = fct_bar_address(address, &bar.name, error);

    if (!result)
        result = fct_store_bar(r->store, FCT_BAR_ADDRESS, &bar, r->now_us, error);
    fct_free(bar.name);
    return result;
}

static int list_recipient(const struct record *r, const struct fct_report_recipient *recipient,
                          const char *address, bool suppressed)
{
    json_t *object = json_object();
    int err =
        fct_json_set(object, "address", fct_json_text(address ? address : recipient->address));

    err |= fct_json_set(object, "event", fct_json_text(event_of(r->report, recipient)));
    err |= fct_json_set(object, "status", fct_outbox_text_json(recipient->status));
    err |= fct_json_set(object, "text", fct_outbox_text_json(recipient->diagnostic));
    err |= fct_json_set(object, "known", json_boolean(address != NULL));
    err |= fct_json_set(object, "suppressed", json_boolean(suppressed));
    if (!err)
        return json_array_append_new(r->list, object);
    json_decref(object);
    return -1;
}

/* Note it, and suppress the address where it is a recipient of the row. */
static int record_recipient(const struct record *r, const struct fct_report_recipient *recipient,
                            const char *address, facteur_error **error)
{
    bool complaint = r->report->kind == FCT_REPORT_COMPLAINT;
    bool bars = address && (complaint ? is_complaint(r->report->feedback) : is_gone(recipient));
    struct fct_event event = {.at_us = r->now_us, .what = (char *)event_of(r->report, recipient)};
    fct_buf text = {0};
    int result;

    fct_buf_addf(&text, "%s: %s%s%s", address ? address : recipient->address, recipient->status,
                 *recipient->status ? " " : "",
                 complaint ? r->report->feedback : recipient->diagnostic);
    event.text = text.ptr;
    result = text.failed ? fct_error_nomem(error)
                         : fct_store_note(r->store, r->row->id, 0, &event, error);
    if (!result && bars)
        result = suppress(r, address, text.ptr, error);
    if (!result && list_recipient(r, recipient, address, bars))
        result = fct_error_nomem(error);
    fct_buf_done(&text);
    return result;
}

/* Providers blacken the address of who complained: of one recipient it can be no other. */
static const char *only_recipient(const struct record *r)
{
    return r->report->kind == FCT_REPORT_COMPLAINT && !strstr(r->row->recipients, ", ")
               ? r->row->recipients
               : NULL;
}

static int record_all(const struct record *r, facteur_error **error)
{
    static const struct fct_report_recipient nobody = {
        .address = (char *)"", .final = (char *)"", .diagnostic = (char *)""};
    int result = fct_store_begin(r->store, error);

    if (result)
        return result;
    for (size_t i = 0; !result && i < r->report->recipient_count; i++) {
        const struct fct_report_recipient *recipient = &r->report->recipients[i];
        const char *address = recipient_of(r->row, recipient);

        result = record_recipient(r, recipient, address ? address : only_recipient(r), error);
    }
    if (!result && !r->report->recipient_count)
        result = record_recipient(r, &nobody, only_recipient(r), error);
    if (!result)
        return fct_store_commit(r->store, error);
    fct_store_rollback(r->store);
    return result;
}

static int give_json(const struct record *r, char **json, facteur_error **error)
{
    json_t *object = json_object();
    bool complaint = r->report->kind == FCT_REPORT_COMPLAINT;
    int err = fct_json_set(object, "kind", json_string(complaint ? "complaint" : "delivery"));

    err |= fct_json_set(object, "feedback", fct_outbox_text_json(r->report->feedback));
    err |= fct_json_set(object, "id", json_integer(r->row->id));
    err |= fct_json_set(object, "key", fct_outbox_text_json(r->row->key));
    err |= fct_json_set(object, "message_id", fct_json_text(r->row->message_id));
    err |= fct_json_set(object, "recipients", json_incref(r->list));
    if (!err)
        return fct_outbox_take_json(object, json, error);
    json_decref(object);
    return fct_error_nomem(error);
}

static int record(fct_store *store, const struct fct_report *report, char **json,
                  facteur_error **error)
{
    struct fct_store_rows rows = {0};
    struct record r = {.store = store, .report = report, .now_us = fct_clock_date_us()};
    int result = find_rows(store, report, &rows, error);

    r.row = choose_row(&rows, report);
    r.list = json_array();
    if (!result && !r.row)
        result = fct_error_set(error, FACTEUR_EMESSAGE, "report",
                               "report: it names no mail of this outbox (Message-ID \"%s\")",
                               report->message_id);
    if (!result && !r.list)
        result = fct_error_nomem(error);
    if (!result)
        result = record_all(&r, error);
    if (!result)
        result = give_json(&r, json, error);
    json_decref(r.list);
    fct_store_rows_done(&rows);
    return result;
}

int facteur_outbox_bounce(facteur_outbox *outbox, const char *bytes, size_t len, char **json,
                          facteur_error **error)
{
    struct fct_report report;
    int result;

    if (len > REPORT_MAX)
        return fct_error_set(error, FACTEUR_EMESSAGE, "report", "report: larger than %u MB",
                             REPORT_MAX >> 20);
    result = fct_report_read(&report, (fct_slice){bytes, len});
    if (result)
        return fct_error_nomem(error);
    if (report.kind == FCT_REPORT_NONE)
        result = fct_error_set(error, FACTEUR_EMESSAGE, "report",
                               "report: this is neither a delivery report (RFC 3464) nor a "
                               "complaint (RFC 5965)");
    else
        result = record(outbox->store, &report, json, error);
    fct_report_done(&report);
    return result;
}
