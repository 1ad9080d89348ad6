/* SPDX-License-Identifier: MIT */
/* Reports that are plain text: qmail's (QSBMF) and those of Exim before it knew RFC 3464. */
#ifndef FCT_REPORT_TEXT_H
#define FCT_REPORT_TEXT_H

#include "mime/report.h"

/* Read a message that has no part of RFC 3464.  `kind` stays NONE when it is no report. */
int fct_report_text(struct fct_report *report, fct_slice head, fct_slice body);

/* ---- Shared with mime/report ----------------------------------------------------------------- */

/* Add a recipient; NULL when memory ran out. */
struct fct_report_recipient *fct_report_add(struct fct_report *report, fct_slice address,
                                            fct_slice final, fct_slice diagnostic);

/* The first status "5.1.1" in a text; false without one. */
bool fct_report_status(fct_slice text, char status[12]);

/* Take the mail's identifier from a field, unless the report has one. */
int fct_report_original(struct fct_report *report, fct_slice head, const char *field);

/* One line of printable text, fct_malloc'ed; NULL when memory ran out. */
char *fct_report_line(fct_slice text, size_t max);

#endif
