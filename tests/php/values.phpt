--TEST--
Messages, attachments, receipts and errors as values: properties, JSON, serialize()
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
--FILE--
<?php
use Facteur\{Attachment, Error, Mailer, Message, MessageError, Receipt};

$stream = fopen('php://memory', 'w+');
fwrite($stream, 'streamed');
rewind($stream);
$fields = [
    'from' => ['shop@example.com' => 'Zoë'], 'to' => ['a@example.net' => 'Lopez, Ana', 'b@example.org'], 'bcc' => 'hidden@example.net',
    'subject' => 'Été', 'text' => "Bonjour\n", 'html' => '<p>Où</p>', 'headers' => ['X-A' => ['1', '2'], 'X-B' => '3'],
    'tags' => ['order', 'paid'], 'date' => '2026-11-23T10:00:00+01:00', 'dsn_notify' => ['failure', 'delay'],
    'require_tls' => true, 'mt_priority' => 3, 'references' => ['1@example.com'], 'alternatives' => ['text/x-amp-html' => '<html amp4email>'],
    'attachments' => [new Attachment("\0\xff", name: 'a.bin'), Attachment::fromStream($stream, name: 's.txt'), Attachment::fromPath(__FILE__, name: 'f')],
];
$message = new Message(...$fields, metadata: ['shop' => '12']);

echo "--- properties\n";
foreach (['from', 'to', 'cc', 'bcc', 'subject', 'text', 'headers', 'tags', 'metadata', 'date', 'dsn_notify', 'require_tls', 'mt_priority', 'references', 'alternatives', 'sender', 'message_id'] as $name) {
    echo $name, ': ', json_encode($message->$name, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), "\n";
}
foreach ($message->attachments as $one) {
    echo get_class($one), ' ', $one->name, ' ', $one->path === __FILE__ ? 'file' : bin2hex($one->data), "\n";
}
var_dump(isset($message->subject), isset($message->cc), isset($message->sender), isset($message->nonsense), empty($message->cc), property_exists($message, 'to'));
foreach ([fn() => $message->subject = 'x', fn() => $message->to[] = 'x', fn() => $message->smime] as $try) {
    try {
        echo json_encode(@$try()), "\n";
    } catch (\Error $error) {
        echo get_class($error), "\n";
    }
}
ob_start();
var_dump($message);
$shown = ob_get_clean();
var_dump(str_contains($shown, 'Été'), str_contains($shown, '["size"]=>'), str_contains($shown, 'AP8='), (array) $message === (array) unserialize(serialize($message)));

echo "--- one mail\n";
$same = function (Message $message): bool {
    $copies = [unserialize(serialize($message)), Message::fromJson(json_encode($message)), unserialize(serialize(unserialize(serialize($message))))];
    return array_unique(array_map(fn($copy) => $copy->toString() . json_encode($copy), [$message, ...$copies])) === [0 => $message->toString() . json_encode($message)];
};
$order = '{"number":"1","date":"2026-11-23","currency":"EUR","total":"1.00","merchant":{"name":"Shop","email":"shop@example.com"},"customer":{"email":"a@example.net"},"items":[{"name":"x","quantity":1,"unit_price":"1.00"}]}';
$letter = Facteur\order_confirmation($order);
$raw = Message::fromBytes("From: a@example.com\nTo: b@example.net\nBcc: c@example.net\n\nhi\xff\n", tags: 't');
var_dump($same($message), $same($letter), $same($raw), $same(new Message(from: 'a@example.com', to: 'b@example.net', text: 'x')));
var_dump($letter->to, $letter->subject, $raw->tags, $raw->recipients);
var_dump($message == $letter, $message == $message);
echo preg_replace('/,"made".*/', '', json_encode(Message::fromJson('{"to":"a@example.com","metadata":{"0":"x"}}'))), "\n";
try {
    serialize(new Message(smime: ['sign' => ['certificate' => 'x', 'key' => 'SECRET']]));
} catch (MessageError $error) {
    echo $error->where, ' ', str_contains($error->getMessage(), 'SECRET') ? 'told' : 'not told', "\n";
}

