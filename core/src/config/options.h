/* SPDX-License-Identifier: MIT */
/*
 * The table of options, and a set of option values.  The C, Python and PHP interfaces and
 * docs/options.md follow the table.  An option that is not in it is refused.
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
    "PLAIN|LOGIN|CRAM-MD5|SCRAM-SHA-1|SCRAM-SHA-256|SCRAM-SHA-512|SCRAM-SHA-1-PLUS|"               \
    "SCRAM-SHA-256-PLUS|SCRAM-SHA-512-PLUS|OAUTHBEARER|XOAUTH2|EXTERNAL"
#define FCT_PIPELINING_WORDS "0|1|full"
#define FCT_FAMILY_WORDS "any|ipv4|ipv6"
#define FCT_SYSLOG_WORDS                                                                           \
    "off|mail|user|daemon|local0|local1|local2|local3|local4|local5|local6|local7"
#define FCT_MODE_WORDS "live|capture|redirect|allowlist"
#define FCT_IN_DOUBT_WORDS "retry|hold"

/*
 * X(name, SCOPE, TYPE, choices, default, lowest, highest, help); a default of "" is "not set".  The
 * scopes are those of facteur_option_scope().  With several relays each scope has one place.
 */
#define FCT_OPTIONS(X)                                                                             \
    X(deadline, MAILER, SECONDS, "", "10", 1, FCT_SECONDS(86400),                                  \
      "The time limit of a whole send: name resolution, connection, TLS, login, waiting "          \
      "for a connection, dialogue.")                                                               \
    X(connect_timeout, RELAY, SECONDS, "", "10", 1, FCT_SECONDS(3600),                             \
      "The time limit for name resolution, connection and TLS handshake.")                         \
    X(greeting_timeout, RELAY, SECONDS, "", "30", 1, FCT_SECONDS(3600),                            \
      "How long to wait for the relay's greeting.")                                                \
    X(command_timeout, RELAY, SECONDS, "", "60", 1, FCT_SECONDS(3600),                             \
      "How long to wait for the reply to a command.")                                              \
    X(body_timeout, RELAY, SECONDS, "", "60", 1, FCT_SECONDS(3600),                                \
      "The time limit for handing over each 64 KiB of a message.")                                 \
    X(final_timeout, RELAY, SECONDS, "", "600", 1, FCT_SECONDS(3600),                              \
      "How long to wait for the verdict after the end of a message.")                              \
    X(pool_size, RELAY, INT, "", "5", 1, 1000, "The maximum number of open connections.")          \
    X(max_mails, RELAY, INT, "", "100", 0, 1000000,                                                \
      "Replace a connection after this number of mails.  0: no limit.")                            \
    X(max_age, RELAY, SECONDS, "", "600", 0, FCT_SECONDS(86400),                                   \
      "Replace a connection at this age.  0: no limit.")                                           \
    X(idle_timeout, RELAY, SECONDS, "", "60", 0, FCT_SECONDS(86400),                               \
      "Close a connection that was idle for longer.  Presets set their relay's limit.")            \
    X(warm, RELAY, INT, "", "0", 0, 1000,                                                          \
      "The number of idle connections to keep ready after the first mail, within "                 \
      "pool_size.  They are opened and replaced while mails are sent or an event loop runs.")      \
    X(host_slots, RELAY, INT, "", "0", 0, 1000,                                                    \
      "The maximum number of connections to the relay of all processes of this user on "           \
      "this host.  Waiting for one counts against the deadline.  The last free one is not "        \
      "kept between two mails.  0: no limit.")                                                     \
    X(fresh_ms, RELAY, MS, "", "2000", 0, FCT_SECONDS(3600),                                       \
      "If a connection was idle for longer, hold back the end of the message until the "           \
      "relay has answered.  So a mail is never in doubt because a connection was dropped "         \
      "silently.  With 2000 or more, an answer to the kernel is enough: on Linux it asks "         \
      "an idle relay twice in this time.")                                                         \
    X(pipelining, RELAY, CHOICE, FCT_PIPELINING_WORDS, "1", 0, 2,                                  \
      "Use PIPELINING (RFC 2920) if the relay offers it.  Without CHUNKING, the next "             \
      "mail's commands follow the end of a message in the same flight only if the relay's "        \
      "software is known to take them, or with full.")                                             \
    X(chunking, RELAY, BOOL, "", "1", 0, 1, "Use CHUNKING (RFC 3030) if the relay offers it.")     \
    X(pipeline_depth, RELAY, INT, "", "16", 1, 1000,                                               \
      "The maximum number of mails on their way on one connection before the first is "            \
      "answered.")                                                                                 \
    X(pipeline_bytes, RELAY, INT, "", "1048576", 1, 1073741824,                                    \
      "The maximum number of bytes of mails on their way on one connection.")                      \
    X(background, MAILER, BOOL, "", "0", 0, 1,                                                     \
      "Give the mailer its own thread, which works while nobody waits.")                           \
    X(max_rate, RELAY, NUMBER, "", "0", 0, FCT_SECONDS(100000),                                    \
      "The maximum number of mails a second to this relay, such as 14 or 0.5.  Mails wait "        \
      "for their turn.  0: no limit.")                                                             \
    X(breaker_failures, RELAY, INT, "", "5", 0, 1000000,                                           \
      "After so many failures in a row to connect, to secure the connection or to log in, "        \
      "leave the relay alone for breaker_pause.  0: never.")                                       \
    X(breaker_pause, RELAY, SECONDS, "", "30", 1, FCT_SECONDS(86400),                              \
      "How long to leave such a relay alone, before one mail tries it again.")                     \
    X(helo, RELAY, TEXT, "", "", 0, 0,                                                             \
      "The name in EHLO: a domain or an address literal.  Default: the host's full name, "         \
      "else the sender's domain, else the address literal of the connection.")                     \
    X(tls, RELAY, CHOICE, FCT_TLS_WORDS, "", 0, 3,                                                 \
      "implicit: TLS from the start.  starttls: STARTTLS is required.  opportunistic: "            \
      "STARTTLS if the relay offers it.  none: no TLS.  Default: implicit for smtps://, "          \
      "starttls for smtp:// and presets, none for loopback and unix sockets.")                     \
    X(ports, RELAY, TEXT, "", "", 0, 0,                                                            \
      "Ports to try beside each other, separated by commas, such as 465,587,2525; the one "        \
      "that worked is tried first the next time.  On 465 and 2465 TLS begins at once, on the "     \
      "others with STARTTLS as tls says.  Presets know their relay's.")                            \
    X(proxy, RELAY, SECRET, "", "", 0, 0,                                                          \
      "The proxy to the relay: socks5://user:password@host:1080 or "                               \
      "http://user:password@host:3128 (CONNECT).  It resolves the relay's name.  TLS is with "     \
      "the relay all the same.")                                                                   \
    X(local_address, RELAY, TEXT, "", "", 0, 0,                                                    \
      "The IPv4 or IPv6 address of this machine from which to connect.")                           \
    X(address_family, RELAY, CHOICE, FCT_FAMILY_WORDS, "any", 0, 2,                                \
      "Connect to addresses of this family only.")                                                 \
    X(tls_name, RELAY, TEXT, "", "", 0, 0,                                                         \
      "The name that the relay's certificate must have.  Default: the host of the DSN.")           \
    X(ca_file, RELAY, PATH, "", "", 0, 0,                                                          \
      "A file of certificate authorities (PEM) to trust instead of the system's.")                 \
    X(ca_path, RELAY, PATH, "", "", 0, 0,                                                          \
      "A folder of such authorities, a file each under its hashed name (openssl rehash).  "        \
      "With ca_file both are trusted.")                                                            \
    X(pin_sha256, RELAY, TEXT, "", "", 0, 0,                                                       \
      "Base64 of the SHA-256 of the relay's public key (SPKI), with or without sha256// "          \
      "before it.  At most 16, separated by commas.")                                              \
    X(client_cert, RELAY, PATH, "", "", 0, 0, "The client's own certificate and its chain (PEM).") \
    X(client_key, RELAY, PATH, "", "", 0, 0,                                                       \
      "The private key of client_cert (PEM).  Default: in the file client_cert.")                  \
    X(client_key_password, RELAY, SECRET, "", "", 0, 0,                                            \
      "The password of the private key, if it is encrypted.")                                      \
    X(tls_session_file, RELAY, PATH, "", "", 0, 0,                                                 \
      "A file (mode 0600) in which processes of this user share TLS sessions, so that a "          \
      "new process has a shorter handshake.  Default: each process keeps its own sessions.")       \
    X(auth, RELAY, CHOICE, FCT_AUTH_WORDS, "", 0, 11,                                              \
      "The only SASL mechanism to use.  Default: the strongest that both sides know.")             \
    X(username, LOGIN, TEXT, "", "", 0, 0, "The user name of the login.")                          \
    X(authzid, LOGIN, TEXT, "", "", 0, 0,                                                          \
      "The identity to act as, if it is not that of the login (the authorization identity "        \
      "of RFC 4422).  For PLAIN, SCRAM, OAUTHBEARER and EXTERNAL.")                                \
    X(password, LOGIN, SECRET, "", "", 0, 0, "The password of the login.")                         \
    X(password_file, LOGIN, PATH, "", "", 0, 0,                                                    \
      "A file with the password.  A line end at the end of the file is ignored.  The file "        \
      "is read at the first send, and again after it has changed; the next mail then uses "        \
      "a new connection.")                                                                         \
    X(password_env, LOGIN, TEXT, "", "", 0, 0,                                                     \
      "The environment variable that holds the password.")                                         \
    X(token, LOGIN, SECRET, "", "", 0, 0,                                                          \
      "An OAuth 2.0 bearer token, instead of a password.  In Python and PHP also a "               \
      "callable: it gets the relay and the user name, and returns a token, or a token and "        \
      "the seconds for which it is good.")                                                         \
    X(token_command, LOGIN, TEXT, "", "", 0, 0,                                                    \
      "A program with its arguments, separated by spaces.  It prints a token and, on a "           \
      "second line, for how many seconds it is good.  It runs without a shell, when a "            \
      "token is needed.")                                                                          \
    X(token_callback, RELAY, BOOL, "", "0", 0, 1,                                                  \
      "The token comes from facteur_mailer_set_token_source().  In Python and PHP a "              \
      "callable as token sets this.")                                                              \
    X(mode, MACHINE, CHOICE, FCT_MODE_WORDS, "live", 0, 3,                                         \
      "live: send.  capture: keep every mail in capture_dir or in memory.  redirect: send "        \
      "every mail to redirect_to.  allowlist: send only to the recipients in allow and "           \
      "refuse the others.  FACTEUR_MODE in the environment wins over everything else.")            \
    X(redirect_to, MACHINE, ADDRESS, "", "", 0, 0,                                                 \
      "With mode=redirect: the addresses that get every mail, separated by commas.")               \
    X(allow, MACHINE, TEXT, "", "", 0, 0,                                                          \
      "With mode=allowlist: addresses and domains, separated by commas.")                          \
    X(capture_dir, MACHINE, PATH, "", "", 0, 0,                                                    \
      "With mode=capture: the directory in which each mail becomes an .eml file.  Default: "       \
      "in memory.")                                                                                \
    X(max_recipients, MAILER, INT, "", "1000", 1, 10000,                                           \
      "The maximum number of recipients of a mail.  A mail with more is refused before a "         \
      "connection is opened; so it is with max_message_bytes, max_header_bytes and "               \
      "max_parts.")                                                                                \
    X(max_message_bytes, MAILER, INT, "", "104857600", 1024, 2147483647,                           \
      "The maximum size of a mail in bytes, encoded, before signatures.  The relay's own "         \
      "limit (SIZE) also applies.")                                                                \
    X(max_header_bytes, MAILER, INT, "", "262144", 1024, 67108864,                                 \
      "The maximum size of a mail's header in bytes.")                                             \
    X(max_parts, MAILER, INT, "", "200", 1, 1000,                                                  \
      "The maximum number of attachments, inline parts and alternatives of a message.")            \
    X(default_from, MAILER, ADDRESS, "", "", 0, 0,                                                 \
      "The From of messages and letters that have none.")                                          \
    X(default_locale, MAILER, TEXT, "", "", 0, 0,                                                  \
      "The locale of letters that have none, such as fr-FR.")                                      \
    X(contact_to, MAILER, ADDRESS, "", "", 0, 0,                                                   \
      "The address that gets the messages of contact forms.")                                      \
    X(syslog, MAILER, CHOICE, FCT_SYSLOG_WORDS, "off", 0, 11,                                      \
      "Log each mail with its verdict to the system's log, with this facility; and each "          \
      "refused recipient.")                                                                        \
    X(logfile, MAILER, PATH, "", "", 0, 0,                                                         \
      "Log the same to this file.  It is made with mode 0600; a link is not followed.")            \
    X(sendmail_bounce, MAILER, BOOL, "", "0", 0, 1,                                                \
      "facteur sendmail: send the sender a notification (RFC 3464) of the recipients that the "    \
      "relay refused.")                                                                            \
    X(outbox, MAILER, SECRET, "", "", 0, 0,                                                        \
      "The address of the outbox, such as sqlite:///var/lib/shop/outbox.db (docs/outbox.md).  "    \
      "send() puts a mail there first.  A worker gets it, or without one the caller tries it.")    \
    X(in_doubt, MAILER, CHOICE, FCT_IN_DOUBT_WORDS, "retry", 0, 1,                                 \
      "What becomes of a mail of the outbox that was handed over and got no verdict.  retry: "     \
      "it is sent again with the same Message-ID.  hold: it waits until somebody releases it.")    \
    X(dkim, MAILER, JSON, "", "", 0, 0,                                                            \
      "DKIM signatures: a list of objects with domain, selector, and key (PEM) or key_file.")      \
    X(smime, MAILER, JSON, "", "", 0, 0,                                                           \
      "S/MIME: an object with sign (certificate, key), encrypt (recipients) or both.")             \
    X(dangerous_no_verify, RELAY, BOOL, "", "0", 0, 1,                                             \
      "Accept any certificate.  Then anybody on the way can read the password and the "            \
      "mail.  Use ca_file, tls_name or pin_sha256 instead.")                                       \
    X(dangerous_plaintext_auth, RELAY, BOOL, "", "0", 0, 1,                                        \
      "Send credentials over a connection without TLS.")

