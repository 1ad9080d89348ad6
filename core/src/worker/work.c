/* SPDX-License-Identifier: MIT */
#include "worker/work.h"

#include "base/error.h"
#include "base/memory.h"
#include "mime/sealed.h"
#include "outbox/schedule.h"
#include "relays/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define INDEX_ROOM 8 /* a recipient's number, and a space */

struct fct_work *fct_work_new(struct fct_worker *worker, const struct fct_claimed *row,
                              int64_t fence)
{
    struct fct_work *work = fct_calloc(1, sizeof *work);

    if (!work)
        return NULL;
    work->worker = worker;
    work->row = *row;
    work->fence = fence;
    work->verdict.id = row->id;
    work->verdict.state = FCT_ROW_READY;
    work->verdict.uncounted = true;
    work->verdict.next_us = row->next_us;
    fct_list_init(&work->link);
    atomic_init(&work->refs, 1);
    return work;
}

void fct_work_unref(struct fct_work *work)
{
    if (atomic_fetch_sub(&work->refs, 1) != 1)
        return;
    fct_mail_unref(work->task.mail);
    fct_event_host_unref(work->task.host);
    fct_free(work->recipients);
    fct_free(work->remaining);
    fct_free(work->suppressed);
    fct_free((char *)work->verdict.relay);
    fct_free((char *)work->verdict.reply);
    fct_free((char *)work->verdict.result);
    fct_free(work);
}

/* ---- Loading --------------------------------------------------------------------------------- */

static int refuse(const char *remaining, facteur_error **error)
{
    return fct_error_set(
        error, FACTEUR_EMESSAGE, "remaining",
        "the row's column remaining is \"%s\", which are no recipients of the mail", remaining);
}

/* "0 2 5": the numbers of recipients in the sealed mail. */
static int read_remaining(struct fct_work *work, fct_mail *mail, const char *remaining,
                          size_t *count, facteur_error **error)
{
    size_t most = fct_mail_recipient_count(mail);

    work->recipients = fct_calloc(most, sizeof *work->recipients);
    if (!work->recipients)
        return fct_error_nomem(error);
    for (const char *at = remaining; *at; at += *at == ' ') {
        char *end;
        unsigned long number = strtoul(at, &end, 10);

        if (end == at || number >= most || *count == most)
            return refuse(remaining, error);
        work->recipients[(*count)++] = (unsigned)number;
        at = end;
        if (*at && *at != ' ')
            return refuse(remaining, error);
    }
    return *count ? 0 : refuse(remaining, error);
}

static int narrow(struct fct_work *work, fct_mail **mail, const char *remaining,
                  facteur_error **error)
{
    const char **left = NULL;
    size_t count = 0;
    fct_mail *narrowed;
    int result = read_remaining(work, *mail, remaining, &count, error);

    if (result)
        return result;
    left = fct_calloc(count, sizeof *left);
    if (!left)
        return fct_error_nomem(error);
    for (size_t i = 0; i < count; i++)
        left[i] = fct_mail_recipient(*mail, work->recipients[i]);
    narrowed = fct_mail_with_recipients(*mail, left, count);
    fct_free(left);
    if (!narrowed)
        return fct_error_nomem(error);
    fct_mail_unref(*mail);
    *mail = narrowed;
    return 0;
}

int fct_work_load(struct fct_work *work, fct_slice bytes, const char *remaining,
                  facteur_error **error)
{
    fct_mail *mail = NULL;
    char envid[40];
    int result = fct_mail_load(bytes.ptr, bytes.len, &mail, error);

    if (!result) {
        snprintf(envid, sizeof envid, FCT_WORK_ENVID "%lld", (long long)work->row.id);
        fct_mail_name_envelope(mail, envid);
    }
    if (!result && remaining)
        result = narrow(work, &mail, remaining, error);
    if (!result)
        result = fct_error_standing(error, fct_work_take(work, mail));
    fct_mail_unref(mail);
    work->task.deadline_us = FCT_NEVER;
    work->task.span_us = FCT_WORK_SPAN_US;
    return result;
}

int fct_work_take(struct fct_work *work, fct_mail *mail)
{
    /* What is left must be known after the try, whatever memory there is then. */
    work->remaining = fct_calloc(fct_mail_recipient_count(mail), INDEX_ROOM);
    if (!work->remaining)
        return FACTEUR_ENOMEM;
    work->task.mail = fct_mail_ref(mail);
    return 0;
}

