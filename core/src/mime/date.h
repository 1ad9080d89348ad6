/* SPDX-License-Identifier: MIT */
/*
 * Dates of messages: reads RFC 3339 and RFC 5322, writes RFC 5322, keeps the offset that was given.
 */
#ifndef FCT_DATE_H
#define FCT_DATE_H

#include "base/bytes.h"

#include <stdint.h>

typedef struct fct_date {
    int64_t s;      /* Unix seconds */
    int offset_min; /* of the local time shown, east of UTC */
} fct_date;

#define FCT_DATE_TEXT 64

/*
 * Returns 0, or FACTEUR_EMESSAGE when the text has neither form, lacks the offset, or names a day
 * that does not exist.
 */
int fct_date_parse(fct_date *date, fct_slice text);

/*
 * Writes "Mon, 23 Nov 2026 10:00:00 +0100".  A year outside 1900 to 9999 becomes the nearest of the
 * two.
 */
void fct_date_write(char text[FCT_DATE_TEXT], fct_date date);

#endif
