<?php

/**
 * SPDX-License-Identifier: MIT
 *
 * The API of the PHP extension; facteur_arginfo.h is generated from it by scripts/php-arginfo.
 *
 * @generate-class-entries
 * @generate-legacy-arginfo 80100
 */

namespace {
    /**
     * Send a letter through the mailer of the ini settings (facteur.dsn, else FACTEUR_DSN).
     *
     * As Facteur\Mailer::sendLetter(): a receipt for whatever became of the mail, an exception only for a malformed call.
     */
    function facteur_send_letter(string $kind, array|string $data, array $options = [], mixed ...$named): Facteur\Receipt {}

    /** facteur_send_letter('order_confirmation', $order, …) */
    function facteur_send_order_confirmation(array|string $order, array $options = [], mixed ...$named): Facteur\Receipt {}

    /** facteur_send_letter('contact_form', $form, …) */
    function facteur_send_contact_form(array|string $form, array $options = [], mixed ...$named): Facteur\Receipt {}
}

namespace Facteur {
    /** What every exception of facteur has in common; itself thrown for a closed mailer and the like. */
    class Error extends \Exception implements \JsonSerializable
    {
        /** The option, the field, or the path in the JSON ("items[2].unit_price"); "" for none. */
        public readonly string $where;

        /** The name of the code of facteur.h ("ECONNECT"); getCode() is its number. */
        public readonly string $error_code;

        /** An object of type (the class), message, code (the name), where, and receipt (or null). */
        public function jsonSerialize(): mixed {}

        /** All but the trace and the previous one, which may hold anything. */
        public function __serialize(): array {}

        /** @throws MessageError for data that no Error gave */
        public function __unserialize(array $data): void {}
    }

    /** A DSN or an option that cannot be used. */
    class ConfigError extends Error
    {
    }

    /** A message, an order or a form that cannot be sent; nothing was tried. */
    class MessageError extends Error
    {
    }

    /** A mail that was not sent, or not certainly. */
    class SendError extends Error
    {
        public readonly ?Receipt $receipt;
    }

    /** Certainly not accepted; trying again can help. */
    class TemporaryError extends SendError
    {
    }

    /** The relay could not be reached. */
    class ConnectError extends TemporaryError
    {
    }

    /** No trusted TLS connection to the relay. */
    class TLSError extends TemporaryError
    {
    }

    /** The relay did not accept the login. */
    class AuthError extends TemporaryError
    {
    }

    /** The deadline passed before the mail was handed over. */
    class DeadlineError extends TemporaryError
    {
    }

    /** Certainly refused; trying again cannot help. */
    class PermanentError extends SendError
    {
    }

    /** Handed over, and no verdict was heard: the mail may have been accepted. */
    class InDoubtError extends SendError
    {
    }

    /**
     * Where mail is sent through.
     *
     * Mailers with equal configuration share one pool of connections for the life of the process.
     *
     * @strict-properties
     * @not-serializable
     */
    final class Mailer
    {
        /** What is sent through, without secrets: "smtps://smtp.example.com:465". */
        public readonly string $name;

        /**
         * Nothing is opened before the first send.
         *
         * @param string|null $dsn null: the ini setting facteur.dsn, else FACTEUR_DSN of the environment, else the configuration file's
         * @param array $options by name; null leaves an option at its default.  "token" is a text, or a
         *        callable (string $relay, string $username): array|string that returns a token, or
         *        [token, seconds that it is good for]; it is called in the sends of this object
         * @param mixed $named the same options as named arguments; they win over the array
         * @throws ConfigError
         */
        public function __construct(
            #[\SensitiveParameter] ?string $dsn = null,
            #[\SensitiveParameter] array $options = [],
            #[\SensitiveParameter] mixed ...$named
        ) {}

        /**
         * Send one message and wait for its verdict.
         *
         * @param float $deadline seconds over everything; 0: the option "deadline"
         * @return Receipt of a mail that at least one recipient's relay accepted
         * @throws SendError with the receipt
         * @throws MessageError when nothing could be tried
         */
        public function send(Message $message, float $deadline = 0.0): Receipt {}

