--TEST--
Message: what cannot be on the wire is a MessageError that names the field
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
use Facteur\{Mailer, Message};
thrown(fn () => new Message(from: "a@example.com\r\nBcc: x@example.com"));
thrown(fn () => new Message(to: ["a\n@example.com" => 'A']));
thrown(fn () => new Message(to: [12]));
thrown(fn () => new Message(to: ['a@example.com' => []]));
thrown(fn () => new Message(to: ['Ana' => 'ana@example.com']));
thrown(fn () => new Message(to: 'no address'));
var_dump(str_contains(a_message(headers: ['X-A' => "a\r\nX-B: b"])->toString(), "\nX-B"));
thrown(fn () => new Message(headers: ['X A' => 'a']));
thrown(fn () => new Message(headers: ['Subject' => 'a']));
thrown(fn () => new Message(headers: ['a']));
thrown(fn () => new Message(headers: ["X\0Y" => 'a']));
thrown(fn () => new Message(headers: ['X-A' => [[]]]));
thrown(fn () => new Message(attachments: ['file.pdf']));
thrown(fn () => new Message(message_id: 'no id'));
thrown(fn () => new Message(date: 'yesterday'));
thrown(fn () => new Message(references: [1]));
thrown(fn () => new Message(text: "\xff"));
thrown(fn () => new Message(subject: []));
thrown(fn () => new Message(form: 'x'));
thrown(fn () => new Message(to: 'a@example.com', body: 'x'));
thrown(fn () => new Message(to: 'a@example.com', htmlBody: 'x', text: 'x'));
thrown(fn () => new Message(to: 'a@example.com', xyzzyxyzzy: 'x'));
thrown(fn () => new Message(to: 'Zoe, Martin <zoe@example.com>'));
thrown(fn () => new Message(to: ['address' => 'a@example.com', 'label' => 'A']));
thrown(fn () => new Message(to: [['address' => 'a@example.com', 'label' => 'A']]));
thrown(fn () => new Message(to: [['name' => 'A']]));
thrown(fn () => (new Message(to: 'a@example.com'))->toString());
$mailer = new Mailer('memory://');
thrown(fn () => $mailer->send(new Message(from: 'a@example.com', text: 'x')));
thrown(fn () => $mailer->send(new Message(to: 'a@example.com', text: 'x')));
thrown(fn () => $mailer->send(a_message(), -1.0));
thrown(fn () => $mailer->send(a_message(), NAN));
thrown(fn () => $mailer->send('text'));
$message = a_message();
thrown(fn () => $message->__construct());
thrown(fn () => $message->subject = 'x');
thrown(fn () => clone $message);
echo count($mailer->captured()), "\n";
?>
--EXPECTF--
Facteur\MessageError EMESSAGE -3 [from] %s
Facteur\MessageError EMESSAGE -3 [to] %s
Facteur\MessageError EMESSAGE -3 [to] to: expected addresses as texts, got int
Facteur\MessageError EMESSAGE -3 [to] to: expected the name of an address as a text or null, got array
Facteur\MessageError EMESSAGE -3 [to] to: the address is the key and the name its value: ['ana@example.com' => 'Ana']
Facteur\MessageError EMESSAGE -3 [to] %s
bool(false)
Facteur\MessageError EMESSAGE -3 [%s] %s
Facteur\MessageError EMESSAGE -3 [%s] %s
Facteur\MessageError EMESSAGE -3 [headers] headers: expected names: ['X-Shop' => '12']
Facteur\MessageError EMESSAGE -3 [headers] headers: the text has the control character 0x00
Facteur\MessageError EMESSAGE -3 [headers] headers: expected a text, or a list of texts, got array
Facteur\MessageError EMESSAGE -3 [attachments[0]] attachments[0]: expected a Facteur\Attachment (of a file: Attachment::fromPath()), got string
Facteur\MessageError EMESSAGE -3 [message_id] %s
Facteur\MessageError EMESSAGE -3 [date] %s
Facteur\MessageError EMESSAGE -3 [references] references: expected texts, got int
Facteur\MessageError EMESSAGE -3 [text] %s
TypeError Facteur\Message::__construct(): Argument #3 ($subject) must be of type ?string, array given
Facteur\MessageError EMESSAGE -3 [form] form: a message has no field "form", did you mean "from"?
Facteur\MessageError EMESSAGE -3 [body] body: a message has no field "body", did you mean "text" (or "html" if it is HTML)?
Facteur\MessageError EMESSAGE -3 [htmlBody] htmlBody: a message has no field "htmlBody", did you mean "html"?
Facteur\MessageError EMESSAGE -3 [xyzzyxyzzy] xyzzyxyzzy: a message has no field "xyzzyxyzzy"
Facteur\MessageError EMESSAGE -3 [to] to: expected an address, %s written in quotation marks: "Martin, Zoe" %s
Facteur\MessageError EMESSAGE -3 [to] to: the address is the key and the name its value: ['a@example.com' => 'address']
Facteur\MessageError EMESSAGE -3 [to] to: expected addresses as texts, got array
Facteur\MessageError EMESSAGE -3 [to] to: expected addresses as texts, got array
Facteur\MessageError EMESSAGE -3 [from] %s
Facteur\MessageError EMESSAGE -3 [to] %s
Facteur\MessageError EMESSAGE -3 [from] %s
ValueError Facteur\Mailer::send(): Argument #2 ($deadline) must be a number of seconds, 0 or more
ValueError Facteur\Mailer::send(): Argument #2 ($deadline) must be a number of seconds, 0 or more
TypeError Facteur\Mailer::send(): Argument #1 ($message) must be of type Facteur\Message, string given
Error Facteur\Message is constructed already
Error Cannot create dynamic property Facteur\Message::$subject
Error Trying to clone an uncloneable object of class Facteur\Message
0
