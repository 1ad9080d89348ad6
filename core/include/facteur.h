/* SPDX-License-Identifier: MIT */
/*
 * facteur: hand a website's transactional mail to an SMTP relay, and know what became of it.
 *
 * The only public header, and the manual of the C library.  Python, PHP and the program are thin
 * layers over what is declared here: the same names, the same options, the same errors.
 */
#ifndef FACTEUR_H
#define FACTEUR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FACTEUR_VERSION "0.1.0"

#ifndef FACTEUR_API /* the extensions, which have the core within them, define it as nothing */
#if defined(__GNUC__)
#define FACTEUR_API __attribute__((visibility("default")))
#else
#define FACTEUR_API
#endif
#endif

/*
 * Conventions
 *
 * Text is UTF-8 and given with its length in bytes; a length of FACTEUR_NTS says that it ends at
 * its NUL.  Functions read or copy their arguments before they return.
 *
 * A function returns 0 or a negative FACTEUR_E code.  A negative return means that nothing started
 * and that no out-parameter but `error` was touched.  `error` may be NULL; otherwise it receives an
 * object of the caller's, to be freed with facteur_error_free().
 *
 * Times are seconds as double.  Loading the library and making a mailer create no thread, socket,
 * TLS context or file; that happens at the first send.
 *
 * Threads: a message, a receipt and an error belong to one thread at a time.  A mailer may be used
 * by any number of threads at once.  After fork() the child may go on using the same mailer: it
 * abandons what it inherited and opens its own connections; the parent never notices.
 */
#define FACTEUR_NTS ((size_t)-1)

/* X(name, value, kind, text); the values are frozen. */
#define FACTEUR_ERRORS(X)                                                                          \
    X(ENOMEM, -1, TEMPORARY, "out of memory or of file descriptors")                               \
    X(ECONFIG, -2, USAGE, "the configuration is not valid")                                        \
    X(EMESSAGE, -3, USAGE, "the message is not valid")                                             \
    X(ECLOSED, -4, USAGE, "the mailer is closed")                                                  \
    X(EIO, -5, TEMPORARY, "a file could not be read or written")                                   \
    X(EBUSY, -6, USAGE, "another event loop is driving the mailer")                                \
    X(ECONNECT, -10, TEMPORARY, "the relay could not be reached")                                  \
    X(ETLS, -11, TEMPORARY, "no trusted TLS connection to the relay")                              \
    X(EAUTH, -12, TEMPORARY, "the relay did not accept the login")                                 \
    X(EDEADLINE, -13, TEMPORARY, "the deadline passed before the mail was handed over")            \
    X(EPROTOCOL, -14, TEMPORARY, "the relay broke the SMTP dialogue")                              \
    X(ETEMPORARY, -15, TEMPORARY, "the relay refused the mail for now")                            \
    X(EPERMANENT, -20, PERMANENT, "the relay refused the mail for good")                           \
    X(EINDOUBT, -30, IN_DOUBT, "the mail was handed over, its verdict was not heard")

enum facteur_error_code {
#define FACTEUR_ERROR_ENUM(name, value, kind, text) FACTEUR_##name = (value),
    FACTEUR_ERRORS(FACTEUR_ERROR_ENUM)
#undef FACTEUR_ERROR_ENUM
};

enum facteur_error_kind {
    FACTEUR_KIND_USAGE,     /* the caller's mistake: nothing was tried */
    FACTEUR_KIND_TEMPORARY, /* certainly not accepted; trying again can help */
    FACTEUR_KIND_PERMANENT, /* certainly refused; trying again cannot help */
    FACTEUR_KIND_IN_DOUBT   /* handed over without a verdict */
};

typedef struct facteur_error facteur_error;
typedef struct facteur_message facteur_message;
typedef struct facteur_mailer facteur_mailer;
typedef struct facteur_delivery facteur_delivery;
typedef struct facteur_receipt facteur_receipt;

/* The version the library was built with, "MAJOR.MINOR.PATCH".  Static. */
FACTEUR_API const char *facteur_version(void);

/* Free bytes or text that a facteur function handed out (`char **` parameters).  NULL is fine. */
FACTEUR_API void facteur_free(void *bytes);

/* ---- Errors ---------------------------------------------------------------------------------- */

/* The code's name without its prefix ("ECONFIG"), its kind, its standing text.  Static. */
FACTEUR_API const char *facteur_error_name(int code);
FACTEUR_API enum facteur_error_kind facteur_error_kind(int code);
FACTEUR_API const char *facteur_error_text(int code);

