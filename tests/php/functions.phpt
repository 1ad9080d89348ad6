--TEST--
The functions: compose and send with the default mailer
--EXTENSIONS--
facteur
--ENV--
FACTEUR_DSN=
--INI--
pcre.jit=0
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\{Attachment, Mailer};
use function Facteur\{contact_form, order_confirmation};

thrown(fn () => facteur_send_order_confirmation(an_order(), ['from' => 'shop@example.com']));
$message = order_confirmation(an_order(), from: 'shop@example.com', message_id: 'a@example.com', date: new DateTime('2026-11-23T10:00:00+01:00'));
$again = order_confirmation(json_encode(an_order()), ['from' => 'x@example.com', 'message_id' => 'a@example.com'], from: 'shop@example.com', date: '2026-11-23T10:00:00+01:00', to: null);
var_dump($message->toString() === $again->toString(), str_contains($message->toString(), 'Message-ID: <a@example.com>'));

putenv('FACTEUR_DSN=null://?default_from=shop@example.com&contact_to=team@example.com');
$receipt = facteur_send_order_confirmation(an_order(), ['to' => 'other@example.com']);
var_dump($receipt->status, $receipt->accepted);
$receipt = facteur_send_contact_form(a_form(), deadline: 2.5);
var_dump($receipt->status, $receipt->accepted);
$form = contact_form(a_form(), attachments: [new Attachment('data', 'photo.jpg')])->toString();
var_dump((bool) preg_match('/^Reply-To: .*zoe@example\.com/m', $form), (bool) preg_match('/^From: .*zoe/m', $form), str_contains($form, 'image/jpeg'));

$fixed = ['message_id' => 'a@example.com', 'date' => '2026-11-23T10:00:00+01:00', 'to' => 'b@example.com'];
foreach (['order_confirmation' => an_order(), 'contact_form' => a_form()] as $kind => $data) {
    var_dump(Facteur\letter($kind, $data, $fixed)->toString() === ("Facteur\\$kind")($data, $fixed)->toString());
    var_dump(facteur_send_letter($kind, json_encode($data), $fixed, to: 'c@example.com')->accepted,
        (new Mailer('null://'))->sendLetter(kind: $kind, data: $data, options: $fixed, from: 'd@example.com')->status);
}
echo implode(' ', Facteur\letter_kinds()), "\n";

thrown(fn () => facteur_send_letter('order_confirmatoin', an_order()));
thrown(fn () => (new Mailer('null://'))->sendLetter('contact', a_form()));
thrown(fn () => Facteur\letter("contact_form\0", a_form()));
thrown(fn () => Facteur\letter(a_form()));
thrown(fn () => Facteur\letter('contact_form', a_form(), [], 'fourth'));
thrown(fn () => Facteur\letter('contact_form', a_form(), locale: 'not a locale'));
thrown(fn () => facteur_send_contact_form(a_form(), [], 'third'));
thrown(fn () => (new Mailer('null://'))->sendContactForm(a_form(), [], 'third'));
thrown(fn () => facteur_send_contact_form(a_form(), ['to']));
thrown(fn () => facteur_send_contact_form(a_form(), locle: 'fr'));
thrown(fn () => facteur_send_contact_form(a_form(), deadline: 'x'));
thrown(fn () => facteur_send_contact_form(a_form(), deadline: -1));
thrown(fn () => facteur_send_contact_form(a_form(), attachments: 'x'));
thrown(fn () => facteur_send_contact_form(a_form(), attachments: [new stdClass]));
thrown(fn () => facteur_send_contact_form(new stdClass));
?>
--EXPECTF--
Facteur\ConfigError ECONFIG -2 [dsn] %s
bool(true)
bool(true)
string(4) "sent"
array(1) {
  [0]=>
  string(17) "other@example.com"
}
string(4) "sent"
array(1) {
  [0]=>
  string(16) "team@example.com"
}
bool(true)
bool(false)
bool(true)
bool(true)
array(1) {
  [0]=>
  string(13) "c@example.com"
}
string(4) "sent"
bool(true)
array(1) {
  [0]=>
  string(13) "c@example.com"
}
string(4) "sent"
contact_form order_confirmation
Facteur\MessageError EMESSAGE -3 [kind] %Sno letter is called "order_confirmatoin" (did you mean "order_confirmation"?); known are contact_form, order_confirmation
Facteur\MessageError EMESSAGE -3 [kind] %Sno letter is called "contact"; known are contact_form, order_confirmation
ValueError Facteur\letter(): Argument #1 ($kind) must not contain any null bytes
ArgumentCountError Facteur\letter() expects at least 2 arguments, 1 given
ArgumentCountError Facteur\letter() expects at most 3 arguments, 4 given
Facteur\MessageError EMESSAGE -3 [locale] %Sexpected a locale such as "fr-FR", got "not a locale"
ArgumentCountError facteur_send_contact_form() expects at most 2 arguments, 3 given
ArgumentCountError Facteur\Mailer::sendContactForm() expects at most 2 arguments, 3 given
Facteur\MessageError EMESSAGE -3 [] options are named: ['locale' => 'fr']
Facteur\MessageError EMESSAGE -3 [%Slocle] %s
Facteur\MessageError EMESSAGE -3 [deadline] deadline: expected a number of seconds, 0 or more
Facteur\MessageError EMESSAGE -3 [deadline] deadline: expected a number of seconds, 0 or more
Facteur\MessageError EMESSAGE -3 [attachments] attachments: expected a list of Facteur\Attachment, got string
Facteur\MessageError EMESSAGE -3 [attachments[0]] attachments[0]: expected a Facteur\Attachment (of a file: Attachment::fromPath()), got stdClass
TypeError facteur_send_contact_form(): Argument #1 ($form) must be of type array|string, stdClass given
