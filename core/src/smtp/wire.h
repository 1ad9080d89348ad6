/* SPDX-License-Identifier: MIT */
/*
 * What waits to be written: command lines and the contents of mails, in order.  Shown as slices of
 * the memory where they lie; a content is never copied, and dot-stuffed (RFC 5321 section 4.5.2) by
 * showing the dot of a line's start twice.
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

/* The content of one mail on its way out. */
typedef struct fct_outgoing {
    fct_mail_reader *reader;
    uint64_t left;    /* bytes that the reader still owes */
    uint64_t written; /* as they are on the wire, the final dot's line left out */
    fct_slice run;    /* of the current run, not yet in a piece */
    struct fct_wire_share *share;
    unsigned hold; /* reasons why its terminator must wait; BDAT: given before it is queued */
    bool stuff;    /* DATA; otherwise BDAT, as it is */
    bool line_start;
    bool doubled; /* the run's first byte is a dot that was shown once */
    bool shown;   /* bytes of it are, or may be, in somebody's hands */
    bool handed;  /* some of the terminator was written */
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

/* What sent() brought about. */
struct fct_wire_progress {
    unsigned lines;    /* command lines that are wholly out now: each is owed a reply */
    size_t body_bytes; /* bytes of contents */
    bool body_ended;   /* a terminator was begun or ended */
};

/* `items`: how many texts and bodies may wait at once.  0 or FACTEUR_ENOMEM. */
int fct_wire_init(fct_wire *wire, size_t items);
void fct_wire_done(fct_wire *wire);

/*
 * Queue a whole line with its CRLF.  A secret's memory is wiped once it is out.  `share` (or NULL)
 * counts its flight, and that of lines of nobody before it in the same write.
 */
int fct_wire_line(fct_wire *wire, fct_slice line, bool secret, struct fct_wire_share *share);

/* Queue a content, and with `stuff` the final dot's line behind it.  The body must outlive the
 * wire. */
int fct_wire_body(fct_wire *wire, fct_outgoing *body);

/* The slices to write now; 0: none; FACTEUR_EIO: a reader failed or broke its word. */
int fct_wire_output(fct_wire *wire, fct_slice *slices, int max);
/* `flight`: its number; 0: none, and no share is touched, as their mails may be gone. */
void fct_wire_sent(fct_wire *wire, size_t len, unsigned flight, struct fct_wire_progress *progress);

/* The content whose terminator is next and must wait, or NULL. */
fct_outgoing *fct_wire_held(const fct_wire *wire);

/* Nothing can be written now: all is out, or what is left is held. */
bool fct_wire_waits(const fct_wire *wire);
bool fct_wire_empty(const fct_wire *wire);

#endif
