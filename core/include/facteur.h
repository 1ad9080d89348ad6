/* SPDX-License-Identifier: MIT */
/*
 * facteur: hand a website's transactional mail to an SMTP relay, and know what became of it.
 *
 * This is the only public header, and the manual of the C library.  Python, PHP and the program are
 * thin layers over it, with the same names, options and errors.  Pages of docs/ that are named here
 * are installed in share/doc/facteur, schemas of core/schema/ in share/facteur/schema.
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
 * Text is UTF-8, with its length in bytes.  The length FACTEUR_NTS means that the text ends at its
 * NUL.  Functions read or copy their arguments before they return.
 *
 * A function returns 0 or a negative FACTEUR_E code.  A negative return means that nothing started
 * and that no out-parameter except `error` was touched.  `error` may be NULL.  Otherwise it
 * receives an object, which the caller frees with facteur_error_free().
 *
 * Times are seconds as double.  To load the library or to make a mailer creates no thread, socket,
 * TLS context or file; the first send does.
 *
 * Threads: only one thread at a time may use a message, a receipt or an error.  Any number of
 * threads may use a mailer at once.  After fork() the child may use the same mailer: it abandons
 * the inherited connections and opens its own.  The parent is not affected.
 *
 * "The caller's (facteur_free)" means that the caller owns the text and frees it so.
 */
#define FACTEUR_NTS ((size_t)-1)

/* X(name, value, kind, text).  Values never change. */
#define FACTEUR_ERRORS(X)                                                                          \
    X(ENOMEM, -1, TEMPORARY, "out of memory")                                                      \
    X(ECONFIG, -2, USAGE, "the configuration is not valid")                                        \
    X(EMESSAGE, -3, USAGE, "the message is not valid")                                             \
    X(ECLOSED, -4, USAGE, "the mailer is closed")                                                  \
    X(EIO, -5, TEMPORARY, "a file could not be read or written")                                   \
    X(ELIMIT, -6, TEMPORARY, "no file descriptor or no thread left")                               \
    X(ECONNECT, -10, TEMPORARY, "the relay could not be reached")                                  \
    X(ETLS, -11, TEMPORARY, "no trusted TLS connection to the relay")                              \
    X(EAUTH, -12, TEMPORARY, "the relay did not accept the login")                                 \
    X(EDEADLINE, -13, TEMPORARY, "the deadline passed before the mail was handed over")            \
    X(EPROTOCOL, -14, TEMPORARY, "the relay broke the SMTP dialogue")                              \
    X(ETEMPORARY, -15, TEMPORARY, "the relay refused the mail for now")                            \
    X(EPERMANENT, -20, PERMANENT, "the relay refused the mail for good")                           \
    X(EINDOUBT, -30, IN_DOUBT, "the mail was handed over, and no verdict came")

enum facteur_error_code {
#define FACTEUR_ERROR_ENUM(name, value, kind, text) FACTEUR_##name = (value),
    FACTEUR_ERRORS(FACTEUR_ERROR_ENUM)
#undef FACTEUR_ERROR_ENUM
};

enum facteur_error_kind {
    FACTEUR_KIND_USAGE,     /* the caller's mistake: nothing was tried */
    FACTEUR_KIND_TEMPORARY, /* certainly not accepted; another try can help */
    FACTEUR_KIND_PERMANENT, /* certainly refused; another try cannot help */
    FACTEUR_KIND_IN_DOUBT   /* handed over, and no verdict came */
};

typedef struct facteur_error facteur_error;
typedef struct facteur_message facteur_message;
typedef struct facteur_mailer facteur_mailer;
typedef struct facteur_delivery facteur_delivery;
typedef struct facteur_host facteur_host;
typedef struct facteur_receipt facteur_receipt;
typedef struct facteur_outbox facteur_outbox;
typedef struct facteur_batch facteur_batch;
typedef struct facteur_insert facteur_insert;

/* The version the library was built with, "MAJOR.MINOR.PATCH".  Static. */
FACTEUR_API const char *facteur_version(void);

/*
 * A number for this process, for bindings that keep state of their own for each process.  A child
 * of fork() has another number than its parent and all other ancestors.  From any thread; it costs
 * no system call.
 */
FACTEUR_API uint64_t facteur_process(void);

/* Free bytes or text that a facteur function handed out (`char **` parameters).  NULL is fine. */
FACTEUR_API void facteur_free(void *bytes);

/* ---- Errors ---------------------------------------------------------------------------------- */

/* The code's name without its prefix ("ECONFIG"), its kind, its general text.  Static. */
FACTEUR_API const char *facteur_error_name(int code);
FACTEUR_API enum facteur_error_kind facteur_error_kind(int code);
FACTEUR_API const char *facteur_error_text(int code);

/* The code, and a sentence: what went wrong and what to do.  Lives as long as the error. */
FACTEUR_API int facteur_error_code(const facteur_error *error);
FACTEUR_API const char *facteur_error_message(const facteur_error *error);

/*
 * Where it went wrong: the name of the option or of the message's field, or the path in the JSON
 * ("items[2].unit_price").  "" if there is no such place.  Lives as long as the error.
 */
FACTEUR_API const char *facteur_error_where(const facteur_error *error);

/*
 * Both for people: "items[2].unit_price: expected …", or the message alone where it begins with the
 * place or has none.  Lives as long as the error.
 */
FACTEUR_API const char *facteur_error_sentence(const facteur_error *error);

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
 * X(name): the types.  facteur_message_set() takes all of them up to json as text.  The others have
 * functions of their own: facteur_message_add_header(), _add_metadata(), _add_alternative(),
 * _attach_bytes() and the like.
 *
 * text, date        See the field's help.
 * bool              "1" or "0".
 * int               A number; some fields allow a suffix.
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
 * How to set a list of values.  "+": one call for each value; each call adds one.  "," or " ": one
 * call, with this character between the values.  "": the field has one value.
 */
FACTEUR_API const char *facteur_message_field_list(size_t index);

/* The words that the field accepts, separated by "|"; "" if it accepts any text. */
FACTEUR_API const char *facteur_message_field_choices(size_t index);

/* In words: what is used when the field is not set; "" if nothing is. */
FACTEUR_API const char *facteur_message_field_default(size_t index);

/* 1 if a message of facteur_message_from_bytes() takes the field, too; else 0. */
FACTEUR_API int facteur_message_field_finished(size_t index);

FACTEUR_API const char *facteur_message_field_help(size_t index);

/*
 * Set one field by its name, which is the same in Python, PHP and JSON.
 *
 * dsn_notify, dsn_return, envelope_id, require_tls, deliver_by and mt_priority ask for a service.
 * If the relay does not offer it, the mail is refused.  With "?" at the end of the value (not for
 * require_tls) the service is asked for only where it is offered.  An empty value asks for nothing.
 *
 * FACTEUR_EMESSAGE: no such field (the error names the nearest one), or a value that cannot be sent
 * (control character in an address, invalid UTF-8, …); `where` is the field's name.
 */
FACTEUR_API int facteur_message_set(facteur_message *message, const char *field, const char *value,
                                    size_t len, facteur_error **error);

/*
 * Add one mailbox to an address field.  The display name is a separate argument and is not parsed.
 * name   May be NULL.
 * Errors: those of facteur_message_set().
 */
FACTEUR_API int facteur_message_add_mailbox(facteur_message *message, const char *field,
                                            const char *name, size_t name_len, const char *address,
                                            size_t address_len, facteur_error **error);

/*
 * Add a header field of your own ("X-Shop: 12").  Order and repetition are kept.
 * FACTEUR_EMESSAGE: not a header name (RFC 5322 section 2.2), or one that facteur writes itself.
 */
FACTEUR_API int facteur_message_add_header(facteur_message *message, const char *name,
                                           const char *value, size_t len, facteur_error **error);

