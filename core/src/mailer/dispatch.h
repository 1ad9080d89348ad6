/* SPDX-License-Identifier: MIT */
/* What facteur_send() and facteur_check() share on the way to a relay. */
#ifndef FCT_DISPATCH_H
#define FCT_DISPATCH_H

#include "mailer/engine.h"

/* Whether the handle may be used: 0, or FACTEUR_ECLOSED. */
int fct_dispatch_open(const facteur_mailer *mailer, facteur_error **error);

/*
 * Complete the plan and run the errand's job, `deadline` seconds from now (0: the option).
 * 0 after its take() was called; FACTEUR_ECONFIG, FACTEUR_ECLOSED, FACTEUR_ENOMEM: nothing was
 * tried.
 */
int fct_dispatch_run(facteur_mailer *mailer, struct fct_errand *errand, const char *sender,
                     double deadline, facteur_error **error);

#endif