/* What went wrong, in one sentence that says what to do.  Lives as long as the error. */
FACTEUR_API int facteur_error_code(const facteur_error *error);
FACTEUR_API const char *facteur_error_message(const facteur_error *error);

/*
 * Where it went wrong: the option's name, the message's field, or the path in the JSON
 * ("items[2].unit_price").  "" when there is no such place.  Lives as long as the error.
 */
FACTEUR_API const char *facteur_error_where(const facteur_error *error);

FACTEUR_API void facteur_error_free(facteur_error *error);

/* ---- Messages -------------------------------------------------------------------------------- */

/* An empty message, or NULL when memory ran out. */
FACTEUR_API facteur_message *facteur_message_new(void);
FACTEUR_API void facteur_message_free(facteur_message *message);

/*
 * The table of a message's fields, the one source of docs/message.md, the PHP stub, the .pyi and
 * the program's JSON.  index runs from 0 to facteur_message_field_count() - 1; every text is
 * static.
 *
 * X(name): the types.  facteur_message_set() takes all of them up to json as text; the others have
 * functions of their own: facteur_message_add_header(), _add_metadata(), _add_alternative(),
 * _attach_bytes() and its kin.
 *
 * text, date        As the field's help says.
 * bool              "1" or "0".
 * int               A number, with what the field lets stand behind it.
 * mailbox           An RFC 5322 address list ("Ana <ana@example.com>, b@example.org", groups too).
 * json              A JSON text, which is kept as a secret.
 */
#define FACTEUR_FIELD_TYPES(X)                                                                     \
    X(text)                                                                                        \
    X(date) X(bool) X(int) X(mailbox) X(json) X(headers) X(metadata) X(alternatives) X(attachments)

enum facteur_field_type {
#define FACTEUR_FIELD_ENUM(name) FACTEUR_FIELD_##name,
    FACTEUR_FIELD_TYPES(FACTEUR_FIELD_ENUM)
#undef FACTEUR_FIELD_ENUM
        FACTEUR_FIELD_TYPE_COUNT
};

FACTEUR_API size_t facteur_message_field_count(void);
FACTEUR_API const char *facteur_message_field_name(size_t index);
FACTEUR_API enum facteur_field_type facteur_message_field_type(size_t index);
FACTEUR_API const char *facteur_field_type_name(enum facteur_field_type type);

/*
 * How a list of values is set: "+" by a call each, which adds; "," or " " by one call, with that
 * between each two; "" when the field has one value.
 */
FACTEUR_API const char *facteur_message_field_list(size_t index);

/* The words that a value can be, separated by "|"; "" for any text. */
FACTEUR_API const char *facteur_message_field_choices(size_t index);

/* What holds when the field is not set, in words; "" for nothing. */
FACTEUR_API const char *facteur_message_field_default(size_t index);

/* 1: facteur_message_from_bytes() takes the field, too; else 0. */
FACTEUR_API int facteur_message_field_finished(size_t index);

FACTEUR_API const char *facteur_message_field_help(size_t index);

/*
 * Set one field by the name that it has in Python, PHP and JSON.
 *
 * A relay that does not offer what dsn_notify, dsn_return, envelope_id, require_tls, deliver_by or
 * mt_priority asks is not given the mail: it is refused.  With a "?" at its end (not for
 * require_tls) a value asks only where that is offered.  An empty value asks nothing.
 *
 * FACTEUR_EMESSAGE: no such field (the nearest name is told), or a value that cannot be on the wire
 * (control character in an address, invalid UTF-8, …); `where` is the field's name.
 */
FACTEUR_API int facteur_message_set(facteur_message *message, const char *field, const char *value,
                                    size_t len, facteur_error **error);

/*
 * Add one mailbox to an address field, the display name apart: nothing in `name` is parsed.
 * name   May be NULL.
 * The errors of facteur_message_set().
 */
FACTEUR_API int facteur_message_add_mailbox(facteur_message *message, const char *field,
                                            const char *name, size_t name_len, const char *address,
                                            size_t address_len, facteur_error **error);

/*
 * Add a header of one's own ("X-Shop: 12").  Order and repetition are kept.
 * FACTEUR_EMESSAGE: not a header name (RFC 5322 section 2.2), or one that facteur writes itself.
 */
FACTEUR_API int facteur_message_add_header(facteur_message *message, const char *name,
                                           const char *value, size_t len, facteur_error **error);

/*
 * Add a name and a value that relays known by name ("postmark://…") repeat in their events; no
 * other relay sees them, nor the tags.
 *
 * FACTEUR_EMESSAGE: a name of other than 1 to 60 letters, digits, "_", "-" and ".", or given twice;
 * a value that is empty, has control characters or is longer than 1,000 bytes.
 */