/*
 * Add a name and a value that a provider's relay ("postmark://…") repeats in its events.  Other
 * relays never see them; the same holds for tags.
 *
 * FACTEUR_EMESSAGE: a name that is not 1 to 60 letters, digits, "_", "-" and ".", or that was given
 * before; a value that is empty, has control characters or is longer than 1,000 bytes.
 */
FACTEUR_API int facteur_message_add_metadata(facteur_message *message, const char *name,
                                             size_t name_len, const char *value, size_t len,
                                             facteur_error **error);

/*
 * Add another form of the text, for mail readers that know it: AMP ("text/x-amp-html"), an
 * invitation ("text/calendar").  Texts are placed between text and html; calendars and other types
 * after html.
 *
 * type      Any media type except text/plain and text/html, which are fields, and containers.
 * facteur adds a charset, and to text/calendar the calendar's own method. content   UTF-8.
 *
 * FACTEUR_EMESSAGE: no such type or text; a ninth alternative; a text/calendar that does not begin
 * with BEGIN:VCALENDAR, or whose METHOD is not the type's `method`.
 */
FACTEUR_API int facteur_message_add_alternative(facteur_message *message, const char *type,
                                                const char *content, size_t len,
                                                facteur_error **error);

/*
 * Attach bytes, or a file.  The file is read while the mail is sent and is never whole in memory.
 *
 * name         The file name to show; NULL for none (attach_path: the last part of the path). Bytes
 *              that are not UTF-8 and control characters in it are replaced, with a note.
 * type         Media type ("application/pdf"); NULL: from the name's ending, else
 *              application/octet-stream.
 * content_id   NULL for an attachment.  Otherwise an inline part that the HTML names as "cid:…".
 * Any text, such as the file's name: what cannot be in a Content-ID or a URL is encoded in both
 * places.
 *
 * FACTEUR_EMESSAGE: name is too long, type or content_id has a character that cannot be sent, or
 * another part has the content_id; `where` is "name", "type" or "inline".  FACTEUR_EIO: the file
 * cannot be opened, or is not a regular file; in a letter that is told when it is sent.
 */
FACTEUR_API int facteur_message_attach_bytes(facteur_message *message, const void *data, size_t len,
                                             const char *name, const char *type,
                                             const char *content_id, facteur_error **error);
FACTEUR_API int facteur_message_attach_path(facteur_message *message, const char *path,
                                            const char *name, const char *type,
                                            const char *content_id, facteur_error **error);

/*
 * Write at most `size` bytes of a stream into `buffer`.  Returns how many, 0 at the end of the
 * stream, or a negative FACTEUR_E code with errno set to the cause or to 0.
 */
typedef long facteur_read(void *arg, void *buffer, size_t size);

/*
 * Attach the bytes of a stream.  The stream is read now and to its end, 64 KiB at a time, into an
 * unlinked file in TMPDIR (else /tmp).  The rest is as above.  Errors: FACTEUR_EIO also when that
 * file cannot be written, and the error of `read`.
 */
FACTEUR_API int facteur_message_attach_stream(facteur_message *message, facteur_read *read,
                                              void *arg, const char *name, const char *type,
                                              const char *content_id, facteur_error **error);

/*
 * Make a message of finished RFC 5322 bytes.  LF, with any CR before it, ends a line and becomes
 * CRLF; other CRs and NULs become spaces.  Bcc, Resent-Bcc and Return-Path fields are removed.
 * What SMTP cannot carry is encoded: header fields outside ASCII, and lines of more than 998 bytes.
 * For a relay without 8BITMIME its text is, too.  A signed message (DKIM, multipart/signed) is not
 * changed but refused.  Every other byte stays.  Set the envelope with
 * facteur_message_set("envelope_from") and facteur_message_add_recipient().  What you do not set is
 * read from the header fields: from the newest block of Resent fields if there is one (RFC 5322
 * section 3.6.6), else from From, Sender, To, Cc and Bcc.
 */
FACTEUR_API int facteur_message_from_bytes(const void *bytes, size_t len, facteur_message **out,
                                           facteur_error **error);

/*
 * Check one address that somebody typed into a form.  This uses no network, so a valid address may
 * still reach nobody.
 *
 * json   {"valid": bool, "address": its form on the wire or null, "hint": what was probably meant
 *        ("ana@gmial.com": "ana@gmail.com") or null, "reason": what is wrong or doubtful, or null,
 *        "smtputf8": bool, true if only relays with SMTPUTF8 take it}; the caller's (facteur_free).
 *
 * Returns 0 for any address, also an invalid one; FACTEUR_ENOMEM.
 */
FACTEUR_API int facteur_address_check(const char *address, size_t len, char **json);

/*
 * Add an SMTP recipient that no header field shows: one address, with or without a display name.
 * From then on To, Cc and Bcc add none.
 */
FACTEUR_API int facteur_message_add_recipient(facteur_message *message, const char *address,
                                              size_t len, facteur_error **error);

/*
 * The message as it would be sent: CRLF lines, no Bcc, not dot-stuffed.  A missing Date or
 * Message-ID is made now and kept, so that a later send sends the same bytes.
 * `*bytes` is the caller's (facteur_free).
 */
FACTEUR_API int facteur_message_bytes(facteur_message *message, char **bytes, size_t *len,
                                      facteur_error **error);

enum facteur_message_form {
    FACTEUR_FORM_WHOLE,
    FACTEUR_FORM_SUMMARY, /* for people: the sizes of contents for contents, nothing of smime */
    FACTEUR_FORM_BESIDE   /* for who has the fields: what a message has beside them */
};

/*
 * The message as one JSON object, to store it or to show it.
 *
 * Its members are the fields of the table that were set, by their names; an attachment has path or
 * data (base64), name, type and inline.  Beside them: "bytes" (base64) of a message of finished
 * bytes, "recipients" that no field shows, "key" (facteur_message_key()), "notes", "letter" and
 * "unaddressed" of a letter, and "made": the id and the date that a send would make, so that every
 * copy of the message is the same mail; a summary makes none.
 *
 * json   The caller's (facteur_free).
 *
 * FACTEUR_EMESSAGE: the field smime holds a private key or a passphrase, which nobody shall store.
 * FACTEUR_EIO: the copy of a stream cannot be read.
 */
FACTEUR_API int facteur_message_json(facteur_message *message, enum facteur_message_form form,
                                     char **json, facteur_error **error);

/*
 * Make a message of such a JSON object, and of one that a person or a program wrote: a field of
 * addresses or texts may be one text or a list of texts, headers an object or a list of pairs, an
 * attachment a path.  A value of null is not there.
 *
 * FACTEUR_EMESSAGE: malformed JSON, or a wrong member; `where` is its path ("attachments[0]").
 * FACTEUR_EIO: a file cannot be opened.
 */
FACTEUR_API int facteur_message_from_json(const char *json, size_t len, facteur_message **out,
                                          facteur_error **error);

/* Add the members of such an object to a message; all of them but "bytes".  Errors: the same. */
FACTEUR_API int facteur_message_add_json(facteur_message *message, const char *json, size_t len,
                                         facteur_error **error);

/* ---- Letters --------------------------------------------------------------------------------- */

/*
 * Compose a letter; nothing is sent.
 *
 * mailer    Its options default_from, contact_to and default_locale are used; may be NULL.
 * kind      Which letter: "order_confirmation", "contact_form" (facteur_letter_kinds()).
 * json      Its data: an order (core/schema/order.json), a form (core/schema/contact.json).
 * options   NULL, or a JSON object with any of: to, from, reply_to, locale, subject, message_id,
 *           date, key, words (core/schema/letter_options.json).
 *
 * What people and shops get wrong in a harmless way is mended or left out, with a note
 * (facteur_message_note()): broken characters, URLs, locales, a visitor's address.  A letter whose
 * customer mistyped the address is composed without a recipient, and its sending says why.  A file
 * that is attached to a letter need not exist before it is sent.
 *
 * FACTEUR_EMESSAGE: malformed JSON, or a wrong field; `where` is its path ("items[2].unit_price").
 * No such kind; `where` is "kind".
 */
