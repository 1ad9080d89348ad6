/* SPDX-License-Identifier: MIT */
/* What a mail is made of: bytes in memory, with files to be read and encoded at places between
 * them. */
#ifndef FCT_CONTENT_H
#define FCT_CONTENT_H

#include "mime/mail.h"

#include <sys/stat.h>

/* A file as it was when the message was frozen; sent as base64. */
struct fct_file {
    size_t at; /* stands before this offset of the bytes */
    char *path;
    struct stat facts;
};

typedef struct fct_content {
    fct_buf bytes;
    struct fct_file *files; /* by `at`, ascending */
    size_t file_count, file_cap;
} fct_content;

void fct_content_done(fct_content *content);

/* Put a file here.  0, FACTEUR_ENOMEM, or FACTEUR_EIO when it is no readable regular file (errno
 * tells). */
int fct_content_add_file(fct_content *content, const char *path);

/* Open a regular file for reading, never waiting (a FIFO would); -1 with errno. */
int fct_file_open(const char *path, struct stat *facts);

/*
 * A mail of this content; the mail takes it over, also when it fails.  The texts are copied.
 * NULL: no memory, or the size passes what can be told.
 */
fct_mail *fct_mail_new(fct_content *content, const char *sender, const char *const *recipients,
                       size_t count, const char *message_id, unsigned needs);

#endif
/* The content without the head; lives as long as the mail. */
const fct_content *fct_mail_content(const fct_mail *mail);

/* The same envelope and id around another content, which is taken over, also when it fails (NULL).
 */
fct_mail *fct_mail_with_content(const fct_mail *mail, fct_content *content, unsigned needs);

