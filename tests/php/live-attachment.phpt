--TEST--
Live: a file of 25 MB is streamed, not held in memory
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
--FILE--
<?php
require __DIR__ . '/server.inc';
require __DIR__ . '/letters.inc';
use Facteur\Attachment;
$path = sys_get_temp_dir() . '/facteur-big-' . getmypid() . '.bin';
$file = fopen($path, 'w');
for ($i = 0; $i < 25; $i++) {
    fwrite($file, str_repeat(pack('N', $i), 256 * 1024));
}
fclose($file);

/** Peak resident memory in KiB. */
function peak(): int
{
    preg_match('/VmHWM:\s+(\d+)/', file_get_contents('/proc/self/status'), $match);
    return (int) $match[1];
}
$server = new TestServer('--plain');
$mailer = $server->mailer('plain', deadline: 60.0);
$mailer->send(a_message());
$before = peak();
var_dump($mailer->send(a_message(attachments: [Attachment::fromPath($path)]))->ok);
var_dump(getenv('USE_ZEND_ALLOC') === '0' || peak() - $before < 4096);
$mail = base64_decode($server->mails()[1]['bytes']);
preg_match('/\r\n\r\n([A-Za-z0-9+\/]{76}\r\n)/', $mail, $start, PREG_OFFSET_CAPTURE);
$body = strstr(substr($mail, $start[1][1]), "\r\n--", true);
var_dump(hash('sha256', base64_decode($body)) === hash_file('sha256', $path));
unlink($path);
?>
--EXPECT--
bool(true)
bool(true)
bool(true)
