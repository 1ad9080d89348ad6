/* SPDX-License-Identifier: MIT */
/* The program's help: what each command does, with examples.  The library's table lists the
 * options. */
#include "cli/commands.h"

#include <facteur.h>
#include <stdio.h>
#include <string.h>

#define HELP_COLUMNS 90

static const char overview[] =
    "facteur hands mail to an SMTP relay and tells what became of it.\n"
    "\n"
    "  facteur send     send a message made of flags, JSON or finished bytes\n"
    "  facteur letter   compose a letter of a kind from JSON, and send it\n"
    "  facteur order    send an order confirmation (letter order_confirmation)\n"
    "  facteur contact  send a contact-form message (letter contact_form)\n"
    "  facteur render   compose one of these and print it; nothing is sent\n"
    "  facteur check    connect and log in to the relay; nothing is sent\n"
    "  facteur sendmail send a message as programs give it to /usr/sbin/sendmail\n"
    "  facteur enqueue  put a message into an outbox; a worker sends it\n"
    "  facteur worker   send what is in an outbox\n"
    "  facteur outbox   look at an outbox, retry, cancel, purge\n"
    "  facteur help     print this text; \"facteur help send\" is about one command\n"
    "\n"
    "The relay is a DSN. Give it with --dsn, as FACTEUR_DSN in the environment, or as dsn = … in\n"
    "/etc/facteur.conf (or the file that FACTEUR_CONFIG names). Other users of the machine can "
    "read\n"
    "a command line.\n"
    "\n"
    "  smtps://user:password@smtp.example.com    TLS from the start, port 465\n"
    "  smtp://user:password@smtp.example.com     STARTTLS required, port 587\n"
    "  smtp://localhost                          a mail server on this machine\n"
    "  brevo://LOGIN:KEY, mailjet://KEY:SECRET … a provider's preset\n"
    "  file:///tmp/mails, null://                write .eml files; send nothing\n"
    "\n"
    "In user and password, write ? as %3F, % as %25, a space as %20; or use --username and\n"
    "--password-file.\n"
    "\n"
    "Every command takes\n"
    "  --dsn DSN        the relay\n"
    "  --NAME VALUE     an option of the mailer, see below; --NAME=VALUE is the same\n"
    "  --set NAME=VALUE the same, for scripts\n"
    "  --json           print the receipt, or the result of check, as one JSON object\n"
    "  --verbose        after a failure, print the dialogue (without credentials or content)\n"
    "  --help, --version\n"
    "\n";

static const char send_text[] = "facteur send [FILE] [flags]\n"
                                "\n"
                                "Send one message. FILE (\"-\" is standard input) holds it as "
                                "JSON. Flags add to the JSON. With\n"
                                "flags alone, no JSON is read. Its members are\n"
                                "\n";

static const char send_flags[] =
    "  --from, --to, --cc, --bcc, --reply-to ADDRESSES   \"Ana <ana@example.com>, b@example.org\"\n"
    "  --subject TEXT\n"
    "  --text TEXT, --text-file FILE    the text part; \"-\" is standard input\n"
    "  --html TEXT, --html-file FILE    the HTML part\n"
    "  --attach PATH[:TYPE]             attach a file; may be repeated\n"
    "  --inline PATH[:TYPE]             a picture that the HTML names as \"cid:\" and its file "
    "name\n"
    "  --header \"Name: value\"           a header field of your own\n"
    "  --message-id ID, --date DATE     default: at random, now\n"
    "  --envelope-from ADDRESS          where bounces go; default: the sender\n"
    "  --eml FILE                       send finished bytes; --to and --envelope-from\n"
    "                                   then replace the addresses of the header fields\n"
    "\n"
    "  facteur send --from shop@example.com --to ana@example.com --subject Hello --text 'Hi Ana'\n"
    "  facteur send --to ana@example.com --subject Report --text-file - --attach a.pdf <notes.txt\n"
    "  facteur send --eml mail.eml --to archive@example.com\n"
    "\n";

static const char letter_flags[] =
    "  --to ADDRESSES       the recipients, instead of those in the JSON; may be repeated\n"
    "  --from ADDRESS       the sender; default: the option default-from\n"
    "  --reply-to ADDRESSES where answers go\n"
    "  --locale LOCALE      the language, and the form of numbers and dates: fr-FR\n"
    "  --subject TEXT, --message-id ID, --date DATE\n"
    "  --word KEY=TEXT      a text of the letter in your own words; an empty one is left out\n"
    "  --attach PATH[:TYPE], --inline [CID=]PATH[:TYPE], --header \"Name: value\"\n"
    "\n";

static const char letter_text[] = "facteur letter KIND [FILE] [flags]\n"
                                  "\n"
                                  "Compose a letter of this kind from JSON and send it. Without "
                                  "FILE the JSON comes from standard\n"
                                  "input. The kinds:\n";

