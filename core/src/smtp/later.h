/* SPDX-License-Identifier: MIT */
/*
 * The verdict on a mail whose caller had its outcome before: in doubt, because its time was over
 * when the mail was handed over.  The connection tells it when it comes; any thread may read it.
 */
#ifndef FCT_LATER_H
#define FCT_LATER_H

#include "smtp/session.h"

/* With one reference; NULL when memory ran out. */
fct_later *fct_later_new(void);
fct_later *fct_later_ref(fct_later *later);
void fct_later_unref(fct_later *later); /* NULL is fine */

/* Take over a late outcome, for whoever asks; one that nobody can ask for is freed. */
void fct_later_tell(fct_outcome *outcome);

/* What was told, as long as the reference lives; NULL until then. */
const fct_outcome *fct_later_told(const fct_later *later);

#endif
