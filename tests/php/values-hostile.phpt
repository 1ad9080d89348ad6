--TEST--
What a stranger serialised, or wrote as JSON, is refused, and breaks nothing
--EXTENSIONS--
facteur
--INI--
pcre.jit=0
error_reporting=0
--FILE--
<?php
use Facteur\{Attachment, Mailer, Message, MessageError};

$message = new Message(from: 'a@example.com', to: ['b@example.net' => 'B'], text: 'x', tags: 't', attachments: [new Attachment('hi', 'a')]);
try {
    (new Mailer('smtp://127.0.0.1:1'))->send($message);
} catch (Facteur\SendError $caught) {
    $error = $caught;
}
$things = [$message, $message->attachments[0], $error->receipt, $error->receipt->reply, $error];

// Whatever comes out of it is used as a program would.
function look(mixed $thing): void
{
    json_encode($thing);
    serialize($thing);
    ob_start();
    var_dump($thing);
    ob_end_clean();
    if ($thing instanceof Message) {
        $thing->subject . count($thing->attachments) . strlen($thing->toString());
    } elseif ($thing instanceof Attachment) {
        (new Message(from: 'a@example.com', to: 'b@example.net', attachments: [$thing]))->toString();
    } elseif ($thing instanceof Facteur\Receipt) {
        $thing->later();
    }
}

mt_srand(12);
$refused = $taken = 0;
foreach ($things as $thing) {
    $whole = serialize($thing);
    for ($i = 0; $i < 1500; $i++) {
        $broken = $whole;
        for ($n = mt_rand(1, 3); $n > 0; $n--) {
            $at = mt_rand(0, strlen($broken) - 1);
            $broken = match (mt_rand(0, 3)) {
                0 => substr_replace($broken, chr(mt_rand(0, 255)), $at, 1),
                1 => substr($broken, 0, $at),
                2 => substr_replace($broken, ['i:1', 'N', 'a:0:{}', 's:1:"x"', 'b:1', 'R:1', 'r:1'][mt_rand(0, 6)], $at, 0),
                3 => preg_replace('/(s:\d+:"\w+";)[^;]+;/', '$1' . ['i:7;', 'N;', 'a:0:{}', 'd:1;', 'O:8:"stdClass":0:{}'][mt_rand(0, 4)], $broken, 1),
            };
            if ($broken === '') {
                break;
            }
        }
        try {
            $made = unserialize($broken, ['max_depth' => 64]);
            look($made);
            $made === false ? $refused++ : $taken++;
        } catch (\Throwable) {
            $refused++;
        }
    }
}
var_dump($refused > 4000, $taken > 100);

foreach (['Message', 'Attachment', 'Receipt', 'Error', 'PermanentError'] as $class) {
    $name = "Facteur\\$class";
    foreach (['a:0:{}', 'a:1:{s:4:"json";i:1;}', 'a:1:{s:4:"json";s:2:"[]";}', 'a:1:{i:0;R:1;}'] as $data) {
        try {
            $made = unserialize(sprintf('O:%d:"%s":%s', strlen($name), $name, substr($data, 2)));
            echo "$class: taken\n";
        } catch (MessageError) {
        }
    }
}
// A reply that says nothing is none, and neither is the receipt around it.
$whole = serialize($error->receipt);
$reply = serialize($error->receipt->reply);
try {
    unserialize(str_replace($reply, 'O:13:"Facteur\Reply":0:{}', $whole));
    echo "a reply without a code: taken\n";
} catch (MessageError) {
}
foreach (['', '{', '[]', '{"subjct":1}', '{"bytes":"!"}', '{"attachments":[{"path":"/nonexistent"}]}'] as $json) {
    try {
        Message::fromJson($json);
        echo "taken\n";
    } catch (MessageError $error) {
        echo $error->where, ' ';
    }
}
// Made once, an object is not made again.
foreach ($things as $thing) {
    if (method_exists($thing, '__unserialize') && !$thing instanceof \Exception) {
        try {
            $thing->__unserialize($thing->__serialize());
            echo "twice\n";
        } catch (\Error $error) {
            echo get_class($error), ' ';
        }
    }
}
?>
--EXPECT--
bool(true)
bool(true)
   subjct bytes attachments[0] Error Error Error
