/* SPDX-License-Identifier: MIT */
/* What takes a mail; facteur_submit() and facteur_check() share the way to it. */
#ifndef FCT_DISPATCH_H
#define FCT_DISPATCH_H

#include "mailer/delivery.h"
#include "mailer/engine.h"

/* Whether the handle may be used: 0, or FACTEUR_ECLOSED. */
int fct_dispatch_open(const facteur_mailer *mailer, facteur_error **error);

/* The message as it stands now; the errors of facteur_send(). */
int fct_dispatch_freeze(const fct_plan *plan, facteur_message *message, fct_mail **mail,
                        facteur_error **error);

/* Hand a mail to what is no relay; the receipt is filled. */
int fct_dispatch_sink(facteur_mailer *mailer, fct_mail *mail, facteur_receipt *receipt,
                      facteur_error **error);

/* The take() of a delivery's errand. */
void fct_dispatch_take(struct fct_errand *errand, const fct_outcome *outcome);

/*
 * Complete the plan, and give the errand its driver and its deadline, `deadline` seconds from now
 * (0: the option).  FACTEUR_ECONFIG, FACTEUR_ENOMEM.
 */
int fct_dispatch_prepare(facteur_mailer *mailer, struct fct_errand *errand, const char *sender,
                         double deadline, facteur_error **error);

/* Whether each relay that logs in with a token has a good one. */
bool fct_dispatch_has_tokens(const facteur_mailer *mailer);

/* Ask for those that are not: runs the application's own code, which takes as long as it likes. */
void fct_dispatch_ask(const facteur_mailer *mailer, uint64_t deadline_us);

/* Put a prepared errand on its way; as fct_driver_submit(). */
int fct_dispatch_submit(struct fct_errand *errand, facteur_error **error);

/*
 * Complete the plan and run the errand's job, `deadline` seconds from now (0: the option).
 * 0 after its take() was called; FACTEUR_ECONFIG, FACTEUR_ECLOSED, FACTEUR_ENOMEM: nothing was
 * tried.
 */
int fct_dispatch_run(facteur_mailer *mailer, struct fct_errand *errand, const char *sender,
                     double deadline, facteur_error **error);

#endif
