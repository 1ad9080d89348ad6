--TEST--
memory://: send, receipt, captured; each Mailer has its own mails
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\{Mailer, Message};
$mailer = new Mailer('memory://');
$receipt = $mailer->send(a_message(bcc: 'hidden@example.com'));
var_dump($receipt->ok, $receipt->status, $receipt->message_id, $receipt->accepted, $receipt->rejected, $receipt->error, $receipt->error_code);
var_dump($receipt::class, $receipt->reply::class, $receipt->transcript);
$message = a_message(message_id: null);
$first = $mailer->send($message, 5.0);
$second = $mailer->send($message, deadline: 5);
var_dump($first->message_id !== '', $first->message_id === $second->message_id);
$mails = $mailer->captured();
var_dump(count($mails), $mails[1]['raw'] === $mails[2]['raw'], $mails[0]['recipients']);
echo count((new Mailer('memory://'))->captured()), "\n";
$mailer->clearCaptured();
echo count($mailer->captured()), "\n";

$null = new Mailer('null://');
var_dump($null->send(a_message())->ok, $null->captured());

$raw = Message::fromBytes("From: a@example.com\nTo: b@example.com\nBcc: c@example.com\nSubject: x\n\nHi\n", 'bounce@example.com', ['d@example.com']);
$mailer->send($raw);
echo json_encode($mailer->captured()[0], JSON_UNESCAPED_SLASHES), "\n";
$mailer->clearCaptured();
$mailer->send(Message::fromBytes("From: a@example.com\r\nTo: b@example.com\r\nMessage-ID: <i@example.com>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\nHi\r\n"));
echo json_encode($mailer->captured()[0], JSON_UNESCAPED_SLASHES), "\n";
thrown(fn () => Message::fromBytes("From: a@example.com\r\n\r\nx", null, [1]));
thrown(fn () => Message::fromBytes("From: a@example.com\r\n\r\nx", "a\r\n@b", []));
?>
--EXPECTF--
bool(true)
string(4) "sent"
string(15) "one@example.com"
array(2) {
  [0]=>
  string(15) "zoe@example.com"
  [1]=>
  string(18) "hidden@example.com"
}
array(0) {
}
string(0) ""
string(0) ""
string(15) "Facteur\Receipt"
string(13) "Facteur\Reply"
string(0) ""
bool(true)
bool(true)
int(3)
bool(true)
array(2) {
  [0]=>
  string(15) "zoe@example.com"
  [1]=>
  string(18) "hidden@example.com"
}
0
0
bool(true)
array(0) {
}
{"raw":"Date: %s\r\nMessage-ID: <%s@example.com>\r\nFrom: a@example.com\r\nTo: b@example.com\r\nSubject: x\r\n\r\nHi\r\n","envelope_from":"bounce@example.com","recipients":["d@example.com"]}
{"raw":"From: a@example.com\r\nTo: b@example.com\r\nMessage-ID: <i@example.com>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\nHi\r\n","envelope_from":"a@example.com","recipients":["b@example.com"]}
Facteur\MessageError EMESSAGE -3 [recipients] recipients: expected addresses as texts, got int
Facteur\MessageError EMESSAGE -3 [envelope_from] %s
