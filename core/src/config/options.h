/* SPDX-License-Identifier: MIT */
/*
 * The table of options, and a set of option values.  The table is the one source of the C, Python
 * and PHP interfaces and of docs/options.md; what is not in it is refused.
 */
#ifndef FCT_OPTIONS_H
#define FCT_OPTIONS_H

#include "base/bytes.h"
#include "base/secret.h"
#include "facteur.h"

#include <stdint.h>

#define FCT_SECONDS(s) ((s)*1000) /* ranges of times and numbers are in thousandths */

/* The mechanisms that `auth` can name; enum fct_tls_plan has the order of FCT_TLS_WORDS. */
#define FCT_TLS_WORDS "none|implicit|starttls|opportunistic"
#define FCT_AUTH_WORDS                                                                             \
    "PLAIN|LOGIN|CRAM-MD5|SCRAM-SHA-1|SCRAM-SHA-256|SCRAM-SHA-1-PLUS|SCRAM-SHA-256-PLUS|"          \
    "OAUTHBEARER|XOAUTH2|EXTERNAL"
#define FCT_PIPELINING_WORDS "0|1|full"
#define FCT_MODE_WORDS "live|capture|redirect|allowlist"

/*
 * X(name, SCOPE, TYPE, choices, default, lowest, highest, help); a default of "" is "not set".
 * The scopes are facteur_option_scope()'s; with several relays each has its one place.
 */
