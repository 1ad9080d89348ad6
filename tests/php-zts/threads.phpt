--TEST--
Threads: requests beside each other over one pool, each with its own directory, callables and exits
--EXTENSIONS--
facteur
--SKIPIF--
<?php
if (!getenv('FACTEUR_PHP_THREADS') || !getenv('FACTEUR_PHP_EXTENSION')) {
    die('skip needs FACTEUR_PHP_THREADS, the program of threads.c, and FACTEUR_PHP_EXTENSION');
}
?>
--FILE--
<?php
require __DIR__ . '/server.inc';
const THREADS = 8, REQUESTS = 12, GENERATIONS = 3;

$server = new TestServer('--implicit-tls', '--auth', 'ana:hunter2', '--token', 'ben:t0k3n', '--mechanisms', 'PLAIN,OAUTHBEARER');
$folder = sys_get_temp_dir() . '/facteur-threads-' . getmypid();
/* The working directories of the threads; that of the process is another. */
for ($i = 0; $i < THREADS; $i++) {
    mkdir("$folder/$i", 0700, true);
    copy($server->facts['ca_file'], "$folder/$i/ca.pem");
    file_put_contents("$folder/$i/password", 'hunter2');
    chmod("$folder/$i/password", 0600);
    file_put_contents("$folder/$i/invoice.txt", "invoice of $i\n");
}
$threads = proc_open(
    [getenv('FACTEUR_PHP_THREADS'), getenv('FACTEUR_PHP_EXTENSION'), __DIR__ . '/page.inc', (string) THREADS, (string) REQUESTS, (string) GENERATIONS],
    [0 => ['file', '/dev/null', 'r'], 1 => ['pipe', 'w'], 2 => ['redirect', 1]],
    $pipes,
    '/',
    ['FACTEUR_FOLDER' => $folder, 'FACTEUR_PORT' => (string) $server->facts['ports']['implicit'], 'FACTEUR_CA' => $server->facts['ca_file']],
);
$lines = explode("\n", trim(stream_get_contents($pipes[1])));
var_dump(proc_close($threads));

/* What was asked of each page is in its line; anything else is an error. */
$told = array_count_values(array_map(fn ($line) => preg_replace('/^\d+\.\d+ /', '', $line), $lines));
ksort($told);
foreach ($told as $line => $count) {
    printf("%4d x %s\n", $count, $line);
}
var_dump(count($lines) === THREADS * REQUESTS * GENERATIONS);

/* Each mail once, and from the thread that it says. */
$subjects = $wrong = [];
foreach ($server->mails() as $mail) {
    $bytes = base64_decode($mail['bytes']);
    preg_match('/^Subject: ((\d+)\.\S+)/m', $bytes, $match);
    $subjects[] = $match[1];
    if (str_contains($bytes, 'invoice') && !str_contains($bytes, base64_encode("invoice of $match[2]\n")) && !str_contains($bytes, "invoice of $match[2]\r\n")) {
        $wrong[] = $match[1];
    }
}
var_dump(count($subjects) === count(array_unique($subjects)), $wrong);
$server->order('wait', ['until' => ['open' => 0], 'timeout' => 10]);
$stats = $server->order('stats')['stats'];
/* Two for all threads, one for the paths of each, and one for each mail with a token; all say goodbye. */
var_dump($stats['connections'] <= 2 + THREADS + $told['token sent'], $stats['quit'] === $stats['connections'], $stats['violations']);
?>
--CLEAN--
<?php
foreach (glob(sys_get_temp_dir() . '/facteur-threads-*') as $folder) {
    array_map('unlink', glob("$folder/*/*"));
    array_map('rmdir', glob("$folder/*"));
    @rmdir($folder);
}
?>
--EXPECT--
int(0)
  48 x ended in the callable
  48 x left sent
  48 x many 20 sent
  48 x relative sent
  48 x sent sent
  48 x token sent
bool(true)
bool(true)
array(0) {
}
bool(true)
bool(true)
array(0) {
}
