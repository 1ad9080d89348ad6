/* SPDX-License-Identifier: MIT */
/* Prints receipts. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <facteur.h>
#include <stdbool.h>

/*
 * Print to standard output, as JSON or for people; `verbose` adds the transcript of a failure.
 * Notes that are not in the JSON go to standard error.
 */
int print_receipt(const facteur_receipt *receipt, bool json, bool verbose);

/* Print a note of a receipt or a message on standard error. */
void print_note(const char *note);

/* Print on standard error why the mail was not sent, if so.  Both return the exit code. */
int print_failure(const facteur_receipt *receipt);

#endif