FACTEUR_API int facteur_message_add_metadata(facteur_message *message, const char *name,
                                             size_t name_len, const char *value, size_t len,
                                             facteur_error **error);

/*
 * Add another form of the text, the richer one to be shown by those who know it: AMP
 * ("text/x-amp-html"), an invitation ("text/calendar").  Other texts stand between text and html,
 * calendars and what is no text behind html.
 *
 * type      A media type but text/plain and text/html, which are fields, and containers.  A charset
 *           is added, and to text/calendar the method that the calendar tells.
 * content   UTF-8.
 *
 * FACTEUR_EMESSAGE: no such type or text; a ninth alternative; a text/calendar that does not begin
 * with BEGIN:VCALENDAR, or whose METHOD is not the type's `method`.
 */
FACTEUR_API int facteur_message_add_alternative(facteur_message *message, const char *type,
                                                const char *content, size_t len,
                                                facteur_error **error);

/*
 * Attach bytes, or a file that is read while the mail is sent (never whole in memory).
 *
 * name         The file name shown; NULL for none (attach_path: the path's last component).
 * type         Media type ("application/pdf"); NULL: from the name's ending, else
 *              application/octet-stream.
 * content_id   NULL for an attachment.  Otherwise an inline part that the HTML names as "cid:…".
 *
 * FACTEUR_EMESSAGE: name, type or content_id not printable on the wire; `where` is "name", "type"
 * or "inline". FACTEUR_EIO: the file cannot be opened, or is no regular file.
 */
FACTEUR_API int facteur_message_attach_bytes(facteur_message *message, const void *data, size_t len,
                                             const char *name, const char *type,
                                             const char *content_id, facteur_error **error);
FACTEUR_API int facteur_message_attach_path(facteur_message *message, const char *path,
                                            const char *name, const char *type,
                                            const char *content_id, facteur_error **error);

/*
 * Give at most `size` bytes of a stream into `buffer`: how many, 0 at its end, or a negative
 * FACTEUR_E* with errno set or 0.
 */
typedef long facteur_read(void *arg, void *buffer, size_t size);

/*
 * Attach what a stream gives, read now and to its end, 64 KiB at a time, into an unlinked file in
 * TMPDIR (else /tmp).  Otherwise as above; FACTEUR_EIO too when that file cannot be written, and
 * what `read` fails with.
 */
FACTEUR_API int facteur_message_attach_stream(facteur_message *message, facteur_read *read,
                                              void *arg, const char *name, const char *type,
                                              const char *content_id, facteur_error **error);

/*
 * Make a message of finished RFC 5322 bytes.  Line ends are repaired to CRLF and Bcc fields are
 * taken out; every other byte is kept.  The envelope is given with
 * facteur_message_set("envelope_from") and facteur_message_add_recipient(); where not given it is
 * read from the fields.
 */
FACTEUR_API int facteur_message_from_bytes(const void *bytes, size_t len, facteur_message **out,
                                           facteur_error **error);

/*
 * Look at one address that somebody typed into a form.  No network is asked, so a valid address may
 * still reach nobody.
 *
 * json   {"valid": bool, "address": its form on the wire or null, "hint": what was probably meant
 *        ("ana@gmial.com": "ana@gmail.com") or null, "reason": what is wrong or doubtful, or null,
 *        "smtputf8": bool, whether only relays with SMTPUTF8 take it}; the caller's (facteur_free).
 *
 * 0 whatever the address is like; FACTEUR_ENOMEM.
 */
FACTEUR_API int facteur_address_check(const char *address, size_t len, char **json);

/* Add an SMTP recipient that no header shows.  Once one is given, To, Cc and Bcc add none. */
FACTEUR_API int facteur_message_add_recipient(facteur_message *message, const char *address,
                                              size_t len, facteur_error **error);

/*
 * The message as it would be sent: CRLF lines, no Bcc, not dot-stuffed.  A missing Date or
 * Message-ID is decided now and kept, so that a later send is of the same bytes.
 * `*bytes` is the caller's (facteur_free).
 */
FACTEUR_API int facteur_message_bytes(facteur_message *message, char **bytes, size_t *len,
                                      facteur_error **error);

/* ---- Letters --------------------------------------------------------------------------------- */

