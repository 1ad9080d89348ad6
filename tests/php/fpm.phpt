--TEST--
php-fpm: two requests of one worker, one connection, one TLS handshake, one token; QUIT in the end
--EXTENSIONS--
facteur
--SKIPIF--
<?php
require __DIR__ . '/fpm.inc';
if (php_fpm() === null || trim((string) shell_exec('command -v cgi-fcgi')) === '') {
    die('skip needs the php-fpm of this PHP, and cgi-fcgi');
}
if (ini_get('extension') === '' && !getenv('FACTEUR_PHP_EXTENSION')) {
    die('skip needs FACTEUR_PHP_EXTENSION, the path of facteur.so');
}
?>
--INI--
pcre.jit=0
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/fpm.inc';
$extension = getenv('FACTEUR_PHP_EXTENSION');
$folder = sys_get_temp_dir() . '/facteur-fpm-' . getmypid();
mkdir($folder, 0700);

$server = new TestServer('--implicit-tls', '--auth', 'ana:hunter2');
file_put_contents("$folder/php.ini", <<<INI
    extension=$extension
    facteur.dsn="{$server->dsn('implicit', 'ana:hunter2')}"
    facteur.ca_file="{$server->facts['ca_file']}"
    facteur.default_from="shop@example.com"
    INI);
file_put_contents("$folder/fpm.conf", <<<CONF
    [global]
    error_log = $folder/fpm.log
    pid = $folder/fpm.pid
    daemonize = no
    process_control_timeout = 10s
    [www]
    listen = $folder/fpm.sock
    pm = static
    pm.max_children = 1
    clear_env = yes
    CONF);
copy(__DIR__ . '/letters.inc', "$folder/letters.inc");
file_put_contents("$folder/page.php", <<<'PAGE'
    <?php
    require __DIR__ . '/letters.inc';
    $receipt = facteur_send_order_confirmation(an_order());
    printf("pid=%d status=%s connected=%s\n", getmypid(), $receipt->status, json_encode(isset($receipt->timings['connect'])));
    PAGE);
/* The callable is the request's, the token the worker's. */
$oauth = new TestServer('--plain', '--token', 'ana:t0k3n', '--mechanisms', 'XOAUTH2');
file_put_contents("$folder/token.php", sprintf(<<<'PAGE'
    <?php
    $asked = 0;
    $token = function () use (&$asked) {
        $asked++;
        return ['t0k3n', 3600];
    };
    $mailer = new Facteur\Mailer('%s', username: 'ana', token: $token, max_mails: 2);
    $receipt = $mailer->send(new Facteur\Message(from: 'shop@example.com', to: 'zoe@example.net', subject: 's', text: 't'));
    echo "asked=$asked status=$receipt->status\n";
    PAGE, $oauth->dsn('plain')));
file_put_contents("$folder/info.php", '<?php phpinfo();');

$process = proc_open([php_fpm(), '-c', "$folder/php.ini", '-y', "$folder/fpm.conf", '-R', '-F'],
    [0 => ['file', '/dev/null', 'r'], 1 => ['file', "$folder/out", 'w'], 2 => ['file', "$folder/err", 'w']], $pipes);

function page(string $name): string
{
    global $folder;
    $pipe = proc_open(['cgi-fcgi', '-bind', '-connect', "$folder/fpm.sock"], [0 => ['file', '/dev/null', 'r'], 1 => ['pipe', 'w']], $pipes, null,
        ['SCRIPT_FILENAME' => "$folder/$name.php", 'REQUEST_METHOD' => 'GET', 'PATH' => getenv('PATH')]);
    $answer = stream_get_contents($pipes[1]);
    proc_close($pipe);
    return trim(explode("\r\n\r\n", $answer, 2)[1] ?? $answer);
}

for ($until = microtime(true) + 20; !file_exists("$folder/fpm.sock") && microtime(true) < $until;) {
    usleep(20000);
}
$first = page('page');
$second = page('page');
echo preg_replace('/pid=\d+ /', '', "$first\n$second\n");
var_dump(strtok($first, ' ') === strtok($second, ' '));
echo $server->count('mails', 'connections', 'handshakes_full', 'handshakes_resumed', 'auths', 'violations'), "\n";
echo page('token'), "\n", page('token'), "\n";
$oauth->script(['on' => 'auth', 'reply' => '535 5.7.8 expired', 'times' => 1]);
echo page('token'), "\n", $oauth->count('mails', 'connections', 'auths', 'violations'), "\n";
$info = page('info');
var_dump(str_contains($info, 'facteur.dsn'), str_contains($info, 'hunter2'));
/* SIGQUIT: each worker ends what it is at, and goes in good order. */
proc_terminate($process, 3);
proc_close($process);
$server->order('wait', ['until' => ['quit' => 1, 'open' => 0], 'timeout' => 10]);
echo $server->count('quit', 'violations'), "\n";
if (!str_contains($first, 'sent')) {
    readfile("$folder/err");
    readfile("$folder/fpm.log");
}
?>
--CLEAN--
<?php
foreach (glob(sys_get_temp_dir() . '/facteur-fpm-*') as $folder) {
    array_map('unlink', glob("$folder/*"));
    @rmdir($folder);
}
?>
--EXPECT--
status=sent connected=true
status=sent connected=false
bool(true)
mails=2 connections=1 handshakes_full=1 handshakes_resumed=0 auths=1 violations=[]
asked=1 status=sent
asked=0 status=sent
asked=1 status=sent
mails=3 connections=3 auths=2 violations=[]
bool(true)
bool(false)
quit=1 violations=[]