        /**
         * Send many messages, many in a flight, on the connections of the mailer.
         *
         * Throws nothing for one of the mails: its receipt says what became of it.  A message that cannot be sent has
         * a permanent receipt with the error_code EMESSAGE (an attachment that cannot be read: temporary, EIO; a file
         * that an option names: temporary, ECONFIG).
         * What the messages' iterator throws is thrown after the receipts of the mails before it.
         *
         * @param array|\Traversable $messages of Message; read only as far ahead as fills the connections
         * @param float $deadline seconds for each mail from when a connection takes it up; 0: the option "deadline"
         * @return Receipts in the order of the messages; mails not begun are cancelled when it goes away
         */
        public function sendMany(array|\Traversable $messages, float $deadline = 0.0): Receipts {}

        /**
         * Put a message into the mailer's outbox (the option outbox), where a worker gets it.
         *
         * When it returns, the mail is on the disk and the receipt is "queued", or a "duplicate" of the mail that has had
         * the key before. The mail was sealed: policy, encryption and signature are applied now, and not again.
         *
         * @param string|null $key unique in the outbox until the mail is purged; null: a letter's own, else none
         * @param DateTimeInterface|float|null $not_before seconds from now; it is not sent before
         * @param DateTimeInterface|float|null $expires_at likewise; it is given up then. null: two days after that
         * @param int|null $priority 0 (first) to 9 (last); null: 5
         * @throws MessageError nothing was put in: the message, its key, priority or times
         * @throws ConfigError there is no outbox, or it can never be used
         * @throws Error the outbox cannot be used now; the mail may be there or not: try again with the same key
         */
        public function enqueue(
            Message $message,
            ?string $key = null,
            \DateTimeInterface|float|null $not_before = null,
            \DateTimeInterface|float|null $expires_at = null,
            ?int $priority = null,
        ): Receipt {}

        /**
         * enqueue() for up to 1,000 messages with one commit: all of them, or none when it throws.
         *
         * @param array $messages of Message
         * @param array $keys a list: the key of each message in their order, or null
         * @return array a list of Receipt in the order of the messages
         */
        public function enqueueMany(
            array $messages,
            array $keys = [],
            \DateTimeInterface|float|null $not_before = null,
            \DateTimeInterface|float|null $expires_at = null,
            ?int $priority = null,
        ): array {}

        /**
         * Compose and send a letter.
         *
         * Never throws for what a network, a relay or a recipient did: the receipt says it.
         *
         * @param string $kind 'order_confirmation', 'contact_form': Facteur\letter_kinds()
         * @param array|string $data an order (core/schema/order.json), a form (core/schema/contact.json), or its JSON
         * @param array $options to, from, reply_to, locale, subject, message_id, date, key (in the outbox),
         *        words (texts of the letter by their keys), attachments (list of Attachment), deadline (seconds)
         * @param mixed $named the same as named arguments; they win over the array
         * @throws MessageError for a malformed call, `where` is the path in the JSON
         */
        public function sendLetter(string $kind, array|string $data, array $options = [], mixed ...$named): Receipt {}

        /** sendLetter('order_confirmation', $order, …) */
        public function sendOrderConfirmation(array|string $order, array $options = [], mixed ...$named): Receipt {}

        /** sendLetter('contact_form', $form, …) */
        public function sendContactForm(array|string $form, array $options = [], mixed ...$named): Receipt {}

        /**
         * Connect, TLS, EHLO, AUTH and NOOP without sending a mail.
         *
         * @return array facts and timings; "ok" tells whether all went well
         */
        public function check(float $deadline = 0.0): array {}

        /**
         * What was counted in this process since the first send; waits for nothing.
         *
         * @return array "relays": a list with relay, connections, mails, handshakes, flights, demotions and
         *               phases (count, seconds, buckets: pairs of "below so many seconds" and a count);
         *               "shared": the configurations that this process keeps: used, resting, left
         */
        public function stats(): array {}

