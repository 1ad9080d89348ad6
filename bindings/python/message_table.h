/* SPDX-License-Identifier: MIT */
/* Written by generate_stub.py from core/src/mime/message_fields.h: change that table, not this. */
/* clang-format off */
#ifndef FPY_MESSAGE_TABLE_H
#define FPY_MESSAGE_TABLE_H

#define FPY_MESSAGE_ATTRIBUTES \
    ATTRIBUTE(from_, 0, "The author (RFC 5322 section 3.6.2).") \
    ATTRIBUTE(to, 1, "Who receives it (RFC 5322 section 3.6.3).") \
    ATTRIBUTE(subject, 0, "The subject (RFC 5322 section 3.6.5).  Control characters become one space.") \
    ATTRIBUTE(text, 0, "The plain text.  An empty one leaves it out.") \
    ATTRIBUTE(html, 0, "The HTML.  It names an inline attachment as \"cid:\" and its content id (RFC 2392).") \
    ATTRIBUTE(cc, 1, "Who receives a copy (RFC 5322 section 3.6.3).") \
    ATTRIBUTE(bcc, 1, "Who receives a copy without being named in it: in the envelope only.") \
    ATTRIBUTE(reply_to, 1, "Where answers go (RFC 5322 section 3.6.2).") \
    ATTRIBUTE(sender, 0, "Who sent it in the author's place, one mailbox (RFC 5322 section 3.6.2).") \
    ATTRIBUTE(attachments, 1, "Files that go with it, and inline parts of the HTML (RFC 2183).") \
    ATTRIBUTE(headers, 1, "Header fields of your own (RFC 5322 section 3.6.8).  Those that facteur writes itself are refused.") \
    ATTRIBUTE(envelope_from, 0, "The SMTP sender, where bounces go (RFC 5321 section 4.1.1.2).  \"<>\" or an empty text is the null reverse-path.") \
    ATTRIBUTE(message_id, 0, "An id of the form id@domain, with or without angle brackets (RFC 5322 section 3.6.4).") \
    ATTRIBUTE(date, 0, "RFC 3339 (2026-11-23T10:00:00+01:00) or RFC 5322 section 3.3.") \
    ATTRIBUTE(in_reply_to, 0, "The ids of the messages that it answers (RFC 5322 section 3.6.4).  A single one is added to references.") \
    ATTRIBUTE(references, 0, "The ids of the thread that it belongs to, the oldest first (RFC 5322 section 3.6.4).") \
    ATTRIBUTE(list_unsubscribe, 1, "https: and mailto: addresses that unsubscribe (RFC 2369 section 3.2).  An https: address is announced as one click: a POST to it unsubscribes (RFC 8058).") \
    ATTRIBUTE(tags, 1, "Tags for the statistics of a relay known by name.  No other relay sees them.") \
    ATTRIBUTE(metadata, 1, "Names with values that a relay known by name repeats in its events.  No other relay sees them.") \
    ATTRIBUTE(dsn_notify, 0, "When the sender is told what became of the mail (RFC 3461 section 4.1).") \
    ATTRIBUTE(dsn_return, 0, "How much of the mail such a notification holds (RFC 3461 section 4.3).") \
    ATTRIBUTE(envelope_id, 0, "An id that notifications repeat, at most 100 characters (RFC 3461 section 4.4).") \
    ATTRIBUTE(require_tls, 0, "Only servers with verified TLS may pass the mail on (RFC 8689).") \
    ATTRIBUTE(deliver_by, 0, "Seconds after which the mail is returned instead of delivered (RFC 2852).  With \";N\" after them it is delivered late, and the sender is told.") \
    ATTRIBUTE(mt_priority, 0, "The priority of the transfer, from -9 to 9 (RFC 6710).") \
    ATTRIBUTE(priority, 0, "What mail programs show: X-Priority, Importance and Priority (RFC 4021 section 2.1).") \
    ATTRIBUTE(alternatives, 1, "Other forms of the text, as AMP (text/x-amp-html) or an invitation (text/calendar): each a media type and a text (RFC 2046 section 5.1.4).")

#define FPY_MESSAGE_SIGNATURE \
    "Message(*, from_=None, to=None, subject=None, text=None, html=None, cc=None, bcc=None,\n" \
    "        reply_to=None, sender=None, attachments=None, headers=None, envelope_from=None,\n" \
    "        message_id=None, date=None, in_reply_to=None, references=None,\n" \
    "        list_unsubscribe=None, tags=None, metadata=None, dsn_notify=None,\n" \
    "        dsn_return=None, envelope_id=None, require_tls=None, deliver_by=None,\n" \
    "        mt_priority=None, priority=None, alternatives=None, smime=None)\n" \
    "--\n"

