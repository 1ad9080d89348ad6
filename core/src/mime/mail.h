/* SPDX-License-Identifier: MIT */
/*
 * A mail: a frozen message and its envelope, immutable and shared by reference count.  Its content
 * is a series of runs of bytes, which are in memory or are read from a file while the mail is sent.
 */
#ifndef FCT_MAIL_H
#define FCT_MAIL_H

#include "base/bytes.h"
#include "base/notes.h"
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
 * The envelope's addresses in wire form: "local@domain" without angle brackets or control
 * characters, the domain in A-labels, the local part quoted where it must be.  The sender may be
 * "".
 */
const char *fct_mail_sender(const fct_mail *mail);
size_t fct_mail_recipient_count(const fct_mail *mail);
const char *fct_mail_recipient(const fct_mail *mail, size_t index);

const char *fct_mail_message_id(const fct_mail *mail); /* without angle brackets */
unsigned fct_mail_needs(const fct_mail *mail);
unsigned fct_mail_content_needs(const fct_mail *mail); /* without its envelope */
const fct_terms *fct_mail_terms(const fct_mail *mail);
const fct_labels *fct_mail_labels(const fct_mail *mail);
const fct_notes *fct_mail_notes(const fct_mail *mail);

/* Give a new mail its terms, labels and notes, which are copied.  Returns 0 or FACTEUR_ENOMEM. */
int fct_mail_equip(fct_mail *mail, const fct_terms *terms, const fct_labels *labels,
                   const fct_notes *notes);

/*
 * Give a new mail an envelope id (RFC 3461 section 4.4) if it has none.  A relay that does not take
 * one gets the mail without it.
 *
 * envid   1 to FCT_ENVID_MAX characters of xtext.
 */
void fct_mail_name_envelope(fct_mail *mail, const char *envid);

/* Bytes of the content before dot-stuffing.  Its lines end with CRLF, the last one too. */
uint64_t fct_mail_size(const fct_mail *mail);

/*
 * A mail with the same content for other recipients: for a redirected mail, or for the part of the
 * envelope that remains.  The needs of the addresses are added to those of the mail.  Returns NULL
 * when memory ran out.
 */
fct_mail *fct_mail_with_recipients(fct_mail *mail, const char *const *recipients, size_t count);

/*
 * Whether a line of the content could be taken for an SMTP command (mime/command_word.h).  Files
 * are not read to find out: the answer is yes when there is one.
 */
bool fct_mail_has_command(const fct_mail *mail);

/*
 * A mail with more header fields before its first one.  The content is shared, not copied.
 *
 * fields   `len` bytes, which are copied: whole fields in ASCII, each line with its CRLF.  They go
 *          before those of an earlier call.
 *
 * Returns NULL when memory ran out.
 */
fct_mail *fct_mail_with_head(fct_mail *mail, const char *fields, size_t len);

/* The header fields that fct_mail_with_head() put before the content. */
fct_slice fct_mail_head(const fct_mail *mail);

/*
 * Give a new mail its other form for relays without SMTPUTF8, which has its own signature.  Without
 * one, fct_mail_adapt() of mime/mend.h makes it when it is needed.
 *
 * plain   A reference is taken.
 * done    What was done to make it, bits of enum fct_mended.
 */
void fct_mail_set_plain(fct_mail *mail, fct_mail *plain, unsigned done);
fct_mail *fct_mail_plain(const fct_mail *mail, unsigned *done); /* borrowed; NULL: none */

/* Begin to read a mail; the reader holds a reference of it.  Returns NULL when memory ran out. */
fct_mail_reader *fct_mail_reader_new(fct_mail *mail);
void fct_mail_reader_free(fct_mail_reader *reader);

/*
 * Read the next run of the content.
 *
 * run      Valid as long as the mail when it is in memory.  A run from a file has at most 64 KiB
 *          and is valid until the next call.
 * stable   Whether the run is in memory.
 *
 * Returns 1 with a run of at least one byte, 0 at the end, or FACTEUR_EIO when a file disappeared
 * or changed since the mail was frozen.  The content then has not the size that fct_mail_size()
 * gave, so the transaction must be cut off.
 */
int fct_mail_reader_next(fct_mail_reader *reader, fct_slice *run, bool *stable);

/*
 * Append the whole content, with its files.  Returns 0, FACTEUR_ENOMEM, or FACTEUR_EIO as above
 * with `where` "attachments".
 */
int fct_mail_read(fct_mail *mail, fct_buf *out, facteur_error **error);

#endif
