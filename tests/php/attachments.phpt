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
thrown(fn () => a_message(attachments: [Attachment::fromPath('missing.pdf')]));
$mailer = new Facteur\Mailer('memory://', default_from: 'shop@example.com');
$letter = fn () => $mailer->sendOrderConfirmation(an_order(), attachments: [Attachment::fromPath('missing.pdf')]);
echo $letter()->status, ' ', $letter()->error_code, "\n";
file_put_contents("$folder/missing.pdf", 'x');
echo $letter()->status, "\n";
unlink("$folder/missing.pdf");
thrown(fn () => a_message(attachments: [Attachment::fromPath($folder)])->toString());
thrown(fn () => Attachment::fromPath("a\0b"));
foreach (["a\0b.pdf", "a\r\nb.pdf", "half \xf0\x9f\x93.pdf", "R\xe9sum\xe9.pdf"] as $name) {
    $message = a_message(attachments: [new Attachment('x', name: $name)]);
    echo implode(' ', $message->notes()), "\n", json_decode(json_encode($message), true)['attachments'][0]['name'], "\n";
}
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
Facteur\MessageError EIO -5 [attachments] attachments: cannot read "%smissing.pdf": No such file or directory
temporary EIO
sent
Facteur\MessageError EIO -5 [%s] %s
ValueError Facteur\Attachment::fromPath(): Argument #1 ($path) must not contain any null bytes
attachments[0].name: broken and control characters were replaced
a b.pdf
attachments[0].name: broken and control characters were replaced
a b.pdf
attachments[0].name: broken and control characters were replaced
half �.pdf
attachments[0].name: broken and control characters were replaced
R�sum�.pdf
Facteur\MessageError EMESSAGE -3 [%s] %s
Facteur\MessageError EMESSAGE -3 [data] data: expected either data or path
Error Facteur\Attachment is constructed already
Error Cannot modify readonly property Facteur\Attachment::$data
Facteur\MessageError EIO -5 [%s] %s
