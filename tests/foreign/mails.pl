#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Perl's mailers over sendmail: MIME::Lite, Email::Sender, Mail::Mailer, and a pipe as CGI scripts open it.
use strict; use warnings; use utf8;
use MIME::Lite; use Email::MIME; use Email::Sender::Simple (); use Email::Sender::Transport::Sendmail; use Mail::Mailer; use Encode;
sub now { open my $f, '>', '/captured/now'; print $f $_[0]; close $f }
my $utf8 = encode('UTF-8', "Bonjour Zoé,\nà bientôt.\n");
my %lite = (
  plain => [Data => "Hi\n"], utf8 => [Data => $utf8, Type => 'text/plain; charset=utf-8', Encoding => '8bit'],
  qp => [Data => $utf8, Type => 'text/plain; charset=utf-8', Encoding => 'quoted-printable'], base64 => [Data => $utf8, Encoding => 'base64'],
  binary => [Data => 'x' x 1500, Encoding => 'binary'], html => [Data => "<p>$utf8</p>", Type => 'text/html'],
  bcc => [Data => "x\n", Cc => 'bob@example.net', Bcc => 'hidden@example.net'],
);
for my $name (sort keys %lite) {
  now("mime-lite-$name");
  MIME::Lite->new(From => 'shop@example.com', To => 'ana@example.net', Subject => "Order $name", @{$lite{$name}})->send('sendmail', '/usr/sbin/sendmail -t -oi -oem');
}
now('mime-lite-attached');
my $message = MIME::Lite->new(From => 'shop@example.com', To => 'ana@example.net', Subject => 'Parts', Type => 'multipart/mixed');
$message->attach(Type => 'TEXT', Data => $utf8); $message->attach(Type => 'image/gif', Data => "GIF89a\x00\xff", Filename => 'a.gif', Disposition => 'attachment');
$message->send('sendmail', '/usr/sbin/sendmail -t -oi -oem');
my %sender = (
  plain => [body => "Hi\n"], utf8 => [attributes => {charset => 'UTF-8', encoding => 'quoted-printable'}, body_str => "Zoé\n"],
  raw => [attributes => {charset => 'UTF-8', encoding => '8bit'}, body_str => "Zoé\n"], base64 => [attributes => {charset => 'UTF-8', encoding => 'base64'}, body_str => "Zoé\n"],
);
for my $name (sort keys %sender) {
  now("email-sender-$name");
  my $mail = Email::MIME->create(header_str => [From => 'Café <shop@example.com>', To => 'Ana <ana@example.net>', Subject => "Été $name"], @{$sender{$name}});
  eval { Email::Sender::Simple->send($mail, {transport => Email::Sender::Transport::Sendmail->new({sendmail => '/usr/sbin/sendmail'})}); 1 } or warn "email-sender-$name: $@";
}
for my $subject ('Hi', $utf8 =~ s/\n.*//sr) {
  now('mail-mailer-' . ($subject eq 'Hi' ? 'plain' : 'utf8'));
  my $mailer = Mail::Mailer->new('sendmail');
  $mailer->open({From => 'shop@example.com', To => ['ana@example.net', 'bob@example.net'], Subject => $subject}); print $mailer $utf8; $mailer->close;
}
my %pipe = (
  formmail => ['-t', "To: owner\@example.net\nFrom: visitor\@example.org (Ana Visitor)\nSubject: WWW Form Submission\n\nBelow is the result of your feedback form.\n" . '-' x 75 . "\n\nname: Ana\n\n"],
  'oi-t' => ['-oi -t', "From: Shop <shop\@example.com>\nTo: ana\@example.net\nReply-to: bob\@example.net\nSubject: $utf8\n"],
  'no-from' => ['-t', "To: ana\@example.net\nSubject: none\n\nx\n"], 'no-header' => ['ana@example.net', "just text\nand more\n"],
  'bcc-only' => ['-t', "From: shop\@example.com\nBcc: ana\@example.net\nSubject: x\n\nx\n"],
  'resent' => ['-t', "Resent-From: eve\@example.com\nResent-To: new\@example.org\nFrom: a\@example.com\nTo: old\@example.net\nSubject: again\n\nx\n"],
  'group' => ['-t', "From: shop\@example.com\nTo: Friends: ana\@example.net, bob\@example.net;\nSubject: x\n\nx\n"],
  'undisclosed' => ['-t -i', "From: shop\@example.com\nTo: undisclosed-recipients:;\nBcc: ana\@example.net\n\nx\n"],
  'comments' => ['-t', "From: shop\@example.com (The Shop (online))\nTo: ana\@example.net (Ana, \"VIP\")\n\nx\n"],
  'mbox' => ['-t', "From shop\@example.com Mon Nov 23 10:00:00 2026\nFrom: shop\@example.com\nTo: ana\@example.net\n\nx\n"],
);
for my $name (sort keys %pipe) {
  now("pipe-$name");
  open my $mail, '|-', "/usr/sbin/sendmail $pipe{$name}[0]"; print $mail $pipe{$name}[1]; close $mail;
}
