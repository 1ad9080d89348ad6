/* SPDX-License-Identifier: MIT */
#include "mime/mail.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/shortage.h"
#include "base/utf8.h"
#include "mime/command_word.h"
#include "mime/content.h"
#include "mime/encoding.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whole lines of base64 that fill at most 64 KiB, so that only a file's last block has padding. */
#define BLOCK_LINES 840
#define BLOCK_IN (BLOCK_LINES * FCT_BASE64_LINE_IN)
#define BLOCK_OUT (BLOCK_LINES * FCT_BASE64_LINE_OUT)

/* Shared by mails that differ only in their envelope or head. */
struct shared {
    atomic_uint refs;
    fct_content content;
    char *message_id;
    fct_terms terms;
    fct_labels labels;
    fct_notes notes;
    unsigned needs;
    uint64_t size;
};

struct fct_mail {
    atomic_uint refs;
    struct shared *shared;
    char *sender;
    unsigned needs; /* those of the envelope; the content has its own */
    size_t recipient_count;
    char **recipients; /* the texts follow the pointers in the same block */
    char *head;        /* fields before the content, or NULL */
    size_t head_len;
    fct_mail *plain; /* its form for relays without SMTPUTF8, or NULL */
    unsigned plain_done;
};

struct fct_mail_reader {
    fct_mail *mail;
    bool begun;  /* the head has been returned */
    size_t at;   /* in the bytes */
    size_t file; /* the next file */
    int fd;      /* of that file while it is being read (not of a spool), or -1 */
    bool open;   /* a file or spool is being read */
    uint64_t left;
    char *in, *out;
};

static void shared_unref(struct shared *shared)
{
    if (!shared || atomic_fetch_sub(&shared->refs, 1) != 1)
        return;
    fct_content_done(&shared->content);
    fct_free(shared->message_id);
    fct_labels_done(&shared->labels);
    fct_notes_done(&shared->notes);
    fct_free(shared);
}

static char **copy_recipients(const char *const *recipients, size_t count)
{
    size_t size = count * sizeof(char *);
    char **copy, *text;

    for (size_t i = 0; i < count; i++)
        size += strlen(recipients[i]) + 1;
    copy = fct_malloc(size);
    if (!copy)
        return NULL;
    text = (char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(recipients[i]) + 1;

        copy[i] = memcpy(text, recipients[i], len);
        text += len;
    }
    return copy;
}

static unsigned needs_of(const char *sender, const char *const *recipients, size_t count)
{
    bool ascii = fct_is_ascii(fct_slice_of(sender));

    for (size_t i = 0; ascii && i < count; i++)
        ascii = fct_is_ascii(fct_slice_of(recipients[i]));
    return ascii ? 0 : FCT_NEEDS_SMTPUTF8;
}

/* Takes over one reference of `shared`, also when it fails. */
static fct_mail *make(struct shared *shared, const char *sender, const char *const *recipients,
                      size_t count)
{
    fct_mail *mail = fct_calloc(1, sizeof *mail);

    if (!mail) {
        shared_unref(shared);
        return NULL;
    }
    atomic_init(&mail->refs, 1);
    mail->shared = shared;
    mail->sender = fct_strdup(sender);
    mail->recipients = copy_recipients(recipients, count);
    mail->recipient_count = count;
    mail->needs = needs_of(sender, recipients, count);
    if (!mail->sender || !mail->recipients) {
        fct_mail_unref(mail);
        return NULL;
    }
    return mail;
}

static uint64_t size_of(const fct_content *content)
{
    uint64_t size = content->bytes.len;

    for (size_t i = 0; i < content->file_count; i++)
        size += fct_base64_lines_len(content->files[i].size);
    return size;
}

fct_mail *fct_mail_new(fct_content *content, const char *sender, const char *const *recipients,
                       size_t count, const char *message_id, unsigned needs)
{
    struct shared *shared = fct_calloc(1, sizeof *shared);

    if (!shared) {
        fct_content_done(content);
        return NULL;
    }
    atomic_init(&shared->refs, 1);
    shared->content = *content;
    *content = (fct_content){0};
    shared->needs = needs;
    shared->size = size_of(&shared->content);
    shared->message_id = fct_strdup(message_id);
    if (!shared->message_id || shared->content.bytes.failed) {
        shared_unref(shared);
        return NULL;
    }
    return make(shared, sender, recipients, count);
}

