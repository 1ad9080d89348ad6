--TEST--
Live: a file of 25 MB is streamed, not held in memory, neither PHP's nor the process's
--EXTENSIONS--
facteur
--INI--
memory_limit=1G
pcre.jit=0
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
use Facteur\Attachment;
$slow = getenv('USE_ZEND_ALLOC') === '0'; // under valgrind
$folder = sys_get_temp_dir() . '/facteur-big-' . getmypid();
mkdir($folder);
$path = "$folder/big.bin";
$file = fopen($path, 'w');
for ($i = 0; $i < ($slow ? 2 : 25); $i++) {
    fwrite($file, str_repeat(pack('N', $i), 256 * 1024));
}
fclose($file);

/** Peak resident memory in KiB. */
function peak(): int
{
    preg_match('/VmHWM:\s+(\d+)/', file_get_contents('/proc/self/status'), $match);
    return (int) $match[1];
}
/* In the clear and within TLS; what an earlier peak was is forgotten. */
$server = new TestServer('--plain', '--implicit-tls', '--maildir', $folder);
foreach (['plain', 'implicit'] as $listener) {
    $mailer = $server->mailer($listener, deadline: 60.0);
    $mailer->send(a_message());
    file_put_contents('/proc/self/clear_refs', '5');
    $before = peak();
    var_dump($mailer->send(a_message(attachments: [Attachment::fromPath($path)]))->ok);
    $grown = peak() - $before;
    var_dump($slow || $grown < 4096 ?: $grown, memory_get_peak_usage() < 4 << 20);
}
$parts = explode("\r\n--=_", file_get_contents("$folder/000002.eml"));
$body = strstr($parts[2], "\r\n\r\n");
var_dump(hash('sha256', base64_decode($body)) === hash_file('sha256', $path));
var_dump(max(array_map('strlen', explode("\r\n", $body))));
unset($server);
array_map('unlink', glob("$folder/*"));
rmdir($folder);
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
bool(true)
int(76)
