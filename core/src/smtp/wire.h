/* SPDX-License-Identifier: MIT */
/*
 * The queue of bytes to write: command lines and the contents of mails, in order.  They are shown
 * as slices of their own memory.  A content is never copied; for dot-stuffing (RFC 5321 section
 * 4.5.2) the dot at a line's start is shown twice.
 */
#ifndef FCT_WIRE_H
#define FCT_WIRE_H

#include "base/bytes.h"
#include "mime/mail.h"

#define FCT_WIRE_PIECES 128u

/* The flights that carried octets of one mail. */
struct fct_wire_share {
    unsigned flights;
    unsigned last; /* the number of the latest of them */
};

/* The content of one mail while it is written. */
typedef struct fct_outgoing {
    fct_mail_reader *reader;
    uint64_t left;    /* bytes still to come from the reader */
    uint64_t written; /* as on the wire, without the final dot's line */
    fct_slice run;    /* the part of the current run that is not yet in a piece */
    struct fct_wire_share *share;
    unsigned hold; /* reasons why its terminator must wait; for BDAT set before it is queued */
    bool stuff;    /* DATA; else BDAT, unchanged */
    bool line_start;
    bool doubled; /* the run's first byte is a dot that was shown once */
    bool shown;   /* bytes of it are, or may be, in use by a write */
    bool handed;  /* an octet of the terminator was written */
} fct_outgoing;

struct fct_wire_item; /* a text or a body, not yet cut into pieces */
struct fct_wire_piece;
struct fct_wire_chunk;

typedef struct fct_wire {
    struct fct_wire_item *items; /* ring */
    size_t item_cap, item_first, item_count;
    struct fct_wire_piece *pieces; /* ring of FCT_WIRE_PIECES */
    size_t piece_first, piece_count;
    struct fct_wire_chunk *chunks, *last_chunk; /* the texts' memory, oldest first */
    bool unstable;                              /* the last piece lies in the reader's own buffer */
    unsigned body_count;                        /* bodies not wholly written */
} fct_wire;

/* The effects of sent(). */
struct fct_wire_progress {
    unsigned lines; /* command lines that are wholly written now: the relay owes a reply to each */
    size_t body_bytes; /* bytes of contents */
    bool body_ended;   /* a terminator began or ended */
};

/* `items`: how many texts and bodies may wait at once.  Returns 0 or FACTEUR_ENOMEM. */
int fct_wire_init(fct_wire *wire, size_t items);
void fct_wire_done(fct_wire *wire);

/*
 * Queue a whole line with its CRLF.  A secret's memory is wiped when it has been written.  `share`
 * (or NULL) counts the flight of this line, and of lines without a share before it in the same
 * write.
 */
int fct_wire_line(fct_wire *wire, fct_slice line, bool secret, struct fct_wire_share *share);

/*
 * Queue a content and, with `stuff`, the final dot's line after it.  The body must outlive the
 * wire.
 */
int fct_wire_body(fct_wire *wire, fct_outgoing *body);

/*
 * Show the slices to write now.  Returns their number, 0 for none, or FACTEUR_EIO when a reader
 * failed or did not keep to its size.
 */
int fct_wire_output(fct_wire *wire, fct_slice *slices, int max);
/*
 * Report written bytes.  `flight` is the number of their flight.  With 0 no share is touched,
 * because the mails may be gone.
 */
void fct_wire_sent(fct_wire *wire, size_t len, unsigned flight, struct fct_wire_progress *progress);

/*
 * Write nothing more of the mail with this share, nor of what is behind it; what is before it goes
 * out.  Nothing may be queued after that.
 */
void fct_wire_cut(fct_wire *wire, const struct fct_wire_share *share);

/* The content whose terminator is next and must wait, or NULL. */
fct_outgoing *fct_wire_held(const fct_wire *wire);

/* Whether nothing can be written now: everything is written, or the rest is held. */
bool fct_wire_waits(const fct_wire *wire);
bool fct_wire_empty(const fct_wire *wire);

#endif
