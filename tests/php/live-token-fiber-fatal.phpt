--TEST--
Live: a fatal error while a token callable is suspended, and the next request of the process
--EXTENSIONS--
facteur
--SKIPIF--
<?php
if (ini_get('extension') === '' && !getenv('FACTEUR_PHP_EXTENSION')) {
    die('skip needs FACTEUR_PHP_EXTENSION, the path of facteur.so');
}
if (getenv('USE_ZEND_ALLOC') === '0') {
    die('skip what a fatal error leaves behind is freed by the allocator that valgrind goes without');
}
?>
--FILE--
<?php
require __DIR__ . '/server.inc';
$server = new TestServer('--plain', '--token', 'ana:t0k3n', '--mechanisms', 'OAUTHBEARER');
$page = tempnam(sys_get_temp_dir(), 'facteur-page-');
file_put_contents($page, sprintf(<<<'PAGE'
    <?php
    $fatal = $_GET['fatal'] === '1';
    $mailer = new Facteur\Mailer('%s', tls: 'none', helo: $_GET['helo'], username: 'ana', token: fn () => $fatal ? Fiber::suspend() : 't0k3n');
    $message = new Facteur\Message(from: 'a@example.com', to: 'b@example.com', text: 't');
    $fibers = [];
    for ($i = 0; $i < 8; $i++) {
        $fibers[] = new Fiber(fn () => $mailer->send($message)->status);
        $fibers[$i]->start();
    }
    if ($fatal) {
        eval('function strlen() {}');
    }
    foreach ($fibers as $fiber) {
        echo $fiber->getReturn(), ' ';
    }
    PAGE, $server->dsn('plain')));
$listener = stream_socket_server('tcp://127.0.0.1:0');
$address = stream_socket_get_name($listener, false);
fclose($listener);
$web = proc_open(
    [PHP_BINARY, '-n', '-d', 'display_errors=0', '-d', 'extension=' . getenv('FACTEUR_PHP_EXTENSION'), '-S', $address, $page],
    [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], ['file', '/dev/null', 'w']], $pipes);

function page(string $query): string|false
{
    global $address;
    for ($i = 0; $i < 200; $i++) {
        $answer = @file_get_contents("http://$address/$query", false, stream_context_create(['http' => ['ignore_errors' => true]]));
        if ($answer !== false) {
            return $answer;
        }
        usleep(50000);
    }
    return false;
}

/* Fibers lie where those of an earlier request did (after the first one), and must not be taken for them. */
foreach (['?fatal=0&helo=a.example', '?fatal=1&helo=b.example', '?fatal=0&helo=b.example'] as $query) {
    var_dump(page($query));
}
echo $server->count('mails', 'violations'), "\n";
proc_terminate($web);
proc_close($web);
unlink($page);
?>
--EXPECT--
string(40) "sent sent sent sent sent sent sent sent "
string(0) ""
string(40) "sent sent sent sent sent sent sent sent "
mails=16 violations=[]
