/* SPDX-License-Identifier: MIT */
#include "mailer/sink.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/shortage.h"
#include "mailer/engine.h"
#include "mailer/receipt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- Memory ---------------------------------------------------------------------------------- */

static char *envelope_json(fct_mail *mail)
{
    json_t *root = json_object(), *to = json_array();
    int err = !root || !to;

    for (size_t i = 0; !err && i < fct_mail_recipient_count(mail); i++)
        err = json_array_append_new(to, fct_json_text(fct_mail_recipient(mail, i)));
    if (!err)
        err = fct_json_set(root, "from", fct_json_text(fct_mail_sender(mail))) ||
              json_object_set(root, "to", to);
    json_decref(to);
    if (err) {
        json_decref(root);
        return NULL;
    }
    return fct_json_take(root);
}

static void captured_done(struct fct_captured *captured)
{
    fct_free(captured->bytes);
    fct_free(captured->envelope);
}

static size_t size_of(const struct fct_captured *captured)
{
    return captured->len + strlen(captured->envelope);
}

/* Drop the oldest mails until there is room for one of `size` bytes. */
static void drop_oldest(fct_memory *memory, size_t size)
{
    size_t gone = 0;

    while (gone < memory->count && (memory->count - gone == FCT_MEMORY_MAX ||
                                    memory->bytes + size > FCT_MEMORY_BYTES_MAX)) {
        memory->bytes -= size_of(&memory->items[gone]);
        captured_done(&memory->items[gone++]);
    }
    if (!gone)
        return;
    memory->count -= gone;
    memmove(memory->items, memory->items + gone, memory->count * sizeof *memory->items);
}

static int make_room(fct_memory *memory)
{
    struct fct_captured *items;
    size_t cap = memory->cap ? memory->cap * 2 : 16;

    if (memory->count < memory->cap)
        return 0;
    items = fct_reallocarray(memory->items, cap, sizeof *items);
    if (!items)
        return FACTEUR_ENOMEM;
    memory->items = items;
    memory->cap = cap;
    return 0;
}

int fct_memory_add(fct_memory *memory, fct_mail *mail, facteur_error **error)
{
    struct fct_captured made = {0};
    fct_buf bytes = {0};
    int err = fct_mail_read(mail, &bytes, NULL);

    if (!err) {
        made.bytes = fct_buf_take(&bytes, &made.len);
        made.envelope = envelope_json(mail);
        err = !made.bytes || !made.envelope ? FACTEUR_ENOMEM : make_room(memory);
    }
    fct_buf_done(&bytes);
    if (!err) {
        drop_oldest(memory, size_of(&made));
        memory->items[memory->count++] = made;
        memory->bytes += size_of(&made);
        return 0;
    }
    captured_done(&made);
    return fct_error_standing(error, err);
}

void fct_memory_clear(fct_memory *memory)
{
    for (size_t i = 0; i < memory->count; i++)
        captured_done(&memory->items[i]);
    fct_free(memory->items);
    memset(memory, 0, sizeof *memory);
}

/* ---- Directory ------------------------------------------------------------------------------- */

int fct_directory_prepare(const char *path, const char *where, facteur_error **error)
{
    struct stat status;

    if (stat(path, &status) == 0) {
        if (S_ISDIR(status.st_mode))
            return 0;
        errno = ENOTDIR;
    } else if (errno == ENOENT && (mkdir(path, 0700) == 0 || errno == EEXIST)) {
        return 0;
    }
    return fct_error_set(error, FACTEUR_ECONFIG, where, "cannot make the directory \"%s\": %s",
                         path, strerror(errno));
}

static int write_run(int fd, fct_slice run)
{
    while (run.len) {
        ssize_t written = write(fd, run.ptr, run.len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return FACTEUR_EIO;
        run.ptr += written;
        run.len -= (size_t)written;
    }
    return 0;
}

static int write_content(int fd, fct_mail *mail)
{
    fct_mail_reader *reader = fct_mail_reader_new(mail);
    fct_slice run;
    bool stable;
    int got, err = 0;

    if (!reader)
        return FACTEUR_ENOMEM;
    while (!err && (got = fct_mail_reader_next(reader, &run, &stable)) != 0)
        err = got < 0 ? got : write_run(fd, run);
    fct_mail_reader_free(reader);
    return err;
}

/*
 * A name that sorts by time and has a random part: "20261123T100000.123456Z-0123456789abcdef.eml".
 */
static int make_name(fct_buf *name)
{
    unsigned char random[8];
    int64_t now_us = fct_clock_date_us();
    time_t now_s = (time_t)(now_us / 1000000);
    struct tm date;
    char stamp[32];

    if (fct_random(random, sizeof random) || !gmtime_r(&now_s, &date))
        return FACTEUR_EIO;
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%S", &date);
    fct_buf_addf(name, "%s.%06dZ-", stamp, (int)(now_us % 1000000));
    for (size_t i = 0; i < sizeof random; i++)
        fct_buf_addf(name, "%02x", random[i]);
    fct_buf_add_text(name, ".eml");
    return name->failed ? FACTEUR_ENOMEM : 0;
}

/* O_EXCL and O_NOFOLLOW: nobody who shares the directory can redirect the file with a link. */
static int write_file(int directory, fct_mail *mail, const char *draft, const char *name)
{
    int fd = openat(directory, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int err;

    if (fd < 0)
        return FACTEUR_EIO;
    err = write_content(fd, mail);
    if (close(fd) != 0 && !err)
        err = FACTEUR_EIO;
    if (!err && renameat(directory, draft, directory, name) != 0)
        err = FACTEUR_EIO;
    if (err) {
        int cause = errno;

        unlinkat(directory, draft, 0);
        errno = cause;
    }
    return err;
}

int fct_directory_write(const char *path, fct_mail *mail, fct_buf *name, facteur_error **error)
{
    fct_buf draft = {0};
    int err = make_name(name);
    int directory;

    fct_buf_add_char(&draft, '.');
    fct_buf_add(&draft, name->ptr, name->len);
    if (err || draft.failed) {
        fct_buf_done(&draft);
        return err == FACTEUR_EIO
                   ? fct_error_set(error, err, NULL, "the system provides no random numbers")
                   : fct_error_nomem(error);
    }
    errno = 0;
    directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    err = directory < 0 ? FACTEUR_EIO : write_file(directory, mail, draft.ptr, name->ptr);
    if (err == FACTEUR_EIO && fct_shortage_is(errno))
        err = fct_shortage_set(error, errno);
    else if (err == FACTEUR_EIO)
        fct_error_set(error, err, NULL, "cannot write a mail into \"%s\": %s", path,
                      errno ? strerror(errno) : "an attachment could not be read");
    else if (err)
        fct_error_standing(error, err);
    if (directory >= 0)
        close(directory);
    fct_buf_done(&draft);
    return err;
}

/* ---- Taking a mail --------------------------------------------------------------------------- */

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
    facteur_error *cause = NULL;
    fct_buf name = {0};
    int err = fct_directory_prepare(plan->directory, plan->directory_where, error);

    if (err)
        return err;
    err = fct_directory_write(plan->directory, mail, &name, &cause);
    if (!err)
        fct_receipt_fill_sent(receipt, name.ptr);
    else if (err == FACTEUR_ENOMEM)
        fct_error_nomem(error);
    else
        fct_receipt_fill_cause(receipt, FACTEUR_TEMPORARY, err, cause);
    fct_buf_done(&name);
    facteur_error_free(cause);
    return err == FACTEUR_ENOMEM ? err : 0;
}

int fct_sink_take(facteur_mailer *mailer, fct_mail *mail, facteur_receipt *receipt,
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
