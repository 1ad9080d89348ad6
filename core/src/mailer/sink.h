/* SPDX-License-Identifier: MIT */
/* Where mail goes that no relay gets: a directory of .eml files, memory, nowhere. */
#ifndef FCT_SINK_H
#define FCT_SINK_H

#include "mime/mail.h"

/* What a memory:// mailer holds; past a cap the oldest mails go, but never the last that came. */
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

/* 0; FACTEUR_EIO: an attachment cannot be read; FACTEUR_ENOMEM. */
int fct_memory_add(fct_memory *memory, fct_mail *mail, facteur_error **error);
void fct_memory_clear(fct_memory *memory);

/* Make sure of the directory: it is there, or is made (0700) in one that is.  FACTEUR_ECONFIG,
 * `where` as given. */
int fct_directory_prepare(const char *path, const char *where, facteur_error **error);

/*
 * Write the mail as one file (0600) that appears under its name when it is whole.
 * name   Receives the file's name, without the directory.
 * 0, FACTEUR_EIO, FACTEUR_ENOMEM: no file is left.
 */
int fct_directory_write(const char *path, fct_mail *mail, fct_buf *name, facteur_error **error);

/*
 * Take a mail of a mailer that has no relay; the receipt is filled.  FACTEUR_ECONFIG: no directory;
 * FACTEUR_EIO, FACTEUR_ENOMEM.
 */
int fct_sink_take(facteur_mailer *mailer, fct_mail *mail, facteur_receipt *receipt,
                  facteur_error **error);

#endif