static const char order_text[] =
    "facteur order [FILE] [flags]\n"
    "\n"
    "Compose an order confirmation from JSON and send it. Without FILE the JSON comes from "
    "standard\n"
    "input. order.json in share/facteur/schema describes its fields. Amounts are decimal strings. "
    "A\n"
    "minimal order:\n"
    "\n"
    "  {\"number\": \"1042\", \"currency\": \"EUR\",\n"
    "   \"merchant\": {\"name\": \"Shop\", \"email\": \"orders@shop.example\"},\n"
    "   \"customer\": {\"name\": \"Ana\", \"email\": \"ana@example.com\"},\n"
    "   \"items\": [{\"name\": \"Mug\", \"quantity\": 2, \"unit_price\": \"19.90\"}]}\n"
    "\n";

static const char contact_text[] =
    "facteur contact [FILE] [flags]\n"
    "\n"
    "Compose the message of a contact form from JSON and send it to the site's owner: --to, or "
    "the\n"
    "option contact-to. Without FILE the JSON comes from standard input. Answers go to the "
    "visitor, who\n"
    "is never the sender. contact.json in share/facteur/schema describes the fields: name, email,\n"
    "subject, message, fields, …\n"
    "\n";

static const char render_text[] =
    "facteur render order|contact|message|KIND [FILE] [flags]\n"
    "\n"
    "Compose what the commands order, contact, send and letter KIND would send, and print it. No\n"
    "relay is needed.\n"
    "\n"
    "  --html, --text       print only that part, decoded; default: the whole message\n"
    "\n"
    "  facteur render order order.json --html >preview.html\n"
    "\n";

static const char check_text[] = "facteur check [flags]\n"
                                 "\n"
                                 "Connect to the relay, start TLS, log in, and leave again. Print "
                                 "what a send would meet, what the\n"
                                 "relay offers, and the time of each phase.\n"
                                 "\n";

static const char sendmail_text[] =
    "facteur sendmail [--NAME VALUE …] [-t] [-i] [-f SENDER] [-F NAME] [RECIPIENT …]\n"
    "\n"
    "Read a message from standard input and send it, with the options of Postfix's sendmail(1). "
    "The\n"
    "program does the same when it is called \"sendmail\".\n"
    "\n"
    "  -t            take the recipients from To, Cc and Bcc, and from the command line\n"
    "  -i, -oi       a line that holds only a dot does not end the message\n"
    "  -f, -r SENDER where bounces go, and the From of a message that has none; default: the "
    "From,\n"
    "                the option default-from (as a flag or in the environment), the user at this "
    "host\n"
    "  -F NAME       the sender's name, if the message has no From\n"
    "  -N never|success,failure,delay   -R full|hdrs   -V ID   ask for this if the relay offers "
    "DSN\n"
    "  -v            print the receipt\n"
    "  --outbox URL  before these: put the mail into an outbox, for facteur worker\n"
    "\n"
    "Names without a domain get the sender's domain, else the name of this host. -A -B -C -e -G -h "
    "-L\n"
    "-m -n -o* -O -p -U -X are accepted and have no effect. There is no queue: -q, -I, -bs, -bp "
    "and the\n"
    "like are refused. A mail that was not accepted ends with 69, even if only for now, because "
    "PHP's\n"
    "mail() reads 75 as \"queued\". If some recipients were refused and others have the mail, it "
    "ends "
    "with\n"
    "0 and names the refused ones on standard error; --syslog mail and --logfile FILE log every "
    "mail,\n"
    "and --sendmail-bounce notifies the sender.\n"
    "\n"
    "  sendmail_path = \"facteur sendmail --password-file /etc/shop/pw --dsn "
    "smtps://u@relay.example -t -i\"\n"
    "\n";

static const char queue_flags[] =
    "  --outbox URL         sqlite:///var/lib/shop/outbox.db, or FACTEUR_OUTBOX in the "
    "environment\n"
    "  --key KEY            a second mail with this key is a duplicate of the first\n"
    "  --not-before SECONDS, --expires-at SECONDS   from now; default: at once, in two days\n"
    "  --queue-priority N   0 (first) to 9 (last); default: 5\n"
    "\n";

static const char enqueue_text[] =
    "facteur enqueue [FILE] [flags]\n"
    "\n"
    "Put a message into an outbox, with the flags and the JSON of facteur send. It is on the disk "
    "when\n"
    "the command ends; facteur worker sends it. Encryption and signature are applied now. Letters "
    "are\n"
    "queued with the flag --outbox: facteur order order.json --outbox URL.\n"
    "\n";

static const char worker_text[] =
    "facteur worker [flags]\n"
    "\n"
    "Send what is in an outbox to the relay, until SIGTERM or SIGINT. Any number may run beside "
    "each\n"
    "other. Mails that were not handed over are given back then; the others have --grace seconds.\n"
    "\n"
    "  --outbox URL      sqlite:///var/lib/shop/outbox.db, or FACTEUR_OUTBOX in the environment\n"
    "  --once            end when nothing is ready\n"
    "  --grace SECONDS   default: 30\n"
    "\n";