/*
 * Compose a letter; nothing is sent.
 *
 * mailer    Gives default_from, contact_to and default_locale; may be NULL.
 * kind      What it is: "order_confirmation", "contact_form" (facteur_letter_kinds()).
 * json      What it says: an order as core/schema/order.json has it, a form as
 *           core/schema/contact.json has it.
 * options   NULL, or a JSON object with any of: to, from, reply_to, locale, subject, message_id,
 *           date (core/schema/letter_options.json).
 *
 * FACTEUR_EMESSAGE: malformed JSON or a field of the wrong form; `where` is its path
 * ("items[2].unit_price").  No such kind: `where` is "kind".
 */
FACTEUR_API int facteur_letter(const facteur_mailer *mailer, const char *kind, const char *json,
                               size_t len, const char *options, size_t options_len,
                               facteur_message **out, facteur_error **error);

/* The names of the kinds, sorted, NULL at the end; static. */
FACTEUR_API const char *const *facteur_letter_kinds(void);

/* facteur_letter() of the kinds that these are named for. */
FACTEUR_API int facteur_order_confirmation(const facteur_mailer *mailer, const char *json,
                                           size_t len, const char *options, size_t options_len,
                                           facteur_message **out, facteur_error **error);
FACTEUR_API int facteur_contact_form(const facteur_mailer *mailer, const char *json, size_t len,
                                     const char *options, size_t options_len, facteur_message **out,
                                     facteur_error **error);

/*
 * The key of a letter that must not go out twice: "order_confirmation:<merchant's name>:<number>".
 * "%" and ":" within the parts are escaped as in a URL.  NULL for a letter that may (a contact
 * form's) and for every other message; the message's.
 */
FACTEUR_API const char *facteur_message_key(const facteur_message *message);

/* ---- Options --------------------------------------------------------------------------------- */

/*
 * The table of options, the one source of docs/options.md, the .pyi and the PHP ini list.
 * index runs from 0 to facteur_option_count() - 1; every text is static.
 * scope is "relay" (each relay has its own value: in its DSN, or for all that have none), "login"
 * (as relay, but several relays never share one), "mailer" (one value, whichever relay takes the
 * mail) or "machine" (as mailer; whoever runs the machine can set it for every mailer).  With
 * several relays, what stands in a place of another scope is refused.
 * type is one of "text", "bool", "int", "number", "seconds", "ms", "choice" (choices separated by
 * "|" in facteur_option_choices), "secret", "path", "address", "json" (a text
 * that is kept as a secret).
 */
FACTEUR_API size_t facteur_option_count(void);
FACTEUR_API const char *facteur_option_name(size_t index);
FACTEUR_API const char *facteur_option_scope(size_t index);
FACTEUR_API const char *facteur_option_type(size_t index);
FACTEUR_API const char *facteur_option_choices(size_t index);
FACTEUR_API const char *facteur_option_default(size_t index);
FACTEUR_API const char *facteur_option_help(size_t index);

/* ---- Mailers --------------------------------------------------------------------------------- */

/*
 * Make a mailer.  Nothing is opened.
 *
 * dsn             smtps://user:pass@host, smtp://…, smtp+unix:///path, a preset (ses://…),
 *                 failover(…), file:///dir, memory://, null://: docs/dsn.md.
 *                 NULL: FACTEUR_DSN of the environment.
 * names, values   `count` options; they win over the DSN's query, which wins over FACTEUR_* in the
 *                 environment.  Values are text: "10.0", "1", "starttls".
 *
 * FACTEUR_ECONFIG: a DSN that cannot be read (the offending character and its position are named),
 * an unknown option (the nearest name is told), a value out of its range; `where` is the option or
 * "dsn".
 */
FACTEUR_API int facteur_mailer_new(const char *dsn, const char *const *names,
                                   const char *const *values, size_t count, facteur_mailer **out,
                                   facteur_error **error);

/*
 * As facteur_mailer_new(), but over the connections of the mailer with the same configuration that
 * already lives in this process.  Each handle has its own facteur_mailer_free(); the last of them
 * leaves the connections open until the process ends, for the next request.
 */
FACTEUR_API int facteur_mailer_shared(const char *dsn, const char *const *names,
                                      const char *const *values, size_t count, facteur_mailer **out,
                                      facteur_error **error);

/* The files and folders that a configuration names. */
typedef struct facteur_paths facteur_paths;

/*
 * List what a mailer made with the same arguments could open: the options of type "path", the
 * members called "…_file" of those of type "json", the folder of file://.  Sockets are not among
 * them.  For whoever must allow a program its files before they are opened.  Nothing is opened.
 *
 * facteur_paths_of_option() lists those of one option's value; a message has smime.
 *
 * FACTEUR_ECONFIG, FACTEUR_ENOMEM: as facteur_mailer_new().
 */
