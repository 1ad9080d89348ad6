--TEST--
Live: a token callable in which the script ends by a fatal error
--EXTENSIONS--
facteur
--SKIPIF--
<?php
if (getenv('USE_ZEND_ALLOC') === '0') {
    die('skip what a fatal error leaves behind is freed by the allocator that valgrind goes without');
}
?>
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
$server = new TestServer('--plain', '--token', 'ana:t0k3n', '--mechanisms', 'OAUTHBEARER');
$fatal = true;
$mailer = $server->mailer('plain', '', username: 'ana', token: function () use (&$fatal) {
    if ($fatal) {
        $fatal = false;
        eval('function strlen() {}');
    }
    return 't0k3n';
});
register_shutdown_function(function () use ($mailer, $server) {
    var_dump($mailer->send(a_message())->ok);
    echo $server->count('mails', 'violations'), "\n";
});
$mailer->send(a_message());
echo "not reached\n";
?>
--EXPECTF--
Fatal error: Cannot redeclare %s on line %d
bool(true)
mails=1 violations=[]
