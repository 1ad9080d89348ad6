--TEST--
Letters: a malformed order or form is a MessageError with its path
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
$mailer = new Facteur\Mailer('memory://', default_from: 'shop@example.com', contact_to: 'team@example.com');
$bad = [
    [],
    an_order(['items' => [['name' => 'a', 'unit_price' => '1.00'], ['name' => 'b', 'unit_price' => 19.9]]]),
    an_order(['total' => 178.0]),
    an_order(['currency' => 'euro']),
    an_order(['itemz' => []]),
    an_order(['items' => 'lamp']),
    an_order(['customer' => null]),
    an_order(['date' => 'yesterday']),
    an_order(['total' => NAN]),
];
foreach ($bad as $order) {
    thrown(fn () => $mailer->sendOrderConfirmation($order));
}
thrown(fn () => $mailer->sendOrderConfirmation('{"number": "1",'));
thrown(fn () => $mailer->sendOrderConfirmation(''));
thrown(fn () => $mailer->sendContactForm([]));
thrown(fn () => $mailer->sendContactForm(a_form(['mesage' => 'x'])));
$loop = an_order();
$loop['notes'] = &$loop;
thrown(fn () => $mailer->sendOrderConfirmation($loop));
$loop['notes'] = &$nothing;
thrown(fn () => $mailer->sendOrderConfirmation(an_order(['notes' => STDOUT])));
enum Plain
{
    case Euro;
}
thrown(fn () => $mailer->sendOrderConfirmation(an_order(['currency' => Plain::Euro])));
thrown(fn () => $mailer->sendOrderConfirmation(an_order(['notes' => new class { public function __toString(): string { throw new DomainException('mine'); } }])));
echo count($mailer->captured()), "\n";
?>
--EXPECTF--
Facteur\MessageError EMESSAGE -3 [%s] %s
Facteur\MessageError EMESSAGE -3 [items[1].unit_price] %sgot 19.9
Facteur\MessageError EMESSAGE -3 [total] %sgot 178%S
Facteur\MessageError EMESSAGE -3 [currency] %s
Facteur\MessageError EMESSAGE -3 [itemz] %s
Facteur\MessageError EMESSAGE -3 [items] %s
Facteur\MessageError EMESSAGE -3 [customer.email] %s
Facteur\MessageError EMESSAGE -3 [date] %s
Facteur\MessageError EMESSAGE -3 [total] total: expected a text, a number, a bool, an array or null, got NAN
Facteur\MessageError EMESSAGE -3 [] %s
Facteur\MessageError EMESSAGE -3 [] %s
Facteur\MessageError EMESSAGE -3 [%s] %s
Facteur\MessageError EMESSAGE -3 [mesage] %s
Facteur\MessageError EMESSAGE -3 [notes] notes: nested too deeply
Facteur\MessageError EMESSAGE -3 [notes] notes: expected a text, a number, a bool, an array or null, got resource
Facteur\MessageError EMESSAGE -3 [currency] currency: expected a backed enum, got Plain
DomainException mine
0
