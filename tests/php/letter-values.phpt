--TEST--
Letters: dates, enums, Stringable and JsonSerializable objects in an order; hostile bytes in a form
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
enum Currency: string
{
    case Euro = 'EUR';
}
final class Money
{
    public function __construct(private int $cents) {}
    public function __toString(): string
    {
        return sprintf('%d.%02d', intdiv($this->cents, 100), $this->cents % 100);
    }
}
final class Customer implements JsonSerializable
{
    public function jsonSerialize(): mixed
    {
        return ['name' => 'Zoë Martin', 'email' => new class { public function __toString(): string { return 'zoe@example.com'; } }];
    }
}
$item = new stdClass;
$item->name = 'Lampe en chêne';
$item->quantity = 2;
$item->unit_price = '89.00';
$order = an_order([
    'currency' => Currency::Euro,
    'date' => new DateTimeImmutable('2026-11-23T09:30:00+01:00'),
    'customer' => new Customer,
    'items' => [$item, ['name' => 'Câble', 'quantity' => 1, 'unit_price' => new Money(450)]],
]);
$plain = an_order([
    'date' => '2026-11-23T09:30:00+01:00',
    'items' => [['name' => 'Lampe en chêne', 'quantity' => 2, 'unit_price' => '89.00'], ['name' => 'Câble', 'quantity' => 1, 'unit_price' => '4.50']],
]);
$fixed = ['from' => 'shop@example.com', 'message_id' => 'a@example.com', 'date' => '2026-11-23T10:00:00Z'];
var_dump(Facteur\order_confirmation($order, $fixed)->toString() === Facteur\order_confirmation($plain, $fixed)->toString());
var_dump($order['customer'] instanceof Customer, $item->quantity);

$mailer = new Facteur\Mailer('memory://', default_from: 'shop@example.com', contact_to: 'team@example.com');
$receipt = $mailer->sendContactForm(a_form(['name' => "M\xfcller", 'message' => "caf\xe9 \u{1f600}\r\n.\r\nRCPT TO:<x@example.com>"]));
var_dump($receipt->status, $mailer->captured()[0]['recipients'], $receipt->notes);
var_dump(Facteur\contact_form(a_form(['message' => "caf\xe9"]), $fixed + ['to' => 'team@example.com'])->notes());
var_dump(Facteur\contact_form(a_form(), $fixed + ['to' => 'team@example.com'])->notes());
?>
--EXPECT--
bool(true)
bool(true)
int(2)
string(4) "sent"
array(1) {
  [0]=>
  string(16) "team@example.com"
}
array(1) {
  [0]=>
  string(59) "the data had broken characters or NULs, which were replaced"
}
array(1) {
  [0]=>
  string(59) "the data had broken characters or NULs, which were replaced"
}
array(0) {
}
