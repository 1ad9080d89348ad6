/* SPDX-License-Identifier: MIT */
/* A receipt for people. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <facteur.h>
#include <stdbool.h>

/* Print to standard output, as JSON or for people; the transcript of a failure when `verbose`. */
int print_receipt(const facteur_receipt *receipt, bool json, bool verbose);

/* On standard error why it was not sent; nothing when it was.  Either returns the exit code. */
int print_failure(const facteur_receipt *receipt);

#endif
