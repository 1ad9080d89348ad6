--TEST--
later(): the verdict on a mail that a deadline left in doubt
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
$server = new TestServer('--plain');
$mailer = $server->mailer('plain');
$sent = $mailer->send(a_message());
$server->script(['on' => 'final', 'delay_ms' => 1500, 'times' => 1]);
try {
    $mailer->send(a_message(), 1.0);
} catch (Facteur\InDoubtError $error) {
    $receipt = $error->receipt;
}
var_dump($receipt->status, $receipt->later(), $sent->later());
while (!$receipt->later()) {
    $mailer->send(a_message());
    usleep(10000);
}
$copy = clone $receipt;
$late = $copy->later();
var_dump($late->status, $late->reply->code, count($late->accepted), $late->later());
var_dump(unserialize(serialize($receipt)) == $receipt, unserialize(serialize($receipt))->later());
$mails = $mailer->stats()['relays'][0]['mails'];
var_dump($mails['in_doubt'], $mails['late_sent'], $mails['late_refused']);
?>
--EXPECT--
string(8) "in_doubt"
NULL
NULL
string(4) "sent"
int(250)
int(1)
NULL
bool(true)
NULL
int(1)
int(1)
int(0)
