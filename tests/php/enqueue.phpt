--TEST--
Mailer::enqueue() and enqueueMany(): the receipt names the row, a key is one mail, a batch is whole or not at all
--EXTENSIONS--
facteur
--FILE--
<?php
use Facteur\{Mailer, Message, Receipt};

$folder = sys_get_temp_dir() . '/facteur-enqueue-' . getmypid();
mkdir($folder, 0700);
$mailer = new Mailer('null://', outbox: "sqlite://$folder/outbox.db");
$message = new Message(from: 'shop@example.com', to: 'ana@example.net', subject: 'Hi', text: "Hi\n");

$first = $mailer->enqueue($message, key: 'order-1');
$again = $mailer->enqueue($message, 'order-1', not_before: 60, expires_at: new DateTimeImmutable('+1 day'), priority: 9);
foreach ([$first, $again] as $receipt) {
    echo "$receipt->status $receipt->outbox_id $receipt->queue_id $receipt->key ";
    var_dump($receipt->ok && $receipt->durable && $receipt->message_id === $first->message_id);
}
$json = json_encode($first);
echo substr($json, strpos($json, '"notes"')), "\n";
var_dump(unserialize(serialize($first)) == $first);

// A letter has its own key, or the one that is asked for.
$order = ['number' => '7', 'currency' => 'EUR', 'merchant' => ['name' => 'Shop'], 'customer' => ['email' => 'ana@example.net'],
    'items' => [['name' => 'Tea', 'quantity' => 1, 'unit_price' => '1.00']]];
echo $mailer->enqueue(Facteur\order_confirmation($order, from: 's@example.com'))->key, "\n";
echo $mailer->enqueue(Facteur\order_confirmation($order, from: 's@example.com', key: 'own'))->key, "\n";

// All of them with one commit, or none.
$receipts = $mailer->enqueueMany([$message, $message, $message], ['a', null, 'a']);
echo implode(' ', array_map(fn (Receipt $r) => "$r->status:$r->outbox_id", $receipts)), "\n";
function refused(callable $call): void
{
    try {
        $call();
        echo "not refused\n";
    } catch (Throwable $error) {
        echo get_class($error), ' ', $error->where ?? '-', ' ', strtok($error->getMessage(), ';'), "\n";
    }
}
refused(fn () => $mailer->enqueueMany([$message, $message], ['b', '']));
refused(fn () => $mailer->enqueueMany([$message, 'text']));
refused(fn () => $mailer->enqueueMany([$message], [7]));
refused(fn () => $mailer->enqueueMany([$message], ["a\0b"]));
echo $mailer->enqueue($message, 'b')->status, "\n";

refused(fn () => $mailer->enqueue($message, ''));
refused(fn () => $mailer->enqueue($message, priority: 10));
refused(fn () => $mailer->enqueue($message, not_before: 'soon'));
refused(fn () => $mailer->enqueue($message, not_before: NAN));
refused(fn () => $mailer->enqueue($message, not_before: new DateTime('+2 days'), expires_at: new DateTime('+1 day')));
refused(fn () => (new Mailer('null://'))->enqueue($message));
refused(fn () => new Mailer('null://', outbox: 'redis://localhost'));
rename("$folder/outbox.db", "$folder/away.db");
try {
    $mailer->enqueue($message, 'c');
} catch (Facteur\Error $error) {
    echo get_class($error), ' ', $error->error_code, ' ', $error->where, "\n";
}
rename("$folder/away.db", "$folder/outbox.db");
echo $mailer->enqueue($message, 'c')->status, "\n";
$mailer->close();
refused(fn () => $mailer->enqueue($message));
array_map('unlink', glob("$folder/*"));
rmdir($folder);
?>
--EXPECT--
queued 1 1 order-1 bool(true)
duplicate 1 1 order-1 bool(true)
"notes":[],"outbox_id":"1","key":"order-1"}
bool(true)
order_confirmation:Shop:7
own
queued:4 queued:5 duplicate:4
Facteur\MessageError messages[1].key messages[1].key: key: expected 1 to 190 bytes without control characters, such as "order-42"
TypeError - Facteur\Mailer::enqueueMany(): expected Facteur\Message, got string
Facteur\MessageError keys keys: expected a string or null, got int
Facteur\MessageError keys keys: the text has the control character 0x00
queued
Facteur\MessageError key key: expected 1 to 190 bytes without control characters, such as "order-42"
Facteur\MessageError priority priority: expected 0 (first) to 9 (last), got 10
Facteur\MessageError not_before not_before: expected a DateTimeInterface or seconds from now, got string
Facteur\MessageError not_before not_before: expected a DateTimeInterface or seconds from now, got float
Facteur\MessageError expires_at expires_at: the mail would expire before it may be sent
Facteur\ConfigError outbox outbox: this mailer has no outbox: give it the option outbox, such as sqlite:///var/lib/shop/outbox.db
Facteur\ConfigError outbox outbox: expected a URL such as sqlite:///var/lib/shop/outbox.db, postgresql://user:password@host/database or mysql://user:password@host/database, got one that begins with "redis"
Facteur\Error EIO outbox
queued
Facteur\Error  the mailer is closed
