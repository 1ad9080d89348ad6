--TEST--
Live: a thousand configurations in one process, in many requests and within one
--EXTENSIONS--
facteur
--SKIPIF--
<?php
if (ini_get('extension') === '' && !getenv('FACTEUR_PHP_EXTENSION')) {
    die('skip needs FACTEUR_PHP_EXTENSION, the path of facteur.so');
}
?>
--FILE--
<?php
require __DIR__ . '/server.inc';
$server = new TestServer('--plain');
$page = tempnam(sys_get_temp_dir(), 'facteur-page-');
file_put_contents($page, sprintf(<<<'PAGE'
    <?php
    $sent = 0;
    for ($i = $_GET['from']; $i < $_GET['from'] + $_GET['count']; $i++) {
        $mailer = new Facteur\Mailer('%s', tls: 'none', helo: "tenant$i.example.com");
        $sent += $mailer->send(new Facteur\Message(from: 'a@example.com', to: 'b@example.com', text: 't'))->ok;
    }
    echo $sent, ' ', json_encode($mailer->stats()['shared']), ' ';
    unset($mailer);
    ob_start();
    phpinfo(INFO_MODULES);
    preg_match('/shared mailers.*?(\d.*?left)/', ob_get_clean() ?: '', $found);
    echo count(scandir('/proc/self/fd')) <= 96 ? 'few' : 'many', ' ', $found[1] ?? '', "\n";
    PAGE, $server->dsn('plain')));
$listener = stream_socket_server('tcp://127.0.0.1:0');
$address = stream_socket_get_name($listener, false);
fclose($listener);
$web = proc_open(
    ['sh', '-c', 'ulimit -n 256; exec "$@"', 'sh', PHP_BINARY, '-n', '-d', 'output_buffering=65536', '-d',
        'extension=' . getenv('FACTEUR_PHP_EXTENSION'), '-S', $address, $page],
    [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], ['file', '/dev/null', 'w']], $pipes);

function page(int $from, int $count): string
{
    global $address;
    for ($i = 0; $i < 200; $i++) {
        $answer = @file_get_contents("http://$address/?from=$from&count=$count");
        if ($answer !== false) {
            return $answer;
        }
        usleep(50000);
    }
    return "no answer\n";
}

for ($from = 0; $from < 500; $from += 100) {
    echo page($from, 100);
}
for ($from = 500; $from < 510; $from++) {
    $last = page($from, 1);
}
echo $last, page(510, 490);
proc_terminate($web);
proc_close($web);
unlink($page);
echo $server->count('mails', 'violations'), "\n";
?>
--EXPECT--
100 {"used":1,"resting":8,"left":91} few 0 in use, 8 at rest, 92 left
100 {"used":1,"resting":8,"left":191} few 0 in use, 8 at rest, 192 left
100 {"used":1,"resting":8,"left":291} few 0 in use, 8 at rest, 292 left
100 {"used":1,"resting":8,"left":391} few 0 in use, 8 at rest, 392 left
100 {"used":1,"resting":8,"left":491} few 0 in use, 8 at rest, 492 left
1 {"used":1,"resting":8,"left":501} few 0 in use, 8 at rest, 502 left
490 {"used":1,"resting":8,"left":991} few 0 in use, 8 at rest, 992 left
mails=1000 violations=[]
