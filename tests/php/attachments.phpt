--TEST--
Attachment: from bytes and from a path, read while the mail is made
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\Attachment;
$folder = sys_get_temp_dir() . '/facteur-' . getmypid();
mkdir($folder);
file_put_contents("$folder/facture.pdf", $data = random_bytes(100000));
chdir($folder);
$path = Attachment::fromPath('facture.pdf');
var_dump($path->path === realpath("$folder/facture.pdf"), $path->data, $path->name);
foreach ([$path, new Attachment($data, 'facture.pdf')] as $attachment) {
    $message = a_message(attachments: [$attachment]);
    $bytes = $message->toString();
    preg_match('/\r\n\r\n((?:[A-Za-z0-9+\/=]{1,76}\r\n){100,})/', $bytes, $match);
    var_dump(base64_decode($match[1]) === $data, (bool) preg_match('#application/pdf; *name=#i', $bytes) || str_contains($bytes, 'application/pdf'));
}
var_dump(Attachment::fromPath('facture.pdf', inline: true)->inline, (new Attachment('x', 'a.png', inline: 'id'))->inline, (new Attachment('x', inline: false))->inline);
thrown(fn () => new Attachment('x', inline: true));
thrown(fn () => new Attachment('x', inline: []));
$copy = unserialize(serialize(clone $path));
var_dump($copy == $path);
thrown(fn () => Attachment::fromPath('missing.pdf'));
thrown(fn () => a_message(attachments: [Attachment::fromPath($folder)])->toString());
thrown(fn () => Attachment::fromPath("a\0b"));
thrown(fn () => new Attachment('x', name: "a\0b"));
thrown(fn () => a_message(attachments: [new Attachment('x', name: "a\r\nb")]));
thrown(fn () => a_message(attachments: [new Attachment('x', type: 'no type')]));
thrown(fn () => a_message(attachments: [unserialize('O:18:"Facteur\Attachment":0:{}')]));
thrown(fn () => $path->__construct('x') ?? $copy->__construct('x'));
thrown(fn () => $path->data = 'x');
unlink("$folder/facture.pdf");
thrown(fn () => a_message(attachments: [$path]));
rmdir($folder);
?>
--EXPECTF--
bool(true)
NULL
string(11) "facture.pdf"
bool(true)
bool(true)
bool(true)
bool(true)
string(11) "facture.pdf"
string(2) "id"
NULL
Facteur\MessageError EMESSAGE -3 [inline] inline: true takes the name as content id, and there is no name
Facteur\MessageError EMESSAGE -3 [inline] inline: expected a content id or a bool, got array
bool(true)
Facteur\MessageError EIO -5 [attachments] %smissing.pdf cannot be read: No such file or directory
Facteur\MessageError EIO -5 [%s] %s
ValueError Facteur\Attachment::fromPath(): Argument #1 ($path) must not contain any null bytes
Facteur\MessageError EMESSAGE -3 [name] name: the text has the control character 0x00
Facteur\MessageError EMESSAGE -3 [%s] %s
Facteur\MessageError EMESSAGE -3 [%s] %s
Facteur\MessageError EMESSAGE -3 [data] data: expected either data or path
Error Facteur\Attachment is constructed already
Error Cannot modify readonly property Facteur\Attachment::$data
Facteur\MessageError EIO -5 [%s] %s