#define FPY_MESSAGE_FIELDS \
    "from_\n" \
    "    The author (RFC 5322 section 3.6.2).  Default: the mailer's option default_from.\n" \
    "    An address, a (name, address) tuple, or a list of addresses.\n" \
    "to\n" \
    "    Who receives it (RFC 5322 section 3.6.3).  An address, a (name, address) tuple,\n" \
    "    or a list of these.\n" \
    "subject\n" \
    "    The subject (RFC 5322 section 3.6.5).  Control characters become one space.\n" \
    "text\n" \
    "    The plain text.  An empty one leaves it out.  Default: made of html.\n" \
    "html\n" \
    "    The HTML.  It names an inline attachment as \"cid:\" and its content id (RFC\n" \
    "    2392).\n" \
    "cc\n" \
    "    Who receives a copy (RFC 5322 section 3.6.3).  An address, a (name, address)\n" \
    "    tuple, or a list of these.\n" \
    "bcc\n" \
    "    Who receives a copy without being named in it: in the envelope only.  An\n" \
    "    address, a (name, address) tuple, or a list of these.\n" \
    "reply_to\n" \
    "    Where answers go (RFC 5322 section 3.6.2).  An address, a (name, address) tuple,\n" \
    "    or a list of these.\n" \
    "sender\n" \
    "    Who sent it in the author's place, one mailbox (RFC 5322 section 3.6.2).  An\n" \
    "    address, a (name, address) tuple, or a list of addresses.\n" \
    "attachments\n" \
    "    Files that go with it, and inline parts of the HTML (RFC 2183).  A list of\n" \
    "    Attachment, or of what Attachment() takes.\n" \
    "headers\n" \
    "    Header fields of your own (RFC 5322 section 3.6.8).  Those that facteur writes\n" \
    "    itself are refused.  A dict, or a list of (name, value) tuples.\n" \
    "envelope_from\n" \
    "    The SMTP sender, where bounces go (RFC 5321 section 4.1.1.2).  \"<>\" or an empty\n" \
    "    text is the null reverse-path.  Default: sender, else from.\n" \
    "message_id\n" \
    "    An id of the form id@domain, with or without angle brackets (RFC 5322 section\n" \
    "    3.6.4).  Default: made at random.\n" \
    "date\n" \
    "    RFC 3339 (2026-11-23T10:00:00+01:00) or RFC 5322 section 3.3.  Default: now.  A\n" \
    "    datetime (a naive one is local time) or a str.\n" \
    "in_reply_to\n" \
    "    The ids of the messages that it answers (RFC 5322 section 3.6.4).  A single one\n" \
    "    is added to references.  A str or a list of str.\n" \
    "references\n" \
    "    The ids of the thread that it belongs to, the oldest first (RFC 5322 section\n" \
    "    3.6.4).  A str or a list of str.\n" \
    "list_unsubscribe\n" \
    "    https: and mailto: addresses that unsubscribe (RFC 2369 section 3.2).  An https:\n" \
    "    address is announced as one click: a POST to it unsubscribes (RFC 8058).  A str\n" \
    "    or a list of str.\n" \
    "tags\n" \
    "    Tags for the statistics of a relay known by name.  No other relay sees them.  A\n" \
    "    str or a list of str.\n" \
    "metadata\n" \
    "    Names with values that a relay known by name repeats in its events.  No other\n" \
    "    relay sees them.  A dict, or a list of (name, value) tuples.\n" \
    "dsn_notify\n" \
    "    When the sender is told what became of the mail (RFC 3461 section 4.1).  Any of\n" \
    "    \"never\", \"success\", \"failure\", \"delay\".  A str or a list of str.\n" \
    "dsn_return\n" \
    "    How much of the mail such a notification holds (RFC 3461 section 4.3).  One of\n" \
    "    \"full\", \"headers\".\n" \
    "envelope_id\n" \
    "    An id that notifications repeat, at most 100 characters (RFC 3461 section 4.4).\n" \
    "require_tls\n" \
    "    Only servers with verified TLS may pass the mail on (RFC 8689).\n" \
    "deliver_by\n" \
    "    Seconds after which the mail is returned instead of delivered (RFC 2852).  With\n" \
    "    \";N\" after them it is delivered late, and the sender is told.\n" \
    "mt_priority\n" \
    "    The priority of the transfer, from -9 to 9 (RFC 6710).\n" \
    "priority\n" \
    "    What mail programs show: X-Priority, Importance and Priority (RFC 4021 section\n" \
    "    2.1).  One of \"high\", \"normal\", \"low\".\n" \
    "alternatives\n" \
    "    Other forms of the text, as AMP (text/x-amp-html) or an invitation\n" \
    "    (text/calendar): each a media type and a text (RFC 2046 section 5.1.4).  A list\n" \
    "    of (media type, text) tuples.\n" \
    "smime\n" \
    "    S/MIME for this message (RFC 8551): docs/signatures.md.  Default: the mailer's\n" \
    "    option smime.  A dict, or its JSON as a str.\n"

#define FPY_FROM_BYTES_SIGNATURE \
    "from_bytes($type, /, raw, envelope_from=None, recipients=None, *, tags=None,\n" \
    "           metadata=None, dsn_notify=None, dsn_return=None, envelope_id=None,\n" \
    "           require_tls=None, deliver_by=None, mt_priority=None, smime=None)\n" \
    "--\n"

#endif
