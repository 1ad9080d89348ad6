/* SPDX-License-Identifier: MIT */
/*
 * Finished bytes of other programs, as SMTP can carry them: header fields in ASCII, lines of at
 * most 998 bytes, and for a relay without 8BITMIME parts in quoted-printable or base64.  What a
 * reader sees stays the same.
 */
#ifndef FCT_MEND_H
#define FCT_MEND_H

#include "base/bytes.h"
#include "mime/mail.h"

/* What was done. */
enum fct_mended {
    FCT_MENDED_BODY = 1,     /* a part was encoded */
    FCT_MENDED_HEADER = 2,   /* a field was encoded or folded */
    FCT_MENDED_REPLY_TO = 4, /* an address outside ASCII was left out of Reply-To */
    FCT_MENDED_ADDRESS = 8   /* one of another field was left out, or became a text */
};

/*
 * One mending.  The buffer's `failed` tells that memory ran out.
 *
 * lacks   What the relay does not offer (enum fct_mail_needs).  Without SMTPUTF8 no address outside
 *         ASCII stays in a field, but for From.  Without 8BITMIME no part stays in 8 bits, but for
 *         a signed one.
 */
typedef struct fct_mend {
    fct_buf *out;
    unsigned lacks;
    unsigned done;       /* enum fct_mended */
    bool utf8_addresses; /* an address outside ASCII stayed */
    bool nested;         /* within a message that is a part of this one */
} fct_mend;

/* Append a message.  Its lines end with CRLF. */
void fct_mend_message(fct_mend *mend, fct_slice text);

/* Append header fields alone. */
void fct_mend_head(fct_mend *mend, fct_slice head);

/* Append one field, with its line ends, as it is when it needs nothing. */
void fct_mend_field(fct_mend *mend, fct_slice field);

/*
 * Whether a signature covers header and body as they are on the wire: DKIM and its relatives.  A
 * whole message will do for its head.  The parts of a multipart/signed are known to
 * fct_mend_message(), which leaves them as they are.
 */
bool fct_mend_is_signed(fct_slice head);

/* Whether a line has more than 998 bytes.  Lines end with CRLF. */
bool fct_mend_has_long_line(fct_slice text);

/*
 * Append text in UTF-8: as it is when it is UTF-8, else read as windows-1252, which is what
 * programs without a charset wrote.  Its five bytes without a meaning become U+FFFD.
 */
void fct_mend_to_utf8(fct_buf *out, fct_slice text);

/*
 * A mail as a relay without these extensions can take it, with the same envelope.
 *
 * lacks   As above.
 * done    What was done, bits of enum fct_mended.
 * why     A static sentence for FACTEUR_EMESSAGE.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_EMESSAGE when the mail has no such form, because it is
 * signed, or its From is outside ASCII.
 */
int fct_mail_adapt(fct_mail *mail, unsigned lacks, fct_mail **out, unsigned *done,
                   const char **why);

#endif
