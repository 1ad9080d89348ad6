<?php
// SPDX-License-Identifier: MIT
// The PHP door of test_receipts.py: a JSON list of cases in, for each the receipts of sendMany(), or its exception.
function message(array $fields): Facteur\Message
{
    $path = $fields['gone'] ?? null;
    unset($fields['gone']);
    if ($path === null) {
        return new Facteur\Message(...$fields);
    }
    file_put_contents($path, '%PDF');
    $message = new Facteur\Message(...$fields, attachments: [Facteur\Attachment::fromPath($path)]);
    unlink($path);
    return $message;
}

$told = [];
foreach (json_decode(stream_get_contents(STDIN), true, 64, JSON_THROW_ON_ERROR) as $case) {
    $receipts = [];
    try {
        $mailer = new Facteur\Mailer($case['dsn'], $case['options']);
        foreach ($mailer->sendMany(array_map(message(...), $case['messages'])) as $receipt) {
            $receipts[] = ['rejected' => (object) $receipt->rejected] + get_object_vars($receipt);
        }
    } catch (Facteur\Error $error) {
        $receipts[] = [$error->error_code, $error->where, $error->getMessage()];
    }
    $told[] = $receipts;
}
echo json_encode($told, JSON_THROW_ON_ERROR);
