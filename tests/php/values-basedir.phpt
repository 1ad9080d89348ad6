--TEST--
Stored messages name no file that open_basedir hides
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
--FILE--
<?php
use Facteur\{Attachment, Message, MessageError};
$json = ['{"attachments":["/etc/passwd"]}', '{"attachments":[{"path":"/etc/passwd"}]}',
         '{"smime":{"sign":{"certificate_file":"/etc/passwd","key_file":"/etc/passwd"}}}',
         '{"smime":{"sign":{"key_file":"/etc/passwd"},"x":' . str_repeat('[', 80) . str_repeat(']', 80) . '}}',
         '{"smime":"{\"sign\":{\"certificate_file\":\"/etc/passwd\",\"key_file\":\"/etc/passwd\"}}"}'];
$stored = array_map(fn($text) => serialize(Message::fromJson($text)), $json);
$attachment = serialize(Attachment::fromPath('/etc/passwd'));
ini_set('open_basedir', __DIR__);
foreach ($json as $i => $text) {
    foreach ([fn() => Message::fromJson($text), fn() => unserialize($stored[$i])] as $try) {
        try {
            $try();
            echo "taken: $text\n";
        } catch (Facteur\Error $error) {
            echo preg_match('/open_basedir|nested too deeply/', $error->getMessage()) ? '' : $error->getMessage() . "\n";
        }
    }
}
try {
    new Message(attachments: [unserialize($attachment)]);
    echo "attached\n";
} catch (MessageError $error) {
    echo $error->getMessage(), "\n";
}
?>
--EXPECT--
attachments[0]: open_basedir does not allow /etc/passwd