FACTEUR_API int facteur_letter(const facteur_mailer *mailer, const char *kind, const char *json,
                               size_t len, const char *options, size_t options_len,
                               facteur_message **out, facteur_error **error);

/* The names of the kinds, sorted, with NULL at the end.  Static. */
FACTEUR_API const char *const *facteur_letter_kinds(void);

/* facteur_letter() with the kind of this name. */
FACTEUR_API int facteur_order_confirmation(const facteur_mailer *mailer, const char *json,
                                           size_t len, const char *options, size_t options_len,
                                           facteur_message **out, facteur_error **error);
FACTEUR_API int facteur_contact_form(const facteur_mailer *mailer, const char *json, size_t len,
                                     const char *options, size_t options_len, facteur_message **out,
                                     facteur_error **error);

/*
 * The key of a letter that must not be sent twice: that of its options, else
 * "order_confirmation:<merchant's name>:<number>".
 * "%" and ":" within the parts are escaped as in a URL.  NULL for a letter that may be sent twice
 * (a contact form) and for every other message.  Lives as long as the message.
 */
FACTEUR_API const char *facteur_message_key(const facteur_message *message);

/*
 * What facteur mended in the message or left out of it, a sentence each.  The receipt of the
 * message has the same notes.  Among 32 the last one says how many more there are.  A note has no
 * line break and at most 256 octets, and lives until the message changes; "" past the end.
 */
FACTEUR_API size_t facteur_message_note_count(const facteur_message *message);
FACTEUR_API const char *facteur_message_note(const facteur_message *message, size_t index);

/* ---- Options --------------------------------------------------------------------------------- */

/*
 * The table of options, the one source of docs/options.md, the .pyi and the PHP ini list.
 * index runs from 0 to facteur_option_count() - 1.  Every text is static.
 *
 * scope     "relay": each relay has its own value, in its DSN, or one value for all that have none.
 *           "login": as relay, but several relays never share one.
 *           "mailer": one value, whichever relay takes the mail.
 *           "machine": as mailer; an administrator can set it for every mailer of the machine.
 *           With several relays, an option in the place of another scope is refused.
 * type      "text", "bool", "int", "number", "seconds", "ms", "choice" (facteur_option_choices()
 * has the choices, separated by "|"), "secret", "path", "address", "json" (a text that is kept as a
 * secret).
 */
FACTEUR_API size_t facteur_option_count(void);
FACTEUR_API const char *facteur_option_name(size_t index);
FACTEUR_API const char *facteur_option_scope(size_t index);
FACTEUR_API const char *facteur_option_type(size_t index);
FACTEUR_API const char *facteur_option_choices(size_t index);
FACTEUR_API const char *facteur_option_default(size_t index);

/*
 * What facteur calls an option that other programs call `name`, as the words of a question: "login"
 * gives "username".  NULL: nothing is known by that name.  Static.
 */
FACTEUR_API const char *facteur_option_meant(const char *name);
FACTEUR_API const char *facteur_option_help(size_t index);

/* ---- Mailers --------------------------------------------------------------------------------- */

/*
 * Make a mailer.  Nothing is opened but the configuration file.
 *
 * dsn             smtps://user:pass@host, smtp://…, smtp+unix:///path, a preset (ses://…),
 *                 failover(…), file:///dir, memory://, null://.  See docs/dsn.md.
 *                 NULL: FACTEUR_DSN from the environment, else dsn of the configuration file.
 * names, values   `count` options.  They win over the DSN's query, which wins over FACTEUR_* in the
 *                 environment, which wins over the configuration file.  Values are text: "10.0",
 *                 "1", "starttls".
 *
 * The configuration file is the one that FACTEUR_CONFIG names, else /etc/facteur.conf.  It is read
 * here, once.  If another DSN than its own is used, its options of a relay and its login are left
 * out.
 *
 * FACTEUR_ECONFIG: a DSN that cannot be read (the error names the character and its position), an
 * unknown option (the error names the nearest one), a value out of its range.  `where` is the
 * option or "dsn"; for the configuration file its path and line, and the option.
 */
FACTEUR_API int facteur_mailer_new(const char *dsn, const char *const *names,
                                   const char *const *values, size_t count, facteur_mailer **out,
                                   facteur_error **error);

/*
 * As facteur_mailer_new(), but mailers with the same configuration share their connections in this
 * process.  Free each handle with facteur_mailer_free().
 *
 * After the last handle the connections stay open for the next request.  A configuration that was
 * not asked for within ten minutes leaves: the relay gets QUIT, descriptors are closed, credentials
 * are wiped.  The same happens to the one used the longest ago when more than 32 have no handle, or
 * more than one for 32 descriptors that the process may open (RLIMIT_NOFILE).  This is done when a
 * shared mailer is made or freed, when a mail is submitted, and when a host steps.
 */
FACTEUR_API int facteur_mailer_shared(const char *dsn, const char *const *names,
                                      const char *const *values, size_t count, facteur_mailer **out,
                                      facteur_error **error);

/*
 * Whether a mailer can be made without a DSN: 1 if FACTEUR_DSN or the configuration file gives one,
 * 0 if neither does.  A negative result is an error of the file, as facteur_mailer_new() has it.
 */
FACTEUR_API int facteur_default_dsn(facteur_error **error);

/*
 * What the environment, else the configuration file, gives an option that is no secret: a text for
 * facteur_free().  NULL: neither does, there is no such option, the file cannot be used
 * (facteur_mailer_new() says why), or memory ran out.
 */
FACTEUR_API char *facteur_default_option(const char *name);

/*
 * The configurations that facteur_mailer_shared() keeps in this process.
 *
 * used      Now, with handles.
 * resting   Now, without one.
 * left      All that have left.
 */
FACTEUR_API void facteur_shared_count(size_t *used, size_t *resting, size_t *left);

/* The files and folders that a configuration names. */
typedef struct facteur_paths facteur_paths;

/*
 * List the files that a mailer with the same arguments could open: the options of type "path", the
 * members "…_file" in options of type "json", the folder of file://.  Sockets are not listed.  Use
 * this to decide whether a program may have its files before they are opened.  Nothing is opened.
 *
 * facteur_paths_of_option() lists the files of one option's value, also for the field smime.
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
 * The path at `index`, from 0; NULL after the last one.  The texts live as long as `paths`.
 *
 * where    "ca_file", "dkim[0].key_file" or "dsn".
 * source   Where the path comes from: "call", "dsn", or a variable of the environment such as
 *          "FACTEUR_CA_FILE"; "FACTEUR_DSN" if the DSN comes from there.  For what the
 *          configuration file says: "FACTEUR_CONFIG", or the path of the system's file.
 */
FACTEUR_API const char *facteur_path(const facteur_paths *paths, size_t index, const char **where,
                                     const char **source);

/*
 * Close a mailer.  It takes no more mails (FACTEUR_ECLOSED).  What is under way has `timeout`
 * seconds to end by itself.  After that it is cut: temporary, or in doubt if it was handed over.
 * The relay gets QUIT within the same time.  If the mailer is shared, only this handle ends.
 *
 * When a process exits with open connections, also those of shared mailers, the idle ones get QUIT,
 * and the process waits 5 ms for all answers.  This is not done when exit() was called in a signal
 * handler, and a child does not do it on its parent's connections.  After that, mailers are closed.
 */
FACTEUR_API void facteur_mailer_close(facteur_mailer *mailer, double timeout);
FACTEUR_API void facteur_mailer_free(facteur_mailer *mailer);