/* Whether an address is barred; then `reason` is fct_malloc'ed. */
static int find_bar(fct_store *store, const char *address, char **reason, facteur_error **error)
{
    struct fct_bars bars = {0};
    char *name = NULL;
    int result = fct_bar_address(address, &name, NULL);

    /* What is no address to us cannot be on the list. */
    if (result == FACTEUR_EMESSAGE)
        return 0;
    if (!result)
        result = fct_store_bars(store, FCT_BAR_ADDRESS, name, "", 1, &bars, error);
    if (!result && bars.count) {
        *reason = fct_strdup(bars.bars[0].reason);
        result = *reason ? 0 : FACTEUR_ENOMEM;
    }
    fct_free(name);
    fct_bars_done(&bars);
    return result == FACTEUR_ENOMEM ? fct_error_nomem(error) : result;
}

/* The mail for those whom `numbers` lists, of the mail as it is. */
static int keep_recipients(struct fct_work *work, const unsigned *numbers, size_t count,
                           facteur_error **error)
{
    const char **left = fct_calloc(count, sizeof *left);
    unsigned *sealed = fct_calloc(count, sizeof *sealed);
    fct_mail *narrowed = NULL;

    for (size_t i = 0; left && sealed && i < count; i++) {
        left[i] = fct_mail_recipient(work->task.mail, numbers[i]);
        sealed[i] = work->recipients ? work->recipients[numbers[i]] : numbers[i];
    }
    if (left && sealed)
        narrowed = fct_mail_with_recipients(work->task.mail, left, count);
    fct_free(left);
    if (!narrowed) {
        fct_free(sealed);
        return fct_error_nomem(error);
    }
    fct_free(work->recipients);
    work->recipients = sealed;
    fct_mail_unref(work->task.mail);
    work->task.mail = narrowed;
    return 0;
}

static int list_suppressed(struct fct_work *work, fct_store *store, unsigned *kept, size_t *count,
                           fct_buf *text, facteur_error **error)
{
    int result = 0;

    for (size_t i = 0; !result && i < fct_mail_recipient_count(work->task.mail); i++) {
        const char *address = fct_mail_recipient(work->task.mail, i);
        char *reason = NULL;

        result = find_bar(store, address, &reason, error);
        if (!reason)
            kept[(*count)++] = (unsigned)i;
        else
            fct_buf_addf(text, "%s%s is on the suppression list: %s", text->len ? "; " : "",
                         address, reason);
        fct_free(reason);
    }
    return result || !text->failed ? result : fct_error_nomem(error);
}

int fct_work_suppress(struct fct_work *work, fct_store *store, facteur_error **error)
{
    size_t all = fct_mail_recipient_count(work->task.mail), count = 0;
    unsigned *kept = fct_calloc(all, sizeof *kept);
    fct_buf text = {0};
    int result =
        kept ? list_suppressed(work, store, kept, &count, &text, error) : fct_error_nomem(error);

    if (!result && !count)
        result = fct_error_set(error, FACTEUR_EMESSAGE, "recipients", "%s", text.ptr);
    else if (!result && count < all)
        result = keep_recipients(work, kept, count, error);
    if (!result && count < all) {
        work->suppressed = fct_buf_take(&text, NULL);
        result = work->suppressed ? 0 : fct_error_nomem(error);
    }
    fct_free(kept);
    fct_buf_done(&text);
    return result;
}

void fct_work_name_owner(char owner[FCT_OWNER_ROOM])
{
    char host[32] = "";

    gethostname(host, sizeof host - 1);
    snprintf(owner, FCT_OWNER_ROOM, "%s %ld", host, (long)getpid());
}

/* ---- The verdict ------------------------------------------------------------------------------
 */

void fct_work_end(struct fct_work *work, enum fct_row_state state, const char *reply)
{
    work->verdict.state = state;
    work->verdict.uncounted = false;
    work->verdict.reply = reply ? fct_strdup(reply) : NULL;
}

static bool is_setup(const struct fct_recipient_outcome *recipient, const fct_outcome *outcome)
{
    return recipient->class != FCT_SENT && recipient->class != FCT_IN_DOUBT &&
           fct_verdict_is_setup(recipient->reply.code ? &recipient->reply : &outcome->reply);
}