static const char outbox_text[] =
    "facteur outbox COMMAND [flags]\n"
    "\n"
    "  init, migrate     make the tables, or bring them up to date\n"
    "  check             whether it can be used\n"
    "  list              rows: --state STATE, --key KEY, --limit 100, --after ID\n"
    "  show ID           one row and its history; --mail: the message as it is sent\n"
    "  retry ID … | --all     failed, expired, quarantined (and cancelled) mails once more\n"
    "  release ID … | --all   held mails\n"
    "  cancel ID …       ready, held and quarantined mails\n"
    "  purge             --keep-bodies DAYS (7), --keep-rows DAYS (90) after a mail has ended\n"
    "  stats             how many in each state, and the size of the file\n"
    "  top               the same again and again: --every SECONDS (1), --limit TIMES\n"
    "  health            what is wrong; ends with 75 if anything is\n"
    "  suppressed        addresses that no mail goes to\n"
    "  suppress ADDRESS … --reason TEXT, unsuppress ADDRESS …\n"
    "  bounce [FILE …]   read a report that came back, from a file or standard input: its row "
    "notes\n"
    "                    it, and who does not exist or complained is suppressed\n"
    "  paused            relays that refuse this site and get no mail for a while\n"
    "  resume [RELAY …]  send to them again: what they refused has been mended\n"
    "\n"
    "  --outbox URL      sqlite:///var/lib/shop/outbox.db, or FACTEUR_OUTBOX in the environment\n"
    "\n";

static const char exit_codes[] =
    "Exit codes (sysexits.h)\n"
    "  0   sent to at least one recipient; the refused ones are listed as rejected\n"
    "  64  the command line is wrong\n"
    "  65  the JSON, the message or one of its files is wrong or cannot be read\n"
    "  69  the relay refused the mail for good\n"
    "  74  standard output could not be written; after a mail was tried, its own code counts "
    "instead\n"
    "  75  not sent for now: trying again can help; or in doubt: the mail was handed over and no\n"
    "      verdict came, so trying again may deliver it twice; or the outbox is away or full\n"
    "  77  the relay did not accept the login\n"
    "  78  the DSN or an option is wrong\n";

/* Print a help text in lines of HELP_COLUMNS, indented by six columns. */
static void print_wrapped(const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t len = strcspn(text, " ");

        if (column && column + 1 + len > HELP_COLUMNS) {
            putchar('\n');
            column = 0;
        }
        printf("%s%.*s", column ? " " : "      ", (int)len, text);
        column += (column ? 1 : 6) + len;
        text += len;
        text += strspn(text, " ");
    }
    putchar('\n');
}

void help_print_options(void)
{
    puts("Options of the mailer");
    for (size_t i = 0; i < facteur_option_count(); i++) {
        const char *name = facteur_option_name(i), *choices = facteur_option_choices(i);
        const char *def = facteur_option_default(i);

        fputs("  --", stdout);
        for (; *name; name++)
            putchar(*name == '_' ? '-' : *name);
        printf(" %s%s%s%s\n", *choices ? choices : facteur_option_type(i), *def ? " (default " : "",
               def, *def ? ")" : "");
        print_wrapped(facteur_option_help(i));
    }
    puts("  A bool needs no value: --NAME is 1, --no-NAME is 0.\n");
}

static void print_kinds(void)
{
    for (const char *const *kinds = facteur_letter_kinds(); *kinds; kinds++)
        printf("  %s\n", *kinds);
    putchar('\n');
}

/* The members of a message's JSON. */
static void print_fields(void)
{
    size_t column = 0;

    for (size_t i = 0; i < facteur_message_field_count(); i++) {
        const char *name = facteur_message_field_name(i);
        bool ends = i + 1 == facteur_message_field_count();

        if (column && column + strlen(name) + 2 > HELP_COLUMNS)
            column = 0;
        if (!column)
            fputs(i ? "\n " : " ", stdout);
        column += 2 + strlen(name);
        printf(" %s%s", name, ends ? "\n\n" : ",");
    }
}

void help_print(enum command command)
{
    switch (command) {
    case CMD_SEND:
        fputs(send_text, stdout);
        print_fields();
        fputs(send_flags, stdout);
        break;
    case CMD_LETTER:
        fputs(letter_text, stdout);
        print_kinds();
        fputs(letter_flags, stdout);
        break;
    case CMD_ORDER:
        fputs(order_text, stdout);
        fputs(letter_flags, stdout);
        break;
    case CMD_CONTACT:
        fputs(contact_text, stdout);
        fputs(letter_flags, stdout);
        break;
    case CMD_RENDER:
        fputs(render_text, stdout);
        fputs(letter_flags, stdout);
        break;
    case CMD_CHECK:
        fputs(check_text, stdout);
        break;
    case CMD_SENDMAIL:
        fputs(sendmail_text, stdout);
        break;
    case CMD_ENQUEUE:
        fputs(enqueue_text, stdout);
        fputs(queue_flags, stdout);
        fputs(send_flags, stdout);
        break;
    case CMD_OUTBOX:
        fputs(outbox_text, stdout);
        break;
    case CMD_WORKER:
        fputs(worker_text, stdout);
        break;
    default:
        fputs(overview, stdout);
        help_print_options();
        fputs(exit_codes, stdout);
        return;
    }
    puts("\"facteur help\" lists what every command takes, the options and the exit codes.");
}
