/* SPDX-License-Identifier: MIT */
/*
 * The content of a mail: bytes in memory, and files that are read and encoded at given offsets of
 * them.
 */
#ifndef FCT_CONTENT_H
#define FCT_CONTENT_H

#include "mime/mail.h"
#include "mime/spool.h"

#include <sys/stat.h>
#include <sys/types.h>

/* A file as it was when the message was frozen, or a spool; sent as base64. */
struct fct_file {
    size_t at;  /* its place: before this offset of the bytes */
    char *path; /* NULL: the spool */
    fct_spool *spool;
    uint64_t size;
    struct stat facts; /* of the file at `path` */
};

struct fct_raw;
struct fct_raw *fct_raw_ref(struct fct_raw *raw);
void fct_raw_unref(struct fct_raw *raw); /* NULL is fine */

typedef struct fct_content {
    fct_buf bytes;
    struct fct_raw *lender; /* owns the bytes, we hold a reference; NULL: the bytes are ours */
    struct fct_file *files; /* by `at`, ascending */
    size_t file_count, file_cap;
} fct_content;

void fct_content_done(fct_content *content);

/*
 * Add a file at the end.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_EIO (errno has the cause) unless it
 * is a regular file that can be read.
 */
int fct_content_add_file(fct_content *content, const char *path);

/* Add a spool at the end and take a reference of it.  Returns 0 or FACTEUR_ENOMEM. */
int fct_content_add_spool(fct_content *content, fct_spool *spool);

/*
 * Append the content of `from` from its byte `start` on; no file may come before that byte.
 * Returns 0 or FACTEUR_ENOMEM.
 */
int fct_content_append(fct_content *content, const fct_content *from, size_t start);

/* The header fields with their line ends, without the empty line.  Valid as long as the content. */
fct_slice fct_content_head(const fct_content *content);

/*
 * Open a regular file for reading.  Never waits, as opening a FIFO would.  Returns -1 with errno on
 * failure.
 */
int fct_file_open(const char *path, struct stat *facts);

/* FACTEUR_EIO for a path that could not be opened (errno), with `where` "attachments". */
int fct_file_refuse(const char *path, facteur_error **error);

/* Read up to `max` bytes.  Returns how many came, or -1 with errno. */
ssize_t fct_file_read(int fd, char *bytes, size_t max);

/*
 * Make a mail of this content.  The content is taken over, also on failure.  The texts are copied.
 *
 * needs   What the content needs (enum fct_mail_needs).  The needs of the addresses are added.
 *
 * Returns NULL when memory ran out or the size does not fit its type.
 */
fct_mail *fct_mail_new(fct_content *content, const char *sender, const char *const *recipients,
                       size_t count, const char *message_id, unsigned needs);

/* The content without the head.  Valid as long as the mail. */
const fct_content *fct_mail_content(const fct_mail *mail);

/*
 * A mail with the same envelope and id around another content.  The content is taken over, also on
 * failure (NULL).
 */
fct_mail *fct_mail_with_content(const fct_mail *mail, fct_content *content, unsigned needs);

#endif