/* Whether a recipient of the mail is to be tried again. */
static bool is_left(const struct fct_recipient_outcome *recipient, const fct_outcome *outcome,
                    enum fct_doubt_policy policy)
{
    return recipient->class == FCT_TEMPORARY || is_setup(recipient, outcome) ||
           (recipient->class == FCT_IN_DOUBT && policy == FCT_DOUBT_RETRY);
}

/* List the recipients of a mail that not all recipients got.  Returns how many are left. */
static size_t list_left(struct fct_work *work, const fct_outcome *outcome,
                        enum fct_doubt_policy policy)
{
    size_t len = 0, count = 0, room = fct_mail_recipient_count(work->task.mail) * INDEX_ROOM;

    work->remaining[0] = '\0';
    for (size_t i = 0; i < outcome->recipient_count; i++) {
        unsigned number = work->recipients ? work->recipients[i] : (unsigned)i;

        work->verdict.doubtful |= outcome->recipients[i].class == FCT_IN_DOUBT;
        work->refused_setup |= is_setup(&outcome->recipients[i], outcome);
        if (!is_left(&outcome->recipients[i], outcome, policy))
            continue;
        len += (size_t)snprintf(work->remaining + len, room - len, "%s%u", len ? " " : "", number);
        count++;
    }
    return count;
}

static void try_again(struct fct_work *work, int64_t now_us, uint32_t random)
{
    int64_t next_us = fct_schedule_next(now_us, work->row.attempts, work->row.expires_us, random);

    work->verdict.state = next_us ? FCT_ROW_READY : FCT_ROW_EXPIRED;
    work->verdict.next_us = next_us;
}

static void keep_words(struct fct_work *work, const fct_outcome *outcome)
{
    fct_buf text = {0};

    if (outcome->reply.code)
        fct_buf_addf(&text, "%d%s%s%s%s", outcome->reply.code, *outcome->reply.enhanced ? " " : "",
                     outcome->reply.enhanced, outcome->reply.text ? " " : "",
                     outcome->reply.text ? outcome->reply.text : "");
    else
        fct_buf_add_text(&text,
                         outcome->message ? outcome->message : facteur_error_text(outcome->error));
    work->verdict.reply = fct_buf_take(&text, NULL);
    work->verdict.relay = work->task.relay ? fct_strdup(work->task.relay) : NULL;
}

/* The relay refuses this site, or wants fewer mails: no fault of the mail, and no attempt. */
static void wait_for_relay(struct fct_work *work, int64_t now_us, uint32_t random,
                           unsigned throttled)
{
    work->verdict.state = FCT_ROW_READY;
    work->verdict.paused = true;
    work->verdict.uncounted = true;
    work->verdict.next_us = fct_schedule_next(now_us, throttled + 1, 0, random);
}

static enum fct_row_state end_of(const fct_outcome *outcome, size_t left,
                                 enum fct_doubt_policy policy)
{
    if (outcome->class == FCT_PERMANENT && !left)
        return FCT_ROW_FAILED;
    if (outcome->class == FCT_SENT && !left)
        return FCT_ROW_SENT;
    return outcome->class == FCT_IN_DOUBT && policy == FCT_DOUBT_HOLD ? FCT_ROW_HELD
                                                                      : FCT_ROW_READY;
}

void fct_work_judge(struct fct_work *work, const fct_outcome *outcome, enum fct_doubt_policy policy,
                    int64_t now_us, uint32_t random, unsigned throttled)
{
    size_t left = list_left(work, outcome, policy);

    keep_words(work, outcome);
    work->verdict.doubtful |= outcome->class == FCT_IN_DOUBT;
    if (outcome->class == FCT_TEMPORARY && outcome->error == FACTEUR_ECLOSED) {
        work->verdict.next_us = now_us;
        return;
    }
    work->throttled = !work->refused_setup && fct_verdict_is_complaint(outcome);
    work->verdict.uncounted = false;
    work->verdict.state = end_of(outcome, left, policy);
    if (work->verdict.state != FCT_ROW_READY)
        return;
    /* Recipients that have got it, or are refused for good, are done. */
    if (left && left < outcome->recipient_count)
        work->verdict.remaining = work->remaining;
    if (work->refused_setup || work->throttled)
        wait_for_relay(work, now_us, random, throttled);
    else
        try_again(work, now_us, random);
}
