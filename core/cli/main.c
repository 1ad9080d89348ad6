/* SPDX-License-Identifier: MIT */
/* facteur: hand mail to a relay from the command line. */
#include "cli/commands.h"
#include "cli/fail.h"

#include <signal.h>
#include <string.h>

static enum command command_of(const char *word)
{
    for (enum command command = CMD_SEND; command <= CMD_CHECK; command++) {
        if (strcmp(command_name(command), word) == 0)
            return command;
    }
    return CMD_NONE;
}

static int run(const struct args *args)
{
    if (args_has(args, FLAG_VERSION)) {
        printf("facteur %s\n", facteur_version());
        return EXIT_DONE;
    }
    if (args_has(args, FLAG_HELP)) {
        help_print(args->command);
        return EXIT_DONE;
    }
    switch (args->command) {
    case CMD_SEND:
    case CMD_ORDER:
    case CMD_CONTACT:
        return cmd_send(args);
    case CMD_RENDER:
        return cmd_render(args);
    case CMD_CHECK:
        return cmd_check(args);
    case CMD_HELP:
        help_print(args->file_count ? command_of(args->files[0]) : CMD_NONE);
        return EXIT_DONE;
    case CMD_NONE:
        break;
    }
    return fail(EXIT_USAGE, NULL, "no command; see facteur --help");
}

int main(int argc, char **argv)
{
    struct args args = {0};
    int result;

    /* A reader of our output that went away must not cost the exit code of a mail that was sent. */
    signal(SIGPIPE, SIG_IGN);
    result = args_parse(argc, argv, &args);
    if (result == 0)
        result = run(&args);
    args_done(&args);
    return result ? result : flush_output();
}
