--TEST--
What a message asks of the relay, tags, metadata, unsubscribing
--EXTENSIONS--
facteur
--FILE--
<?php
$base = ['from' => 'shop@shop.example', 'to' => 'ana@x.example', 'text' => 'x', 'date' => '2026-11-23T10:00:00Z'];

function refused(array $fields): void
{
    global $base;
    try {
        new Facteur\Message(...$base, ...$fields);
        echo 'taken: ', json_encode($fields), "\n";
    } catch (Facteur\MessageError $error) {
        echo $error->where, "\n";
    }
}

$message = new Facteur\Message(...$base, list_unsubscribe: ['mailto:u@shop.example', 'https://shop.example/u'],
    tags: ['order', 'paid'], metadata: ['shop' => 'a'], dsn_notify: ['success', 'delay'], dsn_return: 'full',
    envelope_id: 'order 42', require_tls: true, deliver_by: 3600, mt_priority: -9);
preg_match_all('/^List-.*\r\n(?: .*\r\n)*/m', $message->toString(), $found);
echo str_replace("\r", '', implode('', $found[0]));

refused(['list_unsubscribe' => 'http://shop.example/']);
refused(['tags' => "a\r\nb"]);
refused(['tags' => [1]]);
refused(['metadata' => ['a b' => 'c']]);
refused(['metadata' => ['a' => "b\0"]]);
refused(['metadata' => ['a']]);
refused(['metadata' => ['a' => 1]]);
refused(['dsn_notify' => ['never', 'delay']]);
refused(['dsn_return' => 'all']);
refused(['envelope_id' => "a\nb"]);
refused(['deliver_by' => 0]);
refused(['deliver_by' => '60;X']);
refused(['mt_priority' => 10]);
refused(['mt_priority' => PHP_INT_MIN]);


// Beside finished bytes, too.
$bytes = "From: a@shop.example\r\nTo: b@example.net\r\n\r\nHi\r\n";
$asked = ['envelope_from' => '', 'recipients' => ['c@example.net'], 'tags' => 'one', 'metadata' => ['order' => '42'],
    'dsn_notify' => ['failure', 'delay'], 'dsn_return' => 'headers', 'envelope_id' => 'I 1', 'deliver_by' => 60, 'mt_priority' => 3];
$memory = new Facteur\Mailer('memory://');
echo $memory->send(Facteur\Message::fromBytes($bytes, ...$asked))->status, ' ', $memory->captured()[0]['recipients'][0], "\n";
foreach (['dsn_notify' => 'often', 'metadata' => ['a b' => 'c'], 'tags' => "a\n", 'mt_priority' => 10] as $name => $value) {
    try {
        Facteur\Message::fromBytes($bytes, ...[$name => $value]);
    } catch (Facteur\MessageError $error) {
        echo $error->where, "\n";
    }
}

try {
    (new Facteur\Mailer('postmark://TOKEN'))->send($message);
} catch (Facteur\MessageError $error) {
    echo $error->getMessage(), "\n";
}
?>
--EXPECT--
List-Unsubscribe: <mailto:u@shop.example>, <https://shop.example/u>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
list_unsubscribe
tags
tags
metadata
metadata
metadata
metadata
dsn_notify
dsn_return
envelope_id
deliver_by
deliver_by
mt_priority
mt_priority
sent c@example.net
dsn_notify
metadata
tags
mt_priority
tags: postmark takes at most 1 tag a mail
