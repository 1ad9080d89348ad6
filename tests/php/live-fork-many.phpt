--TEST--
Live: four children of one parent, forked while mails are under way
--EXTENSIONS--
facteur
--SKIPIF--
<?php
if (!function_exists('pcntl_fork')) {
    die('skip needs pcntl');
}
?>
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
$server = new TestServer('--implicit-tls', '--auth', 'ana:secret');
$mailer = $server->mailer('implicit', 'ana:secret', pool_size: 1);
var_dump($mailer->send(a_message())->ok);
$receipts = $mailer->sendMany(array_fill(0, 20, a_message()));
var_dump($receipts->current()->ok);
$children = [];
for ($i = 0; $i < 4; $i++) {
    $children[$i] = pcntl_fork();
    if ($children[$i] === 0) {
        $mine = iterator_to_array($mailer->sendMany([a_message(), a_message()]));
        $ok = $mine[0]->ok && $mine[1]->ok;
        try {
            $receipts->next();
            $ok = false;
        } catch (Facteur\Error $error) {
            $ok = $ok && $error->error_code === 'ECLOSED';
        }
        /* Another program takes the child's place, so that it runs no destructor. */
        pcntl_exec('/bin/sh', ['-c', $ok ? 'exit 42' : 'exit 1']);
    }
}
foreach ($children as $child) {
    pcntl_waitpid($child, $status);
    echo pcntl_wexitstatus($status), ' ';
}
$ok = 0;
for ($receipts->next(); $receipts->valid(); $receipts->next()) {
    $ok += $receipts->current()->ok;
}
$receipt = $mailer->send(a_message());
var_dump($ok, $receipt->ok, isset($receipt->timings['connect']));
echo $server->count('mails', 'connections', 'violations'), "\n";
?>
--EXPECT--
bool(true)
bool(true)
42 42 42 42 int(19)
bool(true)
bool(false)
mails=30 connections=5 violations=[]
