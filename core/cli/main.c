/* SPDX-License-Identifier: MIT */
/* facteur: sends mail to a relay from the command line. */
#include "cli/commands.h"
#include "cli/fail.h"

#include <signal.h>
#include <string.h>

static enum command command_of(const char *word)
{
    for (enum command command = CMD_SEND; command < CMD_HELP; command++) {
        if (strcmp(command_name(command), word) == 0)
            return command;
    }
    return CMD_NONE;
}

static int help(const struct args *args)
{
    enum command command = args->command;

    if (command == CMD_HELP && args->file_count && strcmp(args->files[0], "options") == 0) {
        help_print_options();
        return EXIT_DONE;
    }
    if (command == CMD_HELP && args->file_count) {
        command = command_of(args->files[0]);
        if (command == CMD_NONE)
            return fail(EXIT_USAGE, NULL, "there is no command \"%s\"; see facteur help",
                        args->files[0]);
    }
    help_print(command);
    return EXIT_DONE;
}

/* The flags that only print. */
static int show(const struct args *args)
{
    if (args_has(args, FLAG_VERSION)) {
        printf("facteur %s\n", facteur_version());
        return EXIT_DONE;
    }
    if (args_has(args, FLAG_HELP) || args->command == CMD_HELP)
        return help(args);
    if (args->command == CMD_RENDER)
        return cmd_render(args);
    if (args->command == CMD_CHECK)
        return cmd_check(args);
    if (args->command == CMD_OUTBOX)
        return cmd_outbox(args);
    if (args->command == CMD_WORKER)
        return cmd_worker(args);
    return fail(EXIT_USAGE, NULL, "no command; see facteur --help");
}

static bool sends(const struct args *args)
{
    return !args_has(args, FLAG_VERSION) && !args_has(args, FLAG_HELP) &&
           (args->command == CMD_SEND || args->command == CMD_ENQUEUE ||
            args->command == CMD_LETTER || args->command == CMD_ORDER ||
            args->command == CMD_CONTACT || args->command == CMD_SENDMAIL);
}

int main(int argc, char **argv)
{
    struct args args = {0};
    int result;

    /* The caller gets the exit code of a sent mail even if the reader of the output is gone. */
    signal(SIGPIPE, SIG_IGN);
    result = args_parse(argc, argv, &args);
    if (result == 0 && sends(&args)) {
        result = args.command == CMD_SENDMAIL ? cmd_sendmail(&args) : cmd_send(&args);
    } else if (result == 0) {
        result = show(&args);
        result = result ? result : flush_output();
    }
    args_done(&args);
    return result;
}
