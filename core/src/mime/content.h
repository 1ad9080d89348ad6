/* SPDX-License-Identifier: MIT */
/* What a mail is made of: bytes in memory, with files to be read and encoded at places between
 * them. */
#ifndef FCT_CONTENT_H
#define FCT_CONTENT_H

#include "mime/mail.h"
#include "mime/spool.h"

#include <sys/stat.h>

/* A file as it was when the message was frozen, or a spool; sent as base64. */
struct fct_file {
    size_t at;  /* stands before this offset of the bytes */
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
    struct fct_raw *lender; /* of the bytes, held by the content; NULL: they are its own */
    struct fct_file *files; /* by `at`, ascending */
    size_t file_count, file_cap;
} fct_content;

void fct_content_done(fct_content *content);

/* Put a file here.  0, FACTEUR_ENOMEM, or FACTEUR_EIO when it is no readable regular file (errno
 * tells). */
int fct_content_add_file(fct_content *content, const char *path);

/* Put a spool here, of which one more reference is taken.  0, or FACTEUR_ENOMEM. */
int fct_content_add_spool(fct_content *content, fct_spool *spool);

/* Append what `from` holds from its byte `start` on, where no file stands before; 0, or
 * FACTEUR_ENOMEM. */
int fct_content_append(fct_content *content, const fct_content *from, size_t start);

/* Its header fields with their line ends, without the empty line; as long as the content lives. */
fct_slice fct_content_head(const fct_content *content);

/* Open a regular file for reading, never waiting (a FIFO would); -1 with errno. */
int fct_file_open(const char *path, struct stat *facts);

/*
 * A mail of this content; the mail takes it over, also when it fails.  The texts are copied.
 *
 * needs   Of the content; those of the envelope's addresses are added.
 *
 * NULL: no memory, or the size passes what can be told.
 */
fct_mail *fct_mail_new(fct_content *content, const char *sender, const char *const *recipients,
                       size_t count, const char *message_id, unsigned needs);

/* The content without the head; lives as long as the mail. */
const fct_content *fct_mail_content(const fct_mail *mail);

/* The same envelope and id around another content, which is taken over, also when it fails (NULL).
 */
fct_mail *fct_mail_with_content(const fct_mail *mail, fct_content *content, unsigned needs);

#endif
