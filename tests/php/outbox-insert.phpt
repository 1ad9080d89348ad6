--TEST--
Outbox::insert() on PDO with SQLite: the mail is there with the order, or not at all
--EXTENSIONS--
facteur
pdo
pdo_sqlite
--ENV--
FACTEUR_DSN=
--FILE--
<?php
use Facteur\{Mailer, Message, Outbox};

$folder = sys_get_temp_dir() . '/facteur-insert-' . getmypid();
mkdir($folder, 0700);
$path = "$folder/shop.db";
register_shutdown_function(function () use ($folder) {
    array_map('unlink', glob("$folder/*"));
    rmdir($folder);
});
[$none, $version] = Outbox::migrate("sqlite://$path");
echo $none, ' ', json_encode(Outbox::migrate("sqlite://$path") === [$version, $version]), "\n";

function message(): Message
{
    return new Message(from: 'shop@example.com', to: 'ann@example.net', subject: 'Your order', text: 'Thank you.');
}
function rows(string $what = 'key, state'): string
{
    global $path;
    $db = new PDO("sqlite:$path");
    return json_encode($db->query("SELECT $what FROM facteur_mail ORDER BY id")->fetchAll(PDO::FETCH_NUM))
        . ' ' . $db->query('SELECT count(*) FROM facteur_body')->fetchColumn();
}
function thrown(callable $call): void
{
    try {
        $call();
        echo "nothing thrown\n";
    } catch (Throwable $e) {
        echo get_class($e), ': ', strtok($e->getMessage(), "\n"), "\n";
    }
}

$db = new PDO("sqlite:$path");
$db->exec('CREATE TABLE orders (number INTEGER PRIMARY KEY)');

echo "-- rolled back, committed\n";
$db->beginTransaction();
$db->exec('INSERT INTO orders VALUES (1)');
$receipt = Outbox::insert($db, message(), key: 'order-1');
echo $receipt->status, ' ', $receipt->queue_id, ' ', rows(), "\n";
$db->rollBack();
echo rows(), "\n";
$db->beginTransaction();
$first = Outbox::insert($db, message(), key: 'order-1', priority: 2);
var_dump($db->inTransaction());
$db->commit();
echo rows('key, state, sender, recipients, priority'), "\n";

echo "-- a duplicate\n";
$db->beginTransaction();
$again = Outbox::insert($db, message(), 'order-1');
$db->exec('INSERT INTO orders VALUES (1)');
$db->commit();
var_dump($again->status, $again->ok, $again->queue_id === $first->queue_id, $again->message_id === $first->message_id);
echo rows('key'), ' ', $db->query('SELECT count(*) FROM orders')->fetchColumn(), "\n";

echo "-- a savepoint, no transaction, times\n";
$db->beginTransaction();
$db->exec('SAVEPOINT part');
Outbox::insert($db, message(), key: 'dropped');
$db->exec('ROLLBACK TO part');
$db->commit();
Outbox::insert($db, message(), key: 'alone', not_before: new DateTimeImmutable('2100-01-01T00:00:00.25Z'), expires_at: new DateTime('2100-01-02Z'));
Outbox::insert($db, message(), key: 'soon', not_before: 60);
echo rows("key, CASE key WHEN 'alone' THEN next_at END, CASE key WHEN 'alone' THEN expires_at END, (next_at - created_at) / 1000000 BETWEEN 59 AND 60"), "\n";

echo "-- durable\n";
$db->exec('PRAGMA synchronous = NORMAL');
$receipt = Outbox::insert($db, message());
var_dump($receipt->durable, $first->durable, json_decode(json_encode($receipt))->durable, isset(json_decode(json_encode($first))->durable));
var_dump(unserialize(serialize($receipt)) == $receipt);
$db->exec("DELETE FROM facteur_mail WHERE key IS NULL OR key <> 'order-1'; DELETE FROM facteur_body WHERE id > 1");

