/* SPDX-License-Identifier: MIT */
/* The commands; each returns the program's exit code. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/args.h"

int cmd_send(const struct args *args); /* send, enqueue, letter, order, contact */
int cmd_render(const struct args *args);
int cmd_check(const struct args *args);
int cmd_sendmail(const struct args *args);
int cmd_outbox(const struct args *args);
int cmd_worker(const struct args *args);

/* Print the help of a command; CMD_NONE prints all of it. */
void help_print(enum command command);
void help_print_options(void);

#endif
