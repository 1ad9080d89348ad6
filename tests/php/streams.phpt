--TEST--
Attachment::fromStream(): a copy made at once, in pieces; alternatives and priority
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
memory_limit=16M
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\Attachment;

/** The bytes of the one attachment, as they were given. */
function attached(Attachment ...$attachments): string
{
    preg_match('/filename="[^\r]*\r\n\r\n((?:[A-Za-z0-9+\/=]{1,76}\r\n)+)/', a_message(attachments: $attachments)->toString(), $match);
    return base64_decode($match[1]);
}

$source = fopen('php://memory', 'w+b');
fwrite($source, $data = 'head' . random_bytes(100000));
fseek($source, 4);
$attachment = Attachment::fromStream($source, 'facture.pdf');
ftruncate($source, 0);
fclose($source);
// Twice: a message takes nothing away from the attachment.
var_dump(attached($attachment) === substr($data, 4), attached($attachment) === substr($data, 4));
var_dump($attachment->data, $attachment->path, $attachment->name, isset($attachment->stream));
thrown(fn () => Attachment::fromStream(fopen('php://output', 'w')));
thrown(fn () => Attachment::fromStream('text'));
thrown(fn () => Attachment::fromStream(stream_context_create()));
thrown(fn () => Attachment::fromStream(fopen('php://memory', 'r'), inline: true));

// 25 MB: neither PHP's memory nor the process's grows with it.
function peak(): int
{
    preg_match('/VmHWM:\s+(\d+)/', file_get_contents('/proc/self/status'), $match);
    return (int) $match[1];
}
$big = tmpfile();
ftruncate($big, 25 << 20);
file_put_contents('/proc/self/clear_refs', '5');
$before = peak();
$attachment = Attachment::fromStream($big, 'big.bin');
$message = a_message(attachments: [$attachment]);
$grown = peak() - $before;
var_dump($grown < 4096 ?: $grown, memory_get_peak_usage() < 4 << 20);

$bytes = a_message(html: '<p>', priority: 'high', alternatives: [
    'text/calendar' => "BEGIN:VCALENDAR\nMETHOD:REQUEST\nEND:VCALENDAR\n",
    ['text/x-amp-html', '<!doctype html>'],
])->toString();
preg_match_all('/^(?:Content-Type: (?!mult)|X-P|Importance|Priority).*$/m', $bytes, $lines);
echo implode("\n", $lines[0]), "\n";
thrown(fn () => a_message(priority: 'urgent'));
thrown(fn () => a_message(alternatives: ['text/html' => 'x']));
thrown(fn () => a_message(alternatives: ['text/x' => 1]));
thrown(fn () => a_message(alternatives: [['text/x']]));
thrown(fn () => a_message(alternatives: ["text/x\0" => 'x']));
?>
--EXPECT--
bool(true)
bool(true)
NULL
NULL
string(11) "facture.pdf"
bool(false)
Facteur\MessageError EIO -5 [stream] stream: the stream cannot be read to its end
TypeError Facteur\Attachment::fromStream(): Argument #1 ($stream) must be of type resource, string given
TypeError Facteur\Attachment::fromStream(): supplied resource is not a valid stream resource
Facteur\MessageError EMESSAGE -3 [inline] inline: true takes the name as content id, and there is no name
bool(true)
bool(true)
X-Priority: 1
Importance: high
Priority: urgent
Content-Type: text/plain; charset=utf-8
Content-Type: text/x-amp-html; charset=utf-8
Content-Type: text/html; charset=utf-8
Content-Type: text/calendar; method=REQUEST; charset=utf-8
Facteur\MessageError EMESSAGE -3 [priority] priority: a priority is "high", "normal" or "low"
Facteur\MessageError EMESSAGE -3 [alternatives] alternatives: the plain text and the HTML are the fields text and html
Facteur\MessageError EMESSAGE -3 [alternatives] alternatives: expected the content as a text, got int
Facteur\MessageError EMESSAGE -3 [alternatives] alternatives: expected a list of [type, content], got array
Facteur\MessageError EMESSAGE -3 [alternatives] alternatives: the text has the control character 0x00