/* What a token source fills.  Lives until the source returns. */
typedef struct facteur_token facteur_token;

/*
 * A token source gets an OAuth 2.0 bearer token for `username` at `relay` and passes it to
 * facteur_token_give().  It returns 0.  If it fails, it states the reason with facteur_token_fail()
 * and returns any other number.
 *
 * It is called in a thread that sends, before the mail goes to the loop.  Two threads never call it
 * at once for the same relay: the others wait for its token, within their deadline.  It must not
 * use the mailer.  It is called when there is no token, shortly before the token ends, and once
 * more when the relay refuses a token that is older than the mail.  This happens within
 * facteur_send() and facteur_delivery_wait(), even if it takes longer than their time.  A host's
 * event loop calls facteur_delivery_ask().
 */
typedef int (*facteur_token_source)(void *user, const char *relay, const char *username,
                                    facteur_token *token);

/*
 * life   Seconds for which the token is good; 0: until the relay refuses it.
 * FACTEUR_ECONFIG: empty, longer than 64 KiB, or not printable ASCII.
 */
FACTEUR_API int facteur_token_give(facteur_token *token, const char *text, size_t len, double life);

/* One sentence, without a secret: it becomes part of the receipt. */
FACTEUR_API void facteur_token_fail(facteur_token *token, const char *sentence);

/*
 * Set the token source of a mailer that was made with the option token_callback.  Call this before
 * the first send.  `user` must live until the mailer is closed.  Mailers that share connections
 * share the tokens, but each calls its own source.  FACTEUR_ECONFIG: no relay of the mailer uses
 * it.
 */
FACTEUR_API int facteur_mailer_set_token_source(facteur_mailer *mailer, facteur_token_source source,
                                                void *user, facteur_error **error);

/* What a key source fills.  Lives until the source returns. */
typedef struct facteur_key facteur_key;

/*
 * A key source gets the private key of selector._domainkey.domain and passes it as PEM to
 * facteur_key_give().  It returns 0.  If it fails, it states the reason with facteur_key_fail() and
 * returns any other number.
 *
 * It is called in a thread that sends, before the first mail that is signed.  The key is kept as
 * long as the mailer.  Two threads that send their first mail at once may both call it.  It must
 * not use the mailer.
 */
typedef int (*facteur_key_source)(void *user, const char *domain, const char *selector,
                                  facteur_key *key);

/* FACTEUR_ECONFIG: empty, or longer than 64 KiB.  The text is copied, and the copy is wiped. */
FACTEUR_API int facteur_key_give(facteur_key *key, const char *pem, size_t len);

/* One sentence, without a secret: it becomes part of the error. */
FACTEUR_API void facteur_key_fail(facteur_key *key, const char *sentence);

/*
 * Tell which greenlet or fiber of this thread makes the calls from now on.  NULL (the default): the
 * thread has only one.  A token source may give way to others of its thread; they then ask it for
 * themselves, because none of them can wait for the first.
 *
 * caller   Any pointer that the others do not have at the same time; it is only compared.
 */
FACTEUR_API void facteur_set_caller(const void *caller);

/*
 * This thread's greenlets or fibers are gone without having returned, as PHP's are after a fatal
 * error: nobody waits for a token source any more that one of them had called.  The thread has one
 * caller again.  Call it outside a token source, while the mailers are there.
 */
FACTEUR_API void facteur_forget_callers(void);

/*
 * Set the key source of a mailer whose option dkim has key_callback.  Call this before the first
 * send. `user` must live as long as the mailer. FACTEUR_ECONFIG: no signature uses it, or the
 * mailer is shared.
 */
FACTEUR_API int facteur_mailer_set_key_source(facteur_mailer *mailer, facteur_key_source source,
                                              void *user, facteur_error **error);

/* Its relay, without secrets: "smtps://smtp.example.com:465".  Lives as long as the mailer. */
FACTEUR_API const char *facteur_mailer_name(const facteur_mailer *mailer);

/*
 * Write a line to the mailer's log (options syslog and logfile), where each mail that got a receipt
 * has one already.  Control characters are shown as \xNN.  Returns 0, also when there is no log, or
 * FACTEUR_EIO when the file cannot be written (errno says why).
 */
FACTEUR_API int facteur_mailer_log(const facteur_mailer *mailer, const char *text);

/* Whether it has an outbox. */
FACTEUR_API int facteur_mailer_has_outbox(const facteur_mailer *mailer);

/* Whether the option sendmail_bounce is on. */
FACTEUR_API int facteur_mailer_bounces(const facteur_mailer *mailer);

/*
 * Counters of this process since the first send, as JSON text; the caller's (facteur_free).  Any
 * thread may call this.  It opens nothing and waits for nothing.
 *
 *   {"relays": [{"relay": "smtps://…",
 *     "connections": {"open", "opened", "reused", "failed": {phase: count}, "unshared"},
 *     "mails": {"sent", "temporary", "permanent", "in_doubt", "in_flight", "waiting", "redone",
 *               "late_sent", "late_refused"},
 *     "handshakes": {"full", "resumed"}, "flights": …, "demotions": …,
 *     "phases": {phase: {"count": …, "seconds": …, "buckets": [[below, count], …]}}}]}
 *
 * late_sent and late_refused count mails that are in doubt, because their deadline passed, and
 * whose verdict came after it: they were taken, or certainly not.
 *
 * A bucket counts the times below so many seconds (a power of two of microseconds) that no bucket
 * before it counts; the last one has null.  "unshared", connections opened without the slot of
 * host_slots that they need, is left out when it is 0, and so are empty buckets and phases. Without
 * a relay (memory:// …) the list is empty.  A shared mailer also has "shared": {"used", "resting",
 * "left"}, the numbers of facteur_shared_count().
 *
 * FACTEUR_ECLOSED, FACTEUR_ENOMEM.
 */
FACTEUR_API int facteur_stats(const facteur_mailer *mailer, char **json, facteur_error **error);

/*
 * Send one message and wait for its verdict.
 *
 * message    Frozen by the call.  You may send it again or free it afterwards.
 * deadline   Seconds for everything: name resolution, connection, TLS, login, waiting for a slot,
 *            dialogue.  0: the option `deadline`.
 *
 * With the option outbox the mail is put into the outbox first, with one commit.  If a worker is
 * alive, the receipt is queued.  Else the mail is tried now, and the outbox has the verdict, also
 * one that comes after the deadline.  A mail that this try did not end is queued, and the notes of
 * the receipt say why.  A second letter with the same key is a duplicate.  If the outbox certainly
 * has not taken the mail (it is locked, full or away), the mail is tried without it, and a note
 * says so.  If nobody knows whether it has, the mail is not tried: temporary, FACTEUR_EIO.
 *
 * Returns 0 if the message was tried.  The receipt says what became of it, also when it was
 * refused. Errors, when nothing was tried: FACTEUR_EMESSAGE (no recipient, no sender, …),
 * FACTEUR_EIO (an attachment cannot be read), FACTEUR_ECONFIG (a file or directory of an option
 * cannot be used; they are opened now, not when the mailer is made), FACTEUR_ECLOSED,
 * FACTEUR_ENOMEM.  If no descriptor or thread is left, the receipt is temporary with
 * FACTEUR_ELIMIT.
 */
FACTEUR_API int facteur_send(facteur_mailer *mailer, facteur_message *message, double deadline,
                             facteur_receipt **receipt, facteur_error **error);

/*
 * As facteur_send(), for a message of facteur_letter(), which must not break its order or form.
 * These are receipts, not errors:
 *
 *   temporary, FACTEUR_ECONFIG    the configuration proves unusable (a ca_file that cannot be read)
 *   temporary, FACTEUR_EIO        an attachment cannot be read, or not yet
 *   permanent, FACTEUR_EMESSAGE   the customer's address in the order is none
 *
 * Errors, when nothing was tried: FACTEUR_EMESSAGE (no sender, a limit), FACTEUR_ECLOSED.
 */
