--TEST--
Live: STARTTLS and login, kept connection, receipt, letters
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
$server = new TestServer('--starttls', '--implicit-tls', '--plain', '--auth', 'ana:secret');
$mailer = $server->mailer('starttls', 'ana:secret', default_from: 'shop@example.com', contact_to: 'team@example.com');
$receipt = $mailer->send($message = a_message(subject: 'Été', bcc: 'hidden@example.com'));
var_dump($receipt->status, $receipt->accepted, $receipt->reply->code, $receipt->reply->enhanced, $receipt->queue_id !== '', $receipt->phase, $receipt->attempts);
echo implode(' ', array_keys($receipt->timings)), "\n";
var_dump(array_sum($receipt->timings) > 0, $receipt->flights > 0, $receipt->relay === $mailer->name, $receipt->transcript);
var_dump(base64_decode($server->mails()[0]['bytes']) === $message->toString());

$mailer->sendOrderConfirmation(an_order());
(clone new ArrayObject([$mailer]))[0]->sendContactForm(a_form());
unset($mailer);
/* Another object of the same configuration finds the connection that the first one left. */
$again = $server->mailer('starttls', 'ana:secret', default_from: 'shop@example.com', contact_to: 'team@example.com');
$receipt = $again->send($message);
var_dump(isset($receipt->timings['connect']), $receipt->message_id);
echo $server->count('mails', 'connections', 'handshakes_full', 'auths', 'violations'), "\n";

$implicit = $server->mailer('implicit', 'ana:secret');
var_dump($implicit->send($message)->ok, $server->mailer('plain')->name);

$facts = $implicit->check();
var_dump($facts['ok'], is_string($facts['tls']['version']), is_array($facts['timings']), $server->count('mails'));
?>
--EXPECTF--
string(4) "sent"
array(2) {
  [0]=>
  string(15) "zoe@example.com"
  [1]=>
  string(18) "hidden@example.com"
}
int(250)
string(5) "2.0.0"
bool(true)
string(5) "final"
int(1)
%sconnect tls %s
bool(true)
bool(true)
bool(true)
string(0) ""
bool(true)
bool(false)
string(15) "one@example.com"
mails=4 connections=1 handshakes_full=1 auths=1 violations=[]
bool(true)
string(%d) "smtp://127.0.0.1:%d"
bool(true)
bool(true)
bool(true)
string(7) "mails=5"
