/* SPDX-License-Identifier: MIT */
/*
 * The verdict on a mail whose caller had its outcome before: in doubt, because its time was over
 * when the mail was handed over.  The connection reports it when it comes; any thread may read it.
 */
#ifndef FCT_LATER_H
#define FCT_LATER_H

#include "smtp/session.h"

/* With one reference; NULL when memory ran out. */
fct_later *fct_later_new(void);
fct_later *fct_later_ref(fct_later *later);
void fct_later_unref(fct_later *later); /* NULL is fine */

/* Take over a late outcome for later readers.  It is freed at once if there can be none. */
void fct_later_tell(fct_outcome *outcome);

/* The outcome, valid as long as the reference.  NULL until it has come. */
const fct_outcome *fct_later_told(const fct_later *later);

#endif
