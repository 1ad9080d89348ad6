/* SPDX-License-Identifier: MIT */
/* Dates of messages: RFC 3339 and RFC 5322 read, RFC 5322 written, the given offset kept. */
#ifndef FCT_DATE_H
#define FCT_DATE_H

#include "base/bytes.h"

#include <stdint.h>

typedef struct fct_date {
    int64_t s;      /* Unix seconds */
    int offset_min; /* of the local time shown, east of UTC */
} fct_date;

#define FCT_DATE_TEXT 64

/* 0, or FACTEUR_EMESSAGE when it is neither form, no such day, or without its offset. */
int fct_date_parse(fct_date *date, fct_slice text);

/* "Mon, 23 Nov 2026 10:00:00 +0100"; years outside 1900 to 9999 are shown as the nearest of them.
 */
void fct_date_write(char text[FCT_DATE_TEXT], fct_date date);

#endif
