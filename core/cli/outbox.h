/* SPDX-License-Identifier: MIT */
/* What the commands of the outbox share. */
#ifndef CLI_OUTBOX_H
#define CLI_OUTBOX_H

#include "cli/args.h"

#include <facteur.h>

/* The URL of --outbox, else of FACTEUR_OUTBOX; NULL after printing the mistake. */
const char *outbox_url(const struct args *args);

/* Open it.  Returns 0, or an exit code after printing the mistake. */
int outbox_open(const struct args *args, bool create, facteur_outbox **out);

/* The value of a flag as a number, or `fallback` without it; the same results. */
int flag_number(const struct args *args, enum flag flag, double fallback, double *out);

/* In outbox_bars.c */
int outbox_suppressed(const struct args *args, facteur_outbox *outbox);
int outbox_suppress(const struct args *args, facteur_outbox *outbox);
int outbox_unsuppress(const struct args *args, facteur_outbox *outbox);
int outbox_paused(const struct args *args, facteur_outbox *outbox);
int outbox_bounce(const struct args *args, facteur_outbox *outbox);
int outbox_resume(const struct args *args, facteur_outbox *outbox);

/* In outbox_top.c */
int outbox_top(const struct args *args, facteur_outbox *outbox);

#endif
