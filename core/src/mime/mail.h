/* SPDX-License-Identifier: MIT */
/*
 * A mail: a frozen message and its envelope, immutable and shared by reference count.  Its content
 * is a series of byte runs, in memory or read from a file as it goes out.
 */
#ifndef FCT_MAIL_H
#define FCT_MAIL_H

#include "base/bytes.h"
#include "facteur.h"
#include "mime/labels.h"
#include "mime/terms.h"

#include <stdint.h>

typedef struct fct_mail fct_mail;
typedef struct fct_mail_reader fct_mail_reader;

/* What the relay must offer for this mail. */
enum fct_mail_needs {
    FCT_NEEDS_8BITMIME = 1, /* bytes above 127 in the content (RFC 6152) */
    FCT_NEEDS_SMTPUTF8 = 2  /* an address or header outside ASCII (RFC 6531) */
};

/* Safe from any thread. */
fct_mail *fct_mail_ref(fct_mail *mail);
void fct_mail_unref(fct_mail *mail); /* NULL is fine */

/*
 * The envelope, in wire form: "local@domain" with the domain in A-labels and the local part quoted
 * where it must be, without angle brackets, free of control characters; the sender may be "".
 */
const char *fct_mail_sender(const fct_mail *mail);
size_t fct_mail_recipient_count(const fct_mail *mail);
const char *fct_mail_recipient(const fct_mail *mail, size_t index);

const char *fct_mail_message_id(const fct_mail *mail); /* without angle brackets */
unsigned fct_mail_needs(const fct_mail *mail);
const fct_terms *fct_mail_terms(const fct_mail *mail);
const fct_labels *fct_mail_labels(const fct_mail *mail);

/* What a mail just made asks and is labelled with; copied.  0 or FACTEUR_ENOMEM. */
int fct_mail_equip(fct_mail *mail, const fct_terms *terms, const fct_labels *labels);

/* Bytes of the content before dot-stuffing: CRLF lines only, CRLF at the end (unless empty). */
uint64_t fct_mail_size(const fct_mail *mail);

/*
 * The same content to other recipients (a redirected or a remaining part of the envelope); what
 * their addresses need is added to what the mail needs.  NULL: no memory.
 */
fct_mail *fct_mail_with_recipients(fct_mail *mail, const char *const *recipients, size_t count);

/*
 * Whether a line of the content could be taken for an SMTP command (mime/command_word.h).  Files
 * are not read for it: with one the answer is yes.
 */
bool fct_mail_has_command(const fct_mail *mail);

/*
 * The same mail with header fields before its first one; the content is shared, not copied.
 *
 * fields   `len` bytes, copied: whole fields in ASCII, each line ended by CRLF.  They stand before
 *          those of an earlier call.
 *
 * NULL when memory ran out.
 */
fct_mail *fct_mail_with_head(fct_mail *mail, const char *fields, size_t len);

/* A reader holds the mail.  NULL when memory ran out. */
fct_mail_reader *fct_mail_reader_new(fct_mail *mail);
void fct_mail_reader_free(fct_mail_reader *reader);

/*
 * The next run of the content.
 *
 * run      A run in memory lives as long as the mail; a run out of a file (at most 64 KiB) until
 *          the next call.
 * stable   Whether the run is one in memory.
 *
 * 1 with a run of at least one byte; 0 at the end; FACTEUR_EIO when a file went away or changed its
 * size since it was frozen: fct_mail_size() can then not be kept and the transaction must be cut.
 */
int fct_mail_reader_next(fct_mail_reader *reader, fct_slice *run, bool *stable);

/*
 * Append the whole content, that of its files too.  0; FACTEUR_EIO as above, with `where`
 * "attachments"; FACTEUR_ENOMEM.
 */
int fct_mail_read(fct_mail *mail, fct_buf *out, facteur_error **error);

#endif