echo "-- errors, in each mode of errors\n";
foreach ([PDO::ERRMODE_SILENT, PDO::ERRMODE_WARNING, PDO::ERRMODE_EXCEPTION] as $mode) {
    $db->setAttribute(PDO::ATTR_ERRMODE, $mode);
    $db->exec("CREATE TRIGGER IF NOT EXISTS full BEFORE INSERT ON facteur_body BEGIN SELECT raise(ABORT, 'full'); END");
    $db->beginTransaction();
    $db->exec('INSERT INTO orders VALUES (' . (10 + $mode) . ')');
    thrown(fn () => Outbox::insert($db, message(), key: 'order-2'));
    $db->commit();
    var_dump($db->getAttribute(PDO::ATTR_ERRMODE) === $mode);
}
$db->exec('DROP TRIGGER full');
echo rows('key'), ' ', $db->query('SELECT count(*) FROM orders')->fetchColumn(), "\n";
thrown(fn () => Outbox::insert(new PDO('sqlite::memory:'), message()));
$db->exec("UPDATE facteur_outbox SET value = 9 WHERE name = 'schema'");
thrown(fn () => Outbox::insert($db, message()));
$db->exec("UPDATE facteur_outbox SET value = $version WHERE name = 'schema'");
thrown(fn () => Outbox::insert($db, message(), key: ''));
thrown(fn () => Outbox::insert($db, message(), key: "a\0b"));
thrown(fn () => Outbox::insert($db, message(), priority: 10));
thrown(fn () => Outbox::insert($db, message(), not_before: 'tomorrow'));
thrown(fn () => Outbox::insert($db, message(), not_before: 10, expires_at: 5));
thrown(fn () => Outbox::insert($db, new Message(from: 'shop@example.com', text: 'x')));
thrown(fn () => Outbox::insert(new stdClass, message()));
thrown(fn () => new Outbox);
thrown(fn () => Outbox::migrate('nosql://x'));
echo rows('key'), "\n";

echo "-- the mailer seals\n";
$db->beginTransaction();
Outbox::insert($db, message(), mailer: new Mailer('null://', ['mode' => 'redirect', 'redirect_to' => 'staging@example.com']));
$refused = Outbox::insert($db, message(), mailer: new Mailer('null://', ['mode' => 'allowlist', 'allow' => '@example.com']));
$closed = new Mailer('null://');
$closed->close();
thrown(fn () => Outbox::insert($db, message(), mailer: $closed));
$db->commit();
echo $refused->status, ' ', rows('recipients'), "\n";

echo "-- a letter has its own key\n";
$order = ['number' => '42', 'currency' => 'EUR', 'merchant' => ['name' => 'Atelier', 'email' => 'shop@example.com'],
    'customer' => ['name' => 'Ann', 'email' => 'ann@example.net'], 'items' => [['name' => 'Lamp', 'quantity' => 1, 'unit_price' => '9.00']]];
echo Outbox::insert($db, Facteur\order_confirmation($order))->status, ' ', Outbox::insert($db, Facteur\order_confirmation($order))->status, "\n";
?>
--EXPECTF--
0 true
-- rolled back, committed
queued 1 [] 0
[] 0
bool(true)
[["order-1","ready","shop@example.com","ann@example.net",2]] 1
-- a duplicate
string(9) "duplicate"
bool(true)
bool(true)
bool(true)
[["order-1"]] 1 1
-- a savepoint, no transaction, times
[["order-1",null,null,0],["alone",4102444800250000,4102531200000000,0],["soon",null,null,1]] 3
-- durable
bool(false)
bool(true)
bool(false)
bool(false)
bool(true)
-- errors, in each mode of errors
PDOException: SQLSTATE[23000]: Integrity constraint violation: 19 full
bool(true)
PDOException: SQLSTATE[23000]: Integrity constraint violation: 19 full
bool(true)
PDOException: SQLSTATE[23000]: Integrity constraint violation: 19 full
bool(true)
[["order-1"]] 1 4
PDOException: SQLSTATE[HY000]: General error: 1 no such table: facteur_mail
Facteur\ConfigError: outbox: the tables have version 9, and this release of facteur knows %d: use a later release
Facteur\MessageError: key: expected 1 to 190 bytes without control characters, such as "order-42"
Facteur\MessageError: key: the text has the control character 0x00
Facteur\MessageError: priority: expected 0 (first) to 9 (last), got 10
Facteur\MessageError: not_before: expected a DateTimeInterface or seconds from now, got string
Facteur\MessageError: expires_at: the mail would expire before it may be sent
Facteur\MessageError: to: the message has no recipient: set to, cc or bcc
TypeError: Facteur\Outbox::insert(): Argument #1 ($connection) must be of type PDO, stdClass given
Error: Call to private Facteur\Outbox::__construct() from global scope
Facteur\ConfigError: outbox: expected a URL such as sqlite:///var/lib/shop/outbox.db, postgresql://user:password@host/database or mysql://user:password@host/database, got one that begins with "nosql"
[["order-1"]] 1
-- the mailer seals
Facteur\Error: the mailer is closed
permanent [["ann@example.net"],["staging@example.com"]] 2
-- a letter has its own key
queued duplicate