FACTEUR_API int facteur_paths_of(const char *dsn, const char *const *names,
                                 const char *const *values, size_t count, facteur_paths **out,
                                 facteur_error **error);
FACTEUR_API int facteur_paths_of_option(const char *name, const char *value, facteur_paths **out,
                                        facteur_error **error);
FACTEUR_API void facteur_paths_free(facteur_paths *paths);

/*
 * The path at `index`, from 0; NULL behind the last.  The texts live as long as `paths`.
 *
 * where    "ca_file", "dkim[0].key_file" or "dsn".
 * source   What gave it: "call", "dsn", or the variable of the environment, "FACTEUR_CA_FILE";
 *          "FACTEUR_DSN" when that is the DSN.
 */
FACTEUR_API const char *facteur_path(const facteur_paths *paths, size_t index, const char **where,
                                     const char **source);

/*
 * Let go of a mailer.  Sends that other threads still wait for end with FACTEUR_ECLOSED.
 * QUIT is said without waiting for its reply longer than `timeout` seconds.  Closing a shared
 * mailer ends the use of this handle only.
 *
 * A process that exits with connections open, those of shared mailers too, says QUIT on those that
 * rest and waits 5 ms for all the answers; not when exit() was called in a signal's handler, nor in
 * a child on its parent's.  From then on mailers are closed.
 */
FACTEUR_API void facteur_mailer_close(facteur_mailer *mailer, double timeout);
FACTEUR_API void facteur_mailer_free(facteur_mailer *mailer);

/* What a source of tokens fills.  Lives until the source returns. */
typedef struct facteur_token facteur_token;

/*
 * Get an OAuth 2.0 bearer token for `username` at `relay` and give it to `token` with
 * facteur_token_give(); 0, or anything else with the reason told by facteur_token_fail().
 *
 * Called in a thread that sends, before its mail goes to the loop, and never by two threads at once
 * for the same relay: the others wait, within their deadline, for what it gives.  It must not use
 * the mailer.  A token is asked for when there is none, shortly before it ends, and once more when
 * the relay does not accept one that was there before the mail: within facteur_send() and
 * facteur_delivery_wait(), whatever their time.  A host's event loop asks with
 * facteur_delivery_ask().
 */
typedef int (*facteur_token_source)(void *user, const char *relay, const char *username,
                                    facteur_token *token);

/*
 * life   Seconds that the token is good for; 0: until the relay refuses it.
 * FACTEUR_ECONFIG: empty, longer than 64 KiB, or with something other than printable ASCII.
 */
FACTEUR_API int facteur_token_give(facteur_token *token, const char *text, size_t len, double life);

/* One sentence, without a secret: it stands in the receipt. */
FACTEUR_API void facteur_token_fail(facteur_token *token, const char *sentence);

/*
 * Set the source of a mailer that was made with the option token_callback, before its first send.
 * `user` must live until the mailer is closed.  Mailers that share connections share the tokens,
 * but each calls its own source. FACTEUR_ECONFIG: no relay of the mailer wants it.
 */
FACTEUR_API int facteur_mailer_set_token_source(facteur_mailer *mailer, facteur_token_source source,
                                                void *user, facteur_error **error);

/* What a source of keys fills.  Lives until the source returns. */
typedef struct facteur_key facteur_key;

/*
 * Get the private key of selector._domainkey.domain and give it to `key` as PEM with
 * facteur_key_give(); 0, or anything else with the reason told by facteur_key_fail().
 *
 * Called in a thread that sends, before the first mail that is signed; what it gives is kept as
 * long as the mailer.  Two threads that send their first mail at once may both call it.  It must
 * not use the mailer.
 */
typedef int (*facteur_key_source)(void *user, const char *domain, const char *selector,
                                  facteur_key *key);

/* FACTEUR_ECONFIG: empty, or longer than 64 KiB.  The text is copied, and wiped after its use. */
FACTEUR_API int facteur_key_give(facteur_key *key, const char *pem, size_t len);

/* One sentence, without a secret: it stands in the error. */
FACTEUR_API void facteur_key_fail(facteur_key *key, const char *sentence);

/*
 * Set the source of a mailer whose option dkim has key_callback, before its first send.  `user`
 * must live as long as the mailer.
 * FACTEUR_ECONFIG: no signature wants it, or the mailer is shared.
 */
FACTEUR_API int facteur_mailer_set_key_source(facteur_mailer *mailer, facteur_key_source source,
                                              void *user, facteur_error **error);