FACTEUR_API int facteur_send_composed(facteur_mailer *mailer, facteur_message *message,
                                      double deadline, facteur_receipt **receipt,
                                      facteur_error **error);

/*
 * facteur_letter(), then facteur_send_composed(), with the errors of both.  What the machine is
 * short of (FACTEUR_ENOMEM, FACTEUR_ELIMIT) is a temporary receipt, also while the letter is
 * composed.
 */
FACTEUR_API int facteur_send_letter(facteur_mailer *mailer, const char *kind, const char *json,
                                    size_t len, const char *options, size_t options_len,
                                    double deadline, facteur_receipt **receipt,
                                    facteur_error **error);

/* ---- Deliveries: several mails at once ------------------------------------------------------- */

/*
 * Flags for facteur_submit(); combine them with |.
 *
 * FACTEUR_LETTER   As facteur_send_composed().
 * FACTEUR_MANY     One of many mails: an error with this one does not stop the others.  The mail
 * ends at once, and its receipt has the error: permanent with FACTEUR_EMESSAGE, temporary with
 * FACTEUR_EIO and FACTEUR_ECONFIG.  Its deadline begins when a connection takes it up, and anew
 * with each verdict of a mail before it there.  Until then it waits as long as the mails before it
 * move.  Time in which no thread waits and no host steps does not count.
 */
#define FACTEUR_LETTER 1U
#define FACTEUR_MANY 2U

/*
 * Start to send one message, without waiting.  Mails that are submitted together share network
 * round trips.  The work continues while any thread waits for a mail of the mailer, while a host
 * steps, or by itself with the option `background`.
 *
 * message    Frozen by the call.  You may submit it again or free it afterwards.
 * deadline   Seconds, as in facteur_send().
 * how        0, or flags from above.
 * delivery   The caller's.  One thread at a time may use it.  Free it before the mailer.
 *
 * Errors: those of facteur_send() that are known now (facteur_delivery_wait() returns the others).
 */
FACTEUR_API int facteur_submit(facteur_mailer *mailer, facteur_message *message, double deadline,
                               unsigned how, facteur_delivery **delivery, facteur_error **error);

/*
 * Wait for the verdict.
 *
 * timeout    Seconds.  0: do what can be done without waiting.  Negative: wait until the verdict is
 *            there; the delivery's deadline bounds that.
 * receipt    The caller's.  It is returned once.
 *
 * Returns 1 with the receipt, or 0 when the time passed before.  Errors, when nothing was tried:
 * those of facteur_send().  FACTEUR_ECLOSED also in a child of the process that submitted the mail,
 * and after the receipt was returned.
 */
FACTEUR_API int facteur_delivery_wait(facteur_delivery *delivery, double timeout,
                                      facteur_receipt **receipt, facteur_error **error);

/* 1 if the verdict is there, else 0.  Does no work. */
FACTEUR_API int facteur_delivery_ended(const facteur_delivery *delivery);

/*
 * Take a mail back.  If nothing of its terminator (the final dot, BDAT LAST) has left and its
 * connection carries no other mail, the mail ends: temporary, FACTEUR_ECLOSED.  Otherwise it goes
 * on, because its verdict would be unknown.  The receipt says which; wait for it as for any other.
 */
FACTEUR_API void facteur_delivery_cancel(facteur_delivery *delivery);

/* Cancel the mail if it has not ended, and free the delivery.  If it goes on, its verdict is lost.
 */
FACTEUR_API void facteur_delivery_free(facteur_delivery *delivery);

/*
 * How many deliveries fill the mailer's connections.  To send many mails, keep so many submitted
 * and wait for the oldest.  For roundrobin(…) it is the sum over the relays, for failover(…) the
 * largest number of one relay.
 */
FACTEUR_API unsigned facteur_mailer_window(const facteur_mailer *mailer);

/* ---- Event loops ----------------------------------------------------------------------------- */

/*
 * An event loop can drive the mailer and never wait in it.  Give it a facteur_host:
 *
 *   1. Submit with facteur_host_submit().
 *   2. Soon after, and whenever the descriptor is readable or the timeout has passed, call
 *      facteur_host_step(), and then facteur_host_done() until it returns NULL.
 *   3. Watch the descriptor and the timeout until none of the host's mails is under way.
 *
 * A mailer has any number of hosts in any threads, beside threads that wait and the option
 * `background`.  Each host gets its own deliveries, whoever moved them.  A host that stops stepping
 * delays nobody.  One thread at a time may use a host.
 */
FACTEUR_API int facteur_host_new(facteur_mailer *mailer, facteur_host **host,
                                 facteur_error **error);

/*
 * Free the host before the mailer.  Its deliveries that have not ended go on; you may wait for
 * them, cancel and free them.
 */
FACTEUR_API void facteur_host_free(facteur_host *host);

/*
 * As facteur_submit(), for this host.  Also works in a child after fork().
 *
 * Errors: as facteur_submit().
 */
FACTEUR_API int facteur_host_submit(facteur_host *host, facteur_message *message, double deadline,
                                    unsigned how, facteur_delivery **delivery,
                                    facteur_error **error);

/*
 * Readable when there is work for this host, or when the time has come that facteur_host_timeout()
 * told last.  Stays the same in a process; -1 before the first submission.
 */
FACTEUR_API int facteur_host_fd(const facteur_host *host);

/*
 * Seconds until the next step is due; negative if none is.  Ask after each submission and after
 * each step: the earlier answer is no longer valid.  A loop that watches the descriptor only has to
 * see whether it is 0: then a step is due at once, and the descriptor does not tell it.
 */
FACTEUR_API double facteur_host_timeout(facteur_host *host);

/* Do what can be done without waiting. */
FACTEUR_API void facteur_host_step(facteur_host *host);

/*
 * The oldest delivery of this host that has its verdict and was not returned yet, or NULL.
 * Deliveries that have their verdict when they are submitted (memory://, file://, a policy) are not
 * returned: ask facteur_delivery_ended() right after the submission.
 */
FACTEUR_API facteur_delivery *facteur_host_done(facteur_host *host);

/*
 * 1 if a host's mail waits for a token, else 0.  Ask after the submission (there may be no token
 * yet) and when facteur_host_done() returns the delivery (the relay may have refused the token).
 * If it waits, call facteur_delivery_ask(), which takes as long as the token source and may run in
 * another thread.  Then call facteur_delivery_resume() in the host's thread.
 * facteur_delivery_wait() does both by itself.
 */
FACTEUR_API int facteur_delivery_needs_token(const facteur_delivery *delivery);
FACTEUR_API void facteur_delivery_ask(facteur_delivery *delivery);
FACTEUR_API void facteur_delivery_resume(facteur_delivery *delivery);

/*
 * Seconds that are left of its deadline, 0 or more; for a mail of FACTEUR_MANY that waits for a
 * token, all of them.  For whoever waits while another one asks for the token.
 */
FACTEUR_API double facteur_delivery_left(const facteur_delivery *delivery);

/* ---- Checks ---------------------------------------------------------------------------------- */

/*
 * Connect, TLS, EHLO, AUTH and NOOP, without a mail.  `*json` (facteur_free) is an object: relay,
 * ok, phase, address, proxy, tls {version, cipher, resumed}, certificate {subject, issuer,
 * not_before, not_after, days_left, pin_sha256}, capabilities, auth, timings, error, transcript
 * (the dialogue, without credentials), and host_slots (a sentence) if that limit cannot be shared
 * with other processes. With a proxy, `address` is where that was reached; without one `proxy` is
 * null.  Returns 0 also when the relay refused, or when a file is of no use (no certificate in
 * ca_file); `ok` is then false, and the other members have what was learned before. Several
 * relays are checked at once within the deadline; the object then has relay, ok (all are well) and
 * relays (a list of such objects).
 *
 * FACTEUR_ECONFIG: a file cannot be read; FACTEUR_ECLOSED, FACTEUR_ENOMEM.
 */
