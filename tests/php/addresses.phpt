--TEST--
The corpus of addresses: recipients, refusals, hints
--EXTENSIONS--
facteur
--FILE--
<?php
function rows(string $name): iterable
{
    $root = getenv('FACTEUR_SOURCE_ROOT') ?: dirname(__DIR__, 2);
    foreach (file("$root/tests/corpus/addresses/$name.txt", FILE_IGNORE_NEW_LINES) as $line) {
        if ($line === '' || $line[0] === '#')
            continue;
        yield array_map(fn($column) => preg_replace_callback('/\\\\(x[0-9a-f]{2}|.)/', fn($match) => match (true) {
            strlen($match[1]) === 3 => chr(hexdec(substr($match[1], 1))),
            default => ['t' => "\t", 'n' => "\n", 'r' => "\r", 's' => ' '][$match[1]] ?? $match[1],
        }, $column), explode("\t", $line));
    }
}

/** The recipients, or "!" and the reason. */
function recipients(string $to): array
{
    try {
        $mailer = new Facteur\Mailer('memory://');
        $mailer->send(new Facteur\Message(from: 'shop@shop.example', to: $to, cc: 'cc@shop.example', text: 'x'));
        return array_slice($mailer->captured()[0]['recipients'], 0, -1);
    } catch (Facteur\MessageError $error) {
        return ['!', $error->getMessage()];
    }
}

$count = 0;
foreach (['locals' => '%s@x.example', 'domains' => 'a@%s', 'lists' => '%s'] as $name => $wrap) {
    foreach (rows($name) as $row) {
        $expected = array_slice($row, 1);
        if ($expected && $expected[0] === '!') {
            $seen = recipients(sprintf($wrap, $row[0]));
            $same = $seen[0] === '!' && str_contains($seen[1], $expected[1]);
        } else {
            $seen = recipients(sprintf($wrap, $row[0]));
            $wanted = [];
            foreach ($expected as $entry) {
                if ($name !== 'lists')
                    $wanted[sprintf($wrap, $entry)] = true;
                elseif (str_contains($entry, '|'))
                    $wanted[substr(strstr($entry, '|'), 1)] = true;
            }
            $same = $seen === array_map(strval(...), array_keys($wanted));
        }
        if (!$same)
            echo "$name: ", json_encode($row, JSON_INVALID_UTF8_SUBSTITUTE), ' gave ', json_encode($seen), "\n";
        $count++;
    }
}
foreach (rows('forms') as [$typed, $address, $hint]) {
    $seen = Facteur\address_check($typed);
    if ($seen['valid'] !== ($address !== '-') || ($seen['address'] ?? '-') !== $address || ($seen['hint'] ?? '-') !== $hint)
        echo json_encode($typed, JSON_INVALID_UTF8_SUBSTITUTE), ' gave ', json_encode($seen), "\n";
    $count++;
}
var_dump($count > 600);
?>
--EXPECT--
bool(true)
