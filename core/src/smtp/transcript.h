/* SPDX-License-Identifier: MIT */
/*
 * The last 16 KiB of a dialogue, for the error that somebody will read.  Callers must leave secrets
 * out of the lines that they add.  The message itself is never in it, only its size.
 */
#ifndef FCT_TRANSCRIPT_H
#define FCT_TRANSCRIPT_H

#include "base/bytes.h"

#define FCT_TRANSCRIPT_MAX (16u * 1024)

/* All-zero is an empty transcript. */
typedef struct fct_transcript {
    size_t start, len;
    char ring[FCT_TRANSCRIPT_MAX + 1];
} fct_transcript;

/* Add a text.  `who` is "C: ", "S: " or "-- " and goes before every line of it. */
void fct_transcript_add(fct_transcript *transcript, const char *who, fct_slice text);

/* The text, NUL-terminated.  It begins with a whole line and is valid until the next call. */
const char *fct_transcript_text(fct_transcript *transcript);

#endif