#define FCT_OPTIONS(X)                                                                             \
    X(deadline, MAILER, SECONDS, "", "10", 1, FCT_SECONDS(86400),                                  \
      "The limit of one send over everything: name resolution, connection, TLS, login, waiting "   \
      "for a connection, dialogue.")                                                               \
    X(connect_timeout, RELAY, SECONDS, "", "10", 1, FCT_SECONDS(3600),                             \
      "The limit of name resolution, connection and TLS handshake.")                               \
    X(greeting_timeout, RELAY, SECONDS, "", "30", 1, FCT_SECONDS(3600),                            \
      "The limit of waiting for the relay's greeting.")                                            \
    X(command_timeout, RELAY, SECONDS, "", "60", 1, FCT_SECONDS(3600),                             \
      "The limit of waiting for the reply to one command.")                                        \
    X(body_timeout, RELAY, SECONDS, "", "60", 1, FCT_SECONDS(3600),                                \
      "The limit of handing over each 64 KiB of a message.")                                       \
    X(final_timeout, RELAY, SECONDS, "", "600", 1, FCT_SECONDS(3600),                              \
      "The limit of waiting for the verdict after the end of a message.")                          \
    X(pool_size, RELAY, INT, "", "5", 1, 1000, "The most connections that are open at once.")      \
    X(max_mails, RELAY, INT, "", "100", 0, 1000000,                                                \
      "Mails after which a connection is replaced; 0: no limit.")                                  \
    X(max_age, RELAY, SECONDS, "", "600", 0, FCT_SECONDS(86400),                                   \
      "Age at which a connection is replaced; 0: no limit.")                                       \
    X(idle_timeout, RELAY, SECONDS, "", "60", 0, FCT_SECONDS(86400),                               \
      "Close a connection that was idle for longer; presets know their relay's limit.")            \
    X(warm, RELAY, INT, "", "0", 0, 1000,                                                          \
      "Idle connections that are kept ready once a mail was sent, within pool_size.  They are "    \
      "opened and replaced while mails are sent or an event loop runs.")                           \
    X(host_slots, RELAY, INT, "", "0", 0, 1000,                                                    \
      "The most connections to the relay of all processes of this user on this host; waiting for " \
      "one counts against the deadline.  The last free one is not kept between two mails.  0: no " \
      "limit.")                                                                                    \
    X(fresh_ms, RELAY, MS, "", "2000", 0, FCT_SECONDS(3600),                                       \
      "On a connection idle for longer, hold back the end of the message until the relay has "     \
      "answered, so that a silently dropped connection is never in doubt.  With 2000 or more, an " \
      "answer to the kernel counts: on Linux it asks an idle relay twice in this time.")           \
    X(pipelining, RELAY, CHOICE, FCT_PIPELINING_WORDS, "1", 0, 2,                                  \
      "Use PIPELINING (RFC 2920) when the relay offers it.  Without CHUNKING the next mail's "     \
      "commands follow the end of a message in the same flight only where the relay's software "   \
      "is known to take them, or with full.")                                                      \
    X(chunking, RELAY, BOOL, "", "1", 0, 1, "Use CHUNKING (RFC 3030) when the relay offers it.")   \
    X(pipeline_depth, RELAY, INT, "", "16", 1, 1000,                                               \
      "The most mails that are on their way on one connection before the first is answered.")      \
    X(pipeline_bytes, RELAY, INT, "", "1048576", 1, 1073741824,                                    \
      "The most bytes of mails that are on their way on one connection.")                          \
    X(background, MAILER, BOOL, "", "0", 0, 1,                                                     \
      "Give the mailer a thread of its own, which does the work while nobody waits.")              \
    X(max_rate, RELAY, NUMBER, "", "0", 0, FCT_SECONDS(100000),                                    \
      "The most mails a second that this relay gets, as 14 or 0.5; mails wait for their turn.  "   \
      "0: no limit.")                                                                              \
    X(breaker_failures, RELAY, INT, "", "5", 0, 1000000,                                           \
      "Failures in a row to connect, to secure the connection or to log in, after which the "      \
      "relay is left alone for breaker_pause; 0: never.")                                          \
    X(breaker_pause, RELAY, SECONDS, "", "30", 1, FCT_SECONDS(86400),                              \
      "How long a relay is then left alone, before one mail tries whether it is back.")            \
    X(helo, RELAY, TEXT, "", "", 0, 0,                                                             \
      "The name given in EHLO: a domain or an address literal.  Default: the host's full name, "   \
      "else the sender's domain.")                                                                 \
    X(tls, RELAY, CHOICE, FCT_TLS_WORDS, "", 0, 3,                                                 \
      "Default: implicit for smtps://, starttls for smtp:// and presets, none for loopback and "   \
      "unix sockets.  starttls is required, opportunistic takes it when offered.")                 \
    X(tls_name, RELAY, TEXT, "", "", 0, 0,                                                         \
      "The name that the relay's certificate must carry.  Default: the host of the DSN.")          \
    X(ca_file, RELAY, PATH, "", "", 0, 0,                                                          \
      "Certificate authorities to trust (PEM) in place of the system's.")                          \
    X(pin_sha256, RELAY, TEXT, "", "", 0, 0,                                                       \
      "Base64 of the SHA-256 of the relay's public key (SPKI), with or without sha256// before "   \
      "it; at most 16, separated by commas.")                                                      \
    X(client_cert, RELAY, PATH, "", "", 0, 0,                                                      \
      "The client's own certificate with its chain (PEM).")                                        \
    X(client_key, RELAY, PATH, "", "", 0, 0,                                                       \
      "The private key of client_cert (PEM).  Default: in the client_cert file.")                  \
    X(tls_session_file, RELAY, PATH, "", "", 0, 0,                                                 \
      "A file, 0600, in which processes of this user share TLS sessions, so that a new process "   \
      "has a shorter handshake.  Default: each process remembers its own.")                        \
    X(auth, RELAY, CHOICE, FCT_AUTH_WORDS, "", 0, 9,                                               \
      "The one SASL mechanism to use.  Default: the strongest that both sides know.")              \
    X(username, LOGIN, TEXT, "", "", 0, 0, "The login.")                                           \
    X(password, LOGIN, SECRET, "", "", 0, 0, "Its password.")                                      \
    X(password_file, LOGIN, PATH, "", "", 0, 0,                                                    \
      "A file that holds the password; a line end at its end is left out.  Read at the first "     \
      "send, and again when it has changed: the next mail then goes over a new connection.")       \
    X(password_env, LOGIN, TEXT, "", "", 0, 0,                                                     \
      "The environment variable that holds the password.")                                         \
    X(token, LOGIN, SECRET, "", "", 0, 0,                                                          \
      "An OAuth 2.0 bearer token, in place of a password.  In Python and PHP also a callable: it " \
      "gets the relay and the username and returns a token, or a token and the seconds that it "   \
      "is good for.")                                                                              \
    X(token_command, LOGIN, TEXT, "", "", 0, 0,                                                    \
      "A program with its arguments, parted by spaces, that prints such a token and, on a second " \
      "line, for how many seconds it is good.  Run without a shell when a token is needed.")       \
    X(token_callback, RELAY, BOOL, "", "0", 0, 1,                                                  \
      "The token comes from facteur_mailer_set_token_source(); a callable given as token in "      \
      "Python or PHP sets it.")                                                                    \
    X(mode, MACHINE, CHOICE, FCT_MODE_WORDS, "live", 0, 3,                                         \
      "live sends; capture keeps every mail in capture_dir or in memory; redirect sends every "    \
      "mail to redirect_to; allowlist sends to the recipients in allow and refuses the others.  "  \
      "FACTEUR_MODE in the environment wins over everything else.")                                \
    X(redirect_to, MACHINE, ADDRESS, "", "", 0, 0,                                                 \
      "With mode=redirect: the addresses that get every mail, separated by commas.")               \
    X(allow, MACHINE, TEXT, "", "", 0, 0,                                                          \
      "With mode=allowlist: addresses and domains, separated by commas.")                          \
    X(capture_dir, MACHINE, PATH, "", "", 0, 0,                                                    \
      "With mode=capture: the directory for one .eml file a mail.  Default: in memory.")           \
    X(max_recipients, MAILER, INT, "", "1000", 1, 10000,                                           \
      "The most recipients of a mail; one with more is refused before a connection is opened, as " \
      "with the next three.")                                                                      \
    X(max_message_bytes, MAILER, INT, "", "104857600", 1024, 2147483647,                           \
      "The most bytes of a mail, encoded, before signatures.  A relay's own limit (SIZE) is "      \
      "kept, too.")                                                                                \
    X(max_header_bytes, MAILER, INT, "", "262144", 1024, 67108864,                                 \
      "The most bytes of a mail's header.")                                                        \
    X(max_parts, MAILER, INT, "", "200", 1, 1000,                                                  \
      "The most attachments, inline parts and alternatives of a message.")                         \
    X(default_from, MAILER, ADDRESS, "", "", 0, 0,                                                 \
      "The From of messages and letters that have none.")                                          \
    X(default_locale, MAILER, TEXT, "", "", 0, 0,                                                  \
      "The locale of letters that name none, as fr-FR.")                                           \
    X(contact_to, MAILER, ADDRESS, "", "", 0, 0, "Who gets the messages of contact forms.")        \
    X(dkim, MAILER, JSON, "", "", 0, 0,                                                            \
      "DKIM signatures: a list of objects with domain, selector and key (PEM) or key_file; "       \
      "docs/signatures.md.")                                                                       \
    X(smime, MAILER, JSON, "", "", 0, 0,                                                           \
      "S/MIME: an object with sign (certificate, key), encrypt (recipients) or both; "             \
      "docs/signatures.md.")                                                                       \
    X(dangerous_no_verify, RELAY, BOOL, "", "0", 0, 1,                                             \
      "Accept any certificate: whoever is between can read the password and the mail.  Use "       \
      "ca_file, tls_name or pin_sha256 instead.")                                                  \
    X(dangerous_plaintext_auth, RELAY, BOOL, "", "0", 0, 1,                                        \
      "Send credentials over a connection without TLS.")

