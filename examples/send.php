<?php
// Send the order confirmation and the contact form of this folder:
// FACTEUR_DSN=smtps://… php -d extension=facteur.so examples/send.php
$order = json_decode(file_get_contents(__DIR__ . '/order.json'), true);
$form = json_decode(file_get_contents(__DIR__ . '/contact.json'), true);

$mailer = new Facteur\Mailer(null, [
    'default_from' => 'Atelier Nord <shop@atelier-nord.example>',
    'contact_to' => 'owner@atelier-nord.example',
]);
foreach ([$mailer->sendOrderConfirmation($order), $mailer->sendContactForm($form)] as $receipt) {
    echo json_encode($receipt, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES), "\n";
}
