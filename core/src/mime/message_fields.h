/* SPDX-License-Identifier: MIT */
/*
 * The table of a message's fields.  The Python and PHP interfaces, the program's JSON and
 * docs/message.md follow it.  A field that is not in it is refused.
 */
#ifndef FCT_MESSAGE_FIELDS_H
#define FCT_MESSAGE_FIELDS_H

/* The values of facteur_message_field_list(). */
#define FCT_ONE ""
#define FCT_EACH "+"
#define FCT_COMMAS ","
#define FCT_SPACES " "

/*
 * X(name, type, list, choices, default, finished, setter, member, help)
 *
 * PHP's parameters have this order, so a new field goes to the end.  `finished` is 1 when the field
 * is not a part of the message itself, so that a message of finished bytes takes it too.  The
 * setter is a function of message.c; `member` is the member of facteur_message that it fills.  The
 * setter is NULL when functions of facteur.h add to the field.
 */
#define FCT_MESSAGE_FIELDS(X)                                                                      \
    X(from, mailbox, FCT_COMMAS, "", "the mailer's option default_from", 0, set_author, from,      \
      "The author (RFC 5322 section 3.6.2).")                                                      \
    X(to, mailbox, FCT_EACH, "", "", 0, set_addresses, to,                                         \
      "Who receives it (RFC 5322 section 3.6.3).")                                                 \
    X(subject, text, FCT_ONE, "", "", 0, set_text_line, subject,                                   \
      "The subject (RFC 5322 section 3.6.5).  Control characters become one space.")               \
    X(text, text, FCT_ONE, "", "made of html", 0, set_body, text,                                  \
      "The plain text.  An empty one leaves it out.")                                              \
    X(html, text, FCT_ONE, "", "", 0, set_body, html,                                              \
      "The HTML.  It names an inline attachment as \"cid:\" and its content id (RFC 2392).")       \
    X(cc, mailbox, FCT_EACH, "", "", 0, set_addresses, cc,                                         \
      "Who receives a copy (RFC 5322 section 3.6.3).")                                             \
    X(bcc, mailbox, FCT_EACH, "", "", 0, set_addresses, bcc,                                       \
      "Who receives a copy without being named in it: in the envelope only.")                      \
    X(reply_to, mailbox, FCT_EACH, "", "", 0, set_addresses, reply_to,                             \
      "Where answers go (RFC 5322 section 3.6.2).")                                                \
    X(sender, mailbox, FCT_COMMAS, "", "", 0, set_author, sender,                                  \
      "Who sent it in the author's place, one mailbox (RFC 5322 section 3.6.2).")                  \
    X(attachments, attachments, FCT_EACH, "", "", 0, NULL, parts,                                  \
      "Files that go with it, and inline parts of the HTML (RFC 2183).")                           \
    X(headers, headers, FCT_EACH, "", "", 0, NULL, headers,                                        \
      "Header fields of your own (RFC 5322 section 3.6.8).  Those that facteur writes itself are " \
      "refused.")                                                                                  \
    X(envelope_from, text, FCT_ONE, "", "sender, else from", 1, set_envelope_from, envelope_from,  \
      "The SMTP sender, where bounces go (RFC 5321 section 4.1.1.2).  \"<>\" or an empty text is " \
      "the null reverse-path.")                                                                    \
    X(message_id, text, FCT_ONE, "", "made at random", 0, set_message_id, message_id,              \
      "An id of the form id@domain, with or without angle brackets (RFC 5322 section 3.6.4).")     \
    X(date, date, FCT_ONE, "", "now", 0, set_date, date,                                           \
      "RFC 3339 (2026-11-23T10:00:00+01:00) or RFC 5322 section 3.3.")                             \
    X(in_reply_to, text, FCT_SPACES, "", "", 0, set_ids, in_reply_to,                              \
      "The ids of the messages that it answers (RFC 5322 section 3.6.4).  A single one is added "  \
      "to references.")                                                                            \
    X(references, text, FCT_SPACES, "", "", 0, set_ids, references,                                \
      "The ids of the thread that it belongs to, the oldest first (RFC 5322 section 3.6.4).")      \
    X(list_unsubscribe, text, FCT_EACH, "", "", 0, add_uri, list_unsubscribe,                      \
      "https: and mailto: addresses that unsubscribe (RFC 2369 section 3.2).  An https: address "  \
      "is announced as one click: a POST to it unsubscribes (RFC 8058).")                          \
    X(tags, text, FCT_EACH, "", "", 1, add_tag, labels,                                            \
      "Tags for the statistics of a relay known by name.  No other relay sees them.")              \
    X(metadata, metadata, FCT_EACH, "", "", 1, NULL, labels,                                       \
      "Names with values that a relay known by name repeats in its events.  No other relay sees "  \
      "them.")                                                                                     \
    X(dsn_notify, text, FCT_COMMAS, "never|success|failure|delay", "", 1, set_term, terms,         \
      "When the sender is told what became of the mail (RFC 3461 section 4.1).")                   \
    X(dsn_return, text, FCT_ONE, "full|headers", "", 1, set_term, terms,                           \
      "How much of the mail such a notification holds (RFC 3461 section 4.3).")                    \
    X(envelope_id, text, FCT_ONE, "", "", 1, set_term, terms,                                      \
      "An id that notifications repeat, at most 100 characters (RFC 3461 section 4.4).")           \
    X(require_tls, bool, FCT_ONE, "", "0", 1, set_term, terms,                                     \
      "Only servers with verified TLS may pass the mail on (RFC 8689).")                           \
    X(deliver_by, int, FCT_ONE, "", "", 1, set_term, terms,                                        \
      "Seconds after which the mail is returned instead of delivered (RFC 2852).  With \";N\" "    \
      "after them it is delivered late, and the sender is told.")                                  \
    X(mt_priority, int, FCT_ONE, "", "", 1, set_term, terms,                                       \
      "The priority of the transfer, from -9 to 9 (RFC 6710).")                                    \
    X(priority, text, FCT_ONE, "high|normal|low", "", 0, set_priority, priority,                   \
      "What mail programs show: X-Priority, Importance and Priority (RFC 4021 section 2.1).")      \
    X(alternatives, alternatives, FCT_EACH, "", "", 0, NULL, alternatives,                         \
      "Other forms of the text, as AMP (text/x-amp-html) or an invitation (text/calendar): each "  \
      "a "                                                                                         \
      "media type and a text (RFC 2046 section 5.1.4).")                                           \
    X(smime, json, FCT_ONE, "", "the mailer's option smime", 1, set_smime, smime,                  \
      "S/MIME for this message (RFC 8551): docs/signatures.md.")

/*
 * The field that is meant by a name of another mail library, as errors show it: "\"text\"".  NULL:
 * it is none of those that are known.
 */
const char *fct_message_field_meant(const char *name);

#endif
