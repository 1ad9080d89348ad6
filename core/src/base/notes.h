/* SPDX-License-Identifier: MIT */
/*
 * What facteur mended or left out of somebody's data: sentences for the receipt of a mail.  They
 * are few and short, whatever the data is.
 */
#ifndef FCT_NOTES_H
#define FCT_NOTES_H

#include "base/bytes.h"

#define FCT_NOTES_MAX 32 /* when there are more, the last one says how many */
#define FCT_NOTE_LEN 256 /* octets of one note */

/* All-zero is empty. */
typedef struct fct_notes {
    fct_buf text; /* each note with its NUL; `failed` when a note is missing for lack of memory */
    size_t count;
    size_t more; /* those that only the last note counts */
} fct_notes;

/*
 * Add a note.  One that is there already is not added again.  A failed allocation is remembered,
 * and fct_notes_copy() reports it.
 *
 * format   One plain sentence without a period, with the path or field before it ("items[0].image:
 *          the picture is left out: …").  It never contains a secret.  The result is made printable
 *          (base/printable.h) and cut at FCT_NOTE_LEN octets.
 */
void fct_notes_add(fct_notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fct_notes_addv(fct_notes *notes, const char *format, va_list args);

/* The note at `index`, or "" past the end.  It lives until a note is added. */
const char *fct_notes_at(const fct_notes *notes, size_t index);

/* Make `to`, which is empty, equal to `from`.  Returns 0, or FACTEUR_ENOMEM also when a note of
 * `from` is missing. */
int fct_notes_copy(fct_notes *to, const fct_notes *from);

void fct_notes_done(fct_notes *notes);

#endif