FACTEUR_API int facteur_check(facteur_mailer *mailer, double deadline, char **json,
                              facteur_error **error);

/*
 * The mails in a memory:// mailer, or in one with mode=capture and no capture_dir, oldest first.
 * Each process keeps at most 10,000, and at most 64 MiB (a single one may be larger); the oldest
 * are dropped.
 *
 * facteur_captured() returns the bytes as they would have been sent, and the envelope as JSON
 * {"from": …, "to": […]}; both are the caller's (facteur_free).  FACTEUR_ECONFIG: no such index.
 */
FACTEUR_API size_t facteur_captured_count(const facteur_mailer *mailer);
FACTEUR_API int facteur_captured(const facteur_mailer *mailer, size_t index, char **bytes,
                                 size_t *len, char **envelope_json, facteur_error **error);
FACTEUR_API void facteur_captured_clear(facteur_mailer *mailer);

/* ---- The outbox ------------------------------------------------------------------------------ */

/*
 * A durable queue in a database.  A mail that facteur_outbox_enqueue() has taken is sent by a
 * worker (facteur_outbox_work()), whatever dies in between.  docs/outbox.md has the guarantees, the
 * tables and the states.
 *
 * Only one thread at a time may use an outbox; each may open its own.  After fork() the child may
 * use the same outbox, except in the middle of a call.
 *
 * Errors of all functions, beside their own, with "outbox" as `where`: FACTEUR_EIO (the database is
 * locked, full, damaged or gone; another try can help), FACTEUR_ECONFIG (this program may not use
 * it), FACTEUR_ELIMIT, FACTEUR_ENOMEM.
 */

/*
 * Open an outbox.
 *
 * url      "sqlite:///var/lib/shop/outbox.db", with an absolute path, or
 *          "postgresql://user:password@host/database", or
 *          "mysql://user:password@host/database".
 * create   1: make file and tables where there are none.
 *
 * FACTEUR_ECONFIG: not such a URL; no outbox there; tables of another version; a place that is not
 * safe (a symbolic link, a folder or file that every user may write, a network file system).
 */
FACTEUR_API int facteur_outbox_open(const char *url, int create, facteur_outbox **outbox,
                                    facteur_error **error);
FACTEUR_API void facteur_outbox_close(facteur_outbox *outbox); /* NULL is fine */

/*
 * Make the tables, or bring those of an earlier version up to date; several programs may do it at
 * once.  `from` is the version that was found, 0 for none, and `to` this release's.
 */
FACTEUR_API int facteur_outbox_migrate(const char *url, unsigned *from, unsigned *to,
                                       facteur_error **error);

/*
 * Put a message into the outbox.  It is sealed now: policy, encryption and signature of this mailer
 * are applied, and not applied again.  No connection is opened.
 *
 * key          Unique among the rows, in whatever state they are, until they are purged; 1 to 190
 *              bytes.  NULL: that of a letter (facteur_message_key()), else none.
 * not_before   Seconds since 1970.  0: at once.
 * expires_at   Seconds since 1970, when it is given up.  0: two days after not_before.
 * priority     0 (first) to 9 (last).  Negative: 5.
 *
 * Returns 0 when the mail is on the disk.  The receipt is queued, or a duplicate of the mail that
 * has had this key before; its queue id is the row's id, the Message-ID that of the first.  If the
 * mailer's policy leaves no recipient, the receipt is permanent.  Errors, when nothing was put in:
 * FACTEUR_EMESSAGE (also for key, priority and expires_at), FACTEUR_ECONFIG, FACTEUR_ECLOSED.
 * After FACTEUR_EIO the mail may be there or not; with a key, try it again.
 */
FACTEUR_API int facteur_outbox_enqueue(facteur_outbox *outbox, facteur_mailer *mailer,
                                       facteur_message *message, const char *key, double not_before,
                                       double expires_at, int priority, facteur_receipt **receipt,
                                       facteur_error **error);

/*
 * As facteur_outbox_enqueue(), into the outbox that the mailer's option outbox names.  It is opened
 * at the first call, and made where there is none.  Any thread may call it, and a child of fork()
 * opens it anew.
 *
 * FACTEUR_ECONFIG also: the mailer has no outbox.
 */
FACTEUR_API int facteur_enqueue(facteur_mailer *mailer, facteur_message *message, const char *key,
                                double not_before, double expires_at, int priority,
                                facteur_receipt **receipt, facteur_error **error);

/*
 * Several messages for the mailer's outbox, which are put there with one commit: all of them or
 * none.  Only one thread at a time may use a batch.  FACTEUR_ECONFIG: the mailer has no outbox.
 */
FACTEUR_API int facteur_batch_new(facteur_mailer *mailer, facteur_batch **batch,
                                  facteur_error **error);
FACTEUR_API void facteur_batch_free(facteur_batch *batch); /* NULL is fine; before the mailer */

#define FACTEUR_BATCH_MAX 1000

/*
 * Seal one more message, as facteur_enqueue() does; nothing is put in yet.  After an error the
 * batch is as before; one of a message has "messages[3]." before its `where`.  FACTEUR_ELIMIT also:
 * it has FACTEUR_BATCH_MAX.
 */
FACTEUR_API int facteur_batch_add(facteur_batch *batch, facteur_message *message, const char *key,
                                  double not_before, double expires_at, int priority,
                                  facteur_error **error);

/* Put them in.  After an error it may be tried again, best with keys. */
FACTEUR_API int facteur_batch_commit(facteur_batch *batch, facteur_error **error);

/* Once for each message after the commit, in their order from 0; the caller's.  Else NULL. */
FACTEUR_API facteur_receipt *facteur_batch_receipt(facteur_batch *batch, size_t index);

/*
 * Putting a message into the outbox on a connection of the application, within its transaction: the
 * mail is there when the transaction is committed, and was never there when it is rolled back.  The
 * application's database has the tables of an outbox.
 *
 * facteur has the statements, and the caller runs them on its connection, one after the other:
 *
 *     facteur_insert_new(mailer, message, "sqlite", "?", "order-42", 0, 0, -1, &insert, &error);
 *     while ((sql = facteur_insert_sql(insert)) != NULL) {
 *         run sql with the values facteur_insert_value(insert, 0 ...);
 *         if it failed: facteur_insert_fail(insert), run what is left all the same, pass on the
 * error else: facteur_insert_answer(insert, cells of the first row, how many, &error);
 *     }
 *     receipt = facteur_insert_receipt(insert);
 *
 * No statement commits the transaction.  Only one thread at a time may use an insert.
 */

/*
 * Seal a message for that; no database is used.
 *
 * dialect   "sqlite", "postgresql" or "mysql" (of MariaDB too).  The statements of MySQL need a
 *           transaction: without one they fail, and nothing was put in.
 * marks     How the connection's statements name their values: "?", "%s" or "$1".
 *
 * The other arguments and errors are those of facteur_outbox_enqueue().  FACTEUR_ECONFIG also: no
 * such dialect or marks.
 */
FACTEUR_API int facteur_insert_new(facteur_mailer *mailer, facteur_message *message,
                                   const char *dialect, const char *marks, const char *key,
                                   double not_before, double expires_at, int priority,
                                   facteur_insert **insert, facteur_error **error);
FACTEUR_API void facteur_insert_free(facteur_insert *insert); /* NULL is fine */

/* The statement to run; NULL: there is none, or none any more. */
FACTEUR_API const char *facteur_insert_sql(const facteur_insert *insert);

enum facteur_value {
    FACTEUR_VALUE_NULL,
    FACTEUR_VALUE_INTEGER,
    FACTEUR_VALUE_TEXT, /* UTF-8 */
    FACTEUR_VALUE_BYTES
};