enum fct_option {
#define FCT_OPTION_ENUM(name, scope, type, choices, def, low, high, help) FCT_OPT_##name,
    FCT_OPTIONS(FCT_OPTION_ENUM)
#undef FCT_OPTION_ENUM
        FCT_OPTION_COUNT
};

/* The source of a value.  A higher one wins. */
enum fct_level {
    FCT_LEVEL_UNSET,
    FCT_LEVEL_PRESET,
    FCT_LEVEL_FILE, /* the configuration file */
    FCT_LEVEL_ENVIRONMENT,
    FCT_LEVEL_GROUP, /* after failover(…) */
    FCT_LEVEL_DSN,
    FCT_LEVEL_CALLER,
    FCT_LEVEL_FORCED /* FACTEUR_MODE */
};

/* The owner of a set of values, which decides the scopes that it takes. */
enum fct_place {
    FCT_PLACE_ALONE,  /* a mailer with one relay: every scope */
    FCT_PLACE_SHARED, /* what several relays share: no login */
    FCT_PLACE_MEMBER  /* one of several relays: its own options and its login */
};

struct fct_option_value {
    enum fct_level level;
    char *text; /* unless it is a secret; NULL: not set.  Wiped, because a user name can be a key */
    fct_secret *secret; /* secrets */
    int64_t number;     /* microseconds, an integer, 0 or 1, or the index of the choice */
};

