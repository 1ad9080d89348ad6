--TEST--
Letters: the merchant's name is kept, a stranger's with a link is not; a site's own words
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
foreach (['Booking.com', 'E.Leclerc', 'Dr.Martens', 'Marks @ Home'] as $own) {
    $raw = Facteur\order_confirmation(an_order(['merchant' => ['name' => $own, 'email' => 'shop@example.com']]), locale: 'en')->toString();
    preg_match('/^From: .*?(?=\r\n)/m', $raw, $from);
    echo $from[0], str_contains($raw, "Subject: Your order 1042 at $own\r\n") ? " ok\n" : " lost\n";
}
$mailer = new Facteur\Mailer('memory://', default_from: 'shop@example.com', contact_to: 'desk@example.com');
foreach (['J.R.R. Tolkien', 'evilé.com', 'казино.рф', '例え.jp', 'http:// evil . com', 'Müller GmbH & Co.KG'] as $name) {
    $receipt = $mailer->sendOrderConfirmation(an_order(['customer' => ['name' => $name, 'email' => 'ana@example.com']]), locale: 'en');
    $receipts[] = $receipt;
    printf("%s: %d\n", $name, count($receipt->notes));
    $raw = Facteur\contact_form(a_form(['name' => $name]), to: 'desk@example.com', from: 'shop@example.com')->toString();
    echo preg_match('/^Reply-To: zoe@example\.com\r$/m', $raw) ? "no name\n" : "a name\n";
}
echo $receipts[1]->notes[0], "\n";
$raw = fn (mixed ...$named) => Facteur\order_confirmation(an_order(), ...($named + ['locale' => 'en']))->toString();
var_dump(str_contains($raw(), 'Just reply'), str_contains($raw(words: ['order_questions' => '']), 'Just reply'),
    str_contains($raw(words: []), 'Just reply'), str_contains($raw(from: 'noreply@example.com'), 'Just reply'),
    str_contains($raw(words: ['order_subject' => 'Merci']), "Subject: Merci\r\n"));
thrown(fn () => $raw(words: ['order_question' => '']));
?>
--EXPECT--
From: "Booking.com" <shop@example.com> ok
From: "E.Leclerc" <shop@example.com> ok
From: "Dr.Martens" <shop@example.com> ok
From: "Marks @ Home" <shop@example.com> ok
J.R.R. Tolkien: 0
a name
evilé.com: 1
no name
казино.рф: 1
no name
例え.jp: 1
no name
http:// evil . com: 1
no name
Müller GmbH & Co.KG: 0
a name
customer.name: has a link, so no header field and no greeting has it
bool(true)
bool(false)
bool(true)
bool(false)
bool(true)
Facteur\MessageError EMESSAGE -3 [words.order_question] words.order_question: unknown text; did you mean "order_questions"?
