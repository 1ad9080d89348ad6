--TEST--
Live: a process that ends says QUIT on the connections that it kept
--EXTENSIONS--
facteur
--SKIPIF--
<?php
if (!getenv('FACTEUR_PHP_EXTENSION')) {
    die('skip needs FACTEUR_PHP_EXTENSION, the path of facteur.so');
}
?>
--FILE--
<?php
require __DIR__ . '/server.inc';
$program = <<<'PHP'
    require $argv[1];
    $mailer = new Facteur\Mailer($argv[2], ['ca_file' => $argv[3]]);
    echo $mailer->send(a_message())->status, "\n";
    PHP;
foreach (['plain' => '', 'implicit' => 'no_such_function();'] as $listener => $ending) {
    $server = new TestServer($listener === 'implicit' ? '--implicit-tls' : '--plain');
    $process = proc_open([PHP_BINARY, '-n', '-d', 'extension=' . getenv('FACTEUR_PHP_EXTENSION'), '-d', 'display_errors=0', '-r', "$program\n$ending",
        '--', __DIR__ . '/letters.inc', $server->dsn($listener), $server->facts['ca_file']], [0 => ['file', '/dev/null', 'r'], 2 => ['file', '/dev/null', 'w']], $pipes);
    proc_close($process);
    $server->order('wait', ['until' => ['quit' => 1, 'open' => 0], 'timeout' => 20]);
    echo $server->count('connections', 'quit', 'violations'), "\n";
}
?>
--EXPECT--
sent
connections=1 quit=1 violations=[]
sent
connections=1 quit=1 violations=[]