/* What it sends through, without secrets: "smtps://smtp.example.com:465".  Lives as long as it. */
FACTEUR_API const char *facteur_mailer_name(const facteur_mailer *mailer);

/*
 * What was counted in this process since the first send, as JSON text; the caller's (facteur_free).
 * From any thread; opens nothing and waits for nothing.
 *
 *   {"relays": [{"relay": "smtps://…",
 *     "connections": {"open", "opened", "reused", "failed": {phase: count}},
 *     "mails": {"sent", "temporary", "permanent", "in_doubt", "in_flight", "waiting", "redone"},
 *     "handshakes": {"full", "resumed"}, "flights": …, "demotions": …,
 *     "phases": {phase: {"count": …, "seconds": …, "buckets": [[below, count], …]}}}]}
 *
 * A bucket counts the times below so many seconds (a power of two of microseconds) that are in no
 * bucket before it; the last one has null.  Empty buckets and phases are left out.  Without a relay
 * (memory:// …) the list is empty.
 *
 * FACTEUR_ECLOSED, FACTEUR_ENOMEM.
 */
FACTEUR_API int facteur_stats(const facteur_mailer *mailer, char **json, facteur_error **error);

/*
 * Send one message and wait for its verdict.
 *
 * message    Frozen at the call; may be sent again or freed afterwards.
 * deadline   Seconds over everything: name resolution, connection, TLS, login, waiting for a slot,
 *            dialogue.  0: the option `deadline`.
 *
 * Returns 0 whenever the message could be tried: what became of it is in the receipt, also when it
 * was refused.  FACTEUR_EMESSAGE (no recipient, no sender, …), FACTEUR_EIO (an attachment cannot be
 * read), FACTEUR_ECONFIG (an option names a file or directory that cannot be used: they are opened
 * now, not when the mailer was made), FACTEUR_ECLOSED, FACTEUR_ENOMEM: nothing was tried.
 */
FACTEUR_API int facteur_send(facteur_mailer *mailer, facteur_message *message, double deadline,
                             facteur_receipt **receipt, facteur_error **error);

/*
 * As facteur_send(), for a message of facteur_letter(), which must not break the order or the form
 * it belongs to: a configuration that turns out to be unusable (an unreadable ca_file, say) is told
 * in a temporary receipt with FACTEUR_ECONFIG, too.
 *
 * FACTEUR_EMESSAGE, FACTEUR_EIO (an attachment), FACTEUR_ECLOSED, FACTEUR_ENOMEM: nothing was
 * tried.
 */
FACTEUR_API int facteur_send_composed(facteur_mailer *mailer, facteur_message *message,
                                      double deadline, facteur_receipt **receipt,
                                      facteur_error **error);

/* facteur_letter() and facteur_send_composed() in one, with the errors of both. */
FACTEUR_API int facteur_send_letter(facteur_mailer *mailer, const char *kind, const char *json,
                                    size_t len, const char *options, size_t options_len,
                                    double deadline, facteur_receipt **receipt,
                                    facteur_error **error);

/* ---- Deliveries: several mails at once ------------------------------------------------------- */

/*
 * How a message is submitted; the words are added up.
 *
 * FACTEUR_LETTER   As facteur_send_composed().
 * FACTEUR_HOSTED   The calling thread's event loop drives the mailer, see facteur_mailer_step().
 * FACTEUR_MANY     One of many mails: an error of this one does not stop the others.  It ends at
 *                  once, and its receipt tells the error: permanent for FACTEUR_EMESSAGE, temporary
 *                  for FACTEUR_EIO and FACTEUR_ECONFIG.
 */
#define FACTEUR_LETTER 1U
#define FACTEUR_HOSTED 2U
#define FACTEUR_MANY 4U

/*
 * Put one message on its way without waiting.  What is submitted together leaves together, many
 * mails in a flight.  The work goes on while any thread waits for a mail of the mailer, while a
 * host steps, or by itself with the option `background`.
 *
 * message    Frozen at the call; may be submitted again or freed afterwards.
 * deadline   Seconds, as facteur_send().
 * delivery   The caller's; one thread at a time; to be freed before the mailer is.
 *
 * The errors of facteur_send(), where they can be told now (the others: facteur_delivery_wait());
 * FACTEUR_EBUSY: FACTEUR_HOSTED, and another thread's event loop has mails under way.
 */
FACTEUR_API int facteur_submit(facteur_mailer *mailer, facteur_message *message, double deadline,
                               unsigned how, facteur_delivery **delivery, facteur_error **error);