/* The defaults after fct_options_init(). */
typedef struct fct_options {
    enum fct_place place; /* set by the owner before the first value */
    struct fct_option_value values[FCT_OPTION_COUNT];
} fct_options;

/* FACTEUR_ENOMEM leaves nothing to free. */
int fct_options_init(fct_options *options);
/* Likewise; copies all except the place. */
int fct_options_copy(fct_options *into, const fct_options *from);
void fct_options_done(fct_options *options); /* wipes the secrets */

/*
 * Give an option its value as text.  A value of a lower level than the present one is checked and
 * dropped.
 *
 * Returns 0, FACTEUR_ENOMEM, or FACTEUR_ECONFIG with the option as `where` when there is no such
 * option (the error gives the nearest name), when its scope has no place here, or when the value is
 * not of its type and range.  No error shows the value of a secret.
 */
int fct_options_set(fct_options *options, enum fct_level level, const char *name, size_t name_len,
                    const char *value, size_t len, facteur_error **error);

/* Read every FACTEUR_<OPTION> of the environment that is set and not empty. */
int fct_options_from_environment(fct_options *options, facteur_error **error);

/*
 * Whether both have the same values, whatever their levels.  Secrets are compared in constant time.
 */
bool fct_options_equal(const fct_options *a, const fct_options *b);

/* The index of the option of this name, or -1. */
int fct_option_find(const char *name, size_t len);

/*
 * Refuse a name that no option has, and show the nearest one, or facteur's word for another
 * library's.  `value` is what was given to it; it is not shown.  FACTEUR_ECONFIG, FACTEUR_ENOMEM.
 */
int fct_option_refuse(const char *name, size_t len, fct_slice value, facteur_error **error);

/* Whether its scope is relay or login. */
bool fct_option_is_of_relay(size_t option);

/* The variable of the environment that gives an option: "FACTEUR_CA_FILE". */
#define FCT_OPTION_VARIABLE 64
void fct_option_variable(size_t option, char variable[FCT_OPTION_VARIABLE]);

static inline const struct fct_option_value *fct_options_get(const fct_options *options,
                                                             enum fct_option option)
{
    return &options->values[option];
}

#endif
