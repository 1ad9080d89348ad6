/* SPDX-License-Identifier: MIT */
/* Where mails go that no relay gets: a directory of .eml files, memory, or nowhere. */
#ifndef FCT_SINK_H
#define FCT_SINK_H

#include "mime/mail.h"

/*
 * The caps of a memory:// mailer.  Beyond them the oldest mails are dropped, but never the newest.
 */
#define FCT_MEMORY_MAX 10000
#define FCT_MEMORY_BYTES_MAX ((size_t)64 << 20)

struct fct_captured {
    char *bytes;
    size_t len;
    char *envelope; /* {"from": …, "to": […]} */
};

typedef struct fct_memory {
    struct fct_captured *items;
    size_t count, cap;
    size_t bytes; /* of all contents and envelopes */
} fct_memory;

/* Returns 0, FACTEUR_ENOMEM, or FACTEUR_EIO when an attachment cannot be read. */
int fct_memory_add(fct_memory *memory, fct_mail *mail, facteur_error **error);
void fct_memory_clear(fct_memory *memory);

/*
 * Make sure that the directory exists.  A missing one is made (0700) if its parent exists.  Returns
 * 0, or FACTEUR_ECONFIG with the given `where`.
 */
int fct_directory_prepare(const char *path, const char *where, facteur_error **error);

/*
 * Write the mail as one file (0600), which gets its name when it is complete.
 * name   Receives the file's name, without the directory. Returns 0, FACTEUR_EIO or FACTEUR_ENOMEM.
 *        After an error no file is left.
 */
int fct_directory_write(const char *path, fct_mail *mail, fct_buf *name, facteur_error **error);

/*
 * Take a mail of a mailer that has no relay, and fill the receipt.  Returns 0, FACTEUR_ECONFIG when
 * the directory does not exist, FACTEUR_EIO or FACTEUR_ENOMEM.
 */
int fct_sink_take(facteur_mailer *mailer, fct_mail *mail, facteur_receipt *receipt,
                  facteur_error **error);

#endif
