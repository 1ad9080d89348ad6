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
    $ok = $mailer->send(a_message())->ok;
    /* The child must not run the destructor of the server. */
    posix_kill(posix_getpid(), $ok ? SIGUSR1 : SIGUSR2);
}
pcntl_waitpid($pid, $status);
var_dump(pcntl_wtermsig($status) === SIGUSR1);
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