/* A mail with this one's content and head, more fields before them, and these recipients. */
static fct_mail *variant(const fct_mail *mail, fct_slice fields, const char *const *recipients,
                         size_t count)
{
    size_t len = fields.len + mail->head_len;
    fct_mail *copy;

    atomic_fetch_add(&mail->shared->refs, 1);
    copy = make(mail->shared, mail->sender, recipients, count);
    if (copy && mail->plain) {
        copy->plain = variant(mail->plain, fields, recipients, count);
        copy->plain_done = mail->plain_done;
        if (!copy->plain) {
            fct_mail_unref(copy);
            return NULL;
        }
    }
    if (!copy || !len)
        return copy;
    copy->head = fct_malloc(len);
    if (!copy->head) {
        fct_mail_unref(copy);
        return NULL;
    }
    if (fields.len)
        memcpy(copy->head, fields.ptr, fields.len);
    if (mail->head_len)
        memcpy(copy->head + fields.len, mail->head, mail->head_len);
    copy->head_len = len;
    return copy;
}

fct_mail *fct_mail_with_recipients(fct_mail *mail, const char *const *recipients, size_t count)
{
    return variant(mail, FCT_SLICE(""), recipients, count);
}

fct_mail *fct_mail_with_head(fct_mail *mail, const char *fields, size_t len)
{
    return variant(mail, (fct_slice){fields, len}, (const char *const *)mail->recipients,
                   mail->recipient_count);
}

const fct_content *fct_mail_content(const fct_mail *mail)
{
    return &mail->shared->content;
}

fct_mail *fct_mail_with_content(const fct_mail *mail, fct_content *content, unsigned needs)
{
    fct_mail *made = fct_mail_new(content, mail->sender, (const char *const *)mail->recipients,
                                  mail->recipient_count, mail->shared->message_id, needs);

    if (made &&
        fct_mail_equip(made, &mail->shared->terms, &mail->shared->labels, &mail->shared->notes)) {
        fct_mail_unref(made);
        return NULL;
    }
    return made;
}

fct_mail *fct_mail_ref(fct_mail *mail)
{
    atomic_fetch_add(&mail->refs, 1);
    return mail;
}

void fct_mail_unref(fct_mail *mail)
{
    if (!mail || atomic_fetch_sub(&mail->refs, 1) != 1)
        return;
    shared_unref(mail->shared);
    fct_free(mail->sender);
    fct_free(mail->recipients);
    fct_free(mail->head);
    fct_mail_unref(mail->plain);
    fct_free(mail);
}

fct_slice fct_mail_head(const fct_mail *mail)
{
    return (fct_slice){mail->head ? mail->head : "", mail->head_len};
}

void fct_mail_set_plain(fct_mail *mail, fct_mail *plain, unsigned done)
{
    mail->plain = fct_mail_ref(plain);
    mail->plain_done = done;
}

fct_mail *fct_mail_plain(const fct_mail *mail, unsigned *done)
{
    *done = mail->plain_done;
    return mail->plain;
}

const char *fct_mail_sender(const fct_mail *mail)
{
    return mail->sender;
}

size_t fct_mail_recipient_count(const fct_mail *mail)
{
    return mail->recipient_count;
}

const char *fct_mail_recipient(const fct_mail *mail, size_t index)
{
    return mail->recipients[index];
}

const char *fct_mail_message_id(const fct_mail *mail)
{
    return mail->shared->message_id;
}

unsigned fct_mail_needs(const fct_mail *mail)
{
    return mail->shared->needs | mail->needs;
}

unsigned fct_mail_content_needs(const fct_mail *mail)
{
    return mail->shared->needs;
}

const fct_terms *fct_mail_terms(const fct_mail *mail)
{
    return &mail->shared->terms;
}

const fct_labels *fct_mail_labels(const fct_mail *mail)
{
    return &mail->shared->labels;
}

const fct_notes *fct_mail_notes(const fct_mail *mail)
{
    return &mail->shared->notes;
}

int fct_mail_equip(fct_mail *mail, const fct_terms *terms, const fct_labels *labels,
                   const fct_notes *notes)
{
    int result;

    mail->shared->terms = *terms;
    result = fct_labels_copy(&mail->shared->labels, labels);
    return result ? result : fct_notes_copy(&mail->shared->notes, notes);
}

uint64_t fct_mail_size(const fct_mail *mail)
{
    return mail->head_len + mail->shared->size;
}

/* ---- Reading --------------------------------------------------------------------------------- */

fct_mail_reader *fct_mail_reader_new(fct_mail *mail)
{
    fct_mail_reader *reader = fct_calloc(1, sizeof *reader);

    if (!reader)
        return NULL;
    reader->mail = fct_mail_ref(mail);
    reader->fd = -1;
    return reader;
}

static void close_file(fct_mail_reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
    reader->open = false;
}