/*
 * Wait for the verdict.
 *
 * timeout    Seconds; 0: only look, do what can be done without waiting; negative: until it is
 *            there, which the delivery's deadline sees to.
 * receipt    The caller's, handed out once.
 *
 * 1 with the receipt; 0 when the time passed before.  The errors of facteur_send(): nothing was
 * tried.  FACTEUR_ECLOSED also in a child of the process that submitted, and after the receipt was
 * handed out.
 */
FACTEUR_API int facteur_delivery_wait(facteur_delivery *delivery, double timeout,
                                      facteur_receipt **receipt, facteur_error **error);

/* Whether the verdict is there: 1 or 0.  Does nothing for it. */
FACTEUR_API int facteur_delivery_ended(const facteur_delivery *delivery);

/*
 * The mail is not wanted any more.  If nothing of its terminator (the final dot, BDAT LAST) has
 * left and its connection carries no other mail, it ends: temporary, FACTEUR_ECLOSED.  Otherwise it
 * goes on, for its verdict would be unknown.  The receipt tells which; a cancelled delivery is
 * waited for as any other.
 */
FACTEUR_API void facteur_delivery_cancel(facteur_delivery *delivery);

/* Cancel what has not ended, and forget it: a mail that goes on has nobody to hear its verdict. */
FACTEUR_API void facteur_delivery_free(facteur_delivery *delivery);

/*
 * How many deliveries fill the mailer's connections: whoever sends many keeps so many submitted and
 * waits for the oldest.  Of a roundrobin(…) the sum over its relays, of a failover(…) the most that
 * one of them takes.
 */
FACTEUR_API unsigned facteur_mailer_window(const facteur_mailer *mailer);

/* ---- A host's event loop --------------------------------------------------------------------- */

/*
 * A thread with an event loop of its own drives the mailer without ever waiting in it:
 *
 *   submit with FACTEUR_HOSTED | soon after, and whenever the descriptor is readable or the timeout
 *   has passed: step, then take what is done | watch the descriptor and the timeout until nothing
 *   is under way
 *
 * The thread is the host while it has deliveries that facteur_mailer_done() did not tell.
 * Meanwhile other threads may send: the host does their work, or they themselves once a mail is a
 * second past its deadline.  A second thread cannot be host at the same time (FACTEUR_EBUSY).
 */

/* Readable when there is work.  The same as long as the process; -1 before the first submission. */
FACTEUR_API int facteur_mailer_fd(const facteur_mailer *mailer);

/* Seconds until a step is due by time; negative: none is. */
FACTEUR_API double facteur_mailer_timeout(const facteur_mailer *mailer);

/* Do what can be done without waiting. */
FACTEUR_API void facteur_mailer_step(facteur_mailer *mailer);

/*
 * The oldest hosted delivery whose verdict is there and was not told yet, or NULL.  Not told are
 * those that had their verdict when they were submitted (memory://, file://, a policy): ask
 * facteur_delivery_ended() right after the submission.
 */
FACTEUR_API facteur_delivery *facteur_mailer_done(facteur_mailer *mailer);

/*
 * A host's mail waits for a token: 1 or 0.  Looked at after the submission, when it has not left
 * yet, and when facteur_mailer_done() tells of it, when the relay refused the token that there was.
 * If so: facteur_delivery_ask(), which takes as long as the source does and may be called in
 * another thread; then facteur_delivery_resume() in the host's.  Without any of it
 * facteur_delivery_wait() does both.
 */
FACTEUR_API int facteur_delivery_needs_token(const facteur_delivery *delivery);
FACTEUR_API void facteur_delivery_ask(facteur_delivery *delivery);
FACTEUR_API void facteur_delivery_resume(facteur_delivery *delivery);

/* ---- Checks ---------------------------------------------------------------------------------- */

/*
 * Connect, TLS, EHLO, AUTH and NOOP without sending a mail.  `*json` (facteur_free) is an object of
 * facts: relay, ok, phase, address, tls {version, cipher, resumed}, capabilities, auth, timings,
 * error. Returns 0 also when the relay refused, or when a file that was read is of no use (no
 * certificate in ca_file): `ok` tells.  Of several relays, each within the deadline: relay, ok (all
 * are well), relays (a list of such objects).
 *
 * FACTEUR_ECONFIG: a file cannot be read; FACTEUR_ECLOSED, FACTEUR_ENOMEM.
 */
FACTEUR_API int facteur_check(facteur_mailer *mailer, double deadline, char **json,
                              facteur_error **error);

