/* SPDX-License-Identifier: MIT */
#include "mailer/journal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/printable.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define RECIPIENTS_MAX 20 /* of a line; the others are counted */

/* In the order of FCT_SYSLOG_WORDS, from its second one. */
static const int facilities[] = {LOG_MAIL,   LOG_USER,   LOG_DAEMON, LOG_LOCAL0,
                                 LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3, LOG_LOCAL4,
                                 LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};

/* ---- Where it goes --------------------------------------------------------------------------- */

/* Only a file of the option's own: a link could lead anywhere, a FIFO could wait for ever. */
static int open_log(const char *path)
{
    int fd = open(
        path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
    struct stat facts;

    if (fd < 0)
        return -1;
    if (fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode))
        return fd;
    close(fd);
    errno = EINVAL;
    return -1;
}

/* One write, so that the lines of several processes do not mix. */
static bool append(const char *path, const fct_buf *text)
{
    int fd = open_log(path), saved;
    ssize_t written;

    if (fd < 0)
        return false;
    written = write(fd, text->ptr, text->len);
    saved = written < 0 ? errno : ENOSPC;
    close(fd);
    errno = saved;
    return written == (ssize_t)text->len;
}

static void add_stamp(fct_buf *out)
{
    time_t now = (time_t)fct_clock_date_s();
    struct tm parts;
    char text[40];

    if (gmtime_r(&now, &parts) && strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ ", &parts))
        fct_buf_add_text(out, text);
}

static bool logs(const fct_plan *plan)
{
    return plan->syslog || plan->logfile;
}

/* Each of the lines ends with LF. */
static bool put_lines(const fct_plan *plan, const fct_buf *lines)
{
    fct_buf stamped = {0};
    bool good = true;

    for (size_t at = 0; at < lines->len;) {
        size_t len = strcspn(lines->ptr + at, "\n");

        if (plan->syslog)
            syslog(facilities[plan->syslog - 1] | LOG_INFO, "%.*s", (int)len, lines->ptr + at);
        add_stamp(&stamped);
        fct_buf_add(&stamped, lines->ptr + at, len + 1);
        at += len + 1;
    }
    if (plan->logfile && !stamped.failed)
        good = append(plan->logfile, &stamped);
    fct_buf_done(&stamped);
    return good;
}

/* ---- What it says ---------------------------------------------------------------------------- */

static void add_text(fct_buf *line, const char *name, const char *text)
{
    if (!*text)
        return;
    fct_buf_addf(line, " %s=", name);
    fct_printable_add(line, fct_slice_of(text));
}

static void add_address(fct_buf *line, const char *address)
{
    fct_buf_add_char(line, '<');
    fct_printable_add(line, fct_slice_of(address));
    fct_buf_add_char(line, '>');
}

static void add_reply(fct_buf *line, int code, const char *enhanced, const char *text)
{
    if (!code && !*text)
        return;
    fct_buf_add_text(line, " reply=\"");
    if (code)
        fct_buf_addf(line, "%d ", code);
    if (*enhanced)
        fct_buf_addf(line, "%s ", enhanced);
    fct_printable_add(line, fct_slice_of(text));
    fct_buf_add_char(line, '"');
}

static void add_sender(fct_buf *line, const fct_mail *mail)
{
    fct_buf_add_text(line, "from=");
    add_address(line, mail ? fct_mail_sender(mail) : "");
}

static void add_recipients(fct_buf *line, const fct_mail *mail)
{
    size_t count = mail ? fct_mail_recipient_count(mail) : 0;

    fct_buf_add_text(line, " to=");
    for (size_t i = 0; i < count && i < RECIPIENTS_MAX; i++) {
        fct_buf_add_text(line, i ? "," : "");
        add_address(line, fct_mail_recipient(mail, i));
    }
    if (count > RECIPIENTS_MAX)
        fct_buf_addf(line, ",+%zu", count - RECIPIENTS_MAX);
}

static void add_facts(fct_buf *line, const facteur_receipt *receipt)
{
    add_text(line, "relay", facteur_receipt_relay(receipt));
    add_text(line, "message_id", facteur_receipt_message_id(receipt));
}

static void add_mail(fct_buf *lines, const facteur_receipt *receipt)
{
    add_sender(lines, fct_receipt_mail(receipt));
    add_recipients(lines, fct_receipt_mail(receipt));
    add_text(lines, "status", facteur_receipt_status_name(receipt));
    add_facts(lines, receipt);
    add_text(lines, "queue_id", facteur_receipt_queue_id(receipt));
    add_reply(lines, facteur_receipt_reply_code(receipt), facteur_receipt_reply_enhanced(receipt),
              facteur_receipt_reply_text(receipt));
    if (!facteur_receipt_ok(receipt))
        add_text(lines, "error", facteur_receipt_error(receipt));
    fct_buf_add_char(lines, '\n');
}

static void add_refused(fct_buf *lines, const facteur_receipt *receipt, size_t index)
{
    add_sender(lines, fct_receipt_mail(receipt));
    fct_buf_add_text(lines, " to=");
    add_address(lines, facteur_receipt_rejected(receipt, index));
    add_text(lines, "status", "refused");
    add_facts(lines, receipt);
    add_reply(lines, facteur_receipt_rejected_code(receipt, index),
              facteur_receipt_rejected_enhanced(receipt, index),
              facteur_receipt_rejected_text(receipt, index));
    fct_buf_add_char(lines, '\n');
}

void fct_journal_mail(const fct_plan *plan, facteur_receipt *receipt)
{
    fct_buf lines = {0};

    if (!logs(plan))
        return;
    add_mail(&lines, receipt);
    for (size_t i = 0; i < facteur_receipt_rejected_count(receipt); i++)
        add_refused(&lines, receipt, i);
    if (!lines.failed && !put_lines(plan, &lines))
        fct_receipt_note(receipt, "logfile: \"%s\" cannot be written: %s", plan->logfile,
                         strerror(errno));
    fct_buf_done(&lines);
}

bool fct_journal_line(const fct_plan *plan, fct_slice text)
{
    fct_buf line = {0};
    bool good = true;

    if (!logs(plan))
        return true;
    fct_printable_add(&line, text);
    fct_buf_add_char(&line, '\n');
    if (!line.failed)
        good = put_lines(plan, &line);
    fct_buf_done(&line);
    return good;
}
