<?php
// SPDX-License-Identifier: MIT
// PHP's mail(), as shops, forms and old guest books call it.
function now(string $name): void { file_put_contents('/captured/now', "php-$name"); }
$utf8 = "Bonjour Zoé,\n\nvotre commande n° 42 est partie. À bientôt !\n";
$latin = mb_convert_encoding($utf8, 'ISO-8859-1', 'UTF-8');
$html = "<html><body><h1>Merci</h1><p>Votre commande <b>42</b> : 72,64 €</p></body></html>";
$long = "<html><body>" . str_repeat("<p>Une très longue ligne sans fin de ligne, comme en écrivent les éditeurs.</p>", 40) . "</body></html>";
$from = "From: shop@example.com\r\n";
$type = "MIME-Version: 1.0\r\nContent-Type: text/html; charset=UTF-8\r\n";
$cases = [
  'plain' => ['ana@example.net', 'Hello', "Hi\nthere\n"],
  'lf-body' => ['ana@example.net', 'Hello', "one\ntwo\n\nthree", $from],
  'crlf-body' => ['ana@example.net', 'Hello', "one\r\ntwo\r\n\r\nthree\r\n", $from],
  'crcrlf' => ['ana@example.net', 'Hello', "one\r\r\ntwo\r\r\n", $from],
  'cr-body' => ['ana@example.net', 'Hello', "one\rtwo\r", $from],
  'dot-lines' => ['ana@example.net', 'Dots', ".\n..\n.a\nend\n", $from],
  'from-line' => ['ana@example.net', 'Mbox', "From the shop\n>From\n", $from],
  'empty-body' => ['ana@example.net', 'Empty', '', $from],
  'empty-subject' => ['ana@example.net', '', "x\n", $from],
  'utf8-raw' => ['zoe@example.net', 'Été à Orléans', $utf8, "From: Café de la Gare <shop@example.com>\r\nContent-Type: text/plain; charset=utf-8\r\n"],
  'utf8-raw-untyped' => ['zoe@example.net', 'Grüße', $utf8, "From: Müller <shop@example.com>\r\n"],
  'utf8-subject-encoded' => ['zoe@example.net', '=?UTF-8?B?' . base64_encode('Été à Orléans') . '?=', $utf8, $from . "Content-Type: text/plain; charset=UTF-8\r\n"],
  'utf8-8bit' => ['zoe@example.net', 'Hi', $utf8, $from . "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n"],
  'utf8-mixed-words' => ['zoe@example.net', '=?UTF-8?Q?=C3=89t=C3=A9?= à Paris', $utf8, $from],
  'latin1-raw' => ['zoe@example.net', mb_convert_encoding('Été', 'ISO-8859-1', 'UTF-8'), $latin, mb_convert_encoding("From: Café <shop@example.com>\r\n", 'ISO-8859-1', 'UTF-8')],
  'latin1-typed' => ['zoe@example.net', 'Hi', $latin, $from . "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=ISO-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n"],
  'cp1252-quotes' => ['zoe@example.net', "\x93Hi\x94 \x80", "\x93quoted\x94 5 \x80\n", $from],
  'html' => ['ana@example.net', 'Order 42', $html, $from . $type],
  'html-long-line' => ['ana@example.net', 'Order 42', $long, $from . $type],
  'html-latin1' => ['ana@example.net', 'Order', mb_convert_encoding($html, 'Windows-1252', 'UTF-8'), $from . "Content-type: text/html; charset=iso-8859-1\r\n"],
  'html-no-charset' => ['ana@example.net', 'Order', $html, $from . "MIME-Version: 1.0\r\nContent-type: text/html\r\n"],
  'long-plain' => ['ana@example.net', 'Long', str_repeat('word ', 400) . "\n", $from],
  'long-no-blank' => ['ana@example.net', 'Long', str_repeat('x', 2500) . "\n", $from],
  'long-subject' => ['ana@example.net', str_repeat('very long subject ', 70), "x\n", $from],
  'long-subject-utf8' => ['ana@example.net', str_repeat('élan ', 300), "x\n", $from],
  'base64-one-line' => ['ana@example.net', 'B64', base64_encode(str_repeat($utf8, 20)), $from . "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"],
  'base64-split' => ['ana@example.net', 'B64', chunk_split(base64_encode($utf8)), $from . "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"],
  'qp' => ['ana@example.net', 'QP', quoted_printable_encode($utf8), $from . "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n"],
  'cc-bcc' => ['ana@example.net', 'Copies', "x\n", $from . "Cc: Bob <bob@example.net>\r\nBcc: hidden@example.net, other@example.org\r\n"],
  'bcc-twice' => ['ana@example.net', 'Copies', "x\n", $from . "BCC: hidden@example.net\r\nbcc: other@example.org\r\n"],
  'many-to' => [implode(', ', array_map(fn ($i) => "reader$i@example.net", range(1, 40))), 'Many', "x\n", $from],
  'many-to-tight' => [implode(',', array_map(fn ($i) => "reader$i@example.net", range(1, 60))), 'Many', "x\n", $from],
  'named-to' => ['"Ana Lima" <ana@example.net>, Bob <bob@example.net>', 'Named', "x\n", $from],
  'named-to-utf8' => ['Zoé <zoe@example.net>', 'Named', "x\n", $from],
  'semicolons' => ['ana@example.net; bob@example.net', 'Semicolons', "x\n", $from],
  'address-twice' => ['ana@example.net <ana@example.net>', 'Twice', "x\n", $from],
  'vip' => ['Ana [VIP] <ana@example.net>', 'Brackets', "x\n", $from],
  'from-colon' => ['ana@example.net', 'Colon', "x\n", "From: Shop: news <shop@example.com>\r\n"],
  'from-brackets' => ['ana@example.net', 'Brackets', "x\n", "From: [Shop] News <shop@example.com>\r\n"],
  'from-dots' => ['ana@example.net', 'Dots', "x\n", "From: Dr. J. Doe <shop@example.com>\r\n"],
  'from-quoted' => ['ana@example.net', 'Quoted', "x\n", "From: \"Shop, Inc.\" <shop@example.com>\r\n"],
  'from-parameter' => ['ana@example.net', 'Parameter', "x\n", $from, '-fbounce@example.com'],
  'from-parameter-space' => ['ana@example.net', 'Parameter', "x\n", '', '-f bounce@example.com -F Shop'],
  'lf-headers' => ['ana@example.net', 'LF', "x\n", "From: shop@example.com\nReply-To: bob@example.net\nX-Mailer: PHP/" . PHP_MAJOR_VERSION],
  'array-headers' => ['ana@example.net', 'Array', "x\n", ['From' => 'Shop <shop@example.com>', 'Reply-To' => 'bob@example.net', 'X-Mailer' => 'PHP']],
  'visitor-reply-to' => ['owner@example.net', 'Contact', "From a visitor\n", "From: site@example.com\r\nReply-To: Zoé Martin <zoe@example.org>\r\n"],
  'return-path' => ['ana@example.net', 'Path', "x\n", $from . "Return-Path: bounce@example.com\r\n"],
  'errors-to' => ['ana@example.net', 'Errors', "x\n", $from . "Errors-To: errors@example.com\r\nX-Priority: 1\r\nImportance: High\r\n"],
  'receipt' => ['ana@example.net', 'Receipt', "x\n", $from . "Disposition-Notification-To: <shop@example.com>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\nMessage-ID: <42@example.com>\r\n"],
  'tabs-controls' => ['ana@example.net', 'Controls', "tab\there\x0b\x0c\x1b[1m\n", $from],
  'no-end' => ['ana@example.net', 'No end', "no line end", $from],
  'folded' => ['ana@example.net', 'Folded', "x\n", $from . "X-Long: one\r\n two\r\n\tthree\r\n"],
  'unsubscribe' => ['ana@example.net', 'List', "x\n", $from . "List-Unsubscribe: <https://example.com/u?id=" . str_repeat('a', 300) . ">, <mailto:u@example.com>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nPrecedence: bulk\r\n"],
];
foreach ($cases as $name => $case) {
  now($name);
  @mail(...$case) || fwrite(STDERR, "php-$name: mail() returned false\n");
}
// Parts written by hand, as tutorials have it.
$b = md5('boundary');
$pdf = "%PDF-1.4\n" . str_repeat("\x00\xff\x10binary", 300);
$parts = [
  'attachment' => ["Content-Type: multipart/mixed; boundary=\"$b\"", "--$b\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n$utf8\r\n--$b\r\nContent-Type: application/pdf; name=\"Rechnung.pdf\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"Rechnung.pdf\"\r\n\r\n" . chunk_split(base64_encode($pdf)) . "\r\n--$b--\r\n"],
  'attachment-unsplit' => ["Content-Type: multipart/mixed; boundary=\"$b\"", "--$b\r\nContent-Type: text/plain\r\n\r\nSee below\r\n--$b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" . base64_encode($pdf) . "\r\n--$b--"],
  'attachment-utf8-name' => ["Content-Type: multipart/mixed; boundary=$b", "This is a multi-part message.\n\n--$b\nContent-Type: text/plain; charset=utf-8\n\n$utf8\n--$b\nContent-Type: text/csv; name=\"Résumé.csv\"\nContent-Disposition: attachment; filename=\"Résumé.csv\"\n\nprix;1,5 €\n--$b--\n"],
  'alternative' => ["Content-Type: multipart/alternative; boundary=\"$b\"", "--$b\nContent-Type: text/plain; charset=\"utf-8\"\n\n$utf8\n--$b\nContent-Type: text/html; charset=\"utf-8\"\n\n$long\n--$b--"],
  'alternative-latin1' => ["Content-Type: multipart/alternative;\r\n boundary=\"$b\"", "--$b\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\n$latin\r\n--$b\r\nContent-Type: text/html; charset=iso-8859-1\r\n\r\n<p>$latin</p>\r\n--$b--\r\n"],
  'nested' => ["Content-Type: multipart/mixed; boundary=\"$b\"", "--$b\r\nContent-Type: multipart/alternative; boundary=\"x$b\"\r\n\r\n--x$b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n$utf8\r\n--x$b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n$html\r\n--x$b--\r\n\r\n--$b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" . chunk_split(base64_encode($pdf)) . "--$b--\r\n"],
  'boundary-missing' => ["Content-Type: multipart/mixed; boundary=\"other\"", "--$b\r\nContent-Type: text/plain\r\n\r\n$utf8\r\n"],
];
foreach ($parts as $name => [$header, $body]) {
  now($name);
  @mail('ana@example.net', "Parts: $name", $body, $from . "MIME-Version: 1.0\r\n" . $header) || fwrite(STDERR, "php-$name: false\n");
}
