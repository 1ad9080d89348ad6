/* SPDX-License-Identifier: MIT */
/* The option token_command: a program that prints a token. */
#ifndef FCT_BEARER_COMMAND_H
#define FCT_BEARER_COMMAND_H

#include "facteur.h"

#include <stdint.h>

/*
 * Run it without a shell, and store its output in `token`.  It is killed at `deadline_us` of the
 * monotonic clock.  Returns 0, or -1 after the cause was given to facteur_token_fail().
 */
int fct_bearer_command_run(const char *command, uint64_t deadline_us, facteur_token *token);

#endif