enum fct_option {
#define FCT_OPTION_ENUM(name, scope, type, choices, def, low, high, help) FCT_OPT_##name,
    FCT_OPTIONS(FCT_OPTION_ENUM)
#undef FCT_OPTION_ENUM
        FCT_OPTION_COUNT
};

/* Where a value comes from; a higher one wins. */
enum fct_level {
    FCT_LEVEL_UNSET,
    FCT_LEVEL_PRESET,
    FCT_LEVEL_ENVIRONMENT,
    FCT_LEVEL_GROUP, /* behind failover(…) */
    FCT_LEVEL_DSN,
    FCT_LEVEL_CALLER,
    FCT_LEVEL_FORCED /* FACTEUR_MODE */
};

/* Whose values a set holds: this decides which scopes it takes. */
enum fct_place {
    FCT_PLACE_ALONE,  /* a mailer's with one relay: every scope */
    FCT_PLACE_SHARED, /* several relays': no login */
    FCT_PLACE_MEMBER  /* one of several relays': what is the relay's and its login */
};

struct fct_option_value {
    enum fct_level level;
    char *text;         /* all but secrets; NULL: not set.  Wiped: a user name can be a key */
    fct_secret *secret; /* secrets */
    int64_t number;     /* microseconds, an integer, 0 or 1, or the index of the choice */
};

/* The defaults after fct_options_init(). */
typedef struct fct_options {
    enum fct_place place; /* for the owner to set before the first value */
    struct fct_option_value values[FCT_OPTION_COUNT];
} fct_options;

/* FACTEUR_ENOMEM leaves nothing to free. */
int fct_options_init(fct_options *options);
int fct_options_copy(fct_options *into, const fct_options *from); /* likewise; all but the place */
void fct_options_done(fct_options *options);                      /* wipes the secrets */

/*
 * Give an option its value as text; a value of a lower level than the one it has is checked and
 * dropped.
 *
 * FACTEUR_ECONFIG: no such option (the nearest name is told), a scope that has no place here, or
 * not a value of its type and range; `where` is the option.  No value of a secret is ever told.
 */
int fct_options_set(fct_options *options, enum fct_level level, const char *name, size_t name_len,
                    const char *value, size_t len, facteur_error **error);

/* Every FACTEUR_<OPTION> of the environment that is set and not empty. */
int fct_options_from_environment(fct_options *options, facteur_error **error);

/* Whether both hold the same values, whatever their levels; secrets in constant time. */
bool fct_options_equal(const fct_options *a, const fct_options *b);

/* The index of the option called so, or -1. */
int fct_option_find(const char *name, size_t len);

/* The variable of the environment that gives an option: "FACTEUR_CA_FILE". */
#define FCT_OPTION_VARIABLE 64
void fct_option_variable(size_t option, char variable[FCT_OPTION_VARIABLE]);

static inline const struct fct_option_value *fct_options_get(const fct_options *options,
                                                             enum fct_option option)
{
    return &options->values[option];
}

#endif