        /**
         * The mails that a memory:// mailer holds, oldest first.
         *
         * @return array list of arrays of raw (the bytes), envelope_from (string), recipients (list of strings)
         */
        public function captured(): array {}

        /** Forget the mails of a memory:// mailer. */
        public function clearCaptured(): void {}

        /** Let go of the pool; every later call throws Error.  Calling it again does nothing. */
        public function close(): void {}

        /** What the event loop Revolt calls; of no use to a program. */
        private function turn(mixed ...$ignored): void {}
    }

    /**
     * A message and its envelope, immutable.
     *
     * Addresses are an RFC 5322 list ("Ana <ana@example.com>, b@example.org"), or an array of such
     * strings and of address => name pairs, in which nothing of the name is parsed.
     *
     * Its fields can be read by the names of the constructor's parameters, all but smime: addresses as texts, lists
     * as arrays, null for what was not given.  Of a message of finished bytes, only what stands beside them is there.
     *
     * @strict-properties
     */
    final class Message implements \JsonSerializable
    {
        /**
         * Headers are name => value, or name => list of values; metadata name => value; alternatives media
         * type => text, or a list of [media type, text]; attachments a list of Attachment; smime an array or
         * its JSON.
         *
         * fields: written by scripts/message-table
         * @param array|string|null $from The author (RFC 5322 section 3.6.2).  null: the mailer's option
         *        default_from.
         * @param array|string|null $to Who receives it (RFC 5322 section 3.6.3).
         * @param string|null $subject The subject (RFC 5322 section 3.6.5).  Control characters become one space.
         * @param string|null $text The plain text.  An empty one leaves it out.  null: made of html.
         * @param string|null $html The HTML.  It names an inline attachment as "cid:" and its content id (RFC 2392).
         * @param array|string|null $cc Who receives a copy (RFC 5322 section 3.6.3).
         * @param array|string|null $bcc Who receives a copy without being named in it: in the envelope only.
         * @param array|string|null $reply_to Where answers go (RFC 5322 section 3.6.2).
         * @param array|string|null $sender Who sent it in the author's place, one mailbox (RFC 5322 section 3.6.2).
         * @param array $attachments Files that go with it, and inline parts of the HTML (RFC 2183).
         * @param array $headers Header fields of your own (RFC 5322 section 3.6.8).  Those that facteur writes itself
         *        are refused.
         * @param string|null $envelope_from The SMTP sender, where bounces go (RFC 5321 section 4.1.1.2).  "<>" or an
         *        empty text is the null reverse-path.  null: sender, else from.
         * @param string|null $message_id An id of the form id@domain, with or without angle brackets (RFC 5322
         *        section 3.6.4).  null: made at random.
         * @param DateTimeInterface|string|null $date RFC 3339 (2026-11-23T10:00:00+01:00) or RFC 5322 section 3.3.
         *        null: now.
         * @param array|string|null $in_reply_to The ids of the messages that it answers (RFC 5322 section 3.6.4).  A
         *        single one is added to references.
         * @param array|string|null $references The ids of the thread that it belongs to, the oldest first (RFC 5322
         *        section 3.6.4).
         * @param array|string|null $list_unsubscribe https: and mailto: addresses that unsubscribe (RFC 2369 section
         *        3.2).  An https: address is announced as one click: a POST to it unsubscribes (RFC 8058).
         * @param array|string|null $tags Tags for the statistics of a relay known by name.  No other relay sees them.
         * @param array $metadata Names with values that a relay known by name repeats in its events.  No other relay
         *        sees them.
         * @param array|string|null $dsn_notify When the sender is told what became of the mail (RFC 3461 section
         *        4.1).  Any of "never", "success", "failure", "delay".
         * @param string|null $dsn_return How much of the mail such a notification holds (RFC 3461 section 4.3).  One
         *        of "full", "headers".
         * @param string|null $envelope_id An id that notifications repeat, at most 100 characters (RFC 3461 section
         *        4.4).
         * @param bool $require_tls Only servers with verified TLS may pass the mail on (RFC 8689).
         * @param int|string|null $deliver_by Seconds after which the mail is returned instead of delivered (RFC
         *        2852).  With ";N" after them it is delivered late, and the sender is told.
         * @param int|string|null $mt_priority The priority of the transfer, from -9 to 9 (RFC 6710).
         * @param string|null $priority What mail programs show: X-Priority, Importance and Priority (RFC 4021 section
         *        2.1).  One of "high", "normal", "low".
         * @param array $alternatives Other forms of the text, as AMP (text/x-amp-html) or an invitation
         *        (text/calendar): each a media type and a text (RFC 2046 section 5.1.4).
         * @param array|string|null $smime S/MIME for this message (RFC 8551): docs/signatures.md.  null: the mailer's
         *        option smime.
         * end of fields
         *
         * @throws MessageError `where` is the field
         */
        public function __construct(
            // parameters: written by scripts/message-table
            array|string|null $from = null,
            array|string|null $to = null,
            ?string $subject = null,
            ?string $text = null,
            ?string $html = null,
            array|string|null $cc = null,
            array|string|null $bcc = null,
            array|string|null $reply_to = null,
            array|string|null $sender = null,
            array $attachments = [],
            array $headers = [],
            ?string $envelope_from = null,
            ?string $message_id = null,
            \DateTimeInterface|string|null $date = null,
            array|string|null $in_reply_to = null,
            array|string|null $references = null,
            array|string|null $list_unsubscribe = null,
            array|string|null $tags = null,
            array $metadata = [],
            array|string|null $dsn_notify = null,
            ?string $dsn_return = null,
            ?string $envelope_id = null,
            bool $require_tls = false,
            int|string|null $deliver_by = null,
            int|string|null $mt_priority = null,
            ?string $priority = null,
            array $alternatives = [],
            array|string|null $smime = null,
            // end of parameters
            mixed ...$others
        ) {}

