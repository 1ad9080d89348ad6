--TEST--
Live: sendMany() keeps the connections full, and has a receipt for every message
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
use Facteur\Message;

function numbered(int $count): Generator
{
    global $read;
    for ($i = 0; $i < $count; $i++) {
        $read++;
        yield new Message(from: 'shop@example.com', to: "b$i@example.net", subject: "$i", text: "Hi\n");
    }
}

$server = new TestServer('--plain', '--rtt-ms', '5');
$mailer = new Facteur\Mailer($server->dsn('plain'), pool_size: 1, max_mails: 0);

// Order, keys, flights (of 16; a busy machine refills the window mail by mail, which splits them).
$mailer->send(a_message());
$before = $server->order('stats')['stats']['flights'];
$wrong = $count = 0;
foreach ($mailer->sendMany(numbered(160)) as $key => $receipt) {
    $wrong += $key !== $count || $receipt->accepted !== ["b$key@example.net"] || !$receipt->ok;
    $count++;
}
$flights = $server->order('stats')['stats']['flights'] - $before;
var_dump($count, $wrong, $flights < 80);

// An array; a message without a recipient; no messages.
$receipts = iterator_to_array($mailer->sendMany([a_message(), new Message(from: 'a@example.com', text: 'x'), a_message()]));
echo implode(' ', array_map(fn ($r) => $r->status . ':' . $r->error_code, $receipts)), "\n";
var_dump(iterator_to_array($mailer->sendMany([])));

// A file of an option that cannot be read.
$unreadable = new Facteur\Mailer($server->dsn('plain'), ca_file: '/nonexistent/ca.pem');
foreach ($unreadable->sendMany([a_message(), a_message()]) as $receipt) {
    echo "$receipt->status $receipt->error_code $receipt->error\n";
}

// As far ahead as the window.
$read = 0;
$receipts = $mailer->sendMany(numbered(1000));
var_dump($receipts->current()->ok, $read);
$receipts->next();
var_dump($receipts->key(), $read);
unset($receipts);

// What the source throws comes after the receipts.
function broken(): Generator
{
    yield from numbered(2);
    throw new LogicException('no more orders');
}
$seen = [];
try {
    foreach ($mailer->sendMany(broken()) as $receipt) {
        $seen[] = $receipt->status;
    }
} catch (LogicException $error) {
    echo implode(' ', $seen), ' ', $error->getMessage(), "\n";
}
try {
    foreach ($mailer->sendMany([a_message(), 17]) as $receipt) {
        echo $receipt->status, ' ';
    }
} catch (TypeError $error) {
    echo $error->getMessage(), "\n";
}

// Once over, and not by hand.
$receipts = $mailer->sendMany([a_message(), a_message()]);
iterator_to_array($receipts);
try {
    iterator_to_array($receipts);
} catch (Error $error) {
    echo $error->getMessage(), "\n";
}
try {
    clone $receipts;
} catch (Error $error) {
    echo $error->getMessage(), "\n";
}
// A source that asks for the receipts of what it is still giving.
$own = (function () use (&$circle) {
    yield a_message();
    $circle->next();
})();
$circle = $mailer->sendMany($own);
try {
    foreach ($circle as $receipt) {
        echo $receipt->status, ' ';
    }
} catch (Error $error) {
    echo $error->getMessage(), "\n";
}
unset($circle, $own);

// The mailer closed meanwhile.
$receipts = $mailer->sendMany(numbered(40));
$receipts->rewind();
$mailer->close();
$seen = [];
try {
    foreach ($receipts as $receipt) {
        $seen[] = $receipt->status;
    }
} catch (Facteur\Error $error) {
    echo count($seen), ' ', $error->error_code, "\n";
}
try {
    $mailer->sendMany([]);
} catch (Facteur\Error $error) {
    echo $error->error_code, "\n";
}
echo $server->count('connections', 'violations'), "\n";
?>
--EXPECT--
int(160)
int(0)
bool(true)
sent: permanent:EMESSAGE sent:
array(0) {
}
temporary ECONFIG ca_file: cannot read "/nonexistent/ca.pem": No such file or directory
temporary ECONFIG ca_file: cannot read "/nonexistent/ca.pem": No such file or directory
bool(true)
int(16)
int(1)
int(17)
sent sent no more orders
sent Facteur\Mailer::sendMany(): expected Facteur\Message, got int
Facteur\Receipts cannot be read a second time
Trying to clone an uncloneable object of class Facteur\Receipts
sent Facteur\Receipts is reading its messages already
16 ECLOSED
ECLOSED
connections=1 violations=[]
