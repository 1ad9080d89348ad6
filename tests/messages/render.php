<?php
// SPDX-License-Identifier: MIT
// The PHP door: a JSON list of messages in (attachments' data and finished bytes in base64), their bytes out.
function message(array $mail): Facteur\Message
{
    if (isset($mail['raw'])) {
        return Facteur\Message::fromBytes(base64_decode($mail['raw']), $mail['envelope_from'] ?? null, $mail['recipients'] ?? []);
    }
    foreach ($mail['attachments'] ?? [] as $index => $part) {
        $mail['attachments'][$index] = new Facteur\Attachment(base64_decode($part['data']), name: $part['name'] ?? null,
            type: $part['type'] ?? null, inline: $part['inline'] ?? null);
    }
    foreach (['from', 'sender', 'reply_to', 'to', 'cc', 'bcc'] as $field) {
        if (is_array($mail[$field] ?? null)) {
            $mail[$field] = boxes($mail[$field]);
        }
    }
    if (isset($mail['alternatives'])) {
        $mail['alternatives'] = array_map(fn($one) => [$one['type'], $one['content']], $mail['alternatives']);
    }
    return new Facteur\Message(...$mail);
}

function boxes(array $list): array
{
    $boxes = [];
    foreach ($list as $one) {
        is_array($one) ? $boxes[$one[1]] = $one[0] : $boxes[] = $one;
    }
    return $boxes;
}

$rendered = [];
foreach (json_decode(stream_get_contents(STDIN), true, 64, JSON_THROW_ON_ERROR) as $mail) {
    try {
        $rendered[] = ['bytes' => base64_encode(message($mail)->toString())];
    } catch (Facteur\MessageError $error) {
        $rendered[] = ['error' => $error->getMessage()];
    }
}
echo json_encode($rendered, JSON_THROW_ON_ERROR);