        /**
         * A message of finished RFC 5322 bytes; what else it can have is as in the constructor.
         *
         * @param array $recipients the envelope's; none: To, Cc and Bcc of the bytes, or the newest block of Resent fields
         * @throws MessageError
         */
        public static function fromBytes(
            string $bytes,
            ?string $envelope_from = null,
            array $recipients = [],
            // parameters beside bytes: written by scripts/message-table
            array|string|null $tags = null,
            array $metadata = [],
            array|string|null $dsn_notify = null,
            ?string $dsn_return = null,
            ?string $envelope_id = null,
            bool $require_tls = false,
            int|string|null $deliver_by = null,
            int|string|null $mt_priority = null,
            array|string|null $smime = null,
            // end of parameters beside bytes
        ): Message {}

        /**
         * A message of its JSON, or of one that a program wrote: the members are the fields by name.
         *
         * @throws MessageError `where` is the path
         */
        public static function fromJson(string $json): Message {}

        /**
         * The whole message: what fromJson() and `facteur send` read.
         *
         * The Message-ID and the date of a message that has none are made now and kept, so that every copy is one mail.
         *
         * @throws MessageError for a message that holds a private key (smime)
         */
        public function jsonSerialize(): mixed {}

        public function __serialize(): array {}

        /** @throws MessageError for data that no Message gave */
        public function __unserialize(array $data): void {}

        /** The message as it would be sent: CRLF lines, no Bcc. */
        public function toString(): string {}

        /** What facteur mended in the message or left out of it: a list of sentences. */
        public function notes(): array {}
    }

    /**
     * A file that goes with a message.
     *
     * @strict-properties
     */
    final class Attachment implements \JsonSerializable
    {
        /** The bytes; null for an attachment of a path. */
        public readonly ?string $data;

        /** The file, read while the mail is sent; null for an attachment of bytes. */
        public readonly ?string $path;

        /** The file name shown. */
        public readonly ?string $name;