void fct_mail_reader_free(fct_mail_reader *reader)
{
    if (!reader)
        return;
    close_file(reader);
    fct_free(reader->in);
    fct_free(reader->out);
    fct_mail_unref(reader->mail);
    fct_free(reader);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int open_file(fct_mail_reader *reader, const struct fct_file *file)
{
    struct stat facts;

    if (!reader->in)
        reader->in = fct_malloc(BLOCK_IN);
    if (!reader->out)
        reader->out = fct_malloc(BLOCK_OUT);
    if (!reader->in || !reader->out)
        return FACTEUR_ENOMEM;
    reader->left = file->size;
    reader->open = file->spool != NULL;
    if (file->spool)
        return 0;
    reader->fd = fct_file_open(file->path, &facts);
    if (reader->fd < 0)
        return fct_shortage_is(errno) ? fct_shortage_code(errno) : FACTEUR_EIO;
    if (!is_same(&facts, &file->facts)) {
        close_file(reader);
        return FACTEUR_EIO;
    }
    reader->open = true;
    return 0;
}

static int read_block(fct_mail_reader *reader, const struct fct_file *file, size_t want)
{
    int fd = file->spool ? fct_spool_fd(file->spool) : reader->fd;
    uint64_t at = file->size - reader->left;
    size_t got = 0;

    while (got < want) {
        ssize_t n = pread(fd, reader->in + got, want - got, (off_t)(at + got));

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return FACTEUR_EIO;
        got += (size_t)n;
    }
    return 0;
}

/* Whether it is still what it was: one rewritten in place meanwhile has a new modification time. */
static bool end_file(fct_mail_reader *reader, const struct fct_file *file)
{
    struct stat facts;
    bool same = !file->path || (fstat(reader->fd, &facts) == 0 && is_same(&facts, &file->facts));

    close_file(reader);
    return same;
}

static int next_block(fct_mail_reader *reader, const struct fct_file *file, fct_slice *run)
{
    size_t want = reader->left < BLOCK_IN ? (size_t)reader->left : BLOCK_IN;
    int result = read_block(reader, file, want);

    if (result)
        return result;
    reader->left -= want;
    *run = (fct_slice){reader->out, fct_base64_lines(reader->out, reader->in, want)};
    if (reader->left)
        return 1;
    reader->file++;
    return end_file(reader, file) ? 1 : FACTEUR_EIO;
}

int fct_mail_reader_next(fct_mail_reader *reader, fct_slice *run, bool *stable)
{
    const fct_content *content = &reader->mail->shared->content;

    if (!reader->begun && reader->mail->head_len) {
        reader->begun = true;
        *run = (fct_slice){reader->mail->head, reader->mail->head_len};
        *stable = true;
        return 1;
    }
    for (;;) {
        bool files = reader->file < content->file_count;
        const struct fct_file *file = files ? &content->files[reader->file] : NULL;
        size_t stop = files ? file->at : content->bytes.len;
        int result;

        if (reader->at < stop) {
            *run = (fct_slice){content->bytes.ptr + reader->at, stop - reader->at};
            *stable = true;
            reader->at = stop;
            return 1;
        }
        if (!files)
            return 0;
        if (!reader->open) {
            result = open_file(reader, file);
            if (result)
                return result;
        }
        if (reader->left) {
            *stable = false;
            return next_block(reader, file, run);
        }
        close_file(reader);
        reader->file++;
    }
}

bool fct_mail_has_command(const fct_mail *mail)
{
    const fct_content *content = &mail->shared->content;

    return content->file_count || fct_command_word_within(mail->head, mail->head_len) ||
           fct_command_word_within(content->bytes.ptr, content->bytes.len);
}

static int add_runs(fct_mail_reader *reader, fct_buf *out)
{
    fct_slice run;
    bool stable;
    int more;

    while ((more = fct_mail_reader_next(reader, &run, &stable)) > 0) {
        if (fct_buf_add_slice(out, run))
            return FACTEUR_ENOMEM;
    }
    return more;
}

int fct_mail_read(fct_mail *mail, fct_buf *out, facteur_error **error)
{
    fct_mail_reader *reader = fct_mail_reader_new(mail);
    uint64_t size = fct_mail_size(mail);
    int result = !reader || size > SIZE_MAX / 4 ? FACTEUR_ENOMEM : 0;

    if (!result)
        result = fct_buf_reserve(out, (size_t)size);
    if (!result)
        result = add_runs(reader, out);
    fct_mail_reader_free(reader);
    if (result == FACTEUR_EIO)
        return fct_error_set(error, result, "attachments",
                             "an attachment's file changed or disappeared");
    return fct_error_standing(error, result);
}

void fct_mail_name_envelope(fct_mail *mail, const char *envid)
{
    fct_terms *terms = &mail->shared->terms;

    if (terms->asked & FCT_TERM_ENVID)
        return;
    terms->asked |= FCT_TERM_ENVID;
    terms->waived |= FCT_TERM_ENVID;
    snprintf(terms->envid, sizeof terms->envid, "%s", envid);
}