/*
 * The mails that a memory:// mailer holds, oldest first; also one with mode=capture and no
 * capture_dir.  At most 10,000 in each process, and 64 MiB of them (one alone may be larger): the
 * oldest make room.
 *
 * facteur_captured(): the bytes as they would have been sent, and the envelope as JSON
 * {"from": …, "to": […]}; both the caller's (facteur_free).  FACTEUR_ECONFIG past the end.
 */
FACTEUR_API size_t facteur_captured_count(const facteur_mailer *mailer);
FACTEUR_API int facteur_captured(const facteur_mailer *mailer, size_t index, char **bytes,
                                 size_t *len, char **envelope_json, facteur_error **error);
FACTEUR_API void facteur_captured_clear(facteur_mailer *mailer);

/* ---- Receipts -------------------------------------------------------------------------------- */

enum facteur_status {
    FACTEUR_SENT,      /* at least one recipient accepted, by a complete 2yz reply */
    FACTEUR_QUEUED,    /* durable in the outbox */
    FACTEUR_TEMPORARY, /* certainly not accepted; may be tried again */
    FACTEUR_PERMANENT, /* certainly refused */
    FACTEUR_IN_DOUBT,  /* handed over; no verdict was heard */
    FACTEUR_DUPLICATE  /* the key is known to the outbox already */
};

/* X(name): the phases of a send, in order. */
#define FACTEUR_PHASES(X)                                                                          \
    X(resolve)                                                                                     \
    X(connect) X(tls) X(greeting) X(ehlo) X(auth) X(mail) X(rcpt) X(data) X(body) X(final)

enum facteur_phase {
#define FACTEUR_PHASE_ENUM(name) FACTEUR_PHASE_##name,
    FACTEUR_PHASES(FACTEUR_PHASE_ENUM)
#undef FACTEUR_PHASE_ENUM
        FACTEUR_PHASE_COUNT
};

/* Every text lives as long as the receipt, and is "" where there is nothing to tell. */
FACTEUR_API enum facteur_status facteur_receipt_status(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_status_name(const facteur_receipt *receipt);

/* 1 for sent, queued and duplicate: the mail needs no further care of the caller. */
FACTEUR_API int facteur_receipt_ok(const facteur_receipt *receipt);

/* The Message-ID without angle brackets; the relay's id for the mail; the relay's name. */
FACTEUR_API const char *facteur_receipt_message_id(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_queue_id(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_relay(const facteur_receipt *receipt);

FACTEUR_API size_t facteur_receipt_accepted_count(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_accepted(const facteur_receipt *receipt, size_t index);

/* The recipients refused, each with the reply to its own RCPT (RFC 5321 section 4.2, RFC 3463). */
FACTEUR_API size_t facteur_receipt_rejected_count(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_rejected(const facteur_receipt *receipt, size_t index);
FACTEUR_API int facteur_receipt_rejected_code(const facteur_receipt *receipt, size_t index);
FACTEUR_API const char *facteur_receipt_rejected_enhanced(const facteur_receipt *receipt,
                                                          size_t index);
FACTEUR_API const char *facteur_receipt_rejected_text(const facteur_receipt *receipt, size_t index);

/* The reply that decided: code (0: none was heard), enhanced status code ("2.0.0"), text. */
FACTEUR_API int facteur_receipt_reply_code(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_reply_enhanced(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_reply_text(const facteur_receipt *receipt);

/* The phase in which the verdict fell; connections tried; flights (a write, then a wait) that
 * carried octets of this mail. */
FACTEUR_API enum facteur_phase facteur_receipt_phase(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_phase_name(enum facteur_phase phase);
FACTEUR_API unsigned facteur_receipt_attempts(const facteur_receipt *receipt);
FACTEUR_API unsigned facteur_receipt_flights(const facteur_receipt *receipt);

/* Seconds spent in a phase during this send; negative when the phase was not passed. */
FACTEUR_API double facteur_receipt_timing(const facteur_receipt *receipt, enum facteur_phase phase);

/* Why the mail was not sent: a FACTEUR_E code and a sentence; 0 and "" when it was. */
FACTEUR_API int facteur_receipt_error_code(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_error(const facteur_receipt *receipt);

/* The dialogue of a send that was not ok, credentials and message left out; at most 16 KiB. */
FACTEUR_API const char *facteur_receipt_transcript(const facteur_receipt *receipt);

/* The whole receipt as one JSON object (facteur_free); NULL when memory ran out. */
FACTEUR_API char *facteur_receipt_json(const facteur_receipt *receipt);
FACTEUR_API void facteur_receipt_free(facteur_receipt *receipt);

#ifdef __cplusplus
}
#endif

#endif