        /** The media type; null: from the name's ending. */
        public readonly ?string $type;

        /** The content id of an inline part, which the HTML names as "cid:…"; null: not inline. */
        public readonly ?string $inline;

        /** The copy of fromStream(). */
        private readonly mixed $stream;

        /** @param bool|string|null $inline the content id; true: the name is the content id */
        public function __construct(string $data, ?string $name = null, ?string $type = null, bool|string|null $inline = null) {}

        /**
         * @param string|null $name null: the last component of the path
         * @param bool|string|null $inline as above
         * @throws MessageError when open_basedir does not allow the path.  The file is looked for when a message is made;
         *         a letter's may be missing until it is sent
         */
        public static function fromPath(string $path, ?string $name = null, ?string $type = null, bool|string|null $inline = null): Attachment {}

        /**
         * What a stream gives from where it stands to its end, copied now and in pieces to a temporary file.
         *
         * @param resource $stream
         * @param bool|string|null $inline as above
         * @throws MessageError when the stream cannot be read to its end
         */
        public static function fromStream($stream, ?string $name = null, ?string $type = null, bool|string|null $inline = null): Attachment {}

        /** As in the JSON of a message: path, or data in base64; name, type, inline where they are given. */
        public function jsonSerialize(): mixed {}

        /** With the content of a stream. */
        public function __serialize(): array {}

        /** @throws MessageError for data that no Attachment gave */
        public function __unserialize(array $data): void {}
    }

    /**
     * What is known about one mail after a send.
     *
     * @strict-properties
     */
    final class Receipt implements \JsonSerializable
    {
        /** "sent", "queued", "temporary", "permanent", "in_doubt" or "duplicate". */
        public readonly string $status;

        /** Sent, queued or duplicate: the mail needs no further care. */
        public readonly bool $ok;

        /** Without angle brackets. */
        public readonly string $message_id;

        /** The relay's own id for the mail; of one that is queued, its row in the outbox; "" when there is none. */
        public readonly string $queue_id;

        public readonly string $relay;

        /** A list of addresses. */
        public readonly array $accepted;

        /** Address => the Reply to its own RCPT. */
        public readonly array $rejected;

        /** A list of addresses of which nobody knows whether they get the mail. */
        public readonly array $in_doubt;

        /** The reply that decided; its code is 0 when none was heard. */
        public readonly Reply $reply;

        /** The phase in which the verdict fell. */
        public readonly string $phase;

        public readonly int $attempts;

        /** How often the mailer wrote and then had to wait. */
        public readonly int $flights;

        /** Phase => seconds, for each phase passed. */
        public readonly array $timings;

        /** Why the mail was not sent, in a sentence; "" when it was. */
        public readonly string $error;

        /** The same as a name of facteur.h ("ECONNECT"); "" when it was sent. */
        public readonly string $error_code;

        /** What facteur mended in the message or left out of it: a list of sentences. */
        public readonly array $notes;

        /** The mail's row in the outbox; "" when it has none. */
        public readonly string $outbox_id;

        /** The key of that row; "" when it has none. */
        public readonly string $key;

        /** False: it is queued on a connection of the application whose commits do not wait for the disk. */
        public readonly bool $durable;

        /** The dialogue of a send that was not ok, without credentials and message. */
        public readonly string $transcript;

        private function __construct() {}

        /**
         * The verdict of the relay on a mail that a deadline left in doubt, if it has come since; else null.
         *
         * The connection goes on with such a mail. The verdict is read while somebody runs the mailer's loop:
         * during another send, by the thread of background, or in close(). A receipt that is in_doubt again says
         * that the connection ended without one. After unserialize() there is none.
         */
        public function later(): ?Receipt {}

        /** The receipt as every door of facteur tells it in JSON: docs/cli.md has the members. */
        public function jsonSerialize(): mixed {}

        public function __serialize(): array {}

        /** @throws MessageError for data that no Receipt gave */
        public function __unserialize(array $data): void {}
    }

