--TEST--
Live: a forked child opens its own connection and leaves the parent's alone
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
$mailer = $server->mailer('implicit', 'ana:secret');
var_dump($mailer->send(a_message())->ok);
$pid = pcntl_fork();
if ($pid === 0) {
    /* Another program takes the child's place, so that it runs no destructor. */
    pcntl_exec('/bin/sh', ['-c', $mailer->send(a_message())->ok ? 'exit 42' : 'exit 1']);
}
pcntl_waitpid($pid, $status);
var_dump(pcntl_wexitstatus($status) === 42);
$receipt = $mailer->send(a_message());
var_dump($receipt->ok, isset($receipt->timings['connect']));
echo $server->count('mails', 'connections', 'violations'), "\n";
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
bool(false)
mails=3 connections=2 violations=[]