echo "--- receipts, errors\n";
$receipt = (new Mailer('memory://'))->send(new Message(from: 'a@example.com', to: 'b@example.net', text: 'x', message_id: '1@example.com'));
echo json_encode($receipt, JSON_UNESCAPED_SLASHES), "\n";
var_dump(unserialize(serialize($receipt)) == $receipt);
function checkout(Mailer $mailer, callable $then): void
{
    $then($mailer);
}
ini_set('zend.exception_ignore_args', '0');
$errors = [
    fn($mailer) => (new Mailer('smtp://127.0.0.1:1'))->send(new Message(from: 'a@example.com', to: 'b@example.net', text: 'x')),
    fn() => new Message(to: 'nobody'),
    fn() => new Mailer('smtp://x', deadlin: 1),
];
foreach ($errors as $try) {
    try {
        checkout(new Mailer('memory://'), $try);
    } catch (Error $error) {
        $copy = unserialize(serialize($error));
        $facts = fn($one) => [get_class($one), $one->getMessage(), $one->getCode(), $one->error_code, $one->where, $one->getLine(), json_encode($one)];
        var_dump($facts($copy) === $facts($error));
        $told = json_decode(json_encode($error), true);
        echo implode(' ', array_keys($told)), ' | ', $told['type'], ' ', $told['code'], ' ', $told['where'], ' ', $told['receipt']['error']['code'] ?? '-', "\n";
        echo is_array($told['receipt']) ? json_encode(json_decode(json_encode($error))->receipt->rejected) . "\n" : '';
    }
}
echo json_encode(new Attachment('hi', 'a', inline: true)), "\n";
$copied = unserialize(serialize(Attachment::fromStream($stream)));
var_dump($copied->data, $copied->path);
?>
--EXPECT--
--- properties
from: "Zoë <shop@example.com>"
to: ["\"Lopez, Ana\" <a@example.net>","b@example.org"]
cc: []
bcc: ["hidden@example.net"]
subject: "Été"
text: "Bonjour\n"
headers: {"X-A":["1","2"],"X-B":"3"}
tags: ["order","paid"]
metadata: {"shop":"12"}
date: "2026-11-23T10:00:00+01:00"
dsn_notify: "failure,delay"
require_tls: true
mt_priority: "3"
references: ["1@example.com"]
alternatives: [["text/x-amp-html; charset=utf-8","<html amp4email>"]]
sender: null
message_id: null
Facteur\Attachment a.bin 00ff
Facteur\Attachment s.txt 73747265616d6564
Facteur\Attachment f file
bool(true)
bool(true)
bool(false)
bool(false)
bool(true)
bool(true)
Error
Error
null
bool(true)
bool(true)
bool(false)
bool(true)
--- one mail
bool(true)
bool(true)
bool(true)
bool(true)
array(1) {
  [0]=>
  string(13) "a@example.net"
}
string(20) "Your order 1 at Shop"
array(1) {
  [0]=>
  string(1) "t"
}
array(2) {
  [0]=>
  string(13) "b@example.net"
  [1]=>
  string(13) "c@example.net"
}
bool(false)
bool(true)
{"to":["a@example.com"],"metadata":{"0":"x"}
smime.sign.key not told
--- receipts, errors
{"status":"sent","ok":true,"message_id":"1@example.com","queue_id":"","relay":"memory://","accepted":["b@example.net"],"rejected":{},"in_doubt":[],"reply":{"code":0,"enhanced":"","text":""},"phase":"final","attempts":0,"flights":0,"timings":{},"error":null,"notes":[]}
bool(true)
bool(true)
type message code where receipt | ConnectError ECONNECT  ECONNECT
{}
bool(true)
type message code where receipt | MessageError EMESSAGE to -
bool(true)
type message code where receipt | ConfigError ECONFIG deadlin -
{"data":"aGk=","name":"a","inline":"a"}
string(0) ""
NULL
