--TEST--
Live: refusals, partial acceptance and doubt, thrown by send() and told by letters
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
use Facteur\{InDoubtError, PermanentError, SendError, TemporaryError};
$server = new TestServer('--plain');
$mailer = $server->mailer('plain', deadline: 60.0, default_from: 'shop@example.com', contact_to: 'team@example.com');

function outcome(callable $call): Facteur\Receipt
{
    try {
        $receipt = $call();
        echo 'returned ';
    } catch (SendError $error) {
        $receipt = $error->receipt;
        echo $error::class, ' ', $error->error_code, ' ', $error->getMessage() === $receipt->error ? 'same ' : 'other ';
        echo $error->error_code === $receipt->error_code ? 'same ' : 'other ';
    }
    echo $receipt->status, ' ', $receipt->phase, ' ', $receipt->reply->code, ' ', $receipt->reply->enhanced, "\n";
    return $receipt;
}

$server->script(['on' => 'rcpt', 'nth' => 2, 'reply' => '550 5.1.1 no such user']);
$receipt = outcome(fn () => $mailer->send(a_message(to: 'a@example.com, b@example.com')));
echo json_encode(['accepted' => $receipt->accepted, 'rejected' => $receipt->rejected]), "\n";

$server->script(['on' => 'rcpt', 'reply' => '550 5.1.1 no such user']);
$receipt = outcome(fn () => $mailer->send(a_message()));
var_dump(str_contains($receipt->transcript, '550 5.1.1'));
outcome(fn () => $mailer->sendOrderConfirmation(an_order()));
outcome(fn () => $mailer->sendContactForm(a_form()));

$server->script(['on' => 'final', 'reply' => '451 4.3.0 later']);
outcome(fn () => $mailer->send(a_message()));
outcome(fn () => $mailer->sendOrderConfirmation(an_order()));

$server->script(['on' => 'final', 'reply' => null, 'then' => 'close', 'accept' => true]);
outcome(fn () => $mailer->send(a_message()));
outcome(fn () => $mailer->sendOrderConfirmation(an_order()));

$server->script(['on' => 'final', 'reply' => null, 'then' => 'stall']);
$start = microtime(true);
outcome(fn () => $mailer->send(a_message(), 2.0));
outcome(fn () => $mailer->sendOrderConfirmation(an_order(), deadline: 2.0));
var_dump(microtime(true) - $start < 30);
$server->order('options', ['set' => ['pipelining' => false, 'chunking' => false]]);
$server->script(['on' => 'mail', 'reply' => null, 'then' => 'stall']);
outcome(fn () => $mailer->send(a_message(), 0.5));

$server->script();
outcome(fn () => $mailer->send(a_message()));
?>
--EXPECTF--
returned sent final 250 2.0.0
{"accepted":["a@example.com"],"rejected":{"b@example.com":{"code":550,"enhanced":"5.1.1","text":"no such user"}}}
Facteur\PermanentError EPERMANENT same same permanent rcpt 550 5.1.1
bool(true)
returned permanent rcpt 550 5.1.1
returned permanent rcpt 550 5.1.1
Facteur\TemporaryError ETEMPORARY same same temporary final 451 4.3.0
returned temporary final 451 4.3.0
Facteur\InDoubtError EINDOUBT same same in_doubt final 0 
returned in_doubt final 0 
Facteur\InDoubtError EINDOUBT same same in_doubt final 0 
returned in_doubt final 0 
bool(true)
Facteur\DeadlineError EDEADLINE same same temporary mail 0 
returned sent final 250 2.0.0