    /**
     * The receipts of Mailer::sendMany(), once over.
     *
     * @strict-properties
     * @not-serializable
     */
    final class Receipts implements \Iterator
    {
        private function __construct() {}

        public function current(): ?Receipt {}

        public function key(): ?int {}

        /** Waits for the next receipt. */
        public function next(): void {}

        public function rewind(): void {}

        public function valid(): bool {}
    }

    /**
     * One reply of a relay.
     *
     * @strict-properties
     */
    final class Reply
    {
        /** RFC 5321 section 4.2. */
        public readonly int $code;

        /** RFC 3463: "5.1.1"; "" when the relay gave none. */
        public readonly string $enhanced;

        public readonly string $text;

        private function __construct() {}
    }

    /**
     * An outbox in the application's own database.
     *
     * @strict-properties
     */
    final class Outbox
    {
        private function __construct() {}

        /**
         * Put a message into the outbox on this connection, in its transaction: the mail is committed with the order, or
         * rolled back with it. Nothing is committed here; without a transaction the mail is committed at once.
         *
         * @param string|null $key a second mail with the key is a "duplicate" of the first, until that is purged; null: a
         *                         letter's own key, else none
         * @param mixed $not_before a DateTimeInterface, or seconds from now
         * @param mixed $expires_at likewise; null: two days after $not_before
         * @param int|null $priority 0 (first) to 9 (last); null: 5
         * @param Mailer|null $mailer its policy and its keys seal the mail; null: facteur.dsn and the other settings
         * @return Receipt "queued", or "duplicate" with the queue_id and the message_id of the first
         * @throws MessageError for the message, the key, the times or the priority
         * @throws ConfigError the tables are of another version
         * @throws \PDOException whatever the connection's mode of errors is
         */
        public static function insert(
            \PDO $connection, Message $message, ?string $key = null, mixed $not_before = null, mixed $expires_at = null,
            ?int $priority = null, ?Mailer $mailer = null
        ): Receipt {}

        /**
         * Make the tables of an outbox, or bring those of an earlier version up to date.
         *
         * @param string $url "sqlite:///var/lib/shop/shop.db", with an absolute path
         * @return array the version that was found (0: none), and the version now
         * @throws Error
         */
        public static function migrate(string $url): array {}

        /**
         * Send what is ready in the mailer's outbox, and end; for cron, Messenger's scheduler and the like.
         *
         * @param Mailer|null $mailer with the option outbox and a relay; null: the default mailer
         * @param float $seconds begin nothing more after that; 0: no limit
         * @param int $limit mails to take at most; 0: no limit
         * @param float $grace seconds that mails under way have to get their verdict then
         * @return array counts: sent, failed, retried, expired, held, paused, rescued, stale, quarantined
         * @throws Error
         */
        public static function work(?Mailer $mailer = null, float $seconds = 0.0, int $limit = 0, float $grace = 30.0): array {}
    }

    /**
     * Look at one address that somebody typed into a form; no network is asked.
     *
     * @return array valid (bool), address (its form on the wire, or null), hint (what was probably
     *               meant, or null), reason (what is wrong or doubtful, or null), smtputf8 (whether
     *               only relays with SMTPUTF8 take it)
     */
    function address_check(string $address): array {}

    /**
     * Compose a letter without sending it.
     *
     * @param string $kind 'order_confirmation', 'contact_form': letter_kinds()
     * @param array $options to, from, reply_to, locale, subject, message_id, date, words, attachments
     * @throws MessageError
     */
    function letter(string $kind, array|string $data, array $options = [], mixed ...$named): Message {}

    /** The kinds of letters that there are: a list of names. */
    function letter_kinds(): array {}

    /** letter('order_confirmation', $order, …) */
    function order_confirmation(array|string $order, array $options = [], mixed ...$named): Message {}

    /** letter('contact_form', $form, …) */
    function contact_form(array|string $form, array $options = [], mixed ...$named): Message {}

    /** The version of the facteur library. */
    function version(): string {}
}
