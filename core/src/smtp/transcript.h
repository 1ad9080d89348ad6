/* SPDX-License-Identifier: MIT */
/*
 * The last 16 KiB of a dialogue, for the error that somebody will read.  Who adds a line leaves the
 * secrets out of it; the message is never in it, only its size.
 */
#ifndef FCT_TRANSCRIPT_H
#define FCT_TRANSCRIPT_H

#include "base/bytes.h"

#define FCT_TRANSCRIPT_MAX (16u * 1024)

/* All-zero is an empty one. */
typedef struct fct_transcript {
    size_t start, len;
    char ring[FCT_TRANSCRIPT_MAX + 1];
} fct_transcript;

/* `who` is "C: ", "S: " or "-- "; every line of the text gets it. */
void fct_transcript_add(fct_transcript *transcript, const char *who, fct_slice text);

/* NUL-terminated; begins with a whole line; lives until the next call. */
const char *fct_transcript_text(fct_transcript *transcript);

#endif
