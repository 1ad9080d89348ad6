--TEST--
Message: every field, in the bytes and in the envelope
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
--FILE--
<?php
use Facteur\{Attachment, Mailer, Message};
$message = new Message(
    from: ['shop@example.com' => 'Atelier "Nord", Paris'],
    to: 'Zoë <zoe@example.com>, bob@example.org',
    cc: ['carl@example.com', 'dora@example.com' => 'Dora', 'emil@example.com' => null],
    bcc: ['hidden@example.com'],
    reply_to: 'help@example.com',
    sender: 'robot@example.com',
    subject: 'Déjà vu',
    text: "Ligne é\n",
    html: '<p>Ligne <img src="cid:logo"></p>',
    attachments: [
        new Attachment('PDF!', name: 'facture é.pdf'),
        new Attachment("\x89PNG", name: 'logo.png', type: 'image/png', inline: 'logo'),
    ],
    headers: ['X-Shop' => '12', 'X-Number' => 7, 'X-Many' => ['a', 'b']],
    envelope_from: 'bounce@example.com',
    message_id: '<id-1@example.com>',
    date: new DateTimeImmutable('2026-11-23T10:00:00+01:00'),
    in_reply_to: ['a@example.com'],
    references: ['a@example.com', 'b@example.com'],
);
$bytes = $message->toString();
var_dump($bytes === $message->toString(), str_contains($bytes, 'hidden@'), preg_match('/[^\r]\n/', $bytes));
$head = preg_replace('/\r\n[ \t]+/', ' ', strstr($bytes, "\r\n\r\n", true));
foreach (['Date', 'Message-ID', 'Sender', 'Reply-To', 'X-Shop', 'X-Number', 'X-Many', 'In-Reply-To', 'References'] as $name) {
    preg_match_all("/^$name: .*\$/mi", $head, $lines);
    echo implode("\n", array_map('trim', $lines[0])), "\n";
}
preg_match('/^Subject: =\?utf-8\?(.)\?(.*)\?=\r$/mi', $head, $word);
echo strtoupper($word[1]) === 'Q' ? quoted_printable_decode(strtr($word[2], '_', ' ')) : base64_decode($word[2]), "\n";
preg_match_all('#^Content-Type: ([a-z/-]+)#mi', $bytes, $types);
echo implode(' ', $types[1]), "\n";
var_dump(str_contains($bytes, base64_encode('PDF!')));

$mailer = new Mailer('memory://');
$mailer->send($message);
[$mail] = $mailer->captured();
var_dump($mail['raw'] === $bytes);
echo $mail['envelope_from'], ' > ', implode(' ', $mail['recipients']), "\n";
?>
--EXPECT--
bool(true)
bool(false)
int(0)
Date: Mon, 23 Nov 2026 10:00:00 +0100
Message-ID: <id-1@example.com>
Sender: robot@example.com
Reply-To: help@example.com
X-Shop: 12
X-Number: 7
X-Many: a
X-Many: b
In-Reply-To: <a@example.com>
References: <a@example.com> <b@example.com>
Déjà vu
multipart/mixed multipart/related multipart/alternative text/plain text/html image/png application/pdf
bool(true)
bool(true)
bounce@example.com > zoe@example.com bob@example.org carl@example.com dora@example.com emil@example.com hidden@example.com
