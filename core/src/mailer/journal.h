/* SPDX-License-Identifier: MIT */
/* One line for each mail in the system's log or in a file (options syslog and logfile). */
#ifndef FCT_JOURNAL_H
#define FCT_JOURNAL_H

#include "config/plan.h"
#include "mailer/receipt.h"

/*
 * Log what became of a mail: who sends, to whom, status, relay, queue id, reply; and a line for
 * each recipient that was refused.  Does nothing when no log is configured.  A file that cannot be
 * written becomes a note of the receipt.
 */
void fct_journal_mail(const fct_plan *plan, facteur_receipt *receipt);

/* Log a line of text.  False when the file cannot be written; errno says why. */
bool fct_journal_line(const fct_plan *plan, fct_slice text);

#endif