/*
 * A value of that statement, in the order of its marks.  `bytes` and `len` are set for a text and
 * for bytes, `number` for an integer; they are lent until the next answer.
 *
 * index   Less than facteur_insert_value_count().
 */
FACTEUR_API size_t facteur_insert_value_count(const facteur_insert *insert);
FACTEUR_API enum facteur_value facteur_insert_value(const facteur_insert *insert, size_t index,
                                                    const char **bytes, size_t *len,
                                                    long long *number);

/*
 * Tell the answer to the statement.
 *
 * cells   The texts of its first row, NULL for NULL.
 * count   How many; 0 when there was no row.
 *
 * FACTEUR_ECONFIG: the tables are of another version.  FACTEUR_EIO: another try can help.
 * FACTEUR_ENOMEM.  After an error, go on as after facteur_insert_fail().
 */
FACTEUR_API int facteur_insert_answer(facteur_insert *insert, const char *const *cells,
                                      size_t count, facteur_error **error);

/*
 * The statement failed.  The statements that are left take back what was done; run each, and answer
 * it with no cells, whether it succeeds or not.
 */
FACTEUR_API void facteur_insert_fail(facteur_insert *insert);

/*
 * The receipt, once (facteur_receipt_free): queued, or a duplicate, as facteur_outbox_enqueue()
 * gives it; it is true once the transaction is committed.  Permanent without any statement: the
 * mailer's policy left no recipient.  NULL: a statement is left, or one failed.
 */
FACTEUR_API facteur_receipt *facteur_insert_receipt(facteur_insert *insert);

/* Told when the database cannot be used for a moment.  The error is lent. */
typedef void (*facteur_complaint)(void *user, const facteur_error *error);

/*
 * Send what is in the outbox.  Any number of processes may work on one.  A mail that a crash left
 * in doubt is sent again with the same Message-ID, and its row counts the doubt.
 *
 * mailer     Its relays get the mails.  Nobody else may send with it meanwhile.
 * once       1: end when nothing is ready.
 * stop_fd    Ends when this descriptor becomes readable; -1: none.  Mails that were not handed over
 *            are given back.
 * grace      Seconds that the others have to get their verdict then.
 * complain   May be NULL.
 * json       The caller's (facteur_free): {"sent", "failed", "retried", "expired", "held",
 *            "paused", "rescued", "quarantined", "stale"}, the numbers of verdicts, of leases of
 * dead workers that were taken back, and of leases that were lost to another worker.
 *
 * FACTEUR_ECONFIG: the mailer has no relay, or the option background.  FACTEUR_ECLOSED.  An error
 * of the database only when nothing was sent yet, or at the end.
 */
FACTEUR_API int facteur_outbox_work(facteur_outbox *outbox, facteur_mailer *mailer, int once,
                                    int stop_fd, double grace, facteur_complaint complain,
                                    void *user, char **json, facteur_error **error);

/* Asked a few times a second: anything but 0 ends the work as a stop_fd does. */
typedef int (*facteur_stop)(void *user);

/*
 * Send what is ready in the mailer's own outbox (option outbox), and end; for a job of Celery,
 * django.tasks, Messenger or cron.  It has connections of its own, so other threads may use the
 * mailer meanwhile.  A token callback is called as in facteur_send().
 *
 * seconds   Begin nothing more after that.  0: no limit.
 * limit     Mails to take at most.  0: no limit.
 * grace     Seconds that mails under way have to get their verdict then.
 * stop      May be NULL.
 * json      As facteur_outbox_work().
 *
 * FACTEUR_ECONFIG: the mailer has no relay, or no outbox.  Else as facteur_outbox_work().
 */
FACTEUR_API int facteur_work(facteur_mailer *mailer, double seconds, unsigned limit, double grace,
                             facteur_stop stop, void *user, char **json, facteur_error **error);

/*
 * Rows as a JSON list (facteur_free), in the order of their ids.
 *
 * state, key   Only these rows; NULL: all.
 * after        Rows with a larger id.
 * limit        1 to 1000.
 *
 * A row is an object: id, state, key, kind, sender, recipients, message_id, size, priority,
 * attempts, crashes, doubts, created_at, next_at, expires_at, lease_until, ended_at, owner, relay,
 * reply, trace (the W3C traceparent of the mail), and receipt (of the last attempt, or null).
 * FACTEUR_EMESSAGE: no such state.
 */
FACTEUR_API int facteur_outbox_list(facteur_outbox *outbox, const char *state, const char *key,
                                    long long after, unsigned limit, char **json,
                                    facteur_error **error);

/*
 * The statements that make the tables, for tools that migrate a database themselves (facteur_free):
 * each ends with ";" and a line's end, and none has these within.
 *
 * dialect   "sqlite", "postgresql" or "mysql".
 *
 * FACTEUR_ECONFIG: no such dialect.
 */
FACTEUR_API int facteur_outbox_schema(const char *dialect, char **sql, facteur_error **error);

/*
 * One row, as above, and its history: a list of {"at", "what", "attempt", "relay", "text"}, the
 * oldest first.  `what` is enqueued, deferred, paused (the relay refuses the site, or wants mails
 * later), in_doubt (no verdict came), lost (its worker died before a relay could have it),
 * suppressed, failed, expired, held, sent, bounced, delayed,
 * delivered, complained, leased (now under way) or an action.
 * FACTEUR_EMESSAGE: no such row.
 */
FACTEUR_API int facteur_outbox_show(facteur_outbox *outbox, long long id, char **json,
                                    facteur_error **error);

/* The mail of a row as it is sent (facteur_free).  FACTEUR_EMESSAGE: no such row, or purged. */
FACTEUR_API int facteur_outbox_mail(facteur_outbox *outbox, long long id, char **bytes, size_t *len,
                                    facteur_error **error);

/*
 * The same of what the table facteur_body holds, for a program that has read it itself.
 * FACTEUR_EMESSAGE: that is no stored mail.
 */
FACTEUR_API int facteur_outbox_read(const void *stored, size_t stored_len, char **bytes,
                                    size_t *len, facteur_error **error);

/*
 * Do something with one row.
 *
 * action   "retry" (failed, expired, quarantined, cancelled), "release" (held) or "cancel" (ready,
 *          held, quarantined).
 * done     0 when the action is not possible in the row's state, or its mail was purged.
 * state    The row's state before; static.
 *
 * FACTEUR_EMESSAGE: no such row or action.
 */
FACTEUR_API int facteur_outbox_act(facteur_outbox *outbox, const char *action, long long id,
                                   int *done, const char **state, facteur_error **error);

/*
 * Addresses that no mail goes to (the suppression list), and relays that get none for a while
 * because they refuse the site.  A worker looks before each try.
 *
 * what     "address" or "relay".
 * after    Those behind this name; NULL: from the first.
 * json     Up to 1,000 as a list (facteur_free) of {"name", "since", "until", "times", "reason",
 *          "id"}, in the order of their names; `id` is the row that was the reason, or null.
 * address  One address; the case of its letters is of no matter.
 * found    0 when there was none.
 *
 * FACTEUR_EMESSAGE: not such a word, not an address.
 */
FACTEUR_API int facteur_outbox_bars(facteur_outbox *outbox, const char *what, const char *after,
                                    char **json, facteur_error **error);
FACTEUR_API int facteur_outbox_suppress(facteur_outbox *outbox, const char *address,
                                        const char *reason, facteur_error **error);
FACTEUR_API int facteur_outbox_unbar(facteur_outbox *outbox, const char *what, const char *name,
                                     int *found, facteur_error **error);

