--TEST--
Mailer: close() lets go; later calls throw Error
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
$mailer = new Facteur\Mailer('memory://', default_from: 'shop@example.com');
$other = new Facteur\Mailer('null://');
$same = new Facteur\Mailer('null://');
$mailer->send(a_message());
$mailer->close();
$mailer->close();
thrown(fn () => $mailer->send(a_message()));
thrown(fn () => $mailer->sendOrderConfirmation(an_order()));
thrown(fn () => $mailer->sendContactForm(a_form()));
thrown(fn () => $mailer->check());
thrown(fn () => $mailer->captured());
thrown(fn () => $mailer->clearCaptured());
echo $mailer->name, "\n";
$other->close();
var_dump($same->send(a_message())->ok, (new Facteur\Mailer('null://'))->send(a_message())->ok);

/* User code that closes the mailer while it is read. */
$mailer = new Facteur\Mailer('memory://', default_from: 'shop@example.com');
final class Closing implements JsonSerializable
{
    public function __construct(private Facteur\Mailer $mailer) {}
    public function jsonSerialize(): mixed
    {
        $this->mailer->close();
        return '1042';
    }
}
thrown(fn () => $mailer->sendOrderConfirmation(an_order(['number' => new Closing($mailer)])));
?>
--EXPECT--
Facteur\Error ECLOSED -4 [] the mailer is closed
Facteur\Error ECLOSED -4 [] the mailer is closed
Facteur\Error ECLOSED -4 [] the mailer is closed
Facteur\Error ECLOSED -4 [] the mailer is closed
Facteur\Error ECLOSED -4 [] the mailer is closed
Facteur\Error ECLOSED -4 [] the mailer is closed
memory://
bool(true)
bool(true)
Facteur\Error ECLOSED -4 [] the mailer is closed
