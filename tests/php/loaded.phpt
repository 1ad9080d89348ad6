--TEST--
The extension: version, classes, functions
--EXTENSIONS--
facteur
--FILE--
<?php
var_dump(extension_loaded('facteur'), Facteur\version() === phpversion('facteur'));
$extension = new ReflectionExtension('facteur');
foreach ($extension->getClasses() as $class) {
    $parent = $class->getParentClass();
    printf("%s%s%s%s\n", $class->isFinal() ? 'final ' : '', $class->name, $parent ? " < $parent->name" : '',
        $class->isCloneable() ? '' : ' (not cloneable)');
    foreach ($class->getProperties() as $property) {
        if ($property->class === $class->name && !$property->isReadOnly()) {
            echo "  $property->name is not readonly\n";
        }
    }
}
echo implode("\n", array_keys($extension->getFunctions())), "\n";
?>
--EXPECT--
bool(true)
bool(true)
Facteur\Error < Exception (not cloneable)
Facteur\SendError < Facteur\Error (not cloneable)
Facteur\TemporaryError < Facteur\SendError (not cloneable)
Facteur\ConfigError < Facteur\Error (not cloneable)
Facteur\MessageError < Facteur\Error (not cloneable)
Facteur\ConnectError < Facteur\TemporaryError (not cloneable)
Facteur\TLSError < Facteur\TemporaryError (not cloneable)
Facteur\AuthError < Facteur\TemporaryError (not cloneable)
Facteur\DeadlineError < Facteur\TemporaryError (not cloneable)
Facteur\PermanentError < Facteur\SendError (not cloneable)
Facteur\InDoubtError < Facteur\SendError (not cloneable)
final Facteur\Mailer (not cloneable)
final Facteur\Message (not cloneable)
final Facteur\Attachment
final Facteur\Receipt
final Facteur\Receipts (not cloneable)
final Facteur\Reply
final Facteur\Outbox
facteur_send_letter
facteur_send_order_confirmation
facteur_send_contact_form
Facteur\address_check
Facteur\letter
Facteur\letter_kinds
Facteur\order_confirmation
Facteur\contact_form
Facteur\version
