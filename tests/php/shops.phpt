--TEST--
Letters: what shops and strangers put into them, and what comes of it (tests/corpus/shops)
--EXTENSIONS--
facteur
--FILE--
<?php
require __DIR__ . '/letters.inc';
$folder = getenv('FACTEUR_SOURCE_ROOT') . '/tests/corpus/shops';
$read = fn (string $name): array => json_decode(file_get_contents("$folder/$name.json"), true, 512, JSON_THROW_ON_ERROR);
$base = $read('base');
$mailer = new Facteur\Mailer('memory://', default_from: 'shop@example.com', contact_to: 'team@example.com');

/** A fragment may be folded, and is encoded as the part is. */
function has(string $bytes, string $fragment): bool
{
    preg_match_all('/^Content-Transfer-Encoding: base64\r\n\r\n(.*?)\r\n(?=--)/sm', $bytes, $encoded);
    $plain = quoted_printable_decode($bytes) . implode('', array_map('base64_decode', $encoded[1]));
    return str_contains(preg_replace('/\s+/', ' ', html_entity_decode($plain) . $plain), $fragment);
}

function noted(array $notes, array $wanted): bool
{
    foreach ($wanted as $i => $start) {
        $any = str_ends_with($start, '…');
        if (!isset($notes[$i]) || ($any ? !str_starts_with($notes[$i], substr($start, 0, -3)) : $notes[$i] !== $start)) {
            return false;
        }
    }
    return count($notes) === count($wanted);
}

/** What is wrong, or null. */
function judge(Facteur\Mailer $mailer, array $base, array $row): ?string
{
    $kind = $row['kind'] ?? 'order_confirmation';
    $mailer->clearCaptured();
    try {
        $receipt = $mailer->sendLetter($kind, $row['json'] ?? ($row['set'] ?? []) + $base[$kind], $row['options'] ?? []);
    } catch (Facteur\MessageError $error) {
        return $row['status'] === 'error' && $error->where === $row['where'] ? null : $error->getMessage();
    }
    if ($receipt->status !== $row['status'] || !noted($receipt->notes, $row['notes'])) {
        return "$receipt->status $receipt->error " . implode('; ', $receipt->notes);
    }
    if (!$receipt->ok) {
        return str_starts_with($receipt->error, $row['error']) && $receipt->error_code === 'EMESSAGE' ? null : $receipt->error;
    }
    $bytes = $mailer->captured()[0]['raw'];
    foreach (array_merge($row['shows'] ?? [], $row['html'] ?? []) as $fragment) {
        if (!has($bytes, $fragment)) {
            return "no $fragment in $bytes";
        }
    }
    foreach ($row['hides'] ?? [] as $fragment) {
        if (has($bytes, $fragment)) {
            return "$fragment is shown";
        }
    }
    return null;
}

$count = 0;
foreach (['addresses', 'amounts', 'links', 'locales', 'shapes', 'texts'] as $file) {
    foreach ($read($file) as $row) {
        $fault = judge($mailer, $base, $row);
        $count++;
        if ($fault !== null) {
            echo "$file, $row[name]: $fault\n";
        }
    }
}
var_dump($count > 150);

// One of many that goes to nobody does not stop the others.
$letter = fn (string $email) => Facteur\order_confirmation(an_order(['customer' => ['email' => $email]]), from: 'shop@example.com');
foreach ($mailer->sendMany([$letter('zoe@example.com'), $letter('zoe@example..com'), $letter('ana@example.com')]) as $receipt) {
    echo $receipt->status, ' ', $receipt->error_code, ' ', count($receipt->notes), "\n";
}
thrown(fn () => $mailer->send($letter('zoe@')));

// A file that is gone when the letter is sent.
$path = tempnam(sys_get_temp_dir(), 'bill');
$file = Facteur\Attachment::fromPath($path);
unlink($path);
$receipt = $mailer->sendOrderConfirmation(an_order(), attachments: [$file]);
echo $receipt->status, ' ', $receipt->error_code, "\n";
file_put_contents($path, 'x');
echo $mailer->sendOrderConfirmation(an_order(), attachments: [$file])->status, "\n";
unlink($path);
?>
--EXPECTF--
bool(true)
sent  0
permanent EMESSAGE 1
sent  0
Facteur\MessageError EMESSAGE -3 [customer.email] customer.email: %s
temporary EIO
sent