/*
 * Read a message that came back: a delivery report (RFC 3464, or the text of qmail or of an old
 * Exim) or a complaint (RFC 5965).  Its row is found by the envelope id or the Message-ID, and
 * notes it.  A recipient of the row that does not exist, or complained, is put on the suppression
 * list.  A refusal because of the site's set-up, a full mailbox or a delay suppresses nobody, nor
 * does anything said of an address that is no recipient of the row.
 *
 * bytes  The whole message, at most 64 MiB; any bytes are fine.
 * json   The caller's (facteur_free): {"kind" ("delivery" or "complaint"), "feedback", "id", "key",
 *        "message_id", "recipients": [{"address", "event" (bounced, delayed, delivered or
 *        complained), "status", "text", "known", "suppressed"}, …]}.
 *
 * FACTEUR_EMESSAGE ("report"): it is no report, or names no mail of this outbox.
 */
FACTEUR_API int facteur_outbox_bounce(facteur_outbox *outbox, const char *bytes, size_t len,
                                      char **json, facteur_error **error);

/*
 * Delete what is old, in small transactions: the bytes of mails that ended before keep_bodies
 * seconds, and the rows of those that ended before keep_rows seconds.  Both counts may be NULL.
 */
FACTEUR_API int facteur_outbox_purge(facteur_outbox *outbox, double keep_bodies, double keep_rows,
                                     size_t *bodies, size_t *rows, facteur_error **error);

/*
 * {"states": {state: count, …}, "oldest_ready_at", "late_s" (how long that one waits), "doubts",
 * "paused" (relays, as facteur_outbox_bars() tells them),
 * "schema", "database", "fixed", "file_bytes", "wal_bytes"}; facteur_free.  A mail that a worker
 * has is ready when its lease ends.  "fixed" is false for a SQLite that can lose commits when
 * another program checkpoints.
 */
FACTEUR_API int facteur_outbox_stats(facteur_outbox *outbox, char **json, facteur_error **error);

/* ---- Receipts -------------------------------------------------------------------------------- */

enum facteur_status {
    FACTEUR_SENT,      /* accepted for at least one recipient, by a complete 2yz reply */
    FACTEUR_QUEUED,    /* durable in the outbox */
    FACTEUR_TEMPORARY, /* certainly not accepted; may be tried again */
    FACTEUR_PERMANENT, /* certainly refused */
    FACTEUR_IN_DOUBT,  /* handed over; no verdict came */
    FACTEUR_DUPLICATE  /* the outbox knows the key already */
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

/* Every text lives as long as the receipt.  It is "" if there is nothing to say. */
FACTEUR_API enum facteur_status facteur_receipt_status(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_status_name(const facteur_receipt *receipt);

/* 1 for sent, queued and duplicate: the caller has nothing more to do.  Else 0. */
FACTEUR_API int facteur_receipt_ok(const facteur_receipt *receipt);

/* The Message-ID without angle brackets; the relay's id for the mail; the relay's name. */
FACTEUR_API const char *facteur_receipt_message_id(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_queue_id(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_relay(const facteur_receipt *receipt);

FACTEUR_API size_t facteur_receipt_accepted_count(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_accepted(const facteur_receipt *receipt, size_t index);

/* The refused recipients, each with the reply to its RCPT (RFC 5321 section 4.2, RFC 3463). */
FACTEUR_API size_t facteur_receipt_rejected_count(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_rejected(const facteur_receipt *receipt, size_t index);
FACTEUR_API int facteur_receipt_rejected_code(const facteur_receipt *receipt, size_t index);
FACTEUR_API const char *facteur_receipt_rejected_enhanced(const facteur_receipt *receipt,
                                                          size_t index);
FACTEUR_API const char *facteur_receipt_rejected_text(const facteur_receipt *receipt, size_t index);

/*
 * The recipients that may or may not get the mail: its end was handed over for them, and no verdict
 * came.  With a mail that is sent these are the recipients of a further transaction, which the
 * relay's limit on recipients had asked for.
 */
FACTEUR_API size_t facteur_receipt_in_doubt_count(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_in_doubt(const facteur_receipt *receipt, size_t index);

/* The reply that decided: code (0: there was none), enhanced status code ("2.0.0"), text. */
FACTEUR_API int facteur_receipt_reply_code(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_reply_enhanced(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_reply_text(const facteur_receipt *receipt);

/* The phase that decided; connections tried; flights (a write, then a wait) with octets of this
 * mail. */
FACTEUR_API enum facteur_phase facteur_receipt_phase(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_phase_name(enum facteur_phase phase);
FACTEUR_API unsigned facteur_receipt_attempts(const facteur_receipt *receipt);
FACTEUR_API unsigned facteur_receipt_flights(const facteur_receipt *receipt);

/* The mail's row in an outbox: its id and its key.  "" without a row, or a key. */
FACTEUR_API const char *facteur_receipt_outbox_id(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_key(const facteur_receipt *receipt);

/*
 * 0: the mail is queued, or a duplicate, and the commits of the application's connection, or of the
 * database's server, do not wait for the disk, so that a power cut can take it back.  Else 1.
 */
FACTEUR_API int facteur_receipt_durable(const facteur_receipt *receipt);

/* Seconds spent in a phase during this send; negative if the mail did not reach it. */
FACTEUR_API double facteur_receipt_timing(const facteur_receipt *receipt, enum facteur_phase phase);

/* Why the mail was not sent: a FACTEUR_E code and a sentence; 0 and "" if it was sent. */
FACTEUR_API int facteur_receipt_error_code(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_error(const facteur_receipt *receipt);

/* The dialogue of a failed send, without credentials and message; at most 16 KiB. */
FACTEUR_API const char *facteur_receipt_transcript(const facteur_receipt *receipt);

/* The notes of facteur_message_note(), and what had to be changed for the relay. */
FACTEUR_API size_t facteur_receipt_note_count(const facteur_receipt *receipt);
FACTEUR_API const char *facteur_receipt_note(const facteur_receipt *receipt, size_t index);

/* The whole receipt as one JSON object (facteur_free); NULL when memory ran out. */
FACTEUR_API char *facteur_receipt_json(const facteur_receipt *receipt);

/*
 * A mail whose deadline passes when it was handed over is in doubt, and the connection goes on with
 * it.  This is the verdict, if it has come since: a receipt of its own (facteur_receipt_free),
 * which is in doubt itself if the connection ended without one.  NULL: it has not come yet or never
 * will, or memory ran out.  Any thread may ask; nothing is opened or waited for.  The verdict is
 * read while somebody runs the mailer's loop: during another send, by the thread of background=1,
 * or in facteur_mailer_close().  A relay that never gives it is waited for until its final_timeout,
 * or until something else needs the connection's place (pool_size, host_slots).
 */
FACTEUR_API facteur_receipt *facteur_receipt_later(const facteur_receipt *receipt);

/*
 * Compose a notification for the sender of a mail, of the recipients that were refused (RFC 3464).
 * It goes to the mail's envelope sender and has none itself, so that it is never answered by
 * another.
 *
 * out   The message (facteur_message_free); NULL when no recipient was refused or the mail had no
 *       sender.
 *
 * Returns 0 or FACTEUR_ENOMEM.
 */
FACTEUR_API int facteur_receipt_bounce(const facteur_receipt *receipt, facteur_message **out,
                                       facteur_error **error);

/* One owner more, in any thread; each frees it. */
FACTEUR_API facteur_receipt *facteur_receipt_ref(facteur_receipt *receipt);
FACTEUR_API void facteur_receipt_free(facteur_receipt *receipt);

/*
 * A temporary receipt for a letter that could not even be composed, because the machine is short of
 * something.  Never NULL; without memory it says that.  Free it like any other.
 *
 * code       FACTEUR_ENOMEM, FACTEUR_ELIMIT.
 * message    A sentence, copied; NULL: the code's general text.
 */
FACTEUR_API facteur_receipt *facteur_receipt_of_shortage(int code, const char *message);

#ifdef __cplusplus
}
#endif

#endif
