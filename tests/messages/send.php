<?php
// SPDX-License-Identifier: MIT
// The PHP door of test_fields.py: {"dsn", "fields"} in, {"status", "error"} of the mail out.
['dsn' => $dsn, 'fields' => $fields] = json_decode(stream_get_contents(STDIN), true, 64, JSON_THROW_ON_ERROR);
$fields['attachments'] = array_map(fn ($one) => Facteur\Attachment::fromPath($one['path'], $one['name'] ?? null,
    $one['type'] ?? null, $one['inline'] ?? null), $fields['attachments'] ?? []);
$fields['alternatives'] = array_map(array_values(...), $fields['alternatives'] ?? []);
try {
    $receipt = (new Facteur\Mailer($dsn))->send(new Facteur\Message(...$fields));
    $told = ['status' => $receipt->status, 'error' => $receipt->error];
} catch (Facteur\SendError $error) {
    $told = ['status' => $error->receipt->status, 'error' => $error->receipt->error];
} catch (Facteur\Error $error) {
    $told = ['status' => '', 'error' => $error->getMessage()];
}
echo json_encode($told, JSON_THROW_ON_ERROR);
